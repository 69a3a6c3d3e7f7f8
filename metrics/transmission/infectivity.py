"""Infectiousness present on each day: past cases weighted by the serial interval."""

import numpy as np
from numpy.typing import ArrayLike

from metrics.incidence import Counts, as_given, checked_counts
from metrics.kernel import kernel
from metrics.transmission.serial_interval import Pmf, checked_pmf


def infectivity(incidence: ArrayLike, pmf: ArrayLike) -> Counts:
    """Sum over lags k of w_k times the cases k days earlier.

    Parameters
    ----------
    incidence
        All cases per day, local and imported, shape (T,) or (T, A).
    pmf
        Serial interval w_0 = 0, w_1, …, shape (K,).

    Returns
    -------
    Counts
        Expected local cases at R = 1, cases per day, same shape. The first day has no past:
        NaN. Lags are added one by one, so a day without infectious past is exactly 0.

    Raises
    ------
    ValueError
        If a count or the serial interval is unusable; names place and value.

    References
    ----------
    Cori et al. 2013, Am J Epidemiol 178:1505, doi:10.1093/aje/kwt133.
    """
    counts = checked_counts(incidence)
    result = np.zeros_like(counts)
    add_lags(counts, trimmed(checked_pmf(pmf)), result)
    result[0] = np.nan
    return as_given(result, single=np.ndim(incidence) == 1)


def trimmed(pmf: Pmf) -> Pmf:
    """The serial interval without its trailing zeros, which only cost time."""
    return pmf[: np.flatnonzero(pmf)[-1] + 1]


@kernel
def add_lags(counts: Counts, pmf: Pmf, result: Counts) -> None:
    """Add the weighted past to ``result``, shape (T, A), starting from zeros."""
    width = 64  # columns whose recent past stays in the first-level cache
    for left in range(0, counts.shape[1], width):
        for t in range(1, counts.shape[0]):
            today = result[t, left : left + width]
            for k in range(1, min(pmf.size, t + 1)):
                earlier, weight = counts[t - k, left : left + width], pmf[k]
                for j in range(earlier.size):
                    today[j] += weight * earlier[j]
