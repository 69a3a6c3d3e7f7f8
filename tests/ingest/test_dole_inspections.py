"""DOLE inspections: what is kept, what is left out, and that every row is accounted for."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingest.batch import Batch
from ingest.demo import generate, read_manifest
from ingest.load import load
from ingest.sources.dole.inspections import COLUMNS, SOURCE, STAYS_IN_SNAPSHOT
from kms.config import ROOT, Settings
from kms.domain.intake import FIELD, ROW, Parsed
from kms.errors import ContractError
from kms.reference import load_matcher, load_sectors
from kms.store.engine import Store
from kms.store.facts import arrow_schema, fact_table, known_at, read_columns
from kms.store.vintages import vintages

SAMPLE = ROOT / "data" / "sample" / "dole_inspections_20260126.csv"
PUBLISHED = datetime(2026, 1, 26, 8, 0, tzinfo=UTC)
GOOD = {
    "inspection_id": "INS-1",
    "establishment_id": "EST-1",
    "establishment_name": "Trial Bakery",
    "region": "Region VII: Central Visayas",
    "province": "CEBU",
    "city_municipality": "CEBU CITY",
    "psgc": "0730600000",
    "psic": "10711",
    "workers_male": "12",
    "workers_female": "19",
    "risk_class": "medium",
    "mode": "LI",
    "trigger": "routine",
    "visit": "first",
    "date_opened": "2025-11-04",
    "date_closed": "2026-01-12",
    "regional_office": "DOLE RO VII",
    "inspector": "INSP-07-01",
    "item_code": "OSH-01",
    "item_title": "Registered with the DOLE regional office",
    "legal_item": "DO 198-18 s.29",
    "applicable": "YES",
    "compliant_initial": "NO",
    "compliant_after": "YES",
    "corrected_on": "2025-12-01",
    "severity_weight": "0.4",
}
Row = dict[str, str]


def row(**changes: str) -> Row:
    """Return a good row with some cells changed."""
    return GOOD | changes


def item(code: str, **changes: str) -> Row:
    """Return a good row of another item of the same inspection."""
    return row(item_code=code, **changes)


def write(folder: Path, rows: Sequence[Row], header: Sequence[str] = tuple(GOOD)) -> Path:
    """Write rows as the layout has them."""
    path = folder / "dole_inspections_20260126.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def parse(folder: Path, *rows: Row) -> Parsed:
    """Write and read rows, and check what holds of every file."""
    return parse_file(write(folder, rows), folder, len(rows))


def parse_file(path: Path, folder: Path, rows: int) -> Parsed:
    """Read a file, and check that every row is accounted for."""
    parsed = SOURCE.parse(Batch(SOURCE.source_id, (path,), PUBLISHED, folder / "tmp"))
    assert parsed.rows_read == rows
    assert sum(parsed.counts(ROW).values()) == parsed.rows_rejected
    assert parsed.rows_accepted == parsed.facts["inspection_item"].num_rows
    for name, content in parsed.facts.items():
        assert content.schema == arrow_schema(fact_table(name))
    return parsed


def inspections(parsed: Parsed) -> list[dict[str, Any]]:
    """Return the inspections in order of their number."""
    found: list[dict[str, Any]] = parsed.facts["inspection"].to_pylist()
    return sorted(found, key=lambda visit: str(visit["inspection_id"]))


def items(parsed: Parsed) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the items by inspection and code."""
    rows = parsed.facts["inspection_item"].to_pylist()
    return {(row["inspection_id"], row["item_code"]): row for row in rows}


def test_a_good_row_becomes_one_inspection_and_one_item(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row())
    assert parsed.fault_counts == {}
    assert inspections(parsed) == [
        {
            "inspection_id": "INS-1",
            "establishment_id": "EST-1",
            "area": "0730600000",
            "sector": "C",
            "workers_male": 12,
            "workers_female": 19,
            "size_class": "small",
            "risk_class": "medium",
            "mode": "LI",
            "trigger": "routine",
            "visit": "first",
            "opened_on": "2025-11-04",
            "closed_on": "2026-01-12",
            "regional_office": "DOLE RO VII",
            "inspector": "INSP-07-01",
        }
    ]
    assert parsed.facts["inspection_item"].to_pylist() == [
        {
            "inspection_id": "INS-1",
            "item_code": "OSH-01",
            "applicable": True,
            "compliant_initial": False,
            "compliant_after": True,
            "corrected_on": "2025-12-01",
            "severity_weight": 0.4,
        }
    ]


