"""Small multiples: one small fan an area, all on the same axes, as SVG text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from kms.reads.views import SeriesView
from layouts.svg import tag

WIDTH, HEIGHT, EDGE = 180.0, 72.0, 3.0
LONE = 1.5  # to each side of a range that stands alone
Ends = tuple[float, float]
Days = tuple[date, date]


def common_ends(courses: Sequence[SeriesView], *, centre: float, most: float = 2.0) -> Ends:
    """Return one axis for all: it holds every 50 % range, at most `most` from the centre."""
    drawn = [
        value
        for course in courses
        for column in (course.low50, course.high50, course.value)
        for value in column
        if value is not None
    ]
    reach = max((abs(value - centre) for value in drawn), default=0.5)
    reach = min(max(reach * 1.1, 0.2), most)
    return centre - reach, centre + reach


def common_days(courses: Iterable[SeriesView]) -> Days | None:
    """Return the first and the last day of all; none where no course has a day."""
    days = [day for course in courses for day in (*course.dates[:1], *course.dates[-1:])]
    return (min(days), max(days)) if days else None


def small_fan(series: SeriesView, ends: Ends, days: Days | None, *, centre: float = 1.0) -> str:
    """Draw a course with its ranges; what lies beyond the axis is cut off at its edge.

    The middle line ends where figures are provisional, as on the large fan.
    """
    first, last = days or (date.min, date.max)
    step = (WIDTH - 2 * EDGE) / max((last - first).days, 1)

    def x(at: int) -> float:
        return EDGE + (series.dates[at] - first).days * step

    def y(value: float) -> float:
        share = (value - ends[0]) / (ends[1] - ends[0])
        return HEIGHT - EDGE - min(max(share, 0.0), 1.0) * (HEIGHT - 2 * EDGE)

    parts = [tag("line", x1=0, x2=int(WIDTH), y1=_n(y(centre)), y2=_n(y(centre)), class_="s1")]
    for low, high, name in (
        (series.low, series.high, "b95"),
        (series.low50, series.high50, "b50"),
    ):
        for run in _runs(low, high):
            around = [(x(i), y(high[i] or 0)) for i in run]
            around += [(x(i), y(low[i] or 0)) for i in reversed(run)]
            if len(run) == 1:  # a range that stands alone is drawn as a short bar
                (left, top), (_same, foot) = around
                around = [(left - LONE, top), (left + LONE, top), (left + LONE, foot)]
                around.append((left - LONE, foot))
            parts.append(tag("polygon", points=_points(around), class_=name))
    settled = tuple(
        None if state == "provisional" else value
        for value, state in zip(series.value, series.state, strict=True)
    )
    for run in _runs(settled, settled):
        points = [(x(i), y(settled[i] or 0)) for i in run]
        parts.append(
            tag("circle", cx=_n(points[0][0]), cy=_n(points[0][1]), r=1.5, class_="sd")
            if len(points) == 1
            else tag("polyline", points=_points(points), class_="sl")
        )
    return tag(
        "svg",
        "".join(parts),
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        class_="sm",
        aria_hidden="true",
    )


def _runs(low: Sequence[float | None], high: Sequence[float | None]) -> list[list[int]]:
    runs: list[list[int]] = [[]]
    for at, (foot, top) in enumerate(zip(low, high, strict=True)):
        if foot is None or top is None:
            runs.append([])
        else:
            runs[-1].append(at)
    return [run for run in runs if run]


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
