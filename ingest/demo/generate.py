"""Run the simulation once and write releases, truth and manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest.demo.cases.investigation_releases import Office, write_investigations
from ingest.demo.cases.persons import make_persons
from ingest.demo.cases.place_cells import place_cells
from ingest.demo.cases.records import make_records
from ingest.demo.cases.releases import Register, date_cells, write_releases
from ingest.demo.cases.transmission import simulate
from ingest.demo.clock import (
    CLOCK,
    INSPECTION_RELEASES,
    LAST_DAY,
    first_onset,
    published_at,
    release_days,
)
from ingest.demo.diseases.write import write_diseases
from ingest.demo.facilities.write import write_beds, write_tests
from ingest.demo.manifest import (
    BEDS_SOURCE,
    CASES_SOURCE,
    DISEASES_SOURCE,
    EXPOSURE_SOURCE,
    GENERATOR_VERSION,
    INJURIES_SOURCE,
    INSPECTIONS_SOURCE,
    INVESTIGATIONS_SOURCE,
    NOTICE,
    TESTS_SOURCE,
    DemoManifest,
    DemoRelease,
    WrittenRelease,
)
from ingest.demo.places import read_geography
from ingest.demo.truth import write_truth
from ingest.demo.workplaces.establishments import make_establishments
from ingest.demo.workplaces.inspections import (
    FOLLOW_UP_SHARE,
    make_inspections,
    planned_inspections,
    read_checklist,
)
from ingest.demo.workplaces.releases import Inspectorate, write_inspection_releases
from ingest.demo.workplaces.write_reports import write_reports

if TYPE_CHECKING:
    from pathlib import Path


SEED = 20_261_116
FEWEST_MONTHS = 6


def generate(
    folder: Path, *, seed: int = SEED, months: int = 18, scale: float = 1.0
) -> DemoManifest:
    """Write the demonstration into `folder` and return its manifest.

    The bytes depend on the arguments and the reference tables alone. `scale` multiplies cases,
    inspections and usual weekly counts, and facilities up to 1.0, where the last release of cases
    holds some 170,000 rows. Outbreaks, and the periods of the other sources, are always the same.
    """
    if months < FEWEST_MONTHS or scale <= 0:
        raise ValueError(
            f"demo: months {months}, scale {scale}; give at least {FEWEST_MONTHS} months "
            "and a scale above 0"
        )
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(11)]
    geography = read_geography()
    epidemic = simulate(geography, streams[0], months=months, scale=scale)
    persons = make_persons(epidemic, geography, streams[1])
    places, dates, days = place_cells(geography), date_cells(first_onset(months)), release_days()
    records = make_records(
        persons, streams[2], geography=geography, places=places, dates=dates, releases=days
    )
    register = Register(persons, records, places, dates)
    written = write_releases(folder / "releases", register, days, streams[3])
    count = planned_inspections(scale)
    firms = make_establishments(geography, streams[4], round(0.93 * count * (1 - FOLLOW_UP_SHARE)))
    checklist = read_checklist()
    visits = make_inspections(firms, checklist, streams[5], months=months, count=count)
    inspectorate = Inspectorate(geography, firms, checklist, visits, dates)
    inspected = write_inspection_releases(folder / "releases", inspectorate, INSPECTION_RELEASES)
    write_truth(folder / "truth", geography, epidemic, visits)
    injuries, exposure = write_reports(folder, geography, firms, streams[9])
    by_source = {
        CASES_SOURCE: written,
        INSPECTIONS_SOURCE: inspected,
        DISEASES_SOURCE: write_diseases(folder, geography, streams[6], scale=scale),
        BEDS_SOURCE: write_beds(folder, geography, epidemic, streams[7], scale=scale),
        TESTS_SOURCE: write_tests(folder, geography, epidemic, streams[8], scale=scale),
        INJURIES_SOURCE: injuries,
        EXPOSURE_SOURCE: exposure,
        INVESTIGATIONS_SOURCE: write_investigations(
            folder, Office(geography, register, firms), streams[10]
        ),
    }
    releases = [
        _release(folder, source_id, release)
        for source_id, issues in by_source.items()
        for release in issues
    ]
    manifest = DemoManifest(
        notice=NOTICE,
        generator_version=GENERATOR_VERSION,
        seed=seed,
        months=months,
        scale=scale,
        clock=CLOCK.isoformat(),
        first_onset=first_onset(months).isoformat(),
        last_day=LAST_DAY.isoformat(),
        cases=len(persons),
        inspections=len(visits),
        releases=tuple(sorted(releases, key=lambda release: release.published_at)),
    )
    manifest.write(folder)
    return manifest


def _release(folder: Path, source_id: str, release: WrittenRelease) -> DemoRelease:
    return DemoRelease(
        source_id=source_id,
        path=release.path.relative_to(folder).as_posix(),
        published_at=published_at(release.day).isoformat(),
        rows=release.rows,
        keys=release.codes,
        removed=tuple(release.removed),
        further_parts=tuple(part.relative_to(folder).as_posix() for part in release.further_parts),
    )
