"""Occupied share of hospital beds by area: beds are summed before they are divided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Connection

from kms.compute.units import Frame, frame_of, summed
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
Beds = Mapping[str, Floats]  # by name of NUMBERS, each (D, A); NaN where nothing is told


def capacity(
    connection: Connection, areas: Areas, *, source_id: str, as_of: datetime
) -> tuple[Entry, ...]:
    """Estimate occupancy of beds for COVID-19, 7-day means, and the free beds in ICU."""
    content = state_at(connection, fact_table("capacity"), source_id, as_of)
    content = content.filter(pc.equal(content["facility_type"], HOSPITAL))
    if content.num_rows == 0:
        return ()
    frame = frame_of(content, areas, as_of.astimezone(MANILA).date())
    return tuple(_entries(_by_type(content, frame), frame))


def _by_type(content: pa.Table, frame: Frame) -> dict[str, Beds]:
    """Sum beds and facilities of each type up to the units."""
    found: dict[str, Beds] = {}
    for kind in content["bed_type"].unique().to_pylist():
        rows = content.filter(pc.equal(content["bed_type"], kind))
        found[kind] = {name: summed(rows, column, frame) for name, column in NUMBERS.items()}
    return _with_beds_together(found)


def _with_beds_together(beds: dict[str, Beds]) -> dict[str, Beds]:
    """Add isolation and ward beds where both are told and beds outside ICU are not."""
    if not all(kind in beds for kind in APART):
        return beds
    apart = [beds[kind] for kind in APART]
    later = beds.get(TOGETHER)
    joined = {}
    for name in NUMBERS:
        # Facilities are the same ones in both types: the one that tells less decides.
        few = name in ("occupied", "total")
        both = apart[0][name] + apart[1][name] if few else np.minimum(*(a[name] for a in apart))
        joined[name] = both if later is None else np.where(np.isnan(later[name]), both, later[name])
    return {**beds, TOGETHER: joined}


def _entries(beds: Mapping[str, Beds], frame: Frame) -> Iterator[Entry]:
    for indicator, kinds in OCCUPANCY.items():
        if not all(kind in beds for kind in kinds):
            continue
        found = occupancy(*(BedCounts(**beds[kind]) for kind in kinds))
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
