"""DOLE labour inspections: one row for each checklist item of each inspection (DO 238-23).

Our own documented layout (docs/data-dictionary.md): the Department publishes totals only, so
regional offices export this file from their case management. Results are kept at the first
visit and after correction. The columns of `STAYS_IN_SNAPSHOT` are never read into the store.
"""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from ingest.batch import Batch
from ingest.reading.dates import ISO, DateColumn
from ingest.reading.fields import (
    bad_text,
    code_text,
    number,
    one_of,
    plain_text,
    yes_no,
)
from ingest.reading.matching.sectors import PSIC, match_sectors
from ingest.reading.places import match_places
from ingest.reading.staging import Columns
from ingest.reading.table import Table
from ingest.source import Source
from ingest.sources.dole.first_rows import settle_first_rows
from ingest.sources.dole.workers import size_class, workers
from kms.domain.intake import Parsed
from kms.reference import load_inspection_items
from kms.store.facts import arrow_schema, fact_table

STAYS_IN_SNAPSHOT = ("establishment_name", "item_title", "legal_item")
EARLIEST = date(2010, 1, 1)
MODES = ("TAV", "LI", "OSHI", "TSI")
TRIGGERS = ("routine", "complaint", "referral", "accident")
VISITS = ("first", "follow_up")
RISKS = ("low", "medium", "high")
LARGEST_WEIGHT = 10.0  # a statutory fine of PHP 500,000, several times the highest daily one
LONGEST_KEY, LONGEST_ITEM = 60, 40

COLUMNS = Columns(
    key="inspection_id",
    place=("region", "province", "city_municipality", "psgc"),
    dates=(
        DateColumn("date_opened", ISO, EARLIEST, required=True),
        DateColumn("date_closed", ISO, EARLIEST, not_before="date_opened"),
        DateColumn("corrected_on", ISO, EARLIEST, not_before="date_opened"),
    ),
    fields=(
        plain_text("item_code", LONGEST_ITEM, required=True),
        code_text("establishment_id", LONGEST_KEY, required=True),
        PSIC,
        *workers(),
        one_of("risk_class", RISKS),
        one_of("mode", MODES),
        one_of("trigger", TRIGGERS),
        one_of("visit", VISITS),
        plain_text("regional_office", 40),
        code_text("inspector", 40),
        yes_no("applicable", required=True),
        yes_no("compliant_initial").also("NOT applicable", "answer_not_applicable"),
        yes_no("compliant_after")
        .also("NOT applicable", "answer_not_applicable")
        .also("compliant_initial AND NOT {value}", "after_worse"),
        number("severity_weight", LARGEST_WEIGHT),
    ),
)
OF_THE_INSPECTION = (
    "establishment_id", "place", "psic", "workers_male", "workers_female", "risk_class", "mode",
    "trigger", "visit", "date_opened", "date_closed", "regional_office", "inspector",
)  # fmt: skip
OF_THE_ITEM = "applicable, compliant_initial, compliant_after, corrected_on, severity_weight"


def parse(batch: Batch) -> Parsed:
    """Read one issue into inspections and their items."""
    with batch.engine() as engine:
        table = Table(engine, batch.source_id, batch.release_date, COLUMNS)
        table.read_parts(batch)
        _reject(table)
        table.judge()
        table.judge_fields()
        _flag_items(table)
        match_places(table)
        match_sectors(table)
        settle_first_rows(table, OF_THE_INSPECTION, "inspection_inconsistent")
        return table.parsed(
            {name: _facts(table, name) for name in ("inspection", "inspection_item")}
        )


def _reject(table: Table) -> None:
    """Leave out rows without a key, and all rows of an item that contradict each other.

    Rows that say the same about one item are copies of the first, whatever their other columns
    say. Where they differ nobody knows which is right, so the item counts as not reported.
    """
    table.reject("required", COLUMNS.key, "key_text = ''")
    table.reject("bad_text", COLUMNS.key, bad_text("key_text", LONGEST_KEY))
    for code in ("required", "bad_text"):
        table.reject(code, "item_code", f"item_code_fault = '{code}'")
    table.engine.execute(
        "CREATE TABLE copies AS SELECT row FROM (SELECT rowid AS row, row_number() OVER "
        f"(PARTITION BY key_text, item_code, {OF_THE_ITEM} ORDER BY rowid) AS n "
        "FROM stage WHERE NOT rejected) WHERE n > 1"
    )
    table.engine.execute(
        "CREATE TABLE counted AS SELECT rowid AS row, key_text, item_code FROM stage "
        "WHERE NOT rejected AND rowid NOT IN (SELECT row FROM copies)"
    )
    table.reject(
        "key_conflict",
        "item_code",
        "rowid IN (SELECT row FROM (SELECT row, count(*) OVER (PARTITION BY key_text, item_code) "
        "AS n FROM counted) WHERE n > 1)",
    )


def _flag_items(table: Table) -> None:
    """Flag items that are not in our checklist; they count, but have no title."""
    known = ", ".join(f"'{code}'" for code in load_inspection_items())
    table.flag("item_unknown", "item_code", f"item_code NOT IN ({known})")


def _facts(table: Table, name: str) -> pa.Table:
    schema = arrow_schema(fact_table(name))
    return table.engine.sql(_SELECTIONS[name]()).to_arrow_table().select(schema.names).cast(schema)


def _inspections() -> str:
    return (
        "SELECT stage.key_text AS inspection_id, establishment_id, area, sector, workers_male, "
        f"workers_female, {size_class()} AS size_class, risk_class, mode, trigger, visit, "
        "CAST(date_opened AS VARCHAR) AS opened_on, CAST(date_closed AS VARCHAR) AS closed_on, "
        "regional_office, inspector FROM stage JOIN firsts ON stage.rowid = firsts.row "
        "JOIN gazetteer USING (place) LEFT JOIN industries USING (psic)"
    )


def _items() -> str:
    return (
        "SELECT stage.key_text AS inspection_id, item_code, applicable, compliant_initial, "
        "compliant_after, CAST(corrected_on AS VARCHAR) AS corrected_on, severity_weight "
        "FROM stage WHERE NOT rejected AND rowid NOT IN (SELECT row FROM copies)"
    )


_SELECTIONS = {"inspection": _inspections, "inspection_item": _items}

SOURCE = Source(
    source_id="dole_inspections",
    title="DOLE inspections",
    publisher="DOLE Bureau of Working Conditions",
    licence="Provided by the Department of Labor and Employment for use in this system",
    rhythm="every 2 weeks",
    every_days=14,
    grace_days=2,
    used_for="safety items met",
    name_ends_with=(r"dole_inspections_\d{8}\.csv$",),
    parse=parse,
    rows_are_persons=False,
    feeds_figures=True,
)
