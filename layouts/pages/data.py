"""Data: is every source in date, what came, what was left out, what the marks mean."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from kms.findings import data_headline, late
from kms.reads.data import read_data
from kms.reads.views import DataView, VintageRow
from kms.texts import Texts, manila_day
from kms.wording import source_state
from layouts.components import marks
from layouts.components.cards import Child, card, empty, heading, page_link, two
from layouts.components.data.faults import FAULT_PARAMETERS, faults_card
from layouts.components.data.held import held_card
from layouts.components.data.sources import (
    SOURCE_PARAMETERS,
    count,
    source_title,
    sources_card,
)
from layouts.components.listing.arrange import DAY, ListColumn, Listing
from layouts.components.listing.table import listed
from layouts.components.tables import Column, body_row, wide_table
from layouts.page import Page, Visit


def title(view: DataView, visit: Visit) -> str:
    """Say how many sources are in date."""
    return _headline(view, visit)


def _headline(view: DataView, visit: Visit) -> str:
    """Say how many sources are in date, or of the one asked for whether it is."""
    text = visit.text
    asked = visit.request.source
    if not asked:
        return data_headline(text, view)
    if not view.sources:
        return text.gettext("No source is known under this name")
    return f"{view.sources[0].title}: {source_state(text, view.sources[0])}"


def layout(view: DataView, visit: Visit) -> Component:
    """Show freshness first, then how ranges held, vintages, faults, runs and the marks."""
    text = visit.text
    _ = text.gettext
    asked = visit.request.source
    everything = page_link(_("All sources"), visit.link("/data"))
    top = heading(
        _headline(view, visit),
        eyebrow=html.Span([_("Data and methods"), " · ", everything])
        if asked
        else _("Data and methods"),
    )
    if asked and not view.sources:
        words = _("The name {name} may be mistyped. Choose one of all sources.")
        return html.Div([top, empty(words.format(name=asked[:120]))])
    return html.Div(
        [
            top,
            None if asked else html.P(_lead(view, text), className="leads"),
            sources_card(view, visit),
            None if asked else html.Div(held_card(view, text), className="gap-t"),
            html.Div(vintages_card(view, visit), className="gap-t"),
            html.Div(
                [
                    faults_card(view, visit),
                    html.Div([runs_card(view, visit), marks_card(text)], className="stack"),
                ],
                className="half",
            ),
        ]
    )


def _lead(view: DataView, text: Texts) -> str:
    """Name the late sources; those never received are not in date either."""
    if view.frame.late_sources or all(row.state != "never" for row in view.sources):
        return late(text, view.frame)
    return text.gettext("No source that has ever been received is late.")


def vintages_card(view: DataView, visit: Visit) -> Component:
    """List the issues of sources as they were taken in."""
    text = visit.text
    _ = text.gettext
    if not view.vintages.total:
        return card(_("Vintages"), empty(_("No vintage has been taken in.")))
    listing = vintages_listing(view, visit)
    shown = listed(listing, view.vintages, visit)
    return card(_("Vintages"), shown, sub=_("issues of sources as we took them in"))


def vintages_listing(view: DataView, visit: Visit) -> Listing[VintageRow]:
    """Say what the list of issues is made of; the store sorts and cuts it."""
    _ = visit.text.gettext
    return Listing(
        "vintages",
        _("Vintages"),
        (
            ListColumn("source", _("Source"), in_store=True),
            ListColumn("published", _("Published"), kind=DAY, in_store=True, class_name="num"),
            ListColumn("rows", _("Rows"), class_name="num"),
            ListColumn("changed", _("Changed"), class_name="num"),
            ListColumn("state", _("State"), in_store=True),
            ListColumn("snapshot", _("Snapshot")),
        ),
        usual=_("newest first"),
        cells=lambda row: _vintage(row, view, visit),
        class_name="flow trio",
    )


def _vintage(row: VintageRow, view: DataView, visit: Visit) -> list[Child]:
    text = visit.text
    state: Child = vintage_word(text, row.state)
    if row.alarms:
        state = two(state, html.Span(" ".join(row.alarms), lang="en"), "wrap")
    return [
        two(source_title(view, row.source_id), text.moment(row.recorded_at)),
        text.day(manila_day(row.published_at)),
        count(text, row.rows_read),
        _changed(row, text),
        state,
        _snapshot(row, view, visit),
    ]


def _changed(row: VintageRow, text: Texts) -> Child:
    """Write how many figures an issue changed: new ones, others, those that are gone."""
    _ = text.gettext
    shown = count(text, row.rows_changed)
    parts = [
        words.format(n=text.number(n))
        for words, n in (
            (_("{n} new"), row.added),
            (_("{n} changed"), row.changed),
            (_("{n} withdrawn"), row.withdrawn),
        )
        if n
    ]
    if len(parts) == 1 and row.rows_changed:
        return parts[0]
    return two(shown, ", ".join(parts), "wrap") if parts else shown


def _snapshot(row: VintageRow, view: DataView, visit: Visit) -> Child:
    """Name the snapshot; who looks after the data finds the faulty rows behind it."""
    code = html.Code(row.snapshot, className="xs nw")
    if not view.inspects:
        return code
    link = html.A(
        visit.text.gettext("Faulty rows"),
        href=visit.link("/data/faults", vintage=row.vintage_id),
        className="a",
    )
    return two(code, link)


def vintage_word(text: Texts, state: str) -> str:
    """Say what became of a vintage."""
    words = {
        "accepted": text.gettext("accepted"),
        "held": text.gettext("held for a steward"),
        "withdrawn": text.gettext("withdrawn"),
    }
    return words.get(state, state.replace("_", " "))


def runs_card(view: DataView, visit: Visit) -> Component:
    """List the refreshes."""
    text = visit.text
    _ = text.gettext
    if not view.runs:
        return card(_("Runs"), empty(_("No refresh has run here yet."), _without_run(view, text)))
    columns = [
        Column(_("Started")),
        Column(_("Kind")),
        Column(_("State")),
        Column(_("Took"), "num"),
        Column(_("Publication")),
    ]
    rows = [
        body_row(
            columns,
            [
                text.moment(row.started_at),
                row.kind,
                html.Div(
                    [
                        row.state,
                        html.Span(f" {row.detail}", className="q s") if row.detail else None,
                    ]
                ),
                _("{n} s").format(n=round((row.ended_at - row.started_at).total_seconds()))
                if row.ended_at
                else _("running"),
                row.publication_id,
            ],
        )
        for row in view.runs
    ]
    return _list_card(_("Runs"), _("refreshes, newest first"), columns, rows)


def _without_run(view: DataView, text: Texts) -> str:
    """Say how what is shown came about when no refresh made it."""
    words = (
        text.gettext("Publication {id} was made when the demonstration data were taken in.")
        if view.frame.synthetic
        else text.gettext("Publication {id} was made by a replay, or the list of refreshes is new.")
    )
    return words.format(id=view.frame.publication_id)


def _list_card(name: str, sub: str, columns: list[Column], rows: list[Component]) -> Component:
    return card(name, wide_table(name, columns, rows, class_name="flow trio"), sub=sub, flush=True)


def marks_card(text: Texts) -> Component:
    """Explain every mark a figure may carry."""
    _ = text.gettext
    meanings: tuple[tuple[Child, str], ...] = (
        (
            marks.state(text, "provisional"),
            _("Reports are still arriving. The range is shown, no middle line."),
        ),
        (
            marks.state(text, "hidden"),
            _("So few reports have arrived that no figure is shown yet."),
        ),
        (
            marks.state(text, "too_few"),
            _("Not enough cases or inspections for a figure. No value is shown."),
        ),
        (
            marks.state(text, "stale"),
            _("Older than its limit. The last value is kept for reference."),
        ),
        (
            marks.state(text, "suppressed"),
            " ".join(
                (
                    _("A small number of persons in a public table. Zero stays zero."),
                    _("Also fewer than 5 workplaces, or one with most of the workers."),
                )
            ),
        ),
        (
            marks.state(text, "withheld"),
            _("Doubling time not told from no change; forecasts not better than last week."),
        ),
        (marks.state(text, "missing"), _("Nothing was received.")),
    )
    rows = [
        part
        for mark, meaning in meanings
        for part in (html.Dt(mark), html.Dd(meaning, className="note"))
    ]
    return card(_("What the marks mean"), html.Dl(rows, className="pairs"))


PAGE = Page(
    path="/data",
    read=read_data,
    discloses=True,
    title=title,
    layout=layout,
    nav=lambda text: text.gettext("Data & methods"),
    order=2,
    group=1,
    query=("source", "sort", "page"),
    lists=(*SOURCE_PARAMETERS, *FAULT_PARAMETERS),
)
