"""Restrictions in force: for exactly the places and industries they were made for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ingest.load import load
from ingest.sources.iatf.measures import COLUMNS, SOURCE
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

SAMPLE = ROOT / "data" / "sample" / "measures_20260126.csv"
GOOD = {
    "measure_id": "M-1", "region": "NCR", "province": "", "city_municipality": "", "psgc": "",
    "psic": "I", "starts_on": "2021-03-29", "ends_on": "2021-04-11", "level": "ECQ",
    "capacity_share": "0.3", "instrument": "Resolution 106-A", "note": "dining in",
}  # fmt: skip
PLACE = ("region", "province", "city_municipality", "psgc")


def row(**changes: str) -> dict[str, str]:
    """Return a good row with some cells changed."""
    return GOOD | changes


def test_a_good_row_becomes_one_measure(tmp_path: Path) -> None:
    parsed = take(SOURCE, tmp_path, row())
    assert parsed.fault_counts == {}
    assert facts(parsed) == [
        {
            "measure_id": "M-1",
            "area": "1300000000",
            "sector": "I",
            "starts_on": "2021-03-29",
            "ends_on": "2021-04-11",
            "level": "ECQ",
            "capacity_share": 0.3,
            "instrument": "Resolution 106-A",
        }
    ]


LEFT_OUT: Cases = [
    ({"ends_on": "2021-03-28"}, "date_before_other", "ends_on"),
    ({"ends_on": "2099-12-31"}, "date_future", "ends_on"),
    ({"ends_on": "11 April"}, "date_unreadable", "ends_on"),
    ({"ends_on": "2021-04-31", "starts_on": ""}, "required", "starts_on"),
    ({"measure_id": ""}, "required", "measure_id"),
    ({"measure_id": "M\u200b1"}, "bad_text", "measure_id"),
    ({"starts_on": ""}, "required", "starts_on"),
    ({"starts_on": "29 March"}, "date_unreadable", "starts_on"),
    ({"starts_on": "2019-12-31"}, "date_out_of_range", "starts_on"),
    ({"starts_on": "2028-02-01"}, "date_future", "starts_on"),
    ({name: name for name in GOOD}, "repeated_header", "starts_on"),
]
BLANKED: Cases = [
    ({"psic": "Z"}, "sector_unknown", "psic"),
    ({"capacity_share": "30"}, "number_out_of_range", "capacity_share"),
    ({"capacity_share": "30%"}, "number_unreadable", "capacity_share"),
    ({"capacity_share": "-0.1"}, "number_negative", "capacity_share"),
    ({"level": "E" * 41}, "bad_text", "level"),
    ({"instrument": "EO\u202e1"}, "bad_text", "instrument"),
    ({"region": "Atlantis"}, "place_unknown", "psgc"),
    ({"city_municipality": "Nowhere"}, "place_unknown", "psgc"),
    ({"region": "", "psgc": "9999999999"}, "place_code_unknown", "psgc"),
]


def test_each_fault_is_counted_where_it_stands(tmp_path: Path) -> None:
    changes = [*LEFT_OUT, *BLANKED]
    rows = [row(measure_id=f"M-{n}") | cells for n, (cells, _, _) in enumerate(changes)]
    parsed = take(SOURCE, tmp_path, *rows)
    wanted = expected(ROW, LEFT_OUT) + expected(FIELD, BLANKED, len(LEFT_OUT))
    assert places_of(parsed) == sorted(wanted)
    found = {fact["measure_id"]: fact for fact in facts(parsed)}
    for n, (_, _, column) in enumerate(BLANKED, len(LEFT_OUT)):
        blank: dict[str, Any] = {"psic": ("sector", None), "psgc": ("area", "nonplace:unknown")}
        name, value = blank.get(column, (column, None))
        assert found[f"M-{n}"][name] == value


@pytest.mark.parametrize(
    ("place", "area", "flag"),
    [
        (("", "", "", ""), "0000000000", None),
        (("Nationwide", "", "", ""), "0000000000", None),
        (("philippines", "", "", "0000000000"), "0000000000", None),
        (("", "", "", "0702200000"), "0702200000", None),
        (("", "", "", "072217000"), "0730600000", None),
        (("", "", "", "PH072217000"), "0730600000", None),
        (("Central Visayas", "", "", "0702200000"), "0702200000", None),
        (("Central Visayas", "CEBU", "CEBU CITY", ""), "0730600000", None),
        (("Central Visayas", "CEBU", "", ""), "0702200000", None),
        (("NCR", "", "QUEZON CITY", "1381300000"), "1381300000", None),
        # What holds in a part of a place does not hold in the place.
        (("", "", "", "1381300001"), "nonplace:unknown", "place_code_unknown"),
        (("NCR", "", "QUEZON CITY", "1381300001"), "nonplace:unknown", "place_unknown"),
        (("Central Visayas", "CEBU", "Nowhere", ""), "nonplace:unknown", "place_unknown"),
        (("Central Visayas", "CEBU", "CEBU CITY", "1381300000"), "0730600000",
         "place_code_conflict"),
        (("NCR", "", "QUEZON CITY", "no code"), "1381300000", "place_code_unknown"),
    ],
)  # fmt: skip
def test_a_measure_holds_where_it_says_and_nowhere_else(
    tmp_path: Path, place: tuple[str, ...], area: str, flag: str | None
) -> None:
    parsed = take(SOURCE, tmp_path, row(**dict(zip(PLACE, place, strict=True))))
    assert facts(parsed)[0]["area"] == area
    assert parsed.counts(FIELD) == ({flag: 1} if flag else {})


@pytest.mark.parametrize(
    ("psic", "sector"), [("", ""), ("p", "P"), ("56", "I"), ("56101", "I"), ("99999", None)]
)
def test_no_industry_is_all_of_them_and_an_unknown_one_is_not(
    tmp_path: Path, psic: str, sector: str | None
) -> None:
    assert facts(take(SOURCE, tmp_path, row(psic=psic)))[0]["sector"] == sector


def test_measures_may_be_announced_and_open(tmp_path: Path) -> None:
    parsed = take(SOURCE, tmp_path, row(starts_on="2026-06-01", ends_on="", capacity_share="0"))
    assert parsed.fault_counts == {}
    assert facts(parsed)[0]["ends_on"] is None
    assert facts(parsed)[0]["capacity_share"] == 0


def test_copies_count_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    parsed = take(
        SOURCE,
        tmp_path,
        row(),
        row(note="something else"),
        row(measure_id="M-2"),
        row(measure_id="M-2", level="GCQ"),
    )
    assert (parsed.rows_duplicate, parsed.rows_rejected) == (1, 2)
    assert parsed.fault_counts == {(ROW, "key_conflict", "measure_id"): 2}


def test_the_note_may_be_left_out_and_other_columns_not(tmp_path: Path) -> None:
    assert set(COLUMNS.all_names) == set(GOOD) - {"note"}
    for missing in ("level", "starts_on"):
        path = write(tmp_path, SOURCE, [row()], [name for name in GOOD if name != missing])
        with pytest.raises(ContractError, match=f"column '{missing}' is missing"):
            read(SOURCE, path, 1)


def test_only_files_of_measures_are_taken() -> None:
    assert SOURCE.takes("measures_20260126.csv")
    assert not SOURCE.takes("owid_measures_20260126.csv")


def test_loading_twice_changes_nothing(store: Store, settings: Settings) -> None:
    reports = [load(store, settings, SOURCE, [SAMPLE], fetched_at=PUBLISHED)[0] for _ in range(2)]
    assert [report.status for report in reports] == ["accepted", "unchanged"]
    found = known(store, SOURCE, "measure")
    assert sorted(found["sector"]) == [""] * 6 + ["I", "I", "P", "R"]
