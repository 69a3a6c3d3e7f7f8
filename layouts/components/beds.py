"""Hospital beds of an area: how full, how many are free, how many hospitals said so."""

from __future__ import annotations

from datetime import timedelta

from dash import html
from dash.development.base_component import Component

from kms.domain.indicators import BEDS_AHEAD_DAYS, BEDS_FULL
from kms.reads.views import AreaView, Reading
from kms.texts import Texts
from kms.wording import chance, state_word
from layouts.charts.sparks import Mark, bullet
from layouts.components import marks
from layouts.components.cards import Child, card, drawing, empty
from layouts.page import Visit


def beds_card(view: AreaView, visit: Visit) -> Component:
    """Write one line for each kind of beds."""
    text = visit.text
    _ = text.gettext
    words = {
        "bed_occupancy": _("All beds for COVID-19"),
        "icu_occupancy": _("Intensive care"),
        "icu_beds_free": _("Intensive care, free beds"),
        "ventilator_occupancy": _("Ventilators"),
    }
    body: Child = empty(_("No hospital here reports its beds."), _("How full they are is unknown."))
    told = dict(view.beds)
    if told:
        body = html.Dl(
            [
                *(
                    html.Div([html.Dt(words[name]), html.Dd(_told(text, name, reading))])
                    for name, reading in told.items()
                    if name in words
                ),
                *(
                    html.Div(
                        [
                            html.Dt(label.format(share=text.percent(BEDS_FULL))),
                            html.Dd(_ahead(text, told[days], told[chances])),
                        ]
                    )
                    for label, days, chances in (
                        (_("All beds, {share} in use"), "days_to_capacity", "p_capacity_21d"),
                        (
                            _("Intensive care, {share} in use"),
                            "days_to_icu_capacity",
                            "p_icu_capacity_21d",
                        ),
                    )
                    if days in told and chances in told
                ),
            ],
            className="facts",
        )
    return card(
        _("Hospital beds"),
        body,
        sub=_("in use, mean of 7 days; free on the last day"),
        foot=(
            _("Beds are summed before they are divided. Source: DOH Data Collect."),
            _("What is ahead: R drifts towards 1, as it mostly has done; no bed is added."),
        )
        if view.beds
        else (),
        class_name="gap-t",
    )


def _told(text: Texts, name: str, reading: Reading) -> list[Child]:
    if reading.value is None:
        return [marks.state(text, reading.state)]
    value = (
        text.number(reading.value, 0) if name == "icu_beds_free" else text.percent(reading.value)
    )
    about = []
    if reading.ref_date is not None:
        about.append(text.gettext("to {day}").format(day=text.short_day(reading.ref_date)))
    if reading.completeness is not None:
        about.append(
            text.gettext("{share} of hospitals reported").format(
                share=text.percent(reading.completeness)
            )
        )
    told: list[Child] = [html.B(value), " ", html.Span(", ".join(about), className="q")]
    if name != "icu_beds_free":
        told.insert(0, drawing(bullet(reading, [Mark(BEDS_FULL, "rb")])))
    if reading.state != "final":
        told += [" ", marks.state(text, reading.state, word=state_word(text, reading.state))]
    return told


def _ahead(text: Texts, days: Reading, reached: Reading) -> list[Child]:
    """Write when the mark is reached where that is more likely than not, else how likely it is.

    Days are told as dates: beds may have been told of some days before the cases.
    """
    if reached.value is None or reached.ref_date is None:
        return [marks.state(text, reached.state)]
    if days.value == 0:
        return [html.B(text.gettext("reached already"))]
    until = text.short_day(reached.ref_date + timedelta(days=BEDS_AHEAD_DAYS))
    likely = text.gettext("{share} chance by {day}").format(
        share=chance(text, reached.value), day=until
    )
    about = []
    told: list[Child] = [html.B(likely)]
    if days.value is not None and days.low is not None:
        low, middle, high = (
            None if end is None else text.short_day(reached.ref_date + timedelta(days=round(end)))
            for end in (days.low, days.value, days.high)
        )
        spread = (
            text.gettext("80% range from {low}").format(low=low)
            if high is None
            else text.gettext("80% range {range}").format(range=f"{low} – {high}")
        )
        told = [html.B(text.gettext("about {day}").format(day=middle))]
        about = [spread, likely]
    told += [" ", html.Span("; ".join(about), className="q")]
    if reached.state != "final":
        told += [" ", marks.state(text, reached.state, word=state_word(text, reached.state))]
    return told
