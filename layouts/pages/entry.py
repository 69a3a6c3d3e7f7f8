"""One library entry: what it says, how sure it is, where it comes from."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.reads.library import read_entry, read_library
from kms.reads.request import Request
from kms.reads.views import EntryView, LibraryView
from kms.texts import language_name
from layouts.components.cards import card, empty, heading, page_link
from layouts.components.entries import (
    control_word,
    entry_marks,
    grade_words,
    kind_word,
    readable,
)
from layouts.page import Page, Visit
from layouts.svg import Markup


def read(store: Any, request: Request) -> LibraryView:
    """Read the library around one entry; raise `NoDataError` when there is no such entry."""
    read_entry(store, request)
    return read_library(store, request)


def title(view: LibraryView, visit: Visit) -> str:
    """Name the entry."""
    text = visit.text
    named = [entry.title for entry in view.entries if entry.entry_id == visit.request.entry]
    return named[0] if named else text.gettext("Library")


def layout(view: LibraryView, visit: Visit) -> Component:
    """Show the asked entry."""
    _ = visit.text.gettext
    wanted = [entry for entry in view.entries if entry.entry_id == visit.request.entry]
    if not wanted:
        back = page_link(_("Show all entries"), visit.link("/library"))
        return html.Div([heading(_("Library")), empty(_("There is no such entry."), action=back)])
    entry = wanted[0]
    return html.Div(
        [
            html.Div(
                [
                    html.Nav(
                        [
                            page_link(_("Library"), visit.link("/library")),
                            f" / {kind_word(visit.text, entry.kind)}",
                        ],
                        className="eyebrow",
                        **{"aria-label": _("You are here")},
                    ),
                    html.H1(entry.title, tabIndex="-1", lang=entry.language),
                ],
                className="lead",
            ),
            html.P(entry.summary, className="leads", lang=entry.language),
            html.Div(
                [
                    html.Section(
                        html.Div(
                            Markup(entry.body_html, className="prose"),
                            className="bd",
                            lang=entry.language,
                        ),
                        className="card",
                        **{"aria-label": entry.title},
                    ),
                    html.Div(
                        [about_card(entry, view, visit), sources_card(entry, visit)],
                        className="stack",
                    ),
                ],
                className="duo",
            ),
        ]
    )


def about_card(entry: EntryView, view: LibraryView, visit: Visit) -> Component:
    """Show what kind of knowledge this is and for whom."""
    text = visit.text
    _ = text.gettext
    names = {code: _(name) for code, name, _count in view.sectors}
    pairs = (
        (_("Code"), entry.entry_id),
        (_("Owner"), entry.owner),
        (_("Grade"), grade_words(text, entry)),
        (
            _("Level of control"),
            control_word(text, entry.control_level) if entry.control_level else "",
        ),
        (_("Sectors"), ", ".join(names.get(code, code) for code in entry.sectors)),
        (_("Hazards"), ", ".join(readable(hazard) for hazard in entry.hazards)),
        (_("Language"), language_name(entry.language)),
    )
    shown = [part for word, value in pairs if value for part in (html.Dt(word), html.Dd(value))]
    return card(
        _("About this entry"), [entry_marks(entry, text), html.Dl(shown, className="pairs gap-t")]
    )


def sources_card(entry: EntryView, visit: Visit) -> Component:
    """List where the entry comes from."""
    _ = visit.text.gettext
    if not entry.sources:
        return card(_("Sources"), empty(_("No source is given.")))
    items = [
        html.Li(html.A(words, href=address, rel="noreferrer") if web(address) else words)
        for words, address in entry.sources
    ]
    return card(_("Sources"), html.Ul(items, className="ls"))


def web(address: str) -> bool:
    """Tell whether an address may be linked: the web, or a page of ours."""
    return address.startswith(("https://", "http://", "/"))


PAGE = Page(path="/library/<entry>", read=read, title=title, layout=layout, section="/library")
