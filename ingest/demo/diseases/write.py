"""Weekly files of notifiable diseases, and the truth behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.demo.clock import DISEASE_RELEASES
from ingest.demo.diseases.outbreaks import OUTBREAKS
from ingest.demo.diseases.releases import (
    Reporting,
    make_reporting,
    reported_at_last,
    write_weekly_releases,
)
from ingest.demo.diseases.units import Units, reporting_units
from ingest.demo.diseases.weekly import ILLNESSES, WeeklyCases, make_weekly_cases
from ingest.demo.truth import write_gzip

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from ingest.demo.manifest import WrittenRelease
    from ingest.demo.places import Geography


def write_diseases(
    folder: Path, geography: Geography, rng: np.random.Generator, *, scale: float
) -> list[WrittenRelease]:
    """Simulate, and write releases and truth."""
    units = reporting_units(geography)
    weekly = make_weekly_cases(units, rng, scale=scale)
    reporting = make_reporting(weekly, units, rng)
    _write_truth(folder / "truth", units, weekly, reporting)
    return write_weekly_releases(
        folder / "releases", units, weekly, reporting, days=DISEASE_RELEASES
    )


def _write_truth(folder: Path, units: Units, weekly: WeeklyCases, reporting: Reporting) -> None:
    """Write the outbreaks, and every week's cases: true, of outbreaks, and as last reported."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["disease,area,name,first_week,weeks,cases"]
    for each in OUTBREAKS:
        name = units.names[units.codes.index(each.area)]
        lines.append(
            f"{each.disease},{each.area},{name},{each.first_week},{each.weeks},{each.cases}"
        )
    (folder / "outbreaks.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    reported = reported_at_last(weekly, reporting)
    keys = [
        f"{illness.disease},{area},{sunday}"
        for illness in ILLNESSES
        for area in units.codes
        for sunday in map(str, weekly.sundays)
    ]
    numbers = zip(
        keys,
        weekly.cases.ravel().tolist(),
        weekly.outbreak.ravel().tolist(),
        reported.ravel().tolist(),
        strict=True,
    )
    rows = [
        f"{key},{true},{extra},{told if told >= 0 else ''}" for key, true, extra, told in numbers
    ]
    write_gzip(folder / "weekly_true.csv.gz", "disease,area,week,cases,of_outbreaks,reported", rows)
