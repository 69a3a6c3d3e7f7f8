"""Shrunken ratios: known posteriors, honest intervals, and better than raw ones."""

import logging
import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import gamma, nbinom

from metrics.proportions import cluster_design_effect
from metrics.workplaces.shrinkage import FEW_SPREAD, Shrunken, shrunken_ratios
from tests.conftest import FULL

Floats = NDArray[np.float64]
LOG = logging.getLogger(__name__)
RUNS = 200 if FULL else 12
CELLS = 323  # 17 regions x 19 sections


def expected_events(rng: np.random.Generator, cells: int) -> Floats:
    """From 0.5 to 50, evenly in the logarithm."""
    return np.asarray(np.exp(rng.uniform(math.log(0.5), math.log(50), cells)))


def clustered(rng: np.random.Generator, mean: Floats) -> tuple[Floats, float]:
    """Events in clusters of mean size 3 (geometric), and the design effect of their sizes."""
    clusters = rng.poisson(mean / 3)
    sizes = rng.geometric(1 / 3, clusters.sum())
    place = np.repeat(np.arange(mean.size), clusters)
    return np.bincount(place, sizes, mean.size).astype(float), cluster_design_effect(sizes)


def coverage(
    *, cells: int = CELLS, spread: float = 0.5, clusters: bool = False, runs: int = RUNS
) -> dict[str, float]:
    rng = np.random.default_rng(17)
    inside, rated, raw, value, error = 0.0, 0, [], [], []
    for _ in range(runs):
        e = expected_events(rng, cells)
        a = spread**-2
        theta = 1.3 * rng.gamma(a, 1 / a, cells)
        y, effect = rng.poisson(theta * e).astype(float), 1.0
        if clusters:
            y, effect = clustered(rng, theta * e)
        got = shrunken_ratios(y, e, design_effect=effect)
        inside += float(((got.low <= theta) & (theta <= got.high)).mean()) / runs
        large = (e >= 1) & (theta > 1e-3)
        rated += int(large.sum())
        truth = np.log(theta[large])
        raw.append(np.log((y + 0.5) / (e + 0.5))[large] - truth)
        value.append(np.log(got.value[large]) - truth)
        error.append(got.spread - spread)
    r, v = (float(np.sqrt(np.mean(np.concatenate(x) ** 2))) for x in (raw, value))
    found = {"coverage": inside, "raw": r, "shrunken": v, "spread error": float(np.mean(error))}
    LOG.info("%s cells, spread %s, clusters %s: %s", cells, spread, clusters, found)
    return found


@pytest.mark.parametrize("clusters", [False, True])
@pytest.mark.parametrize("spread", [0.3, 0.5, 0.9])
def test_ninety_percent_intervals_hold_the_ratio(spread: float, clusters: bool) -> None:
    got = coverage(spread=spread, clusters=clusters)
    assert 0.86 <= got["coverage"] <= 0.94


def test_errors_of_log_ratios_are_a_quarter_smaller_than_raw_ones() -> None:
    got = coverage()
    assert got["shrunken"] <= 0.75 * got["raw"]
    assert abs(got["spread error"]) < 0.06


@pytest.mark.calibrate
@pytest.mark.parametrize("cells", [40, CELLS])
@pytest.mark.parametrize("clusters", [False, True])
@pytest.mark.parametrize("spread", [0.15, 0.3, 0.5, 0.9])
def test_shrunken_ratios_pass_their_gate(spread: float, clusters: bool, cells: int) -> None:
    got = coverage(cells=cells, spread=spread, clusters=clusters)
    slack = 0.0 if FULL else 0.03
    most = 0.94 if spread > 0.15 else 1.0  # at the smallest spread allowed intervals are wide
    assert 0.86 - slack <= got["coverage"] <= most + slack
    if spread <= 0.3 or (cells == CELLS and spread <= 0.5):
        assert got["shrunken"] <= 0.75 * got["raw"]


def test_clusters_that_nobody_counts_make_intervals_dishonest() -> None:
    rng = np.random.default_rng(18)
    e = np.full(CELLS, 20.0)
    theta = rng.gamma(11, 1 / 11, CELLS)
    y, effect = clustered(rng, theta * e)
    plain, known = shrunken_ratios(y, e), shrunken_ratios(y, e, design_effect=effect)
    inside = [float(((g.low <= theta) & (theta <= g.high)).mean()) for g in (plain, known)]
    assert inside[0] < 0.75
    assert inside[1] > 0.85


def averaged(y: Floats, e: Floats, draws: int) -> tuple[Floats, Floats]:
    """Posterior means and local weights, by weighing random priors with scipy's likelihood."""
    rng = np.random.default_rng(19)
    spread, mean = rng.uniform(0.1, 1.5, draws), np.exp(rng.uniform(-0.7, 1.0, draws))
    a = spread**-2
    b = a / mean
    chance = np.asarray(nbinom.logpmf(y, a[:, None], b[:, None] / (b[:, None] + e))).sum(axis=1)
    w = np.exp(chance - chance.max())
    w /= w.sum()
    return w @ ((a[:, None] + y) / (b[:, None] + e)), w @ (e / (b[:, None] + e))


