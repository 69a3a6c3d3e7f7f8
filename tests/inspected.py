"""Inspections of a few establishments and faulty rows, put into a store without any file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from kms.domain.intake import FIELD, ROW, Arrival, Fault, IntakeReport, Parsed
from kms.store.engine import Store
from kms.store.facts import arrow_schema, fact_table
from kms.store.sources import register_source
from kms.store.vintages import append_vintage
from tests.store.describing import description

SOURCE = "dole_inspections"
MANILA, CEBU = "1380600000", "0730600000"
OURS, OTHER = "EST-7", "EST-8"
JUNE, JULY = datetime(2026, 6, 30, 8, tzinfo=UTC), datetime(2026, 7, 31, 8, tzinfo=UTC)
MAY = datetime(2026, 5, 31, 8, tzinfo=UTC)
HOSTILE = '"><img src=x onerror=alert(1)>.csv'

Row = Mapping[str, Any]


def inspection(inspection_id: str, establishment: str, area: str, **changes: Any) -> Row:
    """Return an inspection; a first visit to a small factory on 1 June unless told otherwise."""
    return {
        "inspection_id": inspection_id,
        "establishment_id": establishment,
        "area": area,
        "sector": "C",
        "workers_male": 20,
        "workers_female": 15,
        "size_class": "small",
        "risk_class": "medium",
        "mode": "LI",
        "trigger": "complaint",
        "visit": "first",
        "opened_on": "2026-06-01",
        **changes,
    }


def item(inspection_id: str, code: str, *, first: bool | None, after: bool | None = None) -> Row:
    """Return one item of an inspection, with what was found first and after correction."""
    return {
        "inspection_id": inspection_id,
        "item_code": code,
        "applicable": True,
        "compliant_initial": first,
        "compliant_after": after,
        "corrected_on": "2026-06-20" if after and not first else None,
    }


def issue(store: Store, at: datetime, visits: Sequence[Row], items: Sequence[Row]) -> IntakeReport:
    """Take in an issue of the inspections."""
    facts = {
        "inspection": _table("inspection", visits),
        "inspection_item": _table("inspection_item", items),
    }
    return _take_in(store, at, Parsed(len(items), 0, {}, 0, facts))


def two_issues(store: Store) -> None:
    """Take in an issue of June and one of July; EST-7 has corrected some of what was found.

    INS-3 was said to be EST-7's in June, and to be another's in July.
    """
    visits = [
        inspection("INS-1", OURS, MANILA),
        inspection("INS-2", OTHER, CEBU),
        inspection("INS-3", OURS, MANILA, opened_on="2026-05-01"),
    ]
    items = [
        item("INS-1", "OSH-03", first=False),
        item("INS-1", "OSH-07", first=False),
        item("INS-1", "OSH-12", first=True),
        item("INS-2", "COV-01", first=False),
        item("INS-3", "COV-03", first=False),
    ]
    issue(store, JUNE, visits, items)
    visits[2] = inspection("INS-3", OTHER, CEBU, opened_on="2026-05-01")
    follow_up = inspection("INS-4", OURS, MANILA, visit="follow_up", opened_on="2026-07-15")
    items[0] = item("INS-1", "OSH-03", first=False, after=True)
    items += [
        item("INS-4", "OSH-07", first=False, after=False),
        item("INS-4", "OSH-12", first=True),
    ]
    issue(store, JULY, [*visits, follow_up], items)


def faulty_issue(store: Store, faults: int = 250, at: datetime = JUNE) -> str:
    """Take in an issue with faulty rows, the last ones first, and return its name."""
    places = tuple(
        Fault(ROW, "required", "psic", HOSTILE, record, record + 1)
        for record in range(faults, 0, -1)
    )
    flagged = Fault(FIELD, "not_a_code", "inspector", HOSTILE, 3, 4)
    counts = {(ROW, "required", "psic"): faults, (FIELD, "not_a_code", "inspector"): 1}
    facts = {"inspection": _table("inspection", [inspection("INS-9", OTHER, CEBU)])}
    parsed = Parsed(1_000, 0, counts, faults, facts, (*places, flagged))
    return _take_in(store, at, parsed).vintage


def _take_in(store: Store, at: datetime, parsed: Parsed) -> IntakeReport:
    register_source(store, description(SOURCE))
    return append_vintage(store, Arrival(SOURCE, at, at, "0" * 64, "none", 1, parsed))


def _table(name: str, rows: Sequence[Row]) -> pa.Table:
    schema = arrow_schema(fact_table(name))
    return pa.table({field.name: [row.get(field.name) for row in rows] for field in schema}, schema)
