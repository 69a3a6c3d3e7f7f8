"""Handing a selection over as the rows of a fact table."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from kms.store.facts import arrow_schema, fact_table, value_columns


def fact_rows(engine: duckdb.DuckDBPyConnection, name: str, selection: str) -> pa.Table:
    """Return a selection with exactly the columns and types of a fact table.

    Value columns that are not selected are not known.
    """
    table = fact_table(name)
    schema = arrow_schema(table)
    found = engine.sql(selection).to_arrow_table()
    for column in value_columns(table):
        if column not in found.column_names:
            empty = pa.nulls(found.num_rows, schema.field(column).type)
            found = found.append_column(column, empty)
    return found.select(schema.names).cast(schema)
