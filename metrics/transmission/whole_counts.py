"""The gamma posterior of whole counts in one pass over the data, for ``cori``."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.incidence import Counts
from metrics.kernel import kernel
from metrics.quantiles import Floats
from metrics.transmission.serial_interval import Pmf


@kernel
def largest_window(local: Counts, window: int) -> float:
    """Most cases in any window from day 2 on; tells how long the quantile table must be."""
    largest = 0.0
    run = np.zeros(local.shape[1])
    for t in range(1, local.shape[0]):
        old = t - window
        for j in range(local.shape[1]):
            run[j] += local[t, j]
            if old >= 1:
                run[j] -= local[old, j]  # whole numbers: exact
            largest = max(largest, run[j])
    return largest


@kernel
def _add_past(counts: Counts, pmf: Pmf, past: Counts) -> None:
    """Infectiousness of a block of columns, shape (T, width); day 1 stays 0."""
    for t in range(1, counts.shape[0]):
        today = past[t, : counts.shape[1]]
        today[:] = 0.0
        last = min(pmf.size - 1, t)
        k = 1
        while k + 3 <= last:  # four lags at a time: today's row is written a quarter as often
            w1, w2, w3, w4 = pmf[k], pmf[k + 1], pmf[k + 2], pmf[k + 3]
            x1, x2, x3, x4 = counts[t - k], counts[t - k - 1], counts[t - k - 2], counts[t - k - 3]
            for j in range(today.size):
                today[j] += (w1 * x1[j] + w2 * x2[j]) + (w3 * x3[j] + w4 * x4[j])
            k += 4
        while k <= last:
            weight, earlier = pmf[k], counts[t - k]
            for j in range(today.size):
                today[j] += weight * earlier[j]
            k += 1


@kernel
def _add_run(rows: Counts, start: int, window: int, total: Floats) -> None:
    for t in range(start, start + window):
        row = rows[t]
        for j in range(total.size):
            total[j] += row[j]


@kernel
def _store_moments(
    n: Floats, rate: Floats, shape: float, places: NDArray[np.uint64], cells: NDArray[Any]
) -> float:
    """Mean and sd of a block of windows that end on one day; turn rates into scales."""
    most = 0.0
    for j in range(n.size):
        scale = 1.0 / rate[j]
        rate[j] = scale
        cells[0, j] = (shape + n[j]) * scale
        cells[1, j] = np.sqrt(shape + n[j]) * scale
        places[j] = np.uint64(n[j])
        most = max(most, n[j])
    return most


@kernel
def _store_from_table(
    places: NDArray[np.uint64], scale: Floats, table: Floats, row: NDArray[Any]
) -> None:
    for j in range(row.size):
        row[j] = scale[j] * table[places[j]]


@kernel
def _store_from_series(
    n: Floats, scale: Floats, shape: float, table: Floats, c: Floats, row: NDArray[Any]
) -> None:
    for j in range(row.size):
        if n[j] < table.size:
            row[j] = scale[j] * table[int(n[j])]
        else:
            a = shape + n[j]
            root = np.sqrt(a)
            tail = c[2] + (c[3] + (c[4] + c[5] / root) / root) / root
            row[j] = scale[j] * (a + c[0] * root + c[1] + tail / root)


@kernel
def fill_posterior(
    local: Counts,
    total: Counts,
    pmf: Pmf,
    setting: tuple[int, float, float],
    table: Floats,
    series: Floats,
    result: NDArray[Any],
) -> None:
    """Write mean, sd and quantiles of every window into ``result``, shape (2 + Q, W, A).

    ``setting`` is window, prior shape and prior rate; ``table`` holds quantiles by count, shape
    (Q, counts), and ``series`` takes over above it. A block of columns at a time passes through
    all steps, so that nothing but the result leaves the cache.
    """
    window, prior_shape, prior_rate = setting
    days, areas = total.shape
    past = np.zeros((days, 64))
    for left in range(0, areas, 64):
        right = min(left + 64, areas)
        _add_past(total[:, left:right], pmf, past)
        n, scale = np.zeros(right - left), np.zeros(right - left)
        places = np.zeros(right - left, np.uint64)
        for start in range(1, days - window + 1):
            n[:] = 0.0
            scale[:] = prior_rate
            _add_run(local[:, left:right], start, window, n)
            _add_run(past, start, window, scale)
            cells = result[:, start - 1, left:right]
            most = _store_moments(n, scale, prior_shape, places, cells)
            for q in range(table.shape[0]):
                if most < table.shape[1]:
                    _store_from_table(places, scale, table[q], cells[2 + q])
                else:
                    _store_from_series(n, scale, prior_shape, table[q], series[q], cells[2 + q])
