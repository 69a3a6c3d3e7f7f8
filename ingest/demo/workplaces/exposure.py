"""Annual exposure data reports of one year: hours worked, and the injuries of that year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ingest.demo.cells import DateCells, from_numbers, from_table, joined, write_lines
from ingest.demo.clock import EXPOSURE_RELEASE, EXPOSURE_YEAR
from ingest.demo.faults import draw_rows
from ingest.demo.manifest import WrittenRelease
from ingest.demo.workplaces.firm_cells import id_and_name, place_columns
from ingest.demo.workplaces.injuries import DISABILITIES, HOURS_PER_WORKER_A_YEAR

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ingest.demo.places import Geography
    from ingest.demo.workplaces.establishments import Establishments
    from ingest.demo.workplaces.injuries import Injuries

COLUMNS = (
    "establishment_id,establishment_name,year,region,province,city_municipality,psgc,psic,"
    "workers_male,workers_female,hours_worked,disabling,non_disabling,fatal,days_lost,days_charged,"
    "reported_on"
)
REPORTED_SHARES = (0.15, 0.45, 0.75, 0.90)  # by size, micro to large
BY_RULE_SHARE, HOURS_BY_RULE = 0.35, 8 * 6 * 52  # hours estimated, not counted
HOURS_SD = 0.06
SHARES = {
    "hours_impossible": 0.004,  # of rows
    "hours_blank": 0.006,
    "contradicted": 0.001,  # sent twice with other figures: neither counts
}


@dataclass(frozen=True)
class Exposure:
    """Reports of establishments that sent one: arrays of one length."""

    establishment: NDArray[np.int64]
    hours: NDArray[np.int64]
    disabling: NDArray[np.int64]
    non_disabling: NDArray[np.int64]
    fatal: NDArray[np.int64]
    days_lost: NDArray[np.int64]
    days_charged: NDArray[np.int64]
    reported: NDArray[np.int64]
    faults: dict[str, NDArray[np.bool_]]

    def __len__(self) -> int:
        """Count the reports."""
        return len(self.establishment)


def make_exposure(firms: Establishments, injuries: Injuries, rng: np.random.Generator) -> Exposure:
    """Draw who reports and the hours; the injuries are the true ones of the year."""
    sent = rng.random(len(firms)) < np.array(REPORTED_SHARES)[firms.size]
    firm = np.flatnonzero(sent)
    workers = (firms.male + firms.female)[firm]
    counted = HOURS_PER_WORKER_A_YEAR * np.exp(rng.normal(0.0, HOURS_SD, len(firm)))
    by_rule = rng.random(len(firm)) < BY_RULE_SHARE
    hours = np.rint(workers * np.where(by_rule, HOURS_BY_RULE, counted)).astype(np.int64)
    opens, due = date(EXPOSURE_YEAR + 1, 1, 5), EXPOSURE_RELEASE
    return Exposure(
        establishment=firm,
        hours=hours,
        **{name: total[firm] for name, total in _totals(firms, injuries).items()},
        reported=rng.integers(opens.toordinal(), due.toordinal() + 1, len(firm)),
        faults={name: draw_rows(rng, len(firm), share) for name, share in SHARES.items()},
    )


def _totals(firms: Establishments, injuries: Injuries) -> dict[str, NDArray[np.int64]]:
    """Return every firm's injuries of the year, reported or not."""
    year = np.array([date.fromordinal(int(day)).year for day in injuries.occurred])
    rows = np.flatnonzero((year[injuries.event] == EXPOSURE_YEAR) & (injuries.person > 0))
    firm = injuries.establishment[injuries.event[rows]]
    disability = injuries.disability[rows]
    parts = {
        "disabling": disability > 0,
        "non_disabling": disability == 0,
        "fatal": disability == DISABILITIES.index("fatal"),
        "days_lost": injuries.days_lost[rows],
        "days_charged": injuries.days_charged[rows],
    }
    return {
        name: np.bincount(firm, weight, len(firms)).astype(np.int64)
        for name, weight in parts.items()
    }


def write_exposure_release(
    folder: Path, geography: Geography, firms: Establishments, exposure: Exposure
) -> WrittenRelease:
    """Write the one annual file, under `folder/YYYYMMDD/`."""
    day = EXPOSURE_RELEASE
    again = np.flatnonzero(exposure.faults["contradicted"])
    report = np.concatenate([np.arange(len(exposure)), again])
    other = np.arange(len(report)) >= len(exposure)
    path = folder / f"{day:%Y%m%d}" / f"dole_aedr_{day:%Y%m%d}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    size = write_lines(path, COLUMNS, _lines((geography, firms), exposure, report, other))
    return WrittenRelease(day, path, len(report), len(exposure), [], size)


def _lines(
    workplaces: tuple[Geography, Establishments],
    exposure: Exposure,
    report: NDArray[np.int64],
    other: NDArray[np.bool_],
) -> Any:
    geography, firms = workplaces
    firm = exposure.establishment[report]
    dates = DateCells(date(EXPOSURE_YEAR, 1, 1).toordinal(), EXPOSURE_RELEASE.toordinal())
    hours = exposure.hours[report] * np.where(exposure.faults["hours_impossible"][report], 100, 1)
    blank = pa.array(exposure.faults["hours_blank"][report])
    columns = [
        *id_and_name(firms, firm),
        from_table([str(EXPOSURE_YEAR)], np.zeros(len(report), dtype=np.int64)),
        *place_columns(geography, firms, firm),
        from_table(firms.psic, firm),
        from_numbers(firms.male[firm]),
        from_numbers(firms.female[firm]),
        pa.compute.if_else(blank, "", from_numbers(hours)),
        from_numbers(exposure.disabling[report]),
        from_numbers(exposure.non_disabling[report] + other),
        from_numbers(exposure.fatal[report]),
        from_numbers(exposure.days_lost[report]),
        from_numbers(exposure.days_charged[report]),
        from_table(dates.texts, dates.iso(exposure.reported[report])),
    ]
    return joined(columns)
