"""Occupied share of hospital beds by area: beds are summed before they are divided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Connection

from kms.compute.units import Frame, by_place, frame_of, summed_up
from kms.config import MANILA
from kms.domain.areas import Areas
from kms.domain.series import make_series
from kms.store.facts import fact_table
from kms.store.publications import Entry
from kms.store.states import state_at
from metrics.health_care.occupancy import BedCounts, Occupancy, occupancy
from metrics.states import State

Floats = NDArray[np.float64]
HOSPITAL = "hospital"
NUMBERS = {
    "occupied": "occupied",
    "total": "total",
    "reporting": "facilities_reporting",
    "carried": "facilities_carried",
    "registered": "facilities_registered",
}
# A layout tells of isolation and ward beds apart, a later one of both as beds outside ICU.
APART, TOGETHER = ("isolation", "ward"), "nonicu"
OCCUPANCY = {
    "icu_occupancy": ("icu",),
    "bed_occupancy": ("icu", TOGETHER),
    "ventilator_occupancy": ("ventilator",),
}
Beds = Mapping[str, Floats]  # by name of NUMBERS, each (D, P); NaN where nothing is told


@dataclass(frozen=True)
class BedsInUse:
    """Occupied and all beds of a kind by day and area, shape (D, A); NaN where nothing is told.

    `state` are codes of how far they can be trusted, `reporting` the share of hospitals that
    reported for the day.
    """

    end: date
    units: tuple[str, ...]
    occupied: Floats
    total: Floats
    state: Floats
    reporting: Floats


@dataclass(frozen=True)
class Capacity:
    """The entries of a publication, and the beds behind each indicator."""

    entries: tuple[Entry, ...] = ()
    beds: Mapping[str, BedsInUse] = field(default_factory=dict)


def capacity(connection: Connection, areas: Areas, *, source_id: str, as_of: datetime) -> Capacity:
    """Estimate occupancy of beds for COVID-19, 7-day means, and the free beds in ICU."""
    content = state_at(connection, fact_table("capacity"), source_id, as_of)
    content = content.filter(pc.equal(content["facility_type"], HOSPITAL))
    if content.num_rows == 0:
        return Capacity()
    frame = frame_of(content, areas, as_of.astimezone(MANILA).date())
    return _capacity_of(_by_type(content, frame), frame)


def _capacity_of(kinds: Mapping[str, Beds], frame: Frame) -> Capacity:
    """Estimate occupancy from beds by type and place."""
    found = dict(_occupancies(kinds, frame))
    entries = [entry for name, told in found.items() for entry in _entries(name, told, frame)]
    end = frame.start + timedelta(days=frame.days - 1)
    beds = {
        name: BedsInUse(
            end,
            frame.units,
            told.occupied,
            told.total,
            told.state.astype(np.float64),
            told.reporting_share,
        )
        for name, told in found.items()
    }
    return Capacity(tuple(entries), beds)


def _by_type(content: pa.Table, frame: Frame) -> dict[str, Beds]:
    """Return beds and facilities of each type by place."""
    found: dict[str, Beds] = {}
    for kind in content["bed_type"].unique().to_pylist():
        rows = content.filter(pc.equal(content["bed_type"], kind))
        found[kind] = {name: by_place(rows, column, frame) for name, column in NUMBERS.items()}
    return _with_beds_together(found)


def _with_beds_together(beds: dict[str, Beds]) -> dict[str, Beds]:
    """Add isolation and ward beds where both are told and beds outside ICU are not."""
    if not all(kind in beds for kind in APART):
        return beds
    apart = _together([beds[kind] for kind in APART])
    later = beds.get(TOGETHER)
    if later is None:
        return {**beds, TOGETHER: apart}
    told = np.isfinite(later["total"])
    joined = {name: np.where(told, later[name], apart[name]) for name in NUMBERS}
    return {**beds, TOGETHER: joined}


def _together(kinds: Sequence[Beds]) -> Beds:
    """Add types of beds where a place tells all of them: some alone would be another rate.

    Facilities are the same ones in every type: the type that fewest told of decides.
    """
    told = np.all([np.isfinite(beds["total"]) for beds in kinds], axis=0)
    sums = {name: np.sum([beds[name] for beds in kinds], axis=0) for name in ("occupied", "total")}
    said = {
        name: np.where(told, np.min([beds[name] for beds in kinds], axis=0), 0.0)
        for name in ("reporting", "carried")
    }
    # Who is registered should report, whether the beds are told or not.
    registered = np.fmax.reduce([beds["registered"] for beds in kinds])
    return {
        **{name: np.where(told, numbers, np.nan) for name, numbers in sums.items()},
        **{
            name: np.where(np.isfinite(registered), numbers, np.nan)
            for name, numbers in said.items()
        },
        "registered": registered,
    }


def _occupancies(beds: Mapping[str, Beds], frame: Frame) -> Iterator[tuple[str, Occupancy]]:
    for indicator, kinds in OCCUPANCY.items():
        if all(kind in beds for kind in kinds):
            placed = _together([beds[kind] for kind in kinds])
            counted = {name: summed_up(numbers, frame) for name, numbers in placed.items()}
            yield indicator, occupancy(BedCounts(**counted))


def _entries(indicator: str, found: Occupancy, frame: Frame) -> Iterator[Entry]:
    yield from _series(indicator, found.week_share, found, frame)
    if indicator == "icu_occupancy":
        yield from _series("icu_beds_free", found.free, found, frame)


def _series(indicator: str, values: Floats, found: Occupancy, frame: Frame) -> Iterator[Entry]:
    """Give a series to each area that has ever told of such beds."""
    for index, area in enumerate(frame.units):
        told = np.flatnonzero(np.isfinite(found.total[:, index]))
        if not told.size:
            continue
        kept = slice(int(told[0]), None)
        series = make_series(
            frame.start + timedelta(days=int(told[0])),
            values[kept, index],
            state=np.where(
                np.isnan(values[kept, index]), float(State.MISSING), found.state[kept, index]
            ),
            completeness=found.reporting_share[kept, index],
        )
        yield Entry(indicator, area, "", series)
