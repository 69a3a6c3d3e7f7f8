"""The textbook estimator against the reference tool, and its invariants."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import gamma

from metrics.transmission.cori import GammaPrior, cori
from metrics.transmission.infectivity import infectivity
from metrics.transmission.serial_interval import Pmf, discretise_gamma

PMF = discretise_gamma(5.0, 3.0, 30)
COLUMNS = ["q0025", "q025", "median", "q075", "q0975"]
counts = arrays(np.float64, (30, 3), elements=st.integers(0, 60).map(float))


def stored_pmf(golden: Path, mean: float, sd: float) -> Pmf:
    table = pd.read_csv(golden / "inputs" / "si_pmf.csv")
    rows = table[(table["mean_si"] == mean) & (table["std_si"] == sd)]
    return np.asarray(rows.sort_values("k")["w"].to_numpy(np.float64))


def test_every_window_of_the_reference_tool_is_met(golden: Path) -> None:
    table = pd.read_csv(golden / "golden" / "estimate_r.csv")
    keys = ["series", "incid", "method", "mean_si", "std_si", "mean_prior", "std_prior", "window"]
    met = 0
    for _, rows in table.groupby(keys):
        series, incid, method, mean, sd, prior_mean, prior_sd, window = rows.iloc[0][keys]
        frame = pd.read_csv(golden / "inputs" / f"series_{series}.csv")
        total = frame["cases"].to_numpy(np.float64)
        local = total - frame["imported"].to_numpy(np.float64) if "_" in incid else total
        parametric = method == "parametric_si"
        pmf = (
            discretise_gamma(mean, sd, total.size - 1)
            if parametric
            else stored_pmf(golden, mean, sd)
        )
        result = cori(local, total, pmf, window=window, prior_mean=prior_mean, prior_sd=prior_sd)
        at = rows["t_end"].to_numpy() - window - 1
        np.testing.assert_array_equal(result.t_start[at], rows["t_start"])
        assert result.reported[at].all()
        assert result.t_end[result.reported][0] == rows["t_end"].min()
        np.testing.assert_allclose(result.mean[at], rows["mean"], rtol=1e-9)
        np.testing.assert_allclose(result.sd[at], rows["sd"], rtol=1e-9)
        np.testing.assert_allclose(result.quantiles[:, at].T, rows[COLUMNS], rtol=1e-9)
        met += len(rows)
    assert met == 416


@pytest.mark.parametrize("data_set", ["Flu1918", "SARS2003", "Measles1861"])
def test_windows_on_published_data_sets_are_met(reference_tools: Path, data_set: str) -> None:
    cases = pd.read_csv(reference_tools / "inputs" / f"{data_set}_incidence.csv")["I"]
    si = pd.read_csv(reference_tools / "inputs" / f"{data_set}_si.csv")["w"]
    table = pd.read_csv(reference_tools / "epiestim_estimate_R.csv")
    names = table["case_id"].str.split("|", expand=True)
    rows_of = table[(names[0] == data_set) & (names[1] == "non_parametric_si")]
    met = 0
    for name, rows in rows_of.groupby("case_id"):
        setting = str(name).split("|")
        if len(setting) < 4 or not setting[3].startswith("prior"):
            continue
        mean, sd = (float(x) for x in setting[3].removeprefix("prior").split("_"))
        window = int(setting[2][1:])
        series = cases.to_numpy(np.float64)
        result = cori(series, series, si, window=window, prior_mean=mean, prior_sd=sd)
        at = rows["t_end"].to_numpy() - window - 1
        np.testing.assert_allclose(result.mean[at], rows["mean"], rtol=1e-9)
        np.testing.assert_allclose(result.quantiles[:, at].T, rows[COLUMNS], rtol=1e-9)
        met += len(rows)
    assert met > 100


def test_infectivity_agrees_with_the_reference_tool(golden: Path) -> None:
    table = pd.read_csv(golden / "golden" / "overall_infectivity.csv")
    for _, rows in table.groupby(["series", "mean_si", "std_si"]):
        series, mean, sd = rows.iloc[0][["series", "mean_si", "std_si"]]
        frame = pd.read_csv(golden / "inputs" / f"series_{series}.csv")
        cases = frame["cases"].to_numpy(np.float64)
        at = rows["t"].to_numpy() - 1
        stored = infectivity(cases, stored_pmf(golden, mean, sd))
        np.testing.assert_allclose(stored[at], rows["lambda_pmf"], rtol=1e-9)
        gamma_si = infectivity(cases, discretise_gamma(mean, sd, cases.size - 1))
        np.testing.assert_allclose(gamma_si[at], rows["lambda_parametric"], rtol=1e-9)


def test_the_first_day_has_no_infectivity_and_an_empty_past_exactly_none() -> None:
    past = infectivity([3, 0, 0, 0, 0, 0], [0.0, 0.5, 0.5])
    np.testing.assert_array_equal(past, [np.nan, 1.5, 1.5, 0.0, 0.0, 0.0])


def test_fractional_counts_follow_the_gamma_posterior() -> None:
    cases = np.linspace(0.3, 9.7, 20)
    result = cori(cases, cases, PMF, window=5)
    shape = 1 + cases[4:9].sum()
    rate = 0.2 + infectivity(cases, PMF)[4:9].sum()
    expected = gamma.ppf([0.025, 0.25, 0.5, 0.75, 0.975], shape, scale=1 / rate)
    np.testing.assert_allclose(result.quantiles[:, 3], expected, rtol=1e-10)
    assert result.t_start[3] == 5


def test_very_large_counts_leave_the_table_without_a_step() -> None:
    cases = np.full(40, 5_000.0)
    result = cori(cases, cases, PMF)
    exact = np.asarray(gamma.ppf([0.025, 0.5, 0.975], 1 + 35_000)) / (1 + 35_000)
    ratio = result.quantiles[[0, 2, 4]] / result.mean
    np.testing.assert_allclose(ratio, np.tile(exact[:, None], ratio.shape[1]), rtol=1e-12)


def test_constant_incidence_has_a_reproduction_number_of_one() -> None:
    cases = np.full(80, 1_000.0)
    np.testing.assert_allclose(cori(cases, cases, PMF).mean[-30:], 1.0, atol=1e-3)


def test_a_gap_without_cases_returns_the_prior_and_no_warning() -> None:
    result = cori(np.zeros(30), np.zeros(30), PMF)
    np.testing.assert_allclose(result.mean, 5.0)
    np.testing.assert_allclose(result.sd, 5.0)


def test_stored_precision_can_be_halved() -> None:
    cases = np.full((30, 2), 7.0)
    half, full = cori(cases, cases, PMF, dtype=np.float32), cori(cases, cases, PMF)
    assert half.mean.dtype == np.float32
    np.testing.assert_allclose(half.quantiles, full.quantiles, rtol=1e-6)


@given(counts)
@settings(max_examples=40, deadline=None)
def test_a_batch_equals_a_loop_in_any_order_of_areas(cases: np.ndarray) -> None:
    batch = cori(cases, cases, PMF)
    turned = cori(cases[:, ::-1], cases[:, ::-1], PMF)
    np.testing.assert_array_equal(turned.quantiles[..., ::-1], batch.quantiles)
    for a in range(cases.shape[1]):
        alone = cori(cases[:, a], cases[:, a], PMF)
        np.testing.assert_allclose(alone.mean, batch.mean[:, a], rtol=1e-13)
        np.testing.assert_allclose(alone.quantiles, batch.quantiles[..., a], rtol=1e-13)


@given(counts)
@settings(max_examples=40, deadline=None)
def test_quantiles_rise_and_a_new_day_changes_nothing_before_it(cases: np.ndarray) -> None:
    now, before = cori(cases, cases, PMF), cori(cases[:-1], cases[:-1], PMF)
    assert (np.diff(now.quantiles, axis=0) >= 0).all()
    np.testing.assert_array_equal(now.mean[:-1], before.mean)


@pytest.mark.parametrize(
    ("local", "total", "window", "message"),
    [
        ([1.0] * 9, [1.0] * 9, 9, "window 9 days: with 9 days of data it must be 1 to 8"),
        ([1.0] * 8, [1.0] * 9, 7, r"shape \(8, 1\), all cases \(9, 1\)"),
        ([2.0] * 9, [1.0] * 9, 7, "day 1, column 0: 2.0 local of 1.0 cases"),
        ([1.0] * 9, [1.0, np.nan] + [1.0] * 7, 7, r"total\[1\]: nan is no count"),
        ([1.0] * 9, [1.0, -1.0] + [1.0] * 7, 7, r"total\[1\]: -1.0 is no count"),
        ([1.0] * 9, [1.0, np.inf] + [1.0] * 7, 7, r"total\[1\]: inf is no count"),
        ([], [], 7, r"total: shape \(0,\)"),
    ],
)
def test_series_that_do_not_fit_are_refused_with_place_and_value(
    local: list[float], total: list[float], window: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        cori(local, total, PMF, window=window)


@pytest.mark.parametrize("prior", [(0.0, 5.0), (5.0, -1.0), (np.inf, 1.0)])
def test_an_impossible_prior_is_refused(prior: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="prior of R"):
        GammaPrior(*prior)
