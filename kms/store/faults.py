"""Where the faulty rows of a vintage stand: file, record, line, field; never what they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import InstrumentedAttribute

from kms.domain.lists.pages import ListPage, Order
from kms.store.listed import page_of
from kms.store.tables import FaultRecord, Vintage

Row = dict[str, Any]
PLACE_ORDERS: Mapping[str, InstrumentedAttribute[Any]] = {
    "row": FaultRecord.record,
    "line": FaultRecord.line,
    "field": FaultRecord.field,
    "code": FaultRecord.code,
}


def vintage_named(connection: Connection, name: str) -> Row | None:
    """Return the vintage of a name, withdrawn ones too."""
    statement = select(Vintage.__table__).where(Vintage.name == name)
    found = connection.execute(statement).mappings().one_or_none()
    return dict(found) if found else None


def fault_places(
    connection: Connection,
    vintage_id: int,
    *,
    page: int,
    most: int,
    order: Order | None = None,
    code: str = "",
) -> ListPage[Row]:
    """Return a page of the places of faults, in the order of the file unless told otherwise."""
    every = select(FaultRecord.__table__).where(FaultRecord.vintage_id == vintage_id)
    found = every.where(FaultRecord.code == code) if code else every
    if order is not None:
        column = PLACE_ORDERS[order.key]
        found = found.order_by((column.desc() if order.descending else column.asc()).nulls_last())
    ordered = found.order_by(FaultRecord.part, FaultRecord.record, FaultRecord.id)
    return page_of(connection, ordered, every, page=page, most=most)


def places_kept(connection: Connection, vintage_ids: Iterable[int]) -> dict[int, int]:
    """Return how many places of faults are still kept, by vintage; none: not listed."""
    statement = (
        select(FaultRecord.vintage_id, func.count())
        .where(FaultRecord.vintage_id.in_(list(vintage_ids)))
        .group_by(FaultRecord.vintage_id)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}
