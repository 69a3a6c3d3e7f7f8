"""The areas that figures are made for, and in which of them a place counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kms.domain.areas import COUNTRY, Areas

Floats = NDArray[np.float64]


def rated_areas(areas: Areas, on: date) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the country, regions and provinces of a day, and the parent of each."""
    regions = [unit.code for unit in areas.units("region", on)]
    provinces = [u.code for u in areas.units("province", on) if u.code not in regions]
    parents = [""] + [COUNTRY] * len(regions) + [areas.region_of(code, on) for code in provinces]
    return (COUNTRY, *regions, *provinces), tuple(parents)


def ways_up(
    areas: Areas, on: date, places: Iterable[str], units: Sequence[str]
) -> dict[str, list[int]]:
    """Map each place to the positions of the units it counts in."""
    position = {code: index for index, code in enumerate(units)}

    def up(place: str) -> list[int]:
        if place not in areas:
            return [0]
        line = dict.fromkeys((place, *areas.ancestors(place, on), COUNTRY))
        return [position[code] for code in line if code in position]

    return {place: up(place) for place in places}


@dataclass(frozen=True)
class Frame:
    """The days from `start`, the places of a table of sums, and the units they count in.

    `membership` has shape (P, A): 1 where a place counts in a unit.
    """

    start: date
    days: int
    places: tuple[str, ...]
    units: tuple[str, ...]
    membership: Floats


def frame_of(content: pa.Table, areas: Areas, on: date) -> Frame:
    """Return the frame of rows with `area` and `ref_date`, of which there is one at least."""
    first, last = (
        date.fromisoformat(text) for text in pc.min_max(content["ref_date"]).as_py().values()
    )
    units, _ = rated_areas(areas, on)
    places = tuple(content["area"].unique().to_pylist())
    membership = np.zeros((len(places), len(units)))
    for row, ways in enumerate(ways_up(areas, on, places, units).values()):
        membership[row, ways] = 1.0
    return Frame(first, (last - first).days + 1, places, units, membership)


def by_place(rows: pa.Table, column: str, frame: Frame) -> Floats:
    """Return a number by day and place, shape (D, P); NaN where it is not told."""
    found = np.full((frame.days, len(frame.places)), np.nan)
    days = pc.cast(rows["ref_date"], pa.date32()).to_numpy().astype("datetime64[D]")
    position = {place: index for index, place in enumerate(frame.places)}
    coded = rows["area"].combine_chunks().dictionary_encode()
    place = np.array([position[name] for name in coded.dictionary.to_pylist()], dtype=np.int64)
    day = (days - np.datetime64(frame.start)).astype(np.int64)
    found[day, place[coded.indices.to_numpy()]] = rows[column].cast(pa.float64()).to_numpy()
    return found


def summed_up(numbers: Floats, frame: Frame) -> Floats:
    """Sum a number over places, shape (D, A); NaN where no place of a unit tells it."""
    told = np.isfinite(numbers)
    sums: Floats = np.where(told, numbers, 0.0) @ frame.membership
    return np.where(told.astype(np.float64) @ frame.membership > 0, sums, np.nan)
