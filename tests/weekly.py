"""A store with weekly notifiable diseases: the demonstration's, with outbreaks of known date.

Beside them lie the few daily cases of `tests.published`, without which nothing is published.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.demo.clock import DISEASE_RELEASES
from ingest.demo.diseases.outbreaks import OUTBREAKS, Outbreak
from ingest.demo.diseases.releases import (
    make_reporting,
    reported_at_last,
    write_weekly_releases,
)
from ingest.demo.diseases.units import reporting_units
from ingest.demo.diseases.weekly import make_weekly_cases
from ingest.demo.places import read_geography
from ingest.load import load
from ingest.source import source_named
from kms.compute.publish import publish
from kms.config import Settings
from kms.reference import load_areas
from kms.store.engine import Store, open_store
from kms.store.migrate import migrate
from kms.store.open import CLOCK, set_store_fact
from tests.published import NOW, write_cases

LATER = datetime(2026, 11, 12, 10, tzinfo=UTC)  # the day of the last release, 18:00 in Manila
ON = date(2026, 11, 12)
SEED = 20_261_116
NATION = "0000000000"


@dataclass(frozen=True)
class Written:
    """The last release's file, and by disease, place and week what it reports; -1: nothing."""

    path: Path
    places: list[str]
    sundays: list[date]
    reported: NDArray[np.int64]


def write_weeks(folder: Path, *, scale: float = 1.0) -> Written:
    """Write the demonstration's last release of weekly diseases."""
    draw = np.random.default_rng(SEED)
    units = reporting_units(read_geography())
    weekly = make_weekly_cases(units, draw, scale=scale)
    reporting = make_reporting(weekly, units, draw)
    (written,) = write_weekly_releases(folder, units, weekly, reporting, days=DISEASE_RELEASES[-1:])
    told = reported_at_last(weekly, reporting)
    return Written(written.path, units.codes, weekly.sundays, told)


def make_weekly_store(home: Path) -> tuple[Store, Written]:
    """Return an open store with one publication, which the caller closes, and what it holds."""
    settings = Settings(home=home)
    store = open_store(settings)
    migrate(store)
    folder = home / "incoming"
    folder.mkdir(parents=True)
    written = write_weeks(folder)
    files = {"doh_case_information": (write_cases(folder), NOW)}
    files["pidsr_weekly"] = (written.path, LATER)
    for source, (path, instant) in files.items():
        load(store, settings, source_named(source), [path], fetched_at=instant)
    set_store_fact(store, CLOCK, LATER.isoformat())
    publish(store, as_of=LATER, published_at=LATER, current=True)
    return store, written


@pytest.fixture(scope="session")
def weekly_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home of the weekly store of this session; import both fixtures to use it."""
    return tmp_path_factory.mktemp("weekly")


@pytest.fixture(scope="session")
def written_weekly(weekly_home: Path) -> Iterator[tuple[Store, Written]]:
    """Give a published store with weekly diseases, and what was written into it."""
    store, written = make_weekly_store(weekly_home)
    yield store, written
    store.close()


@pytest.fixture(scope="session")
def weekly(written_weekly: tuple[Store, Written]) -> Store:
    """Give a published store with weekly diseases that tests only read."""
    return written_weekly[0]


def line_of(outbreak: Outbreak) -> set[str]:
    """Return the areas that an outbreak counts in."""
    return {outbreak.area, *load_areas().ancestors(outbreak.area, ON), NATION}


def going_on() -> list[Outbreak]:
    """Return the outbreaks that had not ended when the last release came out."""
    return [each for each in OUTBREAKS if each.first_week > date(2026, 9, 1)]
