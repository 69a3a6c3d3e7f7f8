"""Bed reports in the fourth layout of the hospitals' daily report: all days, as known that day.

A hospital that had more patients than beds reports vacant beds below zero; a correction follows
the first report within hours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ingest.demo.cells import from_numbers, from_table, joined, quoted, write_lines
from ingest.demo.facilities.hospitals import BED_TYPES
from ingest.demo.manifest import WrittenRelease
from ingest.demo.places import DOH_REGIONS
from ingest.demo.workplaces.establishments import NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from ingest.demo.facilities.hospitals import Hospitals
    from ingest.demo.places import Geography

COLUMNS = (
    "hfhudcode,id,cfname,updateddate,addeddate,reportdate,"
    + ",".join(f"{kind}_v,{kind}_o" for kind in BED_TYPES)
    + ",region,province,city_mun,city_mun_psgc"
)
KINDS = ("General Hospital", "Medical Center", "District Hospital", "Infirmary")
FIRST_CODE, FIRST_ID = 980_000, 700_000


def write_bed_releases(
    folder: Path, geography: Geography, hospitals: Hospitals, days: Sequence[date]
) -> list[WrittenRelease]:
    """Write one file per release day, under `folder/YYYYMMDD/`."""
    written = []
    facility_texts = [_facility_text(number) for number in range(len(hospitals))]
    places = [_place_text(geography, int(city)) for city in hospitals.city]
    for today in days:
        day, hospital = np.nonzero(hospitals.known <= today.toordinal())
        again = np.flatnonzero(
            hospitals.corrected[day, hospital] | hospitals.contradicted[day, hospital]
        )
        first = np.arange(len(day)) >= 0
        day, hospital = (
            np.concatenate([day, day[again]]),
            np.concatenate([hospital, hospital[again]]),
        )
        first = np.concatenate([first, np.zeros(len(again), dtype=np.bool_)])
        lines = _lines(hospitals, (day, hospital, first), facility_texts, places)
        name = f"DOH COVID Data Drop_ {today:%Y%m%d} - 05 DOH Data Collect v4 - Daily Report.csv"
        path = folder / f"{today:%Y%m%d}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        size = write_lines(path, COLUMNS, lines)
        shown = len(np.unique(hospital))
        written.append(WrittenRelease(today, path, len(lines), shown, [], size))
    return written


def _facility_text(number: int) -> tuple[str, str]:
    name = f"Demo {NAMES[number % len(NAMES)]} {KINDS[number % len(KINDS)]} {number:03d}"
    return f"DOH{FIRST_CODE + number:015d}", quoted(name.upper())


def _place_text(geography: Geography, city: int) -> str:
    place = geography.cities[city]
    cells = (
        DOH_REGIONS[place.region].upper(),
        geography.printed_province(place),
        place.printed,
        place.old_codes[0],
    )
    return ",".join(map(quoted, cells))


def _lines(
    hospitals: Hospitals,
    reports: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]],
    facility_texts: list[tuple[str, str]],
    places: list[str],
) -> Any:
    """Return one line a report; those sent a second time have other numbers."""
    day, hospital, first = reports
    dates = [each.isoformat() for each in hospitals.days]
    later = ~first & hospitals.corrected[day, hospital]
    stamps = [f"{text} {hour}" for text in dates for hour in ("08:00:00", "11:30:00")]
    columns = [
        from_table([code for code, _ in facility_texts], hospital),
        from_numbers(FIRST_ID + day * len(hospitals) + hospital),
        from_table([name for _, name in facility_texts], hospital),
        from_table(stamps, day * 2 + later),
        from_table(stamps, day * 2),
        from_table(dates, day),
    ]
    for kind in range(len(BED_TYPES)):
        occupied = hospitals.occupied[day, hospital, kind] + (~first & (kind == 1))
        beds = np.maximum(hospitals.beds[hospital, kind], occupied)
        over = hospitals.overfull[day, hospital] & (kind == 0)
        vacant = np.where(over, -2, beds - occupied)
        blank = hospitals.blank[day, hospital] & (kind == 2)
        columns.append(pa.compute.if_else(pa.array(blank), "", from_numbers(vacant)))
        columns.append(from_numbers(np.where(over, beds + 2, occupied)))
    columns.append(from_table(places, hospital))
    return joined(columns)
