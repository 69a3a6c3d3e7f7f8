"""The country as a grid of equal tiles, so that no region is small because its land is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

# Column and row of each region: north on top, neighbours mostly side by side.
PLACES = {
    "0100000000": (1, 1), "1400000000": (2, 1), "0200000000": (3, 1),
    "0300000000": (2, 2),
    "1300000000": (2, 3), "0400000000": (3, 3), "0500000000": (4, 3),
    "1700000000": (1, 4),
    "0600000000": (2, 5), "1800000000": (3, 5), "0700000000": (4, 5), "0800000000": (5, 5),
    "1000000000": (3, 6), "1600000000": (4, 6),
    "0900000000": (2, 7), "1900000000": (3, 7), "1200000000": (4, 7), "1100000000": (5, 7),
}  # fmt: skip
MISSING = 0  # the step of a tile without a figure


@dataclass(frozen=True, slots=True)
class Tile:
    """One region: its code and label, the figure written, its step (1 to 6), where it leads."""

    code: str
    label: str
    name: str
    written: str
    step: int = MISSING
    href: str = ""


def tile_grid(tiles: Sequence[Tile], caption: str) -> str:
    """Write the grid as a list of links; a region without a place follows at the end."""
    cells = "".join(_tile(tile) for tile in tiles)
    return f'<ul class="tg" aria-label="{escape(caption)}">{cells}</ul>'


def _tile(tile: Tile) -> str:
    place = PLACES.get(tile.code)
    where = f' style="grid-column:{place[0]};grid-row:{place[1]}"' if place else ""
    shade = f"q{tile.step}" if tile.step else "absent"
    words = (
        f'<span aria-hidden="true">{escape(tile.label)}</span>'
        f'<span class="vh">{escape(tile.name)}: </span><b>{escape(tile.written)}</b>'
    )
    inner = (
        f'<a href="{escape(tile.href)}" data-page="" title="{escape(tile.name)}">{words}</a>'
        if tile.href
        else f'<span title="{escape(tile.name)}">{words}</span>'
    )
    return f'<li class="{shade}"{where}>{inner}</li>'
