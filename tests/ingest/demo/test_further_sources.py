"""Weekly diseases, beds, tests, injuries and hours: through the real sources, against the truth."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.demo import DemoManifest, DemoRelease, generate
from ingest.demo.diseases.outbreaks import OUTBREAKS
from ingest.demo.diseases.units import reporting_units
from ingest.demo.diseases.weekly import make_weekly_cases
from ingest.demo.places import read_geography
from ingest.load import load_vintage
from ingest.source import discover
from kms.config import Settings
from kms.domain.intake import IntakeReport
from kms.domain.places import UNKNOWN
from kms.reference import load_areas
from kms.store.engine import Store, open_store
from kms.store.facts import fact_table, known_at, read_columns
from kms.store.migrate import migrate
from tests.conftest import FULL

WEEKLY, BEDS, TESTS = "pidsr_weekly", "doh_hospital_daily", "doh_testing_aggregates"
INJURIES, EXPOSURE = "dole_wair", "dole_aedr"
SCALE = 0.1
LAST = datetime.max.replace(tzinfo=UTC)
Rows = list[dict[str, str]]
Reports = dict[str, list[IntakeReport]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def manifest(folder: Path) -> DemoManifest:
    return generate(folder, scale=SCALE, months=7)


@pytest.fixture(scope="module")
def filled(folder: Path) -> Iterator[tuple[Store, Settings]]:
    settings = Settings(home=folder / "home")
    store = open_store(settings)
    migrate(store)
    yield store, settings
    store.close()


@pytest.fixture(scope="module")
def reports(manifest: DemoManifest, folder: Path, filled: tuple[Store, Settings]) -> Reports:
    store, settings = filled
    found: Reports = defaultdict(list)
    for source_id in (WEEKLY, BEDS, TESTS, INJURIES, EXPOSURE):
        for release in _taken(manifest, source_id):
            instant = datetime.fromisoformat(release.published_at)
            parts = [folder / part for part in (release.path, *release.further_parts)]
            source = discover()[source_id]
            assert all(source.takes(part.name) for part in parts)
            report = load_vintage(
                store, settings, source, parts, instant=instant, fetched_at=instant
            )
            assert report.rows_read == release.rows
            found[source_id].append(report)
    return found


def _taken(manifest: DemoManifest, source_id: str) -> list[DemoRelease]:
    """Return the releases taken in: all with full counts, else the first two and the last."""
    issues = [each for each in manifest.releases if each.source_id == source_id]
    return issues if FULL or len(issues) < 5 else [*issues[:2], issues[-1]]


def _truth(folder: Path, name: str) -> Rows:
    path = folder / "truth" / name
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    return list(csv.DictReader(text.splitlines()))


@pytest.fixture(scope="module")
def known(reports: Reports, filled: tuple[Store, Settings]) -> dict[str, list[dict[str, Any]]]:
    tables = {
        WEEKLY: "case_count", BEDS: "capacity", TESTS: "testing", INJURIES: "injury_report",
        EXPOSURE: "annual_exposure",
    }  # fmt: skip
    found = {}
    with filled[0].read() as connection:
        for source_id, table in tables.items():
            columns = read_columns(connection, known_at(fact_table(table), source_id, LAST))
            names = list(columns)
            found[source_id] = [
                dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)
            ]
    return found


def _region(area: str, on: date = date(2026, 11, 15)) -> str:
    return load_areas().region_of(area, on) if area in load_areas() else "unlisted"


def test_every_issue_is_accepted_and_few_rows_are_left_out(reports: Reports) -> None:
    for issues in reports.values():
        assert {report.status for report in issues} == {"accepted"}
        assert all(report.rows_rejected < 0.01 * report.rows_read for report in issues)
    for source_id in (WEEKLY, BEDS, TESTS):
        assert reports[source_id][-1].rows_rejected > 0


def test_weekly_cases_in_the_store_are_those_last_reported(
    folder: Path, manifest: DemoManifest, known: dict[str, list[dict[str, Any]]]
) -> None:
    told = {
        (row["disease"], row["area"], row["week"]): int(row["reported"])
        for row in _truth(folder, "weekly_true.csv.gz")
        if row["reported"]
    }
    stored = {
        (row["disease"], row["area"], row["ref_date"]): row["cases"]
        for row in known[WEEKLY]
        if (row["classification"], row["basis"]) == ("all", "report")
    }
    assert stored == told
    assert len(told) > 0.97 * len(_truth(folder, "weekly_true.csv.gz"))
    assert sum(count == 0 for count in stored.values()) > 1_000


def test_every_outbreak_is_seen_in_its_place_and_week(
    folder: Path, known: dict[str, list[dict[str, Any]]]
) -> None:
    counts = {
        (row["disease"], row["area"], row["ref_date"]): row["cases"]
        for row in known[WEEKLY]
        if (row["classification"], row["basis"]) == ("all", "report")
    }
    listed = _truth(folder, "outbreaks.csv")
    assert len(listed) == len(OUTBREAKS)
    assert {row["disease"] for row in listed} == {"dengue", "influenza", "leptospirosis", "measles"}
    for row in listed:
        first = date.fromisoformat(row["first_week"])
        weeks = [str(first + timedelta(weeks=n)) for n in range(int(row["weeks"]))]
        before = [str(first - timedelta(weeks=n)) for n in range(1, 9)]
        key = (row["disease"], row["area"])
        during = [counts[(*key, week)] for week in weeks if (*key, week) in counts]
        usual = [counts[(*key, week)] for week in before if (*key, week) in counts]
        assert max(during) > 3 * max(*usual, 1)
        assert sum(during) > 0.6 * int(row["cases"])


def test_dengue_and_leptospirosis_rise_with_the_rain_and_influenza_in_the_cool_months() -> None:
    units = reporting_units(read_geography())
    weekly = make_weekly_cases(units, np.random.default_rng(3), scale=1.0)
    usual = (weekly.cases - weekly.outbreak).sum(axis=1)
    wet = np.array([6 <= day.month <= 11 for day in weekly.sundays])
    cool = np.array([day.month in {12, 1, 2} for day in weekly.sundays])
    dengue, influenza, leptospirosis, _ = usual
    assert dengue[wet].mean() > 1.5 * dengue[~wet].mean()
    assert leptospirosis[wet].mean() > 1.5 * leptospirosis[~wet].mean()
    assert influenza[cool].mean() > 1.5 * influenza[~cool].mean()
    assert len(weekly.sundays) >= 104
    assert len(units) == len(set(units.codes)) > 120


def test_late_reports_of_the_last_weeks_come_in_later_issues(
    reports: Reports, filled: tuple[Store, Settings], manifest: DemoManifest
) -> None:
    first, second = _taken(manifest, WEEKLY)[:2]
    seen = []
    with filled[0].read() as connection:
        for release in (first, second):
            at = datetime.fromisoformat(release.published_at).astimezone(UTC)
            rows = read_columns(connection, known_at(fact_table("case_count"), WEEKLY, at))
            seen.append(rows)
    newest = max(seen[0]["ref_date"])
    counts = [
        sum(c for day, c in zip(rows["ref_date"], rows["cases"], strict=True) if day == newest)
        for rows in seen
    ]
    assert counts[1] > 1.2 * counts[0] > 0


def test_beds_occupied_follow_the_epidemic(
    folder: Path, manifest: DemoManifest, known: dict[str, list[dict[str, Any]]]
) -> None:
    stored: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in known[BEDS]:
        if row["bed_type"] != "ventilator" and row["total"] is not None:
            stored[row["ref_date"]][0] += row["occupied"]
            stored[row["ref_date"]][1] += row["total"]
    true: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for truth in _truth(folder, "beds_true.csv.gz"):
        true[truth["date"]][0] += int(truth["occupied"])
        true[truth["date"]][1] += int(truth["beds"])
    days = sorted(true)[14:]  # nothing is carried into the first days
    rates = np.array([[d[day][0] / d[day][1] for day in days] for d in (stored, true)])
    assert set(days) <= set(stored)
    assert np.abs(rates[0] - rates[1]).max() < 0.02
    assert np.corrcoef(rates)[0, 1] > 0.95
    assert all(abs(stored[day][1] / true[day][1] - 1) < 0.05 for day in days)
    assert {_region(row["area"]) for row in known[BEDS]} == {
        truth["region"] for truth in _truth(folder, "beds_true.csv.gz")
    }


def test_tests_in_the_store_are_those_last_reported(
    folder: Path, manifest: DemoManifest, known: dict[str, list[dict[str, Any]]]
) -> None:
    told = {
        (row["region"], row["date"]): (int(row["tested"]), int(row["positive"]))
        for row in _truth(folder, "tests_true.csv.gz")
        if int(row["tested"])
    }
    stored = {
        (row["area"] if row["area"] != UNKNOWN else "unlisted", row["ref_date"]): (
            row["individuals_tested"],
            row["individuals_positive"],
        )
        for row in known[TESTS]
        if row["individuals_tested"]
    }
    assert stored == told
    meant = [float(row["positivity"] or 0) for row in _truth(folder, "tests_true.csv.gz")]
    assert 0.03 < sum(p for _, p in told.values()) / sum(t for t, _ in told.values()) < 0.25
    assert max(meant) > 1.5 * np.median([share for share in meant if share])


def test_injuries_in_the_store_are_those_reported(
    folder: Path, manifest: DemoManifest, known: dict[str, list[dict[str, Any]]]
) -> None:
    truth = _truth(folder, "injuries_true.csv")
    rows = known[INJURIES]
    for name, stored in (
        ("reports_told", len(rows)),
        ("fatal_told", sum(row["fatal"] or 0 for row in rows)),
        ("hours_told", round(sum(row["hours_worked"] or 0 for row in known[EXPOSURE]))),
    ):
        assert stored == sum(int(row[name]) for row in truth)
    assert sum(int(row["events"]) for row in truth) > len(rows) > 0


def test_injuries_and_hours_are_of_inspected_establishments(
    folder: Path, manifest: DemoManifest, known: dict[str, list[dict[str, Any]]]
) -> None:
    last = [each for each in manifest.releases if each.source_id == "dole_inspections"][-1]
    with (folder / last.path).open(encoding="utf-8", newline="") as stream:
        inspected = {row["establishment_id"]: row["psgc"] for row in csv.DictReader(stream)}
    for source_id in (INJURIES, EXPOSURE):
        rows = [row for row in known[source_id] if row["establishment_id"] in inspected]
        assert len(rows) > 0.9 * len(known[source_id])
        assert all(row["area"] == inspected[row["establishment_id"]] for row in rows)
    assert {row["year"] for row in known[EXPOSURE]} == {2025}
