"""The map of regions as inline SVG: shape, code and fill by direction, each region a link.

The table beside it says the same in words; the map's links are for the pointer, so that a keyboard
does not have to pass through every region twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape

from dash import html
from dash.development.base_component import Component

from kms.config import ROOT
from kms.reads.views import AreaRow
from kms.wording import direction_word
from layouts.components.cards import empty
from layouts.components.svg import ICONS, Svg, tag
from layouts.page import Visit

BOUNDARIES = ROOT / "data" / "reference" / "boundaries"
DRAWN_WIDTH = 258  # px the map has in its card; labels are sized for it
LETTERS = {"I": 2.6, "-": 4.0, "M": 7.5}  # px of a letter at 8.5 px, semibold; others 6
HATCH = (
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


@cache
def region_shapes() -> Shapes | None:
    """Read the display boundaries; none where they are not installed."""
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


def region_map(rows: Sequence[AreaRow], shapes: Shapes | None, visit: Visit) -> Component:
    """Draw every region of `rows` that has an outline."""
    _ = visit.text.gettext
    if shapes is None or not shapes.paths:
        return empty(_("The map’s outlines are not installed."), _("The table has every region."))
    framed = shapes.inset.labels if shapes.inset else {}
    body = "".join(
        [
            HATCH.format(scale=round(shapes.scale, 3)),
            _layer(rows, shapes.paths, visit),
            *(
                _label(row, shapes.labels[row.code], shapes.scale)
                for row in rows
                if row.code in shapes.labels and row.code not in framed
            ),
            _inset(rows, shapes.inset, shapes.scale, visit) if shapes.inset else "",
        ]
    )
    name = _("Map of regions by direction; the table says the same")
    markup = (
        f'<svg viewBox="{escape(shapes.viewbox)}" class="map" role="group" '
        f'aria-label="{escape(name)}" '
        f'style="--u:{shapes.scale:.3f}px">{body}</svg>'
    )
    return html.Div(
        [
            Svg(markup, className="mapw"),
            html.P(_("Boundaries approximate, not official."), className="note s q"),
        ]
    )


def _layer(rows: Sequence[AreaRow], paths: dict[str, str], visit: Visit) -> str:
    return "".join(_outline(row, paths[row.code], visit) for row in rows if row.code in paths)


def _inset(rows: Sequence[AreaRow], inset: Inset, unit: float, visit: Visit) -> str:
    x, y, width, height = inset.frame
    place = f'x="{x}" y="{y}" width="{width}" height="{height}"'
    labels = "".join(
        _label(row, inset.labels[row.code], unit) for row in rows if row.code in inset.labels
    )
    return (
        f'<clipPath id="map-inset"><rect {place}/></clipPath><rect {place} class="mf"/>'
        f'<g clip-path="url(#map-inset)">{_layer(rows, inset.paths, visit)}</g>{labels}'
        f'<rect {place} class="me"/>'
    )


def _outline(row: AreaRow, path: str, visit: Visit) -> str:
    name = f"{row.name}: {direction_word(visit.text, row.direction)}"
    return (
        f'<a href="{escape(visit.link(f"/areas/{row.code}"))}" data-page="" tabindex="-1" '
        f'aria-label="{escape(name)}"><title>{escape(name)}</title>'
        f'<path class="m-{row.direction}" d="{escape(path)}"/></a>'
    )


def _label(row: AreaRow, place: tuple[float, float], unit: float) -> str:
    x, y = place
    size = 8 * unit
    width = (sum(LETTERS.get(letter, 6.0) for letter in row.label) + 16) * unit
    shape = ICONS[row.direction][1]
    return tag(
        "g",
        tag("rect", x=0, y=-6 * unit, width=width, height=12 * unit, rx=2 * unit, class_="ml")
        + tag(
            "g",
            shape,
            transform=f"translate({2.5 * unit:.2f} {-size / 2:.2f}) scale({size / 12:.3f})",
        )
        + tag("text", escape(row.label), x=12.5 * unit, y=3 * unit, font_size=8.5 * unit),
        transform=f"translate({x - width / 2:.1f} {y:.1f})",
        class_="mt",
        aria_hidden="true",
    )
