"""Positivity, and fewer tests that look like fewer cases."""

import logging
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.health_care.tests_done import ascertainment_drift, positivity
from metrics.proportions import wilson
from metrics.states import State

Floats = NDArray[np.float64]
LOG = logging.getLogger(__name__)
WEEKDAY = np.array([1.2, 1.15, 1.1, 1.05, 1.0, 0.85, 0.65])
NAN = float("nan")


def simulate(
    areas: int, *, a_day: float = 1_000.0, days: int = 75, drift_from: int | None = None,
    size: float = 100.0, seed: int = 1, positive: float = 0.1, steady: float = 1_000.0,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Tests vary by 10 % a day beyond chance and weekday, positivity by one point.

    Drift: 4 % fewer tests a day; those left go to people likelier infected, positivity rises
    by 2 % of itself a day, so that cases found fall by 2 % a day of the same epidemic.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(days)[:, None]
    past = np.zeros_like(t) if drift_from is None else np.maximum(0, t - drift_from)
    mean = a_day * np.exp(-0.04 * past) * WEEKDAY[t % 7]
    tested = rng.poisson(mean * rng.gamma(size, 1 / size, (days, areas)))
    share = positive * np.exp(0.02 * past)
    found = rng.binomial(tested, rng.beta(steady * share, steady * (1 - share), (days, areas)))
    return tested.astype(float), found.astype(float)


def test_the_week_is_added_up_before_it_is_divided() -> None:
    tested, found = simulate(1)
    got = positivity(tested[:, 0], found[:, 0], population=500_000)
    total, positives = tested[-7:, 0].sum(), found[-7:, 0].sum()
    assert got.value[-1] == pytest.approx(positives / total)
    assert got.tests_per_1000_week[-1] == pytest.approx(total / 500)
    assert got.enough_testing[-1]
    same = wilson(positives, total, design_effect=got.phi[-1])
    assert (got.low[-1], got.high[-1]) == pytest.approx((float(same.low), float(same.high)))


@pytest.mark.parametrize(("a_day", "positive"), [(1_000.0, 0.1), (100.0, 0.03), (30.0, 0.2)])
def test_the_interval_covers_positivity_that_varies_by_day(a_day: float, positive: float) -> None:
    tested, found = simulate(2_000, a_day=a_day, positive=positive, days=40)
    got = positivity(tested, found)
    inside = ((got.low[-1] <= positive) & (positive <= got.high[-1])).mean()
    plain = wilson(got.positive[-1], got.tested[-1])
    narrow = ((plain.low <= positive) & (positive <= plain.high)).mean()
    LOG.info("%s a day, %s: %.3f, plain %.3f", a_day, positive, inside, narrow)
    assert 0.92 <= inside <= 0.98
    assert narrow < 0.86 or a_day < 1_000


def test_unknown_days_are_left_out_and_too_many_make_the_week_unknown() -> None:
    tested, found = np.full(30, 50.0), np.full(30, 5.0)
    tested[20:22], found[21] = NAN, NAN
    tested[25] = NAN
    got = positivity(tested, found, population=1e4)
    assert got.value[22] == pytest.approx(0.1)
    assert got.tested[22] == 250
    assert got.tests_per_1000_week[22] == pytest.approx(35.0)
    assert got.state[22] == State.FINAL
    assert got.state[25] == State.MISSING
    assert np.isnan(got.value[25])
    assert (got.state[:4] == State.MISSING).all()


def test_few_tests_and_little_testing_are_told() -> None:
    got = positivity(np.full((10, 2), [14.0, 15.0]), np.ones((10, 2)), population=[1e5, 1.06e5])
    assert [State(int(s)) for s in got.state[-1]] == [State.TOO_FEW, State.FINAL]
    assert list(got.enough_testing[-1]) == [False, False]
    unknown = positivity(np.full(10, 15.0), np.ones(10))
    assert np.isnan(unknown.tests_per_1000_week).all()
    assert not unknown.enough_testing.any()


def detection(areas: int, **options: Any) -> float:
    """Share of areas with a warning on one of the first ten days of the drift."""
    tested, found = simulate(areas, drift_from=60, **options)
    return float(ascertainment_drift(tested, found).warning[61:71].any(axis=0).mean())


def false_warnings(areas: int, **options: Any) -> tuple[float, float]:
    """Share of areas with a warning in 90 days without drift, and of days."""
    tested, found = simulate(areas, days=120, **options)
    warning = ascertainment_drift(tested, found).warning[30:]
    return float(warning.any(axis=0).mean()), float(warning.mean())


def test_a_drift_of_ascertainment_is_seen_by_day_ten() -> None:
    assert detection(400) >= 0.8
    by_area, by_day = false_warnings(300)
    assert by_area <= 0.12
    assert by_day <= 0.003


@pytest.mark.calibrate
@pytest.mark.parametrize(("a_day", "least"), [(300.0, 0.6), (1_000.0, 0.8), (3_000.0, 0.9)])
def test_detection_of_drift_passes_its_gate(a_day: float, least: float) -> None:
    found, (by_area, by_day) = detection(4_000, a_day=a_day), false_warnings(4_000, a_day=a_day)
    LOG.info("%s tests a day: seen %.3f, false %.3f in 90 d, %.4f", a_day, found, by_area, by_day)
    assert found >= least
    assert by_area <= 0.15


@pytest.mark.calibrate
def test_positivity_that_varies_by_two_points_hides_many_drifts() -> None:
    found = detection(4_000, steady=200.0)
    LOG.info("two points a day: seen %.3f", found)
    assert 0.5 <= found < 0.8


def test_fewer_tests_at_the_same_positivity_give_no_warning() -> None:
    tested, found = np.full(60, 1_000.0), np.full(60, 100.0)
    tested[40:], found[40:] = 500, 50
    got = ascertainment_drift(tested, found)
    assert got.tests_change[50] == pytest.approx(-0.5, abs=0.1)
    assert got.p_tests_fell[50] > 0.99
    assert not got.warning.any()


def test_the_comparison_is_with_the_three_weeks_before() -> None:
    tested = np.arange(1.0, 61.0) * 10
    got = ascertainment_drift(tested, tested / 10)
    assert got.tests_change[-1] == pytest.approx(tested[-7:].mean() / tested[-28:-7].mean() - 1)
    assert got.positivity_change[-1] == pytest.approx(0, abs=1e-12)
    assert np.isnan(got.tests_change[:19]).all()


def test_areas_and_later_days_leave_each_other_alone() -> None:
    tested, found = simulate(4)
    whole, part = positivity(tested, found), positivity(tested[:50, 2], found[:50, 2])
    np.testing.assert_allclose(whole.low[:50, 2], part.low, rtol=1e-12)
    both, one = (
        ascertainment_drift(tested, found),
        ascertainment_drift(tested[:50, 2], found[:50, 2]),
    )
    np.testing.assert_allclose(both.p_tests_fell[:50, 2], one.p_tests_fell, rtol=1e-12)


def test_no_tests_give_no_share_and_no_warning() -> None:
    nothing = np.zeros((40, 2))
    got = positivity(nothing, nothing, population=1e5)
    assert (got.state[7:] == State.TOO_FEW).all()
    assert np.isnan(got.value).all()
    assert not ascertainment_drift(nothing, nothing).warning.any()
    blank = np.full(40, NAN)
    assert (positivity(blank, blank).state == State.MISSING).all()
    assert np.isnan(ascertainment_drift(blank, blank).tests_change).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"positive": [5.0] * 10}, r"positive\[0, 0\]: 5.0 of 4.0 tested"),
        ({"positive": [1.0] * 9}, "positive: shape"),
        ({"tested": [-4.0] * 10}, r"tested\[0\]: -4"),
        ({"tested": [np.inf] * 10}, r"tested\[0\]: inf"),
        ({"window": 5}, "window of 5 days"),
        ({"window": 0}, "window of 0 days"),
        ({"population": 0.0}, "population 0.0"),
        ({"population": [1.0, 2.0]}, "population: shape"),
        ({"level": 0.0}, "level"),
    ],
)
def test_unusable_input_is_refused(change: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"tested": [4.0] * 10, "positive": [1.0] * 10}
    with pytest.raises(ValueError, match=message):
        positivity(**(good | change))
