"""What a steward does with issues of sources, written to the audit log with the reason."""

from __future__ import annotations

from datetime import datetime

from kms.access.audit import Event, Origin, record
from kms.config import MANILA
from kms.domain.intake import Intake, IntakeReport
from kms.errors import AccessError, KmsError
from kms.store.engine import Store
from kms.store.vintages import withdraw_vintage
from kms.store.waivers import add_waiver, end_waiver, new_waiver, said_why


def release(
    store: Store, intake: Intake | None, name: str, *, why: str, origin: Origin
) -> IntakeReport:
    """Let a held issue be known after all; raise `AccessError` saying why it cannot be."""
    reason = _reason(why)
    if intake is None:
        raise AccessError("this server takes nothing in; use `kms release` on the machine")
    try:
        report = intake.release(name, reason)
    except KmsError as error:
        raise AccessError(str(error)) from error
    record(store, origin, Event("vintage.release", name, reason))
    return report


def withdraw(store: Store, name: str, *, why: str, origin: Origin) -> None:
    """Take an issue out of every answer."""
    reason = _reason(why)
    try:
        withdraw_vintage(store, name, reason)
    except KmsError as error:
        raise AccessError(str(error)) from error
    record(store, origin, Event("vintage.withdraw", name, reason))


def waive(
    store: Store,
    source_id: str,
    code: str,
    *,
    subject: str,
    why: str,
    until: str,
    origin: Origin,
    at: datetime,
) -> None:
    """Let a tripwire of a source pass until a day."""
    today = at.astimezone(MANILA).date()
    who = origin.who.name
    try:
        waiver = new_waiver(
            source_id, code, subject=subject, who=who, why=why, until=until, today=today
        )
        add_waiver(store, waiver, at)
    except KmsError as error:
        raise AccessError(str(error)) from error
    record(store, origin, Event("waiver.give", f"{source_id} {code} {subject}".rstrip(), why))


def unwaive(store: Store, number: str, *, origin: Origin, at: datetime) -> None:
    """Take a waiver back before its time."""
    try:
        end_waiver(store, int(number) if number.isdecimal() else 0, at)
    except KmsError as error:
        raise AccessError(str(error)) from error
    record(store, origin, Event("waiver.end", number, ""))


def _reason(why: str) -> str:
    try:
        return said_why(why)
    except KmsError as error:
        raise AccessError(str(error)) from error
