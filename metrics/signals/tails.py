"""Exact tail of a count given what the area counted before.

If counts are negative binomial with one size k per unit of exposure, the share of a day in the
sum of that day and the others follows a beta-binomial law that no longer depends on the mean.
So the tail is exact for any mean, however small, without a long history.
"""

import math

import numpy as np

from metrics.incidence import Counts
from metrics.kernel import kernel


@kernel
def _log_share(j: float, n: float, size: float, rest: float) -> float:
    """Log probability that j of n cases fall on the day.

    ``rest`` is the others' share where the size is infinite (a binomial), else their size.
    """
    log_p = math.lgamma(n + 1.0) - math.lgamma(j + 1.0) - math.lgamma(n - j + 1.0)
    if np.isinf(size):
        return log_p + j * math.log(1.0 - rest) + (n - j) * math.log(rest)
    log_p += math.lgamma(size + j) - math.lgamma(size)
    log_p += math.lgamma(rest + n - j) - math.lgamma(rest)
    return log_p + math.lgamma(size + rest) - math.lgamma(size + rest + n)


@kernel
def _odds(j: float, n: float, size: float, rest: float) -> float:
    """Probability of j + 1 over that of j."""
    odds = (1.0 - rest) / rest if np.isinf(size) else (size + j) / (rest + n - j - 1.0)
    return (n - j) / (j + 1.0) * odds


@kernel
def _tail(y: float, before: float, size: float, rest: float) -> float:
    """P(at least y of the y + before cases fall on the day), by the shorter of two sums."""
    if y <= 0.0:
        return 1.0
    n = y + before
    share = 1.0 - rest if np.isinf(size) else size / (size + rest)
    total = 0.0
    if y > n * share:
        p, j = math.exp(_log_share(y, n, size, rest)), y
        while j < n and p > 1e-15 * total:
            total += p
            p *= _odds(j, n, size, rest)
            j += 1.0
        return min(1.0, total + (p if j == n else 0.0))
    p, j = math.exp(_log_share(y - 1.0, n, size, rest)), y - 1.0
    while j >= 0.0 and p > 1e-15 * total:
        total += p
        j -= 1.0
        p /= _odds(j, n, size, rest) if j >= 0.0 else 1.0
    return max(0.0, 1.0 - total)


@kernel
def _rest(size: float, exposure: float) -> float:
    """The others' size, or share for Poisson, given their exposure in units of the day's."""
    return exposure / (1.0 + exposure) if np.isinf(size) else size * exposure


@kernel
def fill_tails(y: Counts, before: Counts, size: Counts, exposure: Counts, p: Counts) -> None:
    """P(Y >= y | sum of the others), shape (W, A); exposure of the others in days like the day.

    y and the sum are whole; exposure is above 0; an infinite size is Poisson.
    """
    for i in range(y.shape[0]):
        for a in range(y.shape[1]):
            rest = _rest(size[i, a], exposure[i, a])
            p[i, a] = _tail(y[i, a], before[i, a], size[i, a], rest)


@kernel
def fill_least(
    before: Counts, size: Counts, exposure: Counts, rule: tuple[float, float], least: Counts
) -> None:
    """Smallest count whose tail is at most the level; ``rule`` is (level, first count), (W, A)."""
    level, first = rule
    for i in range(before.shape[0]):
        for a in range(before.shape[1]):
            k, s = size[i, a], before[i, a]
            rest = _rest(k, exposure[i, a])
            low = max(first - 1.0, np.floor(s / exposure[i, a]))
            if _tail(low, s, k, rest) <= level:  # very skewed
                low = first - 1.0
            gap = 1.0 + np.floor(np.sqrt(low))
            high = low + gap
            while high < 1e12 and _tail(high, s, k, rest) > level:
                low, gap = high, 2.0 * gap
                high = low + gap
            while high - low > 1.0:
                middle = np.floor((low + high) / 2.0)
                if _tail(middle, s, k, rest) > level:
                    low = middle
                else:
                    high = middle
            least[i, a] = high
