"""Reading one sheet of an Excel workbook as CSV, without running or following anything in it."""

from __future__ import annotations

import csv
import warnings
import zipfile
import zlib
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException

from ingest.opening.archive import LARGEST, MOST_RATIO, SMALL, ZIP
from ingest.opening.formulas import cells_without_value, has_merged_cells
from kms.errors import ContractError

OLE = b"\xd0\xcf\x11\xe0"  # Excel's format of before 2007, and workbooks locked by a password
MOST_ROWS = 1_048_576
# In a cell whose value nobody knows: no date, number, word or code, and no text that can be kept.
NO_VALUE = "\ue000no value"
FEW_CELLS, MOST_LACKING = 3, 0.01  # of the rows
# Whatever the reader says of a workbook that is not as it should be.
_UNREADABLE = (
    DefusedXmlException, ParseError, InvalidFileException, zipfile.BadZipFile, zlib.error, EOFError,
    ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError,
)  # fmt: skip


def is_workbook(source_id: str, path: Path) -> bool:
    """Tell whether a file is a workbook we read; refuse those of other kinds."""
    with path.open("rb") as file:
        head = file.read(4)
    if head == OLE:
        raise ContractError(
            f"{source_id}: {path.name} is locked with a password or an old .xls workbook; save it "
            "as .xlsx or CSV without a password",
            "encrypted",
        )
    if head != ZIP:
        return False
    _check_workbook(source_id, path)
    return True


def sheet_as_csv(source_id: str, path: Path, sheet: str, room: Path) -> Path:
    """Write the sheet named, or the only visible one, as CSV; dates in ISO form."""
    if not openpyxl.DEFUSEDXML:
        raise RuntimeError("openpyxl does not use defusedxml; install it, workbooks are unsafe")
    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")  # of features that do not matter here
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            try:
                return _write(source_id, path, _chosen(source_id, path, book, sheet), room)
            finally:
                book.close()
    except ContractError:
        raise
    except _UNREADABLE as error:
        raise ContractError(
            f"{source_id}: {path.name} cannot be read as a workbook ({type(error).__name__}); "
            "save it again, or as CSV. Nothing was taken in",
            "unsafe_xml",
        ) from error


def _check_workbook(source_id: str, path: Path) -> None:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise ContractError(
            f"{source_id}: {path.name} holds a damaged archive; send the file itself",
            "bad_archive",
        ) from error
    with archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)
        if total > LARGEST or (total > SMALL and total > MOST_RATIO * path.stat().st_size):
            raise ContractError(
                f"{source_id}: {path.name} unpacks to {total >> 20} MB; it is no workbook of data",
                "bomb",
            )
        names = {member.filename for member in members}
        if any(name.endswith("vbaProject.bin") for name in names):
            raise ContractError(
                f"{source_id}: {path.name} holds macros; save it as .xlsx without them",
                "unsupported",
            )
        if "[Content_Types].xml" not in names:
            raise ContractError(
                f"{source_id}: {path.name} is an archive inside an archive; send the file itself",
                "bad_archive",
            )
        if not any(name.startswith("xl/") for name in names):
            raise ContractError(
                f"{source_id}: {path.name} is an office document, no workbook; send CSV or .xlsx",
                "unsupported",
            )
        if any(name.startswith("xl/externalLinks/") for name in names):
            raise ContractError(
                f"{source_id}: {path.name} takes figures from other workbooks, which may have "
                "changed since; save its values only",
                "unsafe_xml",
            )
        for name in sorted(names):
            is_sheet = name.startswith("xl/worksheets/") and name.endswith(".xml")
            if is_sheet and has_merged_cells(archive, name):
                raise ContractError(
                    f"{source_id}: {path.name} has merged cells; nobody can tell which rows they "
                    "speak of. Take the merging away and save it again",
                    "merged_cells",
                )


def _chosen(source_id: str, path: Path, book: Any, sheet: str) -> Any:
    visible = [each for each in book.worksheets if each.sheet_state == "visible"]
    named = [each for each in visible if each.title.casefold() == sheet.casefold()]
    found = named if sheet and len(visible) > 1 else visible
    if len(found) != 1:
        wanted = f"named '{sheet}'" if sheet else "visible, alone"
        raise ContractError(
            f"{source_id}: {path.name} has {len(visible)} visible sheets, and exactly one must be "
            f"{wanted}; hide or remove the others",
            "bad_sheet",
        )
    return found[0]


def _write(source_id: str, path: Path, sheet: Any, room: Path) -> Path:
    copy = room / path.name
    lacking = cells_without_value(path, sheet._worksheet_path)  # noqa: SLF001  # nothing else tells it
    with copy.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        sheet.reset_dimensions()  # what a workbook says of its size is not believed
        width = number = 0
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            if number > MOST_ROWS:
                raise ContractError(
                    f"{source_id}: {path.name} has more than {MOST_ROWS:,} rows", "too_large"
                )
            cells = [_text(value) for value in row]
            for place in lacking.get(number, ()):
                cells[place] = NO_VALUE
            if not width:
                width = max((i + 1 for i, cell in enumerate(cells) if cell), default=0)
            if any(cells):
                writer.writerow((cells + [""] * width)[: max(width, _length(cells))])
    _refuse_many(source_id, path, sum(map(len, lacking.values())), number)
    return copy


def _refuse_many(source_id: str, path: Path, lacking: int, rows: int) -> None:
    """Refuse a sheet of which much was never computed; single cells are faults of their rows."""
    if lacking > max(FEW_CELLS, MOST_LACKING * rows):
        raise ContractError(
            f"{source_id}: {lacking:,} cells of {path.name} hold formulas that were never "
            "computed, or their errors; open it in a spreadsheet program and save its values. "
            "Nothing was taken in",
            "refused",
        )


def _length(cells: list[str]) -> int:
    return max((i + 1 for i, cell in enumerate(cells) if cell), default=0)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bool):
        return "YES" if value else "NO"
    if isinstance(value, float):
        return f"{value:.15g}"
    text = str(value)
    return text if text.strip() else ""  # a row of blanks is no row
