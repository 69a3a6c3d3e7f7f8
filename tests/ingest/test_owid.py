"""Our World in Data: one row feeds six tables; aggregates keep its codes; columns may lack."""

from __future__ import annotations

from pathlib import Path

import pytest

from kms.domain.intake import FIELD, ROW, Parsed
from kms.errors import ContractError
from tests.ingest.small_files import parse_texts, rows_of, values_of

ID = "owid"
GOOD = {
    "iso_code": "NLD", "continent": "Europe", "location": "Netherlands", "date": "2022-01-09",
    "total_cases": "900.0", "new_cases": "5.0", "total_deaths": "20", "new_deaths": "0",
    "new_tests": "40", "people_vaccinated": "500", "people_fully_vaccinated": "420",
    "total_boosters": "90", "hosp_patients": "60", "icu_patients": "7",
    "weekly_hosp_admissions": "31", "weekly_icu_admissions": "4", "stringency_index": "41.2",
}  # fmt: skip
Row = dict[str, str]


def row(**changes: str) -> Row:
    return GOOD | changes


def parse(folder: Path, *rows: Row) -> Parsed:
    lines = [",".join(rows[0]), *(",".join(each.values()) for each in rows), ""]
    return parse_texts(ID, folder, {"owid-covid-data.csv": "\n".join(lines)})


def test_a_row_feeds_six_tables(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row())
    assert parsed.fault_counts == {}
    assert values_of(parsed, "case_count", "basis", value="cases") == {"report": 5, "death": 0}
    assert values_of(parsed, "case_total", "measure", value="persons") == {
        "cases": 900, "deaths": 20,
    }  # fmt: skip
    (tests,) = rows_of(parsed, "testing")
    assert (tests["samples_tested"], tests["individuals_tested"]) == (40, None)
    assert values_of(parsed, "vaccination", "dose", value="persons") == {
        "any": 500, "full": 420, "booster": 90,
    }  # fmt: skip
    assert values_of(parsed, "capacity", "facility_type", "bed_type", value="occupied") == {
        ("hospital", ""): 60, ("hospital", "icu"): 7,
    }  # fmt: skip
    assert {row["total"] for row in rows_of(parsed, "capacity")} == {None}
    assert values_of(parsed, "admission", "unit", "grain", value="persons") == {
        ("hospital", "week"): 31, ("icu", "week"): 4,
    }  # fmt: skip
    tables = parsed.facts.values()
    assert {each for table in tables for each in table["area"].to_pylist()} == {"iso:NLD"}


def test_the_compact_file_names_columns_otherwise(tmp_path: Path) -> None:
    head = "country,date,code,total_cases,new_cases,total_deaths,new_deaths"
    text = f"{head}\nPhilippines,2022-01-09,PHL,9,1,2,0\nWorld,2022-01-09,OWID_WRL,99,1,2,0\n"
    parsed = parse_texts(ID, tmp_path, {"owid-covid-compact.csv": text})
    totals = values_of(parsed, "case_total", "area", "measure", value="persons")
    assert totals["iso:PHL", "cases"] == 9
    assert totals["owid:WRL", "cases"] == 99
    assert parsed.facts["testing"].num_rows == parsed.facts["admission"].num_rows == 0


@pytest.mark.parametrize(
    ("code", "location", "area", "flags"),
    [
        ("OWID_WRL", "World", "owid:WRL", {}),
        ("OWID_KOS", "Kosovo", "iso:XKX", {}),
        ("", "Turkey", "iso:TUR", {}),
        ("", "Atlantis", "owid:Atlantis", {"place_unknown": 1}),
    ],
)
def test_areas(tmp_path: Path, code: str, location: str, area: str, flags: dict[str, int]) -> None:
    parsed = parse(tmp_path, row(iso_code=code, location=location))
    assert {row["area"] for row in rows_of(parsed, "case_count")} == {area}
    assert parsed.counts(FIELD) == flags


@pytest.mark.parametrize(
    ("changes", "grade", "code", "column"),
    [
        ({"date": "09/01/2022 0:00"}, ROW, "date_unreadable", "date"),
        ({"date": "2030-01-09"}, ROW, "date_future", "date"),
        ({"iso_code": "", "location": ""}, ROW, "required", "location"),
        ({"new_cases": "-4"}, FIELD, "number_negative", "new_cases"),
        ({"icu_patients": "x"}, FIELD, "number_unreadable", "icu_patients"),
        ({"new_tests": "4.5"}, FIELD, "number_not_whole", "new_tests"),
    ],
)
def test_what_is_wrong_is_left_out_or_blanked(
    tmp_path: Path, changes: Row, grade: str, code: str, column: str
) -> None:
    parsed = parse(tmp_path, row(date="2021-01-01"), row(**changes))
    assert parsed.fault_counts == {(grade, code, column): 1}
    assert parsed.faults[0].record == 2


def test_copies_count_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    other = row(iso_code="PHL")
    parsed = parse(tmp_path, row(), row(), other, other | {"new_cases": "6"})
    assert (parsed.rows_duplicate, parsed.counts(ROW)) == (1, {"key_conflict": 2})


def test_blank_is_not_zero(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row(new_cases="", hosp_patients=""))
    assert values_of(parsed, "case_count", "basis", value="cases") == {"death": 0}
    assert values_of(parsed, "capacity", "bed_type", value="occupied") == {"icu": 7}


def test_a_file_without_cases_is_refused(tmp_path: Path) -> None:
    without = {name: cell for name, cell in GOOD.items() if name != "new_cases"}
    with pytest.raises(ContractError, match="column 'new_cases' is missing"):
        parse(tmp_path, without)
