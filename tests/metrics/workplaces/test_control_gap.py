"""Shares not met: honest intervals where visits are fractional, few and old."""

import logging
import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import betaln

from metrics.states import State
from metrics.workplaces.control_gap import control_gap, visit_shares
from tests.conftest import FULL

Floats = NDArray[np.float64]
LOG = logging.getLogger(__name__)
RUNS = 100 if FULL else 5


def visits(
    rng: np.random.Generator,
    truth: Floats,
    *,
    items: int = 12,
    alike: float = 6.0,
    visited: tuple[int, int] = (3, 41),
) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Shares of items, cells and ages: an establishment's own level is a beta about its cell's."""
    n = rng.integers(*visited, truth.size)
    place = np.repeat(np.arange(truth.size), n)
    level = rng.beta(alike * truth[place], alike * (1 - truth[place]))
    return rng.binomial(items, level) / items, place, rng.uniform(0, 365, place.size)


def coverage(
    *, mean: float = 0.4, size: float = 15.0, alike: float = 6.0, cells: int = 120, runs: int = RUNS
) -> dict[str, float]:
    rng = np.random.default_rng(31)
    inside, value, raw, phi = 0.0, [], [], []
    for _ in range(runs):
        truth = np.clip(rng.beta(mean * size, (1 - mean) * size, cells), 1e-3, 1 - 1e-3)
        got = control_gap(*visits(rng, truth, alike=alike), cells)
        inside += float(((got.low <= truth) & (truth <= got.high)).mean()) / runs
        value.append((got.value - truth) ** 2)
        raw.append((got.raw - truth) ** 2)
        phi.append(got.visit_variance)
    found = {
        "coverage": inside,
        "error": float(np.sqrt(np.mean(value))),
        "raw error": float(np.sqrt(np.mean(raw))),
        "visit variance": float(np.mean(phi)),
    }
    LOG.info("mean %s, size %s, alike %s, cells %s: %s", mean, size, alike, cells, found)
    return found


CASES = [(0.4, 15.0, 6.0), (0.4, 60.0, 6.0), (0.15, 20.0, 6.0), (0.4, 15.0, 60.0), (0.4, 6.0, 2.0)]


@pytest.mark.parametrize(("mean", "size", "alike"), CASES)
def test_ninety_percent_intervals_hold_the_share(mean: float, size: float, alike: float) -> None:
    got = coverage(mean=mean, size=size, alike=alike)
    assert 0.84 <= got["coverage"] <= 0.96
    assert got["error"] < got["raw error"]
    # Variance of a share of 12 items whose levels are beta, over p (1 - p).
    assert got["visit variance"] == pytest.approx(1 / 12 + 11 / 12 / (1 + alike), rel=0.12)


@pytest.mark.calibrate
@pytest.mark.parametrize("cells", [40, 120])
@pytest.mark.parametrize(("mean", "size", "alike"), CASES)
def test_control_gaps_pass_their_gate(mean: float, size: float, alike: float, cells: int) -> None:
    got = coverage(mean=mean, size=size, alike=alike, cells=cells)
    slack = 0.0 if FULL else 0.06
    assert 0.86 - slack <= got["coverage"] <= 0.94 + slack


def test_visits_counted_as_yes_or_no_would_give_far_too_wide_intervals() -> None:
    rng = np.random.default_rng(32)
    truth = rng.beta(6, 9, 120)
    share, place, age = visits(rng, truth, alike=60.0)
    got = control_gap(share, place, age, 120)
    assert got.visit_variance < 0.15
    assert float(np.median(got.high - got.low)) < 0.15


def test_averaging_over_random_priors_gives_the_same() -> None:
    """Whole answers and no decay: the beta-binomial weighs 60,000 random priors."""
    rng = np.random.default_rng(33)
    truth = rng.beta(6, 9, 30)
    place = np.repeat(np.arange(30), 12)
    answers = (rng.random(place.size) < truth[place]).astype(float)
    got = control_gap(answers, place, np.zeros(place.size), 30)
    n = 12 / got.visit_variance
    assert got.visit_variance == pytest.approx(1.0, abs=0.1)
    x = np.bincount(place, answers) * n / 12
    spread, mean = rng.uniform(0.08, 0.8, 60_000), rng.uniform(0.1, 0.8, 60_000)
    size = spread**-2 - 1
    a, b = (mean * size)[:, None], ((1 - mean) * size)[:, None]
    chance = (betaln(a + x, b + n - x) - betaln(a, b)).sum(axis=1)
    w = np.exp(chance - chance.max())
    w /= w.sum()
    np.testing.assert_allclose(got.value, w @ ((a + x) / (a + b + n)), atol=0.004)
    np.testing.assert_allclose(got.local_weight, w @ (n / (size + n)), atol=0.02)
    assert got.mean == pytest.approx(float(w @ mean), abs=0.004)


def test_older_visits_count_less_and_old_ones_not_at_all() -> None:
    rng = np.random.default_rng(34)
    truth = np.full(30, 0.4)
    share, place, _ = visits(rng, truth, visited=(8, 9))
    age = np.tile([0.0, 0, 0, 0, 180, 180, 180, 366], 30)
    got = control_gap(share, place, age, 30)
    assert (got.visits == 7).all()
    np.testing.assert_allclose(got.effective, 5.5**2 / (4 + 0.75))
    first = share[:8]
    expected = (first[:4].sum() + 0.5 * first[4:7].sum()) / 5.5
    assert got.raw[0] == pytest.approx(expected)
    halved = control_gap(share, place, age, 30, half_life_days=1e9, period_days=1e9)
    np.testing.assert_allclose(halved.effective, 8.0)


def test_cells_nobody_visited_get_what_is_known_of_all() -> None:
    rng = np.random.default_rng(35)
    truth = rng.beta(6, 9, 41)
    share, place, age = visits(rng, truth[:40])
    got = control_gap(np.append(share, 1.0), np.append(place, 41), np.append(age, 5.0), 42)
    assert got.state[40] == State.MISSING
    assert np.isnan(got.raw[40])
    assert got.local_weight[40] == 0
    assert got.value[40] == pytest.approx(got.mean)
    assert got.state[41] == State.TOO_FEW
    assert got.mean < got.value[41] < got.high[41] < 1
    assert got.high[40] - got.low[40] > got.high[:40].mean() - got.low[:40].mean()


def test_visits_that_are_all_alike_keep_an_interval() -> None:
    place = np.repeat(np.arange(10), 6)
    for level in (0.0, 0.25, 1.0):
        got = control_gap(np.full(60, level), place, np.zeros(60), 10)
        assert (got.high - got.low > 1e-3).all()
        assert ((got.low >= 0) & (got.high <= 1)).all()
        np.testing.assert_allclose(got.value, level, atol=0.05)


def test_shares_of_visits_weigh_items_by_severity() -> None:
    got = visit_shares([1, 0, 0, 1], [0.4, 1.0, 0.6, 0.5], [0, 0, 0, 2], 3)
    assert got[0] == pytest.approx(0.2)
    assert np.isnan(got[1])
    assert got[2] == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: control_gap([0.5, 1.2], [0, 0], [1, 1], 1), r"not_met\[1\]: 1.2 is more than 1"),
        (lambda: control_gap([-0.5], [0], [1], 1), r"not_met\[0\]: -0.5 is unusable"),
        (lambda: control_gap([math.nan], [0], [1], 1), r"not_met\[0\]: nan is unusable"),
        (lambda: control_gap([0.5], [1], [1], 1), r"cell\[0\]: 1.0 is no place"),
        (lambda: control_gap([0.5], [0], [-1], 1), r"age_days\[0\]: -1.0 is unusable"),
        (lambda: control_gap([0.5], [0], [400], 1), "no visit is 365 days old"),
        (lambda: control_gap([0.5], [0], [1], 1), "1 visits in 1 cells do not tell"),
        (lambda: control_gap([], [], [], 1), r"not_met: shape \(0,\)"),
        (lambda: control_gap([0.5], [0], [1, 2], 1), r"age_days: shape \(2,\)"),
        (lambda: control_gap([0.5], [0], [1], 1, half_life_days=0), "half_life_days: 0.0"),
        (lambda: control_gap([0.5], [0], [1], 1, level=2), "interval level 2"),
        (lambda: visit_shares([2], [1], [0], 1), r"not_met\[0\]: 2.0 is neither 0 nor 1"),
        (lambda: visit_shares([1], [0], [0], 1), r"severity\[0\]: 0.0 is unusable"),
        (lambda: visit_shares([1], [1], [3], 1), r"visit\[0\]: 3.0 is no place"),
    ],
)
def test_unusable_visits_are_refused_by_name(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
