"""Outlines of regions and provinces as SVG text: each a link, with a label or a shade.

The table beside a map says the same in words; its links are for the pointer, so that a keyboard
does not have to pass through every area twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape

from kms.config import ROOT
from layouts.svg import ICONS, tag

BOUNDARIES = ROOT / "data" / "reference" / "boundaries"
MARGIN = 20.0  # drawing units around outlines that are cut out
DRAWN_WIDTH = 258  # px the map has in its card; labels are sized for it
LETTERS = {"I": 2.6, "-": 4.0, "M": 7.5, " ": 2.6, "i": 2.4, "l": 2.4}  # px at 8.5 px, semibold
LOWER, UPPER = 5.1, 6.0  # px of other letters
LINE = 12  # px of a label
PATTERNS = (
    '<defs><pattern id="map-hatch" width="5" height="5" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45) scale({scale})"><rect width="5" height="5" '
    'fill="var(--surface)"/><line x1="0" y1="0" x2="0" y2="5" stroke="var(--ins-hatch)" '
    'stroke-width="2.4"/></pattern><pattern id="map-dots" width="5" height="5" '
    'patternUnits="userSpaceOnUse" patternTransform="scale({scale})"><rect width="5" height="5" '
    'fill="var(--surface)"/><circle cx="2.5" cy="2.5" r="1.3" fill="var(--ink)"/></pattern></defs>'
)


@dataclass(frozen=True, slots=True)
class Inset:
    """A crowded part drawn larger in a frame of its own: (x, y, width, height)."""

    frame: tuple[float, float, float, float]
    paths: dict[str, str]
    labels: dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Shapes:
    """Outlines by area code, where their labels stand, and who made them."""

    viewbox: str
    paths: dict[str, str]
    labels: dict[str, tuple[float, float]]
    attribution: str = ""
    inset: Inset | None = None

    @property
    def scale(self) -> float:
        """Drawing units for one pixel."""
        return self.frame[4]

    @property
    def frame(self) -> tuple[float, float, float, float, float]:
        """Left, top, width and height in drawing units, and those of one pixel."""
        left, top, width, height = map(float, self.viewbox.replace(",", " ").split())
        return left, top, width, height, width / DRAWN_WIDTH


@dataclass(frozen=True, slots=True)
class Place:
    """One area on a map: its name in words, its style, where it leads, its label and mark."""

    code: str
    words: str
    class_name: str
    href: str
    label: str = ""
    mark: str = ""  # one of `layouts.svg.ICONS`
    marks: Sequence[str] = ()  # all that may stand there; the one shown is `mark`


def region_shapes() -> Shapes | None:
    """Read the regions' display boundaries; none where they are not installed."""
    return _shapes("regions_svg.json")


def shapes_of(codes: Sequence[str]) -> Shapes | None:
    """Return the outlines of areas, cut out of the country; none where some have no outline."""
    for shapes in (region_shapes(), _shapes("provinces_svg.json")):
        if shapes and len(codes) > 1 and set(codes) <= set(shapes.paths):
            return shapes if set(codes) == set(shapes.paths) else _cut_out(shapes, codes)
    return None


def _cut_out(shapes: Shapes, codes: Sequence[str]) -> Shapes:
    paths = {code: shapes.paths[code] for code in codes}
    corners = [point for path in paths.values() for point in _corners(path)]
    left, top = (min(point[axis] for point in corners) - MARGIN for axis in (0, 1))
    right, bottom = (max(point[axis] for point in corners) + MARGIN for axis in (0, 1))
    return Shapes(
        f"{left} {top} {right - left} {bottom - top}",
        paths,
        {code: shapes.labels[code] for code in codes if code in shapes.labels},
        shapes.attribution,
    )


def _corners(path: str) -> Iterator[tuple[float, float]]:
    """Follow a path of our own making: moves to places, and steps from there."""
    x = y = 0.0
    for command, numbers in re.findall(r"([Ml])([^Mlz]*)", path):
        steps = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        for dx, dy in zip(steps[::2], steps[1::2], strict=True):
            x, y = (dx, dy) if command == "M" else (x + dx, y + dy)
            yield x, y


@cache
def _shapes(name: str) -> Shapes | None:
    path = BOUNDARIES / name
    if not path.exists():
        return None
    read = json.loads(path.read_text(encoding="utf-8"))
    attribution = BOUNDARIES / "ATTRIBUTION.txt"
    part = read.get("inset")
    return Shapes(
        viewbox=read["viewbox"],
        paths=read["paths"],
        labels=_points(read["labels"]),
        attribution=attribution.read_text(encoding="utf-8").strip() if attribution.exists() else "",
        inset=Inset(tuple(part["frame"]), part["paths"], _points(part["labels"])) if part else None,
    )


