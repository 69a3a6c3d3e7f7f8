"""A small published store: synthetic cases of four regions and inspections of three, loaded
through the real sources.

Davao grows, Metro Manila is flat, Cebu falls, Cordillera has few cases; Leyte has three in all,
all on one day, which no public figure may show.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ingest.load import load
from ingest.source import source_named
from kms.compute.publish import publish
from kms.config import Settings
from kms.store.engine import Store, open_store
from kms.store.migrate import migrate
from kms.store.open import CLOCK, SYNTHETIC, set_store_fact
from kms.store.publications import Issue

FIRST_REPORT, LAST_REPORT = date(2021, 1, 1), date(2021, 3, 20)
RELEASED = datetime(2021, 3, 21, 8, tzinfo=UTC)  # 16:00 in Manila
NOW = datetime(2021, 3, 21, 18, 10, tzinfo=UTC)  # 02:10 on the 22nd
NATION, NCR, CAR, CEBU_REGION, LEYTE_REGION, DAVAO = (
    "0000000000", "1300000000", "1400000000", "0700000000", "0800000000", "1100000000",
)  # fmt: skip
PLANTED, PLANTED_ON = 3, date(2021, 3, 1)
CASE_COLUMNS = (
    "CaseCode", "Age", "AgeGroup", "Sex", "DateSpecimen", "DateResultRelease", "DateRepConf",
    "DateDied", "DateRecover", "RemovalType", "Admitted", "RegionRes", "ProvRes", "CityMunRes",
    "CityMuniPSGC", "HealthStatus", "Quarantined", "DateOnset", "Pregnanttab", "ValidationStatus",
)  # fmt: skip
INSPECTION_COLUMNS = (
    "inspection_id", "establishment_id", "establishment_name", "region", "province",
    "city_municipality", "psgc", "psic", "workers_male", "workers_female", "risk_class", "mode",
    "trigger", "visit", "date_opened", "date_closed", "regional_office", "inspector", "item_code",
    "item_title", "legal_item", "applicable", "compliant_initial", "compliant_after",
    "corrected_on", "severity_weight",
)  # fmt: skip
ITEMS = ("OSH-03", "OSH-07", "OSH-12", "COV-01", "COV-03", "COV-05")
INDUSTRIES = {"C": "10101", "F": "41001", "I": "56101", "Q": "86111"}
ESTABLISHMENTS = 12  # of each industry and region


@dataclass(frozen=True)
class Place:
    """Where cases are reported, how many on the first day, and how fast they change."""

    region: str
    province: str
    city: str
    first: float
    growth_per_day: float


PLACES = (
    Place("NCR", "NCR", "CITY OF MANILA", 20.0, 0.0),
    Place("Region XI: Davao Region", "DAVAO DEL SUR", "DAVAO CITY", 2.0, 0.035),
    Place("Region VII: Central Visayas", "CEBU", "CEBU CITY (CAPITAL)", 30.0, -0.03),
    Place("CAR", "BENGUET", "BAGUIO CITY", 0.25, 0.0),
)


def make_published_store(
    settings: Settings, *, synthetic: bool = True, with_inspections: bool = True
) -> Store:
    """Return an open store with one publication; the caller closes it."""
    store = open_store(settings)
    migrate(store)
    set_store_fact(store, CLOCK, NOW.isoformat())
    if synthetic:
        set_store_fact(store, SYNTHETIC, "yes")
    folder = settings.home / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    files = {"doh_case_information": write_cases(folder)}
    if with_inspections:
        files["dole_inspections"] = write_inspections(folder)
    for source_id, path in files.items():
        load(store, settings, source_named(source_id), [path], fetched_at=NOW)
    publish_now(store)
    return store


@pytest.fixture(scope="session")
def published_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home of the published store of this session; import both fixtures to use it."""
    return tmp_path_factory.mktemp("published")


@pytest.fixture(scope="session")
def published(published_home: Path) -> Iterator[Store]:
    """Give a published store that tests only read."""
    store = make_published_store(Settings(home=published_home))
    yield store
    store.close()


def publish_now(store: Store) -> Issue:
    """Publish what is known at the store's present."""
    issue, _new = publish(store, as_of=RELEASED, published_at=NOW, current=True)
    return issue


def write_cases(folder: Path) -> Path:
    """Write a line list of some 3,500 cases as the Department of Health does."""
    draw = np.random.default_rng(20210321)
    rows = []
    for day in range((LAST_REPORT - FIRST_REPORT).days + 1):
        reported = FIRST_REPORT + timedelta(days=day)
        for place in PLACES:
            expected = place.first * np.exp(place.growth_per_day * day)
            rows += [_case(place, reported, draw) for _ in range(draw.poisson(expected))]
    leyte = Place("Region VIII: Eastern Visayas", "LEYTE", "PALO", 0, 0)
    rows += [_case(leyte, PLANTED_ON, draw) for _ in range(PLANTED)]
    path = folder / "DOH COVID Data Drop_ 20210321 - 04 Case Information.csv"
    return _write(path, CASE_COLUMNS, rows)


def write_inspections(folder: Path) -> Path:
    """Write inspections as regional offices export them; food service meets the fewest items."""
    draw = np.random.default_rng(20210322)
    met = {"C": 0.8, "F": 0.6, "I": 0.5, "Q": 0.9}
    rows = []
    for place in PLACES[:3]:
        for section, psic in INDUSTRIES.items():
            for number in range(ESTABLISHMENTS):
                rows += _inspection(place, psic, number, share=met[section], draw=draw)
    return _write(folder / "dole_inspections_20210320.csv", INSPECTION_COLUMNS, rows)


def _case(place: Place, reported: date, draw: np.random.Generator) -> dict[str, object]:
    onset = reported - timedelta(days=int(draw.integers(1, 8)))
    return {
        "CaseCode": f"C{draw.integers(10**12):012d}",
        "Age": 30,
        "Sex": "MALE",
        "DateRepConf": reported.isoformat(),
        "RegionRes": place.region,
        "ProvRes": place.province,
        "CityMunRes": place.city,
        "DateOnset": onset.isoformat() if draw.random() < 0.85 else "",
    }


def _inspection(
    place: Place, psic: str, number: int, *, share: float, draw: np.random.Generator
) -> list[dict[str, object]]:
    opened = LAST_REPORT - timedelta(days=int(draw.integers(10, 200)))
    name = f"{place.province[:3]}-{psic}-{number}".replace(" ", "")
    fixed = {
        "inspection_id": f"INS-{name}",
        "establishment_id": f"EST-{name}",
        "region": place.region,
        "province": place.province,
        "city_municipality": place.city,
        "psic": psic,
        "workers_male": 20,
        "workers_female": 15,
        "risk_class": "medium",
        "mode": "LI",
        "trigger": "routine",
        "visit": "first",
        "date_opened": opened.isoformat(),
        "date_closed": (opened + timedelta(days=9)).isoformat(),
    }
    rows: list[dict[str, object]] = []
    for item in ITEMS:
        first = draw.random() < share
        after = first or draw.random() < 0.6
        rows.append(
            {
                **fixed,
                "item_code": item,
                "applicable": "YES",
                "compliant_initial": "YES" if first else "NO",
                "compliant_after": "YES" if after else "NO",
                "severity_weight": 0.8,
            }
        )
    return rows


def _write(path: Path, columns: tuple[str, ...], rows: list[dict[str, object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path
