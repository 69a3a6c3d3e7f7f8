"""Ranks are uniform where the forecast is honest, and show how it is not."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import nbinom, poisson

from metrics.scores.pit import pit_histogram, randomised_pit, rank_bounds, rank_test
from metrics.states import State

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def ends(y: Whole, mean: float) -> tuple[Floats, Floats]:
    return poisson.cdf(y - 1, mean), poisson.cdf(y, mean)


@pytest.mark.parametrize("mean", [0.3, 2.0, 40.0])
def test_honest_counts_are_uniform(mean: float) -> None:
    rng = np.random.default_rng(1)
    y = rng.poisson(mean, 5_000)
    assert rank_test(randomised_pit(*ends(y, mean), rng)).p_value > 0.001
    np.testing.assert_allclose(pit_histogram(*ends(y, mean)), 0.1, atol=0.02)


def test_the_test_keeps_its_level() -> None:
    rng = np.random.default_rng(2)
    rejected = [rank_test(rng.random(200)).p_value < 0.05 for _ in range(1_000)]
    assert 0.03 < np.mean(rejected) < 0.07


def test_too_narrow_is_a_u_and_too_low_a_slope() -> None:
    rng = np.random.default_rng(3)
    y = np.asarray(nbinom.rvs(5, 5 / 25, size=3_000, random_state=rng))  # mean 20, variance 100
    narrow = rank_test(randomised_pit(*ends(y, 20.0), rng))
    assert narrow.p_value < 1e-6
    assert min(narrow.histogram[0], narrow.histogram[-1]) > 0.15
    low = pit_histogram(*ends(rng.poisson(25.0, 3_000), 20.0))
    assert low[-1] > 3 * low[0]


def test_the_spread_histogram_is_the_mean_of_the_drawn_one() -> None:
    rng = np.random.default_rng(4)
    y = rng.poisson(1.5, 60)
    drawn = np.mean(
        [np.histogram(randomised_pit(*ends(y, 2.0), rng), 10, (0, 1))[0] for _ in range(3_000)],
        axis=0,
    )
    np.testing.assert_allclose(pit_histogram(*ends(y, 2.0)), drawn / 60, atol=0.005)


@pytest.mark.parametrize("size", [9, 100])
def test_ranks_among_exchangeable_draws_are_uniform_with_ties(size: int) -> None:
    rng = np.random.default_rng(5)
    x = rng.poisson(1.0, (6_000, size + 1))
    assert rank_test(randomised_pit(*rank_bounds(x[:, 0], x[:, 1:]), rng)).p_value > 0.001


def test_a_continuous_forecast_has_no_jump() -> None:
    np.testing.assert_array_equal(pit_histogram([0.05, 0.55], [0.05, 0.55], 2), [0.5, 0.5])
    np.testing.assert_array_equal(pit_histogram([1.0, 0.5], [1.0, 1.0], 2), [0.0, 1.0])


def test_a_design_effect_divides_the_statistic() -> None:
    pit = np.random.default_rng(6).random(500) ** 1.2
    one, four = rank_test(pit), rank_test(pit, design_effect=4.0)
    assert four.statistic == pytest.approx(one.statistic / 4)
    assert four.p_value > one.p_value


def test_few_ranks_give_no_verdict() -> None:
    few = rank_test(np.linspace(0, 1, 49))
    assert few.state == State.TOO_FEW
    assert np.isnan(few.p_value)
    assert np.isnan(rank_test([]).histogram).all()
    assert np.isnan(pit_histogram([], [])).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rank_test([0.5, 1.2]), "transform 1.2"),
        (lambda: rank_test([np.nan]), "transform nan"),
        (lambda: rank_test([0.5], bins=1), "1 bins"),
        (lambda: rank_test([0.5], design_effect=0.5), "design effect 0.5"),
        (lambda: pit_histogram([0.6], [0.5]), "they are probabilities in order"),
        (lambda: pit_histogram([0.6], [0.7, 0.8]), "shapes"),
        (lambda: pit_histogram([0.6], [0.7], 1), "histogram of 1 bins"),
        (lambda: rank_bounds([1.0], [1.0]), r"draws: shape \(1,\)"),
        (lambda: rank_bounds([np.nan], [[1.0]]), "observed: nan"),
    ],
)
def test_unusable_input_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
