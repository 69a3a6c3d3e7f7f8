"""All areas: each region's course on one scale, and the country week by week."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.domain.indicators import INNER_RANGE_LEVEL, RANGE_LEVEL
from kms.findings import headline
from kms.reads.board import read_areas
from kms.reads.views import NOTHING, AreaRow, AreasView, SeriesView
from kms.texts import Texts
from kms.wording import basis_words, direction_word, place_name, range_name, span
from layouts.charts.multiples import Days, Ends, common_days, common_ends, small_fan
from layouts.charts.outlines import region_shapes
from layouts.components.cards import card, empty, heading, page_link
from layouts.components.figures import key
from layouts.components.maps import weeks_map
from layouts.page import Page, Visit
from layouts.svg import Svg, icon


def title(_view: AreasView, visit: Visit) -> str:
    """Name the page."""
    text = visit.text
    return text.gettext("Areas")


def layout(view: AreasView, visit: Visit) -> Component:
    """Show the regions side by side, by name, with the map beside them."""
    text = visit.text
    _ = text.gettext
    board = view.board
    body: Any = empty(_("No region has figures yet."))
    if board.rows:
        body = courses(view, visit)
    return html.Div(
        [
            heading(_("Choose an area"), eyebrow=headline(text, board.rows, board.frame)),
            html.Div(
                [
                    card(
                        _("Regions"),
                        body,
                        sub=_("R {basis}, all on one scale; each leads to its provinces").format(
                            basis=basis_words(text, board.frame.basis)
                        ),
                        foot=(_("The line ends where reports are still arriving."),),
                    ),
                    card(
                        _("Week by week"),
                        weeks_map(board.rows, view.weeks, region_shapes(), visit),
                        class_name="where",
                    ),
                ],
                className="cols broad",
            ),
        ]
    )


def courses(view: AreasView, visit: Visit) -> list[Component]:
    """Draw the country and every region by name, on common axes."""
    text = visit.text
    ends = common_ends(list(view.r.values()), centre=1.0, most=1.0)
    days = common_days(view.r.values())
    rows = sorted(view.board.rows, key=lambda row: row.name)
    legend = (
        key("95", range_name(text, RANGE_LEVEL)),
        key("50", range_name(text, INNER_RANGE_LEVEL)),
        html.Span(
            text.gettext("from {low} to {high}; dotted: 1").format(
                low=text.number(ends[0], 1), high=text.number(ends[1], 1)
            )
        ),
    )
    return [
        html.P(_country(view.board.nation, visit), className="note lead-in"),
        html.Ul(
            [_small(row, view.r.get(row.code, NOTHING), (ends, days), visit) for row in rows],
            className="sms",
        ),
        html.Div(list(legend), className="legend"),
    ]


def _country(row: AreaRow, visit: Visit) -> list[Any]:
    return [
        page_link(
            place_name(visit.text, row.name), visit.link(f"/areas/{row.code}"), className="a"
        ),
        ": ",
        direction_word(visit.text, row.direction).lower(),
        _told(row, visit.text),
    ]


def _small(
    row: AreaRow, drawn: SeriesView, axes: tuple[Ends, Days | None], visit: Visit
) -> Component:
    text = visit.text
    word = direction_word(text, row.direction)
    link = page_link(place_name(text, row.name), visit.link(f"/areas/{row.code}"), className="a")
    return html.Li(
        [
            html.H3(
                [
                    html.Span(icon(row.direction), className=f"dw dir-{row.direction}", title=word),
                    link,
                ]
            ),
            Svg(small_fan(drawn, *axes), className="dr"),
            html.P([word, _told(row, text)]),
        ]
    )


def _told(row: AreaRow, text: Texts) -> str:
    if row.r.value is None:
        return ""
    return f". R {text.number(row.r.value, 2)} ({span(text, row.r)})"


PAGE = Page(
    path="/areas",
    read=read_areas,
    discloses=True,
    title=title,
    layout=layout,
    nav=lambda text: text.gettext("Areas"),
    order=2,
)
