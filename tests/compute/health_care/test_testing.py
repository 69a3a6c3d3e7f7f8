"""Tests: the share of positives by area, suppressed where few persons are behind it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ingest.load import load
from ingest.source import source_named
from kms.access.disclosure import EXACT, Disclosure, DisclosureRule
from kms.access.figures import disclosed_share
from kms.compute.health_care.testing import (
    PositiveShares,
    _reporting_share,
    positive_shares,
    shares_of,
)
from kms.config import Settings
from kms.domain.areas import COUNTRY
from kms.domain.indicators import POSITIVE, POSITIVITY
from kms.domain.series import Series, make_series
from kms.reads.rows import Newest
from kms.reference import load_areas
from kms.store.engine import Store, open_store
from kms.store.migrate import migrate
from kms.store.publications import Issue
from metrics.states import State

FIRST, DAYS = date(2021, 1, 1), 60
PUBLISHED = datetime(2021, 3, 1, 23, tzinfo=UTC)
SOURCE = "doh_testing_aggregates"
NCR, CEBU_REGION, DAVAO = "1300000000", "0700000000", "1100000000"
LABORATORIES = {
    "Trial laboratory one": ("NCR", 400, 40),
    "Trial laboratory two": ("Region 7", 20, 1),
}


def counts_of(name: str, day: int) -> tuple[int, int]:
    """Return persons tested and positive; the first laboratory tests ever fewer."""
    _, tested, positive = LABORATORIES[name]
    if name.endswith("one") and day >= DAYS - 21:
        fall = 0.97 ** (day - (DAYS - 22))
        return round(tested * fall), positive
    return tested, positive


def write_tests(folder: Path) -> list[Path]:
    """Write the laboratories' days, and where they stand."""
    days = folder / "DOH COVID Data Drop_ 20210302 - 07 Testing Aggregates.csv"
    with days.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        writer.writerow(
            ["facility_name", "report_date", "daily_output_samples_tested",
             "daily_output_unique_individuals", "daily_output_positive_individuals"]
        )  # fmt: skip
        for n in range(DAYS):
            for name in LABORATORIES:
                tested, positive = counts_of(name, n)
                day = FIRST + timedelta(days=n)
                writer.writerow([name, day, tested, tested, positive])
    places = folder / "test_facility_region_lookup.csv"
    with places.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        writer.writerow(["REGION", "NAME OF FACILITY", "facility_name"])
        writer.writerows([region, name, ""] for name, (region, _, _) in LABORATORIES.items())
    return [days, places]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    opened = open_store(settings)
    migrate(opened)
    folder = tmp_path_factory.mktemp("files")
    source = source_named(SOURCE)
    load(opened, settings, source, write_tests(folder), fetched_at=PUBLISHED, at=PUBLISHED)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def found(store: Store) -> PositiveShares:
    with store.read() as connection:
        return positive_shares(
            connection, load_areas(), source_id=SOURCE, disease="covid19", as_of=PUBLISHED
        )


def series(found: PositiveShares, indicator: str, area: str) -> Series:
    return next(e.series for e in found.entries if (e.indicator, e.area) == (indicator, area))


def test_positives_are_divided_by_tests_of_the_same_week(found: PositiveShares) -> None:
    share = series(found, POSITIVITY, NCR)
    assert (share.start, len(share)) == (FIRST, DAYS)
    assert share.value[20] == pytest.approx(0.1)
    tested = sum(counts_of("Trial laboratory one", n)[0] for n in range(DAYS - 7, DAYS))
    assert share.value[-1] == pytest.approx(280 / tested)
    assert share.low[-1] < share.value[-1] < share.high[-1]
    assert share.completeness[-1] == 1.0
    assert series(found, POSITIVE, NCR).value[-1] == 280
    both = series(found, POSITIVITY, COUNTRY)
    assert both.value[-1] == pytest.approx(287 / (tested + 140))
    assert all(entry.area != DAVAO for entry in found.entries)


def test_fewer_tests_with_more_positives_give_a_warning(found: PositiveShares) -> None:
    assert found.to == FIRST + timedelta(days=DAYS - 1)
    assert set(found.fewer_tests) == {NCR, COUNTRY}


def test_silent_laboratories_make_a_share_provisional_and_no_warning() -> None:
    days, one = 60, np.ones((60, 1))
    told = np.repeat([10.0, 4.0], [53, 7])[:, None]  # six of ten are silent in the last week
    assert _reporting_share(told, 10 * one)[-1, 0] == pytest.approx(0.4)
    assert _reporting_share(12 * one, 10 * one)[-1, 0] == 1.0
    assert np.isnan(_reporting_share(0 * one, 0 * one)).all()
    content = pa.table(
        {
            "disease": ["covid19"] * days,
            "area": [NCR] * days,
            "ref_date": [(FIRST + timedelta(days=n)).isoformat() for n in range(days)],
            "individuals_tested": (told[:, 0] * 40).astype(int),
            # Those that still speak test the ill.
            "individuals_positive": np.repeat([30, 20], [53, 7]),
            "laboratories_reporting": told[:, 0].astype(int),
            "laboratories_registered": [10] * days,
        }
    )
    found = shares_of(content, load_areas(), FIRST + timedelta(days=days))
    share = series(found, POSITIVITY, NCR)
    assert share.state[[40, -1]].tolist() == [State.FINAL, State.PROVISIONAL]
    assert share.completeness[-1] == pytest.approx(0.4)
    assert found.fewer_tests == ()


def test_another_disease_has_no_tests(store: Store) -> None:
    with store.read() as connection:
        known = load_areas()
        assert not positive_shares(
            connection, known, source_id=SOURCE, disease="dengue", as_of=PUBLISHED
        ).entries


def test_a_share_with_few_persons_behind_it_is_suppressed(found: PositiveShares) -> None:
    share, persons = (series(found, name, CEBU_REGION) for name in (POSITIVITY, POSITIVE))
    assert persons.value[-1] == 7
    told = disclosed_share(share, persons, DisclosureRule())
    assert np.isnan(told.value[-1])
    assert np.isnan(told.low[-1])
    assert told.state[-1] == State.SUPPRESSED
    exact = disclosed_share(share, persons, EXACT)
    assert exact.value[-1] == pytest.approx(0.05)
    none = make_series(FIRST, np.zeros(3), low=0.0, high=0.1)
    kept = disclosed_share(none, make_series(FIRST, np.array([0.0, 8.0, 7.0])), DisclosureRule())
    assert np.isfinite(kept.value).tolist() == [True, True, False]


def test_pages_suppress_it_likewise() -> None:
    def newest(persons: float) -> Newest:
        row = {
            "indicator": POSITIVITY, "value": 0.05, "low": 0.024, "high": 0.1, "state": "final",
            "ref_date": FIRST, "completeness": 1.0,
        }  # fmt: skip
        values = {
            (POSITIVITY, CEBU_REGION, ""): row,
            (POSITIVE, CEBU_REGION, ""): row | {"value": persons},
        }
        issue = Issue("one", PUBLISHED, PUBLISHED, "", "published", {})
        return Newest(issue, values, FIRST, Disclosure(DisclosureRule()))

    few = newest(7).positivity(CEBU_REGION)
    assert (few.value, few.low, few.state) == (None, None, "suppressed")
    assert newest(8).positivity(CEBU_REGION).value == 0.05
    assert newest(0).positivity(CEBU_REGION).value == 0.05
    assert newest(8).positivity(DAVAO).state == "missing"
