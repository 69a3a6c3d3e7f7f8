"""What was left out or blanked in the newest vintage of each source, and why."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from dash import html
from dash.development.base_component import Component

from kms.reads.views import DataView, FaultRow
from kms.texts import Texts
from layouts.components.cards import card, empty
from layouts.components.data.sources import count, source_title
from layouts.components.tables import Column, body_row, wide_table
from layouts.page import Visit


def faults_card(view: DataView, visit: Visit) -> Component:
    """List the faults by source; folded, unless one source was asked for."""
    text = visit.text
    _ = text.gettext
    name = _("Rejected and flagged rows")
    if not view.faults:
        return card(name, empty(_("No row was rejected or flagged.")))
    folds = [
        _fold(source_title(view, source_id), tuple(rows), text, is_open=bool(visit.request.source))
        for source_id, rows in groupby(view.faults, key=lambda row: row.source_id)
    ]
    return card(name, folds, sub=_("last vintage of each source"), flush=True)


def _fold(title: str, rows: Sequence[FaultRow], text: Texts, *, is_open: bool) -> Component:
    _ = text.gettext
    columns = [
        Column(_("Code"), width="30%"),
        Column(_("Meaning")),
        Column(_("Rows"), "num"),
        Column(_("What we did")),
    ]
    lines = [
        body_row(
            columns,
            [
                html.Span(row.code.upper(), className="cut"),
                html.Span(row.meaning, lang="en"),
                html.B(count(text, row.rows)),
                html.Span(row.action, lang="en"),
            ],
        )
        for row in rows
    ]
    kinds = text.ngettext("{n} kind", "{n} kinds", len(rows)).format(n=text.number(len(rows)))
    head = html.Summary([html.Span(title, lang="en"), html.Span(f" · {kinds}", className="q")])
    listed = wide_table(title, columns, lines, class_name="flow trio")
    return html.Div(html.Details([head, listed], open=is_open), className="never")
