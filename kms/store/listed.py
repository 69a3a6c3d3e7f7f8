"""One page of a long list: counted, sorted and cut by the database, never read as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from kms.domain.lists.pages import ListPage, Order, span_of
from kms.store.tables import Vintage

Row = dict[str, Any]
VINTAGE_ORDERS: Mapping[str, InstrumentedAttribute[Any]] = {
    "name": Vintage.name,
    "source": Vintage.source_id,
    "published": Vintage.published_at,
    "state": Vintage.state,
    "rows": Vintage.rows_read,
    "rejected": Vintage.rows_rejected,
}


def page_of(
    connection: Connection, found: Select[Any], every: Select[Any], *, page: int, most: int
) -> ListPage[Row]:
    """Return a page of the rows `found`, in their order, of all that `every` selects.

    The order must name each row apart, or a row could stand on two pages and another on none.
    """
    count = _count(connection, found)
    total = count if found is every else _count(connection, every)
    span = span_of(page, count, most)
    rows = connection.execute(found.limit(span.most).offset(span.start)).mappings()
    return ListPage(tuple(dict(row) for row in rows), span.page, span.pages, count, total)


def vintage_page(
    connection: Connection,
    *,
    page: int,
    most: int,
    order: Order | None = None,
    source_id: str = "",
    until: datetime | None = None,
    find: str = "",
) -> ListPage[Row]:
    """Return a page of the vintages published by `until`, newest first unless ordered otherwise.

    `find` is looked for in their names.
    """
    every = select(Vintage.__table__)
    if source_id:
        every = every.where(Vintage.source_id == source_id)
    if until is not None:
        every = every.where(Vintage.published_at <= until)
    found = every.where(Vintage.name.icontains(find, autoescape=True)) if find else every
    if order is not None:
        column = VINTAGE_ORDERS[order.key]
        found = found.order_by(column.desc() if order.descending else column.asc())
    ordered = found.order_by(Vintage.published_at.desc(), Vintage.source_id, Vintage.id)
    return page_of(connection, ordered, every, page=page, most=most)


def _count(connection: Connection, selected: Select[Any]) -> int:
    counted = selected.order_by(None).with_only_columns(func.count(), maintain_column_froms=True)
    return int(connection.execute(counted).scalar_one())
