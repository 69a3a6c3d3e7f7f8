"""Tables read through a mapping: what counts, what is left out, and files of several issues."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from ingest.batch import Batch
from ingest.load import load
from ingest.source import Source
from ingest.sources.tidy.files import SOURCES, source_of_mapping
from ingest.sources.tidy.mapping_file import parse_mapping
from kms.config import ROOT, Settings
from kms.domain.intake import FIELD, ROW, Parsed
from kms.errors import ContractError
from kms.store.engine import Store
from kms.store.facts import arrow_schema, fact_table, known_at, read_columns

PUBLISHED = datetime(2026, 1, 26, 8, tzinfo=UTC)
HEAD = """
id = "trial"
title = "Trial"
publisher = "Nobody"
licence = "none"
rhythm = "weekly"
every_days = 7
grace_days = 1
earliest = 2020-01-01
"""
BEDS = (
    HEAD
    + """
rows = "counts"
[area]
scheme = "psgc"
region = "Region"
city = "City"
values = { "The Capital" = "NCR" }
[where]
"Kind" = ["public", ""]
[[facts]]
table = "capacity"
facility_type = { constant = "hospital" }
ref_date = { column = "Day", format = "%d/%m/%Y" }
occupied = { column = "In use", grouped = true }
total = { column = "All", grouped = true }
[facts.bed_type]
column = "Bed"
values = { "Intensive care" = "icu", "Ward" = "ward", "Other ward" = "ward" }
"""
)
PERSONS = (
    HEAD
    + """