def _points(read: dict[str, list[float]]) -> dict[str, tuple[float, float]]:
    return {code: (float(x), float(y)) for code, (x, y) in read.items()}


def outline_map(places: Sequence[Place], shapes: Shapes, name: str) -> str:
    """Draw every place that has an outline; crowded ones are labelled in the inset."""
    framed = shapes.inset.labels if shapes.inset else {}
    free = {code: at for code, at in shapes.labels.items() if code not in framed}
    body = "".join(
        [
            PATTERNS.format(scale=round(shapes.scale, 3)),
            _layer(places, shapes.paths),
            _labels(places, free, shapes.frame),
            _inset(places, shapes.inset, shapes.scale) if shapes.inset else "",
        ]
    )
    return (
        f'<svg viewBox="{escape(shapes.viewbox)}" class="map" role="group" data-drawing="" '
        f'aria-label="{escape(name)}" style="--u:{shapes.scale:.3f}px">{body}</svg>'
    )


def _layer(places: Sequence[Place], paths: dict[str, str]) -> str:
    return "".join(_outline(place, paths[place.code]) for place in places if place.code in paths)


def _inset(places: Sequence[Place], inset: Inset, unit: float) -> str:
    x, y, width, height = inset.frame
    frame = f'x="{x}" y="{y}" width="{width}" height="{height}"'
    return (
        f'<clipPath id="map-inset"><rect {frame}/></clipPath><rect {frame} class="mf"/>'
        f'<g clip-path="url(#map-inset)">{_layer(places, inset.paths)}</g>'
        f"{_labels(places, inset.labels, (*inset.frame, unit))}"
        f'<rect {frame} class="me"/>'
    )


def _outline(place: Place, path: str) -> str:
    return (
        f'<a href="{escape(place.href)}" data-page="" tabindex="-1" '
        f'aria-label="{escape(place.words)}"><title>{escape(place.words)}</title>'
        f'<path class="{place.class_name}" data-area="{place.code}" d="{escape(path)}"/></a>'
    )


def _labels(
    places: Sequence[Place],
    at: Mapping[str, tuple[float, float]],
    frame: tuple[float, float, float, float, float],
) -> str:
    """Write the labels inside a frame; one that would lie on another moves up or down."""
    left, top, width, height, unit = frame
    taken: list[tuple[float, float, float]] = []
    written = []
    for place in places:
        if place.code not in at or not place.label:
            continue
        wide, (x, y) = _width(place) * unit, at[place.code]
        x = min(max(x, left + wide / 2), left + width - wide / 2)
        moves = (step * LINE * unit for step in (0, 1, -1, 2, -2, 3, -3))
        y = next((y + move for move in moves if _is_free(taken, (x, y + move, wide), unit)), y)
        y = min(max(y, top + LINE * unit / 2), top + height - LINE * unit / 2)
        taken.append((x, y, wide))
        written.append(_label(place, (x - wide / 2, y), unit))
    return "".join(written)


def _is_free(
    taken: Sequence[tuple[float, float, float]], box: tuple[float, float, float], unit: float
) -> bool:
    x, y, wide = box
    return not any(
        abs(x - other) < (wide + width) / 2 and abs(y - level) < (LINE - 1) * unit
        for other, level, width in taken
    )


def _width(place: Place) -> float:
    letters = sum(
        LETTERS.get(letter, LOWER if letter.islower() else UPPER) for letter in place.label
    )
    return letters + (16 if place.marks or place.mark else 6)


def _label(place: Place, at: tuple[float, float], unit: float) -> str:
    marks = place.marks or ((place.mark,) if place.mark else ())
    size = 8 * unit
    drawn = "".join(
        tag(
            "g",
            ICONS[mark][1],
            transform=f"translate({2.5 * unit:.2f} {-size / 2:.2f}) scale({size / 12:.3f})",
            class_=f"sh {mark}" if place.marks else None,
        )
        for mark in marks
    )
    box = tag(
        "rect",
        x=0,
        y=-LINE / 2 * unit,
        width=round(_width(place) * unit, 1),
        height=LINE * unit,
        rx=2 * unit,
        class_="ml",
    )
    words = tag(
        "text",
        escape(place.label),
        x=(12.5 if marks else 3) * unit,
        y=3 * unit,
        font_size=8.5 * unit,
    )
    return tag(
        "g",
        box + drawn + words,
        transform=f"translate({at[0]:.1f} {at[1]:.1f})",
        class_="mt",
        data_label=place.code if place.marks else None,
        data_shape=place.mark if place.marks else None,
        aria_hidden="true",
    )
