"""The weighted interval score, against the reference tool and by its other definition."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from metrics.scores.interval_score import (
    LEVELS,
    log_weighted_interval_score,
    weighted_interval_score,
)

Floats = NDArray[np.float64]
PARTS = ("dispersion", "overprediction", "underprediction")


def forecasts(table: pd.DataFrame) -> tuple[Floats, Floats]:
    quantiles = np.stack([table[f"q{level:g}"].to_numpy(float) for level in LEVELS])
    return table["observed"].to_numpy(float), quantiles


def random_forecasts(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    quantiles = np.sort(rng.gamma(3.0, 10.0, (len(LEVELS), *shape)), axis=0)
    return rng.gamma(3.0, 10.0, shape), quantiles


def test_there_are_23_levels_in_order() -> None:
    assert len(LEVELS) == 23
    assert LEVELS[:4] == (0.01, 0.025, 0.05, 0.1)
    assert LEVELS[11] == 0.5


def test_the_reference_tool_is_met_with_all_its_parts(golden: Path) -> None:
    y, q = forecasts(pd.read_csv(golden / "inputs" / "forecast_quantiles.csv"))
    expected = pd.read_csv(golden / "golden" / "wis.csv")
    score, log_score = weighted_interval_score(y, q), log_weighted_interval_score(y, q)
    np.testing.assert_allclose(score.total, expected["wis"], rtol=0, atol=1e-8)
    np.testing.assert_allclose(log_score.total, expected["wis_log1p"], rtol=0, atol=1e-8)
    for part in PARTS:
        np.testing.assert_allclose(getattr(score, part), expected[part], rtol=0, atol=1e-8)


def test_the_wider_reference_table_is_met(reference_tools: Path) -> None:
    table = pd.read_csv(reference_tools / "scoring_wis.csv")
    score = weighted_interval_score(*forecasts(table))
    np.testing.assert_allclose(score.total, table["wis"], rtol=0, atol=1e-8)
    np.testing.assert_allclose(score.total, table["wis_mean_qs"], rtol=0, atol=1e-8)
    for part in PARTS:
        np.testing.assert_allclose(getattr(score, part), table[part], rtol=0, atol=1e-8)


def test_it_is_the_mean_of_twice_the_quantile_loss() -> None:
    y, q = random_forecasts(np.random.default_rng(1), (7, 3))
    loss = np.zeros(y.shape)
    for level, value in zip(LEVELS, q, strict=True):
        loss += 2 * ((y <= value) - level) * (value - y) / 23
    np.testing.assert_allclose(weighted_interval_score(y, q).total, loss, rtol=1e-12)


def test_it_is_the_weighted_sum_of_interval_scores() -> None:
    y, q = random_forecasts(np.random.default_rng(2), (50,))
    total = 0.5 * np.abs(y - q[11])
    for k in range(11):
        alpha, low, high = 2 * LEVELS[k], q[k], q[22 - k]
        missed = np.maximum(low - y, 0) + np.maximum(y - high, 0)
        total += alpha / 2 * (high - low + 2 / alpha * missed)
    np.testing.assert_allclose(weighted_interval_score(y, q).total, total / 11.5, rtol=1e-12)


def test_an_even_number_of_levels_needs_no_median() -> None:
    score = weighted_interval_score([3.0], [[4.0], [6.0]], levels=(0.25, 0.75))
    assert score.total[0] == pytest.approx(0.25 * 2 + 1)
    assert score.overprediction[0] == 1


def test_a_sure_forecast_that_comes_true_costs_nothing() -> None:
    assert weighted_interval_score(5.0, np.full(23, 5.0)).total == 0


def test_honest_quantiles_score_best() -> None:
    rng = np.random.default_rng(3)
    y = rng.normal(100, 10, 20_000)
    honest = np.quantile(rng.normal(100, 10, 200_000), LEVELS)

    def mean_score(quantiles: Floats) -> float:
        stacked = np.repeat(quantiles[:, None], y.size, axis=1)
        return float(weighted_interval_score(y, stacked).total.mean())

    best = mean_score(honest)
    for wrong in (100 + 0.7 * (honest - 100), 100 + 1.4 * (honest - 100), honest + 4):
        assert mean_score(wrong) > best


@pytest.mark.parametrize(
    ("y", "q", "levels", "message"),
    [
        ([np.nan], np.ones((23, 1)), LEVELS, r"observed\[0\]: nan; values are finite"),
        ([1.0], np.full((23, 1), np.inf), LEVELS, r"quantiles\[0, 0\]: inf"),
        ([1.0], np.ones((22, 1)), LEVELS, r"quantiles: shape \(22, 1\); 23 levels"),
        ([1.0], [[2.0], [1.0]], (0.1, 0.9), r"quantiles\[0, 0\]: 1.0; it lies below"),
        ([1.0], [[1.0], [2.0]], (0.1, 0.8), "symmetric about 0.5"),
        ([1.0], [[1.0], [2.0]], (0.9, 0.1), "they must rise"),
        ([1.0], [[1.0], [2.0]], (0.0, 1.0), "quantile level 0.0"),
        ([1.0], np.ones((0, 1)), (), "they must rise"),
    ],
)
def test_unusable_forecasts_are_refused(
    y: list[float], q: Floats, levels: tuple[float, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        weighted_interval_score(y, q, levels)


def test_negative_counts_have_no_logarithm() -> None:
    with pytest.raises(ValueError, match=r"observed\[0\]: -1.0; counts are not below 0"):
        log_weighted_interval_score([-1.0], np.ones((23, 1)))
