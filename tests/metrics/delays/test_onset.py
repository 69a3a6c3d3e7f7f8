"""Imputed onsets: every case is somewhere, phase and weekday are respected."""

import numpy as np
import pytest

from metrics.delays.onset import backward_delay, impute_onsets

DELAYS = 15


def _pmf(mean: float) -> np.ndarray:
    h = np.arange(DELAYS)
    pmf = (h + 0.5) * np.exp(-2 * h / mean)
    return np.asarray(pmf / pmf.sum())


def _epidemic(
    rng: np.random.Generator, growth: float, *, areas: int = 3, level: float = 60.0, days: int = 70
) -> tuple[np.ndarray, np.ndarray]:
    """Cases by onset day, and by report day and delay, reports on or before the last day."""
    onsets = rng.poisson(level * np.exp(growth * np.arange(days))[:, None], (days, areas))
    by_report = np.zeros((days, DELAYS, areas))
    for t in range(days):
        for a in range(areas):
            for d, n in enumerate(rng.multinomial(onsets[t, a], _pmf(6.0))):
                if t + d < days:
                    by_report[t + d, d, a] += n
    return onsets, by_report


def _known_part(by_report: np.ndarray) -> np.ndarray:
    """Cases by onset day as reported so far."""
    days = by_report.shape[0]
    result = np.zeros((days, by_report.shape[2]))
    for d in range(DELAYS):
        result[: days - d] += by_report[d:, d]
    return result


@pytest.mark.parametrize("growth", [0.06, 0.0, -0.06])
def test_imputed_courses_are_those_of_full_data(growth: float) -> None:
    rng = np.random.default_rng(11)
    _, full = _epidemic(rng, growth, level=60 * np.exp(-35 * growth))
    known = rng.binomial(full.astype(int), 0.5).astype(float)
    missing = (full - known).sum(axis=1)
    result = impute_onsets(known, missing, rng)
    truth = _known_part(full)
    inner = slice(20, 66)
    mean = result.counts.mean(axis=2)
    assert mean[inner].sum() == pytest.approx(truth[inner].sum(), rel=0.02)
    trend = np.polyfit(np.arange(46), np.log(mean[inner].sum(axis=1)), 1)[0]
    true_trend = np.polyfit(np.arange(46), np.log(truth[inner].sum(axis=1)), 1)[0]
    assert trend == pytest.approx(true_trend, abs=0.006)
    low, high = np.quantile(result.counts, [0.025, 0.975], axis=2)
    inside = (low <= truth) & (truth <= high)
    # 20 draws reach to their 2nd and 19th: nine tenths at best.
    assert 0.8 <= inside[inner].mean() <= 1.0


def test_backward_delays_are_shorter_in_growth() -> None:
    rng = np.random.default_rng(12)
    days = np.arange(DELAYS)
    means = []
    for growth in (0.08, -0.08):
        _, full = _epidemic(rng, growth, level=200 * np.exp(-45 * growth))
        means.append(float(backward_delay(full)[50, :, 0] @ days))
    expected = [float(_tilted(growth) @ days) for growth in (0.08, -0.08)]
    np.testing.assert_allclose(means, expected, atol=0.35)
    assert means[0] < means[1] - 1


def _tilted(growth: float) -> np.ndarray:
    """Closed form: P(delay | report) is proportional to pmf times exp(-growth x delay)."""
    weights = _pmf(6.0) * np.exp(-growth * np.arange(DELAYS))
    return np.asarray(weights / weights.sum())


def test_weekdays_of_report_have_their_own_delay() -> None:
    """On every seventh day only long delays are reported."""
    known = np.zeros((56, 11))
    known[:, 2] = 100.0
    known[6::7] = 0.0
    known[6::7, 8] = 100.0
    delay = backward_delay(known)[..., 0]
    assert delay[55, 8] > 0.6
    assert delay[54, 2] > 0.75


def test_no_case_is_lost_or_invented() -> None:
    rng = np.random.default_rng(13)
    known = rng.poisson(1.5, (30, DELAYS, 4)).astype(float)
    missing = rng.poisson(2.0, (30, 4)).astype(float)
    result = impute_onsets(known, missing, rng, draws=5)
    assert result.counts.shape == (30, 4, 5)
    drawn = result.imputed.sum(axis=0) + result.before
    np.testing.assert_array_equal(drawn, np.repeat(missing.sum(axis=0)[:, None], 5, axis=1))
    np.testing.assert_array_equal((result.counts - result.imputed)[..., 0], _known_part(known))


def test_asymptomatic_cases_are_left_out_unless_asked_for() -> None:
    known, never = np.ones((20, 4)), np.full(20, 3.0)
    missing = np.zeros(20)
    rng = np.random.default_rng(14)
    out = impute_onsets(known, missing, rng, asymptomatic=never)
    assert out.asymptomatic == "exclude"
    assert out.imputed.sum() == 0
    would = impute_onsets(
        known, missing, rng, asymptomatic=never, treat_asymptomatic="would_be_onset"
    )
    assert would.asymptomatic == "would_be_onset"
    np.testing.assert_array_equal(would.imputed.sum(axis=0) + would.before, 60.0)


def test_a_day_added_changes_no_earlier_delay() -> None:
    rng = np.random.default_rng(15)
    known = rng.poisson(2.0, (40, 6, 2)).astype(float)
    np.testing.assert_array_equal(backward_delay(known)[:39], backward_delay(known[:39]))


def test_areas_without_known_onsets_take_the_delay_of_all() -> None:
    known = np.zeros((30, 6, 2))
    known[:, 3, 0] = 200.0
    delay = backward_delay(known)
    assert delay[-1, 3, 1] > 0.98


def test_without_any_known_onset_nothing_is_invented() -> None:
    """Spread evenly over 0 … D, they would look like a course."""
    rng = np.random.default_rng(16)
    assert np.isnan(backward_delay(np.zeros((30, 6)))).all()
    with pytest.raises(ValueError, match="known onsets: none among 30 report days, but 90 cases"):
        impute_onsets(np.zeros((30, 6)), np.full(30, 3.0), rng)
    assert impute_onsets(np.zeros((30, 6)), np.zeros(30), rng).counts.sum() == 0


def test_days_before_the_first_known_onset_take_its_delay() -> None:
    known, missing = np.zeros((30, 6)), np.zeros(30)
    known[12:, 1], missing[8] = 400.0, 1_000.0
    np.testing.assert_array_equal(backward_delay(known)[3], backward_delay(known)[12])
    result = impute_onsets(known, missing, np.random.default_rng(17))
    assert result.imputed[7].mean() > 850


@pytest.mark.parametrize(
    ("known", "missing", "message"),
    [
        (np.ones(5), np.ones(5), r"known onsets: shape \(5,\)"),
        (-np.ones((5, 2)), np.ones(5), r"known onsets\[0, 0\]: -1.0"),
        (np.ones((5, 2)), np.ones(4), r"missing: shape \(4, 1\)"),
        (np.ones((5, 2)), np.full(5, 0.5), r"missing\[0, 0\]: 0.5 is no whole number"),
        (np.ones((5, 2)), np.full(5, np.nan), r"missing\[0\]: nan"),
    ],
)
def test_unusable_input_is_refused(known: object, missing: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        impute_onsets(known, missing, np.random.default_rng(1))  # type: ignore[arg-type]  # what users may pass
