"""Where the faulty rows of a vintage stand, for those who look after the data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.domain.intake import ROW
from kms.reads.people.faults import (
    FaultGroup,
    FaultPlace,
    FaultsView,
    FaultyVintage,
    read_faults,
)
from kms.texts import Texts, manila_day
from layouts.components.cards import card, empty, heading, two
from layouts.components.forms.corrections import correct, correction_cards, download
from layouts.components.listing.arrange import DAY, NUMBER, Facet, ListColumn, Listing
from layouts.components.listing.table import listed
from layouts.components.tables import Column, body_row, group_row, wide_table
from layouts.page import Page, Visit


def title(view: FaultsView, visit: Visit) -> str:
    """Say what was wrong, or ask which vintage is meant."""
    text = visit.text
    if view.vintage is None:
        return text.gettext("Faulty rows: choose a vintage")
    n = view.vintage.rows_rejected
    words = text.ngettext("{n} row of {total} was left out", "{n} rows of {total} were left out", n)
    return words.format(n=text.number(n), total=text.number(view.vintage.rows_read))


def layout(view: FaultsView, visit: Visit) -> Component:
    """Show the counts, then where each row stands; or the vintages there are."""
    _ = visit.text.gettext
    if view.vintage is None:
        return html.Div(
            [
                heading(title(view, visit), eyebrow=_("Administration")),
                html.P(_logged(visit), className="note"),
                html.Div(_choice(view, visit), className="gap-t"),
            ]
        )
    back = html.A(_("All vintages"), href=visit.link("/data/faults"))
    return html.Div(
        [
            heading(title(view, visit), eyebrow=html.Span([back, " · ", view.vintage.name])),
            html.P(_logged(visit), className="note"),
            html.Div(
                [*correction_cards(view, visit), _groups(view, visit), _places(view, visit)],
                className="stack gap-t",
            ),
        ]
    )


def _logged(visit: Visit) -> str:
    return visit.text.gettext(
        "Only where a row stands is kept here, never what it says; that is in the file itself. "
        "Looking at the rows of a vintage is written to the audit log."
    )


def _choice(view: FaultsView, visit: Visit) -> Component:
    text = visit.text
    _ = text.gettext
    if view.vintages is None or not view.vintages.total:
        return empty(_("No vintage has been taken in."))
    listing = vintages_listing(visit)
    return card(_("Vintages"), listed(listing, view.vintages, visit), sub=_("issues of sources"))


def vintages_listing(visit: Visit) -> Listing[FaultyVintage]:
    """Say what the list of vintages is made of; the store narrows, sorts and cuts it."""
    _ = visit.text.gettext
    return Listing(
        "vintages",
        _("Vintages"),
        (
            ListColumn("name", _("Vintage"), in_store=True),
            ListColumn(
                "published", _("Published"), kind=DAY, in_store=True, class_name="num", width="16%"
            ),
            ListColumn(
                "rows", _("Rows"), kind=NUMBER, in_store=True, class_name="num", width="12%"
            ),
            ListColumn(
                "rejected", _("Left out"), kind=NUMBER, in_store=True, class_name="num", width="12%"
            ),
            ListColumn("places", _("Places kept"), class_name="num", width="14%"),
        ),
        usual=_("newest first"),
        cells=lambda row: _vintage(row, visit),
        find_label=_("Name of a vintage"),
        class_name="flow trio acts",
    )


def _vintage(row: FaultyVintage, visit: Visit) -> list[Any]:
    text = visit.text
    link = html.A(row.name, href=visit.link("/data/faults", vintage=row.name), className="a")
    withdrawn = f" · {text.gettext('withdrawn')}" if row.state == "withdrawn" else ""
    return [
        two(link, html.Span([html.Span(row.source, lang="en"), withdrawn])),
        text.day(manila_day(row.published_at)),
        text.number(row.rows_read),
        text.number(row.rows_rejected),
        text.number(row.places),
    ]


def _groups(view: FaultsView, visit: Visit) -> Component:
    text = visit.text
    _ = text.gettext
    if not view.groups:
        return empty(_("No row was rejected or flagged."))
    columns = [
        Column(_("Fault"), width="24%"),
        Column(_("Field"), width="16%"),
        Column(_("Meaning")),
        Column(_("Rows"), "num", "10%"),
        Column(_("What we did"), width="24%"),
    ]
    rows = [body_row(columns, _group(group, view, visit)) for group in view.groups]
    return card(
        _("By fault"),
        wide_table(_("Faults by kind"), columns, rows, class_name="flow acts"),
        sub=_("choose one to see its rows alone"),
        flush=True,
    )


def _group(group: FaultGroup, view: FaultsView, visit: Visit) -> list[Any]:
    text = visit.text
    shown = {"aria-current": "true"} if group.code == view.code else {}
    link = html.A(
        group.code, href=visit.here(code=group.code, page=""), className="a", lang="en", **shown
    )
    return [
        two(link, grade_word(text, group.grade)),
        html.Span(group.field, lang="en"),
        html.Span(group.meaning, lang="en"),
        html.B(text.number(group.rows)),
        html.Span(group.action, lang="en"),
    ]


def grade_word(text: Texts, grade: str) -> str:
    """Say whether a whole row or one field is meant."""
    return text.gettext("whole row") if grade == ROW else text.gettext("one field")


def _places(view: FaultsView, visit: Visit) -> Component:
    text = visit.text
    _ = text.gettext
    if view.places is None or not view.places.total:
        return empty(
            _("No place of a faulty row is kept."),
            text.ngettext(
                "Places are removed after {n} day; counts stay.",
                "Places are removed after {n} days; counts stay.",
                view.kept_days,
            ).format(n=view.kept_days),
        )
    listing = places_listing(view, visit)
    return card(
        _("Where they stand"),
        listed(listing, view.places, visit, lines=partial(_by_file, visit)),
        sub=_("row 1 is the first after the file’s header"),
    )


def places_listing(view: FaultsView, visit: Visit) -> Listing[FaultPlace]:
    """Say what the list of places is made of; the store narrows, sorts and cuts it."""
    _ = visit.text.gettext
    codes = dict.fromkeys(group.code for group in view.groups)
    return Listing(
        "places",
        _("Where they stand"),
        (
            ListColumn("row", _("Row"), kind=NUMBER, in_store=True, width="12%"),
            ListColumn(
                "line", _("Line"), kind=NUMBER, in_store=True, class_name="num", width="12%"
            ),
            ListColumn("field", _("Field"), in_store=True, width="20%"),
            ListColumn("code", _("Fault"), in_store=True, width="22%"),
            ListColumn("meaning", _("Meaning")),
        ),
        usual=_("in the order of the file"),
        facets=(
            Facet("code", _("Fault"), _("Every fault"), tuple((code, code) for code in codes)),
        ),
        class_name="flow acts",
    )


def _by_file(
    visit: Visit, columns: Sequence[Column], places: Sequence[FaultPlace]
) -> list[Component]:
    """Write the places under the file each stands in."""
    rows: list[Component] = []
    for part, members in groupby(places, key=lambda place: place.part):
        rows.append(group_row(part, len(columns)))
        rows += [body_row(columns, _place(place, visit)) for place in members]
    return rows


def _place(place: FaultPlace, visit: Visit) -> list[Any]:
    text = visit.text
    return [
        [html.Span([text.gettext("Row"), " "], className="ph"), text.number(place.record)],
        text.number(place.line) if place.line is not None else "",
        html.Span(place.field, lang="en"),
        two(html.Span(place.code, lang="en"), grade_word(text, place.grade)),
        html.Span(place.meaning, lang="en"),
    ]


PAGE = Page(
    path="/data/faults",
    read=read_faults,
    title=title,
    layout=layout,
    nav=lambda text: text.gettext("Faulty rows"),
    order=4,
    group=2,
    query=("vintage", "code", "find", "sort", "page"),
    plain=True,
    forms={"download": download, "correct": correct},
    receives="correct",
)
