"""Where the faulty rows of a vintage stand; every look at them is logged first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kms.access import audit
from kms.access.audit import Event, Origin
from kms.config import load_settings
from kms.domain.fault_codes import fault_code
from kms.errors import NoDataError
from kms.reads.people.log import number_in
from kms.reads.people.own import frame_if_any
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.store.engine import Store
from kms.store.faults import fault_places, places_kept, vintage_named
from kms.store.sources import sources
from kms.store.vintages import fault_counts, vintages

PAGE_ROWS = 200
QUARANTINE_VIEW = "quarantine.view"


@dataclass(frozen=True, slots=True)
class FaultyVintage:
    """A vintage and how many of its rows had something wrong."""

    name: str
    source: str  # the source's title
    published_at: datetime
    state: str
    rows_read: int
    rows_rejected: int
    places: int  # of faults still kept


@dataclass(frozen=True, slots=True)
class FaultGroup:
    """Rows of a vintage with one fault in one field."""

    grade: str  # ROW or FIELD
    code: str
    field: str
    meaning: str
    action: str
    rows: int


@dataclass(frozen=True, slots=True)
class FaultPlace:
    """Where one faulty row stands; never what it says."""

    part: str
    record: int
    line: int | None
    field: str
    code: str
    grade: str
    meaning: str


@dataclass(frozen=True, slots=True)
class FaultsView:
    """The vintages to choose from, or the faults of the one asked for."""

    frame: Frame | None
    vintages: tuple[FaultyVintage, ...]  # to choose from; empty when one is asked for
    vintage: FaultyVintage | None = None
    groups: tuple[FaultGroup, ...] = ()
    places: tuple[FaultPlace, ...] = ()
    code: str = ""  # only this fault
    onward: int | None = None  # where the next page begins
    kept_days: int = 0  # after which places are removed


def read_faults(store: Store, request: Request) -> FaultsView:
    """Return vintages to choose from, or where the faults of ?vintage= stand, once logged."""
    with store.read() as connection:
        frame = frame_if_any(connection)
        titles = {row["source_id"]: row["title"] for row in sources(connection)}
        kept = places_kept(connection)
        start = number_in(request.next) or 0
        if not request.vintage:
            listed = tuple(_vintage(row, titles, kept) for row in vintages(connection))
            return FaultsView(frame, listed)
        row = vintage_named(connection, request.vintage)
        if row is None:
            raise NoDataError(
                f"there is no vintage '{request.vintage[:120]}'; /data/faults lists them"
            )
        counts = fault_counts(connection, row["id"])
        found = fault_places(
            connection,
            row["id"],
            start=start,
            most=PAGE_ROWS + 1,
            code=request.code,
        )
    shown = found[:PAGE_ROWS]
    told = Event(QUARANTINE_VIEW, object=row["name"], rows=len(shown), filters=request.code)
    audit.record(store, Origin(request.who, request.address), told)
    return FaultsView(
        frame,
        vintages=(),
        vintage=_vintage(row, titles, kept),
        groups=tuple(_group(count) for count in counts),
        places=tuple(_place(place) for place in shown),
        code=request.code,
        onward=start + PAGE_ROWS if len(found) > PAGE_ROWS else None,
        kept_days=load_settings().fault_days,
    )


def _vintage(
    row: Mapping[str, Any], titles: Mapping[str, str], kept: Mapping[int, int]
) -> FaultyVintage:
    return FaultyVintage(
        name=row["name"],
        source=titles.get(row["source_id"], row["source_id"]),
        published_at=row["published_at"],
        state=row["state"],
        rows_read=row["rows_read"],
        rows_rejected=row["rows_rejected"],
        places=kept.get(row["id"], 0),
    )


def _group(row: Mapping[str, Any]) -> FaultGroup:
    fault = fault_code(row["code"])
    return FaultGroup(
        grade=row["grade"],
        code=row["code"],
        field=row["field"],
        meaning=fault.meaning,
        action=fault.action(row["grade"]),
        rows=row["rows"],
    )


def _place(row: Mapping[str, Any]) -> FaultPlace:
    return FaultPlace(
        part=row["part"],
        record=row["record"],
        line=row["line"],
        field=row["field"],
        code=row["code"],
        grade=row["grade"],
        meaning=fault_code(row["code"]).meaning,
    )
