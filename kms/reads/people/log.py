"""The audit log, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kms.reads.people.own import frame_if_any
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.store import audit
from kms.store.engine import Store

PAGE_ROWS = 100
LARGEST = 2**31 - 1  # what the numbers of rows can be compared with on PostgreSQL


@dataclass(frozen=True, slots=True)
class LogRow:
    """What somebody did; `seq` is its place in the chain."""

    seq: int
    at: datetime
    event: str
    actor: str
    roles: tuple[str, ...]
    via: str
    object: str
    rows: int | None
    publication: str
    address: str
    detail: str


@dataclass(frozen=True, slots=True)
class LogView:
    """A page of the log; `older` is where the next one begins, none on the last."""

    frame: Frame | None
    rows: tuple[LogRow, ...]
    older: int | None
    event: str
    actor: str


def read_log(store: Store, request: Request) -> LogView:
    """Return up to 100 rows before ?before=, of an event or an actor if one is asked for."""
    with store.read() as connection:
        frame = frame_if_any(connection)
    event, actor = request.event.strip(), request.actor.strip().casefold()
    with store.read_ops() as operations:
        found = audit.entries(
            operations,
            before=number_in(request.before),
            most=PAGE_ROWS + 1,
            event=event,
            actor=actor,
        )
    shown = found[:PAGE_ROWS]
    return LogView(
        frame=frame,
        rows=tuple(
            LogRow(
                seq=row["seq"],
                at=row["at"],
                event=row["event"],
                actor=row["actor"],
                roles=tuple(row["role"].split()),
                via=row["via"],
                object=row["object"],
                rows=row["rows"],
                publication=row["publication"],
                address=row["address"],
                detail=row["detail"],
            )
            for row in shown
        ),
        older=shown[-1]["seq"] if len(found) > PAGE_ROWS else None,
        event=event,
        actor=actor,
    )


def number_in(written: str) -> int | None:
    """Return the row number of an address; None where there is none to be read."""
    plain = written.isascii() and written.isdigit() and len(written) <= len(str(LARGEST))
    return int(written) if plain and int(written) <= LARGEST else None
