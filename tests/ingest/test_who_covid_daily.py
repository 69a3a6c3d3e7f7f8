"""WHO's counts by country: days and weeks, corrections, codes that are no country's."""

from __future__ import annotations

from pathlib import Path

import pytest

from kms.domain.intake import FIELD, ROW, Parsed
from kms.errors import ContractError
from tests.ingest.small_files import parse_texts, rows_of, values_of

ID = "who_covid_daily"
HEADER = (
    "Date_reported,Country_code,Country,WHO_region,New_cases,Cumulative_cases,New_deaths,"
    "Cumulative_deaths"
)


def line(
    day: str = "2022-01-03", code: str = "PH", name: str = "Philippines", new: str = "5",
    total: str = "100", new_deaths: str = "1", deaths: str = "9",
) -> str:  # fmt: skip
    return f"{day},{code},{name},WPRO,{new},{total},{new_deaths},{deaths}"


def parse(folder: Path, *lines: str, header: str = HEADER) -> Parsed:
    text = "\ufeff" + "\n".join([header, *lines, ""])
    return parse_texts(ID, folder, {"WHO-COVID-19-global-data.csv": text})


def test_a_row_becomes_counts_and_totals(tmp_path: Path) -> None:
    parsed = parse(tmp_path, line(), line("2022-01-04"))
    assert parsed.fault_counts == {}
    assert rows_of(parsed, "case_count")[0] == {
        "disease": "covid19", "classification": "confirmed", "basis": "report", "grain": "day",
        "area": "iso:PHL", "ref_date": "2022-01-03", "cases": 5,
    }  # fmt: skip
    assert values_of(parsed, "case_count", "ref_date", "basis", value="cases") == {
        ("2022-01-03", "report"): 5, ("2022-01-03", "death"): 1,
        ("2022-01-04", "report"): 5, ("2022-01-04", "death"): 1,
    }  # fmt: skip
    assert values_of(parsed, "case_total", "ref_date", "measure", value="persons") == {
        ("2022-01-03", "cases"): 100, ("2022-01-03", "deaths"): 9,
        ("2022-01-04", "cases"): 100, ("2022-01-04", "deaths"): 9,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("days", "grain"),
    [
        (("2024-01-07", "2024-01-14", "2024-01-28"), "week"),
        (("2024-01-07", "2024-01-08"), "day"),
        (("2024-01-07", "2024-01-14", "2024-01-15"), "day"),
        (("2024-01-07",), "day"),
    ],
)
def test_files_of_whole_weeks_are_weekly(tmp_path: Path, days: tuple[str, ...], grain: str) -> None:
    parsed = parse(tmp_path, *(line(day) for day in days))
    assert {row["grain"] for row in rows_of(parsed, "case_count")} == {grain}


def test_corrections_are_no_counts_and_blank_is_not_zero(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path, line(new="-7"), line("2022-01-04", new=""), line("2022-01-05", new="0")
    )
    assert parsed.fault_counts == {(FIELD, "number_negative", "New_cases"): 1}
    counts = values_of(parsed, "case_count", "basis", "ref_date", value="cases")
    assert {day: n for (basis, day), n in counts.items() if basis == "report"} == {"2022-01-05": 0}
    assert len(rows_of(parsed, "case_total")) == 6


@pytest.mark.parametrize(
    ("code", "name", "area", "flags"),
    [
        ("NA", "Namibia", "iso:NAM", {}),
        ("XK", "Kosovo", "iso:XKX", {}),
        ("", "Cote d'Ivoire", "iso:CIV", {}),
        ("", "Other", "who:Other", {}),
        ("XA", "Bonaire", "who:XA", {}),
        ("ZZ", "Nowhere", "who:ZZ", {"place_unknown": 1}),
    ],
)
def test_areas(tmp_path: Path, code: str, name: str, area: str, flags: dict[str, int]) -> None:
    parsed = parse(tmp_path, line(code=code, name=name))
    assert {row["area"] for row in rows_of(parsed, "case_total")} == {area}
    assert parsed.counts(FIELD) == flags


@pytest.mark.parametrize(
    ("wrong", "grade", "code", "column"),
    [
        (line("3 January 2022"), ROW, "date_unreadable", "Date_reported"),
        (line("2018-01-03"), ROW, "date_out_of_range", "Date_reported"),
        (line(code="", name=""), ROW, "required", "Country"),
        (line(total="1e3x"), FIELD, "number_unreadable", "Cumulative_cases"),
        (line() + ",1", ROW, "bad_width", ""),
    ],
)
def test_what_is_wrong_is_left_out_or_blanked(
    tmp_path: Path, wrong: str, grade: str, code: str, column: str
) -> None:
    parsed = parse(tmp_path, line("2022-01-01"), wrong)
    assert parsed.fault_counts == {(grade, code, column): 1}
    assert parsed.faults[0].record == 2


def test_copies_count_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    other = line(code="JP")
    parsed = parse(tmp_path, line(), line(), other, other.replace(",5,", ",6,"))
    assert (parsed.rows_duplicate, parsed.counts(ROW)) == (1, {"key_conflict": 2})


def test_a_file_without_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="column 'New_deaths' is missing"):
        parse(tmp_path, line(), header=HEADER.replace("New_deaths", "Deaths_24h"))
