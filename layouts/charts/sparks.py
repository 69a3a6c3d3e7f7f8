"""Small drawings for table rows, as SVG text in the page's own colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kms.reads.views import Reading
from layouts.svg import tag

WIDTH, HEIGHT, EDGE = 56, 24, 2.5
HALF_SPAN = 0.5  # R 0.5 to 1.5 fills the height
LAST_STEP = 7  # days drawn dotted where the last figure is provisional


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _height(r: float) -> float:
    bounded = min(max(r - 1, -HALF_SPAN), HALF_SPAN)
    return HEIGHT / 2 - bounded / HALF_SPAN * (HEIGHT / 2 - EDGE)


def _line(points: Sequence[tuple[float, float]], *, dotted: bool) -> str:
    if not points:
        return ""
    if len(points) == 1:
        (x, y), thin = points[0], 0.9
        return tag("circle", cx=_number(x), cy=_number(y), r=thin, class_="sd")
    return tag(
        "polyline",
        points=" ".join(f"{_number(x)},{_number(y)}" for x, y in points),
        class_="sl d" if dotted else "sl",
    )


def sparkline(values: Sequence[float | None], *, provisional: bool) -> str:
    """Draw R over its 8 weeks with R = 1 dotted; a gap stays a gap."""
    step = (WIDTH - 2 * EDGE) / max(len(values) - 1, 1)
    points = [
        (EDGE + index * step, _height(value)) if value is not None else None
        for index, value in enumerate(values)
    ]
    split = len(points) - LAST_STEP if provisional else len(points)
    parts = [
        tag("line", x1=0, x2=WIDTH, y1=HEIGHT / 2, y2=HEIGHT / 2, class_="s1"),
        *(_line(run, dotted=False) for run in _runs(points[:split])),
        *(
            _line(run, dotted=True)
            for run in _runs(points[max(split - 1, 0) :] if provisional else [])
        ),
    ]
    last = next((point for point in reversed(points) if point), None)
    if last:
        parts.append(tag("circle", cx=_number(last[0]), cy=_number(last[1]), r=2.4, class_="sd"))
    return tag("svg", "".join(parts), width=WIDTH, height=HEIGHT, aria_hidden="true")


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """Split at gaps; of each run keep its ends and every second day, enough at this width."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run[:-1:2] + run[-1:] for run in runs if run]


def interval_dot(first: Reading, after: Reading, *, width: int = 150, upper: float = 1.0) -> str:
    """Draw a share with its range, and hollow beside it the share after correction."""
    height = 18
    parts = [tag("rect", x=0, y=4, width=width, height=10, class_="st3")]

    def at(share: float) -> str:
        return _number(min(max(share / upper, 0), 1) * (width - 10) + 5)

    for reading, hollow in ((after, True), (first, False)):
        if reading.value is None:
            continue
        if reading.low is not None and reading.high is not None:
            parts.append(
                tag("line", x1=at(reading.low), x2=at(reading.high), y1=9, y2=9, class_="iv")
            )
        parts.append(
            tag("circle", cx=at(reading.value), cy=9, r=4, class_="hd-o" if hollow else "sd")
        )
    return tag("svg", "".join(parts), width=width, height=height, aria_hidden="true")


def upper_end(readings: Sequence[Reading]) -> float:
    """Return where a common scale ends: the next tenth above every range."""
    highest = max((r.high or r.value or 0 for r in readings), default=0)
    return min(max(math.ceil(highest * 10) / 10, 0.1), 1.0)


@dataclass(frozen=True, slots=True)
class Mark:
    """A threshold on a bullet: where it stands, and the decision it borrows its colour from."""

    at: float
    kind: str = "limit"  # relax, rb, or a plain limit


def bullet(reading: Reading, marks: Sequence[Mark] = (), *, width: int = 200) -> str:
    """Draw a share as a bar on its whole, its range as a bracket below, thresholds across.

    A share above 1 (more beds in use than staffed) reaches the edge; without one the track is
    empty.
    """

    def at(share: float) -> str:
        return _number(min(max(share, 0.0), 1.0) * width)

    parts = [tag("rect", y=3, width=width, height=12, class_="st3")]
    if reading.value is not None:
        parts.append(tag("rect", y=5, width=at(reading.value), height=8, class_="bu"))
        if reading.low is not None and reading.high is not None:
            low, high = at(reading.low), at(reading.high)
            parts.append(tag("path", d=f"M{low} 17v4M{low} 19H{high}M{high} 17v4", class_="iv"))
    parts += [
        tag("line", x1=at(mark.at), x2=at(mark.at), y1=0, y2=18, class_=f"mk {mark.kind}")
        for mark in marks
    ]
    return tag("svg", "".join(parts), viewBox=f"0 0 {width} 22", class_="bl", aria_hidden="true")
