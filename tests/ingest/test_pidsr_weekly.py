"""Weekly notifiable diseases: zero is no blank, weeks are PIDSR's, nothing is counted twice."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingest.batch import Batch
from ingest.load import load
from ingest.reading.matching import diseases
from ingest.sources.doh.pidsr_weekly import COLUMNS, SOURCE
from kms.config import ROOT, Settings
from kms.domain.intake import FIELD, ROW, Parsed
from kms.reference import load_diseases
from kms.store.engine import Store
from kms.store.facts import arrow_schema, fact_table

SAMPLE = ROOT / "data" / "sample" / "pidsr_weekly_20260126.csv"
PUBLISHED = datetime(2026, 1, 26, 8, tzinfo=UTC)  # Monday of week 4
GOOD = {
    "disease": "Dengue",
    "morbidity_year": "2026",
    "morbidity_week": "2",
    "region": "Region VII: Central Visayas",
    "province": "CEBU",
    "city_municipality": "TALISAY CITY",
    "psgc": "",
    "cases": "12",
    "confirmed": "5",
    "deaths": "1",
}
TALISAY, CEBU_CITY, CEBU, REGION = "0702250000", "0730600000", "0702200000", "0700000000"
NCR, COUNTRY, UNKNOWN = "1300000000", "0000000000", "nonplace:unknown"
Row = dict[str, str]
Fact = tuple[str, str, str, str, str]  # disease, classification, basis, area, first day


def row(**changes: str) -> Row:
    """Return a good row with some cells changed."""
    return GOOD | changes


def at(city: str, cases: str, *, province: str = "CEBU", region: str = GOOD["region"]) -> Row:
    """Return a row of another place, with cases only."""
    place = {"region": region, "province": province, "city_municipality": city}
    return row(**place, cases=cases, confirmed="", deaths="")


def write(folder: Path, rows: Sequence[Row]) -> Path:
    """Write rows as the layout has them."""
    path = folder / SAMPLE.name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(GOOD))
        writer.writeheader()
        writer.writerows(rows)
    return path


def parse(folder: Path, *rows: Row) -> Parsed:
    """Write and read rows, and check what holds of every file."""
    path = write(folder, rows)
    parsed = SOURCE.parse(Batch(SOURCE.source_id, (path,), PUBLISHED, folder / "tmp"))
    assert parsed.rows_read == len(rows)
    assert sum(parsed.counts(ROW).values()) == parsed.rows_rejected
    assert parsed.facts["case_count"].schema == arrow_schema(fact_table("case_count"))
    return parsed


def facts(parsed: Parsed) -> dict[Fact, int]:
    """Return the counts by what they are of."""
    rows = parsed.facts["case_count"].to_pylist()
    assert all(row["grain"] == "week" for row in rows)
    found = {
        (r["disease"], r["classification"], r["basis"], r["area"], r["ref_date"]): r["cases"]
        for r in rows
    }
    assert len(found) == len(rows)
    return found


def cases_by_area(parsed: Parsed) -> dict[str, int]:
    """Return all cases by area."""
    totals: Counter[str] = Counter()
    for (_, classification, basis, area, _), cases in facts(parsed).items():
        if (classification, basis) == ("all", "report"):
            totals[area] += cases
    return dict(totals)


def test_a_good_row_gives_all_cases_those_confirmed_and_deaths(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row())
    assert parsed.fault_counts == {}
    assert facts(parsed) == {
        ("dengue", "all", "report", TALISAY, "2026-01-11"): 12,
        ("dengue", "confirmed", "report", TALISAY, "2026-01-11"): 5,
        ("dengue", "all", "death", TALISAY, "2026-01-11"): 1,
    }


def test_zero_is_kept_and_a_blank_is_nothing(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        row(morbidity_week="1", cases="0", confirmed="0", deaths="0"),
        row(morbidity_week="2", cases="", confirmed="", deaths=""),
        row(morbidity_week="3", cases="0", confirmed="", deaths=""),
    )
    assert parsed.rows_accepted == 3
    assert parsed.fault_counts == {(FIELD, "required", "cases"): 1}
    found = facts(parsed)
    assert set(found.values()) == {0}
    assert Counter(day for *_, day in found) == {"2026-01-04": 3, "2026-01-18": 1}


LEFT_OUT: list[tuple[Row, str, str]] = [
    ({"disease": ""}, "required", "disease"),
    ({"disease": "Cholera"}, "value_unknown", "disease"),
    ({"disease": "Dengue-like illness"}, "value_unknown", "disease"),
    ({"morbidity_year": ""}, "required", "morbidity_year"),
    ({"morbidity_year": "26"}, "number_out_of_range", "morbidity_year"),
    ({"morbidity_year": "20266"}, "number_out_of_range", "morbidity_year"),
    ({"morbidity_week": ""}, "required", "morbidity_week"),
    ({"morbidity_week": "two"}, "number_unreadable", "morbidity_week"),
    ({"morbidity_week": "0"}, "number_out_of_range", "morbidity_week"),
    ({"morbidity_week": "54"}, "number_out_of_range", "morbidity_week"),
    ({"morbidity_week": "-2"}, "number_negative", "morbidity_week"),
    ({"morbidity_week": "1.5"}, "number_not_whole", "morbidity_week"),
    ({"morbidity_year": "2026", "morbidity_week": "5"}, "date_future", "morbidity_week"),
    ({"morbidity_year": "2027", "morbidity_week": "1"}, "date_future", "morbidity_week"),
    (
        {"morbidity_year": "2024", "morbidity_week": "53"},
        "number_out_of_range",
        "morbidity_week",
    ),
    ({name: name for name in GOOD}, "repeated_header", "region"),
    ({"region": "TOTAL", "province": "", "city_municipality": ""}, "summary_row", "region"),
]
BLANKED: list[tuple[Row, str, str]] = [
    ({"cases": ""}, "required", "cases"),
    ({"cases": "-1"}, "number_negative", "cases"),
    ({"cases": "few"}, "number_unreadable", "cases"),
    ({"cases": "1.5"}, "number_not_whole", "cases"),
    ({"cases": "2000000"}, "number_out_of_range", "cases"),
    ({"confirmed": "13"}, "part_exceeds_whole", "confirmed"),
    ({"confirmed": "-"}, "number_unreadable", "confirmed"),
    ({"deaths": "13"}, "part_exceeds_whole", "deaths"),
    ({"deaths": "nan"}, "number_unreadable", "deaths"),
]


def numbered(found: list[tuple[Row, str, str]]) -> list[Row]:
    """Return each row with one thing wrong, in a week of its own unless that is what is wrong."""
    rows = [row(morbidity_year="2020", morbidity_week=f"{n + 1}") for n in range(len(found))]
    return [good | changes for good, (changes, _, _) in zip(rows, found, strict=True)]


@pytest.mark.parametrize(("grade", "wrong"), [(ROW, LEFT_OUT), (FIELD, BLANKED)])
def test_each_fault_is_counted_where_it_stands(
    tmp_path: Path, grade: str, wrong: list[tuple[Row, str, str]]
) -> None:
    parsed = parse(tmp_path, *numbered(wrong))
    expected = [(grade, n, code, column) for n, (_, code, column) in enumerate(wrong, 1)]
    found = [(f.grade, f.record, f.code, f.field) for f in parsed.faults]
    assert sorted(found, key=lambda f: f[1]) == expected
    assert parsed.rows_rejected == (len(wrong) if grade == ROW else 0)


@pytest.mark.parametrize("column", ["cases", "confirmed", "deaths"])
def test_a_blanked_number_leaves_the_others(tmp_path: Path, column: str) -> None:
    good = {"cases": 12, "confirmed": 5, "deaths": 1}
    found = facts(parse(tmp_path, row() | {column: "-1"}))
    assert sorted(found.values()) == sorted(n for name, n in good.items() if name != column)


def test_more_confirmed_or_dead_than_cases_blanks_those(tmp_path: Path) -> None:
    found = facts(parse(tmp_path, row(cases="3", confirmed="4", deaths="9")))
    assert list(found.values()) == [3]


@pytest.mark.parametrize(
    ("year", "week", "sunday"),
    [
        ("2025", "53", "2025-12-28"),
        ("2026", "1", "2026-01-04"),
        ("2026", "4", "2026-01-25"),  # of the day of publication
        ("2020", "53", "2020-12-27"),
        ("2020", "1", "2019-12-29"),
        ("2026.0", "02", "2026-01-11"),  # as spreadsheets write it
    ],
)
def test_weeks_begin_on_their_sunday(tmp_path: Path, year: str, week: str, sunday: str) -> None:
    found = facts(parse(tmp_path, row(morbidity_year=year, morbidity_week=week)))
    assert {day for *_, day in found} == {sunday}


@pytest.mark.parametrize(
    ("text", "disease"),
    [
        ("dengue", "dengue"), ("DENGUE FEVER", "dengue"), ("A90", "dengue"),
        ("Influenza-like Illness (ILI)", "influenza"), ("ILI", "influenza"),
        ("Trangkaso", "influenza"), ("measles", "measles"), ("Tigdas", "measles"),
        ("Leptospirosis", "leptospirosis"), ("Weil\u2019s disease", "leptospirosis"),
        ("COVID 19", "covid19"), ("covid19", "covid19"), ("u07.1", "covid19"),
    ],
)  # fmt: skip
def test_diseases_are_known_by_names_and_codes(tmp_path: Path, text: str, disease: str) -> None:
    assert {d for d, *_ in facts(parse(tmp_path, row(disease=text)))} == {disease}


def test_every_disease_of_the_reference_is_read(tmp_path: Path) -> None:
    rows = [row(disease=disease.name("fil")) for disease in load_diseases().values()]
    assert {d for d, *_ in facts(parse(tmp_path, *rows))} == set(load_diseases())


def test_a_spelling_of_two_diseases_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    known = load_diseases()
    wrong = known | {"dengue": replace(known["dengue"], codes={"icd10": ("B05",)})}
    monkeypatch.setattr(diseases, "load_diseases", lambda: wrong)
    with pytest.raises(ValueError, match=r"measles\.toml: 'B05' also means dengue; take it out"):
        diseases.spellings.__wrapped__()


REGION_ROW, CEBU_ROW = at("", "50", province=""), at("", "20")
TALISAY_ROW, CEBU_CITY_ROW = at("TALISAY CITY", "7"), at("CEBU CITY", "9")
ODD_TOWN, NO_TOWN = at("Nowhere", "3"), at("Unknown", "2")
QUEZON = at("QUEZON CITY", "6", province="NCR", region="NCR")


@pytest.mark.parametrize(
    ("rows", "left", "not_believed"),
    [
        ([CEBU_ROW], {CEBU: 20}, 0),
        ([CEBU_ROW, TALISAY_ROW], {CEBU: 13, TALISAY: 7}, 0),
        ([TALISAY_ROW, CEBU_ROW, CEBU_CITY_ROW], {CEBU: 13, TALISAY: 7, CEBU_CITY: 9}, 0),
        # Towns that say all of it leave nothing, those that say more are believed.
        ([at("", "7"), TALISAY_ROW], {TALISAY: 7}, 0),
        ([at("", "6"), TALISAY_ROW], {TALISAY: 7}, 1),
        ([at("", "0"), TALISAY_ROW], {TALISAY: 7}, 1),
        ([REGION_ROW, at("", "6"), TALISAY_ROW], {REGION: 43, TALISAY: 7}, 1),
        # A highly urbanised city reports beside its province.
        ([CEBU_ROW, CEBU_CITY_ROW], {CEBU: 20, CEBU_CITY: 9}, 0),
        ([CEBU_ROW, at("", "9", province="CEBU CITY")], {CEBU: 20, CEBU_CITY: 9}, 0),
        ([REGION_ROW], {REGION: 50}, 0),
        ([REGION_ROW, CEBU_CITY_ROW], {REGION: 41, CEBU_CITY: 9}, 0),
        ([REGION_ROW, CEBU_ROW], {REGION: 30, CEBU: 20}, 0),
        ([REGION_ROW, CEBU_ROW, TALISAY_ROW], {REGION: 30, CEBU: 13, TALISAY: 7}, 0),
        ([TALISAY_ROW, CEBU_ROW, CEBU_CITY_ROW, REGION_ROW],
         {REGION: 21, CEBU: 13, TALISAY: 7, CEBU_CITY: 9}, 0),
        ([REGION_ROW, QUEZON], {REGION: 50, "1381300000": 6}, 0),
        ([at("", "90", province="", region="NCR"), QUEZON], {NCR: 84, "1381300000": 6}, 0),
        ([at("", "90", province="NCR", region="NCR"), QUEZON], {NCR: 84, "1381300000": 6}, 0),
        ([at("", "999", province="", region="Philippines"), QUEZON],
         {COUNTRY: 993, "1381300000": 6}, 0),
        ([at("", "999", province="", region="Philippines")], {COUNTRY: 999}, 0),
        ([at("", "999", province="", region="Philippines"), at("", "1", province="", region="")],
         {COUNTRY: 998, UNKNOWN: 1}, 0),
        # Towns that are not known are parts of their province, too, and not each other.
        ([CEBU_ROW, ODD_TOWN], {CEBU: 20}, 0),
        ([ODD_TOWN, NO_TOWN, TALISAY_ROW], {CEBU: 5, TALISAY: 7}, 0),
        ([REGION_ROW, at("Nowhere", "4", province="")], {REGION: 50}, 0),
        # A town that did not report is no part.
        ([CEBU_ROW, at("TALISAY CITY", "")], {CEBU: 20}, 0),
        ([CEBU_ROW, at("TALISAY CITY", "0")], {CEBU: 20, TALISAY: 0}, 0),
        # Other weeks and diseases may be at another level.
        ([CEBU_ROW, TALISAY_ROW | {"morbidity_week": "1"}], {CEBU: 20, TALISAY: 7}, 0),
        ([CEBU_ROW, TALISAY_ROW | {"disease": "Measles"}], {CEBU: 20, TALISAY: 7}, 0),
        # A row that is left out is no part.
        ([CEBU_ROW, TALISAY_ROW | {"disease": "Cholera"}], {CEBU: 20}, 0),
    ],
)  # fmt: skip
def test_a_total_beside_its_parts_counts_where_they_do_not(
    tmp_path: Path, rows: list[Row], left: dict[str, int], not_believed: int
) -> None:
    parsed = parse(tmp_path, *rows)
    assert cases_by_area(parsed) == left
    assert parsed.counts(FIELD).get("part_exceeds_whole", 0) == not_believed
    assert parsed.counts(ROW).get("summary_row", 0) == 0


def test_each_number_of_a_total_is_compared_by_itself(tmp_path: Path) -> None:
    whole = row(city_municipality="", cases="20", confirmed="9", deaths="0")
    parsed = parse(tmp_path, whole, row(cases="12", confirmed="", deaths="1"))
    assert parsed.fault_counts == {(FIELD, "part_exceeds_whole", "deaths"): 1}
    found = facts(parsed)
    assert {(area, kind, basis): n for (_, kind, basis, area, _), n in found.items()} == {
        (CEBU, "all", "report"): 8, (CEBU, "confirmed", "report"): 9,
        (TALISAY, "all", "report"): 12, (TALISAY, "all", "death"): 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "area", "flags"),
    [
        ({"psgc": "0730600000"}, TALISAY, {"place_code_conflict": 1}),
        ({"psgc": "PH072250000"}, TALISAY, {}),
        ({"psgc": "12"}, TALISAY, {"place_code_unknown": 1}),
        ({"city_municipality": "Nowhere"}, CEBU, {"place_unknown": 1}),
        ({"region": "", "province": "", "city_municipality": "", "psgc": CEBU}, CEBU, {}),
        ({"region": "", "province": "", "city_municipality": ""}, UNKNOWN, {}),
        ({"province": "Atlantis", "city_municipality": ""}, REGION, {"place_unknown": 1}),
    ],
)
def test_places_are_matched_and_never_guessed(
    tmp_path: Path, changes: Row, area: str, flags: dict[str, int]
) -> None:
    parsed = parse(tmp_path, row() | changes)
    assert cases_by_area(parsed) == {area: 12}
    assert parsed.counts(FIELD) == flags


def test_copies_count_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        row(),
        row(psgc="0702250000", cases="12.0"),  # the same, said otherwise
        row(morbidity_week="1"),
        row(morbidity_week="1", cases="13"),
        row(morbidity_week="3", deaths=""),
        row(morbidity_week="3", deaths="0"),
        row(morbidity_week="3", disease="Measles"),
    )
    assert (parsed.rows_duplicate, parsed.rows_rejected, parsed.rows_accepted) == (1, 4, 2)
    assert parsed.fault_counts == {(ROW, "key_conflict", "morbidity_week"): 4}
    assert {(d, day) for d, _, _, _, day in facts(parsed)} == {
        ("dengue", "2026-01-11"),
        ("measles", "2026-01-18"),
    }


def test_thousands_may_be_parted_by_commas(tmp_path: Path) -> None:
    found = facts(parse(tmp_path, row(cases="1,234", confirmed="1,000", deaths="0")))
    assert sorted(found.values()) == [0, 1000, 1234]


def test_the_sample_says_what_it_says(store: Store, settings: Settings) -> None:
    first, second = (
        load(store, settings, SOURCE, [SAMPLE], fetched_at=PUBLISHED)[0] for _ in range(2)
    )
    assert (first.status, second.status) == ("accepted", "unchanged")
    given = pd.read_csv(SAMPLE)
    assert first.changes["case_count"].cases == given["cases"].sum()  # confirmed ones are of them
    found = facts(
        SOURCE.parse(Batch(SOURCE.source_id, (SAMPLE,), PUBLISHED, settings.home / "tmp"))
    )
    totals = Counter[tuple[str, str]]()
    for (_, classification, basis, _, _), cases in found.items():
        totals[classification, basis] += cases
    assert totals == {
        ("all", "report"): given["cases"].sum(),
        ("confirmed", "report"): given["confirmed"].sum(),
        ("all", "death"): given["deaths"].sum(),
    }
    assert len(found) == given[["cases", "confirmed", "deaths"]].notna().sum().sum()
    assert set(given.columns) == set(COLUMNS.all_names)


def test_a_file_that_carries_totals_is_taken_in_once(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    path = write(tmp_path, [at("", "7"), TALISAY_ROW])
    (report,) = load(store, settings, SOURCE, [path], fetched_at=PUBLISHED)
    assert (report.rows_read, report.rows_accepted, report.rows_duplicate) == (2, 1, 1)


@hypothesis_settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                REGION_ROW, CEBU_ROW, TALISAY_ROW, CEBU_CITY_ROW, ODD_TOWN, NO_TOWN, QUEZON, row(),
                at("", "8", province="", region="Philippines"), at("TALISAY CITY", ""),
                row(disease="Cholera"), row(morbidity_week="60"), at("TALISAY CITY", "8"),
            ]
        ),
        min_size=1,
        max_size=10,
    )
)  # fmt: skip
def test_every_row_ends_in_one_place_and_no_case_counts_twice(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    parsed = parse(tmp_path_factory.mktemp("rows"), *rows)
    counted = cases_by_area(parsed)
    assert parsed.rows_accepted >= len(counted)
    # Of a total that is told once, the sum up the tree is its own figure, unless parts exceed it.
    in_cebu, regions = counted.get(CEBU, 0) + counted.get(TALISAY, 0), rows.count(REGION_ROW)
    if CEBU_ROW in rows:
        assert in_cebu == 20 if in_cebu <= 20 else "part_exceeds_whole" in parsed.counts(FIELD)
    if regions and "part_exceeds_whole" not in parsed.counts(FIELD):
        assert in_cebu + counted.get(CEBU_CITY, 0) + counted.get(REGION, 0) == 50
    assert parsed.rows_accepted + parsed.rows_rejected + parsed.rows_duplicate == len(rows)
