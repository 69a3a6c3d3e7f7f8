"""Vintages: taking one in, withdrawing one, listing them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from kms.domain.intake import FIELD, ROW, Arrival, IntakeReport
from kms.domain.intake import Alarm as Raised
from kms.errors import ContractError, NoDataError
from kms.store.changes import Change, apply_changes, as_declared, content_hash, plan_changes
from kms.store.engine import Store
from kms.store.states import ACCEPTED, remember, write_spans
from kms.store.tables import Alarm, FaultCount, FaultRecord, SourceRecord, Vintage

HELD, WITHDRAWN = "held", "withdrawn"
NOTE_LENGTH = 400


def append_vintage(store: Store, arrival: Arrival) -> IntakeReport:
    """Put an arrival in its place in time; a second time it changes nothing.

    One with alarms is held: what it says is not known until a steward releases it.

    Raises
    ------
    ContractError
        If the source already has another content of the same publication instant.
    """
    arrival = replace(arrival, parsed=as_declared(arrival.parsed))
    content = content_hash(arrival.parsed)
    with store.write() as connection:
        if (settled := _settled(connection, arrival, content)) is not None:
            return settled
        row = _describe(arrival, content)
        if _one(connection, Vintage.name == row["name"]) is not None:
            # Files may count alike and not be alike: one held for its persons, one in order.
            row["name"] += f"-{arrival.snapshot_sha256[:8]}"
        plan = [] if arrival.alarms else _plan(connection, arrival)
        number = connection.execute(insert(Vintage).returning(Vintage.id), row).scalar_one()
        _write_faults(connection, number, arrival)
        if arrival.alarms:
            rows = [{"vintage_id": number, **alarm._asdict()} for alarm in arrival.alarms]
            connection.execute(insert(Alarm), rows)
            return _report(arrival, row["name"], HELD, 0)
        changed = _carry_out(connection, number, arrival, plan)
    _remember(content, arrival)
    return _report(arrival, row["name"], ACCEPTED, changed)


def release_vintage(store: Store, name: str, arrival: Arrival, why: str) -> IntakeReport:
    """Let a held vintage be known after all; `arrival` is its snapshot, parsed again.

    Raises
    ------
    NoDataError
        If no vintage has that name.
    ContractError
        If it is not held, its snapshot says something else than before, or another vintage of
        its instant has been accepted.
    """
    arrival = replace(arrival, parsed=as_declared(arrival.parsed))
    content = content_hash(arrival.parsed)
    with store.write() as connection:
        found = _named(connection, name)
        if found["state"] != HELD:
            raise ContractError(
                f"the vintage '{name}' is {found['state']}; only one that is held can be released"
            )
        if found["content_hash"] != content:
            raise ContractError(
                f"the snapshot of '{name}' is read otherwise than when it was held; withdraw it "
                "and take the file in anew"
            )
        at_instant = (
            Vintage.source_id == arrival.source_id,
            Vintage.published_at == arrival.published_at,
            Vintage.state == ACCEPTED,
        )
        if (rival := _one(connection, *at_instant)) is not None:
            raise ContractError(
                f"{arrival.source_id}: the vintage {rival['name']} of the same instant is in use; "
                f"withdraw it before '{name}' is released",
                "rival_issue",
            )
        plan = _plan(connection, arrival)
        connection.execute(
            update(Vintage)
            .where(Vintage.id == found["id"])
            .values(state=ACCEPTED, note=why[:NOTE_LENGTH])
        )
        changed = _carry_out(connection, found["id"], arrival, plan)
    _remember(content, arrival)
    return _report(arrival, name, ACCEPTED, changed)


def withdraw_vintage(store: Store, name: str, why: str) -> None:
    """Take a wrong vintage out of every as-of answer; its record stays."""
    with store.write() as connection:
        found = _named(connection, name)
        if found["state"] == WITHDRAWN:
            return
        known = found["state"] == ACCEPTED
        source = (found["source_id"], found["published_at"])
        plan = plan_changes(connection, *source, None) if known else []
        connection.execute(
            update(Vintage)
            .where(Vintage.id == found["id"])
            .values(state=WITHDRAWN, note=why[:NOTE_LENGTH])
        )
        apply_changes(connection, found["source_id"], found["id"], plan)


def vintage_named(connection: Connection, name: str) -> Mapping[str, Any]:
    """Return a vintage; raise `NoDataError` when there is none of that name."""
    return _named(connection, name)


def alarms(connection: Connection, vintage_id: int) -> list[Raised]:
    """Return why a vintage was held."""
    statement = (
        select(Alarm.code, Alarm.subject, Alarm.seen, Alarm.allowed)
        .where(Alarm.vintage_id == vintage_id)
        .order_by(Alarm.code, Alarm.subject)
    )
    return [Raised(*row) for row in connection.execute(statement)]


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


def before(connection: Connection, source_id: str, instant: datetime) -> Mapping[str, Any] | None:
    """Return the accepted vintage of a source published last before an instant."""
    return _one(
        connection,
        Vintage.source_id == source_id,
        Vintage.published_at < instant,
        Vintage.state == ACCEPTED,
    )


def inputs_known(connection: Connection, as_of: datetime) -> list[tuple[str, str, str]]:
    """Return (source, vintage, content hash) of what figures are made from, known at `as_of`."""
    statement = (
        select(Vintage.source_id, Vintage.name, Vintage.content_hash)
        .join(SourceRecord, SourceRecord.source_id == Vintage.source_id)
        .where(Vintage.published_at <= as_of, Vintage.state == ACCEPTED)
        .where(SourceRecord.feeds_figures)
        .order_by(Vintage.source_id, Vintage.published_at)
    )
    return [(r.source_id, r.name, r.content_hash) for r in connection.execute(statement)]


def cuts(connection: Connection) -> list[datetime]:
    """Return every instant at which something became known that figures show, oldest first."""
    statement = (
        select(Vintage.published_at)
        .join(SourceRecord, SourceRecord.source_id == Vintage.source_id)
        .where(Vintage.state == ACCEPTED, SourceRecord.feeds_figures)
        .distinct()
        .order_by(Vintage.published_at)
    )
    return list(connection.execute(statement).scalars())


def _plan(connection: Connection, arrival: Arrival) -> list[Change]:
    """Plan what an arrival changes, while it is not yet part of the history."""
    return plan_changes(connection, arrival.source_id, arrival.published_at, arrival.parsed)


def _carry_out(connection: Connection, number: int, arrival: Arrival, plan: list[Change]) -> int:
    """Write what a vintage changes; return its rows."""
    changed = apply_changes(connection, arrival.source_id, number, plan)
    connection.execute(update(Vintage).where(Vintage.id == number).values(rows_changed=changed))
    return changed


def _remember(content: str, arrival: Arrival) -> None:
    if not arrival.parsed.spans:  # else the content is not all that is known
        remember(content, arrival.parsed.facts)


def _named(connection: Connection, name: str) -> Mapping[str, Any]:
    found = _one(connection, Vintage.name == name)
    if found is None:
        raise NoDataError(f"there is no vintage '{name}'; `kms status` lists them")
    return found


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
        return _report(replace(arrival, alarms=()), known["name"], "unchanged", 0)
    if known is None:
        same = Vintage.snapshot_sha256 == arrival.snapshot_sha256
        held = _one(connection, *at_instant, Vintage.state == HELD, same)
        if held is not None:
            again = replace(arrival, alarms=tuple(alarms(connection, held["id"])))
            return _report(again, held["name"], HELD, 0)
        gone = (Vintage.state == WITHDRAWN, Vintage.content_hash == content)
        known = _one(connection, *at_instant, *gone)
    if known is None:
        return None
    raise ContractError(
        f"{arrival.source_id}: the vintage {known['name']} of "
        f"{arrival.published_at.isoformat()} is {known['state']}; this file has "
        + (
            "the same content. Give it another --published-at if it is right after all."
            if known["content_hash"] == content
            else "another content. Withdraw that one first, or give this its own --published-at."
        ),
        "rival_issue",
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
        "spans": write_spans(parsed.spans),
        "state": HELD if arrival.alarms else ACCEPTED,
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
        tripwires=tuple(str(alarm) for alarm in arrival.alarms),
        rows_changed=changed,
    )


def vintage_count(connection: Connection) -> int:
    """Return how many vintages the store holds, withdrawn ones too."""
    return connection.execute(select(func.count()).select_from(Vintage)).scalar_one()
