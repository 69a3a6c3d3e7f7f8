"""The tracker of provinces and cities: days, areas, falling totals, and the whole real file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from ingest.load import load
from ingest.source import source_named
from ingest.sources.doh.tracker_lgu import find_reporting_area
from kms.config import Settings
from kms.domain.intake import FIELD, ROW, Parsed
from kms.errors import ContractError
from kms.reference import load_areas
from kms.store.engine import Store
from kms.store.facts import fact_table, known_at, read_columns
from tests.ingest.small_files import parse_texts, rows_of, values_of

ID = "doh_tracker_lgu"
HEADER = (
    "scraped_at_utc,scraped_date_pht,area,active_cases,attack_rate,deaths,fatality_rate_pct,"
    "new_cases,population,recoveries,recovery_rate_pct,total_cases"
)
REAL = "doh_tracker_lgu_daily_to_2022-06.csv.gz"
AFTER = datetime(2022, 7, 1, tzinfo=UTC)


def line(
    at: str = "2021-10-15 12:00:00+00:00", area: str = "ABRA", *, day: str = "", new: str = "16",
    total: str = "4307", deaths: str = "50.0", recovered: str = "3893.0", active: str = "364",
) -> str:  # fmt: skip
    return (
        f"{at},{day or at[:10]},{area},{active},31.6,{deaths},1.2,{new},241160.0,{recovered},90,"
        f"{total}"
    )


def parse(folder: Path, *lines: str, header: str = HEADER) -> Parsed:
    return parse_texts(ID, folder, {f"{ID}_20260126.csv": "\n".join([header, *lines, ""])})


def test_a_row_becomes_a_count_and_four_totals(tmp_path: Path) -> None:
    parsed = parse(tmp_path, line())
    assert parsed.fault_counts == {}
    assert rows_of(parsed, "case_count") == [
        {
            "disease": "covid19", "classification": "confirmed", "basis": "report", "grain": "day",
            "area": "1400100000", "ref_date": "2021-10-15", "cases": 16,
        }
    ]  # fmt: skip
    assert values_of(parsed, "case_total", "measure", value="persons") == {
        "cases": 4307, "deaths": 50, "recovered": 3893, "active": 364,
    }  # fmt: skip


def test_a_morning_scrape_shows_the_day_before(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        line("2021-10-16 00:14:43+00:00", day="2021-10-16", new="1"),
        line("2021-10-16 13:09:21+00:00", day="2021-10-16", new="2"),
        line("2021-10-17 16:01:00+00:00", day="2021-10-18", new="3"),
    )
    assert parsed.fault_counts == {}
    assert values_of(parsed, "case_count", "ref_date", value="cases") == {
        "2021-10-15": 1, "2021-10-16": 2, "2021-10-17": 3,
    }  # fmt: skip


def test_blank_is_not_zero(tmp_path: Path) -> None:
    parsed = parse(tmp_path, line(deaths="", new="0"))
    assert values_of(parsed, "case_count", "area", value="cases") == {"1400100000": 0}
    assert "deaths" not in values_of(parsed, "case_total", "measure", value="persons")


@pytest.mark.parametrize(
    ("name", "area", "flag"),
    [
        ("ABRA", "1400100000", None),
        ("CEBU", "psa:0702200000", None),  # without Cebu City, Lapu-Lapu, Mandaue
        ("CAMARINES SUR", "doh:0501700000", None),  # without Naga, no unit of the PSA
        ("LEYTE", "doh:0803700000", None),
        ("NAGA CITY", "0501724000", None),
        ("QUEZON CITY", "1381300000", None),
        ("COTABATO (NORTH COTABATO)", "1204700000", None),
        ("PATEROS", "1381701000", None),
        ("AGOO", "0103301000", None),
        ("NCR", "1300000000", None),
        ("ROSARIO", "nonplace:unknown", "place_ambiguous"),
        ("TRIALVILLE", "nonplace:unknown", "place_unknown"),
    ],
)
def test_areas_are_provinces_without_the_cities_reported_apart(
    name: str, area: str, flag: str | None
) -> None:
    assert find_reporting_area((name,)) == (area, flag)


def test_totals_that_fall_are_kept_and_marked(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        line("2021-10-15 12:00:00+00:00", total="100"),
        line("2021-10-16 12:00:00+00:00", total="90", active="2"),
        line("2021-10-16 12:00:00+00:00", area="CEBU CITY", total="5", active="9"),
    )
    assert parsed.fault_counts == {(FIELD, "total_fell", "total_cases"): 1}
    assert parsed.faults[0].record == 2
    totals = values_of(parsed, "case_total", "area", "ref_date", "measure", value="persons")
    assert totals["1400100000", "2021-10-16", "cases"] == 90


@pytest.mark.parametrize(
    ("wrong", "grade", "code", "column"),
    [
        (line(day="2021/10/15"), ROW, "date_unreadable", "scraped_date_pht"),
        (line("2021-10-15 12:00", day="2021-10-15"), ROW, "date_unreadable", "scraped_at_utc"),
        (line(day="2021-10-14"), ROW, "date_after_other", "scraped_at_utc"),
        (line(day="2021-10-16"), ROW, "date_before_other", "scraped_at_utc"),
        (line(total="many"), FIELD, "number_unreadable", "total_cases"),
        (line(new="-3"), FIELD, "number_negative", "new_cases"),
        (line(recovered="1.5"), FIELD, "number_not_whole", "recoveries"),
        (line(area="ROSARIO"), FIELD, "place_ambiguous", "area"),
        (line() + ",1", ROW, "bad_width", ""),
    ],
)
def test_what_is_wrong_is_left_out_or_blanked(
    tmp_path: Path, wrong: str, grade: str, code: str, column: str
) -> None:
    good = [line(f"2021-11-{day:02} 12:00:00+00:00") for day in range(1, 21)]
    parsed = parse(tmp_path, *good, wrong)
    assert parsed.fault_counts == {(grade, code, column): 1}
    assert (parsed.faults[0].code, parsed.faults[0].record) == (code, 21)


def test_copies_count_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    other = line(area="CEBU CITY")
    parsed = parse(tmp_path, line(), line(), other, other.replace(",16,", ",17,"))
    assert (parsed.rows_duplicate, parsed.rows_rejected) == (1, 2)
    assert parsed.counts(ROW) == {"key_conflict": 2}


def test_a_file_without_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="column 'new_cases' is missing"):
        parse(tmp_path, line(), header=HEADER.replace("new_cases", "new"))


def test_the_real_file_is_taken_in_whole(store: Store, settings: Settings, shared: Path) -> None:
    path = shared / "data" / ID / REAL
    (report,) = load(store, settings, source_named(ID), [path], fetched_at=AFTER)
    frame = pd.read_csv(path)
    assert (report.rows_read, report.rows_accepted) == (31_468, 31_468)
    assert report.flags["place_ambiguous"] == 4
    shown = pd.to_datetime(frame["scraped_at_utc"]) - pd.Timedelta(hours=9)
    frame["shown"] = shown.dt.strftime("%Y-%m-%d")
    fell = 0
    for column in ("total_cases", "deaths", "recoveries"):
        series = frame.sort_values("scraped_at_utc").dropna(subset=[column])
        fell += int((series.groupby("area")[column].diff() < 0).sum())
    assert report.flags["total_fell"] == fell
    with store.read() as connection:
        counts, totals = (
            pd.DataFrame(read_columns(connection, known_at(fact_table(name), ID, AFTER)))
            for name in ("case_count", "case_total")
        )
    assert counts.groupby("ref_date")["cases"].sum().to_dict() == (
        frame.groupby("shown")["new_cases"].sum().to_dict()
    )
    assert counts["ref_date"].nunique() == 260
    columns = {"cases": "total_cases", "deaths": "deaths", "recovered": "recoveries",
               "active": "active_cases"}  # fmt: skip
    for measure, column in columns.items():
        ours = totals[totals["measure"] == measure].groupby("ref_date")["persons"].sum()
        theirs = frame.groupby("shown")[column].sum()
        assert ours.to_dict() == theirs.to_dict()


def test_areas_have_the_people_the_real_file_prints(shared: Path) -> None:
    frame = pd.read_csv(shared / "data" / ID / REAL)
    printed = frame.dropna(subset=["population"]).groupby("area")["population"].first()
    areas = load_areas()
    apart = {"0501700000": 1, "0203100000": 1, "0105500000": 1, "0803700000": 1}
    checked = 0
    for name, people in printed.items():
        code, flag = find_reporting_area((str(name),))
        if flag or name in ("AGOO", "BACNOTAN"):  # these carry the people of La Union
            continue
        scheme, _, unit = code.rpartition(":")
        counted = areas.get(unit).census.pop_2015
        if scheme == "doh":
            cities = [a for a in areas if a.level == "icc" and areas.unit_of(a.code) == unit]
            assert len(cities) == apart[unit]
            counted = (counted or 0) - sum(city.census.pop_2015 or 0 for city in cities)
        assert counted == people, name
        checked += 1
    assert checked == 120