rows = "persons"
key = "No."
personal = ["Full Name"]
[area]
scheme = "local"
column = "Ward"
values = { "W1" = "First ward" }
[[facts]]
table = "case_count"
disease = { constant = "measles" }
classification = { column = "Class" }
basis = { constant = "report" }
grain = { constant = "day" }
ref_date = { column = "Reported" }
where = { "Class" = ["confirmed", "suspect"] }
[[facts]]
table = "case_link"
disease = { constant = "measles" }
report_date = { column = "Reported" }
infection_source = { column = "Origin", values = { "Contact" = "known_contact", "" = "pending" } }
setting = { column = "Where" , values = { "Home" = "household", "" = "" } }
where = { "Class" = ["confirmed"] }
[[facts]]
table = "reporting_triangle"
disease = { constant = "measles" }
onset_date = { column = "Onset", required = false }
report_date = { column = "Reported" }
where = { "Class" = ["confirmed"] }
"""
)
PERSON = "1,Trial Person,confirmed,2026-01-20,2026-01-18,Contact,Home,W1"
PERSON_HEAD = "No.,Full Name,Class,Reported,Onset,Origin,Where,Ward"
BED_HEAD = "Region,City,Kind,Bed,Day,In use,All"


def source(text: str) -> Source:
    return source_of_mapping(parse_mapping(text, "trial.toml"))


def parse(folder: Path, text: str, head: str, *rows: str) -> Parsed:
    """Read rows, and check that every one is accounted for."""
    path = folder / "trial_20260126.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    parsed = source(text).parse(Batch("tidy_csv.trial", (path,), PUBLISHED, folder / "tmp"))
    assert parsed.rows_read == len(rows)
    assert sum(parsed.counts(ROW).values()) == parsed.rows_rejected
    for name, content in parsed.facts.items():
        assert content.schema == arrow_schema(fact_table(name))
    return parsed


def beds(parsed: Parsed) -> dict[tuple[str, str], tuple[Any, Any]]:
    rows = parsed.facts["capacity"].to_pylist()
    return {(row["area"], row["bed_type"]): (row["occupied"], row["total"]) for row in rows}


def test_numbers_are_read_at_their_place_and_added_where_two_words_mean_one(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path, BEDS, BED_HEAD,
        'The Capital,,public,Ward,20/01/2026,"1,200","2,000"',
        "NCR,,public,other WARD,20/01/2026,3,5",
        "NCR,,,Intensive care,20/01/2026,0,",
    )  # fmt: skip
    assert beds(parsed) == {
        ("1300000000", "ward"): (1203, 2005),
        ("1300000000", "icu"): (0, None),  # blank is not known, and not 0
    }
    assert parsed.fault_counts == {}
    assert parsed.facts["capacity"]["ref_date"].unique().to_pylist() == ["2026-01-20"]


def test_what_is_unknown_in_part_is_unknown_as_a_sum(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path, BEDS, BED_HEAD,
        "NCR,,public,Ward,20/01/2026,3,5",
        "NCR,,public,Other ward,20/01/2026,,7",
    )  # fmt: skip
    assert beds(parsed) == {("1300000000", "ward"): (None, 12)}


def test_places_nobody_knows_count_together_and_do_not_contradict(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path, BEDS, BED_HEAD,
        "Nowhere,,public,Ward,20/01/2026,3,5",
        "Elsewhere,,public,Ward,20/01/2026,4,6",
        "NCR,Manila,public,Ward,20/01/2026,1,1",
        "NCR,CITY OF MANILA,public,Ward,20/01/2026,2,2",
    )  # fmt: skip
    assert beds(parsed) == {("nonplace:unknown", "ward"): (7, 11)}
    assert parsed.fault_counts == {
        (FIELD, "place_unknown", "City"): 2,
        (ROW, "key_conflict", "Day"): 2,  # one place under two spellings, with two numbers
    }


def test_a_copy_counts_once_and_a_contradiction_never(tmp_path: Path) -> None:
    good, other = "NCR,,public,Ward,20/01/2026,3,5", "NCR,,public,Intensive care,20/01/2026,1,2"
    parsed = parse(tmp_path, BEDS, BED_HEAD, good, good, other, other.replace(",1,", ",2,"))
    assert beds(parsed) == {("1300000000", "ward"): (3, 5)}
    assert (parsed.rows_duplicate, parsed.rows_rejected) == (1, 2)


def test_rows_that_are_not_chosen_are_marked_and_count_nowhere(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path, BEDS, BED_HEAD,
        "NCR,,PUBLIC,Ward,20/01/2026,3,5",
        "NCR,,private,Ward,20/01/2026,9,9",
        "NCR,,private,No such bed,20/01/2026,9,9",  # its word is not looked at
    )  # fmt: skip
    assert beds(parsed) == {("1300000000", "ward"): (3, 5)}
    assert parsed.fault_counts == {(FIELD, "not_counted", ""): 2}
    assert parsed.rows_accepted == 3


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("NCR,,public,Sofa,20/01/2026,3,5", "value_unknown", "Bed"),
        ("NCR,,public,,20/01/2026,3,5", "required", "Bed"),
        ("NCR,,public,Wa\u200brd,20/01/2026,3,5", "bad_text", "Bed"),
        ("NCR,,public,Ward,,3,5", "required", "Day"),
        ("NCR,,public,Ward,2026-01-20,3,5", "date_unreadable", "Day"),
        ("NCR,,public,Ward,27/01/2026,3,5", "date_future", "Day"),
        ("NCR,,public,Ward,31/12/2019,3,5", "date_out_of_range", "Day"),
        ("NCR,,public,Ward,20/01/2026,three,5", "number_unreadable", "In use"),
        ("NCR,,public,Ward,20/01/2026,-1,5", "number_negative", "In use"),
        ("NCR,,public,Ward,20/01/2026,1,2.5", "number_not_whole", "All"),
        ("NCR,,public,Ward,20/01/2026,1,3000000000", "number_out_of_range", "All"),
        ("Total,,public,Ward,20/01/2026,3,5", "summary_row", "Day"),
        (BED_HEAD, "repeated_header", "Day"),
        ("NCR,,public,Ward", "bad_width", ""),
    ],
)
def test_a_row_that_cannot_count_is_left_out_by_name(
    tmp_path: Path, row: str, code: str, column: str
) -> None:
    parsed = parse(tmp_path, BEDS, BED_HEAD, "NCR,,public,Ward,20/01/2026,3,5", row)
    assert parsed.fault_counts == {(ROW, code, column): 1}
    assert [(fault.record, fault.code, fault.field) for fault in parsed.faults] == [
        (2, code, column)
    ]
    assert beds(parsed) == {("1300000000", "ward"): (3, 5)}


def test_persons_are_counted_as_each_table_asks(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path, PERSONS, PERSON_HEAD.replace("Full Name,", ""),
        "1,confirmed,2026-01-20,2026-01-18,Contact,Home,W1",
        "2,Confirmed,2026-01-20,,,,W2",
        "3,suspect,2026-01-21,2026-01-20,never asked,,",
        "4,discarded,2026-01-21,,,,W2",
    )  # fmt: skip
    cases = {
        (r["area"], r["classification"].lower()): r["cases"]
        for r in parsed.facts["case_count"].to_pylist()
    }
    assert cases == {
        ("local:trial:First ward", "confirmed"): 1,
        ("local:trial:W2", "confirmed"): 1,
        ("nonplace:unknown", "suspect"): 1,
    }
    links = parsed.facts["case_link"].to_pylist()
    assert {(row["infection_source"], row["setting"]) for row in links} == {
        ("known_contact", "household"),
        ("pending", ""),
    }
    (pair,) = parsed.facts["reporting_triangle"].to_pylist()
    assert (pair["onset_date"], pair["report_date"]) == ("2026-01-18", "2026-01-20")
    assert parsed.fault_counts == {(FIELD, "not_counted", ""): 1}


def test_an_onset_after_the_report_is_no_onset(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path, PERSONS, PERSON_HEAD.replace("Full Name,", ""),
        "1,confirmed,2026-01-20,2026-01-21,Contact,Home,W1",
    )  # fmt: skip
    assert parsed.fault_counts == {(FIELD, "date_after_other", "Onset"): 1}
    assert parsed.facts["reporting_triangle"].num_rows == 0
    assert parsed.facts["case_count"].num_rows == 1


def test_rows_alike_are_copies_under_one_key_and_persons_without(tmp_path: Path) -> None:
    row = "confirmed,2026-01-20,2026-01-18,Contact,Home,W1"
    head = PERSON_HEAD.replace("Full Name,", "")
    keyed = parse(tmp_path, PERSONS, head, f"1,{row}", f"1,{row}", f",{row}", f",{row}")
    assert (keyed.rows_duplicate, keyed.facts["case_count"]["cases"].to_pylist()) == (1, [3])
    free = parse(tmp_path, PERSONS.replace('key = "No."', ""), head, f"1,{row}", f"1,{row}")
    assert (free.rows_duplicate, free.facts["case_count"]["cases"].to_pylist()) == (0, [2])
    shared = parse(tmp_path, PERSONS, head, f"1,{row}", f"1,{row.replace('W1', 'W2')}")
    assert shared.fault_counts == {(FIELD, "key_shared", "No."): 2}


def test_a_long_name_of_an_area_is_cut_and_stays_its_own(tmp_path: Path) -> None:
    head = PERSON_HEAD.replace("Full Name,", "")
    rows = [f"{n},confirmed,2026-01-20,,Contact,,The very long name of a place {n}" for n in (1, 2)]
    parsed = parse(tmp_path, PERSONS, head, *rows)
    areas = parsed.facts["case_count"]["area"].to_pylist()
    assert len(set(areas)) == 2
    assert all(len(area) == 40 and area.startswith("local:trial:The very") for area in areas)


def test_other_columns_of_the_same_name_do_not_step_in(tmp_path: Path) -> None:
    text = BEDS.replace('"All"', '"Rate %"').replace('"In use"', '"RATE #"')
    parsed = parse(
        tmp_path, text, "Region,City,Kind,Bed,Day,Rate,rate %,Rate #,order",
        "NCR,,public,Ward,20/01/2026,77,5,3,x",
    )  # fmt: skip
    assert beds(parsed) == {("1300000000", "ward"): (3, 5)}


def test_a_missing_column_is_named_as_the_file_would(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="column 'In use' is missing") as caught:
        parse(
            tmp_path, BEDS, BED_HEAD.replace("In use", "Taken"), "NCR,,public,Ward,20/01/2026,3,5"
        )
    assert caught.value.code == "missing_column"


def test_days_and_months_exchanged_refuse_the_file(tmp_path: Path) -> None:
    text = PERSONS.replace('"Reported" }', '"Reported", format = "%m/%d/%Y" }')
    with pytest.raises(ContractError, match="dates in column 'Reported' fit only") as caught:
        parse(
            tmp_path, text, PERSON_HEAD.replace("Full Name,", ""),
            "1,confirmed,20/01/2026,,Contact,Home,W1",
        )  # fmt: skip
    assert caught.value.code == "date_format"


def test_projections_may_lie_ahead(tmp_path: Path) -> None:
    text = (
        HEAD
        + """
