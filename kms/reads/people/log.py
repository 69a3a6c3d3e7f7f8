"""The audit log, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kms.domain.lists.pages import PAGE_ROWS, ListPage, order_in, page_in
from kms.reads.people.own import frame_if_any
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.store import audit
from kms.store.engine import Store

TIME = "time"  # the one order there is


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
    """A page of the log."""

    frame: Frame | None
    listed: ListPage[LogRow]
    event: str
    actor: str


def read_log(store: Store, request: Request) -> LogView:
    """Return a page of the log, newest first, of an event or an actor if one is asked for."""
    with store.read() as connection:
        frame = frame_if_any(connection)
    event, actor = request.event.strip(), request.actor.strip().casefold()
    order = order_in(request.sort, {TIME})
    with store.read_ops() as operations:
        found = audit.entries(
            operations,
            page=page_in(request.page),
            most=PAGE_ROWS,
            oldest_first=order is not None and not order.descending,
            event=event,
            actor=actor,
        )
    return LogView(frame, found.of(_row), event, actor)


def _row(row: Mapping[str, Any]) -> LogRow:
    return LogRow(
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
