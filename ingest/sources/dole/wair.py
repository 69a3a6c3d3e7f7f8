"""Work Accident/Illness Reports (form DOLE/BWC/OHSD/IP-6): one row for each person hurt or ill.

Our own documented layout: employers send the form to a regional office by the 20th of the month
after the event, and offices export this file. Columns about persons are taken out before
anything is kept; the store counts persons by report. What describes the injury (occupation,
nature, part of the body, agency) and the establishment's name stay in the snapshot. The layout
has had these columns since its first issue.
"""

from __future__ import annotations

from datetime import date

from ingest.batch import Batch
from ingest.opening.parts import Format
from ingest.reading.dates import ISO, DateColumn
from ingest.reading.facts import fact_rows
from ingest.reading.fields import FieldCheck, code_text, one_of, whole_number
from ingest.reading.matching.sectors import PSIC, match_sectors
from ingest.reading.places import match_places
from ingest.reading.staging import Columns
from ingest.reading.table import Table
from ingest.source import Source
from ingest.sources.dole.first_rows import settle_first_rows
from ingest.sources.dole.workers import size_class, workers
from kms.domain.intake import Parsed

PERSONAL = (
    "person_name", "person_address", "civil_status", "average_weekly_wage", "age", "birth_date",
    "employer_name",
)  # fmt: skip
STAYS_IN_SNAPSHOT = ("establishment_name", "occupation", "nature", "body_part", "agency")
EARLIEST = date(2000, 1, 1)
NOBODY_HURT = "dangerous_occurrence"
EVENTS = ("injury", "illness", NOBODY_HURT)
# What became of a person, and the fact column that counts it.
DISABILITIES = {
    "fatal": "fatal",
    "permanent_total": "permanent_total",
    "permanent_partial": "permanent_partial",
    "temporary_total": "temporary_total",
    "none": "no_lost_time",
}
LONGEST_KEY = 60
MOST_PERSONS = 10_000
MOST_DAYS = 6_000  # charged for a death, the most for one person (ANSI Z16.1)
IS_PERSON = f"event IS DISTINCT FROM '{NOBODY_HURT}'"
SOMEBODY_HURT = "(disability IS NOT NULL OR days_lost > 0 OR days_charged > 0)"


def _event() -> FieldCheck:
    """Blank where somebody was hurt in what is called a dangerous occurrence: a person counts."""
    check = one_of("event", EVENTS, required=True)
    return check.also(f"{{value}} = '{NOBODY_HURT}' AND {SOMEBODY_HURT}", "value_unknown")


COLUMNS = Columns(
    key="report_id",
    place=("region", "province", "city_municipality", "psgc"),
    dates=(
        DateColumn("occurred_on", ISO, EARLIEST, required=True),
        DateColumn("reported_on", ISO, EARLIEST, not_before="occurred_on"),
    ),
    fields=(
        code_text("report_id", LONGEST_KEY, required=True),
        code_text("establishment_id", LONGEST_KEY, required=True),
        PSIC,
        whole_number("person_no", MOST_PERSONS),
        one_of("disability", tuple(DISABILITIES)),
        whole_number("days_lost", MOST_DAYS),
        whole_number("days_charged", MOST_DAYS),
        _event(),
        one_of("sex", ("male", "female")).also(f"event = '{NOBODY_HURT}'", "value_unknown"),
        *workers(when=IS_PERSON),
    ),
    ignored=PERSONAL,  # taken out by `load`
)
OF_THE_REPORT = (
    "establishment_id", "place", "psic", "workers_male", "workers_female", "event", "occurred_on",
    "reported_on",
)  # fmt: skip
OF_THE_PERSON = "event, sex, disability, days_lost, days_charged"