LEFT_OUT: list[tuple[Row, str, str]] = [
    ({"inspection_id": " "}, "required", "inspection_id"),
    ({"inspection_id": "I" * 61}, "bad_text", "inspection_id"),
    ({"inspection_id": "INS\u202e-2"}, "bad_text", "inspection_id"),
    ({"item_code": ""}, "required", "item_code"),
    ({"item_code": "OSH\u200b-01"}, "bad_text", "item_code"),
    ({"date_opened": ""}, "required", "date_opened"),
    ({"date_opened": "2025-02-30"}, "date_unreadable", "date_opened"),
    ({"date_opened": "45678"}, "date_unreadable", "date_opened"),
    ({"date_opened": "2026-01-27"}, "date_future", "date_opened"),
    ({"date_opened": "2009-12-31"}, "date_out_of_range", "date_opened"),
    ({name: name for name in GOOD}, "repeated_header", "date_opened"),
]
BLANKED_VISIT: list[tuple[Row, str, str]] = [
    ({"establishment_id": ""}, "required", "establishment_id"),
    ({"establishment_id": "Trial Bakery"}, "not_a_code", "establishment_id"),
    ({"inspector": "Trial Person"}, "not_a_code", "inspector"),
    ({"inspector": "9" * 41}, "bad_text", "inspector"),
    ({"regional_office": "DOLE\u200fVII"}, "bad_text", "regional_office"),
    ({"psic": "00123"}, "sector_unknown", "psic"),
    ({"psic": "99999"}, "sector_unknown", "psic"),
    ({"psic": "1"}, "sector_unknown", "psic"),
    ({"psic": "Z"}, "sector_unknown", "psic"),
    ({"psic": "bakery"}, "sector_unknown", "psic"),
    ({"workers_male": "-3"}, "number_negative", "workers_male"),
    ({"workers_male": "2.5"}, "number_not_whole", "workers_male"),
    ({"workers_male": "1,234"}, "number_unreadable", "workers_male"),
    ({"workers_male": "nan"}, "number_unreadable", "workers_male"),
    ({"workers_female": "1e400"}, "number_out_of_range", "workers_female"),
    ({"workers_female": "900000"}, "number_out_of_range", "workers_female"),
    ({"workers_male": "0", "workers_female": "0"}, "workers_zero", "workers_male"),
    ({"risk_class": "extreme"}, "value_unknown", "risk_class"),
    ({"mode": "visit"}, "value_unknown", "mode"),
    ({"trigger": "tip"}, "value_unknown", "trigger"),
    ({"visit": "second"}, "value_unknown", "visit"),
    ({"date_closed": "2025-11-03"}, "before_date_opened", "date_closed"),
    ({"date_closed": "2026-02-01"}, "date_future", "date_closed"),
    ({"date_closed": "soon"}, "date_unreadable", "date_closed"),
]
BLANKED_ITEM: list[tuple[Row, str, str]] = [
    ({"applicable": ""}, "required", "applicable"),
    ({"applicable": "maybe"}, "value_unknown", "applicable"),
    ({"compliant_initial": "1"}, "value_unknown", "compliant_initial"),
    ({"compliant_after": "partly"}, "value_unknown", "compliant_after"),
    (
        {"compliant_initial": "YES", "compliant_after": "NO"},
        "after_worse",
        "compliant_after",
    ),
    (
        {"applicable": "NO", "compliant_after": ""},
        "answer_not_applicable",
        "compliant_initial",
    ),
    ({"corrected_on": "2025-11-03"}, "before_date_opened", "corrected_on"),
    ({"corrected_on": "2026-01-27"}, "date_future", "corrected_on"),
    ({"severity_weight": "-1"}, "number_negative", "severity_weight"),
    ({"severity_weight": "50000"}, "number_out_of_range", "severity_weight"),
    ({"severity_weight": "high"}, "number_unreadable", "severity_weight"),
    ({"item_code": "OSH-99"}, "item_unknown", "item_code"),
]


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Parsed:
    """Return what became of a file in which every row has one thing wrong."""
    cases = [changes for changes, _, _ in (*LEFT_OUT, *BLANKED_VISIT, *BLANKED_ITEM)]
    rows = [row(inspection_id=f"INS-{n}") | changes for n, changes in enumerate(cases)]
    return parse(tmp_path_factory.mktemp("bad"), *rows)


