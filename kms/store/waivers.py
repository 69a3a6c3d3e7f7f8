"""Waivers: tripwires a steward lets pass, with who, why and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from kms.domain.fault_codes import FAULTS
from kms.domain.intake import HELD, Alarm
from kms.errors import ConfigError, NoDataError
from kms.store.engine import Store
from kms.store.tables import Waiver

LONGEST: Final = timedelta(days=366)
SHORTEST_WHY, LONGEST_WHY = 10, 400


@dataclass(frozen=True)
class NewWaiver:
    """A tripwire of a source that may pass, about one subject or whatever it is about."""

    source_id: str
    code: str
    subject: str
    who: str
    why: str
    until: date


def said_why(why: str) -> str:
    """Return a reason without blanks around it; raise `ConfigError` when it says nothing."""
    reason = why.strip()
    if not SHORTEST_WHY <= len(reason) <= LONGEST_WHY:
        raise ConfigError(
            f"the reason has {len(reason)} characters; say why in {SHORTEST_WHY} to {LONGEST_WHY}"
        )
    return reason


def new_waiver(
    source_id: str, code: str, *, subject: str, who: str, why: str, until: str, today: date
) -> NewWaiver:
    """Return a waiver; raise `ConfigError` for an unknown tripwire, no reason, a wrong day."""
    tripwires = [fault.code for fault in FAULTS.values() if HELD in fault.actions]
    if code not in tripwires:
        raise ConfigError(f"'{code}' is no tripwire; choose one of: {', '.join(tripwires)}")
    reason = said_why(why)
    try:
        day = date.fromisoformat(until)
    except ValueError:
        raise ConfigError(f"the last day is {until!r}; write it as 2026-12-31") from None
    if not today <= day <= today + LONGEST:
        raise ConfigError(
            f"the last day is {day}; it must lie between today, {today}, and a year ahead"
        )
    return NewWaiver(source_id, code, subject.strip(), who, reason, day)


def add_waiver(store: Store, waiver: NewWaiver, at: datetime) -> int:
    """Write a waiver; return its number."""
    row = {**vars(waiver), "given_at": at, "ended_at": None}
    with store.write() as connection:
        return int(connection.execute(insert(Waiver).returning(Waiver.id), row).scalar_one())


def end_waiver(store: Store, number: int, at: datetime) -> None:
    """Take a waiver back before its time; raise `NoDataError` when there is none to take back."""
    with store.write() as connection:
        done = connection.execute(
            update(Waiver).where(Waiver.id == number, Waiver.ended_at.is_(None)).values(ended_at=at)
        )
    if done.rowcount == 0:
        raise NoDataError(f"there is no waiver {number} in force; `kms status` lists them")


def waivers(connection: Connection, on: date) -> list[Mapping[str, Any]]:
    """Return the waivers in force on a day, oldest first."""
    statement = (
        select(Waiver.__table__)
        .where(Waiver.ended_at.is_(None), Waiver.until >= on)
        .order_by(Waiver.id)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


@dataclass(frozen=True)
class Passed:
    """An alarm that a waiver let pass."""

    code: str
    subject: str
    seen: float | None
    allowed: float | None
    who: str
    why: str
    until: date


def not_waived(
    connection: Connection, source_id: str, alarms: tuple[Alarm, ...], on: date
) -> tuple[Alarm, ...]:
    """Return the alarms no waiver lets pass."""
    passed = {(each.code, each.subject) for each in waived(connection, source_id, alarms, on)}
    return tuple(alarm for alarm in alarms if (alarm.code, alarm.subject) not in passed)


def waived(
    connection: Connection, source_id: str, alarms: tuple[Alarm, ...], on: date
) -> tuple[Passed, ...]:
    """Return the alarms that waivers in force on a day let pass, with who gave them and why."""
    given = [each for each in waivers(connection, on) if each["source_id"] == source_id]
    found = []
    for alarm in alarms:
        for one in given:
            if one["code"] == alarm.code and one["subject"] in (alarm.subject, ""):
                reason = {name: one[name] for name in ("who", "why", "until")}
                found.append(Passed(**alarm._asdict(), **reason))
                break
    return tuple(found)
