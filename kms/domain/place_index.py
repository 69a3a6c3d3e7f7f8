"""Look-up tables of place names and codes, built once from the areas and their aliases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from kms.domain.areas import COUNTRY, MANILA_CITY, NCR, Area, Areas
from kms.domain.place_names import place_keys, region_keys, squeeze

MAGUINDANAO: Final = "1903800000"
MAGUINDANAO_HALVES: Final = ("1908700000", "1908800000")

Names = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class PlaceIndex:
    """Keys of names to codes: regions, provinces, non-places, cities by province and region.

    `above` and `regions_of` hold every parent a unit ever had, so that files of any year match.
    """

    regions: Mapping[str, str]
    provinces: Mapping[str, str]
    non_places: Mapping[str, str]
    codes: Mapping[str, str]
    above: Mapping[str, frozenset[str]]
    regions_of: Mapping[str, frozenset[str]]
    in_unit: Mapping[str, Names]
    in_region: Mapping[str, Names]
    in_country: Names


def build_index(areas: Areas, aliases: Iterable[Mapping[str, str]]) -> PlaceIndex:
    """Build the tables; raise `ValueError` for an alias of an unknown kind or area."""
    kinds: dict[str, dict[str, str]] = {"region": {}, "province": {}, "non_place": {}}
    for area in areas:
        if area.level == "region":
            kinds["region"] |= dict.fromkeys(region_keys(area.name), area.code)
        elif area.level == "province":
            for name in (area.name, *area.old_names):
                kinds["province"].setdefault(squeeze(name), area.code)
    for row in aliases:
        if row["kind"] not in kinds or not (row["code"] in areas or row["kind"] == "non_place"):
            raise ValueError(
                f"area_aliases.csv: alias {row['alias']!r} has kind {row['kind']!r} and code "
                f"{row['code']!r}; use region, province or non_place and a code of areas.csv"
            )
        kinds[row["kind"]][squeeze(row["alias"])] = row["code"]
    above = {area.code: areas.ever_above(area.code) for area in areas}
    in_unit = _names_by_unit(areas, above)
    return PlaceIndex(
        regions=kinds["region"],
        provinces=kinds["province"],
        non_places=kinds["non_place"],
        codes=_codes(areas),
        above=above,
        regions_of={
            code: frozenset(parent for parent in {*parents, code} if _is_region(areas, parent))
            for code, parents in above.items()
        },
        in_unit=in_unit,
        in_region=_names_by_region(areas, in_unit, above),
        in_country=_merge(
            names for unit, names in in_unit.items() if areas.get(unit).valid_to is None
        ),
    )


def _names_by_unit(areas: Areas, above: Mapping[str, frozenset[str]]) -> dict[str, Names]:
    """Return keys to codes within each province; today's names come before old ones."""
    current: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    former: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for area in areas:
        if area.level == "submunicipality":
            for key in place_keys(area.name) + place_keys(area.short_name):
                former[NCR][key].add(MANILA_CITY)
        if not area.is_leaf:
            continue
        for unit in _units(areas, area, above):
            current[unit][place_keys(area.name)[0]].add(area.code)
            for old_name in area.old_names:
                for key in place_keys(old_name):
                    former[unit][key].add(area.code)
    return {
        unit: {key: frozenset(codes) for key, codes in {**former[unit], **names}.items()}
        for unit, names in current.items()
    }


def _units(areas: Areas, area: Area, above: Mapping[str, frozenset[str]]) -> set[str]:
    units = {code for code in above[area.code] if areas.get(code).level == "province"}
    if units & set(MAGUINDANAO_HALVES):
        units.add(MAGUINDANAO)
    return units or {NCR}


def _names_by_region(
    areas: Areas, in_unit: Mapping[str, Names], above: Mapping[str, frozenset[str]]
) -> dict[str, Names]:
    regions = [area.code for area in areas if area.level == "region"]
    return {
        region: _merge(
            names for unit, names in in_unit.items() if region == unit or region in above[unit]
        )
        for region in regions
    }


def _merge(tables: Iterable[Names]) -> Names:
    merged: dict[str, set[str]] = defaultdict(set)
    for table in tables:
        for key, codes in table.items():
            merged[key] |= codes
    return {key: frozenset(codes) for key, codes in merged.items()}


def _codes(areas: Areas) -> dict[str, str]:
    """Return 9-digit, 2023 and current codes to current ones; these win where they overlap."""
    codes = {area.psgc9: area.code for area in areas if area.psgc9}
    codes |= {area.psgc_2023: area.code for area in areas if area.psgc_2023}
    codes |= {area.code: area.code for area in areas}
    codes |= {code: MANILA_CITY for code, found in codes.items() if _is_district(areas.get(found))}
    codes.pop(COUNTRY, None)
    return codes


def _is_district(area: Area) -> bool:
    return area.level == "submunicipality"


def _is_region(areas: Areas, code: str) -> bool:
    return areas.get(code).level == "region"
