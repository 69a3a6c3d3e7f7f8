"""JHU CSSE COVID-19 time series: one row for each country or province, one column for each day.

`time_series_covid19_confirmed_global.csv`, `…_deaths_global.csv` and `…_recovered_global.csv`
are the parts of one issue; which one a file is stands in its name alone. Columns: Province/State,
Country/Region, Lat, Long, then the days as M/D/YY, from 1/22/20 to 3/9/23: up to 1,143 of them.
The recovered series ended on 4 August 2021; its zeros from then on are no figures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

import pyarrow as pa

from ingest.batch import Batch
from ingest.opening.header import read_header
from ingest.reading.countries import country_of_name
from ingest.reading.facts import fact_rows
from ingest.reading.places import match_places
from ingest.reading.staging import Columns, quoted
from ingest.reading.table import Table
from ingest.source import Source
from ingest.sources.international.curves import DISEASE, MOST_PERSONS, local_area
from ingest.tripwires.limits import SLOW
from kms.domain.intake import Parsed
from kms.domain.places import NOT_FOUND, UNKNOWN
from kms.errors import ContractError

MEASURES = {"confirmed": "cases", "deaths": "deaths", "recovered": "recovered"}
RECOVERED_UNTIL = date(2021, 8, 4)
FIRST_DAY = date(2020, 1, 22)
PLACE = ("Country/Region", "Province/State")
MOST_COLUMNS = 2000
# Rows that are no country, and known to be none.
NO_COUNTRIES = frozenset(
    {"Diamond Princess", "MS Zaandam", "Summer Olympics 2020", "Winter Olympics 2022"}
)
_DAY = re.compile(r"\d{1,2}/\d{1,2}/\d{2}(\d{2})?")
_PLACELESS = f"SELECT place FROM gazetteer WHERE area = '{UNKNOWN}'"


def parse(batch: Batch) -> Parsed:
    """Read the series of one issue into running totals."""
    measures = _measures(batch)
    days = _days(batch)
    columns = Columns(place=PLACE, keep=tuple(days), optional=tuple(days), most=MOST_COLUMNS)
    with batch.engine() as engine:
        table = Table(engine, batch.source_id, batch.release_date, columns)
        table.read_parts(batch)
        match_places(table, find_area)
        table.reject("required", PLACE[0], f"place IN ({_PLACELESS})")
        table.settle(("area", "part"), ("row_hash",))
        _make_cells(table, days, measures)
        _flag_cells(table, days)
        query = (
            f"SELECT '{DISEASE}' AS disease, measure, area, CAST(day AS VARCHAR) AS ref_date, "
            "persons FROM cells WHERE persons IS NOT NULL"
        )
        return table.parsed({"case_total": fact_rows(engine, "case_total", query)})


def find_area(texts: tuple[str, ...]) -> tuple[str, str | None]:
    """Return a country's area, or a province's under its country's code."""
    country, province = (*texts, "", "")[:2]
    if not country:
        return UNKNOWN, None
    found = country_of_name(country)
    name = found.removeprefix("iso:") or country
    flag = None if found or country in NO_COUNTRIES else NOT_FOUND
    if province:
        return local_area("jhu", f"{name}/{province}"), flag
    return found or local_area("jhu", name), flag


def _measures(batch: Batch) -> list[str]:
    """Return what each part counts, by the word in its name; none may come twice."""
    found = []
    for part in batch.parts:
        words = [word for word in MEASURES if word in part.name.lower()]
        measure = MEASURES[words[0]] if len(words) == 1 else ""
        if not measure or measure in found:
            raise ContractError(
                f"{batch.source_id}: the name of {part.name} does not say which series it is, or "
                f"another part is the same one; one of {', '.join(MEASURES)} must stand in each",
                "bad_parts",
            )
        found.append(measure)
    return found


