"""Facts over time: a load writes what changed, a read asks what was known.

The rows of a vintage are the differences from the vintage published before it; a figure that
disappears becomes a `withdrawn` row. What was known at an instant is, for each key, the row of
the latest vintage published by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Select,
    String,
    Table,
    and_,
    cast,
    func,
    select,
)

from kms.store import fact_tables
from kms.store.tables import REPORTED, DataTable, Vintage

FACT_TABLES = tuple(
    declared.__tablename__
    for declared in vars(fact_tables).values()
    if isinstance(declared, type) and issubclass(declared, DataTable) and declared is not DataTable
)


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


def arrow_schema(table: Table, columns: Sequence[str] = ()) -> pa.Schema:
    """Return how a fact table travels: dates as ISO text, numbers and flags as they are."""
    kinds = {int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    names = columns or [*key_columns(table), *value_columns(table)]
    return pa.schema([(n, kinds.get(table.c[n].type.python_type, pa.string())) for n in names])


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
    names = columns or [*keys, *value_columns(table)]
    return (
        select(*[iso_dates(table.c[name]) for name in names])
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


def iso_dates(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Read dates as ISO text on both engines: no object is made for each of a million cells."""
    return cast(column, String).label(column.key) if isinstance(column.type, Date) else column
