"""Shares of safety items: no cell speaks of a handful of establishments, or of a single one."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.load import load
from ingest.source import source_named
from kms.config import Settings
from kms.reads.area import read_area
from kms.reads.request import Request
from kms.reads.sectors import read_sectors
from kms.reads.series import SeriesQuery, read_series_view
from kms.store.engine import Store
from tests.published import DAVAO, NCR, NOW, make_published_store, publish_now, write_inspections

GIANT, WORKERS = "EST-NCR-41001-0", 1800  # 83 % of construction in Metro Manila
RARE, FEW = "86111", 4  # establishments left of health in Davao


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    opened = make_published_store(settings, with_inspections=False)
    path = _changed(write_inspections(settings.home / "incoming"))
    load(opened, settings, source_named("dole_inspections"), [path], fetched_at=NOW)
    publish_now(opened)
    yield opened
    opened.close()


def _changed(path: Path) -> Path:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = []
    for row in rows:
        number = int(row["establishment_id"].rpartition("-")[2])
        if row["establishment_id"] == GIANT:
            row["workers_male"] = str(WORKERS)
        if row["region"].startswith("Region XI") and row["psic"] == RARE and number >= FEW:
            continue
        kept.append(row)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    return path


def test_a_cell_of_mostly_one_establishment_is_suppressed_for_everybody(store: Store) -> None:
    view = read_sectors(store, Request(area=NCR))
    cells = read_sectors(store, Request()).cells
    by_code = {row.code: row for row in view.rows}
    for reading in (by_code["F"].compliance_initial, by_code["F"].compliance_after):
        assert (reading.value, reading.state) == (None, "suppressed")
    assert (by_code["F"].inspections, by_code["F"].establishments) == (None, None)
    assert cells["F", NCR].state == "suppressed"
    query = SeriesQuery("compliance_initial", NCR, "F")
    (point,) = read_series_view(store, query, rule=None).points
    assert (point.value, point.low, point.state) == (None, None, "suppressed")


def test_the_same_establishment_is_no_most_of_larger_cells(store: Store) -> None:
    assert read_sectors(store, Request(area=NCR)).overall.compliance_initial.value is not None
    nation = {row.code: row for row in read_sectors(store, Request()).rows}
    assert nation["F"].compliance_initial.value is not None
    assert read_area(store, Request(area=NCR)).row.inspections == 50  # 48, rounded


def test_a_cell_of_fewer_than_five_establishments_is_suppressed(store: Store) -> None:
    cells = read_sectors(store, Request()).cells
    assert cells["Q", DAVAO].state == "suppressed"
    assert cells["Q", NCR].value is not None
