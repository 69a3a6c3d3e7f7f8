"""Growth rates against R's glm, and doubling times that know when to stay silent."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from metrics.states import State
from metrics.transmission.reproduction import reproduction
from metrics.transmission.serial_interval import discretise_gamma
from metrics.trend.doubling import doubling_time, growth_from_reproduction, reproduction_from_growth
from metrics.trend.growth import growth

Floats = NDArray[np.float64]
PMF = discretise_gamma(5.0, 3.0, 30)
counts = arrays(np.float64, (40, 3), elements=st.integers(0, 25).map(float))


def test_every_fit_of_the_reference_tool_is_met(golden: Path) -> None:
    table = pd.read_csv(golden / "golden" / "growth_glm.csv")
    keys = ["series", "family", "weekday", "window"]
    for _, rows in table.groupby(keys):
        series, family, weekday, window = rows.iloc[0][keys]
        cases = pd.read_csv(golden / "inputs" / f"series_{series}.csv")["cases"]
        fit = growth(
            cases, window=window, weekday="contrasts" if weekday else "none", least_phi=0.0
        )
        at = rows["t_end"].to_numpy() - window
        scale = np.sqrt(fit.phi[at]) if family == "poisson" else 1.0
        np.testing.assert_allclose(fit.rate_per_day[at], rows["r"], rtol=0, atol=1e-9)
        np.testing.assert_allclose(fit.standard_error[at] / scale, rows["se"], rtol=1e-6)
        np.testing.assert_allclose(fit.deviance[at], rows["deviance"], rtol=1e-9)
        np.testing.assert_array_equal(fit.cases[at], rows["n_cases"])
        if family == "quasipoisson":
            np.testing.assert_allclose(fit.phi[at], rows["dispersion"], rtol=1e-6)


def test_fits_on_published_data_sets_are_met(reference_tools: Path) -> None:
    table = pd.read_csv(reference_tools / "glm_growth_rates.csv")
    met = 0
    for _, rows in table[table["model"] == "quasipoisson"].groupby(["dataset", "window"]):
        name, window = rows.iloc[0][["dataset", "window"]]
        source = reference_tools / "inputs" / f"{name}_incidence.csv"
        if not source.exists():
            continue
        fit = growth(pd.read_csv(source)["I"], window=window, weekday="none", least_phi=0.0)
        at = rows["t_end"].to_numpy() - window
        rated = fit.state[at] == State.FINAL
        np.testing.assert_allclose(fit.rate_per_day[at][rated], rows["r"][rated], atol=1e-8)
        # These rows were made with the tool's default stopping rule.
        np.testing.assert_allclose(fit.standard_error[at][rated], rows["se"][rated], rtol=1e-4)
        met += int(rated.sum())
    assert met > 5


def test_exponential_growth_is_recovered_despite_weekdays() -> None:
    t = np.arange(120)
    week = np.array([1.3, 1.2, 1.1, 1.05, 0.95, 0.7, 0.7])[t % 7]
    fit = growth(np.round(500 * np.exp(0.03 * t) * week))
    np.testing.assert_allclose(fit.rate_per_day[-60:], 0.03, atol=1e-3)


def test_the_product_never_narrows_below_poisson() -> None:
    cases = np.tile([10.0, 10.0, 11.0, 10.0], 8)
    assert (growth(cases, weekday="none").phi == 1.0).all()
    assert (growth(cases, weekday="none", least_phi=0.0).phi < 1.0).all()


@given(counts)
@settings(max_examples=40, deadline=None)
def test_any_counts_give_ordered_numbers_or_too_few(cases: Floats) -> None:
    fit = growth(cases)
    rated = fit.state == State.FINAL
    assert (fit.low[rated] <= fit.rate_per_day[rated]).all()
    assert (fit.rate_per_day[rated] <= fit.high[rated]).all()
    assert np.isnan(fit.rate_per_day[~rated]).all()
    assert (fit.cases[rated] >= 10).all()


@given(counts)
@settings(max_examples=25, deadline=None)
def test_a_batch_equals_a_loop_and_a_new_day_changes_nothing(cases: Floats) -> None:
    fit, before = growth(cases), growth(cases[:-1])
    np.testing.assert_array_equal(fit.high[:-1], before.high)
    for a in range(3):
        np.testing.assert_array_equal(growth(cases[:, a]).low, fit.low[:, a])


@given(st.floats(-0.15, 0.15).filter(lambda r: abs(r) > 0.01))
@settings(max_examples=30, deadline=None)
def test_growth_has_the_sign_of_r_minus_one(rate: float) -> None:
    t = np.arange(90)
    cases = np.round(2_000 * np.exp(rate * (t - (0 if rate > 0 else 89))))
    r = reproduction(cases, cases, PMF, weekday=False).value[-1]
    fitted = growth(cases, weekday="none").rate_per_day[-1]
    if rate > 0:
        assert r > 1
        assert fitted > 0
        assert r == pytest.approx(float(reproduction_from_growth(fitted, PMF)), rel=0.01)
    else:
        # Falling to nothing leaves the last days rounded; the start is exact.
        assert reproduction(cases, cases, PMF, weekday=False).value[40] < 1
        assert growth(cases, weekday="none").rate_per_day[30] < 0


def test_fewer_than_ten_cases_or_three_days_are_too_few() -> None:
    nine = np.zeros(14)
    nine[[2, 5, 9]] = 3.0
    two_days = np.zeros(14)
    two_days[[2, 9]] = 50.0
    assert growth(nine).state[0] == State.TOO_FEW
    assert growth(two_days).state[0] == State.TOO_FEW


def test_a_weekday_without_a_case_cannot_be_fitted_by_contrasts() -> None:
    t = np.arange(21)
    fit = growth(np.where(t % 7 == 3, 0.0, 20.0), window=21, weekday="contrasts")
    assert fit.state[0] == State.TOO_FEW
    assert np.isnan(fit.low[0])


@pytest.mark.parametrize(("window", "weekday"), [(3, "none"), (9, "contrasts"), (41, "none")])
def test_a_window_that_does_not_fit_is_refused(window: int, weekday: str) -> None:
    with pytest.raises(ValueError, match=f"growth window {window} days"):
        growth(np.ones(40), window=window, weekday=weekday)  # type: ignore[arg-type]  # parametrised


def test_doubling_and_halving_times_swap_their_bounds() -> None:
    time = doubling_time([0.1, -0.1], [0.05, -0.2], [0.2, -0.05])
    ln2 = np.log(2)
    np.testing.assert_allclose(time.days, [ln2 / 0.1, -ln2 / 0.1])
    np.testing.assert_allclose(time.low, [ln2 / 0.2, -ln2 / 0.05])
    np.testing.assert_allclose(time.high, [ln2 / 0.05, -ln2 / 0.2])
    assert (time.state == State.FINAL).all()


def test_a_trend_not_distinct_from_flat_has_no_doubling_time() -> None:
    time = doubling_time([0.0, 0.02, np.nan], [-0.1, 0.0, np.nan], [0.1, 0.04, np.nan])
    assert np.isnan(time.days).all()
    assert [State(code).label for code in time.state] == ["withheld", "withheld", "too_few"]
    np.testing.assert_allclose(time.not_faster_than, [np.log(2) / 0.1, np.log(2) / 0.04, np.nan])


def test_bounds_that_do_not_enclose_the_rate_are_refused() -> None:
    with pytest.raises(ValueError, match=r"growth rate 0.3 at \[1\]"):
        doubling_time([0.1, 0.3], [0.0, 0.0], [0.2, 0.2])


@given(st.floats(-0.3, 0.5))
def test_growth_and_reproduction_number_are_inverse(rate: float) -> None:
    r = reproduction_from_growth(rate, PMF)
    assert growth_from_reproduction(r, PMF) == pytest.approx(rate, abs=1e-12)


def test_an_impossible_reproduction_number_is_refused() -> None:
    with pytest.raises(ValueError, match=r"reproduction number 0\.0"):
        growth_from_reproduction([1.0, 0.0], PMF)
