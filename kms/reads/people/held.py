"""Issues that wait for a steward: which, why, and what may pass meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from kms.config import MANILA
from kms.domain.fault_codes import FAULTS, fault_code
from kms.domain.intake import HELD as TRIPWIRE
from kms.reads.people.own import frame_if_any
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.store.engine import Store
from kms.store.open import clock
from kms.store.sources import sources
from kms.store.vintages import HELD, alarms, vintages
from kms.store.waivers import waivers


@dataclass(frozen=True, slots=True)
class HeldAlarm:
    """What a tripwire saw; shares are fractions."""

    code: str
    meaning: str
    subject: str
    seen: float | None
    allowed: float | None


@dataclass(frozen=True, slots=True)
class HeldIssue:
    """An issue that is kept and not yet known."""

    name: str
    source_id: str
    source: str  # its title
    published_at: datetime
    recorded_at: datetime
    rows_read: int
    rows_rejected: int
    alarms: tuple[HeldAlarm, ...]


@dataclass(frozen=True, slots=True)
class GivenWaiver:
    """A tripwire that passes, with who, why and until when."""

    number: int
    source_id: str
    code: str
    subject: str
    who: str
    why: str
    until: date


@dataclass(frozen=True, slots=True)
class HeldView:
    """What a steward decides on; `tripwires` are (code, meaning)."""

    frame: Frame | None
    issues: tuple[HeldIssue, ...]
    waivers: tuple[GivenWaiver, ...]
    sources: tuple[tuple[str, str], ...]  # id, title
    tripwires: tuple[tuple[str, str], ...]
    today: date


def read_held(store: Store, _request: Request) -> HeldView:
    """Return the issues that are held, oldest first, and the waivers in force."""
    with store.read() as connection:
        titles = {row["source_id"]: str(row["title"]) for row in sources(connection)}
        today = clock(connection).astimezone(MANILA).date()
        issues = tuple(
            HeldIssue(
                name=row["name"],
                source_id=row["source_id"],
                source=titles.get(row["source_id"], row["source_id"]),
                published_at=row["published_at"],
                recorded_at=row["recorded_at"],
                rows_read=row["rows_read"],
                rows_rejected=row["rows_rejected"],
                alarms=tuple(
                    HeldAlarm(a.code, fault_code(a.code).meaning, a.subject, a.seen, a.allowed)
                    for a in alarms(connection, row["id"])
                ),
            )
            for row in reversed(vintages(connection))
            if row["state"] == HELD
        )
        given = tuple(
            GivenWaiver(
                number=row["id"],
                **{k: row[k] for k in ("source_id", "code", "subject", "who", "why", "until")},
            )
            for row in waivers(connection, today)
        )
        frame = frame_if_any(connection)
    return HeldView(
        frame=frame,
        issues=issues,
        waivers=given,
        sources=tuple(sorted(titles.items(), key=lambda pair: pair[1])),
        tripwires=tuple((f.code, f.meaning) for f in FAULTS.values() if TRIPWIRE in f.actions),
        today=today,
    )
