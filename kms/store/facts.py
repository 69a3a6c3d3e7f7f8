"""Facts over time: a load writes what changed, a read asks what was known.

The rows of a vintage are the differences from the vintage published before it; a figure that
disappears becomes a `withdrawn` row. What was known at an instant is, for each key, the row of
the latest vintage published by then. A vintage that comes late is put in its place: its own
differences are written, and those of the next vintage are written anew, so that every as-of
answers as if the vintages had come in order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv
from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Select,
    String,
    Table,
    and_,
    cast,
    delete,
    func,
    select,
)

from kms.store.bulk import insert_rows
from kms.store.tables import REPORTED, WITHDRAWN, DataTable, Vintage

_INSTANT = timedelta(microseconds=1)  # the resolution of an instant in the store
FACT_TABLES = ("case_count", "reporting_triangle", "inspection", "inspection_item")


def fact_table(name: str) -> Table:
    """Return a fact table by name."""
    if name not in FACT_TABLES:
        raise ValueError(f"{name!r} is not a fact table; the fact tables are {FACT_TABLES}")
    return DataTable.metadata.tables[name]


def key_columns(table: Table) -> list[str]:
    """Return the columns that name a figure, without the source and the vintage."""
    return [c.name for c in table.primary_key if c.name not in {"source_id", "vintage_id"}]


def value_columns(table: Table) -> list[str]:
    """Return the columns that say something about a figure."""
    return [c.name for c in table.c if not c.primary_key and c.name != "status"]


def known_at(
    table: Table,
    source_id: str,
    as_of: datetime,
    *,
    columns: Sequence[str] = (),
    where: Sequence[ColumnElement[bool]] = (),
) -> Select[Any]:
    """Select what a source had said by `as_of` (inclusive), withdrawn figures left out.

    `where` may only speak of key columns: a condition on values would bring back
    figures that have changed since.
    """
    keys = key_columns(table)
    issue = Vintage.__table__
    latest = (
        select(*[table.c[k] for k in keys], func.max(issue.c.published_at).label("newest"))
        .join(issue, issue.c.id == table.c.vintage_id)
        .where(table.c.source_id == source_id, issue.c.published_at <= as_of, *where)
        .group_by(*[table.c[k] for k in keys])
        .subquery()
    )
    chosen = issue.alias()
    return (
        select(*[_portable(table.c[name]) for name in columns or [*keys, *value_columns(table)]])
        .join(chosen, chosen.c.id == table.c.vintage_id)
        .join(
            latest,
            and_(
                chosen.c.published_at == latest.c.newest,
                *[table.c[k] == latest.c[k] for k in keys],
            ),
        )
        .where(table.c.source_id == source_id, table.c.status == REPORTED, *where)
    )


def read_columns(connection: Connection, statement: Select[Any]) -> dict[str, list[Any]]:
    """Run a selection and return its columns by name; dates come as ISO text."""
    result = connection.execute(statement)
    names = list(result.keys())
    rows = result.all()
    if not rows:
        return {name: [] for name in names}
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def write_changes(
    connection: Connection, vintage: Mapping[str, Any], facts: Mapping[str, pa.Table]
) -> int:
    """Write a vintage's differences, and the next vintage's anew; return the rows written."""
    written = 0
    source_id, published_at = vintage["source_id"], vintage["published_at"]
    owner = {"source_id": source_id, "vintage_id": vintage["id"]}
    following = _following(connection, source_id, published_at)
    next_owner = {"source_id": source_id, "vintage_id": following and following.id}
    for name, content in facts.items():
        table = fact_table(name)
        before = _state(connection, table, source_id, published_at - _INSTANT)
        after = following and _state(connection, table, source_id, following.published_at)
        written += insert_rows(connection, table, _difference(table, before, content), owner)
        if following is not None:
            connection.execute(delete(table).where(table.c.vintage_id == following.id))
            insert_rows(connection, table, _difference(table, content, after), next_owner)
    return written


def remove_changes(connection: Connection, vintage: Mapping[str, Any]) -> None:
    """Take a vintage's differences out and write the next vintage's anew without it."""
    source_id, published_at = vintage["source_id"], vintage["published_at"]
    following = _following(connection, source_id, published_at)
    owner = {"source_id": source_id, "vintage_id": following and following.id}
    for name in FACT_TABLES:
        table = fact_table(name)
        after = following and _state(connection, table, source_id, following.published_at)
        connection.execute(delete(table).where(table.c.vintage_id == vintage["id"]))
        if following is not None:
            before = _state(connection, table, source_id, published_at - _INSTANT)
            connection.execute(delete(table).where(table.c.vintage_id == following.id))
            insert_rows(connection, table, _difference(table, before, after), owner)


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


def _portable(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Read dates as ISO text on both engines: no object is made for each of a million cells."""
    return cast(column, String).label(column.key) if isinstance(column.type, Date) else column


def _following(connection: Connection, source_id: str, published_at: datetime) -> Any:
    return connection.execute(
        select(Vintage.id, Vintage.published_at)
        .where(
            Vintage.source_id == source_id,
            Vintage.published_at > published_at,
            Vintage.state == "accepted",
        )
        .order_by(Vintage.published_at)
        .limit(1)
    ).one_or_none()


def _state(connection: Connection, table: Table, source_id: str, as_of: datetime) -> pa.Table:
    columns = [*key_columns(table), *value_columns(table)]
    statement = known_at(table, source_id, as_of)
    return _arrow(table, read_columns(connection, statement), columns)


def _arrow(table: Table, content: Mapping[str, Sequence[Any]], columns: list[str]) -> pa.Table:
    schema = arrow_schema(table, columns)
    return pa.table([pa.array(content[n], type=schema.field(n).type) for n in columns], schema)


def arrow_schema(table: Table, columns: Sequence[str] = ()) -> pa.Schema:
    """Return how a fact table travels: dates as ISO text, numbers and flags as they are."""
    kinds = {int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    names = columns or [*key_columns(table), *value_columns(table)]
    return pa.schema([(n, kinds.get(table.c[n].type.python_type, pa.string())) for n in names])


def _difference(table: Table, before: pa.Table, after: pa.Table) -> pa.Table:
    """Return the rows that turn `before` into `after`, with their status."""
    keys, values = key_columns(table), value_columns(table)
    same = " AND ".join(f"a.{k} = b.{k}" for k in keys)
    changed = " OR ".join(f"a.{v} IS DISTINCT FROM b.{v}" for v in values)
    chosen = ", ".join(f"a.{c}" for c in keys + values)
    gone = ", ".join([f"b.{k}" for k in keys] + [f"NULL AS {v}" for v in values])
    with duckdb.connect() as engine:
        engine.register("before_", before)
        engine.register("after_", after.select(keys + values))
        result: pa.Table = engine.sql(
            f"SELECT {chosen}, '{REPORTED}' AS status FROM after_ a LEFT JOIN "
            f"(SELECT *, true AS present FROM before_) b ON {same} "
            f"WHERE b.present IS NULL OR {changed} UNION ALL "
            f"SELECT {gone}, '{WITHDRAWN}' AS status FROM before_ b ANTI JOIN after_ a ON {same}"
        ).to_arrow_table()
    return result
