"""Outlines of regions and provinces as SVG text: each a link, with a label or a shade.

The table beside a map says the same in words; its links are for the pointer, so that a keyboard
does not have to pass through every area twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape

from kms.config import ROOT
from layouts.svg import ICONS, tag

BOUNDARIES = ROOT / "data" / "reference" / "boundaries"
DRAWN_WIDTH = 258  # px the map has in its card; labels are sized for it
LETTERS = {"I": 2.6, "-": 4.0, "M": 7.5}  # px of a letter at 8.5 px, semibold; others 6
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
        return float(self.viewbox.replace(",", " ").split()[2]) / DRAWN_WIDTH


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


@cache
def region_shapes() -> Shapes | None:
    """Read the regions' display boundaries; none where they are not installed."""
    path = BOUNDARIES / "regions_svg.json"
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
    body = "".join(
        [
            PATTERNS.format(scale=round(shapes.scale, 3)),
            _layer(places, shapes.paths),
            *(
                _label(place, shapes.labels[place.code], shapes.scale)
                for place in places
                if place.code in shapes.labels and place.code not in framed
            ),
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
    labels = "".join(
        _label(place, inset.labels[place.code], unit)
        for place in places
        if place.code in inset.labels
    )
    return (
        f'<clipPath id="map-inset"><rect {frame}/></clipPath><rect {frame} class="mf"/>'
        f'<g clip-path="url(#map-inset)">{_layer(places, inset.paths)}</g>{labels}'
        f'<rect {frame} class="me"/>'
    )


def _outline(place: Place, path: str) -> str:
    return (
        f'<a href="{escape(place.href)}" data-page="" tabindex="-1" '
        f'aria-label="{escape(place.words)}"><title>{escape(place.words)}</title>'
        f'<path class="{place.class_name}" data-area="{place.code}" d="{escape(path)}"/></a>'
    )


def _label(place: Place, at: tuple[float, float], unit: float) -> str:
    if not place.label:
        return ""
    x, y = at
    marks = place.marks or ((place.mark,) if place.mark else ())
    size, room = (8 * unit, 16) if marks else (0.0, 6)
    width = (sum(LETTERS.get(letter, 6.0) for letter in place.label) + room) * unit
    drawn = "".join(
        tag(
            "g",
            ICONS[mark][1],
            transform=f"translate({2.5 * unit:.2f} {-size / 2:.2f}) scale({size / 12:.3f})",
            class_=f"sh {mark}" if place.marks else None,
        )
        for mark in marks
    )
    return tag(
        "g",
        tag("rect", x=0, y=-6 * unit, width=width, height=12 * unit, rx=2 * unit, class_="ml")
        + drawn
        + tag(
            "text",
            escape(place.label),
            x=(12.5 if marks else 3) * unit,
            y=3 * unit,
            font_size=8.5 * unit,
        ),
        transform=f"translate({x - width / 2:.1f} {y:.1f})",
        class_="mt",
        data_label=place.code if place.marks else None,
        data_shape=place.mark if place.marks else None,
        aria_hidden="true",
    )
