"""Writing and checking the audit log: who did what, never with a value from the data."""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from kms.config import now
from kms.domain.principal import COMMAND, Principal
from kms.errors import DataError
from kms.store import audit as log
from kms.store.engine import Store
from kms.store.open import set_store_fact, store_fact

ANCHOR = "audit_head"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who acts, and from where."""

    who: Principal
    address: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened; `filters` are kept as a digest, since they may tell more than is needed."""

    name: str
    object: str = ""
    detail: str = ""
    rows: int | None = None
    publication: str = ""
    filters: str = ""


def write(connection: Connection, origin: Origin, event: Event, at: datetime | None = None) -> None:
    """Add to the log inside a transaction of the operations store."""
    log.append(connection, _row(origin, event), at or now())


def record(store: Store, origin: Origin, event: Event) -> None:
    """Add to the log; what cannot be logged must not be done, so this comes first."""
    with store.write_ops() as connection:
        write(connection, origin, event)


def verify(store: Store) -> tuple[log.Head, int | None]:
    """Check the chain, and that it still holds what the data store remembers of it.

    Returns the last row and the row the data store remembered before. Raises `DataError` naming
    the first row that was changed, or the one that is gone; otherwise remembers the last row.
    """
    with store.read() as connection:
        kept = _head(store_fact(connection, ANCHOR))
    with store.read_ops() as operations:
        broken, last = log.first_break(operations), log.head(operations)
        whole = log.holds(operations, kept)
    if broken is not None:
        raise DataError(
            f"the audit log was changed at row {broken}; compare with a copy made before, and "
            "find out who can write to the operations store"
        )
    if not whole:
        raise DataError(
            f"the audit log no longer holds row {kept.seq} as the data store remembers it: rows "
            "were cut off or the log was written anew; compare with a copy made before"
        )
    anchor(store, last)
    return last, kept.seq or None


def anchor(store: Store, last: log.Head) -> None:
    """Remember the log's last row in the other store, so that a cut end is noticed."""
    set_store_fact(store, ANCHOR, f"{last.seq}:{last.hash}")


def anchor_now(store: Store) -> None:
    """Remember the log's last row, unless the one remembered before is gone: that must be told."""
    with store.read() as connection:
        kept = _head(store_fact(connection, ANCHOR))
    with store.read_ops() as operations:
        whole, last = log.holds(operations, kept), log.head(operations)
    if whole and last != kept:
        anchor(store, last)


def operator() -> Origin:
    """Return who runs a command: whoever owns the stores, by the machine's own accounts."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        user = "unknown"
    return Origin(Principal(account="operator", name=f"{user} (command line)", via=COMMAND))


def digest(filters: str) -> str:
    """Return a short name for a set of filters: equal ones can be found, none can be read."""
    return hashlib.sha256(filters.encode()).hexdigest()[:16] if filters else ""


def _head(kept: str) -> log.Head:
    seq, _, value = kept.partition(":")
    return log.Head(int(seq), value) if value else log.Head(0, log.START)


def _row(origin: Origin, event: Event) -> Mapping[str, Any]:
    who = origin.who
    return {
        "event": event.name,
        "actor": who.name,
        "role": " ".join(sorted(who.roles)),
        "via": who.via,
        "object": event.object,
        "filter_digest": digest(event.filters),
        "rows": event.rows,
        "publication": event.publication,
        "address": origin.address,
        "detail": event.detail,
    }
