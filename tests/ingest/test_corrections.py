"""Rejected rows: what a person gets, what they may give back, what becomes of the issue."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from ingest.desk.corrections import CorrectionDesk
from ingest.desk.rejects import masked, unmasked
from ingest.desk.release import withdraw
from ingest.load import load
from ingest.source import Source, source_named
from kms.config import Settings
from kms.domain.desk.corrections import MOST_BYTES
from kms.errors import ContractError, DataError
from kms.store.engine import Store
from kms.store.facts import fact_table, known_at, read_columns
from kms.store.vintages import fault_counts, vintage_named, vintages, withdraw_vintage

SOURCE = source_named("psa_population")
FETCHED = datetime(2026, 1, 27, tzinfo=UTC)
HEADER = ["psgc", "area_name", "ref_date", "sex", "age_band", "population"]
CEBU, BOHOL, LEYTE = "0702200000", "0701200000", "0803700000"
FORMULA = '=HYPERLINK("http://x.example","Cebu")'
WHY = "the office told the right code"
PART = "psa_population_20260126.csv"
Rows = list[list[str]]
Change = Callable[[Rows], object]


def rows() -> Rows:
    """Return 303 rows: 1,000 persons of each age from 0 to 99 in three provinces, three bad ones.

    Record 11 has a formula for a code, 152 a year for a date, 303 a cell too many.
    """
    found = [
        [code, "Unit", "2020-05-01", "male", str(age), "1000"]
        for code in (CEBU, BOHOL, LEYTE)
        for age in range(100)
    ]
    found.insert(10, [FORMULA, 'Cebu, the "old" one', "2020-05-01", "female", "7", "250"])
    found.insert(151, [BOHOL, "'Bohol\t ", "2020", "female", "007", "+63"])
    return [*found, [LEYTE, "@Leyte", "2020-05-01", "female", "8", "1", "000"]]


def written(table: Rows, *, end: str = "\n") -> str:
    """Write rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows(table)
    return text.getvalue()


def given_out(desk: CorrectionDesk, vintage: str) -> Rows:
    """Return the rejected rows as a spreadsheet that knows our quotes would show them."""
    content = desk.rejects(vintage).content
    assert content.startswith("\ufeff")
    return list(csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline="")))


def sent(table: Rows) -> list[bytes]:
    """Return rows as the bytes of a file, in pieces."""
    content = ("\ufeff" + written(table, end="\r\n")).encode()
    return [content[:100], content[100:]]


@pytest.fixture
def desk(both: Store, settings: Settings) -> CorrectionDesk:
    return CorrectionDesk(both, settings)


def taken(
    desk: CorrectionDesk, path: Path, source: Source = SOURCE, when: datetime = FETCHED
) -> str:
    """Take a file in; return the vintage's name."""
    (report,) = load(desk.store, desk.settings, source, [path], fetched_at=when)
    return report.vintage


@pytest.fixture
def vintage(desk: CorrectionDesk, tmp_path: Path) -> str:
    path = tmp_path / PART
    path.write_text(written([HEADER, *rows()]), encoding="utf-8")
    return taken(desk, path)


def women(desk: CorrectionDesk) -> dict[tuple[str, str], int]:
    """Return what is known of women, by area and age; men fill the rest of the file."""
    statement = known_at(fact_table("population"), SOURCE.source_id, FETCHED)
    with desk.store.read() as connection:
        found = read_columns(connection, statement)
    names = ("area", "age_band", "sex", "persons")
    return {
        (area, age): persons
        for area, age, sex, persons in zip(*(found[n] for n in names), strict=True)
        if sex == "female"
    }


def known_persons(connection: Connection) -> list[int]:
    """Return every count of persons that is known."""
    statement = known_at(fact_table("population"), SOURCE.source_id, FETCHED)
    return list(read_columns(connection, statement)["persons"])


