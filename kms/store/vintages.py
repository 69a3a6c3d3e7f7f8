"""Vintages: taking one in, withdrawing one, listing them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from kms.config import MANILA, now
from kms.domain.desk.entries import ENTERED
from kms.domain.intake import Alarm as Raised
from kms.domain.intake import Arrival, Changed, IntakeReport
from kms.errors import ContractError, NoDataError
from kms.store.changes import Change, apply_changes, as_declared, content_hash, plan_changes
from kms.store.engine import Store
from kms.store.states import ACCEPTED, remember
from kms.store.tables import Alarm, FaultCount, SourceRecord, Vintage, VintageChange
from kms.store.vintage_rows import describe, report_of, write_faults

HELD, WITHDRAWN = "held", "withdrawn"
NOTE_LENGTH = 400
CORRECTED_BY = "corrected by"  # begins the note of a vintage whose rows were corrected


def append_vintage(store: Store, arrival: Arrival) -> IntakeReport:
    """Put an arrival in its place in time; a second time it changes nothing.

    One with alarms is held: what it says is not known until a steward releases it.

    Raises
    ------
    ContractError
        If the source already has another content of the same publication instant.
    """
    arrival = replace(arrival, parsed=as_declared(arrival.parsed))
    content = arrival.content_hash or content_hash(arrival.parsed)
    with store.write() as connection:
        if (settled := _settled(connection, arrival, content)) is not None:
            return settled
        row = _named_apart(connection, arrival, content)
        changes = _put(connection, arrival, row)
    if not arrival.alarms:
        _remember(content, arrival)
    return report_of(arrival, row["name"], row["state"], changes)


def settled(connection: Connection, arrival: Arrival) -> IntakeReport | None:
    """Return the report of an arrival that is in the store already; None when it is new.

    Raises as `append_vintage` does, and writes nothing.
    """
    arrival = replace(arrival, parsed=as_declared(arrival.parsed))
    content = arrival.content_hash or content_hash(arrival.parsed)
    return _settled(connection, arrival, content)


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
    content = arrival.content_hash or content_hash(arrival.parsed)
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
            .values(state=ACCEPTED, note=why[:NOTE_LENGTH], decided_at=now())
        )
        changes = apply_changes(connection, arrival.source_id, found["id"], plan)
    _remember(content, arrival)
    return report_of(arrival, name, ACCEPTED, changes)


@dataclass(frozen=True)
class Fate:
    """What became of a vintage that is put back: its name then, and what was decided about it."""

    name: str
    state: str
    note: str
    decided_at: datetime | None


def restore_vintage(store: Store, arrival: Arrival, content: str, fate: Fate) -> None:
    """Put a vintage back as it was once kept; nothing is judged, `content` is its hash."""
    arrival = replace(arrival, parsed=as_declared(arrival.parsed))
    with store.write() as connection:
        _put(connection, arrival, {**describe(arrival, content), **vars(fate)})
    if fate.state == ACCEPTED:
        _remember(content, arrival)


def withdraw_vintage(store: Store, name: str, why: str) -> None:
    """Take a wrong vintage out of every as-of answer; its record stays."""
    with store.write() as connection:
        found = _named(connection, name)
        if found["state"] == WITHDRAWN:
            return
        _take_out(connection, found, why)


def replace_vintage(store: Store, name: str, arrival: Arrival, why: str) -> IntakeReport:
    """Put a corrected vintage in the place of another, which is withdrawn in the same breath.

    Every as-of answer is then as if only the corrected one had come.

    Raises
    ------
    NoDataError
        If no vintage has that name.
    ContractError
        If it is not in use, or the arrival is another issue.
    """
    arrival = replace(arrival, parsed=as_declared(arrival.parsed))
    content = arrival.content_hash or content_hash(arrival.parsed)
    with store.write() as connection:
        found = _named(connection, name)
        if found["state"] != ACCEPTED:
            raise ContractError(
                f"the vintage '{name}' is {found['state']}; only one that is in use is corrected"
            )
        issue = (arrival.source_id, arrival.published_at)
        if (found["source_id"], found["published_at"]) != issue:
            raise ContractError(
                f"the correction of '{name}' is of {issue[0]}, {issue[1].isoformat()}; a vintage "
                "is corrected by one of its own source and instant"
            )
        row = _named_apart(connection, arrival, content) | {"note": f"corrects {name}: {why}"}
        row["note"] = row["note"][:NOTE_LENGTH]
        _take_out(connection, found, f"{CORRECTED_BY} {row['name']}: {why}")
        changes = _put(connection, arrival, row)
    _remember(content, arrival)
    return report_of(arrival, row["name"], ACCEPTED, changes)


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


def changes_of(connection: Connection, vintage_id: int) -> dict[str, Changed]:
    """Return by fact table what a vintage in use changed; nothing for one held or withdrawn.

    Counted against what its source is now known to have said before it: a vintage that comes
    late, or is withdrawn, changes the numbers of those after it. Figures of persons are exact.
    """
    statement = (
        select(VintageChange.__table__)
        .where(VintageChange.vintage_id == vintage_id)
        .order_by(VintageChange.fact_table)
    )
    return {
        row["fact_table"]: Changed(row["added"], row["changed"], row["withdrawn"], row["cases"])
        for row in connection.execute(statement).mappings()
    }


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
    """Return every instant at which something became known that figures show, oldest first.

    Of what is typed in only the last of a day counts: each row is an issue of its own.
    """
    statement = (
        select(Vintage.source_id, Vintage.published_at)
        .join(SourceRecord, SourceRecord.source_id == Vintage.source_id)
        .where(Vintage.state == ACCEPTED, SourceRecord.feeds_figures)
        .order_by(Vintage.published_at)
    )
    found: dict[tuple[str, object], datetime] = {}
    for source_id, instant in connection.execute(statement):
        typed = source_id.endswith(ENTERED)
        found[source_id, instant.astimezone(MANILA).date() if typed else instant] = instant
    return sorted(set(found.values()))


def _named_apart(connection: Connection, arrival: Arrival, content: str) -> dict[str, Any]:
    """Return the row of a new vintage under a name nobody has."""
    row = describe(arrival, content)
    if arrival.alarms:
        row["state"] = HELD
    plain, number = row["name"], 1
    while _one(connection, Vintage.name == row["name"]) is not None:
        # Files may count alike and not be alike: one held for its persons, one in order.
        more = f"-{number}" if number > 1 else ""
        row["name"] = f"{plain}-{arrival.snapshot_sha256[:8]}{more}"
        number += 1
    return row


def _put(connection: Connection, arrival: Arrival, row: Mapping[str, Any]) -> dict[str, Changed]:
    """Write a vintage, and what it changes where it is known."""
    plan = _plan(connection, arrival) if row["state"] == ACCEPTED else []
    number = connection.execute(insert(Vintage).returning(Vintage.id), row).scalar_one()
    write_faults(connection, number, arrival)
    return apply_changes(connection, arrival.source_id, number, plan)


def _take_out(connection: Connection, found: Mapping[str, Any], why: str) -> None:
    known = found["state"] == ACCEPTED
    source = (found["source_id"], found["published_at"])
    plan = plan_changes(connection, *source, None) if known else []
    connection.execute(
        update(Vintage)
        .where(Vintage.id == found["id"])
        .values(state=WITHDRAWN, note=why[:NOTE_LENGTH], decided_at=now())
    )
    apply_changes(connection, found["source_id"], found["id"], plan)


def _plan(connection: Connection, arrival: Arrival) -> list[Change]:
    """Plan what an arrival changes, while it is not yet part of the history."""
    return plan_changes(connection, arrival.source_id, arrival.published_at, arrival.parsed)


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
        return report_of(replace(arrival, alarms=()), known["name"], "unchanged", {})
    if known is None:
        same = Vintage.snapshot_sha256 == arrival.snapshot_sha256
        held = _one(connection, *at_instant, Vintage.state == HELD, same)
        if held is not None:
            again = replace(arrival, alarms=tuple(alarms(connection, held["id"])))
            return report_of(again, held["name"], HELD, {})
        # One that a correction replaced was not withdrawn for what it says: once the correction
        # is withdrawn too, the publisher's own file may come in again.
        gone = (
            Vintage.state == WITHDRAWN,
            Vintage.content_hash == content,
            Vintage.note.notlike(f"{CORRECTED_BY} %"),
        )
        known = _one(connection, *at_instant, *gone)
    if known is None:
        return None
    corrected = (Vintage.content_hash == content, Vintage.note.startswith(f"{CORRECTED_BY} "))
    if known["state"] == ACCEPTED and _one(connection, *at_instant, *corrected) is not None:
        # The publisher's own file once more: a steward has corrected rows of it since.
        return report_of(replace(arrival, alarms=()), known["name"], "unchanged", {})
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


def vintage_count(connection: Connection) -> int:
    """Return how many vintages the store holds, withdrawn ones too."""
    return connection.execute(select(func.count()).select_from(Vintage)).scalar_one()
