"""A list drawn: what narrows it, its rows under heads that sort, its pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from dash import html
from dash.development.base_component import Component

from kms.domain.lists.pages import ListPage, Order
from layouts.components.cards import Child, empty, page_link
from layouts.components.listing.arrange import PAGE, SORT, Asked, ListColumn, Listing, asked_of
from layouts.components.listing.controls import FEW, address, found_line, narrowing_form, pager
from layouts.components.tables import Column, body_row, wide_table
from layouts.page import Visit

Row = TypeVar("Row")
Lines = Callable[[Sequence[Column], Sequence[Row]], list[Component]]


def listed(
    listing: Listing[Row], part: ListPage[Row], visit: Visit, *, lines: Lines[Row] | None = None
) -> Component:
    """Draw a list as a table; `lines` writes its rows where they are more than a line each."""
    asked = asked_of(listing, dict(visit.kept))
    columns = [_column(column, listing, asked, visit) for column in listing.columns]
    if lines is None:
        rows = [_line(listing, columns, row) for row in part.rows]
    else:
        rows = lines(columns, part.rows)
    table = wide_table(listing.caption, columns, rows, class_name=listing.class_name)
    return framed(listing, part, visit, html.Div(table, className="tw"))


def framed(
    listing: Listing[Row],
    part: ListPage[Row],
    visit: Visit,
    body: Child,
    *,
    always_sorts: bool = False,
) -> Component:
    """Put what narrows a list above its rows, and its pages below; few rows need neither.

    `always_sorts` offers the order in the form on wide screens too, where there are no heads.
    """
    asked = asked_of(listing, dict(visit.kept))
    many = part.total > FEW or asked.is_narrowed
    return html.Section(
        [
            narrowing_form(listing, asked, visit, always_sorts=always_sorts) if many else None,
            found_line(listing, part, asked, visit),
            body if part.rows else empty(visit.text.gettext("Nothing fits the filter.")),
            pager(listing, part, visit),
        ],
        id=f"{listing.name}-list",
        className="lst",
        tabIndex="-1",  # where the next page, or a filter, is read from
        **{"aria-label": listing.caption},
    )


def _line(listing: Listing[Row], columns: Sequence[Column], row: Row) -> Component:
    cells = listing.cells(row) if listing.cells else ()
    return body_row(columns, cells, listing.row_class)


def _column(column: ListColumn[Any], listing: Listing[Any], asked: Asked, visit: Visit) -> Column:
    order = asked.order if asked.order and asked.order.key == column.key else None
    way = "" if order is None else "descending" if order.descending else "ascending"
    under = [html.Br(), html.Span(column.under)] if column.under else []
    return Column(
        [_head(column, order, listing, visit), *under],
        column.class_name,
        column.width,
        column.label or column.head,
        way,
    )


def _head(
    column: ListColumn[Any], order: Order | None, listing: Listing[Any], visit: Visit
) -> Child:
    """Write a column's head; pressed again, the other way round."""
    if not column.is_sortable:
        return column.head
    wanted = column.first if order is None else Order(column.key, not order.descending)
    at = f"sort-{column.key}"
    arrow = "" if order is None else "↓" if order.descending else "↑"
    return page_link(
        [column.head, html.Span(arrow, className="arrow", **{"aria-hidden": "true"})],
        address(listing, visit, at=at, **{SORT: wanted.written, PAGE: ""}),
        id=f"{listing.name}-{at}",
        className="sort",
    )
