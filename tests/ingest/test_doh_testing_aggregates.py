"""Tests by laboratory: layouts, regions from a list, and real files against another count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ingest.batch import Batch
from ingest.load import load
from ingest.source import published_at
from ingest.sources.doh.testing_aggregates import SOURCE
from kms.config import Settings
from kms.domain.intake import FIELD, ROW, Parsed, Span
from kms.domain.places import UNKNOWN
from kms.errors import ContractError
from kms.reference import load_matcher
from kms.store.engine import Store
from kms.store.facts import arrow_schema, fact_table, known_at, read_columns

PUBLISHED = datetime(2020, 7, 26, 8, tzinfo=UTC)
NAME = "DOH COVID Data Drop_ 20200726 - 07 Testing Aggregates.csv"
LIST = "test_facility_region_lookup.csv"
VISAYAS, CAPITAL = "0700000000", "1300000000"
GOOD = {
    "facility_name": "Trial Laboratory (TL)",
    "report_date": "2020-07-20",
    "daily_output_samples_tested": "120.0",
    "daily_output_unique_individuals": "100.0",
    "daily_output_positive_individuals": "5.0",
    "cumulative_samples_tested": "9000",
    "cumulative_unique_individuals": "8000",
    "cumulative_positive_individuals": "700",
}
APRIL = {
    "Name of Health Facility/Laboratory": "Trial Laboratory (TL)",
    "Daily Output - Positive Individuals": "305",
    "Daily Output - Unique Individuals Tested ": "1,372",
    "Daily Output - Tests Conducted": "1,622",
    "UNIQUE INDIVIDUALS TESTED": "30,634",
    "POSITIVE INDIVIDUALS": "5,398",
    "% positive/ unique individuals": "18%",
    "Date": "April 15, 2020",
}
PLACES = (
    {"REGION": "Region 7", "NAME OF FACILITY": "Trial Laboratory", "facility_name": ""},
    {"REGION": "NCR", "NAME OF FACILITY": "St. Trial's", "facility_name": "Other Laboratory"},
    {"REGION": "NCR", "NAME OF FACILITY": "Twin (A)", "facility_name": ""},
    {"REGION": "Region 7", "NAME OF FACILITY": "Twin (B)", "facility_name": ""},
)
Row = dict[str, str]
Facts = dict[tuple[str, str], dict[str, Any]]


def row(**changes: str) -> Row:
    """Return a good row with some cells changed; names without their long beginning."""
    return GOOD | {
        name if name in GOOD else f"daily_output_{name}": cell for name, cell in changes.items()
    }


def write(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows with the columns of the first."""
    pd.DataFrame(list(rows), dtype=str).to_csv(path, index=False)
    return path


def parse(folder: Path, *rows: Row, places: Sequence[Row] = PLACES) -> Parsed:
    """Read hand-made rows with a list of laboratories, and check the account."""
    parts = [write(folder / NAME, rows)]
    if places:
        parts.insert(0, write(folder / LIST, places))
    parsed = SOURCE.parse(Batch(SOURCE.source_id, tuple(parts), PUBLISHED, folder / "tmp"))
    assert parsed.rows_read == len(rows)
    assert sum(parsed.counts(ROW).values()) == parsed.rows_rejected
    assert parsed.facts["testing"].schema == arrow_schema(fact_table("testing"))
    return parsed


def facts(parsed: Parsed) -> Facts:
    """Return the facts by area and day."""
    return {(r["area"], r["ref_date"]): r for r in parsed.facts["testing"].to_pylist()}


def told(parsed: Parsed, area: str = VISAYAS, day: str = "2020-07-20") -> list[int | None]:
    """Return samples, individuals, positives, laboratories reporting and known."""
    return list(facts(parsed)[area, day].values())[3:]


def test_a_row_becomes_the_tests_of_its_region_and_day(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row())
    assert parsed.fault_counts == {}
    assert parsed.spans == {"testing": Span("ref_date", "2020-07-20", "2020-07-20")}
    assert list(facts(parsed)) == [(VISAYAS, "2020-07-20")]
    assert told(parsed) == [120, 100, 5, 1, 1]


