"""DOH "Testing Aggregates": COVID-19 tests, one row a laboratory and day.

Layouts: April 2020 (headings in words, `15,197`, `17%`, `April 2, 2020`; nothing but running
totals until 7 April) and since (`facility_name`, `daily_output_*`, `cumulative_*`). Running
totals are never turned into days. Regions are not in the file: they come from a list of
laboratories given as a further part of the issue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa

from ingest.batch import Batch
from ingest.opening.parts import Format
from ingest.reading.dates import DateColumn
from ingest.reading.fields import plain_text, whole_number
from ingest.reading.formats import date_format_of
from ingest.reading.lists import list_rows, name_key, part_lists, short_name_key
from ingest.reading.places import Finder, match_places
from ingest.reading.staging import Columns
from ingest.reading.table import Table
from ingest.source import Source
from kms.domain.intake import Parsed, Span
from kms.domain.places import UNKNOWN
from kms.reference import load_matcher
from kms.store.facts import arrow_schema, fact_table

DISEASE = "covid19"
EARLIEST = date(2020, 1, 1)
MOST_TESTS = 50_000  # of one laboratory in a day; the largest reach some thousands
LONGEST_NAME = 200
NAME, DAY = "facility_name", "report_date"
SAMPLES = "daily_output_samples_tested"
TESTED = "daily_output_unique_individuals"
POSITIVE = "daily_output_positive_individuals"
ALSO = {
    NAME: ("Name of Health Facility/Laboratory",),
    DAY: ("Date",),
    SAMPLES: ("Daily Output - Tests Conducted",),
    TESTED: ("Daily Output - Unique Individuals Tested",),
    POSITIVE: ("Daily Output - Positive Individuals",),
}
LIST_NAMES = ("NAME OF FACILITY", NAME)  # as licensed, and as the laboratories report


def parse(batch: Batch) -> Parsed:
    """Read one issue into tests by region and day."""
    reports, lists = part_lists(batch, having=("REGION", "NAME OF FACILITY"), lacking=(DAY,))
    with batch.engine() as engine:
        columns = _columns(reports)
        table = Table(engine, batch.source_id, batch.release_date, columns)
        table.read_parts(reports)
        table.judge()
        table.judge_fields(essential=(NAME,))
        for name, other in ((TESTED, POSITIVE), (POSITIVE, TESTED)):
            blank = f"{name} IS NULL AND {name}_fault IS NULL AND {other} IS NOT NULL"
            table.flag("tests_incomplete", name, blank)
        match_places(table, _finder(batch.source_id, lists))
        table.settle((NAME, DAY), (SAMPLES, TESTED, POSITIVE))
        parsed = table.parsed({"testing": _facts(table)})
        return replace(parsed, spans=_spans(table))


def _columns(batch: Batch) -> Columns:
    day_format = date_format_of(batch.source_id, batch.parts[0], DAY, ALSO)
    samples, tested, positive = (
        whole_number(name, MOST_TESTS, grouped=True) for name in (SAMPLES, TESTED, POSITIVE)
    )
    return Columns(
        place=(NAME,),
        dates=(DateColumn(DAY, day_format, EARLIEST, required=True),),
        fields=(
            plain_text(NAME, LONGEST_NAME, required=True),
            samples,
            tested,
            positive.also(f"{{value}} > {TESTED}", "part_exceeds_whole"),
        ),
        also=ALSO,
    )


def _finder(source_id: str, lists: Sequence[Path]) -> Finder:
    """Return the function that gives a laboratory's region.

    A name is looked up whole, then without the abbreviation in brackets that some files add to
    it and others leave away; where that fits laboratories of several regions, nobody knows.
    """
    regions: dict[str, set[str]] = defaultdict(set)
    shorter: dict[str, set[str]] = defaultdict(set)
    for part in lists:
        for region, *names in list_rows(source_id, part, ("REGION", *LIST_NAMES), {}):
            area = load_matcher().match(region, "", "").code
            for name in filter(None, names):
                regions[name_key(name)].add(area)
                shorter[short_name_key(name)].add(area)

    def find(texts: tuple[str, ...]) -> tuple[str, str | None]:
        found = regions.get(name_key(texts[0])) or shorter.get(short_name_key(texts[0]), set())
        (area,) = found if len(found) == 1 else (UNKNOWN,)
        return area, "place_unknown" if area == UNKNOWN else None

    return find


def _facts(table: Table) -> pa.Table:
    """Return tests by region and day; a day on which none of its laboratories spoke has none."""
    table.engine.execute(
        "CREATE TABLE calendar AS SELECT CAST(unnest(generate_series(min(report_date), "
        "max(report_date), INTERVAL 1 DAY)) AS DATE) AS day FROM accepted"
    )
    found = table.engine.sql(
        f"WITH known AS (SELECT area, min({DAY}) AS first_day FROM accepted "
        f"GROUP BY area, {NAME}), "
        "registered AS (SELECT area, day, count(*) AS laboratories_registered "
        "FROM known JOIN calendar ON day >= first_day GROUP BY ALL), "
        f"given AS (SELECT area, {DAY} AS day, CAST(sum({SAMPLES}) AS BIGINT) AS samples_tested, "
        f"CAST(sum({TESTED}) FILTER ({_WHOLE}) AS BIGINT) AS individuals_tested, "
        f"CAST(sum({POSITIVE}) FILTER ({_WHOLE}) AS BIGINT) AS individuals_positive, "
        f"count(*) FILTER ({_WHOLE}) AS laboratories_reporting FROM accepted GROUP BY ALL) "
        f"SELECT '{DISEASE}' AS disease, CAST(day AS VARCHAR) AS ref_date, * EXCLUDE (day) "
        "REPLACE (coalesce(laboratories_reporting, 0) AS laboratories_reporting) "
        "FROM registered LEFT JOIN given USING (area, day)"
    )
    schema = arrow_schema(fact_table("testing"))
    return found.to_arrow_table().select(schema.names).cast(schema)


def _spans(table: Table) -> dict[str, Span]:
    """Tell the days of which the file speaks."""
    days = "SELECT CAST(min(day) AS VARCHAR), CAST(max(day) AS VARCHAR) FROM calendar"
    first, last = table.engine.execute(days).fetchall()[0]
    return {"testing": Span("ref_date", first, last)} if first else {}


_WHOLE = f"{TESTED} IS NOT NULL AND {POSITIVE} IS NOT NULL"

SOURCE = Source(
    source_id="doh_testing_aggregates",
    title="DOH testing",
    publisher="DOH Epidemiology Bureau",
    licence="Free use, re-use and sharing with attribution to the DOH Epidemiology Bureau",
    rhythm="daily",
    every_days=1,
    grace_days=1,
    used_for="positivity, tests",
    name_ends_with=(
        r"Testing Aggregates( \d{4})?\.csv(\.gz)?$",
        r"testing_aggregates_by_lab(_\d{4})?\.csv(\.gz)?$",
        r"test_facility_region_lookup\.csv$",
        r"laboratory region lookup\.csv$",
    ),
    parse=parse,
    rows_are_persons=False,
    feeds_figures=True,
    form=Format(personal=("CONTACT NUMBER",)),
)
