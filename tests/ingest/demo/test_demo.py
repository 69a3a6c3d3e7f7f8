"""The demonstration data: their formats, their determinism, and the truth they hide."""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections import Counter, defaultdict
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ingest.demo import DemoManifest, DemoRelease, generate, read_manifest
from ingest.demo.cases.persons import make_persons
from ingest.demo.cases.place_cells import place_cells
from ingest.demo.cases.records import DIRTY, SHARES
from ingest.demo.cases.transmission import (
    DISPERSION_SIZE,
    REGION_PLANS,
    Epidemic,
    serial_interval_pmf,
    simulate,
)
from ingest.demo.clock import CLOCK, LAST_DAY, first_onset, release_days
from ingest.demo.places import DOH_REGIONS, Geography, read_geography
from ingest.demo.workplaces.establishments import INDUSTRIES, make_establishments
from ingest.demo.workplaces.inspections import make_inspections, planned_inspections, read_checklist
from kms.config import ROOT
from kms.reference import load_matcher

HEADER = (
    "CaseCode,Age,AgeGroup,Sex,DateSpecimen,DateResultRelease,DateRepConf,DateDied,DateRecover,"
    "RemovalType,Admitted,RegionRes,ProvRes,CityMunRes,CityMuniPSGC,BarangayRes,BarangayPSGC,"
    "HealthStatus,Quarantined,DateOnset,Pregnanttab,ValidationStatus\n"
)
INSPECTION_HEADER = (
    "inspection_id,establishment_id,establishment_name,region,province,city_municipality,psgc,psic,"
    "workers_male,workers_female,risk_class,mode,trigger,visit,date_opened,date_closed,"
    "regional_office,inspector,item_code,item_title,legal_item,applicable,compliant_initial,"
    "compliant_after,corrected_on,severity_weight"
)
CASES, INSPECTIONS = "doh_case_information", "dole_inspections"
KEYS = {
    CASES: "CaseCode",
    INSPECTIONS: "inspection_id",
    "doh_hospital_daily": "hfhudcode",
    "doh_testing_aggregates": "facility_name",
    "dole_wair": "report_id",
    "dole_aedr": "establishment_id",
    "doh_case_investigation": "case_id",
}
SCALE = 0.05
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("demo")
    generate(target, scale=SCALE)
    return target


@pytest.fixture(scope="module")
def manifest(folder: Path) -> DemoManifest:
    return read_manifest(folder)


@pytest.fixture(scope="module")
def last_cases(folder: Path, manifest: DemoManifest) -> Rows:
    return _read(folder / _of(manifest, CASES)[-1].path)


@pytest.fixture(scope="module")
def last_inspections(folder: Path, manifest: DemoManifest) -> Rows:
    return _read(folder / _of(manifest, INSPECTIONS)[-1].path)


@pytest.fixture(scope="module")
def geography() -> Geography:
    return read_geography()


@pytest.fixture(scope="module")
def epidemic(geography: Geography) -> Epidemic:
    return simulate(geography, np.random.default_rng(7), months=18, scale=1.0)


def _of(manifest: DemoManifest, source_id: str) -> list[DemoRelease]:
    return [release for release in manifest.releases if release.source_id == source_id]


def _read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def test_the_calendar_is_one_history_twelve_weeks_and_seven_days() -> None:
    days = release_days()
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    assert gaps == [7] * 12 + [1] * 7
    assert days[-1] == LAST_DAY == date(2026, 11, 15)
    assert CLOCK.isoformat() == "2026-11-16T02:10:00+08:00"
    assert first_onset(18) == date(2025, 5, 16)
    assert first_onset(12) == date(2025, 11, 16)


def test_every_release_has_the_final_header_and_its_real_name(
    folder: Path, manifest: DemoManifest
) -> None:
    for release in _of(manifest, CASES):
        path = folder / release.path
        with path.open(encoding="utf-8", newline="") as stream:
            assert stream.readline() == HEADER
        day = datetime.fromisoformat(release.published_at)
        assert path.parent.name == f"{day:%Y%m%d}"
        assert path.name == f"DOH COVID Data Drop_ {day:%Y%m%d} - 04 Case Information.csv"