def test_rejected_rows_come_in_the_files_own_spelling(desk: CorrectionDesk, vintage: str) -> None:
    found = desk.rejects(vintage)
    assert (found.rows, found.name) == (3, f"{vintage}-rejects.csv")
    head, *lines = given_out(desk, vintage)
    assert head[:5] == ["_part", "_record", "_line", "_code", "_field"]
    assert [unmasked(name) for name in head[5:]] == [*HEADER, "_more_1", "_seal"]
    shown = [[unmasked(cell) for cell in line[:-1]] for line in lines]
    stands = [(r[0], r[1], r[2], r[3], r[4]) for r in shown]
    assert stands == [
        (PART, "11", "12", "value_unknown", "psgc"),
        (PART, "152", "153", "date_unreadable", "ref_date"),
        (PART, "303", "304", "bad_width", ""),
    ]
    bad = rows()
    assert [row[5:] for row in shown] == [[*bad[10], ""], [*bad[151], ""], bad[302]]


def test_no_cell_is_a_formula_or_would_be_rewritten(desk: CorrectionDesk, vintage: str) -> None:
    _head, formula, year, wide = given_out(desk, vintage)
    assert formula[5] == f"'{FORMULA}"
    assert formula[7] == "'2020-05-01"
    assert (year[6], year[9], year[10]) == ("''Bohol\t ", "'007", "'+63")
    assert (wide[6], wide[10], wide[11]) == ("'@Leyte", "1", "'000")


@given(st.text())
def test_every_cell_comes_back_letter_by_letter(cell: str) -> None:
    shown = masked(cell)
    assert unmasked(shown) == cell
    assert shown[:1] not in tuple("=+@\t\r＝")
    assert shown[:1] != "-" or shown[1:].isdigit()


def right(table: Rows) -> None:
    """Correct the first two of the three rows, and leave the third."""
    table[1][5] = f"'{CEBU}"
    table[2][7] = "2020-05-01"


def test_corrected_rows_count_as_if_they_had_come_so(desk: CorrectionDesk, vintage: str) -> None:
    assert women(desk) == {}
    table = given_out(desk, vintage)
    right(table)
    looked = desk.correct(vintage, sent(table), "", keep=False)
    assert (looked.vintage, looked.rows_corrected, looked.rows_rejected) == ("", 2, 1)
    assert women(desk) == {}, "looking changes nothing"
    made = desk.correct(vintage, sent(table), WHY)
    assert (made.rows_read, made.rows_accepted, made.rows_rejected) == (303, 302, 1)
    assert (made.rejected_before, made.rejects, made.rows_changed) == (3, {"bad_width": 1}, 302)
    assert women(desk) == {("psa:0702200000", "7-7"): 250, ("0701200000", "7-7"): 63}
    with desk.store.read() as connection:
        old, new = (vintage_named(connection, n) for n in (vintage, made.vintage))
        left = [(f["code"], f["rows"]) for f in fault_counts(connection, new["id"])]
    assert (old["state"], new["state"]) == ("withdrawn", "accepted")
    assert old["note"] == f"corrected by {made.vintage}: {WHY}"
    assert new["published_at"] == old["published_at"]
    assert left == [("bad_width", 1)]
    folder = desk.settings.snapshots / new["snapshot_path"]
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["corrects"] == old["snapshot_sha256"]
    assert not list((desk.settings.home / "tmp").iterdir())


def test_the_publishers_file_comes_in_again_once_its_correction_is_withdrawn(
    desk: CorrectionDesk, vintage: str, tmp_path: Path
) -> None:
    for _ in range(3):  # a name is never given twice
        with desk.store.read() as connection:
            (used,) = (v["name"] for v in vintages(connection) if v["state"] == "accepted")
        table = given_out(desk, used)
        right(table)
        made = desk.correct(used, sent(table), WHY)
        withdraw(desk.store, desk.settings, made.vintage, "the office took it back")
        assert women(desk) == {}
        taken(desk, tmp_path / PART, when=FETCHED)
        with desk.store.read() as connection:
            assert len(known_persons(connection)) == 300


