"""Beds: summed before they are divided, silent hospitals told apart, in every area of theirs."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ingest.load import load
from ingest.source import source_named
from kms.access.disclosure import DisclosureRule
from kms.compute.health_care.capacity import (
    APART,
    NUMBERS,
    TOGETHER,
    Beds,
    Capacity,
    _capacity_of,
    _with_beds_together,
    capacity,
)
from kms.compute.publish import publish
from kms.compute.units import Frame
from kms.config import Settings
from kms.domain.areas import COUNTRY
from kms.domain.series import Series
from kms.reads.area import read_area
from kms.reads.request import Request
from kms.reads.series import SeriesQuery, read_newest, read_series_view
from kms.reference import load_areas
from kms.store.engine import Store, open_store
from kms.store.migrate import migrate
from metrics.states import State
from tests.published import NOW, make_published_store

FIRST = date(2021, 3, 1)
DAYS = 20
PUBLISHED = datetime(2021, 3, 21, 8, tzinfo=UTC)
CEBU_REGION, CEBU, NCR = "0700000000", "0702200000", "1300000000"
SOURCE = "doh_hospital_daily"
# Intensive care 9 of 10, 2 of 30; a mean of shares would say 0.48. The third goes silent.
HOSPITALS = {
    "DOH0001": ("REGION VII (CENTRAL VISAYAS)", "CEBU", "CEBU CITY", 9, 1, DAYS),
    "DOH0002": ("REGION VII (CENTRAL VISAYAS)", "CEBU", "CEBU CITY", 2, 28, DAYS),
    "DOH0003": ("NATIONAL CAPITAL REGION (NCR)", "NCR, SECOND DISTRICT", "QUEZON CITY", 20, 20, 3),
    "DOH0004": ("NATIONAL CAPITAL REGION (NCR)", "NCR, SECOND DISTRICT", "QUEZON CITY", 5, 5, DAYS),
}


def write_reports(path: Path) -> Path:
    """Write one row a hospital and day it reports."""
    with path.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        writer.writerow(
            ["hfhudcode", "cfname", "updateddate", "addeddate", "reportdate", "icu_v", "icu_o",
             "isolbed_v", "isolbed_o", "beds_ward_v", "beds_ward_o", "mechvent_v", "mechvent_o",
             "region", "province", "city_mun"]
        )  # fmt: skip
        for code, (region, province, city, used, free, reports) in HOSPITALS.items():
            for n in range(reports):
                day = FIRST + timedelta(days=n)
                stamp = f"{day} 08:00:00"
                writer.writerow(
                    [code, f"Trial hospital {code}", stamp, stamp, day, free, used, 10, 30, 5, 15,
                     4, 1, region, province, city]
                )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    opened = open_store(settings)
    migrate(opened)
    name = "DOH COVID Data Drop_ 20210321 - 05 DOH Data Collect - Daily Report.csv"
    path = write_reports(settings.home / name)
    load(opened, settings, source_named(SOURCE), [path], fetched_at=PUBLISHED)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def found(store: Store) -> dict[tuple[str, str], Series]:
    with store.read() as connection:
        entries = capacity(connection, load_areas(), source_id=SOURCE, as_of=PUBLISHED).entries
    return {(entry.indicator, entry.area): entry.series for entry in entries}


def test_beds_are_summed_before_they_are_divided(found: dict[tuple[str, str], Series]) -> None:
    for area in (CEBU_REGION, CEBU):
        icu = found["icu_occupancy", area]
        assert (icu.start, len(icu)) == (FIRST, DAYS)
        assert icu.value[-1] == pytest.approx(11 / 40)
        assert np.isnan(icu.value[2])  # three days are no week
        assert icu.completeness[-1] == 1.0
        assert icu.state[-1] == State.FINAL
        assert found["icu_beds_free", area].value[-1] == 29
    assert found["bed_occupancy", CEBU_REGION].value[-1] == pytest.approx((11 + 90) / (40 + 120))
    assert found["ventilator_occupancy", CEBU_REGION].value[-1] == pytest.approx(0.2)


def test_a_silent_hospital_stands_for_a_fortnight_and_counts_as_not_reporting(
    found: dict[tuple[str, str], Series],
) -> None:
    icu = found["icu_occupancy", NCR]
    assert icu.completeness[[2, 3]].tolist() == [1.0, 0.5]
    assert icu.state[10] == State.PROVISIONAL
    assert icu.value[10] == pytest.approx(25 / 50)  # carried
    free = found["icu_beds_free", NCR]
    assert free.value[[16, 17]].tolist() == [25, 5]  # the last report is 14 days old, then gone


def test_the_country_is_the_sum_of_its_hospitals(found: dict[tuple[str, str], Series]) -> None:
    assert found["icu_beds_free", COUNTRY].value[-1] == 29 + 5
    assert found["icu_occupancy", COUNTRY].value[9] == pytest.approx((11 + 25) / (40 + 50))
    assert ("icu_occupancy", "1100000000") not in found  # no hospital there


def test_nothing_is_told_before_anything_is_known(store: Store) -> None:
    with store.read() as connection:
        early = datetime(2021, 2, 1, tzinfo=UTC)
        assert capacity(connection, load_areas(), source_id=SOURCE, as_of=early) == Capacity()


def test_beds_outside_intensive_care_go_on_when_the_layout_changes() -> None:
    def beds(days: list[float]) -> Beds:
        return {name: np.array(days)[:, None] for name in NUMBERS}

    nan = float("nan")
    apart: dict[str, Beds] = {kind: beds([3, 4, nan, nan]) for kind in APART}
    joined = _with_beds_together({**apart, TOGETHER: beds([nan, nan, nan, 9])})[TOGETHER]
    assert joined["total"].ravel().tolist()[:2] == [6, 8]
    assert joined["reporting"].ravel().tolist()[:2] == [3, 4]  # the same hospitals in both
    assert np.isnan(joined["total"][2, 0])
    assert joined["total"][3, 0] == 9
    assert _with_beds_together(apart)[TOGETHER]["occupied"][1, 0] == 8
    assert TOGETHER not in _with_beds_together({"icu": beds([1, 2, 3, 4])})


def test_a_place_without_wards_does_not_make_all_beds_intensive_care() -> None:
    frame = Frame(FIRST, 12, ("a", "b"), ("a", "b", "both"), np.array([[1, 0, 1], [0, 1, 1.0]]))

    def beds(used: list[float], every: list[float]) -> Beds:
        one = np.ones((12, 2))
        reporting = np.where(np.isnan(used), 0.0, one)
        return {
            "occupied": one * used,
            "total": one * every,
            "reporting": reporting,
            "carried": one * 0,
            "registered": one,
        }

    nan = float("nan")
    kinds = {"icu": beds([45, 10], [50, 50]), TOGETHER: beds([nan, 100], [nan, 500])}
    found = {(e.indicator, e.area): e.series for e in _capacity_of(kinds, frame).entries}
    assert ("bed_occupancy", "a") not in found
    assert found["bed_occupancy", "b"].value[-1] == pytest.approx(110 / 550)
    assert found["bed_occupancy", "both"].value[-1] == pytest.approx(110 / 550)
    assert found["bed_occupancy", "both"].completeness[-1] == 0.5
    assert found["bed_occupancy", "both"].state[-1] == State.PROVISIONAL
    assert found["icu_occupancy", "both"].value[-1] == pytest.approx(55 / 100)


def test_readers_see_them_with_the_share_of_hospitals_that_reported(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    store = make_published_store(settings)
    try:
        assert read_area(store, Request(area=CEBU_REGION)).beds == ()
        name = "DOH COVID Data Drop_ 20210321 - 05 DOH Data Collect - Daily Report.csv"
        path = write_reports(settings.home / name)
        load(store, settings, source_named(SOURCE), [path], fetched_at=PUBLISHED)
        _, new = publish(store, as_of=NOW, published_at=NOW)
        assert new, "beds are among what figures are made from"
        view = read_area(store, Request(area=CEBU_REGION))
        query = SeriesQuery("icu_occupancy", CEBU_REGION)
        points = read_series_view(store, query, rule=DisclosureRule()).points
        newest = read_newest(store, "icu_beds_free", None, rule=DisclosureRule())
    finally:
        store.close()
    told = dict(view.beds)
    assert told["icu_occupancy"].value == 0.28  # 11 of 40, in steps of one point
    assert told["icu_beds_free"].value == 29
    assert told["icu_occupancy"].completeness == 1.0
    assert (points[-1].value, points[-1].completeness) == (0.28, 1.0)
    assert {area: point.value for area, _, point in newest.rows}[CEBU] == 29
