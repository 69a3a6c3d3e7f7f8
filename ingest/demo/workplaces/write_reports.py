"""Files of injuries and of hours worked, and the truth behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest.demo.clock import INJURY_RELEASES
from ingest.demo.workplaces.establishments import INDUSTRIES
from ingest.demo.workplaces.exposure import Exposure, make_exposure, write_exposure_release
from ingest.demo.workplaces.injuries import DISABILITIES, Injuries, make_injuries
from ingest.demo.workplaces.injury_releases import ReportedRows, make_rows, write_injury_releases

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.demo.manifest import WrittenRelease
    from ingest.demo.places import Geography
    from ingest.demo.workplaces.establishments import Establishments


def write_reports(
    folder: Path, geography: Geography, firms: Establishments, rng: np.random.Generator
) -> tuple[list[WrittenRelease], list[WrittenRelease]]:
    """Simulate, and write accident reports, exposure reports and truth."""
    injuries = make_injuries(firms, rng)
    rows = make_rows(injuries, rng)
    exposure = make_exposure(firms, injuries, rng)
    releases = folder / "releases"
    written = write_injury_releases(
        releases, (geography, firms), injuries, rows, days=INJURY_RELEASES
    )
    _write_truth(folder / "truth", firms, (injuries, rows), exposure)
    return written, [write_exposure_release(releases, geography, firms, exposure)]


def _write_truth(
    folder: Path,
    firms: Establishments,
    happened: tuple[Injuries, ReportedRows],
    exposure: Exposure,
) -> None:
    """Write by section the events and deaths that happened, what was reported, and the hours."""
    folder.mkdir(parents=True, exist_ok=True)
    injuries, rows = happened
    sections = len(INDUSTRIES)
    of_event = firms.industry[injuries.establishment]
    of_row = of_event[injuries.event]
    counted = rows.row[rows.counted()]
    fatal = injuries.disability == DISABILITIES.index("fatal")
    hurt = injuries.person > 0
    sums = [
        np.bincount(of_event, minlength=sections),
        np.bincount(of_row[hurt], minlength=sections),
        np.bincount(of_row[fatal], minlength=sections),
        np.bincount(of_event[np.unique(injuries.event[counted])], minlength=sections),
        np.bincount(of_row[counted[hurt[counted]]], minlength=sections),
        np.bincount(of_row[counted[fatal[counted]]], minlength=sections),
    ]
    believed = ~(exposure.faults["contradicted"] | exposure.faults["hours_blank"])
    believed &= ~exposure.faults["hours_impossible"]
    told = exposure.establishment[believed]
    hours = np.bincount(firms.industry[told], exposure.hours[believed], sections)
    lines = ["section,events,persons,fatal,reports_told,persons_told,fatal_told,hours_told"]
    lines += [
        ",".join([kind.section, *(str(int(total[index])) for total in (*sums, hours))])
        for index, kind in enumerate(INDUSTRIES)
    ]
    (folder / "injuries_true.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
