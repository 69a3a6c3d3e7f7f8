"""Maps of regions: by direction, and figures week by week that the reader steps through."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from dash import html
from dash.development.base_component import Component

from kms.reads.views import AreaRow, Reading, WeeksOfAreas
from kms.texts import Texts
from kms.wording import chance, direction_word, place_name, state_word
from kms.wording import rate as rate_words
from layouts.charts.outlines import Place, Shapes, outline_map
from layouts.components.cards import empty
from layouts.components.figures import Columns, picture_buttons, written_table
from layouts.page import Visit
from layouts.svg import Markup, Svg, icon

ABSENT = "m-missing"
EVEN = 0.5
MARKS = ("growing", "uncertain", "shrinking", "missing")


@dataclass(frozen=True, slots=True)
class Scale:
    """How an indicator is shaded: where its steps begin, in which classes, what stands beside."""

    name: str
    limits: Sequence[float]
    classes: Sequence[str]  # one more than limits
    words: Sequence[str]  # of each step
    write: Callable[[float], str]
    banded: bool = False  # a chance
    marks: Sequence[str] = ()  # of each step, so that no step is told by colour alone


def scales(text: Texts) -> dict[str, Scale]:
    """Return how each mapped indicator is shaded, in the order it is offered."""
    _ = text.gettext
    attack = (0.5, 1.0, 3.0, 7.0, 18.0)
    first, *rest = [text.number(limit, 1 if limit < 1 else 0) for limit in attack]
    return {
        "p_r_above_1": Scale(
            _("Chance that cases grow"),
            (0.025, 0.2, 0.8, 0.975),
            ("f-d1", "f-d2", "f-d3", "f-d4", "f-d5"),
            ("<2.5%", "2.5–20%", "20–80%", "80–97.5%", ">97.5%"),
            lambda share: chance(text, share),
            banded=True,
            marks=("shrinking", "shrinking", "uncertain", "growing", "growing"),
        ),
        "adar_per_100k": Scale(
            _("Attack rate, cases a day per 100,000"),
            attack,
            tuple(f"f-q{step}" for step in range(1, 7)),
            (f"<{first}", *(f"≥{limit}" for limit in (first, *rest))),
            lambda rate: rate_words(text, Reading(rate, None, None, "final", None)),
        ),
    }


def region_map(rows: Sequence[AreaRow], shapes: Shapes | None, visit: Visit) -> Component:
    """Draw every region of `rows` that has an outline, by its direction."""
    _ = visit.text.gettext
    if shapes is None or not shapes.paths:
        return empty(_("The map’s outlines are not installed."), _("The table has every region."))
    places = [
        Place(
            row.code,
            f"{row.name}: {direction_word(visit.text, row.direction)}",
            f"m-{row.direction}",
            visit.link(f"/areas/{row.code}"),
            row.label,
            row.direction,
        )
        for row in rows
    ]
    name = _("Map of regions by direction; the table says the same")
    return html.Div(
        [Svg(outline_map(places, shapes, name), className="mapw"), unofficial(visit.text)]
    )


def unofficial(text: Texts) -> Component:
    """Say what the outlines are not."""
    return html.P(text.gettext("Boundaries approximate, not official."), className="note s q")


def weeks_map(
    rows: Sequence[AreaRow], view: WeeksOfAreas, shapes: Shapes | None, visit: Visit
) -> Component:
    """Draw a figure of a week; the reader changes figure and week without asking the server.

    Without scripts it shows the first figure in the newest week, and tables of all.
    """
    text = visit.text
    _ = text.gettext
    if shapes is None or not shapes.paths:
        return empty(_("The map’s outlines are not installed."), _("The table has every region."))
    offered = {name: scale for name, scale in scales(text).items() if name in view.values}
    if not view.days or not offered:
        return empty(_("No figure can be mapped."))
    shown = next(iter(offered))
    at = newest_week(view, shown)
    name = _("Map of areas, week by week; the tables say the same")
    drawn = outline_map(_week_places(rows, view, (shown, at), visit), shapes, name)
    return html.Figure(
        [
            html.Figcaption(
                [html.B(offered[shown].name), ", " + text.day(view.days[at])],
                className="cap",
                **{"aria-live": "polite"},
            ),
            Markup(_controls(rows, view, at, text), className="mapctl js"),
            Svg(drawn, className="mapw"),
            Markup(
                _legends(offered, _("no figure: too few, suppressed, not yet known")),
                className="legends",
            ),
            unofficial(text),
            html.Div(
                [
                    html.Details(
                        [
                            html.Summary(_("Show as table")),
                            *[_table(rows, view, indicator, text) for indicator in offered],
                        ]
                    ),
                    html.Span(picture_buttons("map", name), className="acts"),
                ],
                className="alt",
            ),
        ],
        className="chart weeks",
        role="group",
    )


def _week_places(
    rows: Sequence[AreaRow], view: WeeksOfAreas, shown: tuple[str, int], visit: Visit
) -> list[Place]:
    """Return how each area looks with a figure of a week."""
    text, (indicator, at) = visit.text, shown
    scale = scales(text)[indicator]
    places = []
    for row in rows:
        if row.code not in view.values[indicator]:
            continue
        step = steps(scale, view.values[indicator][row.code])[at]
        words = _written(scale, view, (indicator, row.code), text)[at]
        places.append(
            Place(
                row.code,
                f"{place_name(text, row.name)}: {words}",
                ABSENT if step is None else scale.classes[step],
                visit.link(f"/areas/{row.code}"),
                row.label or place_name(text, row.name),
                _mark(scale, step),
                MARKS,
            )
        )
    return places


def steps(scale: Scale, values: Sequence[float | None]) -> list[int | None]:
    """Return each value's step; None where there is no value.

    A chance of which only the band is told is the band's end nearest to even: below even it
    belongs to the step that ends there.
    """

    def passed(value: float, limit: float) -> bool:
        return value > limit if scale.banded and limit < EVEN else value >= limit

    return [
        None if value is None else sum(passed(value, limit) for limit in scale.limits)
        for value in values
    ]


def newest_week(view: WeeksOfAreas, indicator: str) -> int:
    """Return the place of the last week of which half the areas are told; else any; else last."""
    areas = view.values[indicator].values()
    told = [sum(each[at] is not None for each in areas) for at in range(len(view.days))]
    enough = [at for at, count in enumerate(told) if 2 * count >= len(areas)]
    some = [at for at, count in enumerate(told) if count]
    return (enough or some or [len(view.days) - 1])[-1]


def _written(scale: Scale, view: WeeksOfAreas, at: tuple[str, str], text: Texts) -> list[str]:
    """Write an indicator of an area week by week: the value, or the word for its absence."""
    indicator, code = at
    values, states = view.values[indicator][code], view.states[indicator][code]
    arriving = f", {state_word(text, 'provisional')}"
    return [
        state_word(text, state)
        if value is None
        else scale.write(value) + (arriving if state == "provisional" else "")
        for value, state in zip(values, states, strict=True)
    ]


def _controls(rows: Sequence[AreaRow], view: WeeksOfAreas, at: int, text: Texts) -> str:
    """Write the choice of figure and week, and all figures as data for the page's script."""
    _ = text.gettext
    last = len(view.days) - 1
    offered = {name: scale for name, scale in scales(text).items() if name in view.values}
    data = {
        "days": [text.day(day) for day in view.days],
        "absent": ABSENT,
        "names": {row.code: place_name(text, row.name) for row in rows},
        "figures": {
            indicator: {
                "name": scale.name,
                "classes": list(scale.classes),
                "marks": list(scale.marks),
                "steps": {code: steps(scale, v) for code, v in view.values[indicator].items()},
                "words": {
                    code: _written(scale, view, (indicator, code), text)
                    for code in view.values[indicator]
                },
            }
            for indicator, scale in offered.items()
        },
    }
    options = "".join(
        f'<option value="{indicator}">{escape(scale.name)}</option>'
        for indicator, scale in offered.items()
    )
    held = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    return (
        f'<label class="fld"><span class="vh">{escape(_("Figure"))}</span>'
        f'<select class="ctl" data-map="figure">{options}</select></label>'
        f'<span class="steps"><button type="button" class="ctl" data-map="back" '
        f'aria-label="{escape(_("A week earlier"))}">‹</button>'
        f'<input type="range" min="0" max="{last}" value="{at}" data-map="week" '
        f'aria-label="{escape(_("Week"))}" aria-valuetext="{escape(text.day(view.days[at]))}">'
        f'<button type="button" class="ctl" data-map="on" '
        f'aria-label="{escape(_("A week later"))}">›</button></span>'
        f'<script type="application/json" class="mapdata">{held}</script>'
    )


