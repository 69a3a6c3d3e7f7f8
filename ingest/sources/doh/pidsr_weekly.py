"""Weekly notifiable disease reports (PIDSR): cases by disease, morbidity week and place.

Our own layout of the weekly report form, since bulletins are printed: one row for each disease,
week and reporting place. 0 is a report of no cases ("zero report") and is kept; a blank or a
missing row is no report and is kept as nothing. What is kept at a province is known of the
province and of none of its towns: the sum up the tree is the province's own figure.
"""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from ingest.batch import Batch
from ingest.reading.facts import fact_rows
from ingest.reading.fields import whole_number
from ingest.reading.matching.diseases import disease_field
from ingest.reading.places import find_code, find_place, match_places
from ingest.reading.staging import SEPARATOR, Columns
from ingest.reading.table import Table
from ingest.source import Source
from ingest.tripwires.limits import Limits
from kms.domain.areas import COUNTRY, NCR
from kms.domain.calendar.morbidity_weeks import MorbidityWeek, morbidity_week, weeks_in
from kms.domain.intake import Parsed
from kms.domain.places import NOT_FOUND
from kms.reference import load_areas

FIRST_YEAR = 2007  # the year of the first PIDSR manual
LATEST_YEAR = 2100
MOST_CASES = 1_000_000  # of a disease in a week and place
WHOLE_COUNTRY = frozenset({"philippines", "national", "phl"})
# Highly urbanised and independent cities report beside their province, not as a part of it.
APART = frozenset({"huc", "icc"})

COLUMNS = Columns(
    place=("region", "province", "city_municipality", "psgc"),
    fields=(
        disease_field("disease"),
        whole_number("morbidity_year", LATEST_YEAR, required=True).also(
            f"{{value}} < {FIRST_YEAR}", "number_out_of_range"
        ),
        whole_number("morbidity_week", 53, required=True).also(
            "{value} < 1", "number_out_of_range"
        ),
        whole_number("cases", MOST_CASES, required=True, grouped=True),
        whole_number("confirmed", MOST_CASES, grouped=True).also(
            "{value} > cases", "part_exceeds_whole"
        ),
        whole_number("deaths", MOST_CASES, grouped=True).also(
            "{value} > cases", "part_exceeds_whole"
        ),
    ),
)
_IS_HEADER = f"starts_with(lower(place), 'region{SEPARATOR}province{SEPARATOR}')"
_WEEK = "disease, morbidity_year, morbidity_week"
MEASURES = ("cases", "confirmed", "deaths")
DEEPEST_TOTAL = 2  # areas above a province: its region, the country


def parse(batch: Batch) -> Parsed:
    """Read one issue into weekly counts."""
    with batch.engine() as engine:
        table = Table(engine, batch.source_id, batch.release_date, COLUMNS)
        table.read_parts(batch)
        table.reject("summary_row", COLUMNS.place[0], "is_summary")
        table.reject("repeated_header", COLUMNS.place[0], _IS_HEADER)
        table.judge_fields(essential=("disease", "morbidity_year", "morbidity_week"))
        _judge_weeks(table)
        match_places(table, find_reporting_place)
        _name_spots(table)
        table.settle(
            ("morbidity_week", "morbidity_year", "disease", "spot"),
            MEASURES,
        )
        _take_parts_out(table)
        return table.parsed({"case_count": _facts(table)})


def find_reporting_place(texts: tuple[str, ...]) -> tuple[str, str | None]:
    """Return the area of a row: also of the country, of a code alone, of a city as a province."""
    region, province, city, code = texts
    if region.strip().casefold() in WHOLE_COUNTRY and not (province or city):
        return COUNTRY, None
    if code and not (region or province or city):
        return find_code((code,))
    found = find_place(texts)
    if province and not city and found[1] == NOT_FOUND:
        as_city = find_place((region, "", province, code))
        return as_city if as_city[1] is None else found
    return found


def _judge_weeks(table: Table) -> None:
    """Make `weeks` (year, week, Sunday); leave out weeks to come and weeks a year does not have."""
    newest = morbidity_week(table.release_date)
    table.reject(
        "date_future",
        "morbidity_week",
        f"(morbidity_year, morbidity_week) > ({newest.year}, {newest.week})",
    )
    weeks = [
        MorbidityWeek(year, week)
        for year in range(FIRST_YEAR, newest.year + 1)
        for week in range(1, weeks_in(year) + 1)
    ]
    listed = pa.table(
        {
            "morbidity_year": pa.array([week.year for week in weeks], pa.int64()),
            "morbidity_week": pa.array([week.week for week in weeks], pa.int64()),
            "sunday": pa.array([week.sunday.isoformat() for week in weeks], pa.string()),
        }
    )
    table.engine.register("weeks", listed)
    table.reject(
        "number_out_of_range",
        "morbidity_week",
        "(morbidity_year, morbidity_week) NOT IN (SELECT (morbidity_year, morbidity_week) "
        "FROM weeks)",
    )


