"""The areas that figures are made for, and in which of them a place counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """The days from `start` and the units of a table of sums, and where each place counts."""

    start: date
    days: int
    units: tuple[str, ...]
    ways: Mapping[str, list[int]]


def frame_of(content: pa.Table, areas: Areas, on: date) -> Frame:
    """Return the frame of rows with `area` and `ref_date`, of which there is one at least."""
    first, last = (
        date.fromisoformat(text) for text in pc.min_max(content["ref_date"]).as_py().values()
    )
    units, _ = rated_areas(areas, on)
    places = content["area"].unique().to_pylist()
    return Frame(first, (last - first).days + 1, units, ways_up(areas, on, places, units))


def summed(rows: pa.Table, column: str, frame: Frame) -> Floats:
    """Sum a number over places, shape (D, A); NaN where no place tells it."""
    shape = (frame.days, len(frame.units))
    days = pc.cast(rows["ref_date"], pa.date32()).to_numpy().astype("datetime64[D]")
    day = (days - np.datetime64(frame.start)).astype(np.int64)
    values = rows[column].cast(pa.float64()).to_numpy()
    sums, told = np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    for row, place in enumerate(rows["area"].to_pylist()):
        if np.isfinite(values[row]):
            sums[day[row], frame.ways[place]] += values[row]
            told[day[row], frame.ways[place]] = True
    return np.where(told, sums, np.nan)
