"""The inspections of one establishment, for its own committee and for those who inspect it.

Results of a named establishment are never public. The committee sees its own; every look by
somebody else is logged before anything is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kms.access import audit
from kms.access.audit import Event, Origin
from kms.domain.principal import COMMITTEE
from kms.errors import NoDataError
from kms.reads.people.own import frame_if_any
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.reference import load_inspection_items
from kms.store.engine import Store
from kms.store.establishments import inspections_of, items_of
from kms.store.open import clock
from kms.store.vintages import newest

INSPECTIONS = "dole_inspections"
ROWS_VIEW = "rows.view"


@dataclass(frozen=True, slots=True)
class Finding:
    """An item that was not met, and what has become of it."""

    code: str
    title: str
    legal_item: str
    met_after: bool | None  # after correction; None: not known yet
    corrected_on: date | None


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An item not met when it was last looked at."""

    code: str
    title: str
    legal_item: str
    since: date | None  # day of the inspection that last found it


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One inspection. Why it was held is not told: a complaint would point at who complained."""

    inspection: str
    opened_on: date | None
    closed_on: date | None
    mode: str
    visit: str
    asked: int  # items that applied and were answered
    not_met: tuple[Finding, ...]
    workers_male: int | None
    workers_female: int | None


@dataclass(frozen=True, slots=True)
class EstablishmentView:
    """What the newest data say of one establishment."""

    frame: Frame | None
    establishment: str
    area: str
    sector: str
    size_class: str
    risk_class: str
    visits: tuple[VisitRow, ...]  # newest first
    still_open: tuple[OpenItem, ...]
    published_at: datetime | None  # of the newest issue of inspections
    own: bool  # whoever looks is of its committee


def scope_of(store: Store, request: Request) -> dict[str, str]:
    """Return area, section and id of the establishment asked for, by which the map decides.

    One that is not known has no area and no section: who is limited to some is told the same as
    about one elsewhere, and cannot find out which there are.
    """
    with store.read() as connection:
        rows = inspections_of(connection, INSPECTIONS, request.establishment, clock(connection))
    return {
        "area": _newest(rows, "area"),
        "section": _newest(rows, "sector"),
        "establishment": request.establishment,
    }


def read_establishment(store: Store, request: Request) -> EstablishmentView:
    """Return an establishment's inspections, once the look at them is logged."""
    name = request.establishment
    with store.read() as connection:
        frame = frame_if_any(connection)
        at = clock(connection)
        rows = inspections_of(connection, INSPECTIONS, name, at)
        items = items_of(connection, INSPECTIONS, name, at)
        issue = newest(connection, INSPECTIONS, at)
    if not rows:
        raise NoDataError(
            f"the data hold no inspection of establishment '{name[:60]}'; compare the id with "
            "the inspection report"
        )
    area, sector = _newest(rows, "area"), _newest(rows, "sector")
    own = request.who.covers({COMMITTEE}, area=area, section=sector, establishment=name)
    if not own:
        told = Event(
            ROWS_VIEW,
            object=name,
            rows=len(rows),
            publication=frame.publication_id if frame else "",
        )
        audit.record(store, Origin(request.who, request.address), told)
    return EstablishmentView(
        frame=frame,
        establishment=name,
        area=area,
        sector=sector,
        size_class=_newest(rows, "size_class"),
        risk_class=_newest(rows, "risk_class"),
        visits=tuple(_visit(row, items) for row in rows),
        still_open=_still_open(rows, items),
        published_at=issue["published_at"] if issue else None,
        own=own,
    )


def _visit(row: Mapping[str, Any], items: Iterable[Mapping[str, Any]]) -> VisitRow:
    answered = [
        item
        for item in items
        if item["inspection_id"] == row["inspection_id"] and _is_answered(item)
    ]
    return VisitRow(
        inspection=row["inspection_id"],
        opened_on=_day(row["opened_on"]),
        closed_on=_day(row["closed_on"]),
        mode=row["mode"] or "",
        visit=row["visit"] or "",
        asked=len(answered),
        not_met=tuple(_finding(item) for item in answered if _was_unmet(item)),
        workers_male=row["workers_male"],
        workers_female=row["workers_female"],
    )


def _finding(item: Mapping[str, Any]) -> Finding:
    title, legal_item = _described(item["item_code"])
    return Finding(
        code=item["item_code"],
        title=title,
        legal_item=legal_item,
        met_after=item["compliant_after"],
        corrected_on=_day(item["corrected_on"]),
    )


def _still_open(
    rows: Iterable[Mapping[str, Any]], items: Iterable[Mapping[str, Any]]
) -> tuple[OpenItem, ...]:
    """Return the items that were not met when last looked at, oldest first."""
    opened = {row["inspection_id"]: _day(row["opened_on"]) for row in rows}
    last: dict[str, tuple[date, Mapping[str, Any]]] = {}
    for item in items:
        if item["inspection_id"] not in opened or not _is_answered(item):
            continue
        on = opened[item["inspection_id"]] or date.min
        if item["item_code"] not in last or on >= last[item["item_code"]][0]:
            last[item["item_code"]] = (on, item)
    unmet = [(on, code) for code, (on, item) in last.items() if not _is_met(item)]
    return tuple(
        OpenItem(code, *_described(code), since=None if on == date.min else on)
        for on, code in sorted(unmet)
    )


def _is_answered(item: Mapping[str, Any]) -> bool:
    answers = (item["compliant_initial"], item["compliant_after"])
    return item["applicable"] is not False and any(answer is not None for answer in answers)


def _was_unmet(item: Mapping[str, Any]) -> bool:
    return item["compliant_initial"] is False or item["compliant_after"] is False


def _is_met(item: Mapping[str, Any]) -> bool:
    """Tell whether an item is met by the last answer: after correction, else at the visit."""
    after = item["compliant_after"]
    return bool(item["compliant_initial"] if after is None else after)


def _described(code: str) -> tuple[str, str]:
    known = load_inspection_items().get(code)
    return (known.title, known.legal_item) if known else (code, "")


def _newest(rows: Iterable[Mapping[str, Any]], name: str) -> str:
    """Return what the newest inspection that says something says; empty when none does."""
    return next((str(row[name]) for row in rows if row[name]), "")


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None
