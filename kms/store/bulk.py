"""Writing many rows at once: COPY on PostgreSQL, prepared tuples on SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import repeat
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Date, Table

_CHUNK = 50_000


def insert_rows(
    connection: Connection, table: Table, rows: pa.Table, constant: Mapping[str, Any]
) -> int:
    """Insert Arrow rows, adding `constant` columns to each; return how many."""
    names = [*constant, *rows.column_names]
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows, constant)
        return int(rows.num_rows)
    marks = ", ".join("?" for _ in names)
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"
    cursor: Any = connection.connection.cursor()
    try:
        for batch in rows.to_batches(max_chunksize=_CHUNK):
            cursor.executemany(statement, _tuples(batch, constant))
    finally:
        cursor.close()
    return int(rows.num_rows)


def _copy(
    connection: Connection,
    table: Table,
    rows: pa.Table,
    constant: Mapping[str, Any],
) -> None:
    names = [*constant, *rows.column_names]
    dates = {i for i, n in enumerate(names) if isinstance(table.c[n].type, Date)}
    raw: Any = connection.connection.driver_connection
    with (
        raw.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy,
    ):
        for batch in rows.to_batches(max_chunksize=_CHUNK):
            for row in _tuples(batch, constant):
                copy.write_row([_dated(v) if i in dates else v for i, v in enumerate(row)])


def _dated(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _tuples(batch: pa.RecordBatch, constant: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    columns = [column.to_pylist() for column in batch.columns]
    return zip(*[repeat(v) for v in constant.values()], *columns, strict=False)
