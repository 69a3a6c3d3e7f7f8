"""Population by area, sex and age band: a census, or a projection for a coming day.

Our own documented layout: the Authority publishes workbooks whose layout changes with each
census, from which this file is made. The layout has had these columns since its first issue.
"""

from __future__ import annotations

from datetime import date

from ingest.batch import Batch
from ingest.reading.dates import ISO, DateColumn
from ingest.reading.facts import fact_rows
from ingest.reading.fields import FieldCheck
from ingest.reading.matching.whole_places import statistical_unit, whole_code
from ingest.reading.places import match_places
from ingest.reading.staging import Columns
from ingest.reading.table import Table
from ingest.source import Source
from ingest.sources.psa.columns import LICENCE, PUBLISHER, persons, sex
from ingest.tripwires.limits import SLOW
from kms.domain.intake import Parsed

EARLIEST = date(1900, 1, 1)
FURTHEST_AHEAD = 50  # years; official projections reach 35
OLDEST_AGE = 130

_PLAIN = r"regexp_replace(replace(lower({text}), chr(8211), '-'), '\s+', '', 'g')"


def _age(pattern: str, group: int = 1) -> str:
    """Return the SQL of an age in a band that is written like a pattern, else NULL."""
    return f"try_cast(regexp_extract({_PLAIN}, '^{pattern}$', {group}) AS INTEGER)"


_BELOW, _ABOVE = _age(r"under(\d{1,3})"), _age(r"(\d{1,3})(?:\+|(?:years)?and(?:over|above|older))")
_BAND = r"(\d{1,3})(?:-|to)(\d{1,3})"
_ONE = _age(r"(\d{1,3})")
_LOW = f"CASE WHEN {_BELOW} IS NOT NULL THEN 0 ELSE coalesce({_age(_BAND)}, {_ONE}) END"
_HIGH = f"coalesce({_BELOW} - 1, {_age(_BAND, 2)}, {_ONE})"
_IS_BAND = f"coalesce({_LOW} <= {_HIGH} AND {_HIGH} <= {OLDEST_AGE}, false)"
_IS_OPEN = f"coalesce({_ABOVE} <= {OLDEST_AGE}, false)"
# As `5-9`, `80+`, or all ages; a single year is a band of one.
AGE_BAND = FieldCheck(
    "age_band",
    f"CASE WHEN {_IS_BAND} THEN concat({_LOW}, '-', {_HIGH}) "
    f"WHEN {_IS_OPEN} THEN concat({_ABOVE}, '+') END",
    ((f"NOT ({_IS_BAND} OR {_IS_OPEN} OR {_PLAIN} IN ('all', 'allages'))", "value_unknown"),),
)
_CODE = r"NOT regexp_full_match(upper({text}), '(PH)?[0-9]{8,10}')"

COLUMNS = Columns(
    place=("psgc",),
    dates=(DateColumn("ref_date", ISO, EARLIEST, required=True),),
    fields=(
        FieldCheck("psgc", "{text}", ((_CODE, "value_unknown"),), required=True),
        sex(),
        AGE_BAND,
        persons("population"),
    ),
)


def parse(batch: Batch) -> Parsed:
    """Read one issue into population by area, sex and age band."""
    with batch.engine() as engine:
        latest = date(batch.release_date.year + FURTHEST_AHEAD, 12, 31)
        table = Table(engine, batch.source_id, latest, COLUMNS)
        table.read_parts(batch)
        table.judge()
        table.judge_fields(essential=("psgc", "sex", "age_band"))
        match_places(table, find_counted)
        table.settle(("ref_date", "area", "sex", "age_band"), ("population",))
        selection = (
            "SELECT area, coalesce(sex, '') AS sex, coalesce(age_band, '') AS age_band, "
            "CAST(ref_date AS VARCHAR) AS ref_date, population AS persons FROM accepted"
        )
        return table.parsed({"population": fact_rows(engine, "population", selection)})


def find_counted(texts: tuple[str, ...]) -> tuple[str, str | None]:
    """Return the area of a code; one that is not known stays apart, under its own code."""
    area, flag = whole_code(texts[0])
    unknown = f"local:psgc:{texts[0].upper().removeprefix('PH')[:20]}"
    return (unknown if flag else statistical_unit(area)), flag


SOURCE = Source(
    source_id="psa_population",
    title="PSA population",
    publisher=PUBLISHER,
    licence=LICENCE,
    rhythm="with each census, every 5 years, and each projection",
    limits=SLOW,
    every_days=1_827,
    grace_days=366,
    used_for="kept for rates per person",
    name_ends_with=(r"psa_population_\d{8}\.(csv|xlsx)$",),
    parse=parse,
    rows_are_persons=False,
    parser_version=2,  # provinces without their cities have an area of their own
)
