"""Annual exposure data reports: hours and injuries of an establishment's year."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ingest.load import load
from ingest.sources.dole.aedr import COLUMNS, SOURCE, STAYS_IN_SNAPSHOT
from kms.config import ROOT, Settings
from kms.domain.intake import FIELD, ROW
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

SAMPLE = ROOT / "data" / "sample" / "dole_aedr_20260126.csv"
GOOD = {
    "establishment_id": "EST-1", "establishment_name": "Trial Bakery", "year": "2024",
    "region": "Region VII: Central Visayas", "province": "CEBU", "city_municipality": "CEBU CITY",
    "psgc": "0730600000", "psic": "10711", "workers_male": "5", "workers_female": "5",
    "hours_worked": "24960.5", "disabling": "3", "non_disabling": "4", "fatal": "1",
    "days_lost": "20", "days_charged": "6000", "reported_on": "2025-01-28",
}  # fmt: skip


def row(**changes: str) -> dict[str, str]:
    """Return a good row with some cells changed."""
    return GOOD | changes


def test_a_good_row_becomes_one_year_of_exposure(tmp_path: Path) -> None:
    parsed = take(SOURCE, tmp_path, row())
    assert parsed.fault_counts == {}
    assert facts(parsed) == [
        {
            "establishment_id": "EST-1",
            "year": 2024,
            "area": "0730600000",
            "sector": "C",
            "size_class": "small",
            "workers_male": 5,
            "workers_female": 5,
            "reported_on": "2025-01-28",
            "hours_worked": 24960.5,
            "disabling": 3,
            "non_disabling": 4,
            "fatal": 1,
            "days_lost": 20,
            "days_charged": 6000,
        }
    ]


LEFT_OUT: Cases = [
    ({"establishment_id": ""}, "required", "establishment_id"),
    ({"establishment_id": "Trial Bakery"}, "not_a_code", "establishment_id"),
    ({"year": ""}, "required", "year"),
    ({"year": "last"}, "date_unreadable", "year"),
    ({"year": "24"}, "date_out_of_range", "year"),
    ({"year": "2027"}, "date_future", "year"),
    ({"region": "TOTAL"}, "summary_row", "year"),
    ({name: name for name in GOOD}, "repeated_header", "year"),
]
BLANKED: Cases = [
    ({"psic": "00123"}, "sector_unknown", "psic"),
    ({"workers_male": "many"}, "number_unreadable", "workers_male"),
    ({"workers_male": "0", "workers_female": "0"}, "workers_zero", "workers_male"),
    ({"hours_worked": "87840.5"}, "number_out_of_range", "hours_worked"),
    ({"hours_worked": "79.9"}, "number_out_of_range", "hours_worked"),
    ({"hours_worked": "-1"}, "number_negative", "hours_worked"),
    ({"hours_worked": "24,960"}, "number_unreadable", "hours_worked"),
    ({"disabling": "1.5"}, "number_not_whole", "disabling"),
    ({"non_disabling": "1e9"}, "number_out_of_range", "non_disabling"),
    ({"fatal": "4"}, "number_out_of_range", "fatal"),
    ({"days_lost": "-3"}, "number_negative", "days_lost"),
    ({"days_charged": "x"}, "number_unreadable", "days_charged"),
    ({"reported_on": "2023-12-31"}, "date_before_other", "reported_on"),
    ({"reported_on": "2026-01-27"}, "date_future", "reported_on"),
    ({"city_municipality": "Nowhere", "psgc": ""}, "place_unknown", "psgc"),
]


def test_each_fault_is_counted_where_it_stands(tmp_path: Path) -> None:
    changes = [*LEFT_OUT, *BLANKED]
    rows = [row(establishment_id=f"EST-{n}") | cells for n, (cells, _, _) in enumerate(changes)]
    parsed = take(SOURCE, tmp_path, *rows)
    wanted = expected(ROW, LEFT_OUT) + expected(FIELD, BLANKED, len(LEFT_OUT))
    assert places_of(parsed) == sorted(wanted)
    found = {fact["establishment_id"]: fact for fact in facts(parsed)}
    for n, (_, code, column) in enumerate(BLANKED, len(LEFT_OUT)):
        if code not in ("sector_unknown", "place_unknown"):
            assert found[f"EST-{n}"][column] is None


@pytest.mark.parametrize(
    ("hours", "kept"),
    [("80", 80.0), ("79.9", None), ("24.96", None), ("87840", 87840.0), ("", None), ("0", None)],
)
def test_hours_are_believed_within_what_a_year_holds(
    tmp_path: Path, hours: str, kept: float | None
) -> None:
    (found,) = facts(take(SOURCE, tmp_path, row(hours_worked=hours)))
    assert found["hours_worked"] == kept


def test_a_year_without_workers_and_without_anything_else_is_a_zero(tmp_path: Path) -> None:
    nothing = dict.fromkeys(("workers_male", "workers_female", "hours_worked", "disabling",
                             "non_disabling", "fatal"), "0")  # fmt: skip
    parsed = take(SOURCE, tmp_path, row(**nothing))
    (found,) = facts(parsed)
    assert parsed.fault_counts == {}
    assert (found["workers_male"], found["hours_worked"], found["fatal"]) == (0, 0, 0)


def test_blanks_are_not_zeros(tmp_path: Path) -> None:
    blank = dict.fromkeys(("workers_female", "hours_worked", "disabling", "days_lost"), "")
    (found,) = facts(take(SOURCE, tmp_path, row(**blank)))
    assert [found[name] for name in (*blank, "size_class")] == [None] * 5
    assert found["fatal"] == 1


def test_copies_count_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    parsed = take(
        SOURCE,
        tmp_path,
        row(),
        row(reported_on="2025-01-30"),
        row(year="2023"),
        row(establishment_id="EST-2"),
        row(establishment_id="EST-2", disabling="5"),
    )
    assert (parsed.rows_duplicate, parsed.rows_rejected) == (1, 2)
    assert parsed.fault_counts == {(ROW, "key_conflict", "establishment_id"): 2}
    assert sorted(fact["year"] for fact in facts(parsed)) == [2023, 2024]


def test_names_may_be_left_out_and_other_columns_not(tmp_path: Path) -> None:
    assert set(COLUMNS.all_names) == set(GOOD) - set(STAYS_IN_SNAPSHOT)
    path = write(tmp_path, SOURCE, [row()], [n for n in GOOD if n not in STAYS_IN_SNAPSHOT])
    assert read(SOURCE, path, 1).rows_accepted == 1
    path = write(tmp_path, SOURCE, [row()], [n for n in GOOD if n != "hours_worked"])
    with pytest.raises(ContractError, match="column 'hours_worked' is missing"):
        read(SOURCE, path, 1)


def test_loading_twice_changes_nothing(store: Store, settings: Settings) -> None:
    reports = [load(store, settings, SOURCE, [SAMPLE], fetched_at=PUBLISHED)[0] for _ in range(2)]
    assert [report.status for report in reports] == ["accepted", "unchanged"]
    found = known(store, SOURCE, "annual_exposure")
    rows = pd.read_csv(SAMPLE)
    ours = pd.DataFrame(found)
    for name in ("hours_worked", "disabling", "non_disabling", "fatal", "days_charged"):
        assert ours[name].sum() == rows[name].sum() > 0
