"""Signals: which weekly diseases are unusual where, how sure, and the course of one of them."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from kms.reads.notifiable.signals import read_signals
from kms.reads.views import SignalsView
from kms.wording import morbidity_week_words
from layouts.components.cards import heading
from layouts.components.weekly.course import course_card
from layouts.components.weekly.current import headline, signals_card, tested_card
from layouts.page import Page, Visit


def title(view: SignalsView, visit: Visit) -> str:
    """Name the surest signals."""
    return headline(view, visit.text)


def layout(view: SignalsView, visit: Visit) -> Component:
    """Answer, the signals, one course, what was compared."""
    return html.Div(
        [
            answer(view, visit),
            signals_card(view, visit),
            course_card(view, visit) if view.disease else None,
            tested_card(view, visit) if view.tested else None,
        ]
    )


def answer(view: SignalsView, visit: Visit) -> Component:
    """Write the finding, to which week it goes, and how many of the signals may be false."""
    text = visit.text
    _ = text.gettext
    eyebrow = _("Signals in weekly reports of notifiable diseases")
    parts = []
    if view.tested:
        newest = max(row.to for row in view.tested)
        parts.append(
            _("Reports to the week {week}.").format(week=morbidity_week_words(text, newest)[1])
        )
        if view.rows:
            parts.append(
                text.ngettext(
                    "{n} signal; on average {k} at most would be false.",
                    "{n} signals; on average {k} at most would be false.",
                    len(view.rows),
                ).format(
                    n=text.number(len(view.rows)),
                    k=text.number(sum(row.expected_false for row in view.tested), 1),
                )
            )
    return html.Div(
        [
            heading(headline(view, text), eyebrow=eyebrow),
            html.P(" ".join(parts), className="leads") if parts else None,
        ]
    )


PAGE = Page(
    path="/signals",
    read=read_signals,
    discloses=True,
    title=title,
    layout=layout,
    nav=lambda text: text.gettext("Signals"),
    order=3,
    query=("disease", "area"),
)
