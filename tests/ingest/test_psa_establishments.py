"""Establishments: summed into sections, and never counted twice."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ingest.load import load
from ingest.sources.psa.establishments import COLUMNS, SOURCE
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

SAMPLE = ROOT / "data" / "sample" / "psa_establishments_20260126.csv"
GOOD = {
    "year": "2024", "region": "Region VII: Central Visayas", "province": "CEBU",
    "psgc": "0702200000", "psic": "10", "size_class": "micro", "establishments": "3,000",
    "employed": "11,000",
}  # fmt: skip


def row(**changes: str) -> dict[str, str]:
    """Return a good row with some cells changed."""
    return GOOD | changes


def test_a_good_row_becomes_one_count(tmp_path: Path) -> None:
    parsed = take(SOURCE, tmp_path, row())
    assert parsed.fault_counts == {}
    assert facts(parsed) == [
        {
            "area": "psa:0702200000",
            "sector": "C",
            "size_class": "micro",
            "ref_date": "2024-01-01",
            "establishments": 3000,
            "employed": 11000,
        }
    ]


LEFT_OUT: Cases = [
    ({"year": ""}, "required", "year"),
    ({"year": "24th"}, "date_unreadable", "year"),
    ({"year": "2027"}, "date_future", "year"),
    ({"psic": "1"}, "value_unknown", "psic"),
    ({"psic": "99999"}, "value_unknown", "psic"),
    ({"psic": "food"}, "value_unknown", "psic"),
    ({"size_class": "tiny"}, "value_unknown", "size_class"),
    ({"region": "SUBTOTAL"}, "summary_row", "year"),
    ({name: name for name in GOOD}, "repeated_header", "year"),
]
KEPT: Cases = [
    ({"establishments": "-1"}, "number_negative", "establishments"),
    ({"establishments": "few"}, "number_unreadable", "establishments"),
    ({"employed": "10.5"}, "number_not_whole", "employed"),
    ({"employed": "3e9"}, "number_out_of_range", "employed"),
    ({"province": "Nowhere"}, "place_unknown", "psgc"),
    ({"region": "", "province": "", "psgc": "9999999999"}, "place_code_unknown", "psgc"),
]


def test_each_fault_is_counted_where_it_stands(tmp_path: Path) -> None:
    changes = [*LEFT_OUT, *KEPT]
    rows = [row(year=str(1990 + n)) | cells for n, (cells, _, _) in enumerate(changes)]
    parsed = take(SOURCE, tmp_path, *rows)
    wanted = expected(ROW, LEFT_OUT) + expected(FIELD, KEPT, len(LEFT_OUT))
    assert places_of(parsed) == sorted(wanted)
    kept = sorted(facts(parsed), key=lambda fact: str(fact["ref_date"]))
    assert [fact["establishments"] for fact in kept] == [None] * 2 + [3000] * 4
    assert [fact["employed"] for fact in kept] == [11000] * 2 + [None] * 2 + [11000] * 2
    assert [fact["area"] for fact in kept[4:]] == ["nonplace:unknown"] * 2


def test_parts_of_a_section_are_summed_and_an_unknown_part_makes_the_sum_unknown(
    tmp_path: Path,
) -> None:
    parsed = take(
        SOURCE,
        tmp_path,
        row(),
        row(psic="11", establishments="0", employed=""),
        row(psic="56"),
    )
    assert {fact["sector"]: fact["establishments"] for fact in facts(parsed)} == {
        "C": 3000,
        "I": 3000,
    }
    assert {fact["sector"]: fact["employed"] for fact in facts(parsed)} == {"C": None, "I": 11000}


@pytest.mark.parametrize("other", ["C", "1071"])
def test_a_section_beside_its_parts_refuses_the_file(tmp_path: Path, other: str) -> None:
    with pytest.raises(ContractError, match="in section C for one year and place") as refused:
        take(SOURCE, tmp_path, row(), row(psic=other))
    assert refused.value.code == "refused"


def test_levels_may_differ_between_sections_years_and_places(tmp_path: Path) -> None:
    rows = [row(), row(psic="G"), row(psic="C", year="2023"), row(psic="C", province="BOHOL",
            psgc=""), row(psic="")]  # fmt: skip
    parsed = take(SOURCE, tmp_path, *rows)
    assert parsed.fault_counts == {}
    assert sorted(fact["sector"] for fact in facts(parsed)) == ["", "C", "C", "C", "G"]


def test_blank_means_all_of_them(tmp_path: Path) -> None:
    (found,) = facts(
        take(SOURCE, tmp_path, row(region="", province="", psgc="", psic="", size_class=""))
    )
    assert (found["area"], found["sector"], found["size_class"]) == ("0000000000", "", "")


def test_copies_count_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    parsed = take(
        SOURCE,
        tmp_path,
        row(),
        row(region="", province="", establishments="3000"),
        row(size_class="large"),
        row(size_class="large", employed="1"),
    )
    assert (parsed.rows_duplicate, parsed.rows_rejected) == (1, 2)
    assert parsed.fault_counts == {(ROW, "key_conflict", "year"): 2}


def test_every_column_is_needed(tmp_path: Path) -> None:
    assert set(COLUMNS.all_names) == set(GOOD)
    for missing in ("province", "employed"):
        path = write(tmp_path, SOURCE, [row()], [name for name in GOOD if name != missing])
        with pytest.raises(ContractError, match=f"column '{missing}' is missing"):
            read(SOURCE, path, 1)


def test_loading_twice_changes_nothing(store: Store, settings: Settings) -> None:
    reports = [load(store, settings, SOURCE, [SAMPLE], fetched_at=PUBLISHED)[0] for _ in range(2)]
    assert [report.status for report in reports] == ["accepted", "unchanged"]
    found = pd.DataFrame(known(store, SOURCE, "establishment_count"))
    rows = pd.read_csv(SAMPLE, dtype=str)
    counted = rows["establishments"].str.replace(",", "").astype(int)
    assert found["establishments"].sum() == counted.sum() > 0


def test_two_places_nobody_knows_are_not_taken_for_one(tmp_path: Path) -> None:
    lost = {"region": "", "psgc": ""}
    rows = [row(**lost, province=name) for name in ("Atlantis", "Eldorado")]
    rows[1] |= {"establishments": "7", "employed": "70"}
    parsed = take(SOURCE, tmp_path, *rows)
    assert (parsed.rows_rejected, parsed.rows_duplicate) == (0, 0)
    assert [(f["area"], f["establishments"], f["employed"]) for f in facts(parsed)] == [
        ("nonplace:unknown", 3007, 11070)
    ]
