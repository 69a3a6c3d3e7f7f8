"""Files of beds and of tests, and the truth behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.demo.clock import FACILITY_RELEASES
from ingest.demo.facilities.bed_releases import write_bed_releases
from ingest.demo.facilities.hospitals import Hospitals, make_hospitals
from ingest.demo.facilities.laboratories import (
    Laboratories,
    make_laboratories,
    reported_at_last,
)
from ingest.demo.facilities.laboratory_releases import write_laboratory_releases
from ingest.demo.truth import write_gzip

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from ingest.demo.cases.transmission import Epidemic
    from ingest.demo.manifest import WrittenRelease
    from ingest.demo.places import Geography

NO_REGION = "unlisted"
"""Stands for the region of laboratories that no list names."""


def write_beds(
    folder: Path,
    geography: Geography,
    epidemic: Epidemic,
    rng: np.random.Generator,
    *,
    scale: float,
) -> list[WrittenRelease]:
    """Simulate hospitals, and write releases and truth."""
    hospitals = make_hospitals(epidemic, geography, rng, scale=scale)
    _write_bed_truth(folder / "truth", geography, hospitals)
    return write_bed_releases(folder / "releases", geography, hospitals, FACILITY_RELEASES)


def write_tests(
    folder: Path,
    geography: Geography,
    epidemic: Epidemic,
    rng: np.random.Generator,
    *,
    scale: float,
) -> list[WrittenRelease]:
    """Simulate laboratories, and write releases and truth."""
    laboratories = make_laboratories(epidemic, geography, rng, scale=scale)
    _write_test_truth(folder / "truth", geography, laboratories)
    return write_laboratory_releases(
        folder / "releases", geography, laboratories, FACILITY_RELEASES
    )


def _write_bed_truth(folder: Path, geography: Geography, hospitals: Hospitals) -> None:
    """Write by region and day the share meant, beds and occupied beds, silent hospitals too."""
    folder.mkdir(parents=True, exist_ok=True)
    ordinary = slice(0, 3)  # without ventilators
    occupied = hospitals.occupied[:, :, ordinary].sum(axis=2)
    beds = np.broadcast_to(hospitals.beds[:, ordinary].sum(axis=1), occupied.shape)
    regions = len(geography.regions)
    columns: list[list[Any]] = [
        [f"{rate:.5f}" for rate in hospitals.rate.T.ravel().tolist()],
        _by_region(beds, hospitals.region, regions).T.ravel().tolist(),
        _by_region(occupied, hospitals.region, regions).T.ravel().tolist(),
    ]
    rows = _rows(_keys(geography.regions, hospitals.days), columns)
    write_gzip(folder / "beds_true.csv.gz", "region,date,rate,beds,occupied", rows)


def _write_test_truth(folder: Path, geography: Geography, laboratories: Laboratories) -> None:
    """Write by region and day the positivity meant, persons tested and positive as last told."""
    folder.mkdir(parents=True, exist_ok=True)
    told = reported_at_last(laboratories)
    region = laboratories.region.copy()
    region[-1] = len(geography.regions)
    sums = [
        _by_region(np.where(told, numbers, 0), region, len(geography.regions) + 1)
        for numbers in (laboratories.individuals, laboratories.positive)
    ]
    meant = [f"{share:.5f}" for share in laboratories.positivity.T.ravel().tolist()]
    meant += [""] * len(laboratories.days)
    columns: list[list[Any]] = [meant, *(each.T.ravel().tolist() for each in sums)]
    rows = _rows(_keys([*geography.regions, NO_REGION], laboratories.days), columns)
    write_gzip(folder / "tests_true.csv.gz", "region,date,positivity,tested,positive", rows)


def _by_region(
    numbers: NDArray[np.int64], region: NDArray[np.int64], regions: int
) -> NDArray[np.int64]:
    """Sum facilities to regions: shape (days, regions)."""
    total = np.zeros((len(numbers), regions), dtype=np.int64)
    np.add.at(total.T, region, numbers.T)
    return total


def _keys(places: list[str], days: list[date]) -> list[str]:
    return [f"{place},{day}" for place in places for day in days]


def _rows(keys: list[str], columns: list[list[Any]]) -> list[str]:
    return [",".join(map(str, row)) for row in zip(keys, *columns, strict=True)]
