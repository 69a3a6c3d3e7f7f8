"""Data and methods: are the sources in date, what came, what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from kms.access.disclosure import EXACT, Disclosure, DisclosureRule
from kms.config import MANILA
from kms.domain.areas import COUNTRY
from kms.domain.fault_codes import fault_code
from kms.reads.frame import late_days, read_frame, resolve_issue
from kms.reads.request import Request
from kms.reads.views import DataView, FaultRow, RunRow, SourceRow, VintageRow
from kms.store.engine import Store
from kms.store.ledger import recent_runs
from kms.store.open import clock
from kms.store.sources import sources
from kms.store.vintages import HELD, alarms, fault_counts, newest, vintages

MOST_RUNS = 10


def read_data(store: Store, request: Request, rule: DisclosureRule | None = None) -> DataView:
    """Return the data page, of all sources or one.

    Where each row is a person, numbers of rows are counts of persons of the whole country. They
    are cumulative: exact, one issue less the one before would give small weeks away.
    """
    disclosure = Disclosure(rule or DisclosureRule(), request.who)
    with store.read() as connection:
        issue = resolve_issue(connection, request)
        frame = read_frame(connection, request, issue)
        now = clock(connection) if frame.is_latest else issue.as_of
        listed = [s for s in sources(connection) if request.source in ("", s["source_id"])]
        rules = {s["source_id"]: _rule(s, disclosure) for s in sources(connection)}
        rows = [_source(connection, row, now, rules[row["source_id"]]) for row in listed]
        faults = [
            fault
            for row in listed
            for fault in _faults(connection, row["source_id"], now, rules[row["source_id"]])
        ]
        issued = [
            _vintage(connection, row, rules[row["source_id"]])
            for row in vintages(connection, request.source)
            if row["published_at"] <= now
        ]
    with store.read_ops() as operations:
        runs = [RunRow(**run) for run in recent_runs(operations, MOST_RUNS)]
    order = {"late": 0, "never": 1, "in_date": 2}
    return DataView(
        frame=frame,
        sources=tuple(sorted(rows, key=lambda r: (order[r.state], r.title))),
        vintages=tuple(issued),
        faults=tuple(faults),
        runs=tuple(runs),
    )


def _rule(source: Mapping[str, Any], disclosure: Disclosure) -> DisclosureRule:
    """Return the rule for numbers of rows; those of workplaces and beds are not disclosed."""
    return disclosure.of(COUNTRY) if source["rows_are_persons"] else EXACT


def _source(
    connection: Connection, row: Mapping[str, Any], now: datetime, rule: DisclosureRule
) -> SourceRow:
    last = newest(connection, row["source_id"], now)
    late = late_days(connection, row, now)
    received = last["published_at"].astimezone(MANILA).date() if last else None
    return SourceRow(
        source_id=row["source_id"],
        title=row["title"],
        publisher=row["publisher"],
        licence=row["licence"],
        rhythm=row["rhythm"],
        expected=received + timedelta(days=row["every_days"]) if received else None,
        received=received,
        late_days=late if last else None,
        state="never" if last is None else "late" if late else "in_date",
        rows_read=rule.count(last["rows_read"]) if last else None,
        rows_accepted=rule.count(last["rows_accepted"]) if last else None,
        rows_rejected=rule.count(last["rows_rejected"]) if last else None,
        rows_duplicate=rule.count(last["rows_duplicate"]) if last else None,
        used_for=row["used_for"],
    )


def _vintage(connection: Connection, row: Mapping[str, Any], rule: DisclosureRule) -> VintageRow:
    raised = alarms(connection, row["id"]) if row["state"] == HELD else []
    return VintageRow(
        vintage_id=row["name"],
        source_id=row["source_id"],
        published_at=row["published_at"],
        recorded_at=row["recorded_at"],
        rows_read=rule.count(row["rows_read"]),
        rows_accepted=rule.count(row["rows_accepted"]),
        rows_rejected=rule.count(row["rows_rejected"]),
        rows_duplicate=rule.count(row["rows_duplicate"]),
        rows_changed=rule.count(row["rows_changed"]),
        state=row["state"],
        snapshot=row["snapshot_sha256"][:12],
        alarms=tuple(dict.fromkeys(fault_code(alarm.code).meaning for alarm in raised)),
    )


def _faults(
    connection: Connection, source_id: str, now: datetime, rule: DisclosureRule
) -> list[FaultRow]:
    last = newest(connection, source_id, now)
    if last is None:
        return []
    return [
        FaultRow(
            source_id=source_id,
            code=row["code"],
            grade=row["grade"],
            meaning=fault_code(row["code"]).meaning,
            rows=rule.count(row["rows"]),
            action=fault_code(row["code"]).action(row["grade"]),
        )
        for row in fault_counts(connection, last["id"])
    ]
