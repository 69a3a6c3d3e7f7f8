"""Headers and widths: doubled, missing, renamed, foreign and too many columns; other separators."""

from __future__ import annotations

from tests.ingest.corpus.bad import (
    BAD_RECORD,
    CASES,
    FILES,
    INSPECTIONS,
    LEFT_OUT,
    ROWS,
    Bad,
    case_rows,
    cases,
    counted,
    inspection_rows,
    inspections,
    refused,
    renamed,
    same,
    with_column,
    without,
    written,
)

HUGE = "x" * 5_000_000


def tailed(source: str, tail: bytes, *, head: bytes = b"") -> bytes:
    """Return a file with something at the end of every row."""
    first, *rows = FILES[source]().split(b"\n")
    return first + head + b"\n" + b"".join(row + tail + b"\n" for row in rows[:-1])


def one_line(source: str, old: bytes, new: bytes) -> bytes:
    """Return a file in which one thing is replaced, once."""
    good = FILES[source]()
    assert old in good
    return good.replace(old, new, 1)


def reordered(source: str) -> bytes:
    """Return a good file with its columns the other way round."""
    rows = {CASES: case_rows, INSPECTIONS: inspection_rows}[source]()
    return written([dict(reversed(row.items())) for row in rows])


def parted(source: str, separator: str) -> bytes:
    """Return a good file with another separator."""
    return FILES[source]().replace(b",", separator.encode())


