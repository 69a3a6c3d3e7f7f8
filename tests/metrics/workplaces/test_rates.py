"""Injury rates: published examples, exact coverage, and what is refused."""

import logging
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, poisson

from metrics.proportions import cluster_design_effect
from metrics.states import State
from metrics.workplaces.rates import (
    PER_100K_WORKERS,
    PER_1000_WORKERS,
    event_rate,
    frequency_rate,
    hours_worked,
    severity_rate,
)
from tests.conftest import FULL

LOG = logging.getLogger(__name__)
RUNS = 40_000 if FULL else 4_000


def test_rates_are_told_in_their_units() -> None:
    assert event_rate(27, 9_000.0, per=PER_1000_WORKERS).value == pytest.approx(3.0)
    assert event_rate(169, 4.2e6, per=PER_100K_WORKERS).value == pytest.approx(4.0238, abs=1e-4)
    assert frequency_rate(4, 2_139_037.0).value == pytest.approx(1.87, abs=1e-3)


@given(st.integers(0, 5_000), st.floats(1.0, 1e7), st.sampled_from([0.5, 0.9, 0.95]))
def test_bounds_are_the_chi_square_ones(events: int, exposure: float, level: float) -> None:
    got = event_rate(events, exposure, per=1.0, level=level)
    tail = (1 - level) / 2
    low = chi2.ppf(tail, 2 * events) / 2 if events else 0.0
    assert float(got.low) * exposure == pytest.approx(low, rel=1e-9)
    assert float(got.high) * exposure == pytest.approx(chi2.isf(tail, 2 * events + 2) / 2, rel=1e-9)
    assert got.low <= got.value <= got.high


@pytest.mark.parametrize("mean", [0.05, 0.5, 2.0, 7.3, 40.0])
def test_the_interval_holds_the_rate_at_least_as_often_as_it_says(mean: float) -> None:
    counts = np.arange(200)
    got = event_rate(counts, np.ones(200), per=1.0)
    inside = (got.low <= mean) & (mean <= got.high)
    assert poisson.pmf(counts, mean)[inside].sum() >= 0.95


def test_no_exposure_is_no_rate_and_no_event_no_proof_of_safety() -> None:
    got = event_rate([0, 0], [0.0, 50.0], per=PER_1000_WORKERS)
    assert got.state.tolist() == [State.MISSING, State.FINAL]
    assert np.isnan([got.value[0], got.low[0], got.high[0]]).all()
    assert [got.value[1], got.low[1]] == [0.0, 0.0]
    assert got.high[1] == pytest.approx(-math.log(0.025) * 20)


def accident_sizes(runs: int, accidents: float) -> list[np.ndarray]:
    """Persons hurt in each accident: mostly one, sometimes many (geometric, mean 3)."""
    rng = np.random.default_rng(8)
    return [rng.geometric(1 / 3, n) for n in rng.poisson(accidents, runs)]


def frequency_coverage(runs: int) -> dict[str, float]:
    hours, accidents = 1e6, 30.0
    inside = {"persons": 0.0, "accidents": 0.0, "sizes": 0.0}
    for sizes in accident_sizes(runs, accidents):
        hurt, n = int(sizes.sum()), sizes.size
        effect = cluster_design_effect(sizes)
        for name, got in (
            ("persons", frequency_rate(hurt, hours)),
            ("accidents", frequency_rate(hurt, hours, accidents=n)),
            ("sizes", frequency_rate(hurt, hours, accidents=n, design_effect=effect)),
        ):
            inside[name] += float(got.low <= 3 * accidents <= got.high) / runs
    LOG.info("coverage of the frequency rate: %s", inside)
    return inside


