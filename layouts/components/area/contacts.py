"""Where people of an area were infected, as far as investigations tell; how many of the ill die."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from kms.reads.views import AreaView, ContactsView, Reading
from kms.texts import Texts
from kms.wording import percent_span, state_word
from layouts.components import marks
from layouts.components.cards import Child, card, empty
from layouts.page import Visit

FATALITY_DECIMALS = 1
FEW_PENDING = 0.1


def contacts_card(view: AreaView, visit: Visit) -> Component:
    """Tell the share of cases with a known source, what is pending, and workplace clusters."""
    text, known = visit.text, view.contacts
    _ = text.gettext
    title, sub = _("Where people were infected"), _("reports of 14 days, investigations closed")
    if known is None or known.investigated_to is None:
        body = empty(
            _("No case investigations have come in."), _("Where people were infected is unknown.")
        )
        return card(title, body)
    pairs = [
        (_("Source known"), _share(text, known.traced)),
        (_("Source known, expected in the end"), _share(text, known.final)),
        (_("Investigations pending"), _pending(text, known)),
        (_("Workplace clusters"), _clusters(text, known)),
    ]
    return card(title, _facts(pairs), sub=sub, foot=_foot(text, known))


def fatality_card(view: AreaView, visit: Visit) -> Component:
    """Tell the share of reported cases that die, adjusted for deaths still to come."""
    text = visit.text
    _ = text.gettext
    title = _("Deaths among reported cases")
    reading = None if view.contacts is None else view.contacts.fatality
    if reading is None or reading.state == "missing":
        body = empty(
            _("Not known how many of the reported cases die."),
            _("It needs dates of onset and of death."),
        )
        return card(title, body)
    pairs = [(_("Of 100 reported, die in the end"), _share(text, reading, FATALITY_DECIMALS))]
    return card(
        title,
        _facts(pairs),
        sub=_("by day of death, half a year"),
        foot=(
            _(
                "Deaths still to come are allowed for by a delay from illness to death that was "
                "measured abroad and is unverified. Infections nobody found are not counted."
            ),
        ),
    )


def _facts(pairs: list[tuple[str, list[Child]]]) -> Component:
    return html.Dl(
        [html.Div([html.Dt(word), html.Dd(told)]) for word, told in pairs],
        className="facts six",
    )


def _share(text: Texts, reading: Reading, decimals: int = 0) -> list[Child]:
    if reading.value is None:
        return [marks.state(text, reading.state)]
    about = []
    if span := percent_span(text, reading, decimals):
        about.append(text.gettext("range {range}").format(range=span))
    if reading.ref_date is not None:
        about.append(text.gettext("to {day}").format(day=text.short_day(reading.ref_date)))
    told: list[Child] = [
        html.B(text.percent(reading.value, decimals)),
        " ",
        html.Span(", ".join(about), className="q"),
    ]
    if reading.state != "final":
        told += [" ", marks.state(text, reading.state, word=state_word(text, reading.state))]
    return told


def _pending(text: Texts, known: ContactsView) -> list[Child]:
    closed = known.traced.completeness
    if known.bounds is None or closed is None:
        return [marks.state(text, known.traced.state)]
    if round(1 - closed, 4) < FEW_PENDING:
        # What is shown is rounded: it may be as many.
        return [html.B(f"<{text.percent(FEW_PENDING)}")]
    low, high = (text.number(end * 100) for end in known.bounds)
    told = text.gettext("about; the share lies at {range}% whatever they find")
    return [
        html.B(text.percent(1 - closed)),
        " ",
        html.Span(told.format(range=text.span(low, high)), className="q"),
    ]


def _clusters(text: Texts, known: ContactsView) -> list[Child]:
    if known.clusters.value is None:
        return [marks.state(text, known.clusters.state)]
    told: list[Child] = [html.B(text.number(known.clusters.value))]
    if known.clusters.ref_date is not None:
        day = text.short_day(known.clusters.ref_date)
        told += [" ", html.Span(text.gettext("in 14 days to {day}").format(day=day), className="q")]
    if known.sections:
        named = [
            f"{text.gettext(title)} {text.number(reading.value or 0)}"
            for title, reading in known.sections
        ]
        told += [html.Br(), html.Span(text.listing(named), className="q")]
    return told


def _foot(text: Texts, known: ContactsView) -> tuple[Child, ...]:
    _ = text.gettext
    cut = (
        text.ngettext(
            "The newest {n} day is left out: sources are found early, given up late.",
            "The newest {n} days are left out: sources are found early, given up late.",
            known.cut_days or 0,
        ).format(n=known.cut_days)
        if known.learned
        else text.gettext(
            "The newest {n} days are left out by rule: how fast investigations close is not "
            "known yet."
        ).format(n=known.cut_days)
    )
    warning = _("More cases than can be asked one by one: the share tells how much offices ask.")
    return (
        *((html.Span(warning, className="st bad"),) if known.overwhelmed else ()),
        cut,
        _("Source: DOH case investigations."),
    )
