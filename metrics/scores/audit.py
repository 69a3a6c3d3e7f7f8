"""Live self-audit: how often later data fell inside the intervals that were published.

No simulation can answer for the real world. Once days have matured, each interval ever shown
either held the value or did not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.proportions import Share
from metrics.quantiles import Floats
from metrics.scores.coverage import share_inside
from metrics.states import State

AGES = (-14, -7, 0, 3, 7, 14, 28)  # days from the reference day to publication; forecasts below 0
SIZES = (0.0, 1.0, 10.0, 100.0, np.inf)  # mean daily cases
LEAST_PAIRS = 30
LEAST_BLOCKS = 4
BLOCK_DAYS = 14

Labels = NDArray[np.int64]
Group = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Published:
    """Intervals as published, one row each, arrays of shape (N,).

    ``indicator`` and ``area`` are whole-number labels, ``day`` and ``published_on`` day numbers
    of one calendar; ``level`` the probability said, ``low`` and ``high`` the bounds shown,
    ``size`` the area's mean daily cases when it was published.
    """

    indicator: Labels
    area: Labels
    day: Labels
    published_on: Labels
    level: Floats
    low: Floats
    high: Floats
    size: Floats


@dataclass(frozen=True, slots=True)
class Matured:
    """Values as known once no more reports are expected, one row per indicator, area and day."""

    indicator: Labels
    area: Labels
    day: Labels
    value: Floats


@dataclass(frozen=True, slots=True)
class Hits:
    """How often later data fell inside, for one group of published intervals.

    ``age`` and ``size`` are limits (from, below) or None for all; ``said`` the probability on
    the interval, ``inside`` the share of ``compared`` that held the later value, with its 95 %
    range; ``above`` and ``below`` the shares of later values beyond the upper and the lower
    bound; ``waiting`` intervals whose day has not matured; ``blocks`` fortnights they come
    from. ``state``: final; too_few under 30 comparisons or four fortnights, no share then.
    """

    indicator: int
    said: float
    age: Group | None
    size: Group | None
    compared: int
    waiting: int
    blocks: int
    inside: Share
    below: float
    above: float
    state: State


def audit(
    published: Published,
    matured: Matured,
    *,
    ages: Sequence[float] = AGES,
    sizes: Sequence[float] = SIZES,
    least: int = LEAST_PAIRS,
) -> tuple[Hits, ...]:
    """Compare published intervals with what is known now.

    Parameters
    ----------
    published
        Every interval as it was shown, also those since replaced. Each counts once.
    matured
        Final values; days that are not here yet wait.
    ages
        Rising limits of age groups, days from the reference day to publication. Forecasts are
        older than their day and have negative ages.
    sizes
        Rising limits of groups of areas, mean daily cases.
    least
        Fewest comparisons for a share.

    Returns
    -------
    tuple of Hits
        For each indicator and probability: all, then by age, then by size; only groups with
        an interval. The range of a share allows for areas and for fortnights that are right or
        wrong together, whichever widens more.

    Raises
    ------
    ValueError
        If columns differ in length, a value is impossible, limits do not rise, or a matured
        value stands twice; names it.

    References
    ----------
    Empirical coverage as in Cramer et al. 2022, PNAS 119:e2113561119,
    doi:10.1073/pnas.2113561119; range of the share as in ``metrics.scores.coverage``.
    """
    _check(published, matured, ages, sizes)
    value = later_values(published, matured)
    age = (published.published_on - published.day).astype(np.float64)
    found: list[Hits] = []
    for indicator in np.unique(published.indicator):
        for said in np.unique(published.level[published.indicator == indicator]):
            own = (published.indicator == indicator) & (published.level == said)
            groups: list[tuple[Group | None, Group | None]] = [(None, None)]
            groups += [(limits, None) for limits in pairwise(ages)]
            groups += [(None, limits) for limits in pairwise(sizes)]
            for by_age, by_size in groups:
                rows = own & _within(age, by_age) & _within(published.size, by_size)
                if rows.any():
                    found.append(
                        _hits(published, value, rows, group=(by_age, by_size), least=least)
                    )
    return tuple(found)


def later_values(published: Published, matured: Matured) -> Floats:
    """The matured value of each published row, NaN where there is none yet, shape (N,)."""
    keys = [np.stack([x.indicator, x.area, x.day], axis=1) for x in (published, matured)]
    _, member = np.unique(np.concatenate(keys), axis=0, return_inverse=True)
    names = member.ravel()
    table = np.full(int(names.max(initial=-1)) + 1, np.nan)
    count = published.day.size
    table[names[count:]] = matured.value
    return table[names[:count]]


def _within(values: Floats, limits: Group | None) -> NDArray[np.bool_]:
    if limits is None:
        return np.ones(values.shape, dtype=np.bool_)
    return (values >= limits[0]) & (values < limits[1])


def _hits(
    published: Published,
    value: Floats,
    rows: NDArray[np.bool_],
    *,
    group: tuple[Group | None, Group | None],
    least: int,
) -> Hits:
    known = rows & np.isfinite(value)
    later, low, high = value[known], published.low[known], published.high[known]
    area, block = published.area[known], published.day[known] // BLOCK_DAYS
    compared, blocks = int(known.sum()), np.unique(block).size
    enough = compared >= max(least, 1) and blocks >= LEAST_BLOCKS
    nothing = Share(*(np.asarray(np.nan) for _ in range(3)))
    return Hits(
        indicator=int(published.indicator[rows][0]),
        said=float(published.level[rows][0]),
        age=group[0],
        size=group[1],
        compared=compared,
        waiting=int(rows.sum()) - compared,
        blocks=blocks,
        inside=share_inside((low <= later) & (later <= high), [area, block]) if enough else nothing,
        below=float(np.mean(later < low)) if enough else np.nan,
        above=float(np.mean(later > high)) if enough else np.nan,
        state=State.FINAL if enough else State.TOO_FEW,
    )


def _check(
    published: Published, matured: Matured, ages: Sequence[float], sizes: Sequence[float]
) -> None:
    for name, limits in (("ages", ages), ("sizes", sizes)):
        if any(b <= a for a, b in pairwise(limits)):
            raise ValueError(f"{name} {tuple(limits)}: limits must rise")
    columns = {
        "published": ("indicator", "area", "day", "published_on", "level", "low", "high", "size"),
        "matured": ("indicator", "area", "day", "value"),
    }
    for record, names in ((published, columns["published"]), (matured, columns["matured"])):
        lengths = {name: np.shape(getattr(record, name)) for name in names}
        if len(set(lengths.values())) > 1 or len(lengths["day"]) != 1:
            raise ValueError(f"audit columns of different shapes: {lengths}")
    _refuse("level", published.level, ~((published.level > 0) & (published.level < 1)))
    _refuse("low above high or not finite", published.low, ~_ordered(published.low, published.high))
    _refuse("size", published.size, ~(published.size >= 0))
    _refuse("matured value", matured.value, ~np.isfinite(matured.value))
    keys = np.stack([matured.indicator, matured.area, matured.day], axis=1)
    if len(np.unique(keys, axis=0)) < len(keys):
        seen, count = np.unique(keys, axis=0, return_counts=True)
        raise ValueError(f"matured: {seen[count > 1][0].tolist()} stands twice; give the last one")


def _ordered(low: ArrayLike, high: ArrayLike) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(low) & np.isfinite(high) & (np.asarray(low) <= high))


def _refuse(what: str, values: Floats, wrong: NDArray[np.bool_]) -> None:
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(f"audit row {row}: {what}: {values[row]}")
