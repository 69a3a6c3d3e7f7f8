"""Daily reports in which a day may be missing: NaN is "not reported", never 0."""

import numpy as np
from numpy.typing import ArrayLike

from metrics.incidence import Counts


def checked_reports(values: ArrayLike, name: str) -> Counts:
    """Take reported counts as an array of shape (T, A).

    Parameters
    ----------
    values
        Counts per day, shape (T,) or (T, A); NaN where nothing was reported.
    name
        How the message calls the array.

    Returns
    -------
    Counts
        Shape (T, A); a single series becomes one column.

    Raises
    ------
    ValueError
        If the shape is another one, or a count is negative or infinite; names the first
        position (0-based) and its value.
    """
    reports = np.asarray(values, dtype=np.float64)
    if reports.ndim not in (1, 2) or reports.shape[0] == 0:
        raise ValueError(f"{name}: shape {reports.shape} is neither (T,) nor (T, A) with T > 0")
    wrong = np.argwhere((reports < 0) | np.isinf(reports))
    if wrong.size:
        place = tuple(int(i) for i in wrong[0])
        raise ValueError(
            f"{name}{list(place)}: {reports[place]} is no count; counts are finite and not"
            " negative, a day without report is NaN"
        )
    return np.ascontiguousarray(reports.reshape(reports.shape[0], -1))


def trailing(values: Counts, days: int) -> Counts:
    """Sum of the last ``days`` rows up to each row, fewer at the start, shape (T, A); no NaN."""
    total = values.copy()
    for shift in range(1, min(days, values.shape[0])):
        total[shift:] += values[:-shift]
    return total
