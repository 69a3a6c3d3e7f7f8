"""Files that attack their reader, or look harmless: refused in one clear line, or read as meant."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import openpyxl
import pytest

from ingest.batch import Batch
from ingest.load import load
from ingest.opening.header import named_columns
from ingest.source import source_named
from kms.config import Settings
from kms.domain.intake import FIELD, ROW, IntakeReport
from kms.errors import ContractError, FetchError
from kms.store.engine import Store

SOURCE = source_named("psa_employment")
HEADER = "year,quarter,region,psgc,psic,sex,employed"
ROW_OF_5 = "2024,,,,C,,5"
GOOD = f"{HEADER}\n{ROW_OF_5}\n"
AT = datetime(2026, 1, 26, 8, tzinfo=UTC)


def take(
    store: Store, settings: Settings, folder: Path, content: str | bytes, name: str = "x.csv"
) -> IntakeReport:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (report,) = load(store, settings, SOURCE, [path], fetched_at=AT, at=AT)
    return report


def zipped(content: bytes, name: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, content)
    return target.getvalue()


def book(*rows: Sequence[object]) -> bytes:
    made = openpyxl.Workbook()
    assert made.active is not None
    for row in rows:
        made.active.append(list(row))
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


REFUSED = [
    ("a blank first line", f"\n\n{GOOD}", "wrong_source", "the first line of x.csv is blank"),
    ("a note for spreadsheets", f"sep=,\n{GOOD}", "wrong_source", "is blank, or a note for"),
    ("columns that look alike",
     GOOD.replace("employed", "emp_loyed,emp loyed").replace(",5", ",5,7"), "dup_column",
     "columns 'emp_loyed' and 'emp loyed' of x.csv are both like 'employed'"),
    ("an archive in an archive", zipped(zipped(GOOD.encode(), "a.csv"), "a.bin"), "bad_archive",
     "a.bin is an archive inside an archive"),
    ("a packed archive", gzip.compress(zipped(GOOD.encode(), "a.csv")), "bad_archive",
     "x.csv is an archive inside an archive"),
    ("thousands of lines of another width", GOOD + "x\n" * 10_001, "too_many_rejects",
     "10,000 lines of x.csv and more have another number of fields"),
    ("a line of more than a megabyte", GOOD.replace(",5", ',"' + "a\n" * (1 << 19) + '"'),
     "damaged",
     "x.csv"),
    ("201 columns", HEADER + "".join(f",c{n}" for n in range(194)) + "\n", "too_many_columns",
     "has 201 columns"),
    ("a mark of the end of the file", GOOD + "\x1a", "truncated", "ends in the middle of a row"),
    ("UTF-16 without its mark", GOOD.encode("utf-16-le"), "nul_byte", "holds a NUL byte"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_nasty_file_is_refused_in_one_clear_line(
    store: Store, settings: Settings, tmp_path: Path, content: str | bytes, code: str, said: str
) -> None:
    with pytest.raises(ContractError) as caught:
        take(store, settings, tmp_path, content)
    assert (caught.value.code, "\n" in str(caught.value)) == (code, False)
    assert said in str(caught.value)


READ: list[tuple[str, str | bytes, dict[str, int]]] = [
    ("a member with a name of 300 letters", zipped(GOOD.encode(), f"{'a' * 300}.csv"), {}),
    ("a member with a line end in its name", zipped(GOOD.encode(), "a\nb.csv"), {}),
    ("a member named like many files", zipped(GOOD.encode(), "[x]*?.csv"), {}),
    ("two marks of UTF-8", b"\xef\xbb\xbf\xef\xbb\xbf" + GOOD.encode(), {}),
    ("a mark of UTF-8 in the middle", f"{HEADER}\n\ufeff{ROW_OF_5}\n", {}),
    ("a row of blanks in a sheet", book(HEADER.split(","), [2024, *[None] * 3, "C", None, 5],
                                        [" ", None, "\t"]), {}),
    ("a name written from right to left", GOOD.replace(",,,,", ",,\u202eRCN\u202c,,"),
     {"bad_text": 1}),
    *((f"the number {text}", GOOD.replace(",5", f',"{text}"'), {"number_unreadable": 1})
      for text in ("\u0663", "\uff15", "1,23", "12,34,567", "'5", "0x5", "1_000", "1 000", "5\x1a",
                   "\u22125", "(5)", "5-", "1.234,5", "\u00b2")),
    *((f"the number {text}", GOOD.replace(",5", f",{text}"), {}) for text in ("5e0", "+5", "5.0")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "flags"), [case[1:] for case in READ], ids=[case[0] for case in READ]
)
def test_an_odd_file_is_read_as_meant(
    store: Store, settings: Settings, tmp_path: Path, content: str | bytes, flags: dict[str, int]
) -> None:
    report = take(store, settings, tmp_path, content)
    assert (report.status, report.rows_read, report.rows_accepted) == ("accepted", 1, 1)
    assert report.flags == flags


def test_three_zeros_behind_a_point_may_be_thousands(tmp_path: Path) -> None:
    source = source_named("psa_establishments")
    header = "year,region,province,psgc,psic,size_class,establishments,employed"
    path = tmp_path / "x.csv"
    path.write_text(f"{header}\n2024,,,,C,,15.000,15.0\n", encoding="utf-8")
    parsed = source.parse(Batch(source.source_id, (path,), AT, tmp_path / "tmp"))
    assert parsed.fault_counts == {(FIELD, "number_unreadable", "establishments"): 1}
    (fact,) = parsed.facts["establishment_count"].to_pylist()
    assert (fact["establishments"], fact["employed"]) == (None, 15)


def test_a_day_without_its_zeros_is_no_exchange_of_day_and_month(tmp_path: Path) -> None:
    source = source_named("measures")
    header = "measure_id,region,province,city_municipality,psgc,psic,starts_on,ends_on,level,"
    path = tmp_path / "x.csv"
    path.write_text(
        f"{header}capacity_share,instrument\nM1,NCR,,,,,2021-2-3,,ECQ,1,R\n", encoding="utf-8"
    )
    parsed = source.parse(Batch(source.source_id, (path,), AT, tmp_path / "tmp"))
    assert parsed.fault_counts == {(ROW, "date_unreadable", "starts_on"): 1}


def test_a_column_is_found_by_its_exact_name_before_others_that_look_alike(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"

    def named(header: str) -> list[str]:
        path.write_text(header + "\n", encoding="utf-8")
        return named_columns("trial", path, ("cases", "day"), {"day": ("Date", "On")})

    assert named("ca ses,cases,DATE") == ["ca ses", "cases", "day"]
    assert named("CASES,da_te,Date") == ["cases", "da_te", "day"]
    assert named("on,Date,x") == ["on", "day", "x"]
    with pytest.raises(ContractError, match=r"columns 'ca ses' and 'CASES' of x\.csv are both"):
        named("ca ses,CASES,On")


def test_a_file_too_large_for_the_memory_is_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(GOOD, encoding="utf-8")

    def parse(_batch: Batch) -> None:
        with duckdb.connect() as engine:
            engine.execute("SET memory_limit = '1MB'; SET temp_directory = ''")
            engine.execute(
                "CREATE TABLE t AS SELECT range AS i, hash(range) AS h FROM range(10000000)"
            )

    source = replace(SOURCE, parse=parse)  # type: ignore[arg-type]  # it never returns
    with pytest.raises(FetchError, match=r"^psa_employment: x.csv needs more memory or space"):
        source.read(Batch(source.source_id, (path,), AT, tmp_path))
