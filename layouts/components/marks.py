"""Direction marks, states and figures with their ranges: shape and word always together."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dash import html
from dash.development.base_component import Component

from kms import wording
from kms.reads.rows import ORDER
from kms.reads.views import AreaRow, Reading
from kms.texts import Texts
from kms.wording import chance, direction_word, percent_span, span, state_word
from layouts.components.cards import two
from layouts.svg import icon

STATE_CLASSES = {
    "provisional": "prov",
    "too_few": "few",
    "stale": "stale",
    "suppressed": "supp",
    "withheld": "with",
    "hidden": "prov",
    "missing": "with",
}


def directions(rows: Iterable[AreaRow]) -> list[str]:
    """List the directions that tiles and legends name; a small outbreak only where there is one.

    Without data counts among too few.
    """
    rising = any(row.direction == "rising" for row in rows)
    return [name for name in ORDER if name != "missing" and (rising or name != "rising")]


def direction(text: Texts, name: str) -> Component:
    """Show a direction: shape and word, in ink."""
    return html.Span([icon(name), direction_word(text, name)], className=f"dw dir-{name}")


def state(text: Texts, name: str, *, word: str = "") -> Component:
    """Show why a figure is absent or limited; a word always, never a bare dash."""
    shapes = {"stale": [icon("clock")], "withheld": [icon("lock")]}
    return html.Span(
        [*shapes.get(name, []), html.Span(word or state_word(text, name))],
        className=f"st {STATE_CLASSES.get(name, 'ok')}",
    )


def figure(
    text: Texts,
    reading: Reading,
    write: Callable[[float], str],
    write_range: Callable[[Texts, Reading], str],
) -> Component:
    """Show a value over its range, or the word for its state."""
    if reading.value is None:
        return state(text, reading.state)
    second: object = write_range(text, reading) or state_word(text, reading.state)
    if reading.state not in {"final", "provisional"}:
        second = state(text, reading.state)
    return two(html.B(write(reading.value)), second)


def share(text: Texts, reading: Reading) -> Component:
    """Show a share in percent over its range."""
    return figure(text, reading, text.percent, percent_span)


def rate(text: Texts, reading: Reading) -> Component:
    """Show a rate over its range."""
    return figure(
        text,
        reading,
        lambda _value: wording.rate(text, reading),
        lambda *_: wording.rate_span(text, reading),
    )


def signed_share(text: Texts, reading: Reading) -> Component:
    """Show a change in percent with its sign."""
    return figure(
        text,
        reading,
        lambda value: ("+" if value > 0 else "") + text.percent(value),
        percent_span,
    )


def growing(text: Texts, row: AreaRow) -> Component:
    """Show the chance that cases grow over R and its range."""
    if row.p_above_1 is None or row.r.value is None:
        shown = row.r.state if row.r.state != "final" else row.direction
        return state(text, shown)
    value = f"{text.number(row.r.value, 2)} ({span(text, row.r)})"
    sure = [
        html.B(chance(text, row.p_above_1)),
        html.Span(text.gettext("growing"), className="ph g"),
    ]
    return two(sure, value, "nw")
