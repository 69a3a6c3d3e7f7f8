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
from kms.domain.lists.pages import PAGE_ROWS, ListPage, order_in, page_in
from kms.errors import NoDataError
from kms.reads.people.own import frame_if_any
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.store.engine import Store
from kms.store.faults import PLACE_ORDERS, fault_places, places_kept, vintage_named
from kms.store.listed import VINTAGE_ORDERS, vintage_page
from kms.store.sources import sources
from kms.store.vintages import fault_counts

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
    vintages: ListPage[FaultyVintage] | None  # to choose from; None when one is asked for
    vintage: FaultyVintage | None = None
    groups: tuple[FaultGroup, ...] = ()
    places: ListPage[FaultPlace] | None = None
    code: str = ""  # only this fault
    kept_days: int = 0  # after which places are removed


def read_faults(store: Store, request: Request) -> FaultsView:
    """Return vintages to choose from, or where the faults of ?vintage= stand, once logged."""
    with store.read() as connection:
        frame = frame_if_any(connection)
        titles = {row["source_id"]: row["title"] for row in sources(connection)}
        page = page_in(request.page)
        if not request.vintage:
            listed = vintage_page(
                connection,
                page=page,
                most=PAGE_ROWS,
                order=order_in(request.sort, VINTAGE_ORDERS),
                find=request.find.strip(),
            )
            kept = places_kept(connection, [row["id"] for row in listed.rows])
            return FaultsView(frame, listed.of(lambda row: _vintage(row, titles, kept)))
        row = vintage_named(connection, request.vintage)
        if row is None:
            raise NoDataError(
                f"there is no vintage '{request.vintage[:120]}'; /data/faults lists them"
            )
        counts = fault_counts(connection, row["id"])
        found = fault_places(
            connection,
            row["id"],
            page=page,
            most=PAGE_ROWS,
            order=order_in(request.sort, PLACE_ORDERS),
            code=request.code,
        )
        kept = places_kept(connection, [row["id"]])
    told = Event(QUARANTINE_VIEW, object=row["name"], rows=len(found.rows), filters=request.code)
    audit.record(store, Origin(request.who, request.address), told)
    return FaultsView(
        frame,
        vintages=None,
        vintage=_vintage(row, titles, kept),
        groups=tuple(_group(count) for count in counts),
        places=found.of(_place),
        code=request.code,
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
