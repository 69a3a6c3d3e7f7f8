"""JHU's wide time series: a column a day, three parts, names of countries, totals that fall."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from kms.domain.intake import FIELD, ROW, Parsed
from kms.errors import ContractError
from kms.reference import REFERENCE, read_rows
from tests.ingest.small_files import parse_parts, parse_texts, rows_of, values_of

ID = "jhu"
HEADER = "Province/State,Country/Region,Lat,Long,1/22/20,1/23/20,1/24/20"
FUTURE = "Province/State,Country/Region,Lat,Long,1/22/20,1/22/30"


def name(series: str = "confirmed") -> str:
    return f"time_series_covid19_{series}_global.csv"


def text(*lines: str, header: str = HEADER) -> str:
    return "\n".join([header, *lines, ""])


def parse(folder: Path, *lines: str, header: str = HEADER) -> Parsed:
    return parse_texts(ID, folder, {name(): text(*lines, header=header)})


def test_each_day_becomes_a_total(tmp_path: Path) -> None:
    parsed = parse(tmp_path, ",Philippines,12.8,121.7,1,,3")
    assert parsed.fault_counts == {}
    assert rows_of(parsed, "case_total")[0] == {
        "disease": "covid19", "measure": "cases", "area": "iso:PHL", "ref_date": "2020-01-22",
        "persons": 1,
    }  # fmt: skip
    assert values_of(parsed, "case_total", "ref_date", value="persons") == {
        "2020-01-22": 1, "2020-01-24": 3,
    }  # fmt: skip


def test_three_series_are_parts_of_one_issue_and_may_have_other_days(tmp_path: Path) -> None:
    line = ',"Korea, South",35.9,127.7,1,2,3'
    late = "Province/State,Country/Region,Lat,Long,8/4/21,8/5/21"
    parsed = parse_texts(
        ID,
        tmp_path,
        {
            name(): text(line),
            name("deaths"): text(line),
            name("recovered"): text(',"Korea, South",35.9,127.7,50,0', header=late),
        },
    )
    assert parsed.fault_counts == {}
    totals = values_of(parsed, "case_total", "measure", "ref_date", value="persons")
    assert totals["cases", "2020-01-24"] == totals["deaths", "2020-01-24"] == 3
    # The recovered series ended; the zeros behind its end are no figures.
    assert {key: n for key, n in totals.items() if key[0] == "recovered"} == {
        ("recovered", "2021-08-04"): 50
    }


@pytest.mark.parametrize(
    ("country", "province", "area", "flags"),
    [
        ("US", "", "iso:USA", {}),
        ("Taiwan*", "", "iso:TWN", {}),
        ("Congo (Kinshasa)", "", "iso:COD", {}),
        ("Kosovo", "", "iso:XKX", {}),
        ("Canada", "Alberta", "jhu:CAN/Alberta", {}),
        ("Diamond Princess", "", "jhu:Diamond Princess", {}),
        ("Atlantis", "", "jhu:Atlantis", {"place_unknown": 1}),
        (
            "United Kingdom",
            '"Saint Helena, Ascension and Tristan da Cunha"',
            "jhu:GBR/Saint Helena, Ascension and Tris",
            {},
        ),
    ],
)
def test_areas(
    tmp_path: Path, country: str, province: str, area: str, flags: dict[str, int]
) -> None:
    parsed = parse(tmp_path, f"{province},{country},0,0,1,2,3")
    assert {row["area"] for row in rows_of(parsed, "case_total")} == {area}
    assert parsed.counts(FIELD) == flags


@pytest.mark.parametrize(
    ("cells", "code", "column", "kept"),
    [
        ("1,x,3", "number_unreadable", "1/23/20", 2),
        ("1,-2,3", "number_negative", "1/23/20", 2),
        ("1,2.5,3", "number_not_whole", "1/23/20", 2),
        ("1,2,3e12", "number_out_of_range", "1/24/20", 2),
        ("5,4,6", "total_fell", "Country/Region", 3),
    ],
)
def test_a_cell_that_is_wrong_is_blanked_and_a_fall_is_kept(
    tmp_path: Path, cells: str, code: str, column: str, kept: int
) -> None:
    parsed = parse(tmp_path, ",Japan,0,0,1,2,3", f",Philippines,0,0,{cells}")
    assert parsed.fault_counts == {(FIELD, code, column): 1}
    assert (parsed.faults[0].record, parsed.faults[0].part) == (2, name())
    assert len(rows_of(parsed, "case_total")) == 3 + kept


def test_days_after_the_issue_are_not_believed(tmp_path: Path) -> None:
    parsed = parse(tmp_path, ",Japan,0,0,1,2", header=FUTURE)
    assert parsed.fault_counts == {(FIELD, "date_future", "1/22/30"): 1}


def test_rows_without_a_country_and_contradictions_are_left_out(tmp_path: Path) -> None:
    japan = ",Japan,0,0,1,2,3"
    us = ",US,0,0,1,2,3"
    parsed = parse(tmp_path, japan, japan, us, us.replace("3", "4"), ",,0,0,1,2,3", us + ",9")
    assert parsed.rows_duplicate == 1
    assert parsed.counts(ROW) == {"bad_width": 1, "key_conflict": 2, "required": 1}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"time_series_19.csv": text()}, "does not say which series"),
        ({name(): text(), f"x{name()}": text()}, "another part is the same one"),
        ({name(): "Province/State,Country/Region,Lat,Long\n,Japan,0,0\n"}, "is missing or no day"),
        ({name(): text(header=HEADER.replace("1/23", "13/23"))}, "'13/23/20'"),
        ({name(): text(header=HEADER.replace("1/23/20", "1/22/2020"))}, "a day stands twice"),
        ({name(): text(header=HEADER.replace("Country/Region", "Place"))}, "'Country/Region' is"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        parse_texts(ID, tmp_path, files)


def test_a_series_as_wide_as_the_last_one_agrees_with_an_independent_reading(
    tmp_path: Path,
) -> None:
    days = [date(2020, 1, 22) + timedelta(n) for n in range(1143)]
    head = [*HEADER.split(",")[:4], *(f"{d.month}/{d.day}/{d:%y}" for d in days)]
    countries = [row["name"] for row in read_rows(REFERENCE / "countries.csv")]
    paths = [tmp_path / name(series) for series in ("confirmed", "deaths")]
    for scale, path in enumerate(paths, 1):
        cells = [["", each, "", "", *_growing(n * scale)] for n, each in enumerate(countries)]
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *cells])
    parsed = parse_parts(ID, tmp_path, paths)
    assert (parsed.rows_read, parsed.fault_counts) == (498, {})
    ours = parsed.facts["case_total"].to_pandas().groupby(["measure", "ref_date"])["persons"].sum()
    for measure, path in zip(("cases", "deaths"), paths, strict=True):
        theirs = pd.read_csv(path).iloc[:, 4:].sum()
        assert ours[measure].tolist() == theirs.tolist()


def _growing(step: int) -> Sequence[int]:
    return [step * n for n in range(1143)]
