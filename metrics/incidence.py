"""Checked counts: the arrays every estimator starts from, time first."""

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.kernel import kernel

Counts = NDArray[np.float64]
Scalar = TypeVar("Scalar", bound=np.generic)


def checked_counts(values: ArrayLike, name: str = "incidence") -> Counts:
    """Take counts as a contiguous array of shape (T, A).

    Parameters
    ----------
    values
        Cases per day, shape (T,) or (T, A) with A areas; whole or imputed (fractional).
    name
        How the message calls the array.

    Returns
    -------
    Counts
        Shape (T, A); a single series becomes one column.

    Raises
    ------
    ValueError
        If the shape is another one, or a count is negative or not finite; names the first
        position (0-based) and its value. A day without data must not be passed as 0.
    """
    counts = np.asarray(values, dtype=np.float64)
    if counts.ndim not in (1, 2) or counts.shape[0] == 0:
        raise ValueError(f"{name}: shape {counts.shape} is neither (T,) nor (T, A) with T > 0")
    table = np.ascontiguousarray(counts.reshape(counts.shape[0], -1))
    position = _first_unusable(table.ravel())
    if position >= 0:
        place = [int(i) for i in np.unravel_index(position, counts.shape)]
        raise ValueError(
            f"{name}{place}: {table.flat[position]} is no count; counts are finite and not"
            " negative, and a missing day is not 0"
        )
    return table


def as_given(result: NDArray[Scalar], *, single: bool) -> NDArray[Scalar]:
    """Drop the area axis (the last one) again where the caller gave one series."""
    one: NDArray[Scalar] = result[..., 0] if single else result
    return one


def trailing_sum(values: Counts, window: int) -> Counts:
    """Sums over each run of ``window`` days, shape (T - window + 1, A), first run first.

    Added up directly: a running difference would leave 1e-16 where the sum is exactly 0.
    """
    runs = values.shape[0] - window + 1
    total = values[:runs].copy()
    for shift in range(1, window):
        total += values[shift : shift + runs]
    return total


def is_whole(values: Counts) -> bool:
    """Whether every count is a whole number."""
    return bool(_all_whole(values.ravel()))


@kernel
def _first_unusable(values: Counts) -> int:
    for i in range(values.size):
        if not 0.0 <= values[i] < np.inf:
            return i
    return -1


@kernel
def _all_whole(values: Counts) -> bool:
    whole = True
    for i in range(values.size):
        whole &= values[i] == np.floor(values[i])
    return whole