def cases(first: int, found: list[tuple[Row, str, str]]) -> list[tuple[int, str, str]]:
    """Return the number of each bad row and its fault."""
    return [(first + n, code, column) for n, (_, code, column) in enumerate(found)]


def test_each_fault_is_counted_where_it_stands(bad: Parsed) -> None:
    expected = [(ROW, *case) for case in cases(0, LEFT_OUT)]
    expected += [(FIELD, *case) for case in cases(len(LEFT_OUT), BLANKED_VISIT + BLANKED_ITEM)]
    found = [(f.grade, f.record - 1, f.code, f.field) for f in bad.faults]
    assert sorted(found) == sorted(expected)


def test_a_row_that_cannot_count_is_left_out(bad: Parsed) -> None:
    assert bad.rows_rejected == len(LEFT_OUT)
    kept = {visit["inspection_id"] for visit in inspections(bad)}
    assert not kept & {f"INS-{n}" for n in range(len(LEFT_OUT))}


@pytest.mark.parametrize(("number", "code", "column"), cases(len(LEFT_OUT), BLANKED_VISIT))
def test_a_wrong_field_of_an_inspection_is_blanked(
    bad: Parsed, number: int, code: str, column: str
) -> None:
    (visit,) = (v for v in inspections(bad) if v["inspection_id"] == f"INS-{number}")
    fact = {"psic": "sector", "date_closed": "closed_on"}.get(column, column)
    assert visit[fact] is None
    assert sum(value is None for value in visit.values()) == {
        "workers_zero": 3,  # both counts and the size
    }.get(code, 2 if column.startswith("workers") else 1)


@pytest.mark.parametrize(
    ("number", "code", "column"), cases(len(LEFT_OUT) + len(BLANKED_VISIT), BLANKED_ITEM)
)
def test_a_wrong_field_of_an_item_is_blanked(
    bad: Parsed, number: int, code: str, column: str
) -> None:
    (found,) = (item for key, item in items(bad).items() if key[0] == f"INS-{number}")
    assert (found[column] is None) == (code != "item_unknown")


def test_blank_optional_fields_are_no_faults(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        row(
            psic="", workers_male="", workers_female="", risk_class="", mode="", trigger="",
            visit="", date_closed="", regional_office="", inspector="", compliant_initial="",
            compliant_after="", corrected_on="", severity_weight="", region="", province="",
            city_municipality="", psgc="",
        ),
    )  # fmt: skip
    assert parsed.fault_counts == {}
    assert inspections(parsed)[0]["area"] == "nonplace:unknown"
    assert inspections(parsed)[0]["size_class"] is None


@pytest.mark.parametrize(
    ("male", "female", "size"),
    [("0", "1", "micro"), ("4.0", "5", "micro"), ("5", "5", "small"), ("99", "", None),
     ("99", "1", "medium"), ("500000", "500000", "large")],
)  # fmt: skip
def test_the_size_comes_from_all_workers(
    tmp_path: Path, male: str, female: str, size: str | None
) -> None:
    parsed = parse(tmp_path, row(workers_male=male, workers_female=female))
    assert inspections(parsed)[0]["size_class"] == size


def test_no_workers_at_all_blanks_both_and_is_marked_once(tmp_path: Path) -> None:
    visit = inspections(parse(tmp_path, row(workers_male="0", workers_female="0")))[0]
    assert (visit["workers_male"], visit["workers_female"], visit["size_class"]) == (None,) * 3


