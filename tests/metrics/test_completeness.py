"""Reporting delays of truncated data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metrics.delays.completeness import completeness
from metrics.states import State


def test_the_delay_is_that_of_the_chain_ladder(golden: Path) -> None:
    triangle = pd.read_csv(golden / "inputs" / "triangle_observed.csv").drop(columns="onset_t")
    table = pd.read_csv(golden / "golden" / "nowcast_delay.csv")
    expected = table[table["quantity"] == "delay_pmf"].sort_values("d")["value"]
    result = completeness(np.nan_to_num(triangle.to_numpy(np.float64)), training_days=60)
    assert result is not None
    np.testing.assert_allclose(result.delay_pmf, expected, rtol=0, atol=1e-10)


def _triangle(rng: np.random.Generator, level: np.ndarray, pmf: np.ndarray) -> np.ndarray:
    return np.stack([rng.multinomial(rng.poisson(mean), pmf) for mean in level]).astype(float)


def test_truncation_does_not_shorten_the_delay_in_growth() -> None:
    rng = np.random.default_rng(6)
    h = np.arange(29)
    pmf = h * np.exp(-h / 3.0)
    pmf = pmf / pmf.sum()
    full = _triangle(rng, 50 * np.exp(0.05 * np.arange(80)), pmf)
    result = completeness(full)
    assert result is not None
    np.testing.assert_allclose(result.delay_cdf, pmf.cumsum(), atol=0.02)
    seen = np.where(np.arange(80)[:, None] + h < 80, full, 0.0)
    naive = seen[-56:].sum(axis=0).cumsum() / seen[-56:].sum()
    assert naive[5] > result.delay_cdf[5] + 0.05


def test_states_follow_the_share_known_by_now() -> None:
    triangle = np.zeros((60, 29))
    triangle[:, 0], triangle[:, 2], triangle[:, 4] = 40.0, 20.0, 40.0
    result = completeness(triangle)
    assert result is not None
    np.testing.assert_allclose(result.share[-6:], [1, 1, 0.6, 0.6, 0.4, 0.4])
    labels = [State(code).label for code in result.state[-5:]]
    assert labels == ["final", "provisional", "provisional", "hidden", "hidden"]
    assert result.source == "own"


def test_too_little_training_takes_the_pooled_delay_or_none() -> None:
    short = np.ones((37, 29))
    pooled = np.minimum(np.arange(29) / 10, 1.0)
    assert completeness(short) is None
    borrowed = completeness(short, pooled_cdf=pooled)
    assert borrowed is not None
    assert borrowed.source == "pooled"
    np.testing.assert_array_equal(borrowed.delay_cdf, pooled)
    assert completeness(np.ones((38, 29))) is not None
    assert completeness(np.full((38, 29), 0.01)) is None


def test_what_lies_beyond_the_last_day_is_ignored() -> None:
    triangle = np.ones((60, 29))
    blank = np.where(np.arange(60)[:, None] + np.arange(29) >= 60, np.nan, triangle)
    one, two = completeness(triangle), completeness(blank)
    assert one is not None
    assert two is not None
    np.testing.assert_array_equal(one.delay_cdf, two.delay_cdf)


@pytest.mark.parametrize(
    ("triangle", "pooled", "message"),
    [
        (np.ones(5), None, r"reporting triangle: shape \(5,\)"),
        (np.full((60, 29), -1.0), None, r"reporting triangle\[0, 0\]: -1.0"),
        (np.ones((20, 29)), np.ones(3), r"pooled delay: shape \(3,\)"),
        (np.ones((20, 3)) * 0, [0.5, 0.4, 1.0], "does not rise to 1"),
    ],
)
def test_unusable_triangles_are_refused(triangle: object, pooled: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        completeness(triangle, pooled_cdf=pooled)  # type: ignore[arg-type]  # what users may pass
