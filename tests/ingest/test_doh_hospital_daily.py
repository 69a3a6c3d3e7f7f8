"""Hospital beds: layouts, what is carried forward, and real files against another count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingest.batch import Batch
from ingest.load import load
from ingest.reading.facilities import MOST_BEDS
from ingest.source import published_at
from ingest.sources.doh.hospital_daily import SOURCE
from ingest.sources.doh.ttmf import SOURCE as TTMF
from kms.config import Settings
from kms.domain.areas import NCR
from kms.domain.intake import FIELD, ROW, Parsed, Span
from kms.domain.places import UNKNOWN
from kms.errors import ContractError
from kms.reference import load_areas
from kms.store.engine import Store
from kms.store.facts import arrow_schema, fact_table, known_at, read_columns
from tests.ingest.bed_totals import areas_of, registered, totals

PUBLISHED = datetime(2021, 4, 16, 8, tzinfo=UTC)
NAME = "DOH COVID Data Drop_ 20210416 - 05 DOH Data Collect - Daily Report.csv"
CEBU_CITY, QUEZON_CITY = "0730600000", "1381300000"
GOOD = {
    "hfhudcode": "DOH000000000090001",
    "cfname": "TRIAL GENERAL HOSPITAL",
    "updateddate": "2021-04-10 08:00:00",
    "addeddate": "2021-04-10 08:00:00",
    "reportdate": "2021-04-10",
    "icu_v": "2", "icu_o": "8",
    "isolbed_v": "10", "isolbed_o": "30",
    "beds_ward_v": "5", "beds_ward_o": "15",
    "mechvent_v": "4", "mechvent_o": "1",
    "region": "REGION VII (CENTRAL VISAYAS)", "province": "CEBU", "city_mun": "CEBU CITY",
}  # fmt: skip
APRIL = {
    "updateddate": "4/1/2020 7:25", "addeddate": "4/1/2020 7:25", "reportdate": "4/1/2020",
    "icu_np_o": "1", "icu_np_v": "2", "icu_wnp_o": "3", "icu_wnp_v": "4",
    "isolbed_o": "11", "isolbed_v": "0", "beds_ward_o": "0", "beds_ward_v": "0",
    "mechvent_o": "0", "mechvent_v": "2", "hfhudcode": "DOH000000000090001", "id": "1356",
    "reporttime": "1", "cfname": "TRIAL GENERAL HOSPITAL",
}  # fmt: skip
Row = dict[str, str]
Beds = dict[tuple[str, str, str], dict[str, Any]]


def row(day: str = "10", **changes: str) -> Row:
    """Return a good row of a day of April 2021."""
    stamp = f"2021-04-{day} 08:00:00"
    return (
        GOOD | {"reportdate": f"2021-04-{day}", "updateddate": stamp, "addeddate": stamp} | changes
    )


def without(name: str, *rows: Row) -> list[Row]:
    """Return rows without a column."""
    return [{key: cell for key, cell in each.items() if key != name} for each in rows]


def write(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows with the columns of the first."""
    pd.DataFrame(list(rows), dtype=str).to_csv(path, index=False)
    return path


def parse(folder: Path, *rows: Row, beside: Sequence[Row] = (), at: datetime = PUBLISHED) -> Parsed:
    """Read hand-made rows, with a list of facilities if given, and check the account."""
    parts = [write(folder / NAME, rows)]
    if beside:
        parts.append(write(folder / "facilities.csv", beside))
    parsed = SOURCE.parse(Batch(SOURCE.source_id, tuple(parts), at, folder / "tmp"))
    assert parsed.rows_read == len(rows)
    assert sum(parsed.counts(ROW).values()) == parsed.rows_rejected
    assert parsed.facts["capacity"].schema == arrow_schema(fact_table("capacity"))
    return parsed


