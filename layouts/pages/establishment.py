"""One establishment: what inspections found, what was corrected, what is still open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.reads.people.establishment import (
    EstablishmentView,
    Finding,
    OpenItem,
    VisitRow,
    read_establishment,
    scope_of,
)
from kms.reference import load_areas, load_sectors
from kms.texts import Texts, manila_day
from layouts.components.cards import card, empty, heading, two
from layouts.components.listing.arrange import (
    DAY,
    NUMBER,
    Facet,
    ListColumn,
    Listing,
    arranged,
)
from layouts.components.listing.table import listed
from layouts.components.tables import Column, body_row, group_row, wide_table
from layouts.page import Page, Visit

N_ = str  # marks a text for the catalogues
MODES = {
    "TAV": N_("Technical and advisory visit"),
    "LI": N_("Labour inspection"),
    "OSHI": N_("OSH investigation"),
    "TSI": N_("Technical safety inspection"),
}
VISITS = {"first": N_("first visit"), "follow_up": N_("follow-up visit")}
RISKS = {"low": N_("low risk"), "medium": N_("medium risk"), "high": N_("high risk")}


def title(view: EstablishmentView, visit: Visit) -> str:
    """Say how many items are open."""
    text, n = visit.text, len(view.still_open)
    if not n:
        return text.gettext("No safety item is open")
    words = text.ngettext("{n} safety item is still open", "{n} safety items are still open", n)
    return words.format(n=n)


def layout(view: EstablishmentView, visit: Visit) -> Component:
    """Show what is open first, then the inspections and what each found."""
    _ = visit.text.gettext
    name = _("Establishment {id}").format(id=view.establishment)
    told = _(
        "Only the establishment's own committee, inspectors of its area and those who look after "
        "the data see this page."
    )
    logged = "" if view.own else _("That you looked at it was written to the audit log.")
    return html.Div(
        [
            heading(title(view, visit), eyebrow=name),
            html.P(f"{told} {logged}".strip(), className="note"),
            html.Div(
                [
                    card(_("The establishment"), _facts(view, visit)),
                    _open_items(view, visit),
                    _visits(view, visit),
                    _findings(view, visit),
                ],
                className="stack gap-t",
            ),
        ]
    )


def _facts(view: EstablishmentView, visit: Visit) -> Component:
    text = visit.text
    _ = text.gettext
    sectors = load_sectors()
    known = sectors.sectors.get(view.sector)
    size = sectors.size_classes.get(view.size_class)
    published = text.day(manila_day(view.published_at)) if view.published_at else ""
    latest = view.visits[0]
    facts = [
        (_("Area"), _place(view.area)),
        (_("Section"), f"{view.sector} {_(known.short_title)}" if known else view.sector),
        (_("Size"), _(size.title) if size else view.size_class),
        (_("Risk class"), _word(text, RISKS, view.risk_class)),
        (_("Workers"), _workers(latest, text)),
        (_("Data as of"), published),
    ]
    pairs = [html.Div([html.Dt(name), html.Dd(value or _("not known"))]) for name, value in facts]
    return html.Dl(pairs, className="facts six")


def _place(code: str) -> str:
    """Name a place with its province: many cities have the name of another."""
    areas = load_areas()
    if code not in areas:
        return code
    above = [areas.get(unit).short_name for unit in areas.ancestors(code)[:1]]
    return ", ".join([areas.get(code).short_name, *above])


def _workers(row: VisitRow, text: Texts) -> str:
    women, men = row.workers_female, row.workers_male
    if women is None or men is None:
        return ""
    words = text.gettext("{total}: {women} women, {men} men")
    return words.format(
        total=text.number(women + men), women=text.number(women), men=text.number(men)
    )


def _open_items(view: EstablishmentView, visit: Visit) -> Component:
    text = visit.text
    _ = text.gettext
    if not view.still_open:
        return card(
            _("Still open"),
            empty(_("Every item was met when it was last looked at, or corrected since.")),
        )
    columns = [
        Column(_("Item")),
        Column(_("Rests on"), width="24%"),
        Column(_("Found on"), "num", "18%"),
    ]
    rows = [body_row(columns, _open_item(item, text)) for item in view.still_open]
    listed = wide_table(_("Items still open"), columns, rows, class_name="flow")
    return card(_("Still open"), listed, sub=_("oldest first"), flush=True)


def _open_item(item: OpenItem, text: Texts) -> list[Any]:
    return [
        two(text.gettext(item.title), item.code),
        html.Span(item.legal_item, lang="en"),
        text.day(item.since) if item.since else "",
    ]


def _visits(view: EstablishmentView, visit: Visit) -> Component:
    _ = visit.text.gettext
    listing = visits_listing(view, visit)
    shown = listed(listing, arranged(listing, view.visits, dict(visit.kept)), visit)
    return card(_("Inspections"), shown, sub=_("newest first"))


def visits_listing(view: EstablishmentView, visit: Visit) -> Listing[VisitRow]:
    """Say what the list of inspections is made of."""
    text = visit.text
    _ = text.gettext
    modes = dict.fromkeys(row.mode for row in view.visits if row.mode)

    def count(key: str, head: str, value: Callable[[VisitRow], int | None]) -> ListColumn[VisitRow]:
        return ListColumn(key, head, value, NUMBER, class_name="num")

    return Listing(
        "visits",
        _("Inspections"),
        (
            ListColumn("opened", _("Opened"), lambda row: row.opened_on, DAY),
            ListColumn("closed", _("Closed"), lambda row: row.closed_on, DAY, width="14%"),
            ListColumn("kind", _("Kind"), lambda row: _word(text, MODES, row.mode), width="24%"),
            count("asked", _("Items looked at"), lambda row: row.asked),
            count("unmet", _("Not met"), lambda row: len(row.not_met)),
            count("after", _("Not met after correction"), _unmet_after),
            count("women", _("Women"), lambda row: row.workers_female),
            count("men", _("Men"), lambda row: row.workers_male),
        ),
        usual=_("newest first"),
        cells=lambda row: _visit(row, visit),
        facets=(
            Facet(
                "kind",
                _("Kind"),
                _("Every kind"),
                tuple((mode, _word(text, MODES, mode)) for mode in modes),
                lambda row: row.mode,
            ),
        ),
        words=lambda row: row.inspection,
        find_label=_("Number of the inspection"),
        class_name="flow trio visits",
    )


def _unmet_after(row: VisitRow) -> int:
    return sum(finding.met_after is not True for finding in row.not_met)


def _visit(row: VisitRow, visit: Visit) -> list[Any]:
    text = visit.text
    _ = text.gettext
    return [
        two(_opened(row, text), row.inspection),
        text.day(row.closed_on) if row.closed_on else _("not closed"),
        two(_word(text, MODES, row.mode), _word(text, VISITS, row.visit)),
        text.number(row.asked),
        text.number(len(row.not_met)),
        text.number(_unmet_after(row)),
        text.number(row.workers_female) if row.workers_female is not None else "",
        text.number(row.workers_male) if row.workers_male is not None else "",
    ]


def _findings(view: EstablishmentView, visit: Visit) -> Component:
    text = visit.text
    _ = text.gettext
    columns = [
        Column(_("Item")),
        Column(_("Rests on"), width="24%"),
        Column(_("After correction"), width="26%"),
    ]
    rows = []
    for row in view.visits:
        if row.not_met:
            rows.append(group_row(_opened(row, text), len(columns)))
            rows += [body_row(columns, _finding(finding, text)) for finding in row.not_met]
    if not rows:
        return card(_("Items not met"), empty(_("Every item looked at was met.")))
    listed = wide_table(_("Items not met, by inspection"), columns, rows, class_name="flow")
    return card(_("Items not met"), listed, sub=_("by inspection, newest first"), flush=True)


def _finding(finding: Finding, text: Texts) -> list[Any]:
    return [
        two(text.gettext(finding.title), finding.code),
        html.Span(finding.legal_item, lang="en"),
        _corrected(finding, text),
    ]


def _corrected(finding: Finding, text: Texts) -> Component:
    _ = text.gettext
    if finding.met_after is None:
        return html.Span(_("not known yet"), className="q")
    if not finding.met_after:
        return html.B(_("not met"))
    if finding.corrected_on is None:
        return html.Span(_("met"))
    return html.Span(_("met, {day}").format(day=text.day(finding.corrected_on)))


def _opened(row: VisitRow, text: Texts) -> str:
    return text.day(row.opened_on) if row.opened_on else text.gettext("day not known")


def _word(text: Texts, words: dict[str, str], code: str) -> str:
    return text.gettext(words[code]) if code in words else code


PAGE = Page(
    path="/establishments/<establishment>",
    read=read_establishment,
    title=title,
    layout=layout,
    lists=("find", "kind", "sort", "page"),
    plain=True,
    scope=scope_of,
)
