"""One area: growing or not, how fast, how many, how safe its workplaces are, the areas inside."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.access.policy import sees_exact
from kms.domain.indicators import SAFETY_RANGE_LEVEL
from kms.findings import area_lead, dated
from kms.reads.area import read_area
from kms.reads.views import AreaView, Reading
from kms.texts import Texts
from kms.wording import (
    chance,
    complement,
    direction_word,
    doubling,
    percent_span,
    place_name,
    range_name,
    rate,
    rate_span,
    span,
    state_word,
    trend,
    visits,
)
from layouts.charts.outlines import shapes_of
from layouts.components import marks
from layouts.components.area.contacts import contacts_card, fatality_card
from layouts.components.beds import beds_card
from layouts.components.cards import card, empty, page_link, stat, stats
from layouts.components.courses import (
    cases_card,
    forecast_card,
    growth_card,
    revisions_card,
    spread_card,
)
from layouts.components.forms.exports import exact_export, export_series
from layouts.components.maps import weeks_map
from layouts.components.ranking import ranking
from layouts.components.weekly.current import area_signals_card
from layouts.components.workplaces import sector_table
from layouts.page import Page, Visit


def title(view: AreaView, visit: Visit) -> str:
    """Name the area and its direction."""
    text = visit.text
    name = place_name(text, view.row.name)
    return f"{name}: {direction_word(text, view.row.direction).lower()}"


def layout(view: AreaView, visit: Visit) -> Component:
    """Answer, four figures, transmission, workplaces, the areas inside."""
    return html.Div(
        [
            answer(view, visit),
            figures(view, visit),
            html.Div(
                [spread_card(view, visit), growth_card(view, visit)],
                className="duo even",
            ),
            html.Div(
                [cases_card(view, visit), forecast_card(view, visit)],
                className="duo even gap-t",
            ),
            area_signals_card(view.signals, visit) if view.signals else None,
            html.Div(
                [beds_card(view, visit), revisions_card(view, visit)], className="duo even gap-t"
            )
            if view.revisions
            else beds_card(view, visit),
            html.Div(
                [contacts_card(view, visit), fatality_card(view, visit)], className="duo even"
            ),
            basis_card(view, visit),
            workplaces_card(view, visit),
            children_cards(view, visit) if view.children else None,
            exact_export(visit, view.row.code),
        ]
    )


def answer(view: AreaView, visit: Visit) -> Component:
    """Name the area, where it lies, and the result in one sentence."""
    text, row = visit.text, view.row
    path: list[Any] = []
    for code, name in view.parents:
        path += [page_link(place_name(text, name), visit.link(f"/areas/{code}")), " / "]
    about = [level_word(text, view.level), row.label]
    if row.population:
        about.append(text.gettext("{n} people").format(n=text.compact(row.population)))
    path.append(" · ".join(part for part in about if part))
    return html.Div(
        [
            html.Div(
                [
                    html.Nav(
                        path, className="eyebrow", **{"aria-label": text.gettext("You are here")}
                    ),
                    html.Div(
                        [
                            html.H1(place_name(text, row.name), tabIndex="-1"),
                            marks.direction(text, row.direction),
                            html.Span(
                                text.gettext("Exact figures: not for passing on"),
                                className="st bad",
                            )
                            if sees_exact(visit.who, row.code)
                            else None,
                            html.Span(
                                text.gettext("was {direction}").format(
                                    direction=direction_word(text, row.change).lower()
                                ),
                                className="q s",
                            )
                            if row.change
                            else None,
                        ],
                        className="named",
                    ),
                ],
                className="lead",
            ),
            html.P(dated(text, area_lead(text, row), view.frame), className="leads"),
        ]
    )


def level_word(text: Texts, level: str) -> str:
    """Name an area's level."""
    words = {
        "country": text.gettext("country"),
        "region": text.gettext("region"),
        "province": text.gettext("province"),
        "psa_unit": text.gettext("province or city"),
        "city_municipality": text.gettext("city or municipality"),
    }
    return words.get(level, level)


def figures(view: AreaView, visit: Visit) -> Component:
    """Show four figures, each with its range and date."""
    text, row = visit.text, view.row
    _ = text.gettext
    until = text.short_day(row.r.ref_date) if row.r.ref_date else ""
    grows = row.p_above_1 is not None and row.r.value is not None
    first = (
        stat(
            _("Chance of growing"),
            chance(text, row.p_above_1 or 0),
            small=trend(text, row.p_above_1 or 0),
            meaning=_("R {r} ({range}), to {day}").format(
                r=text.number(row.r.value or 0, 2), range=span(text, row.r), day=until
            )
            + _provisional(text, row.r),
        )
        if grows
        else stat(_("Chance of growing"), marks.state(text, row.r.state))
    )
    pace = stat(_("Speed"), marks.state(text, row.growth.state))
    if row.growth.value is not None:
        pace = stat(
            _("Speed"),
            doubling(text, row.doubling_days),
            meaning=_("{share} a day ({range})").format(
                share=text.percent(row.growth.value, 1), range=percent_span(text, row.growth, 1)
            )
            + _provisional(text, row.growth),
        )
    return stats(
        [
            first,
            pace,
            _rate_stat(text, _("Attack rate"), row.adar_per_100k, _("cases a day per 100,000")),
            _share_stat(
                text, _("Safety items not met"), complement(row.compliance_initial), row.inspections
            ),
        ]
    )