@pytest.mark.parametrize("name", ["updateddate", "hfhudcode", "city_mun_psgc", "icu_o_nc"])
@pytest.mark.parametrize("first", [True, False])
def test_parts_of_one_issue_have_the_same_columns(tmp_path: Path, name: str, first: bool) -> None:
    whole = GOOD | {"city_mun_psgc": "0730600000", "icu_o_nc": "1", "icu_v_nc": "2"}
    rows = [[whole], without(name, whole | {"cfname": "Another"})]
    parts = tuple(
        write(tmp_path / f"{number} {NAME}", given)
        for number, given in enumerate(rows if first else reversed(rows))
    )
    with pytest.raises(ContractError, match=f"column '{name}' is in {int(not first)} ") as caught:
        SOURCE.parse(Batch(SOURCE.source_id, parts, PUBLISHED, tmp_path / "tmp"))
    assert caught.value.code == "bad_parts"


def beds(parsed: Parsed) -> Beds:
    """Return the facts by (bed type, area, day)."""
    rows = parsed.facts["capacity"].to_pylist()
    return {(r["bed_type"], r["area"], r["ref_date"]): r for r in rows}


def numbers(fact: dict[str, Any]) -> tuple[int | None, int | None, int, int, int]:
    """Return occupied and all beds, and facilities reporting, carried, registered."""
    return (
        fact["occupied"],
        fact["total"],
        fact["facilities_reporting"],
        fact["facilities_carried"],
        fact["facilities_registered"],
    )


def icu(
    parsed: Parsed, day: str, area: str = CEBU_CITY
) -> tuple[int | None, int | None, int, int, int]:
    """Return the numbers of intensive care on a day of April 2021."""
    return numbers(beds(parsed)["icu", area, f"2021-04-{day}"])


def test_a_report_becomes_the_beds_of_its_city_and_day(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row())
    assert parsed.fault_counts == {}
    assert parsed.spans == {"capacity": Span("ref_date", "2021-04-10", "2021-04-10")}
    assert {key: numbers(fact)[:2] for key, fact in beds(parsed).items()} == {
        ("icu", CEBU_CITY, "2021-04-10"): (8, 10),
        ("isolation", CEBU_CITY, "2021-04-10"): (30, 40),
        ("ward", CEBU_CITY, "2021-04-10"): (15, 20),
        ("ventilator", CEBU_CITY, "2021-04-10"): (1, 5),
    }
    assert {fact["facility_type"] for fact in beds(parsed).values()} == {"hospital"}


def test_beds_are_summed_before_anyone_divides(tmp_path: Path) -> None:
    small = row(hfhudcode="DOH2", icu_o="0", icu_v="1")
    assert icu(parse(tmp_path, row(), small), "10") == (8, 11, 2, 0, 2)


def test_a_silent_facility_is_carried_for_fourteen_days_and_no_longer(tmp_path: Path) -> None:
    other = [row(f"{day:02}", hfhudcode="DOH2", icu_o="1", icu_v="1") for day in range(1, 17)]
    parsed = parse(tmp_path, row("01"), *other)
    assert icu(parsed, "01") == (9, 12, 2, 0, 2)
    assert icu(parsed, "02") == (9, 12, 1, 1, 2)
    assert icu(parsed, "15") == (9, 12, 1, 1, 2)
    assert icu(parsed, "16") == (1, 2, 1, 0, 2)


def test_where_nobody_stands_there_is_no_number_and_not_zero(tmp_path: Path) -> None:
    away = {"hfhudcode": "DOH2", "region": "NCR", "province": "NCR", "city_mun": "QUEZON CITY"}
    parsed = parse(tmp_path, row("01"), row("15", **away), row("16", **away))
    assert icu(parsed, "15") == (8, 10, 0, 1, 1)
    assert icu(parsed, "16") == (None, None, 0, 0, 1)
    assert icu(parsed, "16", QUEZON_CITY) == (8, 10, 1, 0, 1)


def test_a_facility_is_registered_from_the_day_it_appears(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row("08"), row("09"), row("09", hfhudcode="DOH2"))
    assert [icu(parsed, day)[4] for day in ("08", "09")] == [1, 2]