def test_persons_hurt_together_are_no_independent_evidence() -> None:
    got = frequency_coverage(RUNS // 4)
    assert got["persons"] < 0.70
    assert 0.82 <= got["accidents"] <= 0.92
    assert 0.92 <= got["sizes"] <= 0.98


def test_the_rate_itself_is_of_persons() -> None:
    alone, together = frequency_rate(12, 4e6), frequency_rate(12, 4e6, accidents=3)
    assert alone.value == together.value == pytest.approx(3.0)
    assert together.low == pytest.approx(4 * float(frequency_rate(3, 4e6).low))
    assert together.high == pytest.approx(4 * float(frequency_rate(3, 4e6).high))


def severity_coverage(cases: float, runs: int, *, sigma: float = 1.2) -> float:
    """Days are log-normal about a median of 8, whole; true mean by the same rounding."""
    rng = np.random.default_rng(9)
    mean = np.ceil(rng.lognormal(math.log(8), sigma, 4_000_000)).mean()
    n = rng.poisson(cases, runs)
    days = np.ceil(rng.lognormal(math.log(8), sigma, n.sum()))
    got = severity_rate(days, np.repeat(np.arange(runs), n), np.full(runs, 1e6)).lost
    shown = got.state == State.FINAL
    inside = (got.low <= cases * mean) & (cases * mean <= got.high)
    LOG.info("%s cases: shown %.3f, covered %.3f", cases, shown.mean(), inside[shown].mean())
    return float(inside[shown].mean())


@pytest.mark.parametrize("cases", [30.0, 100.0, 400.0])
def test_intervals_of_lost_days_are_nearly_honest_from_twenty_cases(cases: float) -> None:
    assert 0.88 <= severity_coverage(cases, 2_000) <= 0.97


@pytest.mark.calibrate
@pytest.mark.parametrize("cases", [30.0, 100.0, 400.0])
def test_severity_rates_are_calibrated(cases: float) -> None:
    assert 0.90 <= severity_coverage(cases, RUNS) <= 0.96


def test_lost_days_stand_with_and_without_days_charged() -> None:
    days = [3, 10, 40, 5]
    got = severity_rate(days, [0, 0, 0, 2], [1e6, 2e6, 1e6], charged=[False, False, True, False])
    np.testing.assert_allclose(got.lost.value, [53.0, 0.0, 5.0])
    np.testing.assert_allclose(got.charged.value, [6013.0, 0.0, 5.0])
    assert got.cases.tolist() == [3, 0, 1]
    assert got.charges.tolist() == [1, 0, 0]
    spread = math.exp(1.959964 * math.sqrt(9 + 100 + 1600) / 53)
    assert got.lost.high[0] == pytest.approx(53 * spread, rel=1e-6)
    assert got.lost.low[0] == pytest.approx(53 / spread, rel=1e-6)
    assert got.lost.state.tolist() == [State.TOO_FEW] * 3
    assert np.isnan(got.lost.high[1])


def test_a_handful_of_deaths_that_make_the_rate_are_too_few() -> None:
    rng = np.random.default_rng(3)
    days, dead = rng.integers(1, 60, 50), np.arange(50) < 2
    got = severity_rate(days, np.zeros(50, int), [1e6], charged=dead)
    assert got.lost.state[0] == State.FINAL
    assert got.charged.state[0] == State.TOO_FEW
    cheap = severity_rate(days, np.zeros(50, int), [1e6], charged=dead, days_charged=60)
    assert cheap.charged.state[0] == State.FINAL


def test_cells_without_hours_have_no_severity() -> None:
    got = severity_rate([], [], [0.0, 5.0])
    assert np.isnan(got.lost.value[0])
    assert got.lost.state.tolist() == [State.MISSING, State.TOO_FEW]


def test_hours_nobody_told_are_guessed_and_marked() -> None:
    hours, guessed = hours_worked([math.nan, 9_000.0, 0.0], [10, 5, 0])
    assert hours.tolist() == [20_000.0, 9_000.0, 0.0]
    assert guessed.tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: event_rate([1, -2], [1, 1], per=1), r"events\[1\]: -2.0 is no count"),
        (lambda: event_rate([1.5], [1], per=1), r"events\[0\]: 1.5 is no count"),
        (lambda: event_rate([[math.nan]], [[1]], per=1), r"events\[0, 0\]: nan is no count"),
        (lambda: event_rate([2], [0], per=1), r"events\[0\]: 2.0 stands over exposure of 0"),
        (lambda: event_rate([2], [-1], per=1), r"exposure\[0\]: -1.0 is unusable"),
        (lambda: event_rate([2], [math.nan], per=1), r"exposure\[0\]: nan is unusable"),
        (lambda: event_rate([2], [1, 1], per=1), r"exposure: shape \(2,\)"),
        (lambda: event_rate(2, 1, per=0), "per: 0.0 is unusable"),
        (lambda: event_rate(2, 1, per=1, level=1.0), "interval level 1.0"),
        (lambda: event_rate([2], [1], per=1, design_effect=0.5), "design_effect: 0.5"),
        (lambda: event_rate([2], [1], per=1, design_effect=[1, 1]), r"design_effect: shape"),
        (lambda: frequency_rate([2], [1], accidents=[3]), r"accidents\[0\]: 3.0 is more"),
        (lambda: frequency_rate([2], [1], accidents=[0]), r"accidents\[0\]: 0.0 cannot be"),
        (lambda: severity_rate([2.5], [0], [1]), r"days\[0\]: 2.5 is no count"),
        (lambda: severity_rate([2], [1], [1]), r"cell\[0\]: 1.0 is no cell"),
        (lambda: severity_rate([2], [0], [0]), r"cases\[0\]: 1.0 stands over hours of 0"),
        (lambda: severity_rate([2], [0], 1.0), r"days: shape \(1,\), hours \(\)"),
        (lambda: severity_rate([2], [0], [1], charged=[1]), "charged: shape"),
        (lambda: hours_worked([0.0], [5]), r"workers\[0\]: 5.0 stands beside 0 hours"),
        (lambda: hours_worked([math.inf], [5]), r"hours\[0\]: inf"),
    ],
)
def test_unusable_numbers_are_refused_by_name(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