def test_a_random_walk_over_priors_gives_the_same() -> None:
    rng = np.random.default_rng(20)
    e = expected_events(rng, 60)
    y = rng.poisson(1.3 * rng.gamma(4, 0.25, 60) * e).astype(float)
    means, weights = averaged(y, e, 200_000)
    got = shrunken_ratios(y, e)
    np.testing.assert_allclose(got.value, means, rtol=0.01)
    np.testing.assert_allclose(got.local_weight, weights, atol=0.01)


def test_a_value_is_its_own_data_and_all_cells_by_the_weight_told() -> None:
    """With few cells the spread is fixed, and the mean alone is averaged over."""
    y, e = np.array([0.0, 4, 30, 400, 0]), np.array([2.0, 4, 20, 400, 0])
    got = shrunken_ratios(y, e)
    assert not got.spread_learned
    assert got.spread == pytest.approx(FEW_SPREAD)
    assert got.local_weight[-1] == 0
    assert got.value[-1] == pytest.approx(got.mean)
    assert (np.diff(got.local_weight[:4]) > 0).all()
    raw = y[:4] / e[:4]
    mixed = got.local_weight[:4] * raw + (1 - got.local_weight[:4]) * got.mean
    np.testing.assert_allclose(got.value[:4], mixed, rtol=0.03)
    assert np.isnan(got.raw[-1])


def test_with_endless_data_the_posterior_is_that_of_a_known_prior() -> None:
    rng = np.random.default_rng(21)
    e = np.append(np.full(4_000, 50.0), [3.0])
    y = np.append(rng.poisson(50 * rng.gamma(4, 0.25, 4_000)), [6])
    got = shrunken_ratios(y, e)
    assert got.mean == pytest.approx(1.0, abs=0.03)
    assert got.spread == pytest.approx(0.5, abs=0.02)
    known = gamma(4 + 6, scale=1 / (4 + 3))
    assert got.value[-1] == pytest.approx(known.mean(), rel=0.03)
    assert got.low[-1] == pytest.approx(known.ppf(0.05), rel=0.05)
    assert got.high[-1] == pytest.approx(known.ppf(0.95), rel=0.05)
    assert got.p_above[-1] == pytest.approx(known.sf(y.sum() / e.sum()), abs=0.02)


def test_cells_that_are_all_alike_keep_an_interval() -> None:
    """Without the floor of the spread every cell would be the mean, give or take nothing."""
    e = np.full(50, 40.0)
    got = shrunken_ratios(np.full(50, 40), e)
    assert (got.high - got.low > 0.15).all()
    np.testing.assert_allclose(got.value, 1.0, atol=0.005)


def test_only_proportions_of_what_is_expected_matter() -> None:
    rng = np.random.default_rng(22)
    e = expected_events(rng, 40)
    y = rng.poisson(e)
    one, ten = shrunken_ratios(y, e), shrunken_ratios(y, 10 * e)
    np.testing.assert_allclose(one.high, 10 * ten.high, rtol=1e-6)
    np.testing.assert_allclose(one.local_weight, ten.local_weight, rtol=1e-6)
    workers = e * 100
    rates = [s.as_rate(x, workers, 1e3) for s, x in ((one, e), (ten, 10 * e))]
    np.testing.assert_allclose(rates[0].value, rates[1].value, rtol=1e-6)
    np.testing.assert_allclose(rates[0].value, one.value * 10, rtol=1e-6)


def test_nobody_exposed_is_no_rate() -> None:
    got = shrunken_ratios([3, 0], [2.0, 0.0]).as_rate([2.0, 0.0], [1_000.0, 0.0], 1e3)
    assert np.isfinite(got.value[0])
    assert np.isnan([got.value[1], got.low[1], got.high[1]]).all()


def some() -> Shrunken:
    return shrunken_ratios([3, 1], [2.0, 2.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shrunken_ratios([1, -2], [1, 1]), r"events\[1\]: -2.0 is no count"),
        (lambda: shrunken_ratios([1, 0.5], [1, 1]), r"events\[1\]: 0.5 is no count"),
        (lambda: shrunken_ratios([1, math.nan], [1, 1]), r"events\[1\]: nan"),
        (lambda: shrunken_ratios([1, 2], [1, 0]), r"events\[1\]: 2.0 stands over expected of 0"),
        (lambda: shrunken_ratios([1], [math.inf]), r"expected\[0\]: inf"),
        (lambda: shrunken_ratios([0, 0], [1, 1]), "all 2 are 0"),
        (lambda: shrunken_ratios(1, 1), r"events: shape \(\)"),
        (lambda: shrunken_ratios([1], [1, 2]), r"expected: shape \(2,\)"),
        (lambda: shrunken_ratios([1], [1], design_effect=0.9), "design_effect: 0.9"),
        (lambda: shrunken_ratios([1], [1], design_effect=[1, 1]), "design_effect: shape"),
        (lambda: shrunken_ratios([1], [1], level=0), "interval level 0"),
        (lambda: some().as_rate([2.0, 2.0], [10.0, 0.0], 1e3), r"expected\[1\]: 2.0 stands over"),
        (lambda: some().as_rate([2.0], [10.0], 1e3), r"expected: shape \(1,\)"),
    ],
)
def test_unusable_cells_are_refused_by_name(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
