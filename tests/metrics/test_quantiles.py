"""Gamma quantiles against exact inversion."""

import numpy as np
import pytest
from scipy.special import gammaincinv

from metrics.quantiles import SERIES_FROM, count_table, gamma_quantiles

LEVELS = (0.001, 0.025, 0.25, 0.5, 0.75, 0.975, 0.999)


def test_quantiles_of_any_shape_agree_with_exact_inversion() -> None:
    rng = np.random.default_rng(7)
    shapes = np.concatenate(
        [
            np.exp(rng.uniform(np.log(0.05), np.log(1e8), 20_000)),
            1.0 + rng.exponential(0.01, 2_000),
            SERIES_FROM + rng.uniform(-20, 20, 2_000),
            [1.0, SERIES_FROM, np.nextafter(SERIES_FROM, 0), np.nextafter(1.0, 0)],
        ]
    )
    exact = gammaincinv(shapes, np.array(LEVELS)[:, None])
    np.testing.assert_allclose(gamma_quantiles(shapes, LEVELS), exact, rtol=1e-10)


def test_the_table_holds_the_exact_quantiles_of_prior_plus_count() -> None:
    table = count_table(1.0, 64, LEVELS)
    assert table.shape == (len(LEVELS), 64)
    np.testing.assert_array_equal(table[3], gammaincinv(1.0 + np.arange(64), 0.5))


def test_the_array_shape_is_kept_behind_the_levels() -> None:
    assert gamma_quantiles(np.full((3, 4), 2.5), (0.5,)).shape == (1, 3, 4)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, float("nan")])
def test_a_level_outside_zero_and_one_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match=f"quantile level {level}"):
        gamma_quantiles(np.ones(1), (level,))
