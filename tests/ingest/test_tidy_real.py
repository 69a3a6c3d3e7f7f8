"""The mappings that come with the product, on real files whole, against pandas."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ingest.load import load
from ingest.source import Source
from ingest.sources.tidy.files import SOURCES
from kms.config import Settings
from kms.domain.intake import IntakeReport
from kms.store.engine import Store
from kms.store.facts import fact_table, known_at, read_columns
from kms.store.vintages import vintages

BY_ID = {source.source_id: source for source in SOURCES}
FETCHED = datetime(2026, 1, 26, 8, tzinfo=UTC)


def real(shared: Path, name: str) -> Path:
    path = shared / "data" / name
    if not path.exists():
        pytest.skip(f"the real file {name} is not on this machine")
    return path


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def known(store: Store, source: Source, name: str, as_of: datetime = FETCHED) -> pd.DataFrame:
    with store.read() as connection:
        statement = known_at(fact_table(name), source.source_id, as_of)
        return pd.DataFrame(read_columns(connection, statement))


def sums(frame: pd.DataFrame, by: list[str], number: str = "cases") -> dict[Any, int]:
    return {key: int(n) for key, n in frame.groupby(by)[number].sum().items()}


def check_account(report: IntakeReport, rows: int) -> None:
    assert report.rows_read == rows
    assert report.rows_read == (report.rows_accepted + report.rows_rejected + report.rows_duplicate)


def test_daily_counts_of_regions_are_those_of_the_file(
    shared: Path, store: Store, settings: Settings
) -> None:
    path = real(shared, "doh_region_daily/case_daily_region_to_2021-10.csv")
    source = BY_ID["tidy_csv.region_daily"]
    (report,) = load(store, settings, source, [path], fetched_at=FETCHED)
    frame = table(path)
    check_account(report, len(frame))
    assert (report.status, report.rejects, report.flags) == ("accepted", {}, {})
    found = known(store, source, "case_count")
    frame["cases"] = frame["cases"].astype(int)
    assert len(found) == len(frame) == 10_897
    assert found["cases"].sum() == frame["cases"].sum()
    assert set(found["area"]) == {f"{n:02}00000000" for n in (*range(1, 14), 14, 16, 17, 19)} - {
        "1500000000"
    }
    codes = {"NCR": "1300000000", "Ilocos": "0100000000", "BARMM": "1900000000"}
    for region, code in codes.items():
        theirs = frame[frame["region"].eq(region)].set_index("date")["cases"].to_dict()
        ours = found[found["area"].eq(code)].set_index("ref_date")["cases"].to_dict()
        assert ours == theirs


def test_a_line_list_with_sources_of_infection_is_counted_as_pandas_counts_it(
    shared: Path, store: Store, settings: Settings
) -> None:
    path = real(shared, "toronto_linelist/toronto_covid19_cases.csv")
    source = BY_ID["tidy_csv.toronto"]
    (report,) = load(store, settings, source, [path], fetched_at=FETCHED)
    frame = table(path)
    check_account(report, len(frame))
    assert (report.rejects, report.flags, report.rows_duplicate) == ({}, {}, 0)
    counts = known(store, source, "case_count")
    for basis, column in (("report", "Reported Date"), ("onset", "Episode Date")):
        ours = counts[counts["basis"].eq(basis)].assign(
            classification=lambda found: found["classification"].str.upper()
        )
        assert sums(ours, ["classification", "ref_date"]) == {
            key: int(n) for key, n in frame.groupby(["Classification", column]).size().items()
        }
    places = frame["Neighbourhood Name"].replace("", "nonplace:unknown")
    by_place = counts[counts["basis"].eq("report")].groupby("area")["cases"].sum()
    assert sorted(by_place) == sorted(places.value_counts())
    assert by_place["nonplace:unknown"] == 721
    assert by_place.index.str.len().max() <= 40
    confirmed = frame[frame["Classification"].eq("CONFIRMED")]
    triangle = known(store, source, "reporting_triangle")
    assert sums(triangle, ["onset_date", "report_date"]) == {
        key: int(n)
        for key, n in confirmed.groupby(["Episode Date", "Reported Date"]).size().items()
    }
    links = known(store, source, "case_link")
    assert sums(links, ["infection_source", "report_date"]) == {
        key: int(n)
        for key, n in confirmed.assign(
            origin=confirmed["Source of Infection"].map(
                {
                    "Travel": "imported",
                    "Close contact": "known_contact",
                    "N/A - Outbreak associated": "cluster",
                    "Healthcare": "cluster",
                    "Institutional": "cluster",
                    "Community": "unknown",
                    "Unknown/Missing": "unknown",
                    "Pending": "pending",
                }
            )
        )
        .groupby(["origin", "Reported Date"])
        .size()
        .items()
    }
    assert links["cases"].sum() == len(confirmed) == 19_633


@pytest.fixture(scope="module")
def snapshots(shared: Path) -> Path:
    return real(shared, "ontario_snapshots/ontario_linelist_snapshots_to_2020-04-25.csv.gz")


def test_each_snapshot_of_a_file_becomes_a_vintage_that_can_be_asked_for(
    snapshots: Path, store: Store, settings: Settings
) -> None:
    source = BY_ID["tidy_csv.ontario"]
    reports = load(store, settings, source, [snapshots], fetched_at=FETCHED)
    frame = table(snapshots)
    days = sorted(frame["snapshot_date"].unique())
    assert len(reports) == len(days) == 21
    assert {report.status for report in reports} <= {"accepted", "unchanged"}
    assert sum(report.rows_read for report in reports) == len(frame)
    with store.read() as connection:
        assert len(vintages(connection)) == 21
    for report, day in zip(reports, days, strict=True):
        then = frame[frame["snapshot_date"].eq(day)]
        check_account(report, len(then))
        dated = then[
            then["Accurate_Episode_Date"].ne("") & then["Accurate_Episode_Date"].ge("2020")
        ]
        assert report.rows_rejected == len(then) - len(dated)
        assert report.rows_duplicate == 0
        as_of = datetime.fromisoformat(f"{day}T08:00:00+00:00")
        counts = known(store, source, "case_count", as_of)
        assert sums(counts, ["ref_date"]) == {
            key: int(n) for key, n in dated.groupby("Accurate_Episode_Date").size().items()
        }
        links = known(store, source, "case_link", as_of)
        assert sums(links, ["infection_source"]) == {
            key: int(n)
            for key, n in dated["Case_AcquisitionInfo"]
            .map(
                {
                    "Contact of a confirmed case": "known_contact",
                    "Travel-Related": "imported",
                    "Neither": "unknown",
                    "Information pending": "pending",
                }
            )
            .value_counts()
            .items()
        }
    between = datetime(2020, 4, 5, 23, tzinfo=UTC)  # no snapshot of 5 April: that of the 4th stands
    assert known(store, source, "case_count", between)["cases"].sum() == 3_630
    before = datetime(2020, 4, 2, 7, 59, tzinfo=UTC)
    assert known(store, source, "case_count", before).empty
