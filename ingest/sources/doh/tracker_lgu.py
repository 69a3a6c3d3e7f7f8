"""DOH COVID-19 tracker, figures of provinces and cities as its page showed them day by day.

One row for each scrape and reporting area, 12 columns since the first scrape of October 2021.
The page is renewed in the afternoon, so a scrape before 17:00 in Manila shows the day before:
`scraped_date_pht` has two contradicting scrapes on 14 days, days that begin at 17:00 have one.

The 121 areas are provinces without the cities reported apart, and those cities: highly
urbanised and independent component ones, the City of Isabela and Pateros.
"""

from __future__ import annotations

from datetime import date
from functools import cache

from ingest.batch import Batch
from ingest.reading.dates import ISO, DateColumn
from ingest.reading.facts import fact_rows
from ingest.reading.fields import FieldCheck, whole_number
from ingest.reading.places import match_places
from ingest.reading.staging import Columns
from ingest.reading.table import Table
from ingest.source import Source
from kms.domain.intake import Parsed
from kms.domain.place_names import place_keys
from kms.domain.places import AMBIGUOUS, NOT_FOUND, UNKNOWN
from kms.reference import load_areas, load_matcher

DISEASE, CLASSIFICATION = "covid19", "confirmed"
EARLIEST = date(2020, 1, 30)
LIMITS_OF = date(2021, 10, 1)  # provinces as they were when the tracker listed them
MOST_PERSONS = 20_000_000
DAY_BEGINS_UTC = 9  # 17:00 in Manila, after the page was renewed
MEASURES = {
    "cases": "total_cases",
    "deaths": "deaths",
    "recovered": "recoveries",
    "active": "active_cases",
}
RUNNING = ("total_cases", "deaths", "recoveries")

_INSTANT = "try_strptime(left({text}, 19), '%Y-%m-%d %H:%M:%S')"
_IN_MANILA = f"CAST({_INSTANT} + INTERVAL 8 HOUR AS DATE)"


def _shown_day() -> FieldCheck:
    """The day whose figures a scrape shows; its Manila date must be the one given beside it."""
    faults = (
        (f"{{text}} NOT LIKE '____-__-__ __:__:__+00:00' OR {_INSTANT} IS NULL", "date_unreadable"),
        (f"{_IN_MANILA} > scraped_date_pht", "date_after_other"),
        (f"{_IN_MANILA} < scraped_date_pht", "date_before_other"),
    )
    day = f"CAST({_INSTANT} - INTERVAL {DAY_BEGINS_UTC} HOUR AS DATE)"
    return FieldCheck("scraped_at_utc", day, faults, required=True)


COLUMNS = Columns(
    place=("area",),
    dates=(DateColumn("scraped_date_pht", ISO, EARLIEST, required=True),),
    fields=(
        _shown_day(),
        whole_number("new_cases", MOST_PERSONS),
        *(whole_number(name, MOST_PERSONS) for name in MEASURES.values()),
    ),
)
KEYS = ("area", f"CASE WHEN area = '{UNKNOWN}' THEN place ELSE '' END", "scraped_at_utc")


def parse(batch: Batch) -> Parsed:
    """Read every scrape into daily counts and running totals."""
    with batch.engine() as engine:
        table = Table(engine, batch.source_id, batch.release_date, COLUMNS)
        table.read_parts(batch)
        table.judge()
        table.judge_fields(essential=("scraped_at_utc",))
        match_places(table, find_reporting_area)
        table.settle(KEYS, ("new_cases", *MEASURES.values()))
        _flag_falls(table)
        day = "CAST(scraped_at_utc AS VARCHAR) AS ref_date"
        counts = (
            f"SELECT '{DISEASE}' AS disease, '{CLASSIFICATION}' AS classification, "
            f"'report' AS basis, 'day' AS grain, area, {day}, sum(new_cases) AS cases "
            "FROM accepted WHERE new_cases IS NOT NULL GROUP BY ALL"
        )
        totals = " UNION ALL ".join(
            f"SELECT '{DISEASE}' AS disease, '{measure}' AS measure, area, {day}, "
            f"sum({column}) AS persons FROM accepted WHERE {column} IS NOT NULL GROUP BY ALL"
            for measure, column in MEASURES.items()
        )
        return table.parsed(
            {
                "case_count": fact_rows(engine, "case_count", counts),
                "case_total": fact_rows(engine, "case_total", totals),
            }
        )


def find_reporting_area(texts: tuple[str, ...]) -> tuple[str, str | None]:
    """Return the area of one name: a province, else a city reported apart, else any place."""
    name = texts[0]
    matcher = load_matcher()
    province = matcher.match("", name, "")
    if province.code != UNKNOWN:
        return _without_cities().get(province.code, province.code), None
    cities = {_cities()[key] for key in place_keys(name) if key in _cities()}
    if len(cities) == 1:
        return cities.pop(), None
    city = matcher.match("", "", name)
    if city.code != UNKNOWN or city.flag == AMBIGUOUS:
        return city.code, city.flag
    region = matcher.match(name, "", "")
    return region.code, None if region.code != UNKNOWN else NOT_FOUND


@cache
def _cities() -> dict[str, str]:
    """Return keys of names to the cities that are reported apart from their province."""
    apart = [area for area in load_areas() if area.level in ("huc", "icc")]
    return {key: area.code for area in apart for key in place_keys(area.name)}


@cache
def _without_cities() -> dict[str, str]:
    """Return provinces to their code without the cities in them that are reported apart.

    Without highly urbanised cities alone they are statistical units of the PSA; Pangasinan,
    Isabela, Camarines Sur and Leyte also lack an independent component city, which is the DOH's.
    """
    found: dict[str, str] = {}
    areas = load_areas()
    for leaf, way in areas.tree(LIMITS_OF).items():
        level = areas.get(leaf).level if way.unit != way.region else ""  # Metro Manila is both
        if level == "icc":
            found[way.unit] = f"doh:{way.unit}"
        elif level == "huc":
            found.setdefault(way.unit, f"psa:{way.unit}")
    return found


def _flag_falls(table: Table) -> None:
    """Mark running totals lower than the one before them; they are kept as printed."""
    for name in RUNNING:
        table.flag(
            "total_fell",
            name,
            f"rowid IN (SELECT row FROM (SELECT row, {name} < lag({name}) OVER (PARTITION BY "
            f"{KEYS[0]}, {KEYS[1]} ORDER BY scraped_at_utc) AS fell FROM accepted "
            f"WHERE {name} IS NOT NULL) WHERE fell)",
        )


SOURCE = Source(
    source_id="doh_tracker_lgu",
    title="DOH tracker by province and city",
    publisher="DOH Epidemiology Bureau (tracker page, scraped)",
    licence="Free use, re-use and sharing with attribution to the DOH; of the scrape unverified",
    rhythm="daily",
    every_days=1,
    grace_days=3,
    used_for="kept for comparison with the line list after it ended",
    name_ends_with=(r"doh_tracker_lgu\w*([-_]to_\d{4}-\d{2})?\.csv(\.gz)?$",),
    parse=parse,
    rows_are_persons=False,
)
