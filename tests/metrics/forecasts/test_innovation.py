"""The pace of R, found again where it is known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import digamma, polygamma

from metrics.forecasts.innovation import FALLBACK_SD, LEAST_SD, Innovation, innovation
from metrics.forecasts.start import PRIOR_VARIANCE, start_from
from metrics.states import State
from metrics.transmission.reproduction import Reproduction, reproduction
from metrics.transmission.serial_interval import discretise_gamma

Floats = NDArray[np.float64]
PMF = discretise_gamma(5.0, 3.0, 30)


def week_means(daily: Floats) -> Floats:
    return np.asarray(np.lib.stride_tricks.sliding_window_view(daily, 7, axis=0).mean(axis=-1))


def walking(
    rng: np.random.Generator, sd: float, *, days: int = 400, areas: int = 6, shape: float = 60.0
) -> tuple[Reproduction, Floats]:
    """R whose windows are means of a random walk seen with log-gamma error, and the walk."""
    walk = np.cumsum(rng.normal(0, sd, (days, areas)), axis=0)
    error = week_means(rng.normal(0, np.sqrt(7 * polygamma(1, shape)), (days, areas)))
    mean = np.exp(week_means(walk) + error - digamma(shape) + np.log(shape))
    windows = mean.shape[0]
    blank = reproduction(np.ones((windows + 7, areas)), np.ones((windows + 7, areas)), PMF)
    state = np.full(mean.shape, np.int8(State.FINAL))
    return replace(blank, mean=mean, sd=mean / np.sqrt(shape), state=state), walk


def joined(first: Reproduction, second: Reproduction, *, axis: int) -> Reproduction:
    """Areas side by side (1), or one stretch of time after the other (0)."""
    names = ("mean", "sd", "state")
    parts = {
        name: np.concatenate([getattr(first, name), getattr(second, name)], axis=axis)
        for name in names
    }
    ends = np.arange(8, 8 + len(parts["mean"]))
    starts = np.broadcast_to(ends[:, None] - 6, parts["mean"].shape)
    return replace(first, t_start=starts, t_end=ends, **parts)


@pytest.mark.parametrize("sd", [0.02, 0.05, 0.1])
def test_the_pace_is_found_again(sd: float) -> None:
    rng = np.random.default_rng(1)
    found = [innovation(walking(rng, sd)[0]).sd_per_day for _ in range(40)]
    assert np.mean(found) == pytest.approx(sd, rel=0.08)


def test_changes_over_two_weeks_tell_the_same() -> None:
    """The mean square over 14 less that over 7 days is 7 s², whatever the error of R."""
    r, _ = walking(np.random.default_rng(2), 0.06, days=1_500, areas=20)
    level = np.log(r.mean)
    one, two = (np.mean((level[lag:] - level[:-lag]) ** 2) for lag in (7, 14))
    own = innovation(r, history_days=10_000)
    assert own.sd_per_day == pytest.approx(np.sqrt((two - one) / 7), rel=0.06)
    assert own.source == "own"


def test_ignoring_the_error_of_r_would_find_a_pace_where_there_is_none() -> None:
    r, _ = walking(np.random.default_rng(3), 0.0)
    level = np.log(r.mean)
    assert np.sqrt(np.mean((level[7:] - level[:-7]) ** 2) / 4.714) > 0.05
    assert innovation(r).sd_per_day < 0.02


def test_noisy_areas_do_not_drown_sure_ones() -> None:
    rng = np.random.default_rng(4)
    sure, _ = walking(rng, 0.05, areas=3, shape=400.0)
    noisy, _ = walking(rng, 0.05, areas=30, shape=5.0)
    assert innovation(joined(sure, noisy, axis=1)).sd_per_day == pytest.approx(0.05, rel=0.2)


def test_a_short_past_gives_the_labelled_fallback() -> None:
    r, _ = walking(np.random.default_rng(5), 0.1, days=180)
    short = innovation(r)
    assert (short.sd_per_day, short.source) == (FALLBACK_SD, "fallback")
    assert short.weeks < 26
    assert innovation(r, fallback_sd=0.02).sd_per_day == 0.02
    none_rated = replace(r, state=np.full(r.state.shape, np.int8(State.TOO_FEW)))
    assert innovation(none_rated).source == "fallback"


def test_no_change_told_from_chance_keeps_a_least_pace() -> None:
    flat = np.full((400, 2), 300.0)
    assert innovation(reproduction(flat, flat, PMF)).sd_per_day == LEAST_SD


def test_one_series_is_read_like_a_table() -> None:
    cases = np.random.default_rng(6).poisson(200.0, 300).astype(float)
    one = innovation(reproduction(cases, cases, PMF))
    table = cases[:, None]
    assert one == innovation(reproduction(table, table, PMF))


def test_only_the_recent_past_counts() -> None:
    rng = np.random.default_rng(7)
    wild, _ = walking(rng, 0.2, days=400)
    calm, _ = walking(rng, 0.02, days=400)
    both = joined(wild, calm, axis=0)
    assert innovation(both).sd_per_day < 0.05
    assert innovation(both, history_days=900).sd_per_day > 0.1


def test_the_filtered_start_is_honest_about_the_last_day() -> None:
    rng = np.random.default_rng(8)
    inside, error, last_week = [], [], []
    for _ in range(30):
        r, walk = walking(rng, 0.03, days=100, areas=20, shape=20.0)
        start = start_from(r, Innovation(0.03, 52.0, "own"))
        miss = start.log_r[:, 0] - walk[-1]
        inside.append(np.abs(miss) <= 1.96 * np.sqrt(start.variance[:, 0]))
        error.append(miss**2)
        last_week.append((np.log(r.mean[-1]) - walk[-1]) ** 2)
    assert 0.92 <= np.mean(inside) <= 0.98
    assert np.mean(error) < 0.75 * np.mean(last_week)


def test_the_filter_agrees_with_conditioning_all_days_at_once() -> None:
    r, _ = walking(np.random.default_rng(10), 0.04, days=21, areas=1, shape=30.0)
    start = start_from(r, Innovation(0.04, 52.0, "own"))
    day = np.arange(1, 22)
    joint = PRIOR_VARIANCE + 0.04**2 * np.minimum(day[:, None], day)
    mean = np.kron(np.eye(3), np.full((1, 7), 1 / 7))
    noise = np.eye(3) * polygamma(1, 30.0)
    seen = digamma(30.0) - np.log(30.0 / r.mean[[0, 7, 14], 0])
    weights = np.linalg.solve(mean @ joint @ mean.T + noise, mean @ joint[:, -1])
    assert start.log_r[0, 0] == pytest.approx(weights @ seen)
    assert start.variance[0, 0] == pytest.approx(joint[-1, -1] - weights @ mean @ joint[:, -1])


def test_a_single_window_leans_on_the_prior() -> None:
    cases = np.full((9, 1), 20.0)
    r = reproduction(cases, cases, PMF, last=1)
    start = start_from(r, innovation(r))
    assert start.variance[0, 0] < PRIOR_VARIANCE + 7 * FALLBACK_SD**2
    assert start.log_r.shape == (1, 1)


def test_unusable_input_is_refused() -> None:
    r, _ = walking(np.random.default_rng(9), 0.05)
    for call, message in (
        (lambda: innovation(r, history_days=0), "history 0 days"),
        (lambda: innovation(r, fallback_sd=np.nan), "fallback nan"),
        (lambda: start_from(r, innovation(r), past_draws=4), "R of 6 series"),
        (lambda: innovation(_mixed(r)), r"windows of \[7, 14\] days"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def _mixed(r: Reproduction) -> Reproduction:
    starts = r.t_start.copy()
    starts[3] -= 7
    return replace(r, t_start=starts)
