"""Hospital beds of an area: how full, how many are free, how many hospitals said so."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from kms.reads.views import AreaView, Reading
from kms.texts import Texts
from kms.wording import state_word
from layouts.components import marks
from layouts.components.cards import Child, card, empty
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
    if view.beds:
        body = html.Dl(
            [
                html.Div([html.Dt(words[name]), html.Dd(_told(text, name, reading))])
                for name, reading in view.beds
            ],
            className="facts",
        )
    return card(
        _("Hospital beds"),
        body,
        sub=_("in use, mean of 7 days; free on the last day"),
        foot=(_("Beds are summed before they are divided. Source: DOH Data Collect."),)
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
    if reading.state != "final":
        told += [" ", marks.state(text, reading.state, word=state_word(text, reading.state))]
    return told
