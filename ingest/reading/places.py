"""Putting an area to each place text of a file: every distinct text is matched once."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date

import pyarrow as pa

from ingest.reading.staging import SEPARATOR
from ingest.reading.table import Table
from kms.domain.areas import COUNTRY
from kms.errors import ContractError
from kms.reference import load_areas, load_matcher

Finder = Callable[[tuple[str, ...]], tuple[str, str | None]]
GARBLED = ("\u00c3", "\u00c2", "\ufffd")  # UTF-8 read as something else: ParaÃ±aque
MAX_GARBLED_SHARE = 0.001
PSGC_DIGITS = 10


def find_place(texts: tuple[str, ...]) -> tuple[str, str | None]:
    """Return the area of region, province, city and, if given, code; and what was odd.

    Texts that are missing at the end count as blank.
    """
    region, province, city, given = (*texts, "", "", "", "")[:4]
    code, odd = _readable_code(given)
    found = load_matcher().match(region, province, city, code)
    return found.code, found.flag or odd


def _readable_code(given: str) -> tuple[str, str | None]:
    """Return a code as it was before a spreadsheet took it for a number, and what was odd.

    Only codes of ten digits can have lost their zero here; shorter ones are matched with theirs.
    """
    if not given:
        return "", None
    known = load_matcher().area_of_code(given)
    if known:
        retired = len(given) == PSGC_DIGITS and given.isdigit() and _is_retired(given, known)
        return given, "place_code_retired" if retired else None
    digits = given.removesuffix(".0")
    for code in (digits, digits.zfill(PSGC_DIGITS)):
        if code != given and len(code) == PSGC_DIGITS and load_matcher().area_of_code(code):
            return code, "place_code_repaired"
    return given, "place_code_unknown"


def _is_retired(code: str, known: str) -> bool:
    """Tell whether the code of a city or wider area is no longer the area's own."""
    return code != known and code not in load_areas() and known[2:] == code[2:]


def find_code(texts: tuple[str, ...]) -> tuple[str, str | None]:
    """Return the area of a code alone: `country` and blank are the country's."""
    code = texts[0]
    if code.strip("0").casefold() in ("", "country"):
        return COUNTRY, None
    found = load_matcher().area_of_code(code)
    return (found, None) if found else ("nonplace:unknown", "place_code_unknown")


def unit_on(day: date) -> Callable[[str], str]:
    """Return the function that gives an area's province, or what is known above it."""
    areas = load_areas()
    return lambda code: (areas.unit_of(code, day) if code in areas else code) or code


def itself(code: str) -> str:
    """Count an area as its own unit."""
    return code


def match_places(
    table: Table, find: Finder = find_place, unit: Callable[[str], str] = itself
) -> None:
    """Make `gazetteer` (place, area, unit) and flag what was odd about place texts."""
    engine = table.engine
    texts = [text for (text,) in engine.execute("SELECT DISTINCT place FROM stage").fetchall()]
    found = [_find_visible(text, find) for text in texts]
    gazetteer = pa.table(
        {
            "place": pa.array(texts, pa.string()),
            "area": pa.array([code for code, _ in found], pa.string()),
            "unit": pa.array([unit(code) for code, _ in found], pa.string()),
            "flag": pa.array([flag for _, flag in found], pa.string()),
            "garbled": pa.array([any(sign in t for sign in GARBLED) for t in texts], pa.bool_()),
        }
    )
    engine.register("gazetteer_", gazetteer)
    engine.execute("CREATE TABLE gazetteer AS SELECT * FROM gazetteer_")
    engine.unregister("gazetteer_")
    last = table.columns.place[-1] if table.columns.place else ""
    for flag in sorted({flag for _, flag in found if flag}):
        table.flag(flag, last, f"place IN (SELECT place FROM gazetteer WHERE flag = '{flag}')")
    _check_garbled(table, last)


def _find_visible(place: str, find: Finder) -> tuple[str, str | None]:
    """Find a place by its texts; those with invisible characters do not count."""
    texts = [" ".join(text.split()) for text in place.split(SEPARATOR)]
    visible = tuple(text if text.isprintable() else "" for text in texts)
    area, flag = find(visible)
    return area, flag if list(visible) == texts else "bad_text"


def _check_garbled(table: Table, column: str) -> None:
    """Mark names in which letters were replaced; refuse a file that has many of them."""
    condition = "place IN (SELECT place FROM gazetteer WHERE garbled)"
    rows, garbled = table.engine.execute(
        f"SELECT count(*), count(*) FILTER ({condition}) FROM stage"
    ).fetchall()[0]
    if not garbled:
        return
    usual = MAX_GARBLED_SHARE * rows  # what a release has; chance adds to it in a small one
    if garbled > max(usual + 3 * math.sqrt(usual), 1):
        raise ContractError(
            f"{table.source_id}: in {garbled:,} of {rows:,} rows letters such as \u00f1 were "
            f"replaced by others in column '{column}'; the file was saved in a wrong encoding "
            "on its way. Fetch it again as UTF-8. Nothing was taken in",
            "garbled",
        )
    table.flag("text_garbled", column, condition)
