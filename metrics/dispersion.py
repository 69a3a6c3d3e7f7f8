"""How much wider than Poisson the counts scatter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.incidence import Counts
from metrics.kernel import kernel

LEAST_MEAN = 0.05  # one case where 0.01 were expected would count as 98


@dataclass(frozen=True, slots=True)
class Dispersion:
    """Overdispersion as known on each day.

    All arrays have shape (T, A). ``pearson`` is variance over mean, not floored, 1 where
    nothing can be learned; ``mean`` the expected cases per day it belongs to; ``alpha`` the
    variance beyond Poisson over the squared mean (1/k of a negative binomial), 0 at least.
    """

    pearson: Counts
    mean: Counts
    alpha: Counts

    def shrunk(self, alpha_parent: NDArray[np.float64] | float | None) -> Counts:
        """Factor to widen with: the parent's alpha counts half; never below 1; shape (T, A).

        28 days know the factor to about 30 %. alpha, unlike the factor, is alike in small and
        large areas, so it is alpha that is borrowed.
        """
        if alpha_parent is None:
            return np.asarray(np.maximum(1.0, self.pearson))
        pooled = 0.5 * self.alpha + 0.5 * np.asarray(alpha_parent, dtype=np.float64)
        return np.asarray(np.maximum(1.0, 1.0 + self.mean * pooled))


def dispersion(
    cases: Counts, expected: Counts, *, first: int = 0, window: int = 7, history: int = 28
) -> Dispersion:
    """Pearson dispersion of counts about a locally constant multiple of an expected course.

    Parameters
    ----------
    cases
        Cases per day, shape (T, A), finite.
    expected
        Course up to a factor, shape (T, A): infectiousness times weekday for R, the weekday
        factor alone for counts. Finite from day ``first`` (0-based) on.
    window
        Days over which the factor is constant: centred on each day, for the last days the
        last complete window.
    history
        Days averaged.

    Returns
    -------
    Dispersion
        Mean of (cases - mean)²/mean over the trailing days whose mean is at least 0.05, times
        window / (window - 1) for the fitted factor.

    References
    ----------
    McCullagh & Nelder 1989, Generalized Linear Models, 4.5, doi:10.1007/978-1-4899-3242-6.
    """
    shape = cases.shape
    pearson, mean = np.ones(shape), np.zeros(shape)
    if window < 2 or shape[0] - first < window:
        return Dispersion(pearson, mean, np.zeros(shape))
    ratio = np.zeros((shape[0] - window - first + 1, shape[1]))
    _window_ratio(cases, expected, first, window, ratio)
    _trailing_pearson(cases, expected, (first, window, history), ratio, pearson, mean)
    alpha = np.divide(np.maximum(0.0, pearson - 1.0), mean, out=np.zeros(shape), where=mean > 0.0)
    return Dispersion(pearson, mean, alpha)


@kernel
def _window_ratio(cases: Counts, expected: Counts, first: int, window: int, ratio: Counts) -> None:
    """Cases over expected in the window that starts i days after ``first``, shape (n, A)."""
    for i in range(ratio.shape[0]):
        for a in range(ratio.shape[1]):
            seen, due = 0.0, 0.0
            for t in range(first + i, first + i + window):
                seen += cases[t, a]
                due += expected[t, a]
            ratio[i, a] = seen / due if due > 0.0 else 0.0


@kernel
def _trailing_pearson(
    cases: Counts,
    expected: Counts,
    setting: tuple[int, int, int],
    ratio: Counts,
    pearson: Counts,
    mean: Counts,
) -> None:
    first, window, history = setting
    days, areas = cases.shape
    for a in range(areas):
        for end in range(first + window - 1, days):
            total, due, used = 0.0, 0.0, 0
            for t in range(max(first, end - history + 1), end + 1):
                centred = min(max(t - window // 2, first), end - window + 1) - first
                mu = ratio[centred, a] * expected[t, a]
                if mu >= LEAST_MEAN:
                    total += (cases[t, a] - mu) ** 2 / mu
                    due += mu
                    used += 1
            if used > 0:
                pearson[end, a] = total / used * window / (window - 1)
                mean[end, a] = due / used