def test_the_layout_of_april_2020_is_read(tmp_path: Path) -> None:
    silent = APRIL | {name: "" for name in APRIL if name.startswith("Daily")}
    parsed = parse(tmp_path, APRIL, silent | {"Date": "April 7, 2020"})
    assert parsed.fault_counts == {}
    assert told(parsed, day="2020-04-15") == [1622, 1372, 305, 1, 1]
    # Running totals are there on both days; they are never made into those of days.
    assert told(parsed, day="2020-04-07") == [None, None, None, 0, 1]
    assert told(parsed, day="2020-04-10") == [None, None, None, 0, 1]


def test_two_columns_named_by_a_sign_alone_are_no_reason_to_refuse(tmp_path: Path) -> None:
    path = tmp_path / NAME
    header = [*APRIL, "%", "REMAINING NUMBER OF TESTS", "%"]
    cells = [*APRIL.values(), "100%", "45,864", "5%"]
    pd.DataFrame([cells], columns=header).to_csv(path, index=False)
    parsed = SOURCE.parse(Batch(SOURCE.source_id, (path,), PUBLISHED, tmp_path / "tmp"))
    assert told(parsed, UNKNOWN, "2020-04-15") == [1622, 1372, 305, 1, 1]


@pytest.mark.parametrize(
    ("name", "area"),
    [
        ("Trial Laboratory (TL)", VISAYAS),
        ("TRIAL LABORATORY", VISAYAS),
        ("Other Laboratory", CAPITAL),
        ("St Trials", CAPITAL),
        ("Twin (A)", CAPITAL),
        ("Twin (B)", VISAYAS),
        ("Twin", UNKNOWN),
        ("Third Laboratory", UNKNOWN),
    ],
)
def test_a_laboratory_is_in_the_region_of_the_list(tmp_path: Path, name: str, area: str) -> None:
    parsed = parse(tmp_path, row(facility_name=name))
    assert told(parsed, area) == [120, 100, 5, 1, 1]
    unknown = {(FIELD, "place_unknown", "facility_name"): 1}
    assert parsed.fault_counts == (unknown if area == UNKNOWN else {})


def test_without_a_list_no_region_is_known(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row(), places=())
    assert parsed.fault_counts == {(FIELD, "place_unknown", "facility_name"): 1}
    assert told(parsed, UNKNOWN) == [120, 100, 5, 1, 1]


def test_a_list_alone_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / LIST, PLACES)
    with pytest.raises(ContractError, match="only says where facilities are"):
        SOURCE.parse(Batch(SOURCE.source_id, (path,), PUBLISHED, tmp_path / "tmp"))


@pytest.mark.parametrize("name", ["unique_individuals", "positive_individuals"])
def test_half_of_a_positivity_leaves_the_laboratory_out_of_both_sums(
    tmp_path: Path, name: str
) -> None:
    parsed = parse(tmp_path, row(**{name: ""}), row(facility_name="Trial Laboratory"))
    assert parsed.fault_counts == {(FIELD, "tests_incomplete", f"daily_output_{name}"): 1}
    assert told(parsed) == [240, 100, 5, 1, 2]


@pytest.mark.parametrize(
    ("changes", "code", "column"),
    [
        ({"positive_individuals": "101"}, "part_exceeds_whole", "positive_individuals"),
        ({"unique_individuals": "-1"}, "number_negative", "unique_individuals"),
        ({"unique_individuals": "12,34"}, "number_unreadable", "unique_individuals"),
        ({"positive_individuals": "0.5"}, "number_not_whole", "positive_individuals"),
        ({"unique_individuals": "50001"}, "number_out_of_range", "unique_individuals"),
    ],
)
def test_an_impossible_number_leaves_the_laboratory_out_of_both_sums(
    tmp_path: Path, changes: Row, code: str, column: str
) -> None:
    parsed = parse(tmp_path, row(), row(facility_name="Trial Laboratory", **changes))
    assert parsed.fault_counts == {(FIELD, code, f"daily_output_{column}"): 1}
    assert parsed.faults[0].record == 2
    assert told(parsed) == [240, 100, 5, 1, 2]


