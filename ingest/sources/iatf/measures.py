"""Restrictions in force: where, for which industry, from when to when, how strict.

Our own documented layout, kept by hand from resolutions and orders: one row for each measure in
one area and industry. The layout has had these columns since its first issue.
"""

from __future__ import annotations

from datetime import date, timedelta

from ingest.batch import Batch
from ingest.reading.dates import ISO, DateColumn
from ingest.reading.facts import fact_rows
from ingest.reading.fields import number, plain_text
from ingest.reading.matching.sectors import PSIC, match_sectors
from ingest.reading.matching.whole_places import whole_place
from ingest.reading.places import match_places
from ingest.reading.staging import Columns
from ingest.reading.table import Table
from ingest.source import Source
from ingest.tripwires.limits import SLOW
from kms.domain.intake import Parsed

EARLIEST = date(2020, 1, 1)
FURTHEST_AHEAD = timedelta(days=2 * 366)  # measures are announced before they hold

COLUMNS = Columns(
    place=("region", "province", "city_municipality", "psgc"),
    dates=(
        DateColumn("starts_on", ISO, EARLIEST, required=True),
        DateColumn("ends_on", ISO, EARLIEST, not_before="starts_on"),
    ),
    fields=(
        plain_text("measure_id", 60, required=True),
        PSIC,
        plain_text("level", 40),
        number("capacity_share", 1),
        plain_text("instrument", 200),
    ),
)
CONTENT = ("area", "psic", "starts_on", "ends_on", "level", "capacity_share", "instrument")


def parse(batch: Batch) -> Parsed:
    """Read one issue into measures."""
    with batch.engine() as engine:
        latest = batch.release_date + FURTHEST_AHEAD
        table = Table(engine, batch.source_id, latest, COLUMNS)
        table.read_parts(batch)
        _reject_unknown_ends(table)
        table.judge()
        table.judge_fields(essential=("measure_id",))
        match_places(table, whole_place)
        match_sectors(table)
        table.settle(("measure_id",), CONTENT)
        # An industry that is not known is not all of them.
        selection = (
            "SELECT measure_id, area, CASE WHEN psic IS NULL THEN '' ELSE sector END AS sector, "
            "CAST(starts_on AS VARCHAR) AS starts_on, CAST(ends_on AS VARCHAR) AS ends_on, "
            "level, capacity_share, instrument FROM accepted LEFT JOIN industries USING (psic)"
        )
        return table.parsed({"measure": fact_rows(engine, "measure", selection)})


def _reject_unknown_ends(table: Table) -> None:
    """Leave out measures whose end cannot be believed: without it they would never end."""
    found = "SELECT DISTINCT ends_on_fault FROM stage WHERE ends_on_fault IS NOT NULL ORDER BY 1"
    for (code,) in table.engine.execute(found).fetchall():
        table.reject(code, "ends_on", f"ends_on_fault = '{code}'")


SOURCE = Source(
    source_id="measures",
    title="Restrictions in force",
    publisher="Inter-Agency Task Force on Emerging Infectious Diseases; kept by the steward",
    licence="Government orders carry no copyright (RA 8293 s.176); unverified",
    rhythm="whenever an order changes",
    limits=SLOW,
    every_days=31,
    grace_days=31,
    used_for="kept for showing what was in force beside the curves",
    name_ends_with=(r"(^|[^a-z_])measures_\d{8}\.(csv|xlsx)$",),
    parse=parse,
    rows_are_persons=False,
    parser_version=2,  # an end that cannot be read does not make a measure endless
)