NAMES = (
    refused(9, "a column twice", CASES, lambda: with_column(CASES, "Sex ", "MALE"), "dup_column"),
    refused(9, "a column twice in another case", INSPECTIONS,
            lambda: with_column(INSPECTIONS, "PSGC", "1"), "dup_column"),
    refused(9, "a column without a name", CASES, lambda: with_column(CASES, "", "x"),
            "dup_column"),
    refused(9, "a first line that is a row", CASES,
            lambda: b"".join(cases().splitlines(keepends=True)[1:]), "wrong_source"),
    refused(10, "the key missing", CASES, lambda: without(CASES, "CaseCode"), "missing_column"),
    refused(10, "the report date missing", CASES, lambda: without(CASES, "DateRepConf"),
            "missing_column"),
    refused(10, "a value missing", INSPECTIONS, lambda: without(INSPECTIONS, "compliant_after"),
            "missing_column"),
    refused(11, "a column under a name nobody declared", CASES,
            lambda: renamed(CASES, {"DateRepConf": "DateReported"}), "missing_column"),
    same(11, "names in capitals with blanks", INSPECTIONS, lambda: renamed(INSPECTIONS, {
        name: f" {name.upper().replace('_', ' ')} " for name in inspection_rows()[0]})),
    same(11, "names of cases in small letters", CASES, lambda: renamed(
        CASES, {name: name.lower() for name in case_rows()[0]})),
    same(11, "blanks of all kinds around a name", INSPECTIONS,
         lambda: renamed(INSPECTIONS, {"psic": "\u200b psic\u00a0", "mode": "\ufeffmode"})),
    same(11, "names in quotes", CASES,
         lambda: b",".join(b'"' + name + b'"' for name in cases().split(b"\n", 1)[0].split(b","))
         + b"\n" + cases().split(b"\n", 1)[1]),
    same(12, "a column more", CASES, lambda: with_column(CASES, "Remarks", "none")),
    same(12, "a column more, inspections", INSPECTIONS,
         lambda: with_column(INSPECTIONS, "batch", "7")),
    refused(12, "names of patients", CASES, lambda: with_column(CASES, "Patient Name", "Ana Cruz"),
            "personal_column"),
    refused(12, "telephone numbers", INSPECTIONS,
            lambda: with_column(INSPECTIONS, "contact_number", "0917"), "personal_column"),
    refused(12, "dates of birth", CASES, lambda: with_column(CASES, "DOB", "1990-01-01"),
            "personal_column"),
    refused(12, "addresses", CASES, lambda: with_column(CASES, "HomeAddress", "1 Rizal St"),
            "personal_column"),
    same(13, "columns the other way round", CASES, lambda: reordered(CASES)),
    same(13, "columns the other way round, inspections", INSPECTIONS,
         lambda: reordered(INSPECTIONS)),
)  # fmt: skip
WIDTHS = (
    Bad("one row with a field more", 14, CASES, lambda: one_line(CASES, b"C700120,", b"C700120,,"),
        LEFT_OUT, "bad_width", "", (BAD_RECORD,), line=BAD_RECORD + 2),
    Bad("one row with a blank field more", 14, INSPECTIONS,
        lambda: one_line(INSPECTIONS, b"\nINS-5121,", b",\nINS-5121,"),
        LEFT_OUT, "bad_width", "", (BAD_RECORD,), line=BAD_RECORD + 1),
    Bad("two rows of another width and a fault behind them", 14, CASES,
        lambda: cases({BAD_RECORD: {"Age": "30"}})
        .replace(b"C700118,", b"C700118,,").replace(b"C700120,30,", b"C700120,"),
        LEFT_OUT, "bad_width", "", (118, BAD_RECORD), line=120),
    refused(15, "every row with a field more", CASES, lambda: tailed(CASES, b",x"),
            "too_many_rejects"),
    refused(15, "every row with a comma at its end", CASES, lambda: tailed(CASES, b","),
            "too_many_rejects"),
    refused(15, "every row with a comma at its end, inspections", INSPECTIONS,
            lambda: tailed(INSPECTIONS, b","), "too_many_rejects"),
    refused(15, "every line with a comma at its end", INSPECTIONS,
            lambda: tailed(INSPECTIONS, b",", head=b","), "dup_column"),
    refused(15, "every row with a field more at its start", INSPECTIONS,
            lambda: inspections().replace(b"\nINS-", b"\n1,INS-"), "too_many_rejects"),
    Bad("one short row", 16, CASES, lambda: one_line(CASES, b"C700120,77.0,", b"C70012077.0,"),
        LEFT_OUT, "bad_width", "", (BAD_RECORD,)),
    Bad("a row of one field", 16, INSPECTIONS,
        lambda: one_line(INSPECTIONS, b"\nINS-5121", b"\nINS\nINS-5121"),
        LEFT_OUT, "bad_width", "", (BAD_RECORD + 1,), line=BAD_RECORD + 2, read=ROWS + 1),
    refused(16, "every row short", INSPECTIONS,
            lambda: inspections().replace(b",LI,", b","), "too_many_rejects"),
    refused(17, "semicolons", CASES, lambda: parted(CASES, ";"), "missing_column"),
    refused(17, "tabs", INSPECTIONS, lambda: parted(INSPECTIONS, "\t"), "missing_column"),
    refused(17, "bars", INSPECTIONS, lambda: parted(INSPECTIONS, "|"), "missing_column"),
)  # fmt: skip
SIZES = (
    refused(66, "a field of five megabytes", CASES,
            lambda: cases({20: {"ValidationStatus": HUGE}}), "damaged"),
    refused(66, "a key of five megabytes", INSPECTIONS,
            lambda: inspections({20: {"inspection_id": HUGE}}), "damaged"),
    refused(66, "a name of five megabytes in the header", CASES,
            lambda: with_column(CASES, HUGE, ""), "not_csv"),
    refused(66, "fifty thousand columns", CASES,
            lambda: ",".join(f"c{n}" for n in range(50_000)).encode() + b"\n1\n",
            "too_many_columns"),
    refused(66, "fifty thousand columns more", INSPECTIONS,
            lambda: tailed(INSPECTIONS, b"", head=b"".join(b",x%d" % n for n in range(50_000))),
            "too_many_columns"),
    counted(66, "a long text within the bounds", INSPECTIONS,
            lambda: inspections({20: {"item_title": "y" * 60_000, "mode": "OSHI"}})),
)  # fmt: skip
KINDS = (
    refused(72, "inspections instead of cases", CASES, inspections, "wrong_source"),
    refused(72, "cases instead of inspections", INSPECTIONS, cases, "wrong_source"),
    refused(72, "hospital beds instead of cases", CASES,
            lambda: b"hfhudcode,cfname,icu_v,icu_o\n1,Invented Hospital,3,4\n", "wrong_source"),
)  # fmt: skip
FILES_OF_COLUMNS = (*NAMES, *WIDTHS, *SIZES, *KINDS)