def _legends(offered: dict[str, Scale], absent: str) -> str:

    blocks = []
    for place, (indicator, scale) in enumerate(offered.items()):
        entries = "".join(
            f'<span><i class="{name}" aria-hidden="true"></i>{_shape(scale, at)}'
            f"{escape(words)}</span>"
            for at, (name, words) in enumerate(zip(scale.classes, scale.words, strict=True))
        )
        entries += (
            f'<span><i class="absent" aria-hidden="true"></i>'
            f"{_shape(scale, None)}{escape(absent)}</span>"
        )
        hidden = " hidden" if place else ""
        blocks.append(f'<div class="legend" data-of="{indicator}"{hidden}>{entries}</div>')
    return "".join(blocks)


def _mark(scale: Scale, step: int | None) -> str:
    if not scale.marks:
        return ""
    return "missing" if step is None else scale.marks[step]


def _shape(scale: Scale, step: int | None) -> str:
    mark = _mark(scale, step)
    return icon(mark).markup if mark else ""


def _table(rows: Sequence[AreaRow], view: WeeksOfAreas, indicator: str, text: Texts) -> Component:
    """Write an indicator of every area, newest week first."""
    scale = scales(text)[indicator]
    body = [
        (place_name(text, row.name), *reversed(_written(scale, view, (indicator, row.code), text)))
        for row in rows
        if row.code in view.values[indicator]
    ]
    names = (text.gettext("Area"), *(text.short_day(day) for day in reversed(view.days)))
    return Markup(
        written_table(scale.name, Columns(names, body)),
        className="tw tall",
        attributes={"tabIndex": "0", "role": "region", "aria-label": scale.name},
    )