def test_what_is_left_can_be_corrected_next(desk: CorrectionDesk, vintage: str) -> None:
    table = given_out(desk, vintage)
    right(table)
    second = desk.correct(vintage, sent(table), WHY).vintage
    head, wide = given_out(desk, second)
    assert len(head) == len(wide) == 13
    wide[10:12] = ["1000", ""]
    made = desk.correct(second, sent([head, wide]), WHY)
    assert (made.rows_accepted, made.rows_rejected) == (303, 0)
    assert women(desk)["psa:0803700000", "8-8"] == 1000
    assert desk.rejects(made.vintage).rows == 0


def test_rows_that_were_deleted_stay_as_they_were(desk: CorrectionDesk, vintage: str) -> None:
    head, formula, *_rest = given_out(desk, vintage)
    formula[5] = CEBU
    made = desk.correct(vintage, sent([head, formula]), WHY)
    assert (made.rows_corrected, made.rows_rejected) == (1, 2)


def test_every_other_row_keeps_its_letters(desk: CorrectionDesk, tmp_path: Path) -> None:
    table = rows()
    table[5][1] = "two\nlines"
    text = "\ufeff" + written([HEADER, *table], end="\r\n").replace(
        f"{LEYTE},Unit", f'{LEYTE},"Unit"'
    )
    text = text.replace("\r\n", "\r\n\r\n", 3)
    path = tmp_path / PART
    path.write_text(text, encoding="utf-8", newline="")
    name = taken(desk, path)
    rejected = given_out(desk, name)
    assert rejected[1][1:3] == ["11", "16"]
    right(rejected)
    made = desk.correct(name, sent(rejected), WHY)
    again = given_out(desk, made.vintage)
    with desk.store.read() as connection:
        row = vintage_named(connection, made.vintage)
    from ingest.snapshot import restore_parts

    (part,) = restore_parts(desk.settings.snapshots / row["snapshot_path"], tmp_path / "parts")
    lines = part.read_bytes().decode().split("\r\n")
    before = path.read_bytes().decode("utf-8-sig").split("\r\n")
    assert [n for n, (a, b) in enumerate(zip(lines, before, strict=True)) if a != b] == [14, 155]
    assert lines[14] == f'{CEBU},"Cebu, the ""old"" one",2020-05-01,female,7,250'
    assert len(again) == 2


def no_header(table: Rows) -> None:
    del table[0]


def second_time(table: Rows) -> None:
    table.append([*table[1][:5], "'x", *table[1][6:]])


def without_column(table: Rows) -> None:
    for line in table:
        del line[6]


def with_column(table: Rows) -> None:
    for line in table:
        line.insert(6, "note")


def other_order(table: Rows) -> None:
    for line in table:
        line[5], line[6] = line[6], line[5]


def cell(line: int, column: int, value: str) -> Change:
    """Return what writes one cell."""

    def write(table: Rows) -> None:
        right(table)
        table[line][column] = value

    return write


REFUSED: list[tuple[str, Change, str]] = [
    ("nothing changed", lambda _table: None, "no row of the corrected file differs"),
    ("no header", no_header, "column '_part' is missing"),
    ("a missing column", without_column, "column 'area_name' is missing"),
    ("an added column", with_column, "column 7 was not in it"),
    ("columns exchanged", other_order, "another order"),
    ("a row twice", second_time, "row 5 of the corrected file speaks of a record a second time"),
    ("a record that was accepted", cell(1, 1, "12"), "row 2 .* was not rejected"),
    ("a record that is not there", cell(1, 1, "99999"), "was not rejected"),
    ("no record", cell(1, 1, "Juan"), "was not rejected"),
    ("digits of another script", cell(1, 1, "१"), "was not rejected"),
    ("another part", cell(1, 0, "other.csv"), "was not rejected"),
    ("records exchanged", cell(1, 1, "152"), "is not of this vintage, or its columns"),
    ("another seal", cell(1, 12, "r0000000000000000"), "is not of this vintage"),
    ("a number without end", cell(1, 1, "9" * 5000), "names a record that was not rejected"),
    ("a cell beyond the last", cell(1, 11, "7"), "cells beyond the last column"),
    ("one row too wide", lambda table: table[1].append("7"), "row 2 .* has 14 cells and not 13"),
]


