"""Putting a vintage in its place in time, or taking it out.

Its own differences are written, and those of later vintages anew where they depend on it,
so that every as-of answers as if the vintages had come in order. Plans are made before anything
is written: what is known is read from the history as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import BytesIO

import pyarrow as pa
import pyarrow.csv as pa_csv
from sqlalchemy import Connection, Table, delete

from kms.domain.intake import Parsed
from kms.store.bulk import insert_rows
from kms.store.facts import (
    FACT_TABLES,
    arrow_schema,
    fact_table,
    key_columns,
    value_columns,
)
from kms.store.states import (
    Issued,
    difference,
    history,
    inside,
    merged,
    state_at,
    write_spans,
)

_INSTANT = timedelta(microseconds=1)  # the resolution of an instant in the store


@dataclass(frozen=True)
class Change:
    """What changes in one fact table: rows of the vintage itself, rows of those after it."""

    table: Table
    own: pa.Table | None  # None: the vintage has no rows (any more)
    later: tuple[tuple[int, pa.Table], ...]  # id of a vintage, its rows anew


def plan_changes(
    connection: Connection, source_id: str, published_at: datetime, parsed: Parsed | None
) -> list[Change]:
    """Plan to add a content at an instant, or with None to take out the one that is there."""
    issues = history(connection, source_id)
    later = [issue for issue in issues if issue.published_at > published_at]
    changes = []
    for name in FACT_TABLES if parsed is None else parsed.facts:
        table = fact_table(name)
        before = state_at(connection, table, source_id, published_at - _INSTANT)
        if parsed is None:
            state, own = before, None
        else:
            state = merged(before, parsed.facts[name], parsed.spans.get(name))
            own = difference(table, before, state)
        known = [
            (issue, state_at(connection, table, source_id, issue.published_at))
            for issue in _up_to_whole(later, name)
        ]
        changes.append(Change(table, own, _anew(table, state, known)))
    return changes


def _up_to_whole(later: Sequence[Issued], name: str) -> list[Issued]:
    """Return later vintages to the first that says everything: its state and all after it stay."""
    whole = next((n for n, issue in enumerate(later) if name not in issue.spans), len(later))
    return list(later[: whole + 1])


def _anew(
    table: Table, state: pa.Table, later: Sequence[tuple[Issued, pa.Table]]
) -> tuple[tuple[int, pa.Table], ...]:
    """Return the differences of later vintages, with their states, from one that is another."""
    found = []
    for issue, known in later:
        span = issue.spans.get(table.name)
        after = merged(state, inside(known, span), span)
        found.append((issue.id, difference(table, state, after)))
        state = after
    return tuple(found)


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
        for number, rows in change.later:
            _remove(connection, change.table, number)
            insert_rows(connection, change.table, rows, {**owner, "vintage_id": number})
    return written


def as_declared(parsed: Parsed) -> Parsed:
    """Return what an issue says with the columns and types its fact tables declare."""
    facts = {}
    for name, content in parsed.facts.items():
        schema = arrow_schema(fact_table(name))
        facts[name] = content.select(schema.names).cast(schema)
    return replace(parsed, facts=facts)


def content_hash(parsed: Parsed) -> str:
    """Return a hash of what an issue says, whatever the order of its rows."""
    facts = parsed.facts
    digest = hashlib.sha256(write_spans(parsed.spans).encode())
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
