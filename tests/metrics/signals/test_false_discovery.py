"""Benjamini-Hochberg against its definition and SciPy, and the rate it promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from metrics.signals.false_discovery import false_discovery, false_signals_per_week

Floats = NDArray[np.float64]
chances = arrays(np.float64, (4, 12), elements=st.floats(0, 1))


@given(chances)
@settings(max_examples=60, deadline=None)
def test_q_values_are_those_of_scipy_and_signals_those_of_the_definition(p: Floats) -> None:
    found = false_discovery(p, rate=0.2)
    for i in range(4):
        np.testing.assert_allclose(found.q_value[i], false_discovery_control(p[i]), atol=1e-12)
        ranked = np.sort(p[i])
        passing = [r for r in range(12) if ranked[r] * 12 / (r + 1) <= 0.2]
        assert found.found[i] == (passing[-1] + 1 if passing else 0)
        if passing:
            assert found.threshold[i] == ranked[passing[-1]]
        changed = p[i].copy()
        changed[np.argmax(changed)] = 0.0
        one_more = false_discovery(changed[None], rate=0.2).found[0]
        assert found.expected_false[i] == pytest.approx(0.2 * one_more)


@pytest.mark.parametrize("true", [0, 10])
def test_false_signals_are_as_many_as_expected(true: int) -> None:
    """Continuous p-values of 200 areas, 8,000 days: seen and expected false signals agree."""
    rng = np.random.default_rng(3)
    p = rng.random((8_000, 200))
    p[:, :true] = rng.random((8_000, true)) ** 6
    found = false_discovery(p, rate=0.1)
    wrong = found.signal[:, true:].sum(axis=1)
    without = (200 - true) / 200
    assert wrong.mean() == pytest.approx(without * found.expected_false.mean(), rel=0.06)
    share = (wrong / np.maximum(1, found.found)).mean()
    assert share == pytest.approx(0.1 * without, rel=0.08)


def test_areas_not_tested_do_not_count() -> None:
    p = np.array([[0.001, np.nan, 0.04, 0.9], [np.nan] * 4])
    found = false_discovery(p, rate=0.1)
    np.testing.assert_array_equal(found.tested, [3, 0])
    np.testing.assert_allclose(found.q_value[0, [0, 2, 3]], [0.003, 0.06, 0.9])
    assert np.isnan(found.q_value[0, 1])
    np.testing.assert_array_equal(found.found, [2, 0])
    assert found.expected_false[0] == pytest.approx(0.1 * 3)
    assert found.expected_false[1] == 0.0
    assert found.level[0] == pytest.approx(0.1)
    assert np.isnan(found.level[1])
    assert found.threshold[1] == 0.0


def test_a_week_adds_up() -> None:
    p = np.full((9, 10), 0.5)
    p[2, 0] = 0.001
    found = false_discovery(p)
    assert np.isnan(found.expected_false_per_week[:6]).all()
    np.testing.assert_allclose(found.expected_false_per_week[6:], [0.4, 0.4, 0.4])
    assert false_signals_per_week([0.001, np.nan, 0.003]) == pytest.approx(3 * 0.002 * 7)
    assert false_signals_per_week([0.01] * 50, looks_per_week=1) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("p", "rate", "message"),
    [
        (np.ones(4), 0.05, r"shape \(4,\), not days by areas"),
        (np.array([[0.5, 1.5]]), 0.05, r"p-values\[0, 1\]: 1.5"),
        (np.ones((1, 2)), 1.0, "rate is 1.0"),
    ],
)
def test_wrong_input_is_named(p: Floats, rate: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        false_discovery(p, rate=rate)
    with pytest.raises(ValueError, match="0 known values"):
        false_signals_per_week([np.nan])