@pytest.mark.parametrize(
    ("codes", "sections"),
    [
        (("01220", "1220"), ["A", None]),  # the second lost its zero: 12 is tobacco
        (("0122", "122"), ["A", None]),
        (("1220", "12"), ["C", "C"]),
        (("a", "F"), ["A", "F"]),
    ],
)
def test_an_industry_that_lost_its_zero_is_not_read_as_another(
    tmp_path: Path, codes: tuple[str, str], sections: list[str | None]
) -> None:
    rows = [row(inspection_id=f"INS-{n}", psic=code) for n, code in enumerate(codes)]
    assert [visit["sector"] for visit in inspections(parse(tmp_path, *rows))] == sections


def test_an_odd_place_is_flagged_and_never_guessed(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        row(inspection_id="INS-1", city_municipality="Nowhere", psgc=""),
        row(inspection_id="INS-2", psgc="1381000000"),
    )
    assert [visit["area"] for visit in inspections(parsed)] == ["0702200000", "0730600000"]
    assert parsed.counts(FIELD) == {"place_code_conflict": 1, "place_unknown": 1}


def test_words_are_read_in_any_case_and_stored_in_one(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row(mode="li", risk_class="MEDIUM", applicable="Yes"))
    assert parsed.fault_counts == {}
    assert (inspections(parsed)[0]["mode"], inspections(parsed)[0]["risk_class"]) == (
        "LI",
        "medium",
    )


def test_copies_of_an_item_count_once(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row(), row(), row(item_title="Registered"), item("OSH-02"))
    assert (parsed.rows_duplicate, parsed.rows_accepted) == (2, 2)
    assert parsed.fault_counts == {}


def test_rows_that_contradict_each_other_are_all_left_out(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row(), row(), row(compliant_initial="YES"), item("OSH-02"))
    assert parsed.fault_counts == {(ROW, "key_conflict", "item_code"): 2}
    assert (parsed.rows_rejected, parsed.rows_duplicate) == (2, 1)
    assert list(items(parsed)) == [("INS-1", "OSH-02")]


def test_the_first_row_speaks_for_an_inspection(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        row(date_opened="2026-02-31", workers_male="7"),  # rejected: it does not speak
        item("OSH-02"),
        item("OSH-03", workers_male="13", date_closed=""),
        item("OSH-04", city_municipality="MANDAUE CITY", psgc=""),
    )
    assert inspections(parsed)[0]["workers_male"] == 12
    assert inspections(parsed)[0]["closed_on"] == "2026-01-12"
    assert {key: n for key, n in parsed.fault_counts.items() if key[0] == FIELD} == {
        (FIELD, "inspection_inconsistent", "workers_male"): 1,
        (FIELD, "inspection_inconsistent", "date_closed"): 1,
        (FIELD, "inspection_inconsistent", "psgc"): 1,
    }


def test_lines_of_another_width_are_left_out_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path, [row(), item("OSH-02")])
    with path.open("a", encoding="utf-8") as file:
        file.write("INS-9,too,short\n")
    parsed = parse_file(path, tmp_path, 3)
    assert parsed.fault_counts == {(ROW, "bad_width", ""): 1}


def test_days_and_months_exchanged_refuse_the_file(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="'date_closed' fit only with day and month exchanged"):
        parse(tmp_path, row(date_closed="2026-13-01"))


def test_a_missing_column_refuses_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, [row()], [name for name in GOOD if name != "psic"])
    with pytest.raises(ContractError, match="column 'psic' is missing"):
        parse_file(path, tmp_path, 1)


def test_names_of_establishments_are_neither_needed_nor_stored(tmp_path: Path) -> None:
    assert set(COLUMNS.all_names) == set(GOOD) - set(STAYS_IN_SNAPSHOT)
    parsed = parse(tmp_path, row(establishment_id="Trial Bakery", inspector="Trial Person"))
    said = f"{parsed.facts['inspection'].to_pylist()} {parsed.facts['inspection_item'].to_pylist()}"
    assert "Trial" not in f"{said} {parsed.faults} {parsed.fault_counts}"
    path = write(tmp_path, [row()], [name for name in GOOD if name not in STAYS_IN_SNAPSHOT])
    assert parse_file(path, tmp_path, 1).rows_accepted == 1


