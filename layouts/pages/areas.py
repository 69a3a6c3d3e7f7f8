"""All areas: each region with its direction, as a list to choose from."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.findings import headline
from kms.reads.board import read_board
from kms.reads.views import AreaRow, BoardView
from kms.wording import direction_word, place_name
from layouts.components import marks
from layouts.components.cards import card, empty, heading, page_link, two
from layouts.components.svg import icon
from layouts.map import region_map, region_shapes
from layouts.page import Page, Visit


def title(_view: BoardView, visit: Visit) -> str:
    """Name the page."""
    text = visit.text
    return text.gettext("Areas")


def layout(view: BoardView, visit: Visit) -> Component:
    """List the regions by name, with the map beside them."""
    text = visit.text
    _ = text.gettext
    if not view.rows:
        body: Any = empty(_("No region has figures yet."))
    else:
        rows = sorted(view.rows, key=lambda row: row.name)
        body = html.Ul([_item(row, visit) for row in (view.nation, *rows)], className="ls grid-a")
    shown = marks.directions(view.rows)
    legend = html.Div([marks.direction(text, name) for name in shown], className="legend")
    return html.Div(
        [
            heading(_("Choose an area"), eyebrow=headline(text, view.rows, view.frame)),
            html.Div(
                [
                    card(_("Regions"), body, sub=_("by name; each leads to its provinces")),
                    card(
                        _("Where"),
                        [region_map(view.rows, region_shapes(), visit), legend],
                        class_name="where",
                    ),
                ],
                className="cols",
            ),
        ]
    )


def _item(row: AreaRow, visit: Visit) -> Component:
    word = direction_word(visit.text, row.direction)
    people = visit.text.compact(row.population) if row.population else ""
    return html.Li(
        html.Div(
            [
                html.Span(icon(row.direction), className=f"dw dir-{row.direction}"),
                two(
                    page_link(
                        place_name(visit.text, row.name),
                        visit.link(f"/areas/{row.code}"),
                        className="a",
                    ),
                    " · ".join(part for part in (row.label, people, word) if part),
                ),
            ],
            className="rr",
        )
    )


PAGE = Page(
    path="/areas",
    read=read_board,
    discloses=True,
    title=title,
    layout=layout,
    nav=lambda text: text.gettext("Areas"),
    order=2,
)
