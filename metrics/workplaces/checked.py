"""Checked counts and amounts: what every figure of workplaces starts from."""

from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.quantiles import Floats


def whole_counts(values: ArrayLike, name: str) -> Floats:
    """Whole numbers of events, any shape.

    Raises
    ------
    ValueError
        If a count is negative, fractional or not finite; names argument, index and value.
    """
    counts = np.asarray(values, dtype=np.float64)
    refuse(
        ~((counts >= 0) & np.isfinite(counts) & (counts == np.floor(counts))),
        counts,
        name,
        "is no count; counts are whole and not negative, and what is unknown is not 0",
    )
    return counts


def amounts(values: ArrayLike, name: str, *, above_zero: bool = False) -> Floats:
    """Finite numbers of at least 0, or above it, any shape.

    Raises
    ------
    ValueError
        If a value is negative, 0 where it must be more, or not finite; names argument, index
        and value.
    """
    found = np.asarray(values, dtype=np.float64)
    sound = (found > 0 if above_zero else found >= 0) & np.isfinite(found)
    rule = "a number above 0 is needed" if above_zero else "a number of at least 0 is needed"
    refuse(~sound, found, name, f"is unusable; {rule}")
    return found


def refuse(wrong: NDArray[np.bool_], values: Floats, name: str, rule: str) -> None:
    """Raise for the first value that is wrong.

    Raises
    ------
    ValueError
        If there is one; names argument, index and value.
    """
    if wrong.any():
        _refuse_at(np.argwhere(wrong)[0], values, name, rule)


def same_shape(first: Floats, second: Floats, names: tuple[str, str]) -> None:
    """Hold two arrays to one shape.

    Raises
    ------
    ValueError
        If they differ; names both shapes.
    """
    if first.shape != second.shape:
        raise ValueError(f"{names[1]}: shape {second.shape}; {names[0]} has {first.shape}")


def events_without_exposure(events: Floats, exposure: Floats, names: tuple[str, str]) -> None:
    """Refuse events where nobody was exposed.

    Raises
    ------
    ValueError
        If there are some; names argument, index and value.
    """
    refuse(
        (events > 0) & (exposure == 0),
        events,
        names[0],
        f"stands over {names[1]} of 0; without a denominator there is no rate",
    )


def checked_level(level: float) -> float:
    """Probability of an interval, strictly between 0 and 1.

    Raises
    ------
    ValueError
        If it lies outside; names it.
    """
    if not 0 < level < 1:
        raise ValueError(f"interval level {level}; it must lie between 0 and 1")
    return float(level)


def _refuse_at(place: NDArray[np.int64], values: Floats, name: str, rule: str) -> NoReturn:
    index = [int(i) for i in place]
    value = values[tuple(index)]
    raise ValueError(f"{name}{index or ''}: {value} {rule}")
