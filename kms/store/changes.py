"""Putting a vintage in its place in time, or taking it out.

Its own differences are written, and those of later vintages anew where they depend on it,
so that every as-of answers as if the vintages had come in order. Plans are made before anything
is written: what is known is read from the history as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray
from sqlalchemy import Connection, Table, delete, insert, update

from kms.domain.intake import Changed, Parsed
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
from kms.store.tables import Vintage, VintageChange

_INSTANT = timedelta(microseconds=1)  # the resolution of an instant in the store
_PIECE = 200_000  # rows written at a time


Difference = tuple[pa.Table, Changed]  # rows, and how many are new, changed, gone


@dataclass(frozen=True)
class Change:
    """What changes in one fact table: rows of the vintage itself, rows of those after it."""

    table: Table
    own: Difference | None  # None: the vintage has no rows (any more)
    later: tuple[tuple[int, Difference], ...]  # id of a vintage, its rows anew


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
) -> tuple[tuple[int, Difference], ...]:
    """Return the differences of later vintages, with their states, from one that is another."""
    found = []
    for issue, known in later:
        span = issue.spans.get(table.name)
        after = merged(state, inside(known, span), span)
        found.append((issue.id, difference(table, state, after)))
        state = after
    return tuple(found)


def changes_made(
    connection: Connection, source_id: str, published_at: datetime, parsed: Parsed
) -> dict[str, Changed]:
    """Return by fact table what an issue would change at its instant; nothing is written."""
    plan = plan_changes(connection, source_id, published_at, parsed)
    return {change.table.name: change.own[1] for change in plan if change.own is not None}


def apply_changes(
    connection: Connection, source_id: str, vintage_id: int, changes: list[Change]
) -> dict[str, Changed]:
    """Write planned changes; return by fact table what the vintage itself changes."""
    for change in changes:
        for number, found in ((vintage_id, change.own), *change.later):
            owner = {"source_id": source_id, "vintage_id": number}
            _renew(connection, change.table, owner, found, new=number == vintage_id)
    return {change.table.name: change.own[1] for change in changes if change.own is not None}


def _renew(
    connection: Connection,
    table: Table,
    owner: Mapping[str, Any],
    found: Difference | None,
    *,
    new: bool,
) -> None:
    """Write a vintage's rows of a table anew, and how many there are."""
    number = owner["vintage_id"]
    gone = connection.execute(delete(table).where(table.c.vintage_id == number)).rowcount
    of_table = (VintageChange.vintage_id == number, VintageChange.fact_table == table.name)
    counted = connection.execute(delete(VintageChange).where(*of_table)).rowcount > 0
    come = 0
    if found is not None:
        rows, told = found
        come = insert_rows(connection, table, rows, owner)
        count = {"vintage_id": number, "fact_table": table.name, **vars(told)}
        if new or counted or come:  # else it never spoke of this table
            connection.execute(insert(VintageChange), count)
    if come != gone:
        connection.execute(
            update(Vintage)
            .where(Vintage.id == number)
            .values(rows_changed=Vintage.rows_changed + come - gone)
        )


def as_declared(parsed: Parsed) -> Parsed:
    """Return what an issue says with the columns and types its fact tables declare."""
    facts = {}
    for name, content in parsed.facts.items():
        schema = arrow_schema(fact_table(name))
        facts[name] = content.select(schema.names).cast(schema)
    return replace(parsed, facts=facts)


def content_hash(parsed: Parsed) -> str:
    """Return a hash of what an issue says, whatever the order of its rows."""
    digest = hashlib.sha256(write_spans(parsed.spans).encode())
    for name in sorted(parsed.facts):
        table = fact_table(name)
        digest.update(name.encode() + b"\0")
        for text in _sorted_csv(parsed.facts[name], key_columns(table), value_columns(table)):
            digest.update(text)
    return digest.hexdigest()


def _sorted_csv(content: pa.Table, keys: list[str], values: list[str]) -> Iterator[bytes]:
    """Give rows as CSV with a header, in the order of their keys, a piece at a time."""
    content = content.select([*keys, *values]).combine_chunks()
    order = _order(content, keys)
    sink = BytesIO()
    with pa_csv.CSVWriter(sink, content.schema) as writer:
        for start in range(0, len(order), _PIECE):
            writer.write(content.take(pa.array(order[start : start + _PIECE])))
            yield sink.getvalue()
            sink.seek(0)
            sink.truncate()
    yield sink.getvalue()


def _order(content: pa.Table, keys: list[str]) -> NDArray[np.int64]:
    """Return the places of rows in the order of their keys, nulls last.

    The key columns are numbered by the order of their values and put together into one whole
    number: sorting millions of rows of several texts each takes ten times as long.
    """
    number, size = np.zeros(content.num_rows, np.int64), 1
    for key in keys:
        column = content[key].combine_chunks().dictionary_encode()
        if isinstance(column, pa.ChunkedArray):
            column = column.unify_dictionaries().combine_chunks()
        values = column.dictionary
        size *= len(values) + 1
        if size > np.iinfo(np.int64).max:
            break
        rank = np.full(len(values) + 1, len(values), np.int64)
        rank[pc.sort_indices(values).to_numpy()] = np.arange(len(values))
        number *= len(values) + 1
        number += rank[column.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)]
    else:
        order = np.argsort(number, kind="stable")
        if np.all(np.diff(number[order])):
            return order
    # Too many to number, or a key stands twice: then what is said of it decides.
    places = pc.sort_indices(content, sort_keys=[(c, "ascending") for c in content.column_names])
    return np.asarray(places.to_numpy(), dtype=np.int64)
