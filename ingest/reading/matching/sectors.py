"""Industries by their PSIC codes: the section of each, and none for a code that lost a zero."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pyarrow as pa

from ingest.reading.fields import FieldCheck
from ingest.reading.table import Table
from kms.reference import load_sectors

LONGEST_CODE = 5  # digits of a PSIC sub-class
UNKNOWN_SECTOR = "psic IN (SELECT psic FROM industries WHERE sector IS NULL)"
# An industry as written: letters in upper case, judged once all codes of a file are known.
PSIC = FieldCheck("psic", "upper({text})", ())


def match_sectors(table: Table) -> None:
    """Make `industries` (psic, sector) and flag codes that are in no section."""
    find_sectors(table)
    table.flag("sector_unknown", "psic", UNKNOWN_SECTOR)


def find_sectors(table: Table) -> None:
    """Make `industries` (psic, sector); the sector of a code that cannot be read is NULL.

    A file writes its industries as letters, as divisions of two digits, or as groups, classes
    or sub-classes of one length. A shorter code lost its leading zero, and its first two digits
    would name another industry. 99999 and the like are fillers, not the last division.
    """
    found = table.engine.execute(
        "SELECT psic, count(*) FROM stage WHERE psic IS NOT NULL GROUP BY psic"
    ).fetchall()
    usual = _usual_length(found)
    codes = [code for code, _ in found]
    sectors = [_section(code, usual) for code in codes]
    industries = pa.table(
        {"psic": pa.array(codes, pa.string()), "sector": pa.array(sectors, pa.string())}
    )
    table.engine.register("industries", industries)


def _usual_length(found: Iterable[tuple[str, int]]) -> int:
    """Return the length most codes below a division have; of two alike the longer, 0 for none."""
    lengths: Counter[int] = Counter()
    for code, rows in found:
        if code.isdigit() and 2 < len(code) <= LONGEST_CODE:
            lengths[len(code)] += rows
    return max(lengths, key=lambda length: (lengths[length], length), default=0)


def _section(code: str, usual_length: int) -> str | None:
    letter = len(code) == 1 and code.isalpha()
    digits = code.isascii() and code.isdigit() and len(code) in (2, usual_length)
    filler = len(code) > 2 and set(code) == {"9"}
    if filler or not (letter or digits):
        return None
    try:
        return load_sectors().section_of(code)
    except ValueError:
        return None
