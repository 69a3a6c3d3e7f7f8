"""Heat tables: a figure in every cell, darker where it is higher; absence is drawn, too."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from kms.reads.views import Reading
from kms.texts import Texts
from kms.wording import state_word

LIKE_FEW = {"too_few", "suppressed"}


def heat_table(
    caption: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[tuple[str, Sequence[Reading | None]]],
    *,
    limits: Sequence[float],
    text: Texts,
) -> Component:
    """Write shares in percent; `columns` are (label, whole name), `limits` where steps begin.

    It scrolls inside its frame, which the keyboard can reach.
    """
    head = html.Tr(
        [
            html.Td(className="corner"),
            *(html.Th(html.Abbr(label, title=name), scope="col") for label, name in columns),
        ]
    )
    body = [
        html.Tr(
            [html.Th(name, scope="row"), *(_cell(text, reading, limits) for reading in readings)]
        )
        for name, readings in rows
    ]
    heat = html.Table(
        [
            html.Caption(caption, className="vh"),
            html.Colgroup([html.Col(className="first"), html.Col(span=str(len(columns)))]),
            html.Thead(head),
            html.Tbody(body),
        ],
        className="hm",
    )
    return html.Div(heat, className="tw", role="region", tabIndex="0", **{"aria-label": caption})


def step(value: float, limits: Sequence[float]) -> int:
    """Return a value's step: 1 below the first limit, one more from each limit on."""
    return sum(value >= limit for limit in limits) + 1


def heat_key(text: Texts, limits: Sequence[float], more: str) -> Component:
    """Explain the steps, in percent, and the marks of absence; `more` says what dark means."""
    _ = text.gettext
    first, *rest = [text.number(limit * 100) for limit in limits]
    scale = [
        html.I(words, className=f"q{place}")
        for place, words in enumerate([f"<{first}", first, *rest], 1)
    ]
    return html.Div(
        [
            html.Span([_("fewer"), html.Span(scale, className="scale"), more]),
            html.Span(_("< too few or suppressed")),
            html.Span(_("– no data, or too old")),
        ],
        className="legend",
    )


def _cell(text: Texts, reading: Reading | None, limits: Sequence[float]) -> Component:
    if reading is None:
        return html.Td(html.Span("–", title=state_word(text, "missing")), className="off")
    if reading.value is None:
        short = "<" if reading.state in LIKE_FEW else "–"
        word = state_word(text, reading.state)
        return html.Td(
            [html.Span(short, **{"aria-hidden": "true"}), html.Span(word, className="vh")],
            className="few" if short == "<" else "off",
            title=word,
        )
    return html.Td(text.number(reading.value * 100), className=f"q{step(reading.value, limits)}")
