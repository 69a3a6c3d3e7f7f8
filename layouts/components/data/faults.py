"""What was left out or blanked in the newest vintage of each source, and why."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from kms.reads.views import DataView, FaultRow
from layouts.components.cards import Child, card, empty, two
from layouts.components.data.sources import count, source_title
from layouts.components.listing.arrange import NUMBER, Facet, ListColumn, Listing, arranged
from layouts.components.listing.table import listed
from layouts.page import Visit

PREFIX = "faults-"
FAULT_PARAMETERS = tuple(f"{PREFIX}{key}" for key in ("find", "source", "sort", "page"))
MOST = 8


def faults_card(view: DataView, visit: Visit) -> Component:
    """List the faults by source."""
    _ = visit.text.gettext
    name = _("Rejected and flagged rows")
    if not view.faults:
        return card(name, empty(_("No row was rejected or flagged.")))
    listing = faults_listing(view, visit)
    shown = listed(listing, arranged(listing, view.faults, dict(visit.kept)), visit)
    return card(name, shown, sub=_("last vintage of each source"))


def faults_listing(view: DataView, visit: Visit) -> Listing[FaultRow]:
    """Say what the list of faults is made of; a suppressed number has no place in an order."""
    _ = visit.text.gettext
    titles = {row.source_id: source_title(view, row.source_id) for row in view.faults}
    return Listing(
        "faults",
        _("Rejected and flagged rows"),
        (
            ListColumn("meaning", _("Meaning"), lambda row: row.meaning),
            ListColumn("source", _("Source"), lambda row: titles[row.source_id], width="24%"),
            ListColumn(
                "rows", _("Rows"), lambda row: row.rows, NUMBER, class_name="num", width="12%"
            ),
            ListColumn("action", _("What we did"), width="26%"),
        ),
        usual=_("by source"),
        cells=lambda row: _cells(row, titles[row.source_id], visit),
        facets=(
            Facet(
                "source",
                _("Source"),
                _("Every source"),
                tuple(titles.items()),
                lambda row: row.source_id,
            ),
        )
        if len(titles) > 1
        else (),
        words=lambda row: f"{row.code} {row.meaning} {row.action}",
        find_label=_("Words in it"),
        prefix=PREFIX,
        most=MOST,
        class_name="flow trio",
    )


def _cells(row: FaultRow, source: str, visit: Visit) -> list[Child]:
    return [
        two(
            html.Span(row.meaning, lang="en"), html.Span(row.code.upper(), className="cut"), "wrap"
        ),
        html.Span(source, lang="en"),
        html.B(count(visit.text, row.rows)),
        html.Span(row.action, lang="en"),
    ]
