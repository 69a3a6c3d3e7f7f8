"""The gallery: every chart and state on one page, with plain and with extreme figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dash import html
from dash.development.base_component import Component

from kms.reads.request import Request
from kms.reads.views import AreaRow, Frame, Reading
from kms.reference import load_areas
from kms.texts import Texts
from layouts import charts
from layouts.charts.multiples import common_days, common_ends, small_fan
from layouts.charts.outlines import region_shapes
from layouts.charts.sparks import Mark, bullet, interval_dot, sparkline
from layouts.charts.tiles import tile_grid
from layouts.components import marks
from layouts.components.cards import card, drawing, empty, heading, stat, stats
from layouts.components.figures import Columns, chart, key
from layouts.components.heat import heat_key, heat_table
from layouts.components.maps import weeks_map
from layouts.gallery import examples
from layouts.gallery.examples import DAYS, LAST, LONG, RIGHT_TO_LEFT
from layouts.page import Page, Visit
from layouts.svg import ICONS, Markup, Svg, icon

STEPS = (0.2, 0.3, 0.4, 0.5, 0.6)
NONE = Columns((), ())


@dataclass(frozen=True, slots=True)
class GalleryView:
    """Nothing of the store is shown."""

    frame: Frame | None = None


def layout(_view: GalleryView, visit: Visit) -> Component:
    """Show charts, small drawings, tables and states."""
    text = visit.text
    return html.Div(
        [
            heading("Charts and states", eyebrow="For development: no figure is real"),
            html.Div(
                [*large(text), *small(text), *wide(visit), *states(text)],
                className="gallery",
            ),
        ]
    )


def large(text: Texts) -> list[Component]:
    """Show what plotly draws."""
    drawn = {
        f"Fan, {name}": charts.reproduction(view, text) for name, view in examples.courses().items()
    }
    drawn |= {
        "Growth": charts.growth(examples.series(examples.wave(centre=0.01, high=0.06)), text),
        "Fan with measures": charts.with_measures(
            charts.reproduction(examples.courses()["plain"], text),
            examples.lanes()[1].spans,
            examples.days(),
        ),
        "Share against limits": charts.against(
            examples.series([min(at / 130, 1.1) for at in range(DAYS)], provisional=0),
            [
                charts.Limit(0.7, "relax below 70%", "var(--relax-text)", dashed=True),
                charts.Limit(0.85, "roll back 85%", "var(--rb-text)"),
            ],
            text,
        ),
        "Forecast, zeros": charts.forecast(examples.series([0.0] * 14, provisional=0), text),
        "Bars, plain": charts.cases(examples.cases(80), text),
        "Bars, zeros": charts.cases(examples.cases(0), text),
        "Bars, a million": charts.cases(examples.cases(1_000_000), text),
        "Bars, suppressed days": charts.cases(examples.cases(6, gaps=True), text),
        "Weekly disease": charts.weekly(examples.weeks(), text),
        "Funnel": charts.funnel(*examples.funnel(), text, percent=True),
        "Waterfall": charts.waterfall(
            examples.factors(), text, start="Reference", end="Manufacturing, Cebu"
        ),
        "Waterfall, no factor": charts.waterfall([], text, start="Reference", end="Same"),
        "Revisions": charts.revisions(examples.revisions(), text, centre=1.0),
    }
    return [_chart(name, figure, text) for name, figure in drawn.items()]


def _chart(name: str, figure: charts.Figure, text: Texts) -> Component:
    slug = name.lower().replace(", ", "-").replace(" ", "-")
    legend = (key("95", "95% range"), key("50", "50% range")) if "Fan" in name else ()
    finding = f"{name} of {LONG}." if "plain" in name else f"{name}."
    return card(
        name,
        chart(
            figure,
            name=f"gallery-{slug}",
            finding=html.B(finding),
            summary=finding,
            columns=NONE,
            text=text,
            legend=legend,
        ),
        sub="unit, basis",
        foot=("Source, and the day it reaches to",),
    )


def small(text: Texts) -> list[Component]:
    """Show what the server draws into rows."""
    courses = examples.courses()
    shown = {name: view for name, view in courses.items() if name != "four years"}
    ends, days = common_ends(list(shown.values()), centre=1.0), common_days(shown.values())
    middle = courses["gaps"].value
    bullets = [
        html.Li([html.B(f"{name} "), drawing(bullet(reading, _limits()))])
        for name, reading in examples.readings().items()
    ]
    first, after = Reading(0.52, 0.4, 0.64, "final", LAST), Reading(0.2, 0.1, 0.3, "final", LAST)
    return [
        card(
            "Small multiples",
            html.Ul(
                [
                    html.Li([html.H3(name), Svg(small_fan(view, ends, days), className="dr")])
                    for name, view in shown.items()
                ],
                className="sms",
            ),
        ),
        card("Bullets against 70 and 85%", html.Ul(bullets, className="ls")),
        card(
            "Sparklines and a share with its range",
            html.Div(
                [
                    drawing(sparkline(middle[-56:], provisional=True)),
                    drawing(sparkline((1.1,), provisional=False)),
                    drawing(sparkline((), provisional=False)),
                    drawing(interval_dot(first, after)),
                ],
                className="chips",
            ),
        ),
        card("Tile grid", Markup(tile_grid(examples.tiles(_regions()), "Regions, made up"))),
        card(
            "Timeline",
            Markup(charts.timeline(examples.lanes(), LAST - timedelta(days=110), LAST, text)),
        ),
    ]


def _limits() -> list[Mark]:
    return [Mark(0.7, "relax"), Mark(0.85, "rb")]


def _regions() -> list[tuple[str, str, str]]:
    return [(unit.code, unit.label, unit.short_name) for unit in load_areas().units("region", LAST)]


def wide(visit: Visit) -> list[Component]:
    """Show the heat table and the map that steps through weeks."""
    text, regions = visit.text, _regions()
    absent = [Reading(None, None, None, state, None) for state in ("suppressed", "withheld")]
    shares = [Reading(at / 20, None, None, "final", LAST) for at in range(len(regions) - 3)]
    names = (LONG, RIGHT_TO_LEFT, "Manufacturing")
    rows = [(name, [*shares[at:], *shares[:at], *absent, None]) for at, name in enumerate(names)]
    listed = [_area_row(*region) for region in regions]
    return [
        card(
            "Heat table",
            [
                heat_table(
                    "Heat table, made up",
                    [(label, name) for _code, label, name in regions],
                    rows,
                    limits=STEPS,
                    text=text,
                ),
                heat_key(text, STEPS, "more, percent"),
            ],
            class_name="whole",
        ),
        card(
            "Map by week",
            weeks_map(
                listed, examples.map_view([row.code for row in listed]), region_shapes(), visit
            ),
        ),
    ]


def _area_row(code: str, label: str, name: str) -> AreaRow:
    none = Reading(None, None, None, "missing", None)
    return AreaRow(
        code, name, label, None, "missing", none, None, (), none, None, none, none, none, None, None
    )


def states(text: Texts) -> list[Component]:
    """Show marks, states, decisions, stats, and what stands where nothing can."""
    decisions = {"rb": "Roll back", "hold": "Hold", "relax": "Consider relaxing"}
    decisions |= {"ins": "Insufficient data"}
    return [
        card(
            "States",
            html.Div([marks.state(text, name) for name in marks.STATE_CLASSES], className="chips"),
        ),
        card(
            "Directions",
            html.Div(
                [
                    marks.direction(text, name)
                    for name in ("growing", "rising", "uncertain", "shrinking", "too_few")
                ],
                className="chips",
            ),
        ),
        card("Decisions", _decisions(decisions)),
        card(
            "Icons",
            html.Div(
                [html.Span([icon(name), name], className="dw") for name in ICONS], className="chips"
            ),
        ),
        card(
            "Empty, failed, loading",
            [
                empty("No inspections in the last 12 months", "Workplace control is unknown here."),
                html.Div(
                    [
                        html.B("Last night’s refresh failed at 02:14"),
                        html.Span("You see the publication of 15 Nov."),
                    ],
                    className="empty failed",
                ),
                html.Div(className="sk w40"),
                html.Div(className="sk w80"),
                html.Div(className="sk tall"),
            ],
        ),
        stats(
            [
                stat("Chance of growing", "99%", small="very likely", meaning="R 1.19 (1.05–1.34)"),
                stat(LONG, "1,234,567", small=RIGHT_TO_LEFT, meaning=LONG),
            ]
        ),
    ]


def _decisions(decisions: dict[str, str]) -> Sequence[Any]:
    return [
        html.Div(
            [html.Span(words, className=f"{style} {name}") for name, words in decisions.items()],
            className="chips",
        )
        for style in ("dec lg", "dec", "dw")
    ]


def _read(_store: Any, _request: Request) -> GalleryView:
    return GalleryView()


PAGE = Page(
    path="/gallery",
    read=_read,
    title=lambda _view, _visit: "Gallery",
    layout=layout,
)