def test_a_file_of_last_reports_tells_of_its_newest_day_only(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        row("02", hfhudcode="DOH1"),
        row("15", hfhudcode="DOH2"),
        row("16", hfhudcode="DOH3"),
        row("01", hfhudcode="DOH4"),
    )
    assert parsed.spans == {"capacity": Span("ref_date", "2021-04-16", "2021-04-16")}
    assert {day for _, _, day in beds(parsed)} == {"2021-04-16"}
    assert icu(parsed, "16") == (24, 30, 1, 2, 4)


def test_a_blank_report_says_nothing_and_the_last_one_stands(tmp_path: Path) -> None:
    blank = {name: "" for name in GOOD if name[-2:] in ("_v", "_o")}
    parsed = parse(tmp_path, row("09"), row("10", **blank))
    assert parsed.fault_counts == {}
    assert icu(parsed, "10") == (8, 10, 0, 1, 1)


@pytest.mark.parametrize("name", ["icu_v", "icu_o"])
def test_half_a_pair_leaves_the_type_out_of_both_sums(tmp_path: Path, name: str) -> None:
    parsed = parse(tmp_path, row(**{name: ""}), row(hfhudcode="DOH2", icu_o="1", icu_v="1"))
    assert parsed.fault_counts == {(FIELD, "beds_incomplete", name): 1}
    assert icu(parsed, "10") == (1, 2, 1, 0, 2)
    assert numbers(beds(parsed)["ward", CEBU_CITY, "2021-04-10"]) == (30, 40, 2, 0, 2)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("-1", "number_negative"),
        ("many", "number_unreadable"),
        ("2.5", "number_not_whole"),
        (str(MOST_BEDS + 1), "number_out_of_range"),
    ],
)
def test_an_impossible_number_leaves_the_type_out(tmp_path: Path, value: str, code: str) -> None:
    parsed = parse(tmp_path, row(icu_o=value), row(hfhudcode="DOH2"))
    assert parsed.fault_counts == {(FIELD, code, "icu_o"): 1}
    assert parsed.faults[0].record == 1
    assert icu(parsed, "10") == (8, 10, 1, 0, 2)


@pytest.mark.parametrize(
    ("changes", "code", "column"),
    [
        ({"reportdate": ""}, "required", "reportdate"),
        ({"reportdate": "soon"}, "date_unreadable", "reportdate"),
        ({"reportdate": "2020-02-28"}, "date_out_of_range", "reportdate"),
        ({"reportdate": "2021-04-17"}, "date_future", "reportdate"),
        ({"hfhudcode": "TOTAL"}, "summary_row", "reportdate"),
        ({"hfhudcode": "", "cfname": ""}, "required", "cfname"),
    ],
)
def test_a_row_without_its_day_or_facility_is_left_out(
    tmp_path: Path, changes: Row, code: str, column: str
) -> None:
    good = [row(f"{day:02}", hfhudcode="DOH2") for day in (9, 10)]
    parsed = parse(tmp_path, *good, row(**changes))
    assert parsed.fault_counts == {(ROW, code, column): 1}
    assert (parsed.faults[0].record, parsed.faults[0].part) == (3, NAME)
    assert icu(parsed, "10") == (8, 10, 1, 0, 1)


def test_an_identical_report_is_a_copy(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row(), row())
    assert (parsed.rows_duplicate, parsed.fault_counts) == (1, {})
    assert icu(parsed, "10") == (8, 10, 1, 0, 1)


def test_the_newest_of_two_reports_of_a_day_counts(tmp_path: Path) -> None:
    later = row(icu_o="9", icu_v="1", updateddate="2021-04-10 17:00:00")
    blank = row(**{name: "" for name in GOOD if name[-2:] in ("_v", "_o")})
    parsed = parse(tmp_path, later, row(), blank | {"updateddate": "2021-04-10 18:00:00"})
    assert parsed.rows_duplicate == 2
    assert parsed.fault_counts == {(FIELD, "report_superseded", "cfname"): 2}
    assert icu(parsed, "10") == (9, 10, 1, 0, 1)


