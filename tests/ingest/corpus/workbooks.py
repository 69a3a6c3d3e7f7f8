"""Workbooks: XML that attacks its reader, locked ones, sheets and cells nobody can be sure of."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import openpyxl

from ingest.opening.parts import Format
from tests.ingest.corpus.bad import (
    CASES,
    INSPECTIONS,
    ROWS,
    Bad,
    Row,
    inspection_rows,
    refused,
    same,
)

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
NAME = "dole_inspections_20260126.xlsx"
SHEET = "xl/worksheets/sheet1.xml"
NUMBERS = ("workers_male", "workers_female", "severity_weight")
DATES = ("date_opened", "date_closed", "corrected_on")


def book(
    rows: list[Row] | None = None,
    touch: Callable[[Any], None] = lambda book: None,
    typed: tuple[str, ...] = (*NUMBERS, *DATES),
) -> bytes:
    """Return the good inspections as a workbook, with true numbers and dates, then touched."""
    rows = inspection_rows() if rows is None else rows
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = "inspections"
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append([_typed(name, value, typed) for name, value in row.items()])
    touch(made)
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def _typed(name: str, value: str, typed: tuple[str, ...]) -> object:
    if not value or name not in typed:
        return value or None
    return date.fromisoformat(value) if name in DATES else float(value)


def edited(edit: Callable[[dict[str, bytes]], None]) -> bytes:
    """Return the good workbook with its files edited."""
    with zipfile.ZipFile(io.BytesIO(book())) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    edit(files)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def with_file(name: str, content: bytes = b"x") -> bytes:
    """Return the good workbook with one file more."""
    return edited(lambda files: files.update({name: content}))


def replaced(name: str, pattern: bytes, new: bytes) -> bytes:
    """Return the good workbook with something replaced in one of its files."""

    def edit(files: dict[str, bytes]) -> None:
        files[name], found = re.subn(pattern, new, files[name], count=1)
        assert found

    return edited(edit)


def declared(definition: bytes, use: bytes, name: str = SHEET) -> bytes:
    """Return the good workbook with a document type of its own in one of its files."""

    def edit(files: dict[str, bytes]) -> None:
        body = re.sub(rb"^<\?xml[^>]*\?>\s*", b"", files[name])
        body = re.sub(rb"<(row|sheets|fonts)([ >])", use + rb"<\1\2", body, count=1)
        files[name] = b'<?xml version="1.0"?><!DOCTYPE x [' + definition + b"]>" + body

    return edited(edit)


XXE = b'<!ENTITY e SYSTEM "file:///etc/passwd">'
LAUGHS = b'<!ENTITY a0 "ha">' + b"".join(
    b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)
)


def hidden_copy(made: Any) -> None:
    made.create_sheet("old").sheet_state = "hidden"


def second_sheet(made: Any) -> None:
    made.create_sheet("notes").append(["a note"])


def merged(made: Any) -> None:
    made.active.merge_cells("A2:A4")


def all_hidden(files: dict[str, bytes]) -> None:
    files["xl/workbook.xml"] = files["xl/workbook.xml"].replace(b'"visible"', b'"hidden"')


def as_document(files: dict[str, bytes]) -> None:
    for name in list(files):
        files[name.replace("xl/", "word/")] = files.pop(name)


def dates_as_text() -> bytes:
    rows = inspection_rows()
    rows[119] |= {"date_opened": "November 4, 2025"}
    return book(rows, typed=NUMBERS)


def far_away(made: Any) -> None:
    made.active.cell(row=1, column=16_384, value="far")


def formula(column: str, rows: tuple[int, ...], cell: str) -> bytes:
    """Return the good workbook with formulas in cells of a column, as a writer left them."""

    def edit(files: dict[str, bytes]) -> None:
        letter = chr(ord("A") + list(inspection_rows()[0]).index(column))
        for row in rows:
            place = f"{letter}{row}".encode()
            pattern = b'<c r="' + place + rb'"[^>]*?(/>|>.*?</c>)'
            new = cell.format(place.decode()).encode()
            files[SHEET], found = re.subn(pattern, new, files[SHEET], count=1)
            assert found

    return edited(edit)


UNCOMPUTED = '<c r="{0}"><f>1+1</f><v></v></c>'
NO_CACHE = '<c r="{0}"><f>1+1</f></c>'
ERROR = '<c r="{0}" t="e"><f>1/0</f><v>#DIV/0!</v></c>'


def workbook(row: int, name: str, make: Callable[[], bytes], code: str, file: str = NAME) -> Bad:
    """A workbook of inspections that is refused."""
    return refused(row, name, INSPECTIONS, make, code, file=file)


UNSAFE = (
    workbook(69, "an outside entity in a sheet", lambda: declared(XXE, b"&e;"), "unsafe_xml"),
    workbook(69, "an outside entity in the workbook's list",
             lambda: declared(XXE, b"&e;", "xl/workbook.xml"), "unsafe_xml"),
    workbook(69, "an outside entity in the styles",
             lambda: declared(XXE, b"&e;", "xl/styles.xml"), "unsafe_xml"),
    workbook(69, "a billion laughs", lambda: declared(LAUGHS, b"&a9;"), "unsafe_xml"),
    workbook(69, "figures of another workbook",
             lambda: with_file("xl/externalLinks/externalLink1.xml"), "unsafe_xml"),
    workbook(69, "XML that ends too soon", lambda: replaced(SHEET, rb"</sheetData>.*", b""),
             "unsafe_xml"),
    workbook(69, "a workbook without its sheet", lambda: edited(lambda files: files.pop(SHEET)),  # type: ignore[arg-type]  # popped for its effect
             "bad_sheet"),
    workbook(69, "a workbook that is no XML", lambda: edited(
        lambda files: files.update({"xl/workbook.xml": b"\0\1"})), "unsafe_xml"),
    workbook(69, "a cell in no column", lambda: replaced(SHEET, rb'r="A2"', b'r="2A"'),
             "unsafe_xml"),
    workbook(69, "a cell of a text that is not there", lambda: replaced(
            SHEET, rb'<c r="A2" t="inlineStr">.*?</c>', b'<c r="A2" t="s"><v>99999</v></c>'),
             "unsafe_xml"),
    workbook(67, "a workbook that is a bomb",
             lambda: with_file("xl/media/image1.bin", b"0" * (40 << 20)), "bomb"),
)  # fmt: skip
LOCKED = (
    workbook(70, "a workbook with a password", lambda: OLE + b"0" * 600, "encrypted"),
    workbook(70, "a workbook of the old kind", lambda: OLE + b"1" * 600, "encrypted",
             "dole_inspections_20260126.xls"),
    workbook(70, "a workbook with macros", lambda: with_file("xl/vbaProject.bin"), "unsupported",
             "dole_inspections_20260126.xlsm"),
    workbook(70, "a text document", lambda: edited(as_document), "unsupported",
             "dole_inspections_20260126.docx"),
    refused(70, "a PDF", CASES, lambda: b"%PDF-1.7\n1 0 obj", "unsupported"),
    workbook(58, "a workbook cut in the middle", lambda: book()[:4000], "truncated"),
)  # fmt: skip
SHEETS = (
    same(71, "numbers and dates of a workbook", INSPECTIONS, book, file=NAME),
    same(71, "a workbook under the name of a CSV file", INSPECTIONS, book),
    same(71, "a workbook of texts", INSPECTIONS, lambda: book(typed=()), file=NAME),
    same(71, "a hidden sheet beside the one meant", INSPECTIONS, lambda: book(touch=hidden_copy),
         file=NAME),
    same(71, "the sheet that is named among several", INSPECTIONS,
         lambda: book(touch=second_sheet), file=NAME, form=Format(sheet="Inspections")),
    same(71, "dimensions that are not so", INSPECTIONS,
         lambda: replaced(SHEET, rb'<dimension ref="[^"]*"', b'<dimension ref="A1:B2"'),
         file=NAME),
    same(71, "dimensions of the largest sheet there can be", INSPECTIONS,
         lambda: replaced(SHEET, rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"'),
         file=NAME),
    workbook(71, "two sheets and none named", lambda: book(touch=second_sheet), "bad_sheet"),
    refused(71, "no sheet of the name meant", INSPECTIONS, lambda: book(touch=second_sheet),
            "bad_sheet", file=NAME, form=Format(sheet="2026")),
    workbook(71, "every sheet hidden", lambda: edited(all_hidden), "bad_sheet"),
    workbook(71, "merged cells", lambda: book(touch=merged), "merged_cells"),
    workbook(71, "a cell in the last column there is", lambda: book(touch=far_away),
             "too_many_columns"),
    workbook(53, "a workbook with a header only",
             lambda: book(touch=lambda made: made.active.delete_rows(2, ROWS)), "no_rows"),
    workbook(52, "an empty workbook",
             lambda: book(touch=lambda made: made.active.delete_rows(1, ROWS + 1)), "empty"),
    workbook(72, "a workbook of something else",
             lambda: book([{"hfhudcode": "1", "icu_v": "2"}]), "wrong_source"),
    Bad("a date as a text", 71, INSPECTIONS, dates_as_text, "left out", "date_unreadable",
        "date_opened", (120,), file=NAME),
)  # fmt: skip
FORMULAS = (
    Bad("a formula that was never computed", 71, INSPECTIONS,
        lambda: formula("workers_male", (121,), UNCOMPUTED), "marked", "number_unreadable",
        "workers_male", (120,), file=NAME),
    Bad("a formula without a place for its value", 71, INSPECTIONS,
        lambda: formula("severity_weight", (51,), NO_CACHE), "marked", "number_unreadable",
        "severity_weight", (50,), file=NAME),
    Bad("a formula that failed", 71, INSPECTIONS,
        lambda: formula("workers_female", (121,), ERROR), "marked", "number_unreadable",
        "workers_female", (120,), file=NAME),
    Bad("a day that was never computed", 71, INSPECTIONS,
        lambda: formula("date_opened", (121,), UNCOMPUTED), "left out", "date_unreadable",
        "date_opened", (120,), file=NAME),
    Bad("a mode that was never computed", 71, INSPECTIONS,
        lambda: formula("mode", (121,), UNCOMPUTED), "marked", "value_unknown", "mode", (120,),
        file=NAME),
    workbook(71, "a column of formulas that were never computed",
             lambda: formula("workers_male", tuple(range(2, 20)), UNCOMPUTED), "refused"),
)  # fmt: skip
FILES_OF_WORKBOOKS = (*UNSAFE, *LOCKED, *SHEETS, *FORMULAS)
