"""The course of one weekly disease in one area: chart, words, table, file."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from kms.domain.indicators import CASES_CHANNEL, CASES_EXPECTED, CASES_WEEKLY
from kms.reads.notifiable.rows import WeeksView
from kms.reads.views import SignalsView
from kms.texts import Texts
from kms.wording import morbidity_week_words, place_name, state_word
from layouts import charts
from layouts.components.cards import Child, card, csv_link, empty
from layouts.components.figures import Columns, chart, key
from layouts.components.forms.fields import choice
from layouts.components.weekly.current import place_words
from layouts.page import Visit

INDENT = "\u2003"


def course_card(view: SignalsView, visit: Visit) -> Component:
    """Draw what was reported, what is expected and where the week lies; a table beside it."""
    text = visit.text
    _ = text.gettext
    course = view.course
    told = any(count is not None for count in course.cases)
    body: Child = (
        _chart(view, visit) if told else empty(_("No weeks can be drawn."), _why(view, text))
    )
    return html.Div(
        card(
            place_words(text, view),
            [_choices(view, visit), body],
            sub=_("cases a week, by the week reported for"),
            foot=(
                _("A gap is a suppressed count or a week without a report, not zero."),
                _("Weeks run from Sunday to Saturday."),
            ),
            class_name="gap-t",
        ),
        id="course",
    )


def _choices(view: SignalsView, visit: Visit) -> Component:
    text = visit.text
    _ = text.gettext
    surest = ("", _("the surest signal"))
    diseases = [surest, *((row.disease, row.disease_name) for row in view.tested)]
    areas = [
        surest,
        *(
            (code, (INDENT if level == "province" else "") + place_name(text, name))
            for code, name, level in view.areas
        ),
    ]
    return html.Div(
        [
            choice(visit, "disease", _("Disease"), diseases, button=_("Show")),
            choice(visit, "area", _("Area"), areas, button=_("Show")),
        ],
        className="choices pad",
    )


def _why(view: SignalsView, text: Texts) -> str:
    if not view.course.weeks:
        return text.gettext("Nothing was reported from here.")
    return text.gettext("Few cases are not shown, nor what is made from them.")


def _chart(view: SignalsView, visit: Visit) -> Component:
    text, course = visit.text, view.course
    _ = text.gettext
    finding = _finding(course, text)
    legend = [key("bar", _("reported"))]
    if _any(course.expected):
        legend += [
            key("line", _("expected")),
            key("95", _("up to what 1 week in 100 passes by chance")),
        ]
    if _any(course.epidemic):
        legend.append(key("50", _("alert zone, above it the epidemic zone")))
    if any(course.signals):
        legend.append(key("dot", _("signal")))
    links = [
        csv_link(words, visit.series(indicator, view.area, view.disease))
        for words, indicator, there in (
            (_("Expected"), CASES_EXPECTED, _any(course.expected)),
            (_("Endemic zone"), CASES_CHANNEL, _any(course.epidemic)),
        )
        if there
    ]
    return html.Div(
        [
            chart(
                charts.weekly(course, text),
                name="signals-course",
                finding=html.B(finding),
                summary=f"{place_words(text, view)}. {finding}",
                columns=_columns(course, text),
                text=text,
                legend=legend,
                csv=visit.series(CASES_WEEKLY, view.area, view.disease),
            ),
            html.P([*_between(links, text)], className="q s") if links else None,
        ]
    )


def _between(links: list[Component], text: Texts) -> list[Child]:
    words = (text.gettext("Expected"), text.gettext("Endemic zone"))
    return [
        part for link, word in zip(links, words, strict=False) for part in (word, " ", link, " ")
    ]


def _any(values: tuple[float | None, ...]) -> bool:
    return any(value is not None for value in values)


def _finding(course: WeeksView, text: Texts) -> str:
    """Say the newest count that can be judged, and whether it signals.

    A week of which reports are still arriving is low for that alone, unless it signals already.
    """
    told = [at for at, count in enumerate(course.cases) if count is not None]
    judged = [at for at in told if course.states[at] == "final" or course.signals[at]]
    at = (judged or told)[-1]
    words = text.ngettext(
        "{n} case in the week {week}", "{n} cases in the week {week}", course.cases[at] or 0
    ).format(
        n=text.number(course.cases[at] or 0), week=morbidity_week_words(text, course.weeks[at])[1]
    )
    expected = course.expected[at]
    if expected is not None:
        words += ", " + text.gettext("{n} expected").format(n=text.number(expected))
    if course.signals[at]:
        words += ", " + text.gettext("a signal")
    if course.states[at] != "final":
        words += ", " + text.gettext("reports still arriving")
    return words + "."


def _columns(course: WeeksView, text: Texts) -> Columns:
    _ = text.gettext

    def written(value: float | None) -> str:
        return "" if value is None else text.number(value)

    zones = _any(course.epidemic)
    names = [_("Week"), _("Cases"), _("Expected"), _("1 in 100 passes")]
    names += [_("Alert zone from"), _("Epidemic zone from")] if zones else []
    names += [_("Places reporting"), _("Signal"), _("State")]
    rows = []
    for at in reversed(range(len(course.weeks))):
        number, days = morbidity_week_words(text, course.weeks[at])
        share = course.completeness[at]
        row = [
            f"{number}, {days}",
            written(course.cases[at]),
            written(course.expected[at]),
            written(course.bound[at]),
        ]
        row += [written(course.alert[at]), written(course.epidemic[at])] if zones else []
        row += [
            "" if share is None else text.percent(share),
            _("signal") if course.signals[at] else "",
            state_word(text, course.states[at]),
        ]
        rows.append(row)
    return Columns(names, rows)