@pytest.mark.parametrize("stamp", ["", "2021-04-10 08:00:00"])
def test_reports_of_a_day_that_contradict_each_other_are_all_left_out(
    tmp_path: Path, stamp: str
) -> None:
    rival = row(icu_o="9", updateddate=stamp, addeddate=stamp)
    parsed = parse(tmp_path, row("09", icu_o="1"), row(), rival)
    assert parsed.fault_counts == {(ROW, "key_conflict", "cfname"): 2}
    assert {day for _, _, day in beds(parsed)} == {"2021-04-09"}


def test_without_codes_a_facility_is_its_name_and_place(tmp_path: Path) -> None:
    rows = without(
        "hfhudcode",
        row("09"),
        row("10", cfname="Trial  General Hospital."),
        row("10", city_mun="MANDAUE CITY"),
    )
    parsed = parse(tmp_path, *rows)
    assert icu(parsed, "10") == (8, 10, 1, 0, 1)
    assert icu(parsed, "10", "0731300000") == (8, 10, 1, 0, 1)


def test_a_code_that_is_none_is_marked_and_the_name_is_used(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row(hfhudcode="N/A"), row(hfhudcode="N/A", cfname="OTHER HOSPITAL"))
    assert parsed.fault_counts == {(FIELD, "not_a_code", "hfhudcode"): 2}
    assert icu(parsed, "10") == (16, 20, 2, 0, 2)


def test_a_facility_is_where_its_newest_report_says(tmp_path: Path) -> None:
    moved = {"region": "NCR", "province": "NCR", "city_mun": "QUEZON CITY"}
    nowhere = dict.fromkeys(moved, "")
    parsed = parse(tmp_path, row("08"), row("09", **moved), row("10", **nowhere))
    assert {area for _, area, _ in beds(parsed)} == {QUEZON_CITY}
    assert [icu(parsed, day, QUEZON_CITY)[2] for day in ("08", "09", "10")] == [1, 1, 1]


def test_a_place_nobody_knows_is_marked(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row(region="ATLANTIS", province="", city_mun=""))
    assert parsed.fault_counts == {(FIELD, "place_unknown", "city_mun"): 1}
    assert icu(parsed, "10", UNKNOWN) == (8, 10, 1, 0, 1)


def test_the_code_of_a_city_is_read_where_it_is_given(tmp_path: Path) -> None:
    nameless = {"province": "", "city_mun": "", "city_mun_psgc": "PH072217000"}
    assert icu(parse(tmp_path, row(**nameless)), "10")[:2] == (8, 10)


def test_april_2020_adds_both_kinds_of_intensive_care_and_knows_no_places(tmp_path: Path) -> None:
    at = datetime(2020, 4, 14, 8, tzinfo=UTC)
    parsed = parse(tmp_path, APRIL, at=at)
    assert numbers(beds(parsed)["icu", UNKNOWN, "2020-04-01"]) == (4, 10, 1, 0, 1)
    assert parsed.fault_counts == {}
    iso = APRIL | {"reportdate": "2020-04-01", "updateddate": "2020-04-01 7:25:00"}
    assert beds(parse(tmp_path, iso, at=at)) == beds(parsed)
    partly = parse(tmp_path, APRIL | {"icu_np_v": "", "icu_np_o": ""}, at=at)
    assert partly.counts(FIELD) == {"beds_incomplete": 2}
    assert ("icu", UNKNOWN, "2020-04-01") not in beds(partly)


def test_a_list_of_facilities_beside_the_report_says_where_they_are(tmp_path: Path) -> None:
    place = {name: GOOD[name] for name in ("hfhudcode", "region", "province", "city_mun")}
    at = datetime(2020, 4, 14, 8, tzinfo=UTC)
    unlisted = APRIL | {"hfhudcode": "DOH000000000090002"}
    parsed = parse(tmp_path, APRIL, unlisted, beside=[place], at=at)
    assert numbers(beds(parsed)["icu", CEBU_CITY, "2020-04-01"]) == (4, 10, 1, 0, 1)
    assert numbers(beds(parsed)["icu", UNKNOWN, "2020-04-01"]) == (4, 10, 1, 0, 1)
    assert parsed.fault_counts == {(FIELD, "place_unknown", "hfhudcode"): 1}
    with pytest.raises(ContractError, match="only says where facilities are"):
        SOURCE.parse(Batch(SOURCE.source_id, (tmp_path / "facilities.csv",), at, tmp_path))


