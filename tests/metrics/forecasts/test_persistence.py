"""The baseline by hand, and what it must not see."""

import numpy as np
import pytest

from metrics.forecasts.persistence import persistence_forecast
from metrics.scores.interval_score import LEVELS
from metrics.states import State
from metrics.weekday import weekday_factors

WEEK = np.array([1.30, 1.20, 1.10, 1.05, 0.95, 0.70, 0.70])


def test_it_is_last_weeks_mean_with_errors_of_both_signs() -> None:
    cases = np.random.default_rng(1).poisson(30.0, 120).astype(float)
    got = persistence_forecast(cases, weekday=False)
    for h in (1, 5, 14):
        errors = []
        for origin in range(120 - h - 56 + 1, 120 - h + 1):  # days known at a past origin
            expected = np.log1p(cases[origin - 7 : origin].mean())
            errors.append(np.log1p(cases[origin + h - 1]) - expected)
        either = np.array(errors + [-e for e in errors])
        level = np.log1p(cases[-7:].mean())
        by_hand = np.maximum(np.expm1(level + np.quantile(either, LEVELS)), 0)
        np.testing.assert_allclose(got.quantiles[:, h - 1, 0], by_hand, rtol=1e-12)
    np.testing.assert_allclose(got.quantiles[11, :, 0], cases[-7:].mean(), rtol=1e-9)


def test_weekdays_of_last_week_return() -> None:
    cases = np.round(10_000 * WEEK[np.arange(150) % 7])
    median = persistence_forecast(cases).quantiles[11, :, 0]
    np.testing.assert_allclose(median, 10_000 * WEEK[np.arange(150, 164) % 7], rtol=0.01)
    assert weekday_factors(cases)[-1] != 1


def test_a_week_of_zeros_forecasts_no_negative_cases() -> None:
    cases = np.concatenate([np.full(80, 5.0), np.zeros(20)])
    quantiles = persistence_forecast(cases).quantiles
    assert quantiles.min() == 0
    assert np.all(np.diff(quantiles, axis=0) >= 0)


def test_areas_are_forecast_apart() -> None:
    cases = np.random.default_rng(2).poisson([3.0, 50.0, 400.0], (100, 3)).astype(float)
    whole = persistence_forecast(cases).quantiles
    for a in range(3):
        alone = persistence_forecast(cases[:, a]).quantiles
        np.testing.assert_array_equal(alone[:, :, 0], whole[:, :, a])


def test_a_short_past_is_too_few() -> None:
    short = persistence_forecast(np.ones((47, 2)))
    assert np.isnan(short.quantiles).all()
    assert set(short.state) == {State.TOO_FEW}
    assert set(persistence_forecast(np.ones((48, 2))).state) == {State.FINAL}


@pytest.mark.parametrize(
    ("horizon", "history", "message"), [(0, 56, "over 0 days"), (14, 27, "from 27 origins")]
)
def test_impossible_settings_are_refused(horizon: int, history: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        persistence_forecast(np.ones(100), horizon=horizon, history=history)


def test_unusable_counts_are_refused() -> None:
    with pytest.raises(ValueError, match=r"total\[3\]: nan"):
        persistence_forecast([1.0, 1.0, 1.0, np.nan])
