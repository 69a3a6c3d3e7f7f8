"""Isolation facilities: facilities of one name, and the real file against another count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ingest.batch import Batch
from ingest.load import load
from ingest.sources.doh.ttmf import SOURCE
from kms.config import Settings
from kms.domain.intake import FIELD, ROW, Parsed, Span
from kms.errors import ContractError
from kms.store.engine import Store
from kms.store.facts import arrow_schema, fact_table, known_at, read_columns
from tests.ingest.bed_totals import areas_of, plain, registered, totals

PUBLISHED = datetime(2021, 4, 18, 8, tzinfo=UTC)
NAME = "DOH COVID Data Drop_ 20210418 - 08 Quarantine Facility Data - Daily Report.csv"
CEBU_CITY = "0730600000"
GOOD = {
    "facilityname": "BARANGAY ISOLATION UNIT",
    "region": "REGION VII (CENTRAL VISAYAS)", "province": "CEBU", "city_mun": "CEBU CITY",
    "bgy": "LAHUG", "isolbed_v": "6", "isolbed_o": "4", "beds_ward_v": "3", "beds_ward_o": "2",
    "addeddate": "2021-04-16 08:00:00", "updateddate": "2021-04-16 08:00:00",
    "reportdate": "2021-04-16",
}  # fmt: skip
NUMBERS = ("isolbed_v", "isolbed_o", "beds_ward_v", "beds_ward_o")
Row = dict[str, str]
Facts = dict[tuple[str, str, str], dict[str, Any]]


def row(**changes: str) -> Row:
    """Return a good row with some cells changed."""
    return GOOD | changes


def parse(folder: Path, *rows: Row) -> Parsed:
    """Read hand-made rows, and check the account."""
    path = folder / NAME
    pd.DataFrame(list(rows), dtype=str).to_csv(path, index=False)
    parsed = SOURCE.parse(Batch(SOURCE.source_id, (path,), PUBLISHED, folder / "tmp"))
    assert parsed.rows_read == len(rows)
    assert sum(parsed.counts(ROW).values()) == parsed.rows_rejected
    assert parsed.facts["capacity"].schema == arrow_schema(fact_table("capacity"))
    return parsed


def facts(rows: Sequence[dict[str, Any]]) -> Facts:
    """Return facts by (bed type, area, day)."""
    return {(r["bed_type"], r["area"], r["ref_date"]): r for r in rows}


def isolation(parsed: Parsed, day: str = "2021-04-16") -> list[Any]:
    """Return the numbers of isolation beds of the city."""
    fact = facts(parsed.facts["capacity"].to_pylist())["isolation", CEBU_CITY, day]
    return [fact[name] for name in list(fact)[4:]]


def test_a_report_becomes_isolation_and_ward_beds(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row())
    assert parsed.fault_counts == {}
    assert parsed.spans == {"capacity": Span("ref_date", "2021-04-16", "2021-04-16")}
    rows = parsed.facts["capacity"].to_pylist()
    assert {(r["facility_type"], r["bed_type"], r["occupied"], r["total"]) for r in rows} == {
        ("isolation_facility", "isolation", 4, 10),
        ("isolation_facility", "ward", 2, 5),
    }


def test_facilities_of_one_name_in_one_city_are_told_apart_by_their_barangay(
    tmp_path: Path,
) -> None:
    assert isolation(parse(tmp_path, row(), row(bgy="MABOLO"))) == [8, 20, 2, 0, 2]


def test_without_barangays_reports_of_one_name_and_day_are_of_one_facility(tmp_path: Path) -> None:
    rows = [row(), row(isolbed_o="1", updateddate="2021-04-16 09:00:00")]
    bare = [{key: cell for key, cell in each.items() if key != "bgy"} for each in rows]
    parsed = parse(tmp_path, *bare)
    assert parsed.fault_counts == {(FIELD, "report_superseded", "facilityname"): 1}
    assert parsed.rows_duplicate == 1
    assert isolation(parsed) == [1, 7, 1, 0, 1]


def test_a_report_without_a_time_beside_another_one_leaves_both_out(tmp_path: Path) -> None:
    untimed = row(isolbed_o="1", updateddate="", addeddate="")
    parsed = parse(tmp_path, row(bgy="MABOLO"), row(), untimed)
    assert parsed.fault_counts == {(ROW, "key_conflict", "facilityname"): 2}
    assert isolation(parsed) == [4, 10, 1, 0, 1]


def test_a_blank_report_only_registers(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row(), row(bgy="MABOLO") | dict.fromkeys(NUMBERS, ""))
    assert isolation(parsed) == [4, 10, 1, 0, 2]


@pytest.mark.parametrize("name", ["facilityname", "reportdate", "city_mun", "beds_ward_o"])
def test_a_missing_column_refuses_the_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ContractError, match=f"column '{name}' is missing"):
        parse(tmp_path, {key: cell for key, cell in GOOD.items() if key != name})


def test_a_damaged_archive_is_refused(store: Store, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "doh_ttmf_quarantine_facility_day.csv.gz"
    path.write_bytes(b"\x1f\x8b\x08\x00cut")
    with pytest.raises(ContractError, match="cannot be unpacked"):
        load(store, settings, SOURCE, [path], fetched_at=PUBLISHED)


def test_the_real_file_is_summed_as_pandas_sums_it(
    store: Store, settings: Settings, shared: Path
) -> None:
    path = shared / "data" / "doh_hospital_2021" / "doh_ttmf_quarantine_facility_day.csv.gz"
    report = load(store, settings, SOURCE, [path], fetched_at=PUBLISHED, at=PUBLISHED)[0]
    frame = pd.read_csv(path, dtype=dict.fromkeys(NUMBERS, "float"))
    frame["area"] = areas_of(frame)
    key = ["facilityname", "region", "province", "city_mun"]
    names = frame[key].agg(" ".join, axis=1)
    frame["facility"] = names.map({name: plain(name) for name in names.unique()})
    frame["day"] = pd.to_datetime(frame["report_date"])
    counted, conflicts = settled(frame)
    assert report.rejects == {"key_conflict": conflicts}
    assert (report.rows_read, conflicts) == (len(frame), 8)
    assert report.rows_accepted == len(counted)
    assert report.rows_read == report.rows_accepted + report.rows_rejected + report.rows_duplicate
    area = dict(zip(counted["facility"], counted["area"], strict=True))
    with store.read() as connection:
        known = read_columns(
            connection, known_at(fact_table("capacity"), SOURCE.source_id, PUBLISHED)
        )
    rows = [dict(zip(known, values, strict=True)) for values in zip(*known.values(), strict=True)]
    for kind, stem in (("isolation", "isolbed"), ("ward", "beds_ward")):
        mine = {(a, d): fact for (k, a, d), fact in facts(rows).items() if k == kind}
        assert {k: f["facilities_registered"] for k, f in mine.items()} == registered(counted, area)
        sums = {k: (f["occupied"], f["total"]) for k, f in mine.items() if f["total"] is not None}
        assert sums == totals(counted, area, [f"{stem}_o"], [f"{stem}_v"])


def settled(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the report that counts of each facility and day, and the rows nobody can choose of."""
    key = ["facility", "day"]
    filled = frame.dropna(subset=list(NUMBERS)).copy()
    filled["said"] = filled[list(NUMBERS)].astype(str).agg(" ".join, axis=1)
    filled["untimed"] = filled["updateddate"].isna()
    filled["stamp"] = filled["updateddate"].fillna("")
    newest = filled["stamp"] == filled.groupby(key)["stamp"].transform("max")
    filled["said_last"] = filled["said"].where(newest)
    of_day = filled.groupby(key)
    unclear = of_day["untimed"].transform("any") | (of_day["said_last"].transform("nunique") > 1)
    rivals = filled[unclear & (of_day["said"].transform("nunique") > 1)]
    ordered = filled.sort_values("stamp", ascending=False, kind="stable")
    kept = pd.concat([ordered, frame]).drop_duplicates(key)
    conflict = pd.MultiIndex.from_frame(kept[key]).isin(pd.MultiIndex.from_frame(rivals[key]))
    involved = pd.MultiIndex.from_frame(frame[key]).isin(pd.MultiIndex.from_frame(rivals[key]))
    return kept[~conflict], int(involved.sum())