def _days(batch: Batch) -> dict[str, date]:
    """Return the columns that are days, over all parts."""
    days: dict[str, date | None] = {}
    for part in batch.parts:
        names = read_header(batch.source_id, part, MOST_COLUMNS)
        given = {name: _day(name) for name in names if _DAY.fullmatch(name)}
        if len(set(given.values())) < len(given):
            raise ContractError(
                f"{batch.source_id}: a day stands twice in the header of {part.name}; the "
                "publisher must say which is meant",
                "dup_column",
            )
        days |= given
    unlikely = [name for name, day in days.items() if day is None or day < FIRST_DAY]
    if unlikely or not days:
        raise ContractError(
            f"{batch.source_id}: column '{(unlikely or ['1/22/20'])[0]}' of {batch.parts[0].name} "
            "is missing or no day of the series, which are written month/day/year; the publisher "
            "may have changed the format. Nothing was taken in",
            "date_format" if unlikely else "missing_column",
        )
    return {name: day for name, day in days.items() if day is not None}


def _day(name: str) -> date | None:
    month, day, year = (int(part) for part in name.split("/"))
    try:
        return date(year if year > 99 else 2000 + year, month, day)
    except ValueError:
        return None


def _make_cells(table: Table, days: Mapping[str, date], measures: Sequence[str]) -> None:
    """Make `cells`: one row for each accepted row and day, with what is wrong with it."""
    engine = table.engine
    engine.register("days", pa.table({"name": list(days), "day": list(days.values())}))
    parts = pa.array(range(len(measures)), pa.uint16())
    engine.register("measures", pa.table({"part": parts, "measure": list(measures)}))
    number = "try_cast(text AS DOUBLE)"
    fault = (
        "CASE WHEN text = '' THEN NULL "
        f"WHEN day > DATE '{table.release_date}' THEN 'date_future' "
        f"WHEN NOT coalesce(isfinite({number}), false) THEN 'number_unreadable' "
        f"WHEN {number} < 0 THEN 'number_negative' "
        f"WHEN {number} > {MOST_PERSONS} THEN 'number_out_of_range' "
        f"WHEN {number} <> trunc({number}) THEN 'number_not_whole' END"
    )
    listed = ", ".join(quoted(name) for name in days)
    engine.execute(
        "CREATE TABLE cells AS SELECT row, area, measure, name, day, fault, "
        f"CASE WHEN fault IS NULL THEN try_cast({number} AS BIGINT) END AS persons FROM "
        f"(SELECT row, area, measure, days.name AS name, day, text, {fault} AS fault FROM "
        f"(UNPIVOT (SELECT row, area, part, {listed} FROM accepted) "
        f"ON {listed} INTO NAME name VALUE text) AS long "
        "JOIN days ON days.name = long.name JOIN measures USING (part)) "
        f"WHERE measure <> 'recovered' OR day <= DATE '{RECOVERED_UNTIL}'"
    )


def _flag_cells(table: Table, days: Mapping[str, date]) -> None:
    """Flag cells that are blanked, by their day, and rows whose totals fall, which are kept."""
    found = table.engine.execute(
        "SELECT DISTINCT fault, name FROM cells WHERE fault IS NOT NULL"
    ).fetchall()
    for code, name in sorted(found, key=lambda pair: (days[pair[1]], pair[0])):
        cells = f"SELECT row FROM cells WHERE fault = '{code}' AND name = '{name}'"
        table.flag(code, name, f"rowid IN ({cells})")
    table.flag(
        "total_fell",
        PLACE[0],
        "rowid IN (SELECT row FROM (SELECT row, persons < lag(persons) OVER "
        "(PARTITION BY row ORDER BY day) AS fell FROM cells WHERE persons IS NOT NULL) "
        "WHERE fell)",
    )


SOURCE = Source(
    source_id="jhu",
    title="JHU COVID-19 time series",
    publisher="Johns Hopkins University, Center for Systems Science and Engineering",
    licence="CC BY 4.0 (unverified)",
    rhythm="daily until 10 March 2023",
    limits=SLOW,
    every_days=365,
    grace_days=90,
    used_for="kept for comparison with other countries",
    name_ends_with=(
        r"time_series_covid19_(confirmed|deaths|recovered)_global([-_]\d{8})?\.csv(\.gz)?$",
    ),
    parse=parse,
    rows_are_persons=False,
)
