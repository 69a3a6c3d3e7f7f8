"""Finding a place as a whole: for figures and rules that hold for an area, not for a case in it.

A case in an unknown town still counts for its province. The population of an unknown town is not
the province's, and what is closed there is not closed in the province.
"""

from __future__ import annotations

from functools import cache

from ingest.reading.places import find_place
from kms.domain.areas import COUNTRY
from kms.domain.places import AMBIGUOUS, CODE_CONFLICT, NOT_FOUND, UNKNOWN
from kms.reference import load_areas, load_matcher

CODE_UNKNOWN = "place_code_unknown"
_WHOLE_COUNTRY = frozenset({"philippines", "nationwide"})


def whole_place(texts: tuple[str, ...]) -> tuple[str, str | None]:
    """Return the area of region, province, city and code; blank is the country's.

    Where any of them is not known, or the code is of a part of the place, the area is not
    known: never the one above it.
    """
    region, province, city, code = (*texts, "", "", "", "")[:4]
    if not (province or city) and region.strip().casefold() in {"", *_WHOLE_COUNTRY}:
        return whole_code(code)
    area, flag = find_place((region, province, city, code))
    if flag in (NOT_FOUND, AMBIGUOUS):
        return UNKNOWN, flag
    coded, _ = whole_code(code) if code else ("", None)
    if coded == UNKNOWN:
        is_part = load_matcher().area_of_code(code) != ""
        return (UNKNOWN, NOT_FOUND) if is_part else (area, flag or CODE_UNKNOWN)
    if not coded or area == UNKNOWN or area not in load_areas():
        return area, flag
    return _compare(area, coded, flag)


def _compare(area: str, coded: str, flag: str | None) -> tuple[str, str | None]:
    """Return the finer of two areas, one within the other, else the one named."""
    areas = load_areas()
    if area in areas.ever_above(coded):
        return coded, flag
    agrees = coded == area or coded in areas.ever_above(area)
    return area, flag or (None if agrees else CODE_CONFLICT)


def whole_code(code: str) -> tuple[str, str | None]:
    """Return the area of a code of nine or ten digits, and not the one it is a part of."""
    digits = code.strip().upper().removeprefix("PH")
    if digits.strip("0") == "":
        return COUNTRY, None
    found = _codes().get(digits.zfill(9) if len(digits) == 8 else digits)
    return (found, None) if found else (UNKNOWN, CODE_UNKNOWN)


def statistical_unit(area: str) -> str:
    """Return the area that a table of the Philippine Statistics Authority means by a province.

    Its provinces are without their highly urbanised cities, ours with them; a rate of cases in
    all of a province by people in a part of it would be wrong and look right.
    """
    return f"psa:{area}" if area in _with_cities() else area


@cache
def _with_cities() -> frozenset[str]:
    """Return the provinces in which highly urbanised cities lie."""
    areas = load_areas()
    return frozenset(area.province for area in areas if area.level == "huc") - {
        area.code for area in areas if area.level == "region"
    }


@cache
def _codes() -> dict[str, str]:
    """Return 9-digit, 2023 and current codes to current ones; these win where they overlap."""
    areas = list(load_areas())
    codes = {area.psgc9: area.code for area in areas if area.psgc9}
    codes |= {area.psgc_2023: area.code for area in areas if area.psgc_2023}
    return codes | {area.code: area.code for area in areas}
