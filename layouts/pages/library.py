"""The library: guidelines, evidence and practice, filtered by type and sector."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.reads.library import read_library
from kms.reads.views import EntryView, LibraryView
from kms.texts import Texts
from layouts.components.cards import card, empty, heading, page_link
from layouts.components.entries import entry_marks, kind_word
from layouts.components.listing.arrange import DAY, ListColumn, Listing, arranged
from layouts.components.listing.table import framed
from layouts.page import Page, Visit

MOST = 25  # entries of a page: each has a summary


def title(view: LibraryView, visit: Visit) -> str:
    """Say how many entries there are."""
    text = visit.text
    count = len(view.entries)
    if not view.kind and not view.sector:
        return text.ngettext(
            "{n} entry in the library", "{n} entries in the library", count
        ).format(n=count)
    wanted = [text.gettext(sector[1]) for sector in view.sectors if sector[0] == view.sector]
    if view.kind:
        wanted.insert(0, kind_word(text, view.kind).lower())
    return text.ngettext("{n} entry for {filter}", "{n} entries for {filter}", count).format(
        n=count, filter=", ".join(wanted)
    )


def layout(view: LibraryView, visit: Visit) -> Component:
    """Show what is due, the filters, and the entries."""
    text = visit.text
    _ = text.gettext
    due = [entry for entry in view.entries if entry.overdue]
    entries: Any = empty(
        _("No entry fits these filters."),
        action=page_link(_("Show all entries"), visit.link("/library")),
    )
    if view.entries:
        entries = entries_list(view, visit)
    return html.Div(
        [
            heading(title(view, visit), eyebrow=_("Library")),
            overdue_banner(len(due), text) if due else None,
            html.Div(
                [
                    facets(view, visit),
                    card(
                        _("Entries"),
                        entries,
                        sub=_("{n} of {total}").format(n=len(view.entries), total=view.total)
                        if len(view.entries) < view.total
                        else None,
                    ),
                ],
                className="lib",
            ),
        ]
    )


def entries_list(view: LibraryView, visit: Visit) -> Component:
    """List the entries of the chosen type and sector, found by their words, in pages."""
    _ = visit.text.gettext
    listing: Listing[EntryView] = Listing(
        "entries",
        _("Entries"),
        (
            ListColumn("title", _("Title"), lambda entry: entry.title),
            ListColumn("review", _("Review due"), lambda entry: entry.review_due, DAY),
        ),
        usual=_("past review first"),
        words=lambda entry: f"{entry.title} {entry.summary} {entry.owner} {entry.entry_id}",
        find_label=_("Words in it"),
        most=MOST,
    )
    part = arranged(listing, view.entries, dict(visit.kept))
    items = html.Div([entry_item(entry, visit) for entry in part.rows], className="entries")
    return framed(listing, part, visit, items, always_sorts=True)


def overdue_banner(count: int, text: Texts) -> Component:
    """Say how many entries are past their review date."""
    words = text.ngettext(
        "{n} entry is past its review date.", "{n} entries are past their review date.", count
    )
    return html.P(words.format(n=count), className="st stale banner")


def facets(view: LibraryView, visit: Visit) -> Component:
    """Offer the filters as links; one choice of each kind."""
    text = visit.text
    _ = text.gettext
    sectors = [(code, _(name), count) for code, name, count in view.sectors]
    kinds = [(code, kind_word(text, code), count) for code, count in view.kinds]
    return html.Nav(
        [
            _facet(visit, _("Type"), "kind", kinds, chosen=view.kind),
            _facet(visit, _("Sector"), "sector", sectors, chosen=view.sector),
        ],
        className="card facets",
        **{"aria-label": _("Filters")},
    )


def _facet(
    visit: Visit, name: str, field: str, options: list[tuple[str, str, int]], *, chosen: str
) -> Component:
    every = _option(
        visit.text.gettext("All"), None, visit.here(**{field: "", "page": ""}), chosen=not chosen
    )
    listed = [
        _option(words, count, visit.here(**{field: code, "page": ""}), chosen=code == chosen)
        for code, words, count in options
    ]
    return html.Div([html.H3(name), every, *listed], className="facet")


def _option(words: str, count: int | None, href: str, *, chosen: bool) -> Component:
    current = {"aria-current": "true"} if chosen else {}
    return page_link(
        [html.Span(words), html.Span(str(count) if count is not None else "", className="q s")],
        href,
        **current,
    )


def entry_item(entry: EntryView, visit: Visit) -> Component:
    """Show one entry of the list."""
    kind = " · ".join(part for part in (kind_word(visit.text, entry.kind), entry.owner) if part)
    return html.Article(
        [
            html.H3(
                page_link(entry.title, visit.link(f"/library/{entry.entry_id}")),
                lang=entry.language,
            ),
            html.P(kind, className="q s"),
            html.P(entry.summary, className="t2", lang=entry.language),
            entry_marks(entry, visit.text),
        ],
        className="entry",
    )


PAGE = Page(
    path="/library",
    read=read_library,
    title=title,
    layout=layout,
    nav=lambda text: text.gettext("Library"),
    order=1,
    group=1,
    query=("kind", "sector"),
    lists=("find", "sort", "page"),
)
