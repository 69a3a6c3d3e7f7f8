"""What a steward does with issues of sources, written to the audit log with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from kms.access.audit import Event, Origin, record
from kms.config import MANILA
from kms.domain.desk.corrections import Correction, RejectFile
from kms.domain.intake import Intake, IntakeReport
from kms.errors import AccessError, KmsError
from kms.store.engine import Store
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


def withdraw(store: Store, intake: Intake | None, name: str, *, why: str, origin: Origin) -> None:
    """Take an issue out of every answer."""
    reason = _reason(why)
    if intake is None:
        raise AccessError("this server takes nothing in; use `kms withdraw` on the machine")
    try:
        intake.withdraw(name, reason)
    except KmsError as error:
        raise AccessError(str(error)) from error
    record(store, origin, Event("vintage.withdraw", name, reason))


def rejects(store: Store, intake: Intake | None, name: str, *, origin: Origin) -> RejectFile:
    """Return the rejected rows of an issue as a file, once that is logged."""
    if intake is None:
        raise AccessError("this server takes nothing in; use `kms rejects` on the machine")
    try:
        found = intake.corrections.rejects(name)
    except KmsError as error:
        raise AccessError(str(error)) from error
    record(store, origin, Event("rejects.download", name, rows=found.rows))
    return found


def correct(
    store: Store,
    intake: Intake | None,
    name: str,
    content: Iterable[bytes],
    *,
    why: str,
    keep: bool,
    origin: Origin,
) -> Correction:
    """Put an issue with corrected rows in the place of another; without `keep` only look."""
    reason = _reason(why) if keep else ""
    if intake is None:
        raise AccessError("this server takes nothing in; use `kms correct` on the machine")
    try:
        made = intake.corrections.correct(name, content, reason, keep=keep)
    except KmsError as error:
        raise AccessError(str(error)) from error
    if keep:
        told = Event("vintage.correct", name, f"{made.vintage}: {reason}", rows=made.rows_corrected)
        record(store, origin, told)
    return made


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