def parse(batch: Batch) -> Parsed:
    """Read one issue into reports, each with the number of persons."""
    with batch.engine() as engine:
        table = Table(engine, batch.source_id, batch.release_date, COLUMNS)
        table.read_parts(batch)
        table.judge()
        table.judge_fields(essential=("report_id",))
        _settle_persons(table)
        match_places(table)
        match_sectors(table)
        settle_first_rows(table, OF_THE_REPORT, "report_inconsistent")
        return table.parsed({"injury_report": fact_rows(engine, "injury_report", _reports())})


def _settle_persons(table: Table) -> None:
    """Make `copies`; leave out persons whose rows contradict each other, mark what is blank.

    Without a number, only rows identical throughout are copies.
    """
    table.reject(
        "key_conflict",
        "person_no",
        "rowid IN (SELECT row FROM (SELECT rowid AS row, count(DISTINCT struct_pack("
        + ", ".join(f"{name} := {name}" for name in OF_THE_PERSON.split(", "))
        + ")) OVER (PARTITION BY key_text, person_no) AS n FROM stage "
        "WHERE NOT rejected AND person_no IS NOT NULL) WHERE n > 1)",
    )
    table.engine.execute(
        "CREATE TABLE copies AS SELECT row FROM (SELECT rowid AS row, row_number() OVER "
        "(PARTITION BY key_text, person_no, CASE WHEN person_no IS NULL THEN row_hash END "
        "ORDER BY rowid) AS n FROM stage WHERE NOT rejected) WHERE n > 1"
    )
    for name in ("sex", "disability"):
        table.flag("required", name, f"{name} IS NULL AND {name}_fault IS NULL AND {IS_PERSON}")
    table.flag(
        "required",
        "person_no",
        f"person_no IS NULL AND person_no_fault IS NULL AND {IS_PERSON} AND key_text IN (SELECT "
        f"key_text FROM stage WHERE NOT rejected AND {IS_PERSON} GROUP BY ALL HAVING count(*) > 1)",
    )


def _reports() -> str:
    persons = [
        *(_persons("sex", sex, f"persons_{sex}") for sex in ("male", "female")),
        *(_persons("disability", word, column) for word, column in DISABILITIES.items()),
    ]
    return (
        f"WITH counted AS (SELECT key_text, {', '.join(persons)}, sum(days_lost) AS days_lost, "
        "sum(days_charged) AS days_charged FROM stage WHERE NOT rejected "
        "AND rowid NOT IN (SELECT row FROM copies) GROUP BY key_text) "
        "SELECT stage.key_text AS report_id, establishment_id, area, sector, "
        f"{size_class()} AS size_class, workers_male, workers_female, event, "
        "CAST(occurred_on AS VARCHAR) AS occurred_on, "
        "CAST(reported_on AS VARCHAR) AS reported_on, counted.* EXCLUDE (key_text) "
        "FROM stage JOIN firsts ON stage.rowid = firsts.row "
        "JOIN counted ON stage.key_text = counted.key_text "
        "JOIN gazetteer USING (place) LEFT JOIN industries USING (psic)"
    )


def _persons(column: str, word: str, name: str) -> str:
    """Count persons of a kind; none is said only where the kind of every person is known."""
    found = f"count(*) FILTER ({IS_PERSON} AND {column} = '{word}')"
    unknown = f"count(*) FILTER ({IS_PERSON} AND {column} IS NULL)"
    return f"CASE WHEN {found} > 0 OR {unknown} = 0 THEN {found} END AS {name}"


SOURCE = Source(
    source_id="dole_wair",
    title="DOLE work accident and illness reports",
    publisher="DOLE Bureau of Working Conditions",
    licence="Provided by the Department of Labor and Employment for use in this system",
    rhythm="monthly, reports of a month are due by the 20th of the next",
    every_days=31,
    grace_days=5,
    used_for="kept for injury and severity rates by sector",
    name_ends_with=(r"dole_wair_\d{8}\.(csv|xlsx)$",),
    parse=parse,
    rows_are_persons=True,
    form=Format(personal=PERSONAL),
)
