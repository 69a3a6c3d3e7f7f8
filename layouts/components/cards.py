"""Cards, headings, stats and empty states."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts.svg import Svg, icon

Child = Any  # a component, a text, or a list of them


def heading(title: str, *, eyebrow: Child = None) -> Component:
    """Write the page's one h1: a sentence with the result."""
    return html.Div(
        [
            html.P(eyebrow, className="eyebrow") if eyebrow else None,
            html.H1(title, tabIndex="-1"),
        ],
        className="lead",
    )


def page_link(label: Child, href: str, **attributes: Any) -> Component:
    """Link to one of our pages; opens without a reload once Dash has started."""
    return html.A(label, href=href, **{"data-page": "", **attributes})


def card(
    title: str,
    body: Child,
    *,
    sub: Child = None,
    actions: Child = None,
    foot: tuple[Child, ...] = (),
    flush: bool = False,
    class_name: str = "",
) -> Component:
    """Put a finding, a figure and its source in a frame; `flush` tables touch the edges."""
    head = [html.H2(title)]
    if sub:
        head.append(html.Span(sub, className="sub"))
    if actions:
        head.append(html.Span(actions, className="act"))
    parts = [
        html.Div(head, className="hd"),
        html.Div(body, className="tw" if flush else "bd"),
    ]
    if foot:
        parts.append(html.Div([html.Span(part) for part in foot if part], className="ft"))
    return html.Section(parts, className=f"card {class_name}".strip())


def stat(label: str, value: Child, *, small: Child = None, meaning: Child = None) -> Component:
    """Show one figure: label, value with its verbal scale, range and date."""
    return html.Div(
        [
            html.Dt(label, className="k"),
            html.Dd([value, " ", html.Small(small)] if small else value, className="v"),
            html.Dd(meaning, className="m") if meaning else None,
        ],
        className="stat",
    )


def stats(children: list[Component]) -> Component:
    """Put stats in one framed row."""
    return html.Dl(children, className="stats card")


def two(first: Child, second: Child, class_name: str = "") -> Component:
    """Stack two lines in a cell."""
    return html.Div(
        [html.Span(first), html.Span(second, className="q nw")], className=f"two {class_name}"
    )


def empty(what: str, follows: str = "", action: Child = None) -> Component:
    """Say what is missing and what follows from it."""
    return html.Div(
        [html.B(what), html.Span(follows) if follows else None, action], className="empty"
    )


def csv_link(what: str, href: str) -> Component:
    """Link to the figures behind a drawing or table."""
    return html.A("CSV", href=href, **{"aria-label": f"CSV: {what}"})


def download(label: str, href: str, class_name: str = "") -> Component:
    """Link to a file."""
    return html.A([icon("download"), label], href=href, className=class_name)


def drawing(markup: str, title: str = "", class_name: str = "dr") -> Svg:
    """Place a small SVG drawing; without a title it is decoration beside its figures."""
    return Svg(markup, title=title, className=class_name)
