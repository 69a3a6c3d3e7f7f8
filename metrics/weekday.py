"""Weekday pattern of reporting, learned from the past and shrunk to none.

A laboratory that is closed on Sundays makes R oscillate and looks like overdispersion. The
pattern is estimated for each day from the days before it, so that nothing published changes
when a day is added.
"""

import numpy as np
from numpy.typing import ArrayLike

from metrics.incidence import Counts, as_given, checked_counts, trailing_sum
from metrics.kernel import kernel
from metrics.quantiles import Floats

LEAST_FACTOR = 0.2  # a weekday that never reports would otherwise be divided by 0


def weekday_factors(incidence: ArrayLike, *, history: int = 56) -> Counts:
    """Share of a day's cases that its weekday reports, relative to the mean weekday.

    For day t, each weekday's cases on days t - history … t - 4 are divided by the centred
    seven-day means of those days. The seven ratios are shrunk to 1 by the share of their
    spread that chance explains (positive-part James-Stein, with the overdispersion that
    remains once the pattern is removed), floored at 0.2 and scaled to keep weekly totals.

    Parameters
    ----------
    incidence
        Cases per day, shape (T,) or (T, A); consecutive days, any weekday first.
    history
        Days looked back, at least 21.

    Returns
    -------
    Counts
        Factors, same shape, mean 1 over a week; 1 while fewer than 14 days can be used (the
        first 20 days). Divide cases by them, or multiply expected cases.

    Raises
    ------
    ValueError
        If a count is unusable or the history too short; names the value.

    References
    ----------
    Shrinkage: Efron & Morris 1973, J Am Stat Assoc 68:117, doi:10.1080/01621459.1973.10481350.
    """
    if history < 21:
        raise ValueError(f"weekday history {history} days; at least 21 are needed")
    counts = checked_counts(incidence)
    factors = np.ones_like(counts)
    means = np.zeros_like(counts)
    if counts.shape[0] >= 7:
        means[3:-3] = trailing_sum(counts, 7) / 7.0
    _fill_factors(counts, means, history, factors)
    return as_given(factors, single=np.ndim(incidence) == 1)


@kernel
def _tally(counts: Floats, means: Floats, tally: Counts) -> int:
    """Cases, expected cases and squared cases over expected, by weekday; days used."""
    tally[:] = 0.0
    used = 0
    for i in range(counts.size):
        if means[i] > 0.0:
            day = i % 7
            tally[0, day] += counts[i]
            tally[1, day] += means[i]
            tally[2, day] += counts[i] * counts[i] / means[i]
            used += 1
    return used


@kernel
def _shrunken(tally: Counts, used: int, factors: Floats) -> None:
    """Factors of the seven weekdays from their tallies."""
    residual = 0.0
    noise = 0.0
    for day in range(7):
        factors[day] = tally[0, day] / tally[1, day]
        if factors[day] > 0.0:
            residual += tally[2, day] / factors[day] - tally[0, day]
        noise += 6.0 / 49.0 / tally[1, day]  # a day is one seventh of its own mean
    # Each mean takes one seventh of a degree of freedom from its day, the pattern six.
    noise *= max(1.0, residual / (used * 6.0 / 7.0 - 6.0))
    centre = factors.mean()
    spread = ((factors - centre) ** 2).sum() / 6.0
    kept = max(0.0, 1.0 - noise / spread) if spread > 0.0 else 0.0
    correction = 0.0
    for day in range(7):
        shrunk = 1.0 + kept * (factors[day] / centre - 1.0)
        factors[day] = max(LEAST_FACTOR, shrunk)
        correction += shrunk / factors[day] / 7.0
    factors *= correction


@kernel
def _fill_factors(counts: Counts, means: Counts, history: int, result: Counts) -> None:
    days, areas = counts.shape
    tally, factors = np.zeros((3, 7)), np.ones(7)
    for a in range(areas):
        own, smooth = counts[:, a].copy(), means[:, a].copy()
        for t in range(20, days):
            first = max(3, t - history)
            used = _tally(own[first : t - 3], smooth[first : t - 3], tally)
            if used >= 14 and tally[1].min() > 0.0:
                _shrunken(tally, used, factors)
                result[t, a] = factors[(t - first) % 7]
