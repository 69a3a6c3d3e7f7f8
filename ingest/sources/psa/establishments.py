"""Establishments and their workers by place, industry and size: the list of establishments.

Our own documented layout: the Authority publishes workbooks, from which this file is made.
Industries below a section are summed into it. The layout has had these columns since its first
issue.
"""

from __future__ import annotations

from ingest.batch import Batch
from ingest.reading.facts import fact_rows
from ingest.reading.fields import one_of, whole_number
from ingest.reading.matching.sectors import PSIC, UNKNOWN_SECTOR, find_sectors
from ingest.reading.matching.whole_places import statistical_unit, whole_place
from ingest.reading.places import match_places
from ingest.reading.staging import Columns
from ingest.reading.table import Table
from ingest.source import Source
from ingest.sources.psa.columns import LICENCE, MOST_PERSONS, PUBLISHER, YEAR
from ingest.tripwires.limits import SLOW
from kms.domain.intake import Parsed
from kms.errors import ContractError
from kms.reference import load_sectors

MOST_ESTABLISHMENTS = 10_000_000

COLUMNS = Columns(
    place=("region", "province", "psgc"),
    dates=(YEAR,),
    fields=(
        PSIC,
        one_of("size_class", tuple(load_sectors().size_classes)),
        whole_number("establishments", MOST_ESTABLISHMENTS, grouped=True),
        whole_number("employed", MOST_PERSONS, grouped=True),
    ),
)
FIGURES = ("establishments", "employed")


def parse(batch: Batch) -> Parsed:
    """Read one issue into establishments by section and size."""
    with batch.engine() as engine:
        table = Table(engine, batch.source_id, batch.release_date, COLUMNS)
        table.read_parts(batch)
        table.judge()
        table.judge_fields(essential=("size_class",))
        find_sectors(table)
        table.reject("value_unknown", "psic", UNKNOWN_SECTOR)
        match_places(table, _find_place)
        table.settle(("year", "spot", "psic", "size_class"), FIGURES)
        _check_levels(table)
        facts = fact_rows(engine, "establishment_count", _counts())
        return table.parsed({"establishment_count": facts})


def _find_place(texts: tuple[str, ...]) -> tuple[str, str | None]:
    region, province, code = texts
    area, flag = whole_place((region, province, "", code))
    return statistical_unit(area), flag


def _check_levels(table: Table) -> None:
    """Refuse a file that gives a section and also its parts: each would count twice."""
    found = table.engine.execute(
        "SELECT sector, min(length(psic)), max(length(psic)) FROM accepted JOIN industries "
        "USING (psic) GROUP BY year, spot, size_class, sector "
        "HAVING min(length(psic)) < max(length(psic)) ORDER BY ALL LIMIT 1"
    ).fetchall()
    for sector, shortest, longest in found:
        raise ContractError(
            f"{table.source_id}: column 'psic' has codes of {shortest} and of {longest} "
            f"characters in section {sector} for one year and place, so establishments would "
            "count twice; keep one of the levels and send the file again. Nothing was taken in",
            "refused",
        )


def _counts() -> str:
    """Sum over the parts of a section; where one is not known, neither is the sum."""
    sums = ", ".join(
        f"CASE WHEN count({name}) = count(*) THEN sum({name}) END AS {name}" for name in FIGURES
    )
    return (
        "SELECT area, coalesce(sector, '') AS sector, coalesce(size_class, '') AS size_class, "
        f"CAST(year AS VARCHAR) AS ref_date, {sums} FROM accepted "
        "LEFT JOIN industries USING (psic) GROUP BY ALL"
    )


SOURCE = Source(
    source_id="psa_establishments",
    title="PSA establishments",
    publisher=PUBLISHER,
    licence=LICENCE,
    rhythm="yearly",
    limits=SLOW,
    every_days=366,
    grace_days=183,
    used_for="kept for rates per establishment by sector",
    name_ends_with=(r"psa_establishments_\d{8}\.(csv|xlsx)$",),
    parse=parse,
    rows_are_persons=False,
    parser_version=2,  # provinces without their cities have an area of their own
)
