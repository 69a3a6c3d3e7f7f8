"""HTML tables: a caption, scoped headers, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from layouts.components.cards import Child


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its header, its class (num for figures), its width and its name on phones."""

    head: Child
    class_name: str = ""
    width: str = ""
    label: str = ""  # stands before the cell where rows become cards
    way: str = ""  # ascending or descending, of the one the rows are sorted by


def table(
    caption: str,
    names: Sequence[str],
    rows: Sequence[Sequence[Child]],
    *,
    numbers: bool = False,
    class_name: str = "",
) -> Component:
    """Write a plain table; with `numbers` every column but the first is set to the right."""
    columns = [Column(name, "num" if numbers and place else "") for place, name in enumerate(names)]
    lines = [body_row(columns, cells) for cells in rows]
    return wide_table(caption, columns, lines, class_name=class_name)


def wide_table(
    caption: str, columns: Sequence[Column], rows: Sequence[Component], *, class_name: str = ""
) -> Component:
    """Write a table from ready rows; `rows` may hold group rows and bodies."""
    widths = [html.Col(style={"width": column.width} if column.width else {}) for column in columns]
    return html.Table(
        [
            html.Caption(caption, className="vh"),
            html.Colgroup(widths),
            html.Thead(html.Tr([_head(column) for column in columns])),
            html.Tbody(list(rows)),
        ],
        className=f"tb {class_name}".strip(),
    )


def _head(column: Column) -> Component:
    way = {"aria-sort": column.way} if column.way else {}
    return html.Th(column.head, scope="col", className=column.class_name, **way)


def body_row(columns: Sequence[Column], cells: Sequence[Child], class_name: str = "") -> Component:
    """Write one row; the first cell names it."""
    first, rest = cells[0], cells[1:]
    return html.Tr(
        [
            html.Th(first, scope="row", className="rh"),
            *(
                html.Td(cell, className=column.class_name, **_label(column))
                for cell, column in zip(rest, columns[1:], strict=True)
            ),
        ],
        className=class_name,
    )


def _label(column: Column) -> dict[str, str]:
    label = column.label or (column.head if isinstance(column.head, str) else "")
    return {"data-label": label} if label else {}


def group_row(content: Child, columns: int) -> Component:
    """Write a row that heads a group."""
    return html.Tr(html.Th(content, colSpan=columns, scope="colgroup"), className="grp")