@pytest.mark.parametrize(
    ("change", "said"), [(c, s) for _, c, s in REFUSED], ids=[n for n, *_ in REFUSED]
)
def test_a_file_that_is_not_the_one_given_out_is_refused(
    store: Store, settings: Settings, tmp_path: Path, change: Change, said: str
) -> None:
    desk = CorrectionDesk(store, settings)
    path = tmp_path / PART
    path.write_text(written([HEADER, *rows()]), encoding="utf-8")
    name = taken(desk, path)
    table = given_out(desk, name)
    change(table)
    with pytest.raises(ContractError, match=said) as refused:
        desk.correct(name, sent(table), WHY)
    assert "Juan" not in str(refused.value)
    with store.read() as connection:
        assert vintage_named(connection, name)["state"] == "accepted"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "column '_part' is missing"),
        ("ñ".encode("cp1252"), "not UTF-8 at byte 0; save it as 'CSV UTF-8'"),
        (b"PK\x03\x04\xff", "not UTF-8"),
        (b"_part;_record;_line\n", "parted by semicolons"),
        (b"a\0b", "NUL byte at letter 1"),
        (b'_part,"x" y\n', "no well-formed CSV"),
        (b"x" * (MOST_BYTES + 1), "more than 8 MB"),
    ],
)
def test_what_is_no_such_file_is_refused(
    store: Store, settings: Settings, tmp_path: Path, content: bytes, said: str
) -> None:
    desk = CorrectionDesk(store, settings)
    path = tmp_path / PART
    path.write_text(written([HEADER, *rows()]), encoding="utf-8")
    name = taken(desk, path)
    with pytest.raises(ContractError, match=said):
        desk.correct(name, [content], WHY)


def test_rows_of_another_vintage_are_refused(
    desk: CorrectionDesk, vintage: str, tmp_path: Path
) -> None:
    other = rows()
    other[10][5] = "260"
    (tmp_path / "later").mkdir()
    path = tmp_path / "later" / PART
    path.write_text(written([HEADER, *other]), encoding="utf-8")
    at = datetime(2026, 1, 26, 9, tzinfo=UTC)
    (report,) = load(desk.store, desk.settings, SOURCE, [path], fetched_at=FETCHED, at=at)
    table = given_out(desk, vintage)
    right(table)
    with pytest.raises(ContractError, match="is not of this vintage"):
        desk.correct(report.vintage, sent(table), WHY)


def test_only_a_vintage_in_use_is_corrected(desk: CorrectionDesk, vintage: str) -> None:
    table = given_out(desk, vintage)
    right(table)
    withdraw_vintage(desk.store, vintage, WHY)
    with pytest.raises(ContractError, match="is withdrawn; rows are corrected in one"):
        desk.correct(vintage, sent(table), WHY)
    with pytest.raises(DataError, match="no vintage 'none'"):
        desk.correct("none", sent(table), WHY)


def as_zip(path: Path) -> Path:
    """Put the file into an archive."""
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        archive.write(path, path.name)
    return target


def as_workbook(path: Path) -> Path:
    """Write the file as a workbook: rows of one width, cells as text."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    with path.open(encoding="utf-8", newline="") as file:
        for number, line in enumerate(csv.reader(file), 1):
            for column, text in enumerate(line[:6], 1):
                sheet.cell(number, column, text).data_type = "s"  # no formula
    book.save(path.with_suffix(".xlsx"))
    return path.with_suffix(".xlsx")


@pytest.mark.parametrize("pack", [as_zip, as_workbook])
def test_rows_of_archives_and_workbooks_are_corrected_too(
    store: Store, settings: Settings, tmp_path: Path, pack: Callable[[Path], Path]
) -> None:
    desk = CorrectionDesk(store, settings)
    path = tmp_path / PART
    path.write_text(written([HEADER, *rows()[:302]]), encoding="utf-8")
    name = taken(desk, pack(path))
    table = given_out(desk, name)
    assert [line[1] for line in table[1:]] == ["11", "152"]
    right(table)
    made = desk.correct(name, sent(table), WHY)
    assert made.rows_rejected == 0
    assert women(desk) == {("psa:0702200000", "7-7"): 250, ("0701200000", "7-7"): 63}
