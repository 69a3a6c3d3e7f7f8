"""Work accident and illness reports: persons are counted, and none is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ingest.load import load
from ingest.snapshot import restore_parts
from ingest.sources.dole.wair import COLUMNS, PERSONAL, SOURCE, STAYS_IN_SNAPSHOT
from kms.config import ROOT, Settings
from kms.domain.intake import FIELD, ROW, Parsed
from kms.errors import ContractError
from kms.store.engine import Store
from tests.ingest.handmade import (
    PUBLISHED,
    Cases,
    expected,
    facts,
    known,
    places_of,
    read,
    take,
    write,
)

SAMPLE = ROOT / "data" / "sample" / "dole_wair_20260126.csv"
GOOD = {
    "report_id": "WAIR-1", "establishment_id": "EST-1", "establishment_name": "Trial Bakery",
    "region": "Region VII: Central Visayas", "province": "CEBU", "city_municipality": "CEBU CITY",
    "psgc": "0730600000", "psic": "10711", "workers_male": "12", "workers_female": "19",
    "occurred_on": "2025-11-12", "reported_on": "2025-12-15", "event": "injury", "person_no": "1",
    "sex": "female", "occupation": "Baker", "nature": "Burn", "body_part": "Hand",
    "agency": "Oven", "disability": "temporary_total", "days_lost": "6", "days_charged": "",
}  # fmt: skip
DANGER = {
    "event": "dangerous_occurrence", "person_no": "", "sex": "", "disability": "", "days_lost": "",
}  # fmt: skip
NO_DISABILITY = {
    "fatal": 0, "permanent_total": 0, "permanent_partial": 0, "temporary_total": 0,
    "no_lost_time": 0,
}  # fmt: skip


def row(**changes: str) -> dict[str, str]:
    """Return a good row with some cells changed."""
    return GOOD | changes


def report(parsed: Parsed) -> dict[str, Any]:
    """Return the one report of a file."""
    (found,) = facts(parsed)
    return found


def persons(found: dict[str, Any]) -> dict[str, int | None]:
    """Return the counts of persons by disability."""
    return {name: found[name] for name in NO_DISABILITY}


def test_persons_of_a_report_are_counted_and_their_days_summed(tmp_path: Path) -> None:
    parsed = take(
        SOURCE,
        tmp_path,
        row(),
        row(person_no="2", sex="male", disability="fatal", days_lost="", days_charged="6000"),
        row(person_no="3", sex="male", disability="none", days_lost="0"),
    )
    assert parsed.fault_counts == {}
    assert report(parsed) == {
        "report_id": "WAIR-1",
        "establishment_id": "EST-1",
        "area": "0730600000",
        "sector": "C",
        "size_class": "small",
        "workers_male": 12,
        "workers_female": 19,
        "event": "injury",
        "occurred_on": "2025-11-12",
        "reported_on": "2025-12-15",
        "persons_male": 2,
        "persons_female": 1,
        **NO_DISABILITY,
        "fatal": 1,
        "temporary_total": 1,
        "no_lost_time": 1,
        "days_lost": 6,
        "days_charged": 6000,
    }


LEFT_OUT: Cases = [
    ({"report_id": ""}, "required", "report_id"),
    ({"report_id": "Trial Person"}, "not_a_code", "report_id"),
    ({"report_id": "9" * 61}, "bad_text", "report_id"),
    ({"occurred_on": ""}, "required", "occurred_on"),
    ({"occurred_on": "2025-02-30"}, "date_unreadable", "occurred_on"),
    ({"occurred_on": "1999-12-31"}, "date_out_of_range", "occurred_on"),
    ({"occurred_on": "2026-01-27"}, "date_future", "occurred_on"),
    ({"report_id": "GRAND TOTAL"}, "summary_row", "occurred_on"),
    ({name: name for name in GOOD}, "repeated_header", "occurred_on"),
]
BLANKED: Cases = [
    ({"establishment_id": ""}, "required", "establishment_id"),
    ({"establishment_id": "Trial Bakery"}, "not_a_code", "establishment_id"),
    ({"psic": "1071"}, "sector_unknown", "psic"),
    ({"psic": "99999"}, "sector_unknown", "psic"),
    ({"workers_male": "-1"}, "number_negative", "workers_male"),
    ({"workers_female": "2.5"}, "number_not_whole", "workers_female"),
    ({"workers_male": "0", "workers_female": "0"}, "workers_zero", "workers_male"),
    ({"reported_on": "2025-11-11"}, "date_before_other", "reported_on"),
    ({"reported_on": "2026-01-27"}, "date_future", "reported_on"),
    ({"event": "accident"}, "value_unknown", "event"),
    ({"event": ""}, "required", "event"),
    ({"event": "dangerous_occurrence"}, "value_unknown", "event"),
    (DANGER | {"sex": "male"}, "value_unknown", "sex"),
    ({"person_no": "first"}, "number_unreadable", "person_no"),
    ({"sex": "F"}, "value_unknown", "sex"),
    ({"sex": ""}, "required", "sex"),
    ({"disability": "hurt"}, "value_unknown", "disability"),
    ({"disability": ""}, "required", "disability"),
    ({"days_lost": "6001"}, "number_out_of_range", "days_lost"),
    ({"days_charged": "six"}, "number_unreadable", "days_charged"),
    ({"city_municipality": "Nowhere", "psgc": ""}, "place_unknown", "psgc"),
]


def test_each_fault_is_counted_where_it_stands(tmp_path: Path) -> None:
    changes = [*LEFT_OUT, *BLANKED]
    rows = [row(report_id=f"WAIR-{n}") | cells for n, (cells, _, _) in enumerate(changes)]
    parsed = take(SOURCE, tmp_path, *rows)
    wanted = expected(ROW, LEFT_OUT) + expected(FIELD, BLANKED, len(LEFT_OUT))
    assert places_of(parsed) == sorted(wanted)
    assert (parsed.rows_rejected, parsed.rows_accepted) == (len(LEFT_OUT), len(BLANKED))
    assert "Trial" not in f"{facts(parsed)} {parsed.faults}"


def test_a_dangerous_occurrence_hurt_nobody(tmp_path: Path) -> None:
    parsed = take(SOURCE, tmp_path, row(**DANGER, workers_male="0", workers_female="0"))
    found = report(parsed)
    assert parsed.fault_counts == {}
    assert persons(found) == NO_DISABILITY
    assert (found["persons_male"], found["persons_female"]) == (0, 0)
    assert (found["workers_male"], found["days_lost"]) == (0, None)


def test_who_died_counts_whatever_the_event_is_called(tmp_path: Path) -> None:
    found = report(take(SOURCE, tmp_path, row(**DANGER | {"disability": "fatal"})))
    assert (found["event"], found["fatal"]) == (None, 1)


def test_an_unknown_kind_of_person_is_never_a_zero(tmp_path: Path) -> None:
    parsed = take(SOURCE, tmp_path, row(), row(person_no="2", sex="", disability="", days_lost=""))
    found = report(parsed)
    assert (found["persons_female"], found["persons_male"]) == (1, None)
    assert persons(found) == dict.fromkeys(NO_DISABILITY) | {"temporary_total": 1}
    assert (found["days_lost"], found["days_charged"]) == (6, None)


def test_copies_of_a_person_count_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    parsed = take(
        SOURCE,
        tmp_path,
        row(),
        row(nature="burn"),
        row(person_no="2"),
        row(person_no="2", disability="fatal"),
    )
    assert (parsed.rows_duplicate, parsed.rows_rejected) == (1, 2)
    assert parsed.fault_counts == {(ROW, "key_conflict", "person_no"): 2}
    assert report(parsed)["persons_female"] == 1


def test_persons_without_a_number_are_all_kept_unless_alike_throughout(tmp_path: Path) -> None:
    unnumbered = [row(person_no=""), row(person_no="", body_part="Face"), row(person_no="")]
    parsed = take(SOURCE, tmp_path, *unnumbered)
    assert (parsed.rows_duplicate, report(parsed)["persons_female"]) == (1, 2)
    assert parsed.fault_counts == {(FIELD, "required", "person_no"): 3}
    assert take(SOURCE, tmp_path, row(person_no="")).fault_counts == {}


def test_the_first_row_speaks_for_a_report(tmp_path: Path) -> None:
    parsed = take(
        SOURCE,
        tmp_path,
        row(occurred_on="x", establishment_id="EST-9"),  # left out: it does not speak
        row(person_no="2"),
        row(person_no="3", establishment_id="EST-2", occurred_on="2025-11-13"),
        row(person_no="4", city_municipality="MANDAUE CITY", psgc=""),
    )
    found = report(parsed)
    assert (found["establishment_id"], found["occurred_on"]) == ("EST-1", "2025-11-12")
    assert (found["area"], found["persons_female"]) == ("0730600000", 3)
    assert {key: n for key, n in parsed.fault_counts.items() if key[0] == FIELD} == {
        (FIELD, "report_inconsistent", "establishment_id"): 1,
        (FIELD, "report_inconsistent", "occurred_on"): 1,
        (FIELD, "report_inconsistent", "psgc"): 1,
    }


def test_a_missing_column_and_exchanged_days_refuse_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, SOURCE, [row()], [name for name in GOOD if name != "disability"])
    with pytest.raises(ContractError, match="column 'disability' is missing"):
        read(SOURCE, path, 1)
    with pytest.raises(ContractError, match="'reported_on' fit only with day and month exchanged"):
        take(SOURCE, tmp_path, row(reported_on="2025-13-01"))


def test_columns_that_stay_in_the_snapshot_may_be_left_out(tmp_path: Path) -> None:
    assert set(COLUMNS.all_names) == set(GOOD) - set(STAYS_IN_SNAPSHOT)
    path = write(tmp_path, SOURCE, [row()], [n for n in GOOD if n not in STAYS_IN_SNAPSHOT])
    assert read(SOURCE, path, 1).rows_accepted == 1


def test_nothing_about_persons_is_kept_anywhere(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    header = SAMPLE.read_text(encoding="utf-8").splitlines()[0].split(",")
    assert set(PERSONAL) <= set(header)
    (intake,) = load(store, settings, SOURCE, [SAMPLE], fetched_at=PUBLISHED)
    assert (intake.rows_read, intake.rows_accepted) == (10, 10)
    (folder,) = {path.parent for path in settings.snapshots.rglob("*.zst")}
    (kept,) = restore_parts(folder, _new(tmp_path / "restored"))
    assert set(header) - set(PERSONAL) == set(pd.read_csv(kept).columns)
    for path in [kept, *settings.home.rglob("*")]:
        if path.is_file():
            assert b"Sample Person" not in path.read_bytes(), path
    found = known(store, SOURCE, "injury_report")
    assert (len(found["report_id"]), sum(found["fatal"])) == (7, 1)
    assert sum(found["persons_male"]) + sum(found["persons_female"]) == 9


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_an_unexpected_column_about_persons_refuses_the_file(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    path = write(tmp_path, SOURCE, [row(person_name="Trial", mobile_number="1")])
    with pytest.raises(ContractError, match=r"column 'mobile_number' of .* describe persons"):
        load(store, settings, SOURCE, [path], fetched_at=PUBLISHED)
