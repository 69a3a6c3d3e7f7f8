"""What was in force: lanes of decisions and restrictions, and their marks on courses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

from kms.texts import Texts
from layouts.charts.style import GREY, Figure, note

MOST_LETTERS = 26  # of words along a line
KINDS = {"rb", "hold", "relax", "ins", "measure", "level"}


@dataclass(frozen=True, slots=True)
class Span:
    """Something that held from a day to a day; `kind` is a decision's class, measure or level."""

    label: str
    start: date
    end: date | None = None  # None: still in force
    kind: str = "measure"


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of the timeline: a rule, the restrictions in force, a log of single days."""

    name: str
    spans: Sequence[Span] = ()
    moments: Sequence[tuple[date, str]] = ()


def timeline(lanes: Sequence[Lane], start: date, end: date, text: Texts) -> str:
    """Write lanes over a common axis as HTML: words stay words at every width.

    What began before `start` or goes on after `end` reaches the edge. Raises ValueError when
    `end` is not after `start` or a kind is unknown.
    """
    if end <= start:
        raise ValueError(f"end {end} is not after start {start}")
    rows = "".join(_lane(lane, start, end, text) for lane in lanes)
    return f'<div class="tl">{rows}{_axis(start, end, text)}</div>'


def with_measures(figure: Figure, spans: Iterable[Span], days: Sequence[date]) -> Figure:
    """Return a course with a thin line and its words where each measure began.

    What began before the course's days, or after, is left to the timeline.
    """
    drawn = figure["layout"]
    inside = [span for span in spans if days and days[0] <= span.start <= days[-1]]
    lines = [_onset(span) for span in inside]
    words = [
        note(
            span.label if len(span.label) <= MOST_LETTERS else span.label[: MOST_LETTERS - 1] + "…",
            x=span.start.isoformat(),
            y=0,
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            textangle=-90,
            color=GREY,
        )
        for span in inside
    ]
    return {
        "data": figure["data"],
        "layout": drawn
        | {"shapes": drawn["shapes"] + lines, "annotations": drawn["annotations"] + words},
    }


def _onset(span: Span) -> Figure:
    return {
        "type": "line",
        "yref": "paper",
        "x0": span.start.isoformat(),
        "x1": span.start.isoformat(),
        "y0": 0,
        "y1": 1,
        "line": {"color": GREY, "width": 1, "dash": "dot"},
    }


def _share(day: date, start: date, end: date) -> float:
    whole = (end - start).days
    return min(max((day - start).days / whole * 100, 0.0), 100.0)


def _lane(lane: Lane, start: date, end: date, text: Texts) -> str:
    shown = [s for s in lane.spans if s.start <= end and (s.end is None or s.end >= start)]
    bars = "".join(_bar(span, start, end, text) for span in shown)
    dots = "".join(
        f'<li class="mo" style="left:{_share(day, start, end):.2f}%">'
        f"<span>{escape(text.short_day(day))}: {escape(words)}</span></li>"
        for day, words in lane.moments
        if start <= day <= end
    )
    kind = "tb-m" if lane.moments else "tb-s"
    return f'<div class="ln"><b>{escape(lane.name)}</b><ul class="{kind}">{bars}{dots}</ul></div>'


def _bar(span: Span, start: date, end: date, text: Texts) -> str:
    if span.kind not in KINDS:
        raise ValueError(f"kind {span.kind!r} of {span.label!r} is none of {sorted(KINDS)}")
    left = _share(span.start, start, end)
    width = _share((span.end or end) + timedelta(days=1), start, end) - left
    until = text.short_day(span.end) if span.end else text.gettext("still in force")
    days = f"{text.short_day(span.start)} – {until}"
    return (
        f'<li class="sp {span.kind}" style="left:{left:.2f}%;width:{width:.2f}%" '
        f'title="{escape(f"{span.label}, {days}")}"><span>{escape(span.label)}</span>'
        f'<span class="vh">, {escape(days)}</span></li>'
    )


def _axis(start: date, end: date, text: Texts) -> str:
    days = [start + (end - start) * part / 4 for part in range(5)]
    ticks = "".join(
        f'<span style="left:{part * 25}%">{escape(text.short_day(day))}</span>'
        for part, day in enumerate(days)
    )
    return f'<div class="ax" aria-hidden="true">{ticks}</div>'