def _provisional(text: Texts, reading: Reading) -> str:
    """Say that reports behind a figure are still arriving."""
    return ", " + state_word(text, "provisional") if reading.state == "provisional" else ""


def _rate_stat(text: Texts, label: str, reading: Reading, unit: str) -> Component:
    if reading.value is None:
        return stat(label, marks.state(text, reading.state))
    return stat(
        label,
        rate(text, reading),
        small=unit,
        meaning=_range_words(text, rate_span(text, reading), reading),
    )


def _share_stat(text: Texts, label: str, reading: Reading, inspections: int | None) -> Component:
    if reading.value is None:
        return stat(label, marks.state(text, reading.state))
    meaning = _range_words(text, percent_span(text, reading), reading)
    if inspections:
        meaning += ", " + visits(text, inspections)
    return stat(
        label, text.percent(reading.value), small=text.gettext("first visit"), meaning=meaning
    )


def _range_words(text: Texts, written: str, reading: Reading) -> str:
    until = (
        text.gettext("to {day}").format(day=text.short_day(reading.ref_date))
        if reading.ref_date
        else ""
    )
    shown = text.gettext("range {range}").format(range=written) if written else ""
    state = state_word(text, reading.state) if reading.state != "final" else ""
    return ", ".join(part for part in (shown, until, state) if part)


def basis_card(view: AreaView, visit: Visit) -> Component:
    """Say what the figures rest on and how old they are."""
    text, row = visit.text, view.row
    _ = text.gettext
    pairs = [
        (_("Two weeks against two before"), marks.signed_share(text, row.two_week_growth)),
        (
            _("Cases counted to"),
            text.day(view.frame.cases_to) if view.frame.cases_to else _("none"),
        ),
        (
            _("Complete"),
            text.percent(row.r.completeness) if row.r.completeness is not None else _("not known"),
        ),
        (
            _("Data age"),
            _("{n} d").format(n=row.data_age_days)
            if row.data_age_days is not None
            else _("no data"),
        ),
        (_("Tests positive"), _positive(view, text)),
        (_("Late sources"), ", ".join(view.frame.late_sources) or _("none")),
    ]
    return card(
        _("What this rests on"),
        html.Dl(
            [html.Div([html.Dt(word), html.Dd(value)]) for word, value in pairs],
            className="facts",
        ),
        class_name="gap-t",
    )


def _positive(view: AreaView, text: Texts) -> Any:
    """Write the share of tests that are positive; it says how far cases can be believed."""
    reading = view.positivity
    if reading.value is None:
        return marks.state(text, reading.state)
    told = [
        text.percent(reading.value),
        " ",
        _range_words(text, percent_span(text, reading), reading),
    ]
    if view.fewer_tests:
        warning = text.gettext("Fewer are tested and more of them are positive: cases may hide")
        told += [html.Br(), html.Span(warning, className="st bad")]
    return told


def workplaces_card(view: AreaView, visit: Visit) -> Component:
    """Rank the sectors by safety items not met at the first visit."""
    text = visit.text
    _ = text.gettext
    body = empty(_("No inspections here."), _("How safe workplaces are is unknown."))
    if view.sectors:
        body = sector_table(view.sectors, visit, view.row.code, with_worst_item=True)
    return card(
        _("Workplaces"),
        body,
        sub=_("not met at the first visit, {range}, ordered by its lower end").format(
            range=range_name(text, SAFETY_RANGE_LEVEL)
        ),
        actions=page_link(_("All sectors"), visit.link("/sectors", area=view.row.code)),
        foot=(_("After correction: items still open count as not met."),) if view.sectors else (),
        flush=bool(view.sectors),
        class_name="gap-t",
    )


def children_cards(view: AreaView, visit: Visit) -> Component:
    """Rank the areas inside this one, with their map by week where they have outlines."""
    listed = children_card(view, visit)
    shapes = shapes_of([row.code for row in view.children])
    if shapes is None or not view.weeks.days:
        return listed
    mapped = card(
        visit.text.gettext("Week by week"),
        weeks_map(view.children, view.weeks, shapes, visit),
        class_name="where",
    )
    return html.Div([listed, mapped], className="cols broad inside")


def children_card(view: AreaView, visit: Visit) -> Component:
    """Rank the areas inside this one."""
    text = visit.text
    return card(
        text.gettext("Areas inside"),
        ranking(
            text.gettext("Areas inside {name}, most urgent first").format(
                name=place_name(text, view.row.name)
            ),
            view.children,
            visit,
        ),
        sub=text.gettext("chance, range and speed"),
        flush=True,
        class_name="tabcard gap-t",
    )


PAGE = Page(
    path="/areas/<area>",
    read=read_area,
    discloses=True,
    title=title,
    layout=layout,
    section="/areas",
    place=lambda view: view.row.name,
    forms={"export": export_series},
)
