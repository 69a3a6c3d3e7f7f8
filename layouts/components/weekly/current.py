"""The current signals, what was compared to find them, and those of one area."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from kms.domain.indicators import SIGNAL
from kms.reads.notifiable.rows import SignalRow
from kms.reads.views import SignalsView
from kms.texts import Texts
from kms.wording import how_sure, morbidity_week_words, place_name, signal_name, zone_word
from layouts.components import marks
from layouts.components.cards import Child, card, csv_link, empty, page_link, two
from layouts.components.tables import Column, body_row, wide_table
from layouts.page import Visit

SIGNALS = "/signals"


def signals_card(view: SignalsView, visit: Visit) -> Component:
    """List the signals, surest first."""
    text = visit.text
    _ = text.gettext
    if not view.tested:
        body: Child = empty(
            _("No weekly reports were received."), _("Whether anything is unusual is unknown.")
        )
    elif not view.rows:
        body = empty(
            _("No week signals."), _("Weeks of which reports are still coming in may yet.")
        )
    else:
        body = _table(view, visit)
    return card(
        _("Current signals"),
        body,
        sub=_("weeks of the last four, surest first"),
        foot=(
            _("A signal says that more cases were reported than chance makes likely, not why."),
            _("Of few cases, and of areas that would give them away, no number is told."),
        )
        if view.rows
        else (),
        flush=bool(view.rows),
    )


def _table(view: SignalsView, visit: Visit) -> Component:
    text = visit.text
    _ = text.gettext
    columns = [
        Column(_("Disease and area"), width="28%"),
        Column(_("Week")),
        Column(_("Cases"), "num"),
        Column(_("Expected"), "num"),
        Column(_("How sure")),
        Column(_("Signals since")),
        Column(_("Endemic zone")),
    ]
    lines = [body_row(columns, _cells(row, visit)) for row in view.rows]
    return wide_table(_("Current signals, surest first"), columns, lines, class_name="wide flow")


def _cells(row: SignalRow, visit: Visit) -> list[Child]:
    text = visit.text
    where = visit.link(SIGNALS, disease=row.disease, area=row.area) + "#course"
    sure, share = how_sure(text, row.false_share)
    if row.cases is None:  # how sure it is would tell how many
        sure, share = text.gettext("a signal"), ""
    return [
        two(page_link(signal_name(text, row), where, className="a"), level_word(text, row.level)),
        two(*morbidity_week_words(text, row.week), "wrap"),
        _cases(row, text),
        _expected(row, text),
        two(sure, share, "wrap"),
        text.short_day(row.since),
        zone_word(text, row.zone)
        if row.zone
        else marks.state(text, "missing", word=text.gettext("not known")),
    ]


def level_word(text: Texts, level: str) -> str:
    """Name the level of an area that signals."""
    words = {
        "country": text.gettext("country"),
        "region": text.gettext("region"),
        "province": text.gettext("province"),
    }
    return words.get(level, level)


def _cases(row: SignalRow, text: Texts) -> Child:
    if row.cases is None:
        return marks.state(text, "suppressed", word=text.gettext("few, or hidden"))
    state = marks.state(text, "provisional") if row.provisional else ""
    return two(html.B(text.number(row.cases)), state)


def _expected(row: SignalRow, text: Texts) -> Child:
    if row.expected is None:
        return marks.state(text, "suppressed", word=text.gettext("few, or hidden"))
    above = text.gettext("usually below {n}").format(n=text.number(row.bound or 0))
    return two(text.number(row.expected), above if row.bound is not None else "", "wrap")


def tested_card(view: SignalsView, visit: Visit) -> Component:
    """Say what was compared with what, and how many signals are false by chance."""
    text = visit.text
    _ = text.gettext
    compared = {
        "seasons": _("the same season of earlier years"),
        "last_weeks": _("the weeks before, and other areas since"),
    }
    columns = [
        Column(_("Disease")),
        Column(_("Newest week")),
        Column(_("Areas compared"), "num"),
        Column(_("Compared with")),
        Column(_("Signals"), "num"),
        Column(_("False, at most"), "num"),
        Column(_("Data")),
    ]
    lines = [
        body_row(
            columns,
            [
                row.disease_name,
                two(*morbidity_week_words(text, row.to), "wrap"),
                text.number(row.areas),
                compared.get(row.compared_with, row.compared_with),
                text.number(row.signals),
                text.number(row.expected_false, 1),
                csv_link(row.disease_name, visit.newest(SIGNAL, row.disease)),
            ],
        )
        for row in view.tested
    ]
    return card(
        _("What was compared"),
        wide_table(_("What was compared, by disease"), columns, lines, class_name="wide flow"),
        sub=_("country, regions and provinces, in the last four weeks"),
        foot=(
            _("False signals are those expected on average if nothing were unusual anywhere else."),
            _("Where three years are not known there are no zones, and the country is not judged."),
        ),
        flush=True,
        class_name="gap-t",
    )


def area_signals_card(rows: Sequence[SignalRow], visit: Visit) -> Component:
    """Name the weekly diseases that signal in one area; for the area's own page."""
    text = visit.text
    items = []
    for row in rows:
        where = visit.link(SIGNALS, disease=row.disease, area=row.area)
        told = [morbidity_week_words(text, row.week)[1]]
        if row.cases is None:
            told.append(text.gettext("few cases, or hidden"))
        else:
            told += [
                text.ngettext("{n} case", "{n} cases", row.cases).format(n=text.number(row.cases)),
                how_sure(text, row.false_share)[0],
            ]
        items.append(
            html.Li(
                [
                    page_link(row.disease_name, where, className="a"),
                    " ",
                    html.Span(", ".join(told), className="q"),
                ]
            )
        )
    return card(
        text.gettext("Signals in weekly reports"),
        html.Ul(items, className="ls"),
        sub=text.gettext("more cases than chance makes likely"),
        actions=page_link(text.gettext("All signals"), visit.link(SIGNALS)),
        class_name="gap-t",
    )


def headline(view: SignalsView, text: Texts) -> str:
    """Name the surest signals, of the smallest areas, in one line."""
    if not view.tested:
        return text.gettext("No weekly reports were received")
    if not view.rows:
        return text.gettext("No signal in weekly reports")
    near = [row for row in view.rows if row.level == "province"] or list(view.rows)
    names = text.listing([signal_name(text, row) for row in near], 2)
    return text.gettext("More cases than expected: {names}").format(names=names)


def place_words(text: Texts, view: SignalsView) -> str:
    """Name the disease and area whose course is drawn."""
    return text.gettext("{disease} in {area}").format(
        disease=view.disease_name, area=place_name(text, view.area_name)
    )