@pytest.mark.parametrize(
    ("changes", "code", "column"),
    [
        ({"report_date": "1900-01-20"}, "date_out_of_range", "report_date"),
        ({"report_date": "2020-07-27"}, "date_future", "report_date"),
        ({"report_date": ""}, "required", "report_date"),
        ({"report_date": "July"}, "date_unreadable", "report_date"),
        ({"facility_name": "TOTAL"}, "summary_row", "report_date"),
        ({"facility_name": ""}, "required", "facility_name"),
        ({"facility_name": "x" * 201}, "bad_text", "facility_name"),
    ],
)
def test_a_row_without_its_day_or_laboratory_is_left_out(
    tmp_path: Path, changes: Row, code: str, column: str
) -> None:
    parsed = parse(tmp_path, row(), row(**changes))
    assert {key: n for key, n in parsed.fault_counts.items() if key[0] == ROW} == {
        (ROW, code, column): 1
    }
    assert told(parsed) == [120, 100, 5, 1, 1]


def test_copies_count_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    other = row(facility_name="Trial Laboratory")
    parsed = parse(
        tmp_path,
        row(),
        row(),
        other,
        other | row(facility_name=other["facility_name"], positive_individuals="6"),
    )
    assert (parsed.rows_duplicate, parsed.rows_rejected) == (1, 2)
    assert parsed.fault_counts == {(ROW, "key_conflict", "facility_name"): 2}
    assert told(parsed) == [120, 100, 5, 1, 1]


@pytest.mark.parametrize("name", ["facility_name", "report_date", "daily_output_samples_tested"])
def test_a_missing_column_refuses_the_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ContractError, match=f"column '{name}' is missing"):
        parse(tmp_path, {key: cell for key, cell in GOOD.items() if key != name})


