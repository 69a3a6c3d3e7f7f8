"""How many days a window needs, told by infectiousness and never by the cases it will hold.

A window stretched until it holds enough cases ends on a day with cases: R comes out 28 % high at
0.2 cases a day. Infectiousness is known beforehand, but for what the window's own cases add.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.incidence import Counts, trailing_sum
from metrics.kernel import kernel

LEAST_EXPECTED = 11.0  # a posterior coefficient of variation of 0.3
MARGIN = 1.2  # by how much a shorter window must pass before it is taken again
LEAST_HISTORY = 0.95  # of the serial interval, in days that the series tells of


def checked_lengths(windows: Sequence[int], days: int) -> tuple[int, ...]:
    """Window lengths in days, shortest first, that fit a series of ``days`` days.

    Raises
    ------
    ValueError
        If there is none, they do not rise, or one is under 2 or the shortest does not fit;
        names the length.
    """
    lengths = tuple(int(length) for length in windows)
    if not lengths or any(b <= a for a, b in pairwise(lengths)):
        raise ValueError(f"windows {lengths}: give one length or several rising ones, in days")
    if not 2 <= lengths[0] <= days - 1:
        raise ValueError(
            f"window {lengths[0]} days: with {days} days of data it must be 2 to {days - 1}"
            " (windows start on day 2)"
        )
    return lengths


def window_totals(values: Counts, lengths: tuple[int, ...]) -> Counts:
    """Sums over the windows of each length that end on the same day.

    Parameters
    ----------
    values
        Per day, shape (T, A); the first day is in no window.
    lengths
        Rising lengths, L of them.

    Returns
    -------
    Counts
        Shape (L, T - lengths[0], A), the first window ending on day ``lengths[0] + 1``; NaN
        where the series is too short for a length.
    """
    ends = values.shape[0] - lengths[0]
    result = np.full((len(lengths), ends, values.shape[1]), np.nan)
    for place, length in enumerate(lengths):
        late = length - lengths[0]
        if late < ends:
            result[place, late:] = trailing_sum(values[1:], length)
    return result


def choose_windows(support: Counts) -> NDArray[np.int64]:
    """Choose for every area and day the shortest window with enough infectiousness.

    Parameters
    ----------
    support
        Infectiousness / overdispersion of each candidate window, shape (L, W, A), shortest
        first; NaN where it does not fit.

    Returns
    -------
    NDArray[np.int64]
        Index of the window, shape (W, A); the longest that fits where none is enough. A longer
        one is taken as soon as it is needed, a shorter one only when it passes by 20 %, so that
        the course does not jump between two lengths. Looks back only.
    """
    chosen = np.zeros(support.shape[1:], dtype=np.int64)
    if support.shape[0] > 1:
        _choose(support, LEAST_EXPECTED, MARGIN, chosen)
    return chosen


def taken(values: Counts, chosen: NDArray[np.int64]) -> Counts:
    """Values of the chosen window, from shape (L, W, A) to (W, A)."""
    return np.asarray(np.take_along_axis(values, chosen[None], axis=0)[0])


@kernel
def _choose(support: Counts, least: float, margin: float, chosen: NDArray[np.int64]) -> None:
    lengths, ends, areas = support.shape
    for a in range(areas):
        current = lengths
        for t in range(ends):
            first = 0
            while first + 1 < lengths and not support[first, t, a] >= least:
                first += 1
            while first > 0 and np.isnan(support[first, t, a]):
                first -= 1
            if first < current < lengths and support[current, t, a] >= least:
                first = 0
                while first < current and not support[first, t, a] >= margin * least:
                    first += 1
            current = first
            chosen[t, a] = current


def has_history(t_start: NDArray[np.int64], pmf: ArrayLike) -> NDArray[np.bool_]:
    """Whether those who infected a window's cases lie in the series, shape of ``t_start``.

    Cases before the first day count as none, and R comes out too high for it: at steady counts
    and a mean interval of 5 days 1.8 in the window from day 2, 1.1 in that from day 7.

    Parameters
    ----------
    t_start
        1-based first days of windows.
    pmf
        Serial interval, shape (K,), or one of each period, (P, K).
    """
    known = np.cumsum(np.atleast_2d(np.asarray(pmf, dtype=np.float64)), axis=1).min(axis=0)
    share = known[np.minimum(t_start - 1, known.size - 1)]
    return np.asarray(share >= LEAST_HISTORY)