def test_a_seed_gives_the_same_bytes_and_another_seed_does_not(
    folder: Path, tmp_path: Path
) -> None:
    generate(tmp_path / "same", scale=SCALE)
    assert _digests(tmp_path / "same") == _digests(folder)
    other = generate(tmp_path / "other", seed=5, scale=SCALE / 5, months=7)
    assert other.seed == 5
    assert _digests(tmp_path / "other") != _digests(folder)


def test_the_manifest_says_what_was_written(folder: Path, manifest: DemoManifest) -> None:
    assert "ynthetic" in manifest.notice
    assert [release.published_at for release in manifest.releases] == sorted(
        release.published_at for release in manifest.releases
    )
    assert len(_of(manifest, CASES)) == len(release_days()) == 20
    assert len(_of(manifest, INSPECTIONS)) == 4
    assert manifest.generator_version == "3"
    assert Counter(release.source_id for release in manifest.releases) == {
        CASES: 20, INSPECTIONS: 4, "pidsr_weekly": 12, "doh_hospital_daily": 3,
        "doh_testing_aggregates": 3, "dole_wair": 6, "dole_aedr": 1,
        "doh_case_investigation": 16,
    }  # fmt: skip
    assert all(release.published_at <= manifest.clock for release in manifest.releases)
    for release in manifest.releases[::5]:
        assert len(_read(folder / release.path)) == release.rows
    for source_id, key in KEYS.items():
        last = _of(manifest, source_id)[-1]
        assert len({row[key] for row in _read(folder / last.path)}) == last.keys


def test_a_later_release_keeps_every_code_but_the_declared_removals(
    folder: Path, manifest: DemoManifest
) -> None:
    before: set[str] = set()
    grown = 0
    for release in _of(manifest, CASES):
        codes = {row["CaseCode"] for row in _read(folder / release.path)}
        assert before - codes == set(release.removed)
        grown += len(codes - before) > 0
        before = codes
    assert grown == 20


def test_releases_revise_onsets_and_places(folder: Path, manifest: DemoManifest) -> None:
    first, last = (_read(folder / _of(manifest, CASES)[i].path) for i in (12, -1))
    now = {row["CaseCode"]: row for row in last}
    seen = [(row, now[row["CaseCode"]]) for row in first if row["CaseCode"] in now]
    assert any(not old["DateOnset"] and new["DateOnset"] for old, new in seen)
    assert any(not old["RegionRes"] and new["RegionRes"] for old, new in seen)
    assert any(old["HealthStatus"] == "MILD" != new["HealthStatus"] for old, new in seen)


def test_nothing_is_reported_after_its_release(folder: Path, manifest: DemoManifest) -> None:
    for release in _of(manifest, CASES)[::6]:
        published = datetime.fromisoformat(release.published_at).date()
        reported = [_day(row["DateRepConf"]) for row in _read(folder / release.path)]
        newest = max(day for day in reported if day)
        assert 0 <= (published - newest).days <= 3


def test_the_register_holds_the_true_counts_by_true_onset(
    geography: Geography, epidemic: Epidemic
) -> None:
    persons = make_persons(epidemic, geography, np.random.default_rng(1))
    first = epidemic.observed_from.toordinal()
    truth = (epidemic.local + epidemic.imported)[epidemic.burn_in :]
    counted = np.zeros_like(truth)
    resident = persons.province >= 0
    np.add.at(counted, (persons.onset[resident] - first, persons.province[resident]), 1)
    assert np.array_equal(counted, truth)
    assert (~resident).sum() == epidemic.returning[epidemic.burn_in :].sum()
    delay = persons.report - persons.onset
    assert 6.0 < delay.mean() < 7.0
    assert (delay > 28).mean() < 0.02
    assert delay.max() <= 75
    assert 0.008 < persons.died.mean() < 0.012