def test_telephone_numbers_of_the_list_are_not_kept(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    listed = [place | {"CONTACT NUMBER": "02-555-0100"} for place in PLACES]
    parts = [write(tmp_path / LIST, listed), write(tmp_path / NAME, [row()])]
    load(store, settings, SOURCE, parts, fetched_at=PUBLISHED, at=PUBLISHED)
    kept = [path for path in settings.snapshots.rglob("*") if path.is_file()]
    assert kept
    assert not any(b"555-0100" in path.read_bytes() for path in kept)


def test_an_issue_without_the_list_waits_for_a_steward(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    statuses = []
    for number, listed in enumerate((True, False)):
        folder, at = tmp_path / str(number), PUBLISHED + timedelta(days=number)
        folder.mkdir()
        rows = [row(facility_name="Trial Laboratory"), row(facility_name="Other Laboratory")]
        parts = [write(folder / NAME, rows)]
        parts += [write(folder / LIST, PLACES)] if listed else []
        (report,) = load(store, settings, SOURCE, parts, fetched_at=at, at=at)
        statuses.append((report.status, report.flags, sorted(report.tripwires)))
    assert statuses[0] == ("accepted", {}, [])
    assert statuses[1][:2] == ("held", {"place_unknown": 2})
    assert [one.split(" ")[0] for one in statuses[1][2]] == ["area_vanished"] * 2


def key(name: str) -> str:
    """Return a name without case and signs."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def listed_regions(folder: Path) -> dict[str, str]:
    """Return the area of every name of the real list, with and without abbreviation."""
    places = pd.read_csv(folder / LIST, dtype=str, keep_default_na=False)
    found: dict[str, str] = {}
    for column in ("NAME OF FACILITY", "facility_name"):
        for name, region in zip(places[column], places["REGION"], strict=True):
            area = load_matcher().match(region, "", "").code
            found.setdefault(key(re.sub(r"\(\w[\w-]*\)$", "", name)), area)
            found[key(name)] = area
    return {name: area for name, area in found.items() if name}


def area_of(name: str, regions: dict[str, str]) -> str:
    """Return the region of a laboratory."""
    short = key(re.sub(r"\([^()]*\)$", "", name))
    return regions.get(key(name)) or regions.get(short) or UNKNOWN


def known(store: Store, at: datetime) -> Facts:
    """Return what is known by area and day."""
    with store.read() as connection:
        found = read_columns(connection, known_at(fact_table("testing"), SOURCE.source_id, at))
    rows = [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]
    return {(r["area"], r["ref_date"]): r for r in rows}


def check(found: Facts, frame: pd.DataFrame) -> None:
    """Compare all sums with those of pandas; columns: lab, area, day, samples, tested, positive."""
    frame.loc[frame["tested"].isna() | frame["positive"].isna(), ["tested", "positive"]] = None
    sums = frame.groupby(["area", "day"])[["samples", "tested", "positive"]].sum(min_count=1)
    expected = {
        (area, day): tuple(None if pd.isna(n) else int(n) for n in numbers)
        for (area, day), *numbers in sums.itertuples()
    }
    mine = {
        place: (f["samples_tested"], f["individuals_tested"], f["individuals_positive"])
        for place, f in found.items()
    }
    assert {place: mine[place] for place in expected} == expected
    assert {numbers for place, numbers in mine.items() if place not in expected} <= {(None,) * 3}
    assert sum(f["laboratories_reporting"] for f in found.values()) == frame["tested"].count()
    last = max(day for _, day in found)
    labs = {area: f["laboratories_registered"] for (area, day), f in found.items() if day == last}
    assert labs == frame.groupby("area")["lab"].nunique().to_dict()


def test_the_real_file_of_2020_is_summed_as_pandas_sums_it(
    store: Store, settings: Settings, shared: Path
) -> None:
    folder = shared / "data" / "doh_datadrop_samples"
    path = folder / "testing_aggregates_by_lab_2020.csv"
    report = load(
        store, settings, SOURCE, [path, folder / LIST], fetched_at=PUBLISHED, at=PUBLISHED
    )[0]
    frame = pd.read_csv(path)
    both = frame.duplicated(["facility_name", "report_date"], keep=False)
    assert (report.rows_read, report.rows_rejected, report.rows_duplicate) == (5080, both.sum(), 0)
    assert (report.rejects, report.flags) == ({"key_conflict": 4}, {"tests_incomplete": 2})
    frame = frame[~both].copy()
    regions = listed_regions(folder)
    frame["area"] = [area_of(name, regions) for name in frame["facility_name"]]
    daily = "daily_output_"
    names = {"facility_name": "lab", "report_date": "day", f"{daily}samples_tested": "samples"}
    names |= {f"{daily}unique_individuals": "tested", f"{daily}positive_individuals": "positive"}
    check(known(store, PUBLISHED), frame.rename(columns=names))
    assert UNKNOWN not in {area for area, _ in known(store, PUBLISHED)}


@pytest.mark.parametrize(("day", "unplaced"), [("20200414", 0), ("20200415", 0), ("20200416", 1)])
def test_real_files_of_april_2020_are_summed_as_pandas_sums_them(
    store: Store, settings: Settings, shared: Path, day: str, unplaced: int
) -> None:
    data = shared / "data"
    path = data / "doh_datadrop_2020-04" / day
    path /= f"DOH COVID Data Drop_ {day} - 07 Testing Aggregates.csv"
    at = published_at(path)
    assert at is not None
    places = data / "doh_datadrop_samples" / LIST
    report = load(store, settings, SOURCE, [path, places], fetched_at=at, at=at)[0]
    frame = pd.read_csv(path, thousands=",")
    assert (report.rows_read, report.rows_accepted) == (len(frame), len(frame))
    assert report.flags == ({"place_unknown": unplaced} if unplaced else {})
    frame = frame.iloc[:, [0, 4, 3, 2, -1]].set_axis(
        ["lab", "samples", "tested", "positive", "day"], axis=1
    )
    regions = listed_regions(data / "doh_datadrop_samples")
    frame["area"] = [area_of(name, regions) for name in frame["lab"]]
    frame["day"] = pd.to_datetime(frame["day"], format="%B %d, %Y").dt.strftime("%Y-%m-%d")
    check(known(store, at), frame)
