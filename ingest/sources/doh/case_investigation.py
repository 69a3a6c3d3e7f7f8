"""Case investigations (CIF, EDCS): where cases were infected, by whom, in which clusters.

Our own layout of an export of the surveillance units: one row for each case. No public file
tells sources of infection, so this is the only one traceability can come from. Names, birth
dates and addresses are taken out before anything is kept; the database holds counts only.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from ingest.batch import Batch
from ingest.opening.parts import Format
from ingest.reading.dates import ISO, DateColumn
from ingest.reading.facts import fact_rows
from ingest.reading.fields import bad_text, code_text, one_of
from ingest.reading.linelist import LineList
from ingest.reading.matching.diseases import disease_field
from ingest.reading.matching.sectors import PSIC, match_sectors
from ingest.reading.places import match_places, unit_on
from ingest.reading.staging import Columns
from ingest.source import Source
from kms.domain.intake import Parsed
from kms.domain.places import UNKNOWN

EARLIEST = date(2007, 1, 1)
LONGEST_DELAY_DAYS = 365  # from onset to report; a backlog of months is real
LONGEST_KEY = 60
# Onset of the infected less that of the source; below 0 where the source fell ill later.
SHORTEST_INTERVAL_DAYS, LONGEST_INTERVAL_DAYS = -20, 60
CLASSIFICATIONS = ("suspect", "probable", "confirmed")
EXPOSURES = ("known_contact", "cluster", "imported", "unknown")
SETTINGS = ("household", "workplace", "school", "health_facility", "community", "other")
PERSONAL = (
    "full_name", "last_name", "first_name", "middle_name", "birth_date", "home_address",
    "phone_number", "email",
)  # fmt: skip

COLUMNS = Columns(
    key="case_id",
    place=("region", "province", "city_municipality", "psgc"),
    dates=(
        DateColumn("report_date", ISO, EARLIEST, required=True),
        DateColumn(
            "onset_date",
            ISO,
            EARLIEST,
            not_after="report_date",
            longest_days=LONGEST_DELAY_DAYS,
        ),
    ),
    fields=(
        disease_field("disease"),
        one_of("classification", CLASSIFICATIONS, required=True),
        one_of("investigation_status", ("pending", "complete")),
        one_of("exposure", EXPOSURES),
        code_text("source_case_id", LONGEST_KEY).also("{value} = key_text", "links_to_itself"),
        code_text("cluster_id", LONGEST_KEY),
        one_of("cluster_setting", SETTINGS),
        code_text("establishment_id", LONGEST_KEY),
        PSIC,
    ),
    ignored=("occupation", *PERSONAL),
)


def parse(batch: Batch) -> Parsed:
    """Read one issue into counts of sources, pairs and workplace clusters."""
    with batch.engine() as engine:
        lines = LineList(engine, batch.source_id, batch.release_date, COLUMNS)
        lines.read_parts(batch)
        lines.judge()
        lines.reject("required", COLUMNS.key, "key_text = ''")
        lines.reject("bad_text", COLUMNS.key, bad_text("key_text", LONGEST_KEY))
        lines.judge_fields(essential=("disease", "classification"))
        lines.flag(
            "required",
            "exposure",
            "investigation_status = 'complete' AND exposure IS NULL AND exposure_fault IS NULL",
        )
        match_places(lines, unit=_unit_on(batch.release_date))
        match_sectors(lines)
        lines.settle_persons()
        _link(lines)
        return lines.parsed(
            {name: fact_rows(engine, name, query) for name, query in _SELECTIONS.items()}
        )


def _unit_on(day: date) -> Callable[[str], str]:
    """Return the function that gives an area's province; a region stays what it is."""
    unit = unit_on(day)
    return lambda code: unit(code) or code


def _link(lines: LineList) -> None:
    """Make `pairs` of cases that each stand alone under their number, and flag odd intervals."""
    lines.engine.execute(
        "CREATE VIEW alone AS SELECT * FROM accepted WHERE key_text IN "
        "(SELECT key_text FROM accepted GROUP BY key_text HAVING count(*) = 1)"
    )
    lines.engine.execute(
        "CREATE TABLE pairs AS SELECT infected.key_text, infected.disease, infected.unit AS area, "
        "infected.onset_date, date_diff('day', source.onset_date, infected.onset_date) "
        "AS serial_interval_days FROM alone AS infected JOIN alone AS source "
        "ON source.key_text = infected.source_case_id AND source.disease = infected.disease "
        "WHERE infected.onset_date IS NOT NULL AND source.onset_date IS NOT NULL"
    )
    lines.flag(
        "interval_out_of_range",
        "source_case_id",
        f"key_text IN (SELECT key_text FROM pairs WHERE NOT {_LIKELY})",
    )


_LIKELY = f"(serial_interval_days BETWEEN {SHORTEST_INTERVAL_DAYS} AND {LONGEST_INTERVAL_DAYS})"
_KNOWN_UNIT = f"nullif(unit, '{UNKNOWN}')"
# Who has not been asked yet is pending, and never unknown.
_INFECTION_SOURCE = (
    "CASE WHEN investigation_status = 'complete' THEN coalesce(exposure, 'pending') "
    "ELSE 'pending' END"
)


def _agreed(value: str) -> str:
    """Return the SQL of the one value all rows that have one agree on."""
    return f"CASE WHEN count(DISTINCT {value}) = 1 THEN min({value}) END"


_SELECTIONS = {
    "case_link": (
        "SELECT disease, unit AS area, CAST(report_date AS VARCHAR) AS report_date, "
        f"{_INFECTION_SOURCE} AS infection_source, coalesce(cluster_setting, '') AS setting, "
        "count(*) AS cases FROM accepted GROUP BY ALL"
    ),
    "pair_count": (
        "SELECT disease, area, CAST(onset_date AS VARCHAR) AS onset_date, serial_interval_days, "
        f"count(*) AS pairs FROM pairs WHERE {_LIKELY} GROUP BY ALL"
    ),
    "workplace_cluster": (
        f"SELECT disease, cluster_id, {_agreed(_KNOWN_UNIT)} AS area, "
        f"{_agreed('sector')} AS sector, {_agreed('establishment_id')} AS establishment_id, "
        "CAST(min(report_date) AS VARCHAR) AS first_report_date, "
        "CAST(max(report_date) AS VARCHAR) AS last_report_date, count(*) AS cases "
        "FROM accepted LEFT JOIN industries USING (psic) "
        "WHERE cluster_setting = 'workplace' AND cluster_id IS NOT NULL "
        "GROUP BY disease, cluster_id"
    ),
}

SOURCE = Source(
    source_id="doh_case_investigation",
    title="DOH case investigations",
    publisher="DOH Epidemiology Bureau and regional surveillance units",
    licence="unverified; provided under RA 11332 for use in this system, holds persons",
    rhythm="weekly",
    every_days=7,
    grace_days=3,
    used_for="source traceability, workplace clusters; kept for serial intervals",
    name_ends_with=(r"doh_case_investigation_\d{8}\.(csv|xlsx)$",),
    parse=parse,
    rows_are_persons=True,
    feeds_figures=True,
    form=Format(personal=PERSONAL),
)