def test_2022_counts_beds_that_are_not_for_covid_apart(tmp_path: Path) -> None:
    drop = ("isolbed_v", "isolbed_o", "beds_ward_v", "beds_ward_o")
    later = {name: cell for name, cell in row().items() if name not in drop}
    numbers_2022 = {"nonicu_v": "7", "nonicu_o": "3"}
    for column, cell in (("icu", "1"), ("nonicu", "2"), ("mechvent", "3")):
        numbers_2022 |= {f"{column}_v_nc": cell, f"{column}_o_nc": cell}
    found = beds(parse(tmp_path, later | numbers_2022))
    assert {kind: numbers(fact)[:2] for (kind, _, _), fact in found.items()} == {
        "icu": (8, 10),
        "nonicu": (3, 10),
        "ventilator": (1, 5),
        "icu_non_covid": (1, 2),
        "nonicu_non_covid": (2, 4),
        "ventilator_non_covid": (3, 6),
    }


def test_a_type_has_no_rows_before_the_file_first_tells_of_it(tmp_path: Path) -> None:
    none = {"icu_v_nc": "", "icu_o_nc": ""}
    parsed = parse(tmp_path, row("09", **none), row("10", icu_v_nc="1", icu_o_nc="0"))
    assert {day for kind, _, day in beds(parsed) if kind == "icu_non_covid"} == {"2021-04-10"}
    assert "icu_non_covid" not in {kind for kind, _, _ in beds(parse(tmp_path, row(**none)))}


@pytest.mark.parametrize("name", ["reportdate", "cfname", "icu_v", "isolbed_o", "region"])
def test_a_missing_column_refuses_the_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ContractError, match=f"column '{name}' is missing"):
        parse(tmp_path, *without(name, row()))


def test_a_column_about_persons_refuses_the_file(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="'patient_name'"):
        parse(tmp_path, row(patient_name=""))


