"""DOH Data Drop "Case Information": the COVID-19 line list, one row for each confirmed case.

Column histories: April 2020 (12 columns, `RegionRes` holds provinces, dates M/D/YYYY, on one day
`CaseNo`), mid-2020 (20 columns), final (22 columns with barangays). Files are known by the end
of their name, since their numbers moved; from 2021 a release comes in batch files.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from ingest.batch import Batch
from ingest.opening.header import named_columns, refuse_unlike, require_columns
from ingest.reading.dates import ISO, MONTH_FIRST, DateColumn
from ingest.reading.linelist import LineList
from ingest.reading.places import Finder, find_place, match_places, unit_on
from ingest.reading.staging import Columns
from ingest.source import Source
from kms.domain.intake import Parsed
from kms.reference import load_matcher

DISEASE, CLASSIFICATION = "covid19", "confirmed"
KEY_NAMES = ("CaseCode", "CaseNo")
# Under any spelling: a column of some histories that is not recognised is silently not counted.
KNOWN = (
    *KEY_NAMES, "Age", "Sex", "RegionRes", "ProvRes", "ProvCityRes", "CityMunRes", "CityMuniPSGC",
    "DateRepConf", "DateOnset", "DateSpecimen", "DateDied",
)  # fmt: skip
ISO_SINCE = date(2020, 5, 6)
EARLIEST_EVENT = date(2020, 1, 15)  # the first Philippine case fell ill on 18 January 2020
OLDEST_AGE = 120
LONGEST_DELAY_DAYS = 365  # a backlog of months is real, of years is a wrong year


def parse(batch: Batch) -> Parsed:
    """Read one release of the line list into counts by area and day."""
    refuse_unlike(batch.source_id, batch.parts, KNOWN)
    columns = _columns(batch, batch.parts[0])
    with batch.engine() as engine:
        lines = LineList(engine, batch.source_id, batch.release_date, columns)
        lines.read_parts(batch)
        lines.judge()
        lines.flag(
            "age_out_of_range",
            "Age",
            f"Age <> '' AND coalesce(try_cast(Age AS DOUBLE), -1) NOT BETWEEN 0 AND {OLDEST_AGE}",
        )
        match_places(lines, _finder(columns), unit_on(batch.release_date))
        lines.settle_persons()
        lines.keep_persons(batch.persons_to, sex="Sex", age="Age")
        return lines.parsed(_facts(engine, columns))


def _columns(batch: Batch, part: Path) -> Columns:
    """Tell which of the column histories a file follows."""
    names = named_columns(batch.source_id, part, KNOWN, {})
    key = next((name for name in KEY_NAMES if name in names), KEY_NAMES[0])
    april = "ProvCityRes" in names
    place = ("RegionRes", "ProvCityRes") if april else ("RegionRes", "ProvRes", "CityMunRes")
    require_columns(batch.source_id, part, names, (key, "Age", *place, "DateRepConf", "DateDied"))
    if not april and "CityMuniPSGC" in names:
        place = (*place, "CityMuniPSGC")
    date_format = MONTH_FIRST if april or batch.release_date < ISO_SINCE else ISO
    return Columns(
        key, place, _date_columns(names, date_format), keep=("Age", "Sex"), optional=("Sex",)
    )


def _date_columns(names: list[str], date_format: str) -> tuple[DateColumn, ...]:
    report = DateColumn("DateRepConf", date_format, EARLIEST_EVENT, required=True)
    before = {"DateOnset": "DateRepConf", "DateSpecimen": "DateRepConf", "DateDied": ""}
    return (
        report,
        *(
            DateColumn(
                name,
                date_format,
                EARLIEST_EVENT,
                not_after=limit,
                not_before="DateOnset" if name == "DateDied" and "DateOnset" in names else "",
                longest_days=LONGEST_DELAY_DAYS if limit else 0,
            )
            for name, limit in before.items()
            if name in names
        ),
    )


def _finder(columns: Columns) -> Finder:
    if "ProvCityRes" not in columns.place:
        return find_place
    matcher = load_matcher()

    def find(texts: tuple[str, ...]) -> tuple[str, str | None]:
        found = matcher.match_april_2020(*texts)
        return found.code, found.flag

    return find


def _facts(engine: duckdb.DuckDBPyConnection, columns: Columns) -> dict[str, object]:
    """Count cases on each time axis, and onsets by the day they were reported.

    Millions of counts leave as codes of their texts and as dates: a quarter of the memory.
    """
    onset = "DateOnset" if columns.has("DateOnset") else "NULL::DATE"
    specimen = "DateSpecimen" if columns.has("DateSpecimen") else "NULL::DATE"
    axes = {
        "report": ("DateRepConf", "true"),
        "onset": (onset, f"{onset} IS NOT NULL"),
        "report_onset_unknown": ("DateRepConf", f"{onset} IS NULL"),
        "specimen": (specimen, f"{specimen} IS NOT NULL"),
        "death": ("DateDied", "DateDied IS NOT NULL"),
    }
    engine.execute(
        "CREATE TYPE area_code AS ENUM "
        "(SELECT area FROM gazetteer UNION SELECT unit FROM gazetteer)"
    )
    what = f"{_constant(DISEASE)} AS disease, {_constant(CLASSIFICATION)} AS classification"
    basis = f"ENUM({', '.join(map(repr, axes))})"
    counts = " UNION ALL ".join(
        f"SELECT {what}, '{name}'::{basis} AS basis, {_constant('day')} AS grain, "
        f"area::area_code AS area, {column} AS ref_date, count(*) AS cases "
        f"FROM accepted WHERE {condition} GROUP BY area, {column}"
        for name, (column, condition) in axes.items()
    )
    triangle = (
        f"SELECT {_constant(DISEASE)} AS disease, unit::area_code AS area, {onset} AS onset_date, "
        "DateRepConf AS report_date, count(*) AS cases "
        f"FROM accepted WHERE {onset} IS NOT NULL GROUP BY unit, {onset}, DateRepConf"
    )
    return {
        "case_count": engine.sql(counts).to_arrow_table(),
        "reporting_triangle": engine.sql(triangle).to_arrow_table(),
    }


def _constant(text: str) -> str:
    return f"'{text}'::ENUM('{text}')"


SOURCE = Source(
    source_id="doh_case_information",
    title="DOH case information",
    publisher="DOH Epidemiology Bureau",
    licence="Free use, re-use and sharing with attribution to the DOH Epidemiology Bureau",
    rhythm="weekly, daily in a surge",
    every_days=7,
    grace_days=1,
    used_for="cases, R, growth, attack rate",
    name_ends_with=(r"Case Information( \d{4})?(_batch_\d+)?\.csv$",),
    parse=parse,
    rows_are_persons=True,
    feeds_figures=True,
    parser_version=2,  # delays of cases known by region alone count in their region
)
