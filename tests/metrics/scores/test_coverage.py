"""Shares of hits and the intervals about them."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from metrics.proportions import wilson
from metrics.scores.coverage import central_coverage, share_inside
from metrics.scores.interval_score import LEVELS

Hits = NDArray[np.bool_]


def clustered(rng: np.random.Generator, clusters: int, size: int, share: float) -> Hits:
    """Hits whose chance differs between clusters (intra-class correlation 0.2)."""
    chance = rng.beta(4 * share, 4 * (1 - share), (clusters, 1))
    return np.asarray(rng.random((clusters, size)) < chance)


def test_honest_normal_quantiles_are_covered_as_said() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=20_000)
    q = np.repeat(np.reshape(norm.ppf(LEVELS), (-1, 1)), y.size, axis=1)
    result = central_coverage(y, q)
    np.testing.assert_allclose(result.inside.value, [0.5, 0.9, 0.95], atol=0.01)
    np.testing.assert_allclose(result.median_width, 2 * norm.ppf([0.75, 0.95, 0.975]))
    assert result.count == 20_000
    assert np.all((result.inside.low < result.central) & (result.central < result.inside.high))


def test_ends_count_as_inside() -> None:
    q = np.arange(23.0)[:, None]
    result = central_coverage([2.0], q, central=(0.9,))  # levels .05 and .95 stand at 2 and 20
    assert result.inside.value[0] == 1
    assert central_coverage([1.9], q, central=(0.9,)).inside.value[0] == 0


def test_without_clusters_it_is_wilsons_interval() -> None:
    hits = np.arange(50) < 41
    share, expected = share_inside(hits), wilson(41, 50)
    assert (share.low, share.high) == (expected.low, expected.high)


def test_singletons_are_no_clusters() -> None:
    hits = np.random.default_rng(2).random(400) < 0.8
    plain, single = share_inside(hits), share_inside(hits, [np.arange(400)])
    np.testing.assert_allclose([single.low, single.high], [plain.low, plain.high], atol=1e-3)


@pytest.mark.parametrize(
    ("clusters", "size", "share", "least"), [(12, 17, 0.9, 0.9), (40, 14, 0.95, 0.92)]
)
def test_clustered_hits_are_covered(clusters: int, size: int, share: float, least: float) -> None:
    rng = np.random.default_rng(3)
    label = np.repeat(np.arange(clusters), size)
    naive = held = 0
    for _ in range(400):
        hits = clustered(rng, clusters, size, share).ravel()
        aware, blind = share_inside(hits, [label]), share_inside(hits)
        held += int(aware.low <= share <= aware.high)
        naive += int(blind.low <= share <= blind.high)
    assert least <= held / 400 <= 0.99
    assert naive / 400 < 0.85


def test_a_bootstrap_of_clusters_gives_the_same_width() -> None:
    rng = np.random.default_rng(4)
    hits = clustered(rng, 200, 10, 0.8)
    share = share_inside(hits.ravel(), [np.repeat(np.arange(200), 10)])
    drawn = hits.mean(axis=1)[rng.integers(0, 200, (4_000, 200))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert float(share.high - share.low) == pytest.approx(high - low, rel=0.1)


def test_all_hits_of_few_clusters_are_no_proof() -> None:
    label = np.repeat(np.arange(4), 100)
    share = share_inside(np.ones(400, dtype=np.bool_), [label])
    assert share.high == 1
    assert share.low < 0.6
    assert share_inside(np.ones(400, dtype=np.bool_)).low > 0.98


def test_the_grouping_that_widens_most_is_used() -> None:
    rng = np.random.default_rng(5)
    hits = clustered(rng, 20, 20, 0.8).ravel()
    days, areas = np.repeat(np.arange(20), 20), np.tile(np.arange(20), 20)
    both, one = share_inside(hits, [areas, days]), share_inside(hits, [days])
    assert (both.low, both.high) == (one.low, one.high)
    assert share_inside(hits, [np.zeros(400)]).low == share_inside(hits).low


def test_nothing_gives_nothing() -> None:
    assert np.isnan(share_inside(np.zeros(0, dtype=bool)).value)
    result = central_coverage(np.zeros(0), np.zeros((23, 0)))
    assert np.isnan(result.inside.value).all()
    assert np.isnan(result.median_width).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: central_coverage([1.0], np.ones((23, 1)), central=(0.42,)), "interval 0.42"),
        (lambda: share_inside(np.ones(3, dtype=bool), [[1, 2]]), r"clusters: shape \(2,\)"),
        (lambda: central_coverage([np.nan], np.ones((23, 1))), r"observed\[0\]: nan"),
    ],
)
def test_unusable_input_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
