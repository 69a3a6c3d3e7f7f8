"""Employed persons by region, industry and sex: the Labor Force Survey, by quarter or year.

Our own documented layout: the Authority publishes workbooks, from which this file is made. The
survey codes industries to the two digits of a PSIC division, never finer; a division is kept as
it is, beside its section. The layout has had these columns since its first issue.
"""

from __future__ import annotations

from ingest.batch import Batch
from ingest.reading.facts import fact_rows
from ingest.reading.fields import FieldCheck, number, one_of
from ingest.reading.matching.whole_places import statistical_unit, whole_place
from ingest.reading.places import match_places
from ingest.reading.staging import Columns
from ingest.reading.table import Table
from ingest.source import Source
from ingest.sources.psa.columns import LICENCE, MOST_PERSONS, PUBLISHER, YEAR, sex
from ingest.tripwires.limits import SLOW
from kms.domain.intake import Parsed
from kms.reference import load_sectors

QUARTER = FieldCheck(
    "quarter",
    "CAST(ltrim(upper({text}), 'Q')[1] AS INTEGER)",
    ((r"NOT regexp_full_match(upper({text}), 'Q?[1-4]|[1-4]\.0')", "value_unknown"),),
)
REF_DATE = "CAST(year + to_months(3 * (coalesce(quarter, 1) - 1)) AS DATE)"

COLUMNS = Columns(
    place=("region", "psgc"),
    dates=(YEAR,),
    fields=(
        QUARTER,
        one_of("psic", tuple(load_sectors().sectors)),
        sex(),
        number("employed", MOST_PERSONS, required=True, grouped=True),
    ),
)


def parse(batch: Batch) -> Parsed:
    """Read one issue into employed persons."""
    with batch.engine() as engine:
        table = Table(engine, batch.source_id, batch.release_date, COLUMNS)
        table.read_parts(batch)
        table.judge()
        table.judge_fields(essential=("quarter", "psic", "sex"))
        table.reject("date_future", "quarter", f"{REF_DATE} > DATE '{batch.release_date}'")
        match_places(table, _find_place)
        table.settle(("year", "quarter", "spot", "psic", "sex"), ("employed",))
        selection = (
            "SELECT CASE WHEN quarter IS NULL THEN 'year' ELSE 'quarter' END AS grain, area, "
            "coalesce(psic, '') AS sector, coalesce(sex, '') AS sex, "
            f"CAST({REF_DATE} AS VARCHAR) AS ref_date, sum(employed) AS employed FROM accepted "
            "GROUP BY ALL"
        )
        return table.parsed({"employment": fact_rows(engine, "employment", selection)})


def _find_place(texts: tuple[str, ...]) -> tuple[str, str | None]:
    region, code = texts
    area, flag = whole_place((region, "", "", code))
    return statistical_unit(area), flag


SOURCE = Source(
    source_id="psa_employment",
    title="PSA employed persons",
    publisher=PUBLISHER,
    licence=LICENCE,
    rhythm="quarterly by region and industry",
    limits=SLOW,
    every_days=92,
    grace_days=31,
    used_for="kept for rates per worker by sector",
    name_ends_with=(r"psa_employment_\d{8}\.(csv|xlsx)$",),
    parse=parse,
    rows_are_persons=False,
    parser_version=2,  # provinces without their cities have an area of their own
)
