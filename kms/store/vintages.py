"""Vintages: taking one in, withdrawing one, listing them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from kms.domain.intake import FIELD, ROW, Arrival, IntakeReport
from kms.errors import ContractError, NoDataError
from kms.store.changes import apply_changes, content_hash, plan_changes
from kms.store.engine import Store
from kms.store.states import ACCEPTED, remember
from kms.store.tables import FaultCount, FaultRecord, Vintage

WITHDRAWN = "withdrawn"
NOTE_LENGTH = 400


def append_vintage(store: Store, arrival: Arrival) -> IntakeReport:
    """Put an arrival in its place in time; a second time it changes nothing.

    Raises
    ------
    ContractError
        If the source already has another content of the same publication instant.
    """
    parsed = arrival.parsed
    content = content_hash(parsed.facts)
    with store.write() as connection:
        if (settled := _settled(connection, arrival, content)) is not None:
            return settled
        plan = plan_changes(connection, arrival.source_id, arrival.published_at, parsed.facts)
        row = _describe(arrival, content)
        number = connection.execute(insert(Vintage).returning(Vintage.id), row).scalar_one()
        changed = apply_changes(connection, arrival.source_id, number, plan)
        connection.execute(update(Vintage).where(Vintage.id == number).values(rows_changed=changed))
        _write_faults(connection, number, arrival)
    remember(content, parsed.facts)
    return _report(arrival, row["name"], "accepted", changed)


def withdraw_vintage(store: Store, name: str, why: str) -> None:
    """Take a wrong vintage out of every as-of answer; its record stays."""
    with store.write() as connection:
        found = _one(connection, Vintage.name == name)
        if found is None:
            raise NoDataError(f"there is no vintage '{name}'; `kms status` lists them")
        if found["state"] == WITHDRAWN:
            return
        plan = plan_changes(connection, found["source_id"], found["published_at"], None)
        connection.execute(
            update(Vintage)
            .where(Vintage.id == found["id"])
            .values(state=WITHDRAWN, note=why[:NOTE_LENGTH])
        )
        apply_changes(connection, found["source_id"], found["id"], plan)


def vintages(connection: Connection, source_id: str = "") -> list[Mapping[str, Any]]:
    """Return the vintages, newest publication first."""
    statement = select(Vintage.__table__).order_by(Vintage.published_at.desc(), Vintage.source_id)
    if source_id:
        statement = statement.where(Vintage.source_id == source_id)
    return [dict(row) for row in connection.execute(statement).mappings()]


def fault_counts(connection: Connection, vintage_id: int) -> list[Mapping[str, Any]]:
    """Return a vintage's faults by grade, code and field, most frequent first."""
    statement = (
        select(FaultCount.__table__)
        .where(FaultCount.vintage_id == vintage_id)
        .order_by(FaultCount.rows.desc(), FaultCount.code)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def newest(connection: Connection, source_id: str, as_of: datetime) -> Mapping[str, Any] | None:
    """Return the newest accepted vintage of a source published by `as_of`."""
    return _one(
        connection,
        Vintage.source_id == source_id,
        Vintage.published_at <= as_of,
        Vintage.state == ACCEPTED,
    )


def inputs_known(connection: Connection, as_of: datetime) -> list[tuple[str, str, str]]:
    """Return (source, vintage, content hash) of every accepted vintage published by `as_of`."""
    statement = (
        select(Vintage.source_id, Vintage.name, Vintage.content_hash)
        .where(Vintage.published_at <= as_of, Vintage.state == ACCEPTED)
        .order_by(Vintage.source_id, Vintage.published_at)
    )
    return [(r.source_id, r.name, r.content_hash) for r in connection.execute(statement)]


def cuts(connection: Connection) -> list[datetime]:
    """Return every instant at which something became known, oldest first."""
    statement = (
        select(Vintage.published_at)
        .where(Vintage.state == ACCEPTED)
        .distinct()
        .order_by(Vintage.published_at)
    )
    return list(connection.execute(statement).scalars())


def _one(connection: Connection, *conditions: ColumnElement[bool]) -> Mapping[str, Any] | None:
    statement = select(Vintage.__table__).where(*conditions)
    newest_first = statement.order_by(Vintage.published_at.desc()).limit(1)
    row = connection.execute(newest_first).mappings().one_or_none()
    return None if row is None else dict(row)


def _settled(connection: Connection, arrival: Arrival, content: str) -> IntakeReport | None:
    """Return the report of an arrival that is in the store already; refuse a rival of its date."""
    at_instant = (
        Vintage.source_id == arrival.source_id,
        Vintage.published_at == arrival.published_at,
    )
    known = _one(connection, *at_instant, Vintage.state == ACCEPTED)
    if known is not None and known["content_hash"] == content:
        return _report(arrival, known["name"], "unchanged", 0)
    if known is None:
        known = _one(connection, *at_instant, Vintage.content_hash == content)
    if known is None:
        return None
    raise ContractError(
        f"{arrival.source_id}: the vintage {known['name']} of "
        f"{arrival.published_at.isoformat()} is {known['state']}; this file has "
        + (
            "the same content. Give it another --published-at if it is right after all."
            if known["content_hash"] == content
            else "another content. Withdraw that one first, or give this its own --published-at."
        )
    )


def _stamp(instant: datetime) -> str:
    """Return an instant for a name, as exact as it is."""
    exact = f"{instant:%S%f}" if instant.second or instant.microsecond else ""
    return f"{instant:%Y%m%dT%H%M}{exact}Z"


def _describe(arrival: Arrival, content: str) -> dict[str, Any]:
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
        "state": ACCEPTED,
        "note": "",
    }


def _write_faults(connection: Connection, vintage_id: int, arrival: Arrival) -> None:
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


def _report(arrival: Arrival, name: str, status: str, changed: int) -> IntakeReport:
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
        rows_changed=changed,
    )


def vintage_count(connection: Connection) -> int:
    """Return how many vintages the store holds, withdrawn ones too."""
    return connection.execute(select(func.count()).select_from(Vintage)).scalar_one()