@hypothesis_settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                row("08"), row("09"), row("10"), row("10", icu_o="3"), row("10", reportdate=""),
                row("09", hfhudcode="DOH2"), row("10", hfhudcode="DOH2", icu_v=""),
                row("10", icu_o="4", updateddate="2021-04-10 09:00:00"),
            ]
        ),
        min_size=1,
        max_size=10,
    )
)  # fmt: skip
def test_every_row_ends_in_one_place_and_occupied_beds_are_beds(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    parsed = parse(tmp_path_factory.mktemp("rows"), *rows)
    assert parsed.rows_accepted >= 0
    for fact in beds(parsed).values():
        occupied, total, reporting, carried, known = numbers(fact)
        assert (occupied is None) == (total is None) == (reporting + carried == 0)
        assert reporting + carried <= known
        assert occupied is None or total is None or occupied <= total


@pytest.mark.parametrize(
    ("name", "hospitals", "isolation"),
    [
        (NAME, True, False),
        ("DOH COVID Data Drop_ 20201121 - 05 DOH Data Collect v4 - Daily Report.csv", True, False),
        ("doh_hospital_beds_facility_day.csv", True, False),
        ("x - 08 Quarantine Facility Data - Daily Report.csv", False, True),
        ("x - DOH Data Collect TTMF Tracker v1 - Daily Report.csv", False, True),
        ("doh_ttmf_quarantine_facility_day.csv.gz", False, True),
        ("x - 06 DOH Data Collect - Weekly Report.csv", False, False),
        ("x - 10 DOH Data Collect v4 Baseline Report.csv", False, False),
    ],
)
def test_files_are_known_by_the_end_of_their_name(
    name: str, *, hospitals: bool, isolation: bool
) -> None:
    assert (SOURCE.takes(name), TTMF.takes(name)) == (hospitals, isolation)


def loaded(store: Store, settings: Settings, path: Path, at: datetime) -> Beds:
    """Load a real file whole; return what is known then."""
    report = load(store, settings, SOURCE, [path], fetched_at=at, at=at)[0]
    assert report.rows_read == report.rows_accepted + report.rows_rejected + report.rows_duplicate
    assert (report.rows_rejected, report.rows_duplicate, report.flags) == (0, 0, {})
    with store.read() as connection:
        table = fact_table("capacity")
        found = read_columns(connection, known_at(table, SOURCE.source_id, at))
    names = list(found)
    rows = [dict(zip(names, values, strict=True)) for values in zip(*found.values(), strict=True)]
    return {(r["bed_type"], r["area"], r["ref_date"]): r for r in rows}


def check(
    found: Beds, frame: pd.DataFrame, area: dict[str, str], columns: dict[str, list[str]]
) -> None:
    """Compare all sums of a file with those of pandas."""
    expected = registered(frame, area)
    for kind, (occupied, vacant) in {
        kind: ([f"{c}_o" for c in stems], [f"{c}_v" for c in stems])
        for kind, stems in columns.items()
    }.items():
        mine = {(a, d): f for (k, a, d), f in found.items() if k == kind}
        assert {key: fact["facilities_registered"] for key, fact in mine.items()} == expected
        sums = {k: (f["occupied"], f["total"]) for k, f in mine.items() if f["total"] is not None}
        assert sums == totals(frame, area, occupied, vacant)


@pytest.mark.parametrize("day", ["20200414", "20200415", "20200416"])
def test_real_files_of_april_2020_are_summed_as_pandas_sums_them(
    store: Store, settings: Settings, shared: Path, day: str
) -> None:
    folder = shared / "data" / "doh_datadrop_2020-04" / day
    path = folder / f"DOH COVID Data Drop_ {day} - 05 DOH Data Collect - Daily Report.csv"
    at = published_at(path)
    assert at is not None
    found = loaded(store, settings, path, at)
    frame = pd.read_csv(path)
    frame["day"] = pd.to_datetime(frame["reportdate"])
    frame["facility"] = frame["hfhudcode"].fillna(frame["cfname"])
    area = dict.fromkeys(frame["facility"], UNKNOWN)
    check(
        found, frame, area,
        {
            "icu": ["icu_np", "icu_wnp"], "isolation": ["isolbed"],
            "ward": ["beds_ward"], "ventilator": ["mechvent"],
        },
    )  # fmt: skip


def test_the_real_file_of_2021_is_summed_as_pandas_sums_it(
    store: Store, settings: Settings, shared: Path
) -> None:
    path = shared / "data" / "doh_hospital_2021" / "doh_hospital_beds_facility_day.csv"
    found = loaded(store, settings, path, datetime(2021, 4, 15, 8, tzinfo=UTC))
    frame = pd.read_csv(path)
    frame["day"] = pd.to_datetime(frame["report_date"])
    frame["facility"] = frame[["cfname", "region", "province", "city_mun"]].agg("|".join, axis=1)
    frame["area"] = areas_of(frame)
    area = dict(zip(frame["facility"], frame["area"], strict=True))
    check(
        found, frame, area,
        {
            "icu": ["icu"], "isolation": ["isolbed"],
            "ward": ["beds_ward"], "ventilator": ["mechvent"],
        },
    )  # fmt: skip
    areas, on = load_areas(), date(2021, 4, 12)
    capital = [
        fact for (kind, code, day), fact in found.items()
        if day == str(on) and kind != "ventilator" and areas.region_of(code, on) == NCR
    ]  # fmt: skip
    text = frame["region"].str.contains("NCR") & frame["report_date"].eq(str(on))
    assert sum(f["total"] for f in capital) == frame[text].filter(regex="icu|bed").sum().sum()
    # Intensive care, and intensive care with isolation and ward beds, as printed of that day.
    for kinds, percent in (({"icu"}, 85.3), ({"icu", "isolation", "ward"}, 66.3)):
        chosen = [fact for fact in capital if fact["bed_type"] in kinds]
        rate = sum(f["occupied"] for f in chosen) / sum(f["total"] for f in chosen)
        assert round(100 * rate, 1) == percent
