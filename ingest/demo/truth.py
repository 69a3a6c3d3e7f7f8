"""What the simulation knows and the product never reads: true R, true incidence, parameters."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from ingest.demo.cases import persons, records, releases, transmission
from ingest.demo.clock import BACKLOGS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ingest.demo.cases.transmission import Epidemic
    from ingest.demo.places import Geography
    from ingest.demo.workplaces.inspections import Inspections

RETURNING = "ROF"
"""Stands for the province of returning Filipinos in the truth files."""


def write_truth(
    folder: Path, geography: Geography, epidemic: Epidemic, visits: Inspections
) -> None:
    """Write R and cases by province and true onset date, and the parameters."""
    folder.mkdir(parents=True, exist_ok=True)
    start = epidemic.burn_in
    days = [
        (epidemic.observed_from + timedelta(days=day)).isoformat()
        for day in range(len(epidemic.local) - start)
    ]
    rows = _rows(
        geography.provinces, days, [f"{r:.5f}" for r in _by_province(epidemic.r_true[start:])]
    )
    write_gzip(folder / "r_true.csv.gz", "province,date,r_true", rows)
    pairs = zip(
        _by_province(epidemic.local[start:]), _by_province(epidemic.imported[start:]), strict=True
    )
    cases = _rows(geography.provinces, days, [f"{local},{imported}" for local, imported in pairs])
    cases += _rows([RETURNING], days, [f"0,{count}" for count in epidemic.returning[start:]])
    write_gzip(
        folder / "cases_true.csv.gz", "province,onset_date,cases_local,cases_imported", cases
    )
    text = json.dumps(parameters(geography, epidemic, visits), indent=1, ensure_ascii=False)
    (folder / "parameters.json").write_text(text + "\n", encoding="utf-8")


def parameters(geography: Geography, epidemic: Epidemic, visits: Inspections) -> dict[str, object]:
    """Collect everything a test may want to compare an estimate with."""
    return {
        "serial_interval_pmf": [round(float(w), 9) for w in epidemic.serial_interval],
        "dispersion_size": transmission.DISPERSION_SIZE,
        "dispersion_size_ncr": transmission.DISPERSION_SIZE_NCR,
        "imported_share": transmission.IMPORTED_SHARE,
        "weekday_factors_of_onset": [1.0] * 7,
        "final_r_planned": {c: p.final_r for c, p in transmission.REGION_PLANS.items()},
        "steps": [
            {
                "province": step.province,
                "first": step.first.isoformat(),
                "days": step.days,
                "growth_rate_per_day": step.growth_rate_per_day,
            }
            for step in transmission.STEPS
        ],
        "delays_days": persons.DELAYS,
        "delay_factor_first_to_last": [persons.DELAY_FACTOR_FIRST, persons.DELAY_FACTOR_LAST],
        "slow_reports": {"share": persons.SLOW_SHARE, "extra_mean_days": persons.SLOW_MEAN_DAYS},
        "report_held": {"sunday": persons.SUNDAY_HELD, "monday": persons.MONDAY_HELD},
        "backlogs": [
            {
                "first": b.first.isoformat(),
                "last": b.last.isoformat(),
                "dump": b.dump.isoformat(),
                "share_held": b.share_held,
            }
            for b in BACKLOGS
        ],
        "asymptomatic_share": persons.ASYMPTOMATIC_SHARE,
        "fatality_mean": persons.FATALITY_MEAN,
        "onset_to_death_days": {
            "mean": persons.ONSET_TO_DEATH_MEAN_DAYS,
            "sd": persons.ONSET_TO_DEATH_SD_DAYS,
        },
        "shares": records.SHARES,
        "dirty": list(records.DIRTY),
        "recovery_dated_share": releases.RECOVERY_DATED_SHARE,
        "inspection_office_logit": {
            code: round(float(logit), 4)
            for code, logit in zip(geography.regions, visits.office_logit, strict=True)
        },
    }


def _by_province(table: NDArray[np.float64] | NDArray[np.int64]) -> list[float]:
    """Flatten (days, provinces) so that each province's days stand together."""
    return list(table.T.ravel().tolist())


def _rows(places: list[str], days: list[str], values: list[str]) -> list[str]:
    keys = (f"{place},{day}" for place in places for day in days)
    return [f"{key},{value}" for key, value in zip(keys, values, strict=True)]


def write_gzip(path: Path, header: str, rows: list[str]) -> None:
    """Write a gzip file whose bytes depend on the rows alone."""
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as stream:
        stream.write("\n".join([header, *rows, ""]).encode())
