"""Cases that happened but are not reported yet: their predictive distribution.

Gamma-Poisson throughout: onset days have intensities from a gamma distribution about the
area's recent level, so that a quiet area stays quiet. Overdispersion belongs to what is still
to come, never to what is known: no draw falls below the observed count.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc

from metrics.incidence import Counts
from metrics.kernel import kernel
from metrics.quantiles import Floats

PRIOR_SHAPE = 1.5
LEVEL_DAYS = 7
LEVEL_HISTORY = 56
LEVEL_CASES = 2.0  # the parent's level counts as so many cases
LEAST_LEVEL = 1e-3  # cases per day; keeps the prior proper where there was never a case
COMPLETE = 0.9
INFORMATIVE = 0.2  # from this share known on, incomplete days may speak against the level
# Among a thousand quiet areas chance makes some look like an outbreak, and their sum too high:
# at 0.05 cases a day by 2.3 % for 1e-3 and 2.05 % for 1e-4.
JUMP_P = 1e-5
JUMP_SHARES = (COMPLETE, 0.5)  # all incomplete days; the newest, for a rise of these days


@dataclass(frozen=True, slots=True)
class Unreported:
    """Negative binomial of later reports, arrays of one shape.

    ``mean``; ``success`` the p of the distribution, so that its variance is mean / success.
    """

    mean: Floats
    success: Floats

    def widened(self, alpha: ArrayLike) -> "Unreported":
        """Variance times 1 + alpha x mean, mean kept."""
        return Unreported(self.mean, self.success / (1.0 + np.asarray(alpha) * self.mean))

    @property
    def size(self) -> Floats:
        """The other parameter: mean x p / (1 - p), 1 where nothing is to come."""
        rest = 1.0 - self.success
        some = (rest > 0) & (self.mean > 0)
        return np.divide(self.mean * self.success, rest, out=np.ones_like(rest), where=some)


def unreported(
    observed: Floats, share: Floats, level: Floats, *, until: ArrayLike = 1.0
) -> Unreported:
    """What will be reported of onset days of which ``observed`` cases are known.

    Parameters
    ----------
    observed
        Known cases x, any shape.
    share
        F, the share known by now, broadcast to it.
    level
        Expected cases of the day before looking at it, > 0.
    until
        Share known at the later time one asks for; 1 is the final count.

    Returns
    -------
    Unreported
        With lambda ~ Gamma(a, rate b), a / b = level: mean (a + x)(G - F) / (b + F), size
        a + x, p = (b + F) / (b + G), G being ``until``.

    References
    ----------
    Robbins 1956, Proc Third Berkeley Symp 1:157 (empirical Bayes for Poisson means).
    """
    rate = PRIOR_SHAPE / level
    later = np.maximum(np.asarray(until, dtype=np.float64), share)
    return Unreported(
        mean=(PRIOR_SHAPE + observed) * (later - share) / (rate + share),
        success=(rate + share) / (rate + later),
    )


def recent_level(
    observed: Counts,
    share: Counts,
    parent_level: ArrayLike | None = None,
    *,
    course: ArrayLike = 1.0,
) -> Floats:
    """Mean cases per day over the last seven complete days, leaning on the area's own past.

    Those days may lie before an outbreak. Where the known cases of the incomplete days
    (0.2 <= F < 0.9), or of the newest of them (F < 0.5), would be seen in less than one of
    100,000 areas of that level, the level is taken from these days instead.

    Parameters
    ----------
    observed, share
        Known cases and share known, shape (T, A).
    parent_level
        Cases per day one would expect from the area above, shape (A,). Without it: the mean of
        the area over the last 56 complete days, moved as the sum of all areas has moved since.
        Where no day is complete yet, all days count for the share of them that is known.
    course
        Cases of each day over the level, as expected, broadcast to (T, A).

    Returns
    -------
    Floats
        Shape (A,), positive; NaN where the share is, which leaves the other areas alone.
    """
    unknown = np.isnan(share).any(axis=0)
    share = np.where(unknown, 0.0, share)
    days = observed.shape[0]
    incomplete = ~(share >= COMPLETE)
    end = np.where(incomplete.any(axis=0), incomplete.argmax(axis=0), days)
    sums = [
        np.concatenate([np.zeros((1, x.shape[1])), x.cumsum(axis=0)]) for x in (observed, share)
    ]

    def since(length: int) -> tuple[Floats, Floats]:
        at = np.maximum(end - length, 0)[None], end[None]
        cases, due = (
            np.take_along_axis(s, at[1], 0)[0] - np.take_along_axis(s, at[0], 0)[0] for s in sums
        )
        return cases, np.maximum(due, 1e-9)

    cases, due = since(LEVEL_DAYS)
    # A list that has just begun has no complete day: all its days, for what they show.
    new = due < 1.0
    cases = np.where(new, observed.sum(axis=0), cases)
    due = np.where(new, np.maximum(share.sum(axis=0), 1e-9), due)
    if parent_level is None:
        past, past_due = since(LEVEL_HISTORY)
        whole, whole_past = (
            x[~unknown].sum() / max(y[~unknown].sum(), 1e-9)
            for x, y in ((cases, due), (past, past_due))
        )
        moved = whole / max(whole_past, 1e-300)
        above = np.where(new, cases / due, past / past_due * moved)
    else:
        above = np.broadcast_to(np.asarray(parent_level, dtype=np.float64), cases.shape)
    above = np.maximum(above, LEAST_LEVEL)
    level = np.maximum((cases + LEVEL_CASES) / (due + LEVEL_CASES / above), LEAST_LEVEL)
    expected = share * np.broadcast_to(course, share.shape)
    for below in JUMP_SHARES:
        use = (share >= INFORMATIVE) & (share < below)
        risen = _risen(np.where(use, observed, 0.0), np.where(use, expected, 0.0), level, cases)
        level = np.maximum(level, risen)
    return np.where(unknown, np.nan, level)


def _risen(x: Floats, due: Floats, level: Floats, cases: Floats) -> Floats:
    """The level, or that of the incomplete days where these are beyond what it could bring.

    The prior predictive sum is negative binomial by its moments: gamma intensities of shape 1.5
    by day, and a level known from ``cases`` only. The new level is that of the day of a typical
    case, since the rise may have come within these days: E x(x - 1) = (F lambda)^2.
    """
    seen, total = x.sum(axis=0), np.maximum(due.sum(axis=0), 1e-9)
    uneven = (due**2).sum(axis=0) / total**2 / PRIOR_SHAPE
    size = 1.0 / (uneven + 1.0 / (cases + LEVEL_CASES))
    mean = level * total
    tail = np.where(seen > 0, betainc(np.maximum(seen, 1e-9), size, mean / (mean + size)), 1.0)
    typical = np.maximum(x * (x - 1.0), 0.0).sum(axis=0) / np.maximum((x * due).sum(axis=0), 1e-9)
    return np.where(tail < JUMP_P, np.maximum(level, np.maximum(seen / total, typical)), level)


def mixture_quantiles(parts: Unreported, weights: Floats, levels: Floats) -> Floats:
    """Quantiles of a mixture of negative binomials.

    Parameters
    ----------
    parts
        Components on the last axis, shape (..., K).
    weights
        Shape (K,), summing to 1.
    levels
        Rising, shape (Q,).

    Returns
    -------
    Floats
        Smallest whole numbers with cumulative probability of at least the level, exact, shape
        (Q, ...).
    """
    mean = np.ascontiguousarray(parts.mean.reshape(-1, weights.size))
    size = np.ascontiguousarray(parts.size.reshape(-1, weights.size))
    success = np.ascontiguousarray(parts.success.reshape(-1, weights.size))
    result = np.full((levels.size, mean.shape[0]), np.nan)
    _walk((mean, size, success), weights, levels, result)
    return result.reshape(levels.size, *parts.mean.shape[:-1])


@kernel
def _walk(
    parts: tuple[Floats, Floats, Floats], weights: Floats, levels: Floats, result: Floats
) -> None:
    mean, size, success = parts
    cells, k = mean.shape
    mass, start = np.zeros(k), np.zeros(k)
    for i in range(cells):
        if np.isnan(mean[i]).any():
            continue
        end = 0.0
        for c in range(k):
            sd = np.sqrt(mean[i, c] / success[i, c])
            start[c] = max(0.0, np.floor(mean[i, c] - 10.0 * sd))
            end = max(end, mean[i, c] + 60.0 * sd + 10.0)
            mass[c] = 0.0
        y, reached, q = start.min(), 0.0, 0
        while q < levels.size:
            for c in range(k):
                s, p = size[i, c], success[i, c]
                if mean[i, c] <= 0.0:
                    mass[c] = 1.0 if y == 0.0 else 0.0
                elif y == start[c]:
                    mass[c] = np.exp(
                        math.lgamma(y + s)
                        - math.lgamma(s)
                        - math.lgamma(y + 1.0)
                        + s * np.log(p)
                        + y * np.log1p(-p)
                    )
                elif y > start[c]:
                    mass[c] *= (y - 1.0 + s) / y * (1.0 - p)
                reached += weights[c] * mass[c]
            while q < levels.size and (reached >= levels[q] - 1e-12 or y > end):
                result[q, i] = y
                q += 1
            y += 1.0
