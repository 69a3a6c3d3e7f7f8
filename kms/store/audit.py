"""The audit log: rows are only ever added, each with the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, text

from kms.domain.lists.pages import ListPage
from kms.store.account_tables import Audit
from kms.store.listed import page_of

START = "0" * 64
TEXTS = (
    "event", "actor", "role", "via", "object", "filter_digest", "publication", "address", "detail"
)  # fmt: skip
_LENGTHS = {name: Audit.__table__.c[name].type.length for name in TEXTS}  # type: ignore[attr-defined]  # all are String


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of the log, to be kept elsewhere: what it was must stay in the chain."""

    seq: int
    hash: str


def append(connection: Connection, said: Mapping[str, Any], at: datetime) -> Head:
    """Add a row inside the caller's transaction; that and what it tells of land together.

    The connection must hold the write lock (`Store.write_ops`), so that no two rows follow one.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE audit IN EXCLUSIVE MODE"))
    last = head(connection)
    row: dict[str, Any] = {name: str(said.get(name, ""))[: _LENGTHS[name]] for name in TEXTS}
    row |= {"seq": last.seq + 1, "at": at, "rows": said.get("rows"), "prev_hash": last.hash}
    row["hash"] = row_hash(row)
    connection.execute(insert(Audit), row)
    return Head(row["seq"], row["hash"])


def head(connection: Connection) -> Head:
    """Return the last row's number and hash; 0 when there is none."""
    statement = select(Audit.seq, Audit.hash).order_by(Audit.seq.desc()).limit(1)
    found = connection.execute(statement).one_or_none()
    return Head(found.seq, found.hash) if found else Head(0, START)


def row_hash(row: Mapping[str, Any]) -> str:
    """Return the hash of a row's content and of the row before it."""
    told = [row["prev_hash"], row["seq"], row["at"].astimezone(UTC).isoformat(), row["rows"]]
    told += [row[name] for name in TEXTS]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def first_break(connection: Connection) -> int | None:
    """Return the number of the first row that does not follow from the one before; None if none."""
    before = Head(0, START)
    rows = connection.execute(select(Audit.__table__).order_by(Audit.seq)).mappings()
    for row in rows:
        follows = row["seq"] == before.seq + 1 and row["prev_hash"] == before.hash
        if not follows or row["hash"] != row_hash({**row}):
            return int(row["seq"])
        before = Head(row["seq"], row["hash"])
    return None


def holds(connection: Connection, kept: Head) -> bool:
    """Tell whether a row kept elsewhere is still in the log as it was."""
    statement = select(Audit.hash).where(Audit.seq == kept.seq)
    return kept.seq == 0 or connection.execute(statement).scalar_one_or_none() == kept.hash


def entries(
    connection: Connection,
    *,
    most: int,
    page: int = 1,
    oldest_first: bool = False,
    event: str = "",
    actor: str = "",
) -> ListPage[dict[str, Any]]:
    """Return a page of rows, newest first, of an event or an actor if one is given."""
    every = select(Audit.__table__)
    found = every
    if event:
        found = found.where(Audit.event == event)
    if actor:
        found = found.where(Audit.actor == actor)
    ordered = found.order_by(Audit.seq if oldest_first else Audit.seq.desc())
    return page_of(connection, ordered, every, page=page, most=most)
