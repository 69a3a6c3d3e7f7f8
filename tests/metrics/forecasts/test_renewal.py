"""The renewal forecast: its mean, its spread, and what must not matter."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.forecasts.counts import forecast_counts
from metrics.forecasts.innovation import Innovation
from metrics.forecasts.renewal import Course, Forecast, renewal_forecast
from metrics.forecasts.start import Start
from metrics.states import State
from metrics.transmission.serial_interval import discretise_gamma
from metrics.weekday import weekday_factors

Floats = NDArray[np.float64]
PMF = discretise_gamma(5.0, 3.0, 30)
STILL = Innovation(0.0, 52.0, "own")
PLAIN = Course(draws=20_000, damping=1.0, weekday=False)
WEEK = np.array([1.30, 1.20, 1.10, 1.05, 0.95, 0.70, 0.70])


def known(r: float, *, areas: int = 1, phi: float = 1.0, variance: float = 0.0) -> Start:
    shape = (areas, 1)
    return Start(
        log_r=np.full(shape, np.log(r)),
        variance=np.full(shape, variance),
        phi=np.full(shape, phi),
        state=np.full(shape, np.int8(State.FINAL)),
    )


def ahead(
    cases: Floats,
    start: Start,
    *,
    pace: Innovation = STILL,
    course: Course = PLAIN,
    imports: float = 0.0,
    seed: int = 1,
    keys: list[int] | None = None,
) -> Forecast:
    return renewal_forecast(
        cases,
        PMF,
        start,
        innovation=pace,
        axis="report",
        rng=np.random.default_rng(seed),
        course=course,
        imports_per_day=imports,
        keys=keys,
        keep_draws=True,
    )


def renewed(cases: Floats, r: Floats, imports: float = 0.0) -> Floats:
    """Expected course, term by term."""
    course = list(cases)
    for h in range(r.size):
        due = sum(PMF[k] * course[-k] for k in range(1, min(PMF.size, len(course) + 1)))
        course.append(r[h] * due + imports)
    return np.array(course[len(cases) :])


def draws(forecast: Forecast) -> Floats:
    assert forecast.draws is not None
    return forecast.draws


@pytest.mark.parametrize("r", [0.7, 1.0, 1.4])
def test_the_mean_follows_the_renewal_equation(r: float) -> None:
    cases = np.random.default_rng(2).poisson(80.0, 40).astype(float)
    got = draws(ahead(cases[:, None], known(r), imports=3.0))[:, 0].mean(axis=1)
    np.testing.assert_allclose(got, renewed(cases, np.full(14, r), 3.0), rtol=0.01)


def test_damping_moves_r_towards_1() -> None:
    cases = np.full(40, 200.0)
    course = replace(PLAIN, damping=0.9)
    got = draws(ahead(cases[:, None], known(1.5), course=course))[:, 0].mean(axis=1)
    r = np.exp(np.log(1.5) * 0.9 ** np.arange(1, 15))
    np.testing.assert_allclose(got, renewed(cases, r), rtol=0.01)


def test_the_first_day_scatters_by_phi() -> None:
    first = draws(ahead(np.full((40, 1), 100.0), known(1.0, phi=6.0)))[0, 0]
    assert first.var() / first.mean() == pytest.approx(6.0, rel=0.05)
    plain = draws(ahead(np.full((40, 1), 100.0), known(1.0)))[0, 0]
    assert plain.var() / plain.mean() == pytest.approx(1.0, rel=0.05)


def test_the_walk_of_r_and_its_doubt_widen_the_first_day_as_said() -> None:
    cases, pace = np.full((40, 1), 1e6), Innovation(0.05, 52.0, "own")
    first = draws(ahead(cases, known(1.0, variance=0.02), pace=pace))[0, 0]
    assert np.log(first).std() == pytest.approx(np.sqrt(0.02 + 0.05**2), rel=0.03)
    later = draws(ahead(cases, known(1.0), pace=pace))[:, 0]
    assert np.log(later[0]).std() == pytest.approx(0.05, rel=0.03)
    assert np.log(later[13]).std() > 0.15


def test_quantiles_are_those_of_the_draws_and_in_order() -> None:
    forecast = ahead(np.full((40, 2), 30.0), known(1.1, areas=2, phi=3.0, variance=0.05))
    expected = np.quantile(draws(forecast), forecast.levels, axis=2)
    np.testing.assert_array_equal(forecast.quantiles, expected)
    assert np.all(np.diff(forecast.quantiles, axis=0) >= 0)
    assert forecast.quantiles.shape == (23, 14, 2)
    np.testing.assert_array_equal(forecast.horizon_days, np.arange(1, 15))


def test_weekdays_go_on() -> None:
    t = np.arange(120)
    cases = np.random.default_rng(3).poisson(500 * WEEK[t % 7]).astype(float)
    forecast = ahead(cases[:, None], known(1.0), course=Course(draws=4_000, damping=1.0))
    got = draws(forecast)[:, 0].mean(axis=1)
    expected = 500 * WEEK[np.arange(120, 134) % 7]
    np.testing.assert_allclose(got, expected, rtol=0.08)
    assert weekday_factors(cases)[-1] == pytest.approx(WEEK[119 % 7], rel=0.05)


def test_an_area_does_not_depend_on_the_batch() -> None:
    cases = np.random.default_rng(4).poisson([5.0, 40.0, 300.0], (60, 3)).astype(float)
    start, pace = known(1.1, areas=3, phi=2.0, variance=0.01), Innovation(0.03, 52.0, "own")
    course, keys = Course(draws=200), [11, 5, 8]
    whole = ahead(cases, start, pace=pace, course=course, keys=keys).quantiles
    order = [2, 0, 1]
    turned = ahead(
        cases[:, order], start, pace=pace, course=course, keys=[keys[i] for i in order]
    ).quantiles
    np.testing.assert_array_equal(turned, whole[:, :, order])
    for a in range(3):
        one = known(1.1, phi=2.0, variance=0.01)
        alone = ahead(cases[:, [a]], one, pace=pace, course=course, keys=[keys[a]])
        np.testing.assert_array_equal(alone.quantiles[:, :, 0], whole[:, :, a])


def test_the_same_seed_gives_the_same_numbers() -> None:
    cases, start = np.full((40, 1), 9.0), known(1.0, variance=0.04)
    course = Course(draws=50)
    first, again = (ahead(cases, start, course=course, seed=s).quantiles for s in (5, 5))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(ahead(cases, start, course=course, seed=6).quantiles, first)


def test_draws_of_the_nowcast_widen_the_forecast() -> None:
    past = np.full((40, 1, 4), 100.0)
    past[-5:, 0] = [60.0, 90.0, 110.0, 140.0]
    each = known(1.0, areas=1)
    start = Start(
        log_r=np.repeat(each.log_r, 4, axis=1),
        variance=np.repeat(each.variance, 4, axis=1),
        phi=np.repeat(each.phi, 4, axis=1),
        state=np.repeat(each.state, 4, axis=1),
    )
    wide = draws(ahead(past, start))[0, 0]
    sure = draws(ahead(past.mean(axis=2), each))[0, 0]
    assert wide.std() > 1.5 * sure.std()
    assert wide.mean() == pytest.approx(sure.mean(), rel=0.02)
    expected = renewed(past[:, 0, 0], np.ones(1))[0]
    assert wide[::4].mean() == pytest.approx(expected, rel=0.01)


def test_areas_with_too_few_cases_get_no_numbers() -> None:
    cases = np.stack([np.full(80, 50.0), np.zeros(80), np.arange(80) % 20 == 0], axis=1)
    forecast = forecast_counts(
        cases, PMF, axis="onset", rng=np.random.default_rng(1), course=Course(draws=100)
    )
    states = [State(int(s)) for s in forecast.state]
    assert states == [State.FINAL, State.TOO_FEW, State.TOO_FEW]
    assert np.isfinite(forecast.quantiles[:, :, 0]).all()
    assert np.isnan(forecast.quantiles[:, :, 1:]).all()
    assert (forecast.axis, forecast.innovation.source) == ("onset", "fallback")
    assert forecast.draws is None


def test_one_call_takes_draws_of_the_past() -> None:
    rng = np.random.default_rng(6)
    past = np.repeat(rng.poisson(60.0, (90, 2, 1)), 5, axis=2).astype(float)
    past[-4:] += rng.poisson(20.0, (4, 2, 5))
    forecast = forecast_counts(past, PMF, axis="onset", rng=rng, course=Course(draws=100))
    assert forecast.quantiles.shape == (23, 14, 2)
    assert np.isfinite(forecast.quantiles).all()


def test_a_runaway_draw_stays_finite() -> None:
    forecast = ahead(np.full((40, 1), 1e8), known(30.0), course=Course(draws=20))
    assert np.isfinite(forecast.quantiles).all()


CASES = np.full((40, 1), 9.0)


def of_axis(axis: Any, pmf: Any = PMF) -> Forecast:
    return forecast_counts(CASES, pmf, axis=axis, rng=np.random.default_rng(1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ahead(CASES[:20], known(1.0)), "total: 20 days; a forecast needs 21"),
        (lambda: ahead(CASES[:, 0], known(1.0)), r"total: shape \(40,\)"),
        (lambda: ahead(-CASES, known(1.0)), r"total\[0, 0\]: -9.0"),
        (lambda: ahead(CASES, known(1.0, areas=2)), r"start: shape \(2, 1\)"),
        (lambda: ahead(CASES, known(1.0), imports=-1.0), r"imports_per_day\[0\]: -1.0"),
        (lambda: ahead(CASES, known(1.0), keys=[1, 2]), r"keys: \[1, 2\]; 1 areas"),
        (lambda: ahead(CASES, known(1.0), course=Course(horizon=0)), "forecast over 0 days"),
        (lambda: ahead(CASES, known(1.0), course=Course(damping=1.1)), "damping 1.1"),
        (lambda: ahead(CASES, known(1.0), course=Course(levels=(0.5, 1.0))), "level 1.0"),
        (
            lambda: forecast_counts(CASES[:, 0], PMF, axis="onset", rng=np.random.default_rng(1)),
            r"neither \(T, A\)",
        ),
        (lambda: of_axis("both"), "axis 'both'"),
        (lambda: of_axis("onset", [0.1, 0.9]), "w_0 = 0.1"),
        (lambda: of_axis("onset", [0.0, 0.5]), "add up to 0.5"),
    ],
)
def test_unusable_input_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
