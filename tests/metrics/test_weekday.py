"""The weekday pattern: found where it is, not invented where it is not."""

import numpy as np
import pytest

from metrics.weekday import weekday_factors

WEEK = np.array([1.30, 1.20, 1.10, 1.05, 0.95, 0.70, 0.70])


def test_a_clear_pattern_is_found_after_four_weeks() -> None:
    t = np.arange(100)
    factors = weekday_factors(np.round(10_000 * WEEK[t % 7]))
    np.testing.assert_allclose(factors[28:], WEEK[t[28:] % 7], atol=0.01)


def test_growth_is_not_taken_for_a_pattern() -> None:
    t = np.arange(100)
    factors = weekday_factors(np.round(1_000 * np.exp(0.05 * t)))
    np.testing.assert_allclose(factors, 1.0, atol=0.01)


def test_chance_is_shrunk_to_no_pattern() -> None:
    cases = np.random.default_rng(2).poisson(20.0, (120, 200)).astype(float)
    spread = weekday_factors(cases)[60:].std()
    raw = np.sqrt(1 / (20 * 7.5))
    assert spread < 0.5 * raw


def test_factors_keep_weekly_totals() -> None:
    rng = np.random.default_rng(4)
    t = np.arange(140)
    cases = rng.poisson(30 * WEEK[t % 7][:, None], (140, 50)).astype(float)
    adjusted = cases / weekday_factors(cases)
    np.testing.assert_allclose(adjusted[70:].sum(), cases[70:].sum(), rtol=5e-3)


def test_a_weekday_that_never_reports_is_floored() -> None:
    t = np.arange(90)
    factors = weekday_factors(np.where(t % 7 == 6, 0.0, 50.0))
    sundays = factors[40:][t[40:] % 7 == 6]
    np.testing.assert_allclose(sundays, 0.2 * 6 / 7, rtol=0.03)


def test_the_first_weeks_and_empty_areas_have_no_pattern() -> None:
    np.testing.assert_array_equal(weekday_factors(np.zeros((90, 2))), 1.0)
    np.testing.assert_array_equal(weekday_factors(np.tile(WEEK, 4) * 100)[:20], 1.0)
    np.testing.assert_array_equal(weekday_factors([1.0, 2.0, 3.0]), 1.0)


def test_a_history_of_two_weeks_is_refused() -> None:
    with pytest.raises(ValueError, match="weekday history 14 days"):
        weekday_factors(np.ones(60), history=14)
