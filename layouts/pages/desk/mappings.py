"""The mappings there are, and the way to a new one."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.domain.desk.mappings import KeptMapping
from kms.reads.people.mappings import MappingsView, read_mappings
from layouts.components.cards import card, empty, heading, two
from layouts.components.forms.notices import sentence
from layouts.components.tables import Column, body_row, wide_table
from layouts.page import Page, Visit

PATH = "/data/mappings"
UPLOAD = "/data/upload"


def title(view: MappingsView, visit: Visit) -> str:
    """Say how many there are."""
    n = len(view.mappings)
    words = visit.text.ngettext("{n} mapping of tables", "{n} mappings of tables", n)
    return words.format(n=visit.text.number(n))


def layout(view: MappingsView, visit: Visit) -> Component:
    """List them, those of stewards first."""
    _ = visit.text.gettext
    note = _(
        "A mapping says what the columns of somebody's table mean. Each makes a source of its "
        "own, which can be uploaded, put into the inbox and taken in on the machine."
    )
    return html.Div(
        [
            heading(title(view, visit), eyebrow=html.A(_("Upload"), href=visit.link(UPLOAD))),
            html.P(note, className="note"),
            html.P(
                html.A(_("Make a mapping"), href=visit.link(f"{PATH}/new"), className="ctl"),
                className="gap-t",
            ),
            html.Div(_list(view, visit), className="gap-t"),
        ]
    )


def _list(view: MappingsView, visit: Visit) -> Component:
    _ = visit.text.gettext
    if view.broken:
        return empty(
            _("The mappings cannot be read."), "", html.P(sentence(view.broken), lang="en")
        )
    columns = [
        Column(_("Mapping")),
        Column(_("Table"), width="24%"),
        Column(_("Earlier versions"), "num", "18%"),
    ]
    rows = [body_row(columns, _row(one, visit)) for one in view.mappings]
    listed = wide_table(_("Mappings"), columns, rows, class_name="flow acts")
    return card(_("Mappings"), listed, flush=True)


def _row(one: KeptMapping, visit: Visit) -> list[Any]:
    text = visit.text
    link = html.A(one.mapping_id, href=visit.link(f"{PATH}/{one.mapping_id}"), className="a")
    told = [html.Span(one.title, lang="en")]
    if one.shipped:
        told += [" · ", text.gettext("comes with the product")]
    return [
        two(link, html.Span(told)),
        html.Code(one.table),
        text.number(len(one.earlier)) if not one.shipped else "–",
    ]


PAGE = Page(
    path=PATH,
    read=read_mappings,
    title=title,
    layout=layout,
    section=UPLOAD,
    plain=True,
    asks_intake=True,
)
