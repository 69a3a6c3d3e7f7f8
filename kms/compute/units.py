"""The areas that figures are made for, and in which of them a place counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from kms.domain.areas import COUNTRY, Areas


def rated_areas(areas: Areas, on: date) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the country, regions and provinces of a day, and the parent of each."""
    regions = [unit.code for unit in areas.units("region", on)]
    provinces = [u.code for u in areas.units("province", on) if u.code not in regions]
    parents = [""] + [COUNTRY] * len(regions) + [areas.region_of(code, on) for code in provinces]
    return (COUNTRY, *regions, *provinces), tuple(parents)


def ways_up(
    areas: Areas, on: date, places: Iterable[str], units: Sequence[str]
) -> dict[str, list[int]]:
    """Map each place to the positions of the units it counts in."""
    position = {code: index for index, code in enumerate(units)}

    def up(place: str) -> list[int]:
        if place not in areas:
            return [0]
        line = dict.fromkeys((place, *areas.ancestors(place, on), COUNTRY))
        return [position[code] for code in line if code in position]

    return {place: up(place) for place in places}
