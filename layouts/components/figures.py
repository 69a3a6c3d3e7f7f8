"""The one way to a chart: a finding in words, the drawing, its table, its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from kms.texts import Texts, texts
from layouts.components.cards import Child, csv_link
from layouts.svg import Markup

CONFIG: dict[str, Any] = {
    "displayModeBar": False,
    "responsive": True,
    "showSendToCloud": False,
    "displaylogo": False,
    "scrollZoom": False,
    "doubleClick": False,
}


@dataclass(frozen=True, slots=True)
class Columns:
    """A chart's numbers as a table: names of columns, and rows of written cells."""

    names: Sequence[str]
    rows: Sequence[Sequence[str]]


def chart(
    figure: dict[str, Any],
    *,
    name: str,
    finding: Child,
    summary: str,
    columns: Columns,
    text: Texts,
    legend: Sequence[Child] = (),
    csv: str = "",
) -> Component:
    """Draw a figure that no one needs to see: words first, table below, never only by hover."""
    return html.Figure(
        [
            html.Figcaption(finding, className="cap"),
            html.Div(
                dcc.Graph(id=name, figure=figure, config=config(text), className="graph"),
                role="img",
                **{"aria-label": summary},
            ),
            html.Div(list(legend), className="legend") if legend else None,
            html.Div(
                [
                    html.Details(
                        [
                            html.Summary(text.gettext("Show as table")),
                            html.Div(
                                Markup(written_table(summary, columns)),
                                className="tw tall",
                                tabIndex="0",
                                role="region",
                                **{"aria-label": summary},
                            ),
                        ]
                    ),
                    html.Span(
                        [csv_link(summary, csv) if csv else None, *picture_buttons(name, summary)],
                        className="acts",
                    ),
                ],
                className="alt",
            ),
        ],
        className="chart",
        role="group",
    )


def picture_buttons(name: str, summary: str) -> list[Component]:
    """Offer the drawing as a file; the page's script draws it, so it is shown with scripts."""
    return [
        html.Button(
            kind.upper(),
            type="button",
            className="lk js",
            **{"data-save": kind, "data-name": name, "aria-label": f"{kind.upper()}: {summary}"},
        )
        for kind in ("png", "svg")
    ]


def written_table(caption: str, columns: Columns) -> str:
    """Write a chart's table as HTML text: hundreds of cells that need no component each."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns.names)
    body = "".join(
        f'<tr><th scope="row" class="rh">{escape(row[0])}</th>'
        + "".join(f'<td class="num">{escape(cell)}</td>' for cell in row[1:])
        + "</tr>"
        for row in columns.rows
    )
    return (
        f'<table class="tb"><caption class="vh">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def config(text: Texts) -> dict[str, Any]:
    """Return the enforced settings, with month names for languages plotly does not know."""
    if text.language == "en":
        return CONFIG
    return CONFIG | {"locale": text.language, "locales": {text.language: _locale(text.language)}}


def key(kind: str, words: str) -> Component:
    """Explain one mark of a chart."""
    return html.Span([html.I(className=f"k-{kind}", **{"aria-hidden": "true"}), words])


def _locale(language: str) -> dict[str, Any]:
    from babel.dates import get_day_names, get_month_names

    locale = texts(language).language
    return {
        "moduleType": "locale",
        "name": locale,
        "dictionary": {},
        "format": {
            "days": [get_day_names("wide", locale=locale)[i] for i in (6, 0, 1, 2, 3, 4, 5)],
            "shortDays": [
                get_day_names("abbreviated", locale=locale)[i] for i in (6, 0, 1, 2, 3, 4, 5)
            ],
            "months": [get_month_names("wide", locale=locale)[i] for i in range(1, 13)],
            "shortMonths": [get_month_names("abbreviated", locale=locale)[i] for i in range(1, 13)],
            "date": "%d/%m/%Y",
        },
    }
