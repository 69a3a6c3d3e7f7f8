"""Population: census and projections, with the real counts of every unit of 2020 and 2024."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ingest.load import load
from ingest.sources.psa.population import COLUMNS, SOURCE
from kms.config import ROOT, Settings
from kms.domain.intake import FIELD, ROW
from kms.errors import ContractError
from kms.reference import load_areas
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

SAMPLE = ROOT / "data" / "sample" / "psa_population_20260126.csv"
GOOD = {
    "psgc": "0702200000", "area_name": "Cebu", "ref_date": "2020-05-01", "sex": "male",
    "age_band": "5-9", "population": "161,250",
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
            "sex": "male",
            "age_band": "5-9",
            "ref_date": "2020-05-01",
            "persons": 161250,
        }
    ]


LEFT_OUT: Cases = [
    ({"psgc": ""}, "required", "psgc"),
    ({"psgc": "Cebu"}, "value_unknown", "psgc"),
    ({"psgc": "7.022E+08"}, "value_unknown", "psgc"),
    ({"ref_date": ""}, "required", "ref_date"),
    ({"ref_date": "2020"}, "date_unreadable", "ref_date"),
    ({"ref_date": "1899-12-31"}, "date_out_of_range", "ref_date"),
    ({"ref_date": "2077-01-01"}, "date_future", "ref_date"),
    ({"sex": "M"}, "value_unknown", "sex"),
    ({"age_band": "9-May"}, "value_unknown", "age_band"),
    ({"age_band": "9-5"}, "value_unknown", "age_band"),
    ({"age_band": "0-999"}, "value_unknown", "age_band"),
    ({"age_band": "adults"}, "value_unknown", "age_band"),
    ({name: name for name in GOOD}, "repeated_header", "ref_date"),
]
KEPT: Cases = [
    ({"population": ""}, "required", "population"),
    ({"population": "-1"}, "number_negative", "population"),
    ({"population": "1,61,250"}, "number_unreadable", "population"),
    ({"population": "12.5"}, "number_not_whole", "population"),
    ({"population": "9e9"}, "number_out_of_range", "population"),
    ({"psgc": "9999999999"}, "place_code_unknown", "psgc"),
    ({"psgc": "0730600001"}, "place_code_unknown", "psgc"),
]


def test_each_fault_is_counted_where_it_stands(tmp_path: Path) -> None:
    changes = [*LEFT_OUT, *KEPT]
    days = [f"2021-01-{n + 1:02}" for n in range(len(changes))]
    rows = [row(ref_date=day) | cells for day, (cells, _, _) in zip(days, changes, strict=True)]
    parsed = take(SOURCE, tmp_path, *rows)
    assert places_of(parsed) == sorted(
        expected(ROW, LEFT_OUT) + expected(FIELD, KEPT, len(LEFT_OUT))
    )
    assert (parsed.rows_rejected, parsed.rows_accepted) == (len(LEFT_OUT), len(KEPT))
    persons = {fact["ref_date"]: fact["persons"] for fact in facts(parsed)}
    assert [persons[day] for day in days[len(LEFT_OUT) :]] == [None] * 5 + [161250] * 2


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""), ("All ages", ""), ("all", ""), ("5-9", "5-9"), ("05 - 09", "5-9"),
        ("5 \u2013 9", "5-9"), ("5 to 9", "5-9"), ("80+", "80+"), ("80 years and over", "80+"),
        ("80 and above", "80+"), ("Under 1", "0-0"), ("Under 5", "0-4"), ("7", "7-7"),
    ],
)  # fmt: skip
def test_age_bands_are_written_in_one_way(tmp_path: Path, given: str, kept: str) -> None:
    assert facts(take(SOURCE, tmp_path, row(age_band=given)))[0]["age_band"] == kept


@pytest.mark.parametrize(
    ("given", "area"),
    [
        ("0000000000", "0000000000"),
        ("0730600000", "0730600000"),
        ("0702200000", "psa:0702200000"),  # Cebu without the cities of Cebu, Lapu-Lapu, Mandaue
        ("0701200000", "0701200000"),  # Bohol has no such city
        ("1300000000", "1300000000"),
        ("072217000", "0730600000"),  # the city's code before 2023
        ("PH072217000", "0730600000"),
        ("72217000", "0730600000"),  # the same without its zero
        ("1380601000", "1380601000"),  # a district is not its city
        ("0730600001", "local:psgc:0730600001"),  # nor is a barangay
        ("9999999999", "local:psgc:9999999999"),
    ],
)
def test_a_part_never_counts_as_the_place_it_lies_in(tmp_path: Path, given: str, area: str) -> None:
    assert facts(take(SOURCE, tmp_path, row(psgc=given)))[0]["area"] == area


def test_codes_that_are_not_known_do_not_contradict_each_other(tmp_path: Path) -> None:
    rows = [row(psgc="0730600001"), row(psgc="0730600002", population="7")]
    parsed = take(SOURCE, tmp_path, *rows)
    assert parsed.fault_counts == {(FIELD, "place_code_unknown", "psgc"): 2}


def test_all_sexes_may_be_written_in_two_ways(tmp_path: Path) -> None:
    parsed = take(SOURCE, tmp_path, row(sex=""), row(sex="both"), row(sex="Female"))
    assert (parsed.rows_duplicate, parsed.rows_rejected) == (1, 0)
    assert sorted(fact["sex"] for fact in facts(parsed)) == ["", "female"]


def test_projections_lie_ahead(tmp_path: Path) -> None:
    assert take(SOURCE, tmp_path, row(ref_date="2055-07-01")).fault_counts == {}


def test_figures_that_contradict_each_other_are_all_left_out(tmp_path: Path) -> None:
    parsed = take(SOURCE, tmp_path, row(), row(population="1"), row(age_band="0-4"))
    assert parsed.fault_counts == {(ROW, "key_conflict", "ref_date"): 2}
    assert [fact["age_band"] for fact in facts(parsed)] == ["0-4"]


def test_the_name_may_be_left_out_and_other_columns_not(tmp_path: Path) -> None:
    assert set(COLUMNS.all_names) == set(GOOD) - {"area_name"}
    for missing in ("psgc", "population"):
        path = write(tmp_path, SOURCE, [row()], [name for name in GOOD if name != missing])
        with pytest.raises(ContractError, match=f"column '{missing}' is missing"):
            read(SOURCE, path, 1)


def test_loading_twice_changes_nothing(store: Store, settings: Settings) -> None:
    reports = [load(store, settings, SOURCE, [SAMPLE], fetched_at=PUBLISHED)[0] for _ in range(2)]
    assert [report.status for report in reports] == ["accepted", "unchanged"]
    assert max(known(store, SOURCE, "population")["persons"]) == 109_000_000


def test_the_census_of_every_unit_is_taken_in_whole(
    store: Store, settings: Settings, shared: Path, tmp_path: Path
) -> None:
    census = pd.read_csv(
        shared / "reference" / "geography" / "population_2020.csv", dtype={"psgc": str}
    )
    days = {"2020-05-01": "pop_2020_current_boundaries", "2024-07-01": "pop_2024"}
    whole = pd.concat(
        pd.DataFrame(
            {
                "psgc": census["psgc"], "area_name": census["name"], "ref_date": day, "sex": "",
                "age_band": "", "population": census[column], "level": census["level"],
            }
        )
        for day, column in days.items()
    )  # fmt: skip
    path = tmp_path / "psa_population_20260126.csv"
    whole.drop(columns="level").to_csv(path, index=False)
    (report,) = load(store, settings, SOURCE, [path], fetched_at=PUBLISHED)
    assert report.rows_read == report.rows_accepted == len(whole) == 2 * 1758
    assert (report.rejects, report.flags) == ({}, {})
    found = pd.DataFrame(known(store, SOURCE, "population"))
    without = {code for code in found["area"] if code.startswith("psa:")}
    assert len(without) == 15
    assert without == {
        f"psa:{area.code}" for area in load_areas()
        if area.level == "province" and area.census.pop_2024 != area.census_incl_huc.pop_2024
    }  # fmt: skip
    found["area"] = found["area"].str.removeprefix("psa:")
    found = found.assign(level=found["area"].map(census.set_index("psgc")["level"]))
    ours = found.groupby(["ref_date", "level"])["persons"].sum()
    theirs = whole.groupby(["ref_date", "level"])["population"].sum()
    assert ours.to_dict() == theirs.to_dict()
    each = found.set_index(["ref_date", "area"])["persons"].to_dict()
    assert each == whole.set_index(["ref_date", "psgc"])["population"].to_dict()
