"""Annual Exposure Data Reports (form DOLE/BWC/OHSD/IP-6b): an establishment's year at work.

Our own documented layout: establishments send the form by 30 January, regional offices export
this file. Hours worked are what injury rates are divided by. The establishment's name stays in
the snapshot. The layout has had these columns since its first issue.
"""

from __future__ import annotations

from datetime import date

from ingest.batch import Batch
from ingest.reading.dates import ISO, DateColumn
from ingest.reading.facts import fact_rows
from ingest.reading.fields import code_text, number, whole_number
from ingest.reading.matching.sectors import PSIC, match_sectors
from ingest.reading.places import match_places
from ingest.reading.staging import Columns
from ingest.reading.table import Table
from ingest.source import Source
from ingest.sources.dole.workers import MOST_WORKERS, size_class, workers
from ingest.tripwires.limits import SLOW
from kms.domain.intake import Parsed

STAYS_IN_SNAPSHOT = ("establishment_name",)
EARLIEST = date(1990, 1, 1)  # the form follows the standards of 1989
LONGEST_KEY = 60
HOURS_OF_A_YEAR = 8_784  # of a leap year, day and night
MOST_CASES = 1_000_000
MOST_DAYS = 10_000_000
WORKERS = "(workers_male + workers_female)"
SOMETHING_HAPPENED = " OR ".join(
    f"try_cast({name}_text AS DOUBLE) > 0"
    for name in ("hours_worked", "disabling", "non_disabling", "fatal")
)
FEWEST_HOURS = 8  # of a worker in a year, one shift; hours given in thousands are 2 or 3
HOURS_IMPOSSIBLE = (
    f"{WORKERS} > 0 AND {{value}} NOT BETWEEN {FEWEST_HOURS} * {WORKERS} "
    f"AND {HOURS_OF_A_YEAR} * {WORKERS}"
)

COLUMNS = Columns(
    place=("region", "province", "city_municipality", "psgc"),
    dates=(
        DateColumn("year", "%Y", EARLIEST, required=True),
        DateColumn("reported_on", ISO, EARLIEST, not_before="year"),
    ),
    fields=(
        code_text("establishment_id", LONGEST_KEY, required=True),
        PSIC,
        *workers(when=SOMETHING_HAPPENED),
        number("hours_worked", 2 * MOST_WORKERS * HOURS_OF_A_YEAR).also(
            HOURS_IMPOSSIBLE, "number_out_of_range"
        ),
        whole_number("disabling", MOST_CASES),
        whole_number("non_disabling", MOST_CASES),
        whole_number("fatal", MOST_CASES).also("{value} > disabling", "number_out_of_range"),
        whole_number("days_lost", MOST_DAYS),
        whole_number("days_charged", MOST_DAYS),
    ),
)
FIGURES = (
    "workers_male", "workers_female", "hours_worked", "disabling", "non_disabling", "fatal",
    "days_lost", "days_charged",
)  # fmt: skip


def parse(batch: Batch) -> Parsed:
    """Read one issue into the exposure of establishments by year."""
    with batch.engine() as engine:
        table = Table(engine, batch.source_id, batch.release_date, COLUMNS)
        table.read_parts(batch)
        table.judge()
        table.judge_fields(essential=("establishment_id",))
        match_places(table)
        match_sectors(table)
        table.settle(("establishment_id", "year"), ("area", "psic", *FIGURES))
        selection = (
            "SELECT establishment_id, date_part('year', year) AS year, area, sector, "
            f"{size_class()} AS size_class, CAST(reported_on AS VARCHAR) AS reported_on, "
            f"{', '.join(FIGURES)} FROM accepted LEFT JOIN industries USING (psic)"
        )
        return table.parsed({"annual_exposure": fact_rows(engine, "annual_exposure", selection)})


SOURCE = Source(
    source_id="dole_aedr",
    title="DOLE annual exposure data reports",
    publisher="DOLE Bureau of Working Conditions",
    licence="Provided by the Department of Labor and Employment for use in this system",
    rhythm="yearly, reports of a year are due by 30 January of the next",
    limits=SLOW,
    parser_version=2,  # hours in thousands are not believed
    every_days=366,
    grace_days=31,
    used_for="kept for injury and severity rates: hours worked",
    name_ends_with=(r"dole_aedr_\d{8}\.(csv|xlsx)$",),
    parse=parse,
    rows_are_persons=False,
)
