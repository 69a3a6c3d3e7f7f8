"""Onsets that are entered after the case was reported: they are late twice.

The delay from onset to report cannot see them: a case reported with a blank onset is not in the
triangle, and joins a day that seemed complete. Two issues of the same data can: of the cases
reported by the earlier one, some have an onset in the later one only.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from metrics.delays.reporting_delay import ReportingDelay
from metrics.incidence import checked_counts
from metrics.quantiles import Floats


def filled_share(then: ArrayLike, now: ArrayLike) -> Floats:
    """Share of onsets that are entered by each age of a report.

    Parameters
    ----------
    then
        Cases with an onset in an earlier issue, by days from their report to the end of that
        issue, shape (K,).
    now
        The same reports as known in an issue so much later that no more are entered.

    Returns
    -------
    Floats
        Shape (K,), never falling with age, 1 at most; ages without reports as their younger
        neighbours, all ones where there are none at all.

    Raises
    ------
    ValueError
        If counts are unusable or differ in shape; names the value.

    References
    ----------
    Monotone fit: Barlow & Brunk 1972, J Am Stat Assoc 67:140,
    doi:10.1080/01621459.1972.10481216.
    """
    before, after = (checked_counts(x, name)[:, 0] for x, name in ((then, "then"), (now, "now")))
    if before.shape != after.shape:
        raise ValueError(f"then: {before.size} ages; now has {after.size}")
    told = np.flatnonzero(after > 0)
    if not told.size:
        return np.ones(before.size)
    # Onsets are also corrected and taken back, so that single ages may have fewer now.
    ratio = np.minimum(before[told] / after[told], 1.0)
    fitted = isotonic_regression(ratio, weights=after[told]).x
    place = np.maximum(np.searchsorted(told, np.arange(before.size), side="right") - 1, 0)
    return np.asarray(fitted[place])


def known_later(delay: ReportingDelay, share: ArrayLike) -> ReportingDelay:
    """Delay from onset until the onset is known, given the delay to report.

    Parameters
    ----------
    delay
        Delay from onset to report, D + 1 days.
    share
        Share of onsets entered by each age of a report, shape (K,), from ``filled_share``.

    Returns
    -------
    ReportingDelay
        Sum of both delays among cases known within D days; the weekday stays that of the report.

    Raises
    ------
    ValueError
        If the share falls, or leaves 0 to 1; names the place.
    """
    known = np.asarray(share, dtype=np.float64)
    wrong = np.flatnonzero((np.diff(known, prepend=0.0) < 0) | ~(known <= 1.0))
    if known.ndim != 1 or wrong.size:
        raise ValueError(f"share: {known[wrong[:1]].tolist()} at age {wrong[:1].tolist()}")
    steps = np.diff(known, prepend=0.0)
    pmf = delay.pmf.reshape(delay.pmf.shape[0], -1)
    days = pmf.shape[0]
    both = np.zeros_like(pmf)
    for age in range(min(days, steps.size)):
        both[age:] += steps[age] * pmf[: days - age]
    both /= both.sum(axis=0)
    return replace(delay, pmf=both.reshape(delay.pmf.shape))
