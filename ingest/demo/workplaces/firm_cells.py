"""Cells of establishments, written as in the inspection files, so that all files join by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingest.demo.cells import from_table, quoted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingest.demo.places import Geography
    from ingest.demo.workplaces.establishments import Establishments

FIRST_NUMBER = 10_000


def id_and_name(firms: Establishments, firm: NDArray[Any]) -> list[Any]:
    """Return the two columns that name the establishment of each row."""
    return [
        from_table([f"EST-{FIRST_NUMBER + number}" for number in range(len(firms))], firm),
        from_table([quoted(name) for name in firms.name], firm),
    ]


def place_columns(geography: Geography, firms: Establishments, firm: NDArray[Any]) -> list[Any]:
    """Return region, province, city and code of each row."""
    city = firms.city[firm]
    return [
        from_table([quoted(name) for name in geography.region_names], firms.region[firm]),
        from_table(
            [quoted(name) for name in geography.province_names], geography.city_province[city]
        ),
        from_table([quoted(place.name) for place in geography.cities], city),
        from_table([place.code for place in geography.cities], city),
    ]