rows = "counts"
latest = 2040-12-31
[area]
scheme = "constant"
code = "iso:PHL"
[[facts]]
table = "population"
sex = { column = "Sex", values = { "F" = "female", "M" = "male", "Both" = "" } }
age_band = { constant = "" }
ref_date = { column = "Year", format = "%Y" }
persons = { column = "Persons" }
[[facts]]
table = "employment"
grain = { constant = "year" }
sector = { column = "Industry" }
sex = { constant = "" }
ref_date = { column = "Year", format = "%Y" }
employed = { column = "Employed" }
"""
    )
    parsed = parse(
        tmp_path, text, "Year,Sex,Persons,Industry,Employed",
        "2030,F,100,F,12.5", "2030,Both,205,f,30", "2041,M,1,F,1",
    )  # fmt: skip
    assert parsed.counts(ROW) == {"date_future": 1}
    rows = parsed.facts["population"].to_pylist()
    assert {(r["area"], r["sex"], r["ref_date"], r["persons"]) for r in rows} == {
        ("iso:PHL", "female", "2030-01-01", 100),
        ("iso:PHL", "", "2030-01-01", 205),
    }
    assert parsed.facts["employment"]["employed"].to_pylist() == [42.5]


def test_columns_about_persons_are_not_kept(
    tmp_path: Path, store: Store, settings: Settings
) -> None:
    path = tmp_path / "trial_20260126.csv"
    path.write_text(f"{PERSON_HEAD}\n{PERSON}\n", encoding="utf-8")
    (report,) = load(store, settings, source(PERSONS), [path], fetched_at=PUBLISHED)
    assert (report.status, report.rows_accepted) == ("accepted", 1)
    with store.read() as connection:
        assert "Trial Person" not in str(
            read_columns(connection, known_at(fact_table("case_count"), report.source, PUBLISHED))
        )
    with pytest.raises(ContractError, match="seems to describe persons"):
        load(
            store,
            settings,
            source(PERSONS.replace('personal = ["Full Name"]', "")),
            [path],
            fetched_at=PUBLISHED,
        )


def test_a_workbook_is_read_by_its_sheet(tmp_path: Path, store: Store, settings: Settings) -> None:
    book = Workbook()
    book.create_sheet("Notes")
    sheet = book.worksheets[0]
    sheet.title = "Data"
    sheet.append(BED_HEAD.split(","))
    sheet.append(["NCR", None, "public", "Ward", "20/01/2026", 3, 5])
    path = tmp_path / "trial_20260126.xlsx"
    book.save(path)
    text = BEDS.replace('rows = "counts"', 'rows = "counts"\nsheet = "data"')
    (report,) = load(store, settings, source(text), [path], fetched_at=PUBLISHED)
    assert (report.status, report.rows_accepted, report.flags) == ("accepted", 1, {})


ISSUES = PERSONS.replace('rows = "persons"', 'rows = "persons"\nissue_column = "As of"')
ISSUE_HEAD = "As of," + PERSON_HEAD


def issue_file(folder: Path, *rows: str, end: str = "\n", head: str = ISSUE_HEAD) -> Path:
    path = folder / "trial.csv"
    path.write_bytes((end.join([head, *rows]) + end).encode())
    return path


ROWS = (
    f"2026-01-25,{PERSON}",
    f"2026-01-24,{PERSON}",
    f"2026-01-25,{PERSON.replace('1,Trial', '2,Trial', 1)}",
)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_each_day_of_issue_becomes_a_vintage(
    tmp_path: Path, store: Store, settings: Settings, end: str
) -> None:
    path = issue_file(tmp_path, *ROWS, end=end)
    reports = load(store, settings, source(ISSUES), [path], fetched_at=PUBLISHED)
    assert [report.rows_accepted for report in reports] == [1, 2]
    with store.read() as connection:
        for day, cases in ((date(2026, 1, 24), 1), (date(2026, 1, 25), 2)):
            as_of = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
            statement = known_at(fact_table("case_count"), "tidy_csv.trial", as_of)
            assert read_columns(connection, statement)["cases"] == [cases]
    kept = b"".join(path.read_bytes() for path in settings.snapshots.rglob("*.json"))
    assert b"trial_20260124.csv" in kept
    assert not list((settings.home / "tmp").glob("*"))


def test_issues_are_found_in_a_packed_file_and_taken_once(
    tmp_path: Path, store: Store, settings: Settings
) -> None:
    path = tmp_path / "trial.csv.gz"
    path.write_bytes(gzip.compress(issue_file(tmp_path, *ROWS).read_bytes()))
    for status in ("accepted", "unchanged"):
        reports = load(store, settings, source(ISSUES), [path], fetched_at=PUBLISHED)
        assert {report.status for report in reports} == {status}


def test_a_row_without_a_day_of_issue_is_read_and_left_out(
    tmp_path: Path, store: Store, settings: Settings
) -> None:
    lenient = source(ISSUES)
    object.__setattr__(lenient, "max_reject_share", 0.7)
    path = issue_file(
        tmp_path, f"soon,{PERSON}", *ROWS, f",{PERSON}", "2026-01-24,too,short",
    )  # fmt: skip
    reports = load(store, settings, lenient, [path], fetched_at=PUBLISHED)
    assert sum(report.rows_read for report in reports) == 6
    assert [report.rejects for report in reports] == [
        {},
        {"bad_width": 1, "date_unreadable": 1, "required": 1},
    ]


@pytest.mark.parametrize(
    ("rows", "head", "said", "code"),
    [
        ([f"soon,{PERSON}"], ISSUE_HEAD, "holds no day as %Y-%m-%d", "refused"),
        ([], ISSUE_HEAD, "holds no day as %Y-%m-%d", "no_rows"),
        (ROWS, ISSUE_HEAD.replace("As of", "Until"), "column 'As of' is missing", "wrong_source"),
        ([*ROWS, f'2026-01-25,"{PERSON}'], ISSUE_HEAD, "no well-formed CSV file", "bad_quotes"),
    ],
)
def test_a_file_whose_issues_cannot_be_told_apart_is_refused(
    tmp_path: Path, store: Store, settings: Settings,
    rows: list[str], head: str, said: str, code: str,
) -> None:  # fmt: skip
    path = issue_file(tmp_path, *rows, head=head)
    with pytest.raises(ContractError, match=said) as caught:
        load(store, settings, source(ISSUES), [path], fetched_at=PUBLISHED)
    assert caught.value.code == code


def test_one_instant_for_several_issues_is_refused(
    tmp_path: Path, store: Store, settings: Settings
) -> None:
    path = issue_file(tmp_path, *ROWS)
    with pytest.raises(ContractError, match="2 issues are in these files"):
        load(store, settings, source(ISSUES), [path], fetched_at=PUBLISHED, at=PUBLISHED)
    path = issue_file(tmp_path, ROWS[1])
    (report,) = load(store, settings, source(ISSUES), [path], fetched_at=PUBLISHED, at=PUBLISHED)
    assert "20260126" in report.vintage.replace("-", "")


def test_a_file_of_several_issues_is_not_read_as_one(tmp_path: Path) -> None:
    head, *rows = [line.replace(",Full Name", "") for line in (ISSUE_HEAD, *ROWS)]
    rows = [row.replace("Trial Person,", "") for row in rows]
    with pytest.raises(ContractError, match="holds 2 issues by its column 'As of'") as caught:
        parse(tmp_path, ISSUES, head, *rows)
    assert caught.value.code == "bad_parts"


def test_more_issues_than_there_can_be_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store, settings: Settings
) -> None:
    monkeypatch.setattr("ingest.sources.tidy.issues.MOST_ISSUES", 1)
    monkeypatch.setattr("ingest.sources.tidy.issues._HELD", 1)
    with pytest.raises(ContractError, match="names more than 1 issues"):
        load(store, settings, source(ISSUES), [issue_file(tmp_path, *ROWS)], fetched_at=PUBLISHED)


@pytest.mark.parametrize("shipped", SOURCES, ids=lambda source: str(source.source_id))
def test_the_sample_of_each_mapping_is_taken_in_whole(
    shipped: Source, store: Store, settings: Settings
) -> None:
    reports = load(store, settings, shipped, [ROOT / "data" / "sample"], fetched_at=PUBLISHED)
    assert len(reports) == (2 if shipped.split else 1)
    for report in reports:
        assert (report.status, report.rejects, report.flags) == ("accepted", {}, {})
        assert report.rows_accepted == report.rows_read > 0


def test_columns_that_differ_by_signs_alone_are_kept_apart(tmp_path: Path) -> None:
    mapping = BEDS.replace('"In use"', '"Beds 5-9"').replace('"All"', '"Beds 59"')
    header = "Day,Region,City,Kind,Bed,Beds 59,Beds 5-9\n"
    path = tmp_path / "beds.csv"
    path.write_text(header + "20/01/2026,NCR,,public,Ward,10,3\n", encoding="utf-8")
    source = source_of_mapping(parse_mapping(mapping, "trial.toml"))
    parsed = source.parse(Batch(source.source_id, (path,), PUBLISHED, tmp_path / "tmp"))
    (fact,) = parsed.facts["capacity"].to_pylist()
    assert (fact["occupied"], fact["total"]) == (3, 10)
    path.write_text(path.read_text().replace("Beds 5-9", "Beds 5 9 "), encoding="utf-8")
    parsed = source.parse(Batch(source.source_id, (path,), PUBLISHED, tmp_path / "tmp"))
    assert parsed.facts["capacity"].to_pylist() == [fact]
    path.write_text(path.read_text().replace(",Beds 5 9 ", ""), encoding="utf-8")
    with pytest.raises(ContractError, match="column 'Beds 5-9' is missing"):
        source.parse(Batch(source.source_id, (path,), PUBLISHED, tmp_path / "tmp"))