@hypothesis_settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                row(), row(compliant_initial="YES"), item("OSH-02"), item("OSH-02", mode="TAV"),
                row(inspection_id=""), row(date_opened="x"), item("", date_opened="x"),
                row(inspection_id="INS-2", compliant_initial="YES", compliant_after="NO"),
                row(inspection_id="INS-2", compliant_initial="YES", compliant_after=""),
            ]
        ),
        min_size=1,
        max_size=12,
    )
)  # fmt: skip
def test_every_row_ends_in_one_place(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    parsed = parse(tmp_path_factory.mktemp("rows"), *rows)
    assert len(items(parsed)) == parsed.rows_accepted
    assert {key[0] for key in items(parsed)} == {v["inspection_id"] for v in inspections(parsed)}


@pytest.fixture(scope="module")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    generate(folder, scale=0.05)
    releases = [r for r in read_manifest(folder).releases if r.source_id == SOURCE.source_id]
    return folder / releases[-1].path


def test_items_met_by_section_agree_with_an_independent_count(
    demo_file: Path, tmp_path: Path
) -> None:
    frame = pd.read_csv(demo_file, dtype=str, keep_default_na=False)
    parsed = SOURCE.parse(
        Batch(SOURCE.source_id, (demo_file,), datetime(2026, 10, 26, 8, tzinfo=UTC), tmp_path)
    )
    ours = pd.DataFrame(parsed.facts["inspection_item"].to_pylist()).merge(
        pd.DataFrame(parsed.facts["inspection"].to_pylist()), on="inspection_id"
    )
    opened = pd.to_datetime(frame["date_opened"], format="%Y-%m-%d", errors="coerce")
    theirs = frame[opened.notna()].drop_duplicates(["inspection_id", "item_code"])
    sections = load_sectors().sectors
    theirs = theirs[theirs["psic"].ne("99999")]
    theirs = theirs.assign(section=[sections[code[:2]].section for code in theirs["psic"]])
    met = theirs[theirs["compliant_initial"].eq("YES")].groupby("section").size().to_dict()
    asked = theirs[theirs["applicable"].eq("YES")].groupby("section").size().to_dict()
    yes = pd.Series([True] * len(ours))
    assert ours[ours["compliant_initial"].eq(yes)].groupby("sector").size().to_dict() == met
    assert ours[ours["applicable"].eq(yes)].groupby("sector").size().to_dict() == asked
    assert parsed.rows_read == len(frame)
    assert parsed.rows_rejected == int(opened.isna().sum())
    assert not any(code.startswith("place_") for code in parsed.counts(FIELD))


def test_areas_of_the_demonstration_are_its_codes(demo_file: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(demo_file, dtype=str, keep_default_na=False)
    parsed = SOURCE.parse(
        Batch(SOURCE.source_id, (demo_file,), datetime(2026, 10, 26, 8, tzinfo=UTC), tmp_path)
    )
    code = frame.groupby("inspection_id")["psgc"].first().to_dict()
    matcher = load_matcher()
    for visit in inspections(parsed):
        assert visit["area"] == matcher.area_of_code(code[visit["inspection_id"]])


def test_loading_twice_changes_nothing(store: Store, settings: Settings) -> None:
    first, second = (
        load(store, settings, SOURCE, [SAMPLE], fetched_at=PUBLISHED)[0] for _ in range(2)
    )
    assert (first.status, second.status) == ("accepted", "unchanged")
    assert first.rows_accepted == 39
    assert second.rows_changed == 0
    with store.read() as connection:
        assert len(vintages(connection)) == 1
        table = fact_table("inspection")
        known = read_columns(connection, known_at(table, SOURCE.source_id, PUBLISHED))
    assert sorted(known["inspection_id"]) == [f"SAMPLE-000{n}" for n in range(1, 5)]
    assert sorted(known["sector"]) == ["C", "C", "F", "G"]


def test_a_file_with_too_many_bad_rows_is_refused_as_a_whole(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    path = write(tmp_path, [row(date_opened="x"), *(item(f"OSH-0{n}") for n in range(1, 9))])
    with pytest.raises(ContractError, match="1 of 9 rows cannot be used"):
        load(store, settings, SOURCE, [path], fetched_at=PUBLISHED)
    with store.read() as connection:
        assert vintages(connection) == []
