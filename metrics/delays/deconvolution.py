"""Onset days of an area that publishes only daily totals by report.

Estimand: cases by onset day that explain the reports under a known delay. A point estimate for
the shape of the past: it is less sure than any line list, and the last days stay hidden.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.incidence import Counts, as_given, checked_counts
from metrics.quantiles import Floats
from metrics.states import State, StateCodes, choose

MOST_ROUNDS = 50
LEAST_OBSERVABLE = 0.5


@dataclass(frozen=True, slots=True)
class Deconvolution:
    """Onsets before and during T days of reports (and A areas).

    ``day``, shape (D + T,), numbers the onset days like the reports, the first report being day
    1, so that earlier onsets have numbers below 1; ``onsets`` and ``state`` have shape (D + T,)
    or (D + T, A). State provisional where at least half of the day's reports fall within the
    data, else hidden; the first D days take up what was reported before, hidden too.
    ``observable`` is that share, shape (D + T,); ``expected`` the reports the onsets explain,
    shape (T,) or (T, A), and ``misfit`` their mean chi-square over ``phi``, shape () or (A,);
    ``rounds`` how many were needed.
    """

    day: NDArray[np.int64]
    onsets: Floats
    observable: Floats
    expected: Floats
    misfit: Floats
    rounds: NDArray[np.int64]
    state: StateCodes


def deconvolve(
    reports: ArrayLike,
    pmf: ArrayLike,
    *,
    phi: ArrayLike = 1.0,
    smooth_days: int = 7,
    most_rounds: int = MOST_ROUNDS,
    until_misfit: float = 1.0,
) -> Deconvolution:
    """Deconvolve reports into onsets by Richardson-Lucy, adjusted for right truncation.

    Parameters
    ----------
    reports
        Cases by day of report, shape (T,) or (T, A); consecutive days.
    pmf
        Delay from onset to report, 0 … D days, shape (D + 1,).
    phi
        Overdispersion of the reports, broadcast to (A,): noise that must not be explained.
    smooth_days
        Centred moving average before, an odd number; 7 takes the weekdays out, 1 is none.
        Totals are kept.
    most_rounds
        Stop at the latest then (one round is always made): further rounds turn noise into waves.
    until_misfit
        Stop once the mean of (reports - expected)^2 / expected / phi is below; 0 for never.

    Returns
    -------
    Deconvolution
        Each round takes lambda_j to lambda_j / q_j sum_i p_{i-j} D_i / E_i, where E_i = sum_{j
        <= i} p_{i-j} lambda_j and q_j is the part of p that falls within the data; sums of
        reports are kept. It starts from the reports moved by the mean delay.

    Raises
    ------
    ValueError
        If a count, the delay or a setting is unusable; names the value.

    References
    ----------
    Goldstein et al. 2009, Proc Natl Acad Sci 106:21825, doi:10.1073/pnas.0902958106.
    """
    given = checked_counts(reports, "reports")
    delay = _checked_delay(pmf)
    if smooth_days < 1 or smooth_days % 2 == 0:
        raise ValueError(f"smoothing over {smooth_days} days; give an odd number of 1 or more")
    spread = np.broadcast_to(np.asarray(phi, dtype=np.float64), given.shape[1:])
    if not (spread > 0).all():
        raise ValueError(f"overdispersion {spread.min()}; it must be above 0")
    counts = _smoothed(given, smooth_days)
    days, longest = counts.shape[0], delay.size - 1
    kernel = delay_matrix(delay, days)
    observable = kernel.sum(axis=0)
    onsets, rounds = richardson_lucy(
        counts,
        delay,
        _start(counts, delay),
        phi=spread,
        most_rounds=most_rounds,
        until_misfit=until_misfit,
    )
    expected = kernel @ onsets
    onset_day = np.arange(1 - longest, days + 1)
    shown = (observable >= LEAST_OBSERVABLE) & (onset_day > 0)
    state = choose(shown, State.PROVISIONAL, State.HIDDEN)
    single = np.ndim(reports) == 1
    return Deconvolution(
        day=onset_day,
        onsets=as_given(onsets, single=single),
        observable=observable,
        expected=as_given(expected, single=single),
        misfit=as_given(_misfit(counts, expected) / spread, single=single),
        rounds=as_given(rounds, single=single),
        state=as_given(np.repeat(state[:, None], counts.shape[1], axis=1), single=single),
    )


def delay_matrix(delay: Floats, days: int) -> Floats:
    """p_{i-j} for report days i and onset days j, shape (T, D + T)."""
    longest = delay.size - 1
    lags = np.arange(days)[:, None] - (np.arange(longest + days) - longest)
    inside = (lags >= 0) & (lags <= longest)
    return np.where(inside, delay[np.clip(lags, 0, longest)], 0.0)


def richardson_lucy(
    counts: Counts,
    delay: Floats,
    start: Floats,
    *,
    phi: ArrayLike = 1.0,
    most_rounds: int = MOST_ROUNDS,
    until_misfit: float = 1.0,
    earlier: bool = True,
) -> tuple[Floats, NDArray[np.int64]]:
    """Richardson-Lucy rounds from a given start; an area that fits well enough rests.

    Parameters
    ----------
    counts, delay
        Reports, shape (T, A), and delay, shape (D + 1,), both checked.
    start
        First guess of the onsets on days 1 - D … T, shape (D + T, A). 0 stays 0 for ever.
    phi, most_rounds, until_misfit
        As for ``deconvolve``.
    earlier
        Whether onsets before day 1 are kept. Published code drops them after each round and so
        loads what was reported at the beginning on day 1.

    Returns
    -------
    tuple
        Onsets, shape (D + T, A), and the rounds of each area, shape (A,).
    """
    kernel = delay_matrix(delay, counts.shape[0])
    reach = np.maximum(kernel.sum(axis=0), 1e-12)[:, None]
    onsets = start
    rounds = np.zeros(counts.shape[1], dtype=np.int64)
    for _ in range(most_rounds):
        expected = kernel @ onsets
        active = (rounds == 0) | (_misfit(counts, expected) / np.asarray(phi) >= until_misfit)
        if not active.any():
            break
        ratio = np.divide(counts, expected, out=np.zeros_like(counts), where=expected > 0)
        onsets = np.where(active, onsets * (kernel.T @ ratio) / reach, onsets)
        if not earlier:
            onsets[: delay.size - 1] = 0.0
        rounds += active
    return onsets, rounds


def _misfit(counts: Counts, expected: Floats) -> Floats:
    """Mean chi-square of each area, over days on which something is expected."""
    some = expected > 0
    parts = np.divide((counts - expected) ** 2, expected, out=np.zeros_like(counts), where=some)
    return np.asarray(parts.sum(axis=0) / np.maximum(some.sum(axis=0), 1))


def _start(counts: Counts, delay: Floats) -> Floats:
    """Reports moved back by the mean delay; the ends repeat the last known day."""
    mean = round(float(delay @ np.arange(delay.size)))
    longest = delay.size - 1
    at = np.clip(np.arange(counts.shape[0] + longest) - longest + mean, 0, counts.shape[0] - 1)
    # A day without cases would stay without for ever.
    least = 1e-3 * counts.mean(axis=0)
    return np.asarray(np.maximum(counts[at], least))


def _smoothed(counts: Counts, days: int) -> Counts:
    """Centred mean, shorter at the ends, with the totals of each area kept."""
    if days == 1:
        return counts
    sums = np.concatenate([np.zeros((1, counts.shape[1])), counts.cumsum(axis=0)])
    t, half = np.arange(counts.shape[0]), days // 2
    low, high = np.maximum(t - half, 0), np.minimum(t + half + 1, counts.shape[0])
    mean = (sums[high] - sums[low]) / (high - low)[:, None]
    total = mean.sum(axis=0)
    return np.asarray(mean * np.divide(sums[-1], total, out=np.ones_like(total), where=total > 0))


def _checked_delay(pmf: ArrayLike) -> Floats:
    delay = np.asarray(pmf, dtype=np.float64)
    if delay.ndim != 1 or delay.size == 0:
        raise ValueError(f"delay: shape {delay.shape}, not (D + 1,)")
    if not (delay >= 0).all() or abs(delay.sum() - 1) > 1e-6:
        raise ValueError(f"delay: least {delay.min()}, sum {delay.sum()}; it must be a pmf")
    return np.asarray(delay / delay.sum())