def test_truth_files_hold_every_province_and_day(folder: Path, manifest: DemoManifest) -> None:
    tables = {}
    for name in ("r_true", "cases_true"):
        with gzip.open(folder / "truth" / f"{name}.csv.gz", "rt", encoding="utf-8") as stream:
            tables[name] = list(csv.DictReader(stream))
    days = (LAST_DAY - date.fromisoformat(manifest.first_onset)).days + 1
    assert len(tables["r_true"]) == 85 * days
    assert len(tables["cases_true"]) == 86 * days
    total = sum(int(r["cases_local"]) + int(r["cases_imported"]) for r in tables["cases_true"])
    assert total == manifest.cases


def test_visible_onsets_do_not_exceed_the_truth(folder: Path, last_cases: Rows) -> None:
    truth: dict[str, int] = defaultdict(int)
    with gzip.open(folder / "truth" / "cases_true.csv.gz", "rt", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            truth[row["onset_date"]] += int(row["cases_local"]) + int(row["cases_imported"])
    seen: dict[str, int] = defaultdict(int)
    for row in last_cases:
        seen[row["DateOnset"]] += 1
    shares = [seen[day] / count for day, count in truth.items() if count >= 20]
    assert 0.5 < np.median(shares) < 0.7
    assert sum(truth.values()) * 1.01 > len(last_cases)


def test_cases_follow_the_renewal_equation(geography: Geography, epidemic: Epidemic) -> None:
    start = epidemic.burn_in
    mean = (epidemic.r_true * epidemic.infectiousness())[start:]
    variance = mean + mean**2 / DISPERSION_SIZE
    for index in range(len(geography.regions)):
        inside = geography.province_region == index
        off = epidemic.local[start:, inside].sum() - mean[:, inside].sum()
        assert abs(off) < 4.0 * np.sqrt(variance[:, inside].sum())


def test_regions_differ_at_the_end(geography: Geography, epidemic: Epidemic) -> None:
    force = epidemic.infectiousness()[-14:]
    secondary = epidemic.r_true[-14:] * force
    r = {
        code: secondary[:, geography.province_region == index].sum()
        / force[:, geography.province_region == index].sum()
        for index, code in enumerate(geography.regions)
        if force[:, geography.province_region == index].sum() > 0
    }
    assert max(r.values()) > 1.15
    assert min(r.values()) < 0.85
    assert sum(0.9 < value < 1.1 for value in r.values()) >= 5


def test_case_totals_stay_in_their_band(geography: Geography) -> None:
    for seed in range(3):
        drawn = simulate(geography, np.random.default_rng(seed), months=18, scale=1.0)
        assert 140_000 < (drawn.local + drawn.imported)[drawn.burn_in :].sum() < 210_000


def test_the_serial_interval_is_a_distribution_without_day_zero() -> None:
    pmf = serial_interval_pmf()
    assert pmf[0] == 0.0
    assert pmf.sum() == pytest.approx(1.0)


def test_onset_is_blank_for_a_steady_third(last_cases: Rows) -> None:
    blank = np.array([not row["DateOnset"] for row in last_cases])
    half = len(blank) // 2
    assert 0.33 < blank.mean() < 0.41
    assert abs(blank[:half].mean() - blank[half:].mean()) < 0.04


def test_faults_are_rare(last_cases: Rows) -> None:
    assert sum(SHARES[fault] for fault in DIRTY) < 0.003
    unusable = sum(_day(row["DateRepConf"]) is None for row in last_cases)
    assert unusable / len(last_cases) < 0.002
    codes = [row["CaseCode"] for row in last_cases]
    assert 0 < len(codes) - len(set(codes)) < 0.005 * len(codes)
    assert all(row["RegionRes"] for row in last_cases if row["ProvRes"])


def test_validation_messages_are_multi_line_and_twice(last_cases: Rows) -> None:
    flagged = [row["ValidationStatus"] for row in last_cases if "\n" in row["ValidationStatus"]]
    message = 'Removal Type is "Recovered", but no Recovered Date is recorded'
    assert any(text.split("\n")[:2] == [message, message] for text in flagged)


def test_reports_dip_on_sundays(last_cases: Rows) -> None:
    days = [_day(row["DateRepConf"]) for row in last_cases]
    by_weekday = np.bincount([day.weekday() for day in days if day], minlength=7)
    assert by_weekday.argmin() == 6


def test_every_region_and_returning_filipinos_are_in_the_line_list(last_cases: Rows) -> None:
    assert {row["RegionRes"] for row in last_cases} == {*DOH_REGIONS.values(), "ROF", ""}


def test_every_place_text_is_understood_by_the_place_matcher(geography: Geography) -> None:
    matcher, places = load_matcher(), place_cells(geography)
    assert len(geography.provinces) == 85
    for city, row in zip(geography.cities, places.first_of_city, strict=True):
        region, province, name, code = places.texts[row].split(",")
        match = matcher.match(region=region, province=province, city=name, code=code)
        assert (match.code, match.flag) == (city.code, None)


def test_inspections_cover_every_region_and_section(last_inspections: Rows) -> None:
    trades = {code: kind.section for kind in INDUSTRIES for code, _ in kind.trades}
    sections = {trades[row["psic"]] for row in last_inspections if row["psic"] in trades}
    assert sections == set("ABCDEFGHIJKLMNOPQRST")
    assert len({row["region"] for row in last_inspections}) == 18
    assert ",".join(last_inspections[0]) == INSPECTION_HEADER


def test_routine_inspections_rest_in_december(last_inspections: Rows) -> None:
    december = {
        row["trigger"] for row in last_inspections if row["date_opened"].startswith("2025-12")
    }
    assert december
    assert "routine" not in december


def test_micro_firms_get_advisory_visits(last_inspections: Rows) -> None:
    modes = {row["mode"] for row in last_inspections}
    assert modes == {"TAV", "LI", "OSHI", "TSI"}
    answers = {row["compliant_initial"] for row in last_inspections if row["applicable"] == "NO"}
    assert answers == {""}


def test_compliance_at_full_scale_is_like_the_published_figures(geography: Geography) -> None:
    rng = np.random.default_rng(3)
    count = planned_inspections(1.0)
    assert count >= 4_000
    firms = make_establishments(geography, rng, round(count * 0.8))
    visits = make_inspections(firms, read_checklist(), rng, months=18, count=count)
    asked = visits.applicable
    met = visits.met[asked].mean()
    after = (visits.met | (visits.corrected < LAST_DAY.toordinal()))[asked].mean()
    assert 0.55 < met < 0.65
    assert 0.80 < after < 0.92
    assert 12 < visits.listed.sum(axis=1).mean() < 20


def test_later_inspection_files_complete_earlier_ones(
    folder: Path, manifest: DemoManifest, last_inspections: Rows
) -> None:
    first = _read(folder / _of(manifest, INSPECTIONS)[0].path)
    now = {(row["inspection_id"], row["item_code"]): row for row in last_inspections}
    changes = [(row, now[row["inspection_id"], row["item_code"]]) for row in first]
    assert any(not old["compliant_after"] and new["compliant_after"] for old, new in changes)
    assert all(old["compliant_initial"] == new["compliant_initial"] for old, new in changes)


def test_the_checklist_marks_what_is_verified() -> None:
    rows = _read(ROOT / "data" / "reference" / "inspection_items.csv")
    assert {row["verified"] for row in rows} == {"yes", "no"}
    assert all(row["source"] for row in rows)
    assert len({row["code"] for row in rows}) == len(rows) == len(read_checklist())


def test_region_plans_name_every_region(geography: Geography) -> None:
    assert set(REGION_PLANS) == set(geography.regions) == set(DOH_REGIONS)


def test_an_unusable_scale_or_period_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="scale 0"):
        generate(tmp_path, scale=0)
    with pytest.raises(ValueError, match="months 3"):
        generate(tmp_path, months=3)
