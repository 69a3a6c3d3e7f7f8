"""Employed persons: by quarter or year, and by section or division, as given."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ingest.load import load
from ingest.sources.psa.employment import COLUMNS, SOURCE
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

SAMPLE = ROOT / "data" / "sample" / "psa_employment_20260126.csv"
GOOD = {
    "year": "2024", "quarter": "3", "region": "NCR", "psgc": "1300000000", "psic": "47",
    "sex": "female", "employed": "610,000.5",
}  # fmt: skip


def row(**changes: str) -> dict[str, str]:
    """Return a good row with some cells changed."""
    return GOOD | changes


def test_a_good_row_becomes_one_figure(tmp_path: Path) -> None:
    parsed = take(SOURCE, tmp_path, row())
    assert parsed.fault_counts == {}
    assert facts(parsed) == [
        {
            "grain": "quarter",
            "area": "1300000000",
            "sector": "47",
            "sex": "female",
            "ref_date": "2024-07-01",
            "employed": 610000.5,
        }
    ]


LEFT_OUT: Cases = [
    ({"year": ""}, "required", "year"),
    ({"year": "2024-25"}, "date_unreadable", "year"),
    ({"year": "2030"}, "date_future", "year"),
    ({"year": "1989"}, "date_out_of_range", "year"),
    ({"quarter": "5"}, "value_unknown", "quarter"),
    ({"quarter": "0"}, "value_unknown", "quarter"),
    ({"quarter": "July"}, "value_unknown", "quarter"),
    ({"year": "2026", "quarter": "2"}, "date_future", "quarter"),
    ({"psic": "1"}, "value_unknown", "psic"),  # 01 without its zero
    ({"psic": "04"}, "value_unknown", "psic"),
    ({"psic": "4711"}, "value_unknown", "psic"),
    ({"psic": "Z"}, "value_unknown", "psic"),
    ({"sex": "all"}, "value_unknown", "sex"),
    ({"region": "Total"}, "summary_row", "year"),
    ({name: name for name in GOOD}, "repeated_header", "year"),
]
KEPT: Cases = [
    ({"employed": ""}, "required", "employed"),
    ({"employed": "*"}, "number_unreadable", "employed"),
    ({"employed": "-5"}, "number_negative", "employed"),
    ({"employed": "3e8"}, "number_out_of_range", "employed"),
    ({"region": "Atlantis", "psgc": ""}, "place_unknown", "psgc"),
    ({"region": "", "psgc": "9999999999"}, "place_code_unknown", "psgc"),
    ({"psgc": "0700000000"}, "place_code_conflict", "psgc"),
]


def test_each_fault_is_counted_where_it_stands(tmp_path: Path) -> None:
    changes = [*LEFT_OUT, *KEPT]
    rows = [row(year=str(1990 + n)) | cells for n, (cells, _, _) in enumerate(changes)]
    parsed = take(SOURCE, tmp_path, *rows)
    wanted = expected(ROW, LEFT_OUT) + expected(FIELD, KEPT, len(LEFT_OUT))
    assert places_of(parsed) == sorted(wanted)
    assert (parsed.rows_rejected, parsed.rows_accepted) == (len(LEFT_OUT), len(KEPT))
    kept = sorted(facts(parsed), key=lambda fact: str(fact["ref_date"]))
    assert [fact["employed"] for fact in kept] == [None] * 4 + [610000.5] * 3
    assert [fact["area"] for fact in kept[4:]] == ["nonplace:unknown"] * 2 + ["1300000000"]


@pytest.mark.parametrize(
    ("quarter", "grain", "day"),
    [
        ("", "year", "2024-01-01"), ("1", "quarter", "2024-01-01"), ("q2", "quarter", "2024-04-01"),
        ("3.0", "quarter", "2024-07-01"), ("Q4", "quarter", "2024-10-01"),
    ],
)  # fmt: skip
def test_a_period_is_named_by_its_first_day(
    tmp_path: Path, quarter: str, grain: str, day: str
) -> None:
    (found,) = facts(take(SOURCE, tmp_path, row(quarter=quarter)))
    assert (found["grain"], found["ref_date"]) == (grain, day)


def test_blank_means_all_of_them(tmp_path: Path) -> None:
    (found,) = facts(take(SOURCE, tmp_path, row(region="", psgc="", psic="", sex="")))
    assert (found["area"], found["sector"], found["sex"]) == ("0000000000", "", "")


def test_a_section_and_its_divisions_stand_beside_each_other(tmp_path: Path) -> None:
    parsed = take(SOURCE, tmp_path, row(psic="g"), row(), row(psic="01"))
    assert sorted(fact["sector"] for fact in facts(parsed)) == ["01", "47", "G"]


def test_zero_is_a_figure_and_blank_is_none(tmp_path: Path) -> None:
    parsed = take(SOURCE, tmp_path, row(employed="0"), row(employed="", sex="male"))
    assert {fact["sex"]: fact["employed"] for fact in facts(parsed)} == {"female": 0, "male": None}


def test_copies_count_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    parsed = take(
        SOURCE,
        tmp_path,
        row(),
        row(region="", employed="610000.5"),
        row(sex=""),
        row(sex="both", employed="1"),
    )
    assert (parsed.rows_duplicate, parsed.rows_rejected) == (1, 2)
    assert parsed.fault_counts == {(ROW, "key_conflict", "year"): 2}


def test_every_column_is_needed(tmp_path: Path) -> None:
    assert set(COLUMNS.all_names) == set(GOOD)
    for missing in ("quarter", "employed"):
        path = write(tmp_path, SOURCE, [row()], [name for name in GOOD if name != missing])
        with pytest.raises(ContractError, match=f"column '{missing}' is missing"):
            read(SOURCE, path, 1)


def test_loading_twice_changes_nothing(store: Store, settings: Settings) -> None:
    reports = [load(store, settings, SOURCE, [SAMPLE], fetched_at=PUBLISHED)[0] for _ in range(2)]
    assert [report.status for report in reports] == ["accepted", "unchanged"]
    assert set(known(store, SOURCE, "employment")["grain"]) == {"year", "quarter"}


def test_the_printed_table_of_industries_is_taken_in_whole(
    store: Store, settings: Settings, shared: Path, tmp_path: Path
) -> None:
    table = pd.read_csv(shared / "reference" / "geography" / "employment_national_psic_2021-12.csv")
    # The table shows fishing, a division, beside the rest of its section.
    fishing = table["label"].str.startswith("Fishing")
    given = pd.DataFrame(
        {
            "year": 2021, "quarter": 4, "region": "", "psgc": "",
            "psic": table["psic_section"].mask(fishing, "03"), "sex": "both",
            "employed": table["employed_thousands"] * 1000,
        }
    )  # fmt: skip
    path = tmp_path / "psa_employment_20220201.csv"
    given.to_csv(path, index=False)
    (report,) = load(store, settings, SOURCE, [path], fetched_at=PUBLISHED)
    assert report.rows_read == report.rows_accepted == len(table) == 20
    assert (report.rejects, report.flags) == ({}, {})
    found = pd.DataFrame(known(store, SOURCE, "employment"))
    assert found["employed"].sum() == 1000 * table["employed_thousands"].sum()
    ours = found.set_index("sector")["employed"].to_dict()
    assert ours == given.set_index("psic")["employed"].to_dict()
    assert set(found["ref_date"]) == {"2021-10-01"}


def test_two_places_nobody_knows_are_not_taken_for_one(tmp_path: Path) -> None:
    rows = [
        row(region=name, psgc="", employed=n) for name, n in (("Atlantis", "3"), ("Eldorado", "7"))
    ]
    parsed = take(SOURCE, tmp_path, *rows)
    assert (parsed.rows_rejected, parsed.rows_duplicate) == (0, 0)
    assert [(f["area"], f["employed"]) for f in facts(parsed)] == [("nonplace:unknown", 10)]
