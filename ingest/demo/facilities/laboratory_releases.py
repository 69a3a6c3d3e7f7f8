"""Testing aggregates with running totals, and the list that says where laboratories are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ingest.demo.cells import from_numbers, from_table, joined, quoted, write_lines
from ingest.demo.manifest import WrittenRelease
from ingest.demo.places import DOH_REGIONS
from ingest.demo.workplaces.establishments import NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from ingest.demo.facilities.laboratories import Laboratories
    from ingest.demo.places import Geography

COLUMNS = (
    "facility_name,report_date,avg_turnaround_time,daily_output_samples_tested,"
    "daily_output_unique_individuals,daily_output_positive_individuals,"
    "daily_output_negative_individuals,daily_output_equivocal,daily_output_invalid,"
    "remaining_available_tests,backlogs,cumulative_samples_tested,cumulative_unique_individuals,"
    "cumulative_positive_individuals,cumulative_negative_individuals,pct_positive_cumulative,"
    "pct_negative_cumulative,validation_status"
)
LIST_COLUMNS = (
    "REGION,PROVINCE,MUNICIPALITY / CITY,NAME OF FACILITY,facility_name,"
    "OWNERSHIP (PUBLIC / PRIVATE),TYPE OF TESTING,CONTACT NUMBER,LICENSE VALIDITY"
)
TOTALS_BEFORE = (10_000, 9_600, 800)  # samples, individuals, positive before the first day
LICENCE = "01/01/2026 - 12/31/2026"


def write_laboratory_releases(
    folder: Path, geography: Geography, laboratories: Laboratories, days: Sequence[date]
) -> list[WrittenRelease]:
    """Write tests and list per release day, under `folder/YYYYMMDD/`."""
    written = []
    for today in days:
        day, laboratory = np.nonzero(laboratories.known <= today.toordinal())
        again = np.flatnonzero(laboratories.contradicted[day, laboratory])
        other = np.arange(len(day) + len(again)) >= len(day)
        day, laboratory = (np.concatenate([each, each[again]]) for each in (day, laboratory))
        lines = _lines(laboratories, day, laboratory, other)
        room = folder / f"{today:%Y%m%d}"
        room.mkdir(parents=True, exist_ok=True)
        path = room / f"DOH COVID Data Drop_ {today:%Y%m%d} - 07 Testing Aggregates.csv"
        listed = room / f"{today:%Y%m%d} test_facility_region_lookup.csv"
        size = write_lines(path, COLUMNS, lines)
        size += write_lines(listed, LIST_COLUMNS, _list_lines(geography, laboratories))
        shown = len(np.unique(laboratory))
        written.append(
            WrittenRelease(today, path, len(lines), shown, [], size, further_parts=(listed,))
        )
    return written


def licensed_name(number: int) -> str:
    """Return a laboratory's name as licensed."""
    return f"Demo {NAMES[number % len(NAMES)]} Molecular Laboratory {number:02d}"


def _reporting_name(number: int) -> str:
    return f"{licensed_name(number)} (DML{number:02d})"


def _list_lines(geography: Geography, laboratories: Laboratories) -> Any:
    """Return the list, without the newest laboratory."""
    lines = []
    for number, city in enumerate(laboratories.city[:-1].tolist()):
        place = geography.cities[city]
        reported = _reporting_name(number) if number % 3 else ""
        cells = (
            DOH_REGIONS[place.region],
            geography.printed_province(place).title(),
            place.printed.title(),
            licensed_name(number),
            reported,
            "PUBLIC" if number % 2 else "PRIVATE",
            "rRT PCR" if number % 4 else "Cartridge - Based PCR",
            "",
            LICENCE,
        )
        lines.append(",".join(map(quoted, cells)) + "\n")
    return pa.array(lines, pa.string())


def _lines(
    laboratories: Laboratories,
    day: NDArray[np.int64],
    laboratory: NDArray[np.int64],
    other: NDArray[np.bool_],
) -> Any:
    """Return one line a report; those of `other` say something else of the same day."""
    pick = (day, laboratory)
    samples = laboratories.samples[pick] + other
    individuals = laboratories.individuals[pick]
    positive = laboratories.positive[pick]
    positive = np.where(laboratories.too_many[pick], individuals + 1, positive)
    everyday = (laboratories.samples, laboratories.individuals, laboratories.positive)
    running = [
        start + np.cumsum(daily, axis=0)[pick]
        for start, daily in zip(TOTALS_BEFORE, everyday, strict=True)
    ]
    share = np.rint(100 * running[2] / running[1]).astype(np.int64)
    shares = [f"{number / 100:.2f}" for number in range(101)]
    dates = [each.isoformat() for each in laboratories.days]
    old = np.where(laboratories.year_1900[pick], len(dates), day)
    count = len(day)
    zero = from_table(["0"], np.zeros(count, dtype=np.int64))
    blank = pa.array(laboratories.blank[pick])
    columns = [
        from_table([_reporting_name(number) for number in range(len(laboratories))], laboratory),
        from_table([*dates, "1900-01-01"], old),
        from_table(["1.5", "2.0", "2.5"], laboratory % 3),
        from_numbers(samples),
        from_numbers(individuals),
        pa.compute.if_else(blank, "", from_numbers(positive)),
        from_numbers(np.maximum(individuals - positive, 0)),
        zero,
        zero,
        from_numbers(3_000 - samples % 1_000),
        zero,
        *(from_numbers(total) for total in running),
        from_numbers(running[1] - running[2]),
        from_table(shares, share),
        from_table(shares, 100 - share),
        from_table(["", "For Review"], laboratories.too_many[pick]),
    ]
    return joined(columns)
