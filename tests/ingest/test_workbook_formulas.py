"""Formulas in workbooks: a value nobody computed is no blank, and a computed one is itself."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ingest.opening.formulas import cells_without_value, has_merged_cells
from tests.ingest.corpus.workbooks import SHEET, book

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def sheet(folder: Path, cells: str, prefix: str = "") -> Path:
    """Write a workbook with nothing but a sheet of two rows, the second of these cells."""
    p = f"{prefix}:" if prefix else ""
    name = f"xmlns:{prefix}" if prefix else "xmlns"
    path = folder / "book.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            SHEET,
            f'<{p}worksheet {name}="{MAIN}"><{p}sheetData><{p}row><{p}c><{p}v>1</{p}v></{p}c>'
            f'</{p}row><{p}row r="7">{cells}</{p}row></{p}sheetData></{p}worksheet>',
        )
    return path


@pytest.mark.parametrize(
    ("cell", "lacks"),
    [
        ('<c r="C7"><f>1+1</f></c>', True),
        ('<c r="C7"><f>1+1</f><v></v></c>', True),
        ('<c r="C7"><f t="shared" si="0"/><v> </v></c>', True),
        ('<c r="C7" t="str"><f>A1</f></c>', True),
        ('<c r="C7" t="e"><v>#N/A</v></c>', True),
        ('<c r="C7"><f>1+1</f><v>2</v></c>', False),
        ('<c r="C7"><f>1+1</f><v>0</v></c>', False),
        ('<c r="C7" t="str"><f>""</f><v></v></c>', False),  # an empty text is a value
        ('<c r="C7" t="inlineStr"><f>A1</f><is><t>x</t></is></c>', False),
        ('<c r="C7"><v>2</v></c>', False),
        ('<c r="C7"/>', False),
    ],
)
def test_a_formula_without_a_value_is_seen(tmp_path: Path, cell: str, lacks: bool) -> None:
    assert cells_without_value(sheet(tmp_path, cell), SHEET) == ({7: {2}} if lacks else {})


def test_cells_without_a_name_follow_each_other_and_prefixes_do_not_matter(tmp_path: Path) -> None:
    cells = "<x:c/><x:c><x:f>1</x:f></x:c><x:c t='e'/>"
    assert cells_without_value(sheet(tmp_path, cells, "x"), SHEET) == {7: {1, 2}}


def test_a_merged_cell_is_found_wherever_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    for gap in ((1 << 20) - 20, (1 << 20) - 5, 10):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(SHEET, " " * gap + '<x:mergeCell ref="A1:A2"/>')
            archive.writestr("xl/worksheets/other.xml", " " * gap + "<mergeCells/>")
        with zipfile.ZipFile(path) as archive:
            assert has_merged_cells(archive, SHEET)
            assert not has_merged_cells(archive, "xl/worksheets/other.xml")


def test_a_workbook_without_formulas_lacks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(book())
    assert cells_without_value(path, SHEET) == {}
