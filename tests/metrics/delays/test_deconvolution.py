"""Onsets from daily totals by report."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metrics.delays.deconvolution import deconvolve, delay_matrix, richardson_lucy
from metrics.states import State

DELAY = np.array([0.0, 0.1, 0.3, 0.3, 0.2, 0.1])


@pytest.mark.parametrize("most_rounds", [2, 10, 50])
def test_rounds_meet_published_code(reference_tools: Path, most_rounds: int) -> None:
    """That code counts one round more than it makes and starts from reports moved by the mode."""
    table = pd.read_csv(reference_tools / "richardson_lucy_goldstein_flu1918.csv")
    table = table[(table["max_iter"] == most_rounds) & table["right_censor"]]
    expected = table.set_index("time")["imputed"].loc[1:91].to_numpy()
    reports = pd.read_csv(reference_tools / "inputs" / "Flu1918_incidence.csv")["I"].to_numpy(float)
    delay = pd.read_csv(reference_tools / "richardson_lucy_delay_pmf.csv")["p"].to_numpy()
    longest, mode = delay.size - 1, int(np.argmax(delay))
    start = np.zeros((longest + reports.size, 1))
    start[longest - mode : -mode, 0] = reports
    onsets, rounds = richardson_lucy(
        reports[:, None],
        delay,
        start,
        most_rounds=most_rounds - 1,
        until_misfit=0.0,
        earlier=False,
    )
    assert rounds[0] == most_rounds - 1
    np.testing.assert_allclose(onsets[longest : longest + 91, 0], expected, atol=1e-9)


def _reports(onsets: np.ndarray) -> np.ndarray:
    """Each onset day's cases spread by hand, the first D report days left out."""
    reports = np.zeros((onsets.shape[0] + DELAY.size - 1, *onsets.shape[1:]))
    for j in range(onsets.shape[0]):
        for d, p in enumerate(DELAY):
            reports[j + d] += p * onsets[j]
    return reports[DELAY.size - 1 : onsets.shape[0]]


def test_a_smooth_course_is_found_again() -> None:
    t = np.arange(85)
    truth = 200 * np.exp(0.8 * np.sin(2 * np.pi * t / 50))
    result = deconvolve(_reports(truth), DELAY, smooth_days=1, until_misfit=1e-9, most_rounds=400)
    inner = slice(8, -4)
    np.testing.assert_allclose(result.onsets[inner], truth[inner], rtol=0.02)
    np.testing.assert_allclose(result.expected, _reports(truth), rtol=1e-3)


def test_one_round_is_the_formula() -> None:
    rng = np.random.default_rng(4)
    reports, start = rng.poisson(30, 20).astype(float), rng.uniform(10, 50, 25)
    got, _ = richardson_lucy(
        reports[:, None], DELAY, start[:, None], most_rounds=1, until_misfit=0.0
    )
    for j in range(25):
        fell = [(i, DELAY[i + 5 - j]) for i in range(20) if 0 <= i + 5 - j <= 5]
        pull = 0.0
        for i, p in fell:
            expected = sum(DELAY[i + 5 - k] * start[k] for k in range(25) if 0 <= i + 5 - k <= 5)
            pull += p * reports[i] / expected
        q = sum(p for _, p in fell)
        assert got[j, 0] == pytest.approx(start[j] * pull / q if q > 0 else 0.0)


def test_reports_are_conserved_and_truncation_does_not_pull_the_end_down() -> None:
    rng = np.random.default_rng(5)
    reports = rng.poisson(np.full((60, 3), [20.0, 100.0, 500.0])).astype(float)
    result = deconvolve(reports, DELAY)
    np.testing.assert_allclose(result.expected.sum(axis=0), reports.sum(axis=0), rtol=1e-9)
    shown = result.state == State.PROVISIONAL
    last = result.onsets[np.flatnonzero(shown[:, 2])[-3:], 2]
    np.testing.assert_allclose(last, 500, rtol=0.2)


def test_days_that_cannot_be_seen_are_hidden() -> None:
    result = deconvolve(np.full(30, 50.0), DELAY)
    assert list(result.day[[0, 5, -1]]) == [-4, 1, 30]
    assert (result.state[:5] == State.HIDDEN).all()
    assert result.state[5] == State.PROVISIONAL
    # Of day 28's cases 0.4 are reported by day 30, of day 27's 0.7.
    np.testing.assert_allclose(result.observable[-4:], [0.7, 0.4, 0.1, 0.0])
    labels = [State(code).label for code in result.state[-4:]]
    assert labels == ["provisional", "hidden", "hidden", "hidden"]


def test_noise_is_not_explained_where_counts_are_overdispersed() -> None:
    rng = np.random.default_rng(6)
    reports = rng.poisson(50 * rng.gamma(4, 0.25, (80, 1))).astype(float)
    plain = deconvolve(reports, DELAY, smooth_days=1)
    wide = deconvolve(reports, DELAY, smooth_days=1, phi=12.0)
    assert wide.rounds[0] < plain.rounds[0]
    assert wide.misfit[0] < 1.0


def test_areas_do_not_touch_each_other_and_nothing_stays_nothing() -> None:
    rng = np.random.default_rng(7)
    reports = rng.poisson(np.full((50, 4), [5.0, 80.0, 0.0, 300.0])).astype(float)
    batch = deconvolve(reports, DELAY)
    for a in (0, 1, 3):
        np.testing.assert_allclose(batch.onsets[:, a], deconvolve(reports[:, a], DELAY).onsets)
    assert (batch.onsets[:, 2] == 0).all()
    flipped = deconvolve(reports[:, ::-1], DELAY)
    np.testing.assert_array_equal(flipped.onsets[:, ::-1], batch.onsets)


def test_weekdays_are_smoothed_away() -> None:
    week = np.array([1.6, 1.3, 1.1, 1.0, 0.9, 0.6, 0.5])
    result = deconvolve(100 * week[np.arange(70) % 7], DELAY, most_rounds=5)
    np.testing.assert_allclose(result.onsets[12:-8], 100, rtol=0.03)


def test_the_matrix_has_the_delay_in_its_columns() -> None:
    matrix = delay_matrix(DELAY, 10)
    assert matrix.shape == (10, 15)
    np.testing.assert_array_equal(matrix[4:10, 9], DELAY)


@pytest.mark.parametrize(
    ("reports", "pmf", "options", "message"),
    [
        ([1.0, -1.0], DELAY, {}, r"reports\[1\]: -1.0"),
        ([1.0, np.nan], DELAY, {}, r"reports\[1\]: nan"),
        ([1.0, 2.0], [0.5, 0.4], {}, "sum 0.9"),
        ([1.0, 2.0], [1.5, -0.5], {}, "least -0.5"),
        ([1.0, 2.0], [[1.0]], {}, r"shape \(1, 1\)"),
        ([1.0, 2.0], DELAY, {"smooth_days": 4}, "smoothing over 4 days"),
        ([1.0, 2.0], DELAY, {"phi": 0.0}, "overdispersion 0.0"),
    ],
)
def test_unusable_input_is_refused(
    reports: object, pmf: object, options: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        deconvolve(reports, pmf, **options)  # type: ignore[arg-type]  # what users may pass
