"""The board: which regions are growing, why, how sure, how fresh."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.domain.indicators import RANGE_LEVEL, SAFETY_RANGE_LEVEL
from kms.findings import (
    basis_sentence,
    board_fresh,
    board_headline,
    board_sure,
    board_why,
    change_sentence,
    dated,
    days_covered,
    headline,
)
from kms.reads.board import read_board
from kms.reads.views import AreaRow, BoardView
from kms.texts import Texts, manila_day
from layouts.charts.outlines import region_shapes
from layouts.components import marks
from layouts.components.cards import card, csv_link, empty, heading, page_link
from layouts.components.maps import region_map
from layouts.components.ranking import ranking
from layouts.page import Page, Visit
from layouts.svg import icon


def title(view: BoardView, visit: Visit) -> str:
    """Say the result in the window's title."""
    text = visit.text
    return headline(text, view.rows, view.frame)


def layout(view: BoardView, visit: Visit) -> Component:
    """Answer first, then the tiles, the table, the map and what changed."""
    return html.Div(
        [
            answer(view, visit),
            tiles(view, visit),
            html.Div(
                [
                    table_card(view, visit),
                    html.Div([map_card(view, visit), changes_card(view, visit)], className="stack"),
                ],
                className="cols",
            ),
        ]
    )


def answer(view: BoardView, visit: Visit) -> Component:
    """Write the headline and the three sentences under it."""
    text = visit.text
    _ = text.gettext
    day = text.weekday(manila_day(view.frame.as_of))
    known = _("{disease}, as known on {day}").format(disease=view.frame.disease_name, day=day)
    parts = (
        (_("Why"), board_why(text, view.rows)),
        (_("How sure"), board_sure(text, view.rows, view.frame)),
        (_("How fresh"), board_fresh(text, view.rows, view.frame)),
    )
    return html.Div(
        [
            heading(
                headline(text, view.rows, view.frame),
                eyebrow=". ".join(
                    part for part in (known, days_covered(text, view.frame, view.rows)) if part
                ),
            ),
            html.P(
                dated(text, board_headline(text, view.rows) + ".", view.frame), className="leads"
            )
            if view.frame.stale_days is not None
            else None,
            html.Dl(
                [html.Div([html.Dt(word), html.Dd(sentence)]) for word, sentence in parts],
                className="ans",
            ),
        ]
    )


def tiles(view: BoardView, visit: Visit) -> Component:
    """Count the regions in each direction; each tile leads to its group in the table."""
    shown = marks.directions(view.rows)
    return html.Div(
        [_tile(direction, view, visit) for direction in shown],
        className="tiles five" if "rising" in shown else "tiles",
        role="group",
        **{"aria-label": visit.text.gettext("Regions by direction")},
    )


def _tile(direction: str, view: BoardView, visit: Visit) -> Component:
    text = visit.text
    inside = {direction, "missing"} if direction == "too_few" else {direction}
    members = [row for row in view.rows if row.direction in inside]
    before = sum((row.change or row.direction) in inside for row in view.rows)
    compared = ""
    if view.compared_with:
        compared = text.gettext("{n} on {day}").format(
            n=before, day=text.short_day(view.compared_with)
        )
    first = next((row.direction for row in members), direction)
    content = [
        html.Span(
            [
                html.Span(str(len(members)), className="n"),
                html.Span(marks.direction(text, direction), className="w"),
                html.Span(compared, className="d"),
            ],
            className="l1",
        ),
        html.Span(_names(members, text), className="who"),
    ]
    if not members:
        return html.Div(content, className=f"tile t-{direction}")
    return html.A(content, href=f"#board-{first}", className=f"tile t-{direction}")


def _names(members: list[AreaRow], text: Texts) -> list[Any]:
    shown: list[Any] = []
    listed = 3 if len(members) == 3 else 2
    for row in members[:listed]:
        shown += [", " if shown else "", html.B(row.name) if row.change else row.name]
    if len(members) > listed:
        more = len(members) - listed
        shown += [", ", text.ngettext("{n} more", "{n} more", more).format(n=more)]
    return shown or [text.gettext("none")]


def table_card(view: BoardView, visit: Visit) -> Component:
    """Rank the regions, most urgent first."""
    text = visit.text
    _ = text.gettext
    if not view.rows:
        body: Any = empty(_("No region has figures yet."))
    else:
        body = ranking(
            _("Regions by direction, most urgent first"),
            view.rows,
            visit,
            top=view.nation,
            anchor="board",
        )
    foot = [basis_sentence(text, view.frame), _("Dotted: provisional.")]
    if view.nonplace_cases:
        foot.append(
            text.ngettext(
                "{n} case of the last 14 days has no place; counted for the country only.",
                "{n} cases of the last 14 days have no place; counted for the country only.",
                view.nonplace_cases,
            ).format(n=text.number(view.nonplace_cases))
        )
    return card(
        _("Regions by direction"),
        body,
        sub=_("chance, range and speed; ranges are {cases}, for safety items {safety}").format(
            cases=text.percent(RANGE_LEVEL), safety=text.percent(SAFETY_RANGE_LEVEL)
        ),
        actions=[
            csv_link(_("R of every area"), visit.newest("r_t")),
            page_link(_("All areas"), visit.link("/areas")),
        ],
        foot=tuple(foot),
        flush=bool(view.rows),
        class_name="tabcard",
    )


def map_card(view: BoardView, visit: Visit) -> Component:
    """Show where, with the same marks."""
    text = visit.text
    legend = html.Div(
        [marks.direction(text, name) for name in marks.directions(view.rows)],
        className="legend",
        role="note",
    )
    return card(
        text.gettext("Where"),
        [region_map(view.rows, region_shapes(), visit), legend],
        sub=text.gettext("same marks"),
        class_name="where",
    )


def changes_card(view: BoardView, visit: Visit) -> Component:
    """List what is different from the edition before."""
    text = visit.text
    _ = text.gettext
    if view.compared_with is None:
        return card(_("Changes"), empty(_("There is no earlier edition to compare with.")))
    changed = [row for row in view.rows if row.change]
    items: list[Component] = [
        html.Li(
            [
                html.Span(
                    [
                        icon(row.direction),
                        page_link(row.name, visit.link(f"/areas/{row.code}"), className="a"),
                    ],
                    className="dw",
                ),
                html.Span(change_sentence(text, row), className="note"),
            ]
        )
        for row in changed
    ]
    if view.frame.late_sources:
        count = len(view.frame.late_sources)
        items.append(
            html.Li(
                [
                    html.B(
                        text.ngettext("{n} source late", "{n} sources late", count).format(n=count)
                    ),
                    html.Span(", ".join(view.frame.late_sources), className="note"),
                ]
            )
        )
    body = (
        html.Ul(items, className="ls") if items else html.P(_("Nothing changed."), className="note")
    )
    return card(_("Changed since {day}").format(day=text.short_day(view.compared_with)), body)


PAGE = Page(
    path="/",
    read=read_board,
    discloses=True,
    title=title,
    layout=layout,
    nav=lambda text: text.gettext("Board"),
    order=1,
)
