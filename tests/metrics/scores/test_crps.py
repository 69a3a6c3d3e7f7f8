"""The ranked probability score against closed forms and brute force."""

import numpy as np
import pytest
from scipy.stats import norm

from metrics.scores.crps import crps_of_draws, crps_of_quantiles
from metrics.scores.interval_score import LEVELS, weighted_interval_score


def normal_crps(y: float) -> float:
    """Closed form for the standard normal distribution."""
    return float(y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / np.sqrt(np.pi))


@pytest.mark.parametrize("fair", [True, False])
def test_draws_agree_with_all_pairs(fair: bool) -> None:
    rng = np.random.default_rng(1)
    y, x = rng.normal(size=(4, 3)), rng.normal(size=(4, 3, 9))
    pairs = np.abs(x[..., :, None] - x[..., None, :]).sum(axis=(-1, -2))
    expected = np.abs(x - y[..., None]).mean(-1) - pairs / (2 * 9 * (8 if fair else 9))
    np.testing.assert_allclose(crps_of_draws(y, x, fair=fair), expected, rtol=1e-12)


def test_the_fair_form_does_not_depend_on_the_number_of_draws() -> None:
    rng = np.random.default_rng(2)
    y = np.full(40_000, 0.7)
    for size in (2, 5, 20):
        mean = crps_of_draws(y, rng.normal(size=(y.size, size))).mean()
        assert mean == pytest.approx(normal_crps(0.7), abs=0.02)
    few = crps_of_draws(y, rng.normal(size=(y.size, 2)), fair=False).mean()
    assert few > normal_crps(0.7) + 0.2


@pytest.mark.parametrize("y", [-3.0, 0.0, 0.3, 2.5])
def test_quantiles_come_near_the_closed_form(y: float) -> None:
    levels = tuple(np.arange(1, 1000) / 1000)
    assert crps_of_quantiles(y, norm.ppf(levels), levels) == pytest.approx(normal_crps(y), abs=1e-3)
    assert crps_of_quantiles(y, norm.ppf(LEVELS), LEVELS) == pytest.approx(normal_crps(y), abs=0.02)


def test_quantiles_agree_with_the_integral() -> None:
    rng = np.random.default_rng(3)
    q = np.sort(rng.gamma(2.0, 5.0, 23))
    grid = np.linspace(-40, 120, 1_600_001)
    below = np.interp(grid, q, LEVELS, left=0.0, right=1.0)
    for y in (-2.0, float(q[7]), 9.0, 80.0):
        expected = np.trapezoid((below - (grid >= y)) ** 2, grid)
        assert crps_of_quantiles(y, q) == pytest.approx(expected, abs=1e-3)


def test_the_interval_score_tends_to_it() -> None:
    levels = tuple((np.arange(500) + 0.5) / 500)
    q = norm.ppf(levels)
    assert weighted_interval_score(0.4, q, levels).total == pytest.approx(
        float(crps_of_quantiles(0.4, q, levels)), rel=5e-3
    )


def test_a_point_forecast_costs_its_error() -> None:
    assert crps_of_quantiles(7.0, np.full(23, 5.0)) == 2
    assert crps_of_draws([7.0], [[5.0, 5.0]])[0] == 2


@pytest.mark.parametrize(
    ("y", "x", "message"),
    [
        ([1.0], [[1.0]], "draws: shape \\(1, 1\\)"),
        ([1.0], [1.0, 2.0], "draws: shape"),
        ([np.nan], [[1.0, 2.0]], r"observed\[0\]: nan"),
        ([1.0], [[1.0, np.inf]], r"draws\[0, 1\]: inf"),
    ],
)
def test_unusable_draws_are_refused(y: list[float], x: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        crps_of_draws(y, x)
