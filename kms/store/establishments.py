"""The inspections of one establishment as known at an instant; its name is not in the store."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import aliased

from kms.domain.desk.entries import ENTERED
from kms.store.fact_tables import Inspection
from kms.store.facts import fact_table, key_columns, known_at, value_columns

Row = dict[str, Any]


def inspections_of(
    connection: Connection, source_id: str, establishment: str, as_of: datetime
) -> list[Row]:
    """Return the inspections of an establishment, newest first; dates as ISO text."""
    rows = _with_typed(connection, "inspection", source_id, establishment, as_of=as_of)
    # An inspection once said to be this establishment's may have been corrected since.
    found = [row for row in rows if row["establishment_id"] == establishment]
    return sorted(found, key=lambda row: (row["opened_on"] or "", row["inspection_id"]))[::-1]


def items_of(
    connection: Connection, source_id: str, establishment: str, as_of: datetime
) -> list[Row]:
    """Return the checklist items of an establishment's inspections, by inspection and item.

    There may be items of inspections that have since been found to be another's.
    """
    rows = _with_typed(connection, "inspection_item", source_id, establishment, as_of=as_of)
    return sorted(rows, key=lambda row: (row["inspection_id"], row["item_code"]))


def _with_typed(
    connection: Connection, name: str, source_id: str, establishment: str, *, as_of: datetime
) -> list[Row]:
    """Return the source's rows, and those typed in of inspections it does not have."""
    own = _known(connection, name, source_id, establishment, as_of=as_of)
    typed = _known(connection, name, f"{source_id}{ENTERED}", establishment, as_of=as_of)
    if not typed:
        return own
    table = fact_table("inspection")
    where = [table.c.inspection_id.in_({row["inspection_id"] for row in typed})]
    statement = known_at(table, source_id, as_of, columns=["inspection_id"], where=where)
    known = set(connection.execute(statement).scalars())
    return own + [row for row in typed if row["inspection_id"] not in known]


def _known(
    connection: Connection, name: str, source_id: str, establishment: str, *, as_of: datetime
) -> list[Row]:
    table = fact_table(name)
    ever = aliased(Inspection)  # a name of its own, else the query around it would absorb it
    named = select(ever.inspection_id).where(
        ever.source_id == source_id, ever.establishment_id == establishment
    )
    columns = [*key_columns(table), *value_columns(table)]
    where = [table.c.inspection_id.in_(named)]
    statement = known_at(table, source_id, as_of, columns=columns, where=where)
    return [dict(row) for row in connection.execute(statement).mappings()]