def _name_spots(table: Table) -> None:
    """Make `spots` (place, spot, is_total, depth, above) and give every row its `spot`.

    That is the area, or, where something finer was named and not found, the words of the place,
    so that two unknown towns of one province are not taken for one.
    """
    engine, areas = table.engine, load_areas()
    places = engine.execute("SELECT place, area FROM gazetteer").fetchall()
    named = [(place, area, _is_whole(place, area)) for place, area in places]
    above = [_above(area, table.release_date, whole=whole) for _, area, whole in named]
    is_total = [whole and not areas.get(area).is_leaf for _, area, whole in named]
    spots = pa.table(
        {
            "place": pa.array([place for place, _, _ in named], pa.string()),
            "spot": pa.array([area if whole else place for place, area, whole in named]),
            "is_total": pa.array(is_total, pa.bool_()),
            "depth": pa.array(list(map(len, above)), pa.int64()),
            "above": pa.array(above, pa.list_(pa.string())),
        }
    )
    engine.register("spots", spots)
    engine.execute("ALTER TABLE stage ADD COLUMN spot VARCHAR")
    engine.execute("UPDATE stage SET spot = spots.spot FROM spots WHERE spots.place = stage.place")


def _take_parts_out(table: Table) -> None:
    """Make `told`: the accepted rows, of a total only what its parts do not say.

    A province of 20 cases beside towns with 7 leaves 13 in towns nobody named, so that sums up
    the tree are what the province's own row says. A total below the sum of its parts is not
    believed; one that is just their sum counts as a copy of them.
    """
    engine = table.engine
    engine.execute(
        f"CREATE TABLE told AS SELECT row, {_WEEK}, area, {', '.join(MEASURES)}, is_total, depth, "
        "above FROM accepted JOIN spots USING (place)"
    )
    for depth in range(DEEPEST_TOTAL, -1, -1):  # provinces first, the country last
        sums = ", ".join(f"sum({measure}) AS {measure}" for measure in MEASURES)
        engine.execute(
            f"CREATE OR REPLACE TABLE parts AS SELECT {_WEEK}, part_of AS area, {sums} FROM "
            "(SELECT *, unnest(above) AS part_of FROM told) GROUP BY ALL"
        )
        totals = (
            f"FROM told JOIN parts USING ({_WEEK}, area) WHERE told.is_total AND depth = {depth}"
        )
        for name in MEASURES:
            less = f"SELECT row {totals} AND told.{name} < parts.{name}"
            table.flag("part_exceeds_whole", name, f"rowid IN ({less})")
        known = " AND ".join(f"(told.{n} IS NULL OR told.{n} = parts.{n})" for n in MEASURES)
        given = " OR ".join(f"told.{name} IS NOT NULL" for name in MEASURES)
        engine.execute(f"INSERT INTO copies SELECT row {totals} AND {known} AND ({given})")
        engine.execute("DELETE FROM told WHERE row IN (SELECT row FROM copies)")
        rest = ", ".join(
            f"{n} = CASE WHEN told.{n} >= coalesce(parts.{n}, 0) THEN "
            f"told.{n} - coalesce(parts.{n}, 0) END"
            for n in MEASURES
        )
        same = " AND ".join(f"told.{key} = parts.{key}" for key in (*_WEEK.split(", "), "area"))
        engine.execute(
            f"UPDATE told SET {rest} FROM parts WHERE {same} AND is_total AND depth = {depth}"
        )


def _is_whole(place: str, area: str) -> bool:
    """Tell whether a row speaks of all of its area, and not of something unknown inside it."""
    areas = load_areas()
    if area not in areas or areas.get(area).is_leaf:
        return area in areas
    _, province, city, _ = place.split(SEPARATOR)
    below_region = province and areas.get(area).level == "region" and area != NCR
    return not (city or below_region)


def _above(area: str, day: date, *, whole: bool) -> list[str]:
    """Return the areas whose totals hold a row's cases too."""
    areas = load_areas()
    if area not in areas:
        return [COUNTRY]
    above = [code for code in areas.ancestors(area, day) if code != area]
    if areas.get(area).level in APART:
        above = [code for code in above if areas.get(code).level != "province"]
    return above if whole else [area, *above]


def _facts(table: Table) -> pa.Table:
    """Count all cases, those confirmed, and deaths, by week and area."""
    counted = {
        "cases": ("all", "report"),
        "confirmed": ("confirmed", "report"),
        "deaths": ("all", "death"),
    }
    selections = " UNION ALL ".join(
        f"SELECT disease, '{classification}' AS classification, '{basis}' AS basis, "
        f"'week' AS grain, area, sunday AS ref_date, CAST(sum({column}) AS BIGINT) AS cases "
        f"FROM told JOIN weeks USING (morbidity_year, morbidity_week) "
        f"WHERE {column} IS NOT NULL GROUP BY ALL"
        for column, (classification, basis) in counted.items()
    )
    return fact_rows(table.engine, "case_count", selections)


SOURCE = Source(
    source_id="pidsr_weekly",
    title="Notifiable diseases by week",
    publisher="DOH Epidemiology Bureau",
    licence="unverified; provided by the Department of Health for use in this system",
    rhythm="weekly",
    every_days=7,
    grace_days=7,
    used_for="weekly cases and signals of notifiable diseases",
    name_ends_with=(r"pidsr_weekly_\d{8}\.(csv|xlsx)$",),
    parse=parse,
    rows_are_persons=False,
    feeds_figures=True,
    limits=Limits(stale_days=35),  # weeks come in two to four weeks after they end
    parser_version=2,  # totals count where their parts do not
)
