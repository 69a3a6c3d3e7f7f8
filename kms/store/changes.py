"""Putting a vintage in its place in time, or taking it out.

Its own differences are written, and those of the next vintage are written anew, so that every
as-of answers as if the vintages had come in order. Plans are made before anything is written:
what is known is read from the history as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO

import pyarrow as pa
import pyarrow.csv as pa_csv
from sqlalchemy import Connection, Table, delete

from kms.store.bulk import insert_rows
from kms.store.facts import FACT_TABLES, fact_table, key_columns, value_columns
from kms.store.states import difference, history, state_at

_INSTANT = timedelta(microseconds=1)  # the resolution of an instant in the store


@dataclass(frozen=True)
class Change:
    """What changes in one fact table: rows of the vintage itself, rows of the one after it."""

    table: Table
    own: pa.Table | None  # None: the vintage has no rows (any more)
    following_id: int | None
    following: pa.Table | None


def plan_changes(
    connection: Connection,
    source_id: str,
    published_at: datetime,
    facts: Mapping[str, pa.Table] | None,
) -> list[Change]:
    """Plan to add a content at an instant, or with None to take out the one that is there."""
    later = [i for i in history(connection, source_id) if i.published_at > published_at]
    following = later[0] if later else None
    changes = []
    for name in FACT_TABLES if facts is None else facts:
        table = fact_table(name)
        before = state_at(connection, table, source_id, published_at - _INSTANT)
        content = None if facts is None else facts[name]
        anew = None
        if following is not None:
            after = state_at(connection, table, source_id, following.published_at)
            anew = difference(table, before if content is None else content, after)
        own = None if content is None else difference(table, before, content)
        changes.append(Change(table, own, following.id if following else None, anew))
    return changes


def apply_changes(
    connection: Connection, source_id: str, vintage_id: int, changes: list[Change]
) -> int:
    """Write planned changes; return the rows written for the vintage itself."""
    written = 0
    for change in changes:
        _remove(connection, change.table, vintage_id)
        owner = {"source_id": source_id, "vintage_id": vintage_id}
        if change.own is not None:
            written += insert_rows(connection, change.table, change.own, owner)
        if change.following_id is not None and change.following is not None:
            _remove(connection, change.table, change.following_id)
            owner["vintage_id"] = change.following_id
            insert_rows(connection, change.table, change.following, owner)
    return written


def content_hash(facts: Mapping[str, pa.Table]) -> str:
    """Return a hash of what the facts say, whatever the order of their rows."""
    digest = hashlib.sha256()
    for name in sorted(facts):
        table = fact_table(name)
        columns = [*key_columns(table), *value_columns(table)]
        content = facts[name].select(columns).sort_by([(k, "ascending") for k in columns])
        sink = BytesIO()
        pa_csv.write_csv(content, sink)
        digest.update(name.encode() + b"\0" + sink.getvalue())
    return digest.hexdigest()


def _remove(connection: Connection, table: Table, vintage_id: int) -> None:
    connection.execute(delete(table).where(table.c.vintage_id == vintage_id))
