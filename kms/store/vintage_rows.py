"""What the store writes of an arrival, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from kms.domain.intake import FIELD, ROW, Arrival, Changed, IntakeReport
from kms.store.states import ACCEPTED, write_spans
from kms.store.tables import Alarm, FaultCount, FaultRecord


def _stamp(instant: datetime) -> str:
    """Return an instant for a name, as exact as it is."""
    exact = f"{instant:%S%f}" if instant.second or instant.microsecond else ""
    return f"{instant:%Y%m%dT%H%M}{exact}Z"


def describe(arrival: Arrival, content: str) -> dict[str, Any]:
    """Return the row of a vintage; `content` is the hash of what it says."""
    parsed = arrival.parsed
    return {
        "name": f"{arrival.source_id}-{_stamp(arrival.published_at)}-{content[:8]}",
        "source_id": arrival.source_id,
        "snapshot_sha256": arrival.snapshot_sha256,
        "snapshot_path": arrival.snapshot_path,
        "published_at": arrival.published_at,
        "recorded_at": arrival.recorded_at,
        "parser_version": arrival.parser_version,
        "rows_read": parsed.rows_read,
        "rows_accepted": parsed.rows_accepted,
        "rows_rejected": parsed.rows_rejected,
        "rows_duplicate": parsed.rows_duplicate,
        "rows_changed": 0,
        "content_hash": content,
        "spans": write_spans(parsed.spans),
        "state": ACCEPTED,
        "note": "",
        "decided_at": None,
    }


def write_faults(connection: Connection, vintage_id: int, arrival: Arrival) -> None:
    """Write what was wrong with an arrival, and why it is held."""
    counts = [
        {"vintage_id": vintage_id, "grade": g, "code": c, "field": f, "rows": n}
        for (g, c, f), n in arrival.parsed.fault_counts.items()
    ]
    records: Iterable[dict[str, Any]] = (
        {"vintage_id": vintage_id} | fault._asdict() for fault in arrival.parsed.faults
    )
    if counts:
        connection.execute(insert(FaultCount), counts)
    if rows := list(records):
        connection.execute(insert(FaultRecord), rows)
    if raised := [{"vintage_id": vintage_id, **alarm._asdict()} for alarm in arrival.alarms]:
        connection.execute(insert(Alarm), raised)


def report_of(
    arrival: Arrival, name: str, status: str, changes: Mapping[str, Changed]
) -> IntakeReport:
    """Return what came of an arrival."""
    parsed = arrival.parsed
    return IntakeReport(
        source=arrival.source_id,
        vintage=name,
        rows_read=parsed.rows_read,
        rows_accepted=parsed.rows_accepted,
        rows_rejected=parsed.rows_rejected,
        rows_duplicate=parsed.rows_duplicate,
        rejects=parsed.counts(ROW),
        flags=parsed.counts(FIELD),
        status=status,
        tripwires=tuple(str(alarm) for alarm in arrival.alarms),
        rows_changed=sum(each.rows for each in changes.values()),
        changes=changes,
    )
