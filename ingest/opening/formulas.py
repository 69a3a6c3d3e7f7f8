"""Cells of a workbook whose figure nobody knows: formulas never computed, and errors of them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import iterparse
from openpyxl.utils import column_index_from_string

_CHUNK = 1 << 20
_LONGEST_TAG = 64  # bytes of the longest thing looked for
_MAY_LACK = re.compile(rb"<(\w+:)?f[\s/>]|\st=[\"']e[\"']")
_MERGED = re.compile(rb"<(\w+:)?mergeCell\s")
_LETTERS = re.compile(r"[A-Z]+")


def has_merged_cells(archive: zipfile.ZipFile, sheet: str) -> bool:
    """Tell whether a sheet of a workbook has merged cells."""
    return _holds(archive, sheet, _MERGED)


def cells_without_value(path: Path, sheet: str) -> dict[int, set[int]]:
    """Return rows, from 1, and columns, from 0, of formulas without a value and of errors.

    Programs that write workbooks do not compute them; a reader sees blank cells then, which
    are no blanks. A formula whose value is an empty text has one.
    """
    found: dict[int, set[int]] = {}
    with zipfile.ZipFile(path) as archive:
        if not _holds(archive, sheet, _MAY_LACK):
            return found
        number = 0
        for row in _rows(archive, sheet):
            number = int(row.get("r") or number + 1)
            place = -1
            for cell in row:
                letters = _LETTERS.match(cell.get("r") or "")
                place = column_index_from_string(letters[0]) - 1 if letters else place + 1
                if _lacks_value(cell):
                    found.setdefault(number, set()).add(place)
    return found


def _lacks_value(cell: Element) -> bool:
    parts = {part.tag.rpartition("}")[2]: part for part in cell}
    kind = cell.get("t", "n")
    if kind == "e":
        return True
    if "f" not in parts or "is" in parts:
        return False
    value = parts.get("v")
    return value is None or (kind != "str" and not (value.text or "").strip())


def _rows(archive: zipfile.ZipFile, sheet: str) -> Iterator[Element]:
    with archive.open(sheet) as stream:
        held: Element | None = None
        for event, element in iterparse(stream, events=("start", "end")):
            name = element.tag.rpartition("}")[2]
            if event == "start" and name == "sheetData":
                held = element
            elif event == "end" and name == "row":
                yield element
                if held is not None:
                    held.clear()  # else all rows would stay in memory


def _holds(archive: zipfile.ZipFile, sheet: str, pattern: re.Pattern[bytes]) -> bool:
    """Tell whether a file of an archive holds something, without keeping it in memory."""
    with archive.open(sheet) as stream:
        before = b""
        while chunk := stream.read(_CHUNK):
            if pattern.search(before + chunk):
                return True
            before = chunk[-_LONGEST_TAG:]
    return False
