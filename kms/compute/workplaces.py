"""Compliance with safety items at inspections, by section and area, first visit and after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from kms.config import MANILA
from kms.domain.areas import COUNTRY, Areas
from kms.domain.indicators import (
    ALL_SECTORS,
    INSPECTION_PERIOD_DAYS,
    LEAST_ESTABLISHMENTS,
    NOT_MET,
    SAFETY_RANGE_LEVEL,
)
from kms.domain.series import make_series
from kms.store.facts import fact_table
from kms.store.publications import Entry
from kms.store.states import state_at
from metrics.proportions import wilson
from metrics.states import State

LARGEST_SHARE = 0.8  # of a cell's workers in one establishment; above, it would be named
_RESULTS = {"compliance_initial": "compliant_initial", "compliance_after": "compliant_after"}


# Establishments first, since a cell must not be that of one; of several visits the largest staff.
_FIRM = (
    "establishment_id, count(*) FILTER ({column}) AS met, count(*) AS asked, "
    "count(DISTINCT inspection_id) AS inspections, max(workers) AS workers "
    "FROM asked WHERE {column} IS NOT NULL"
)
_CELL = (
    "sum(met)::BIGINT, sum(asked)::BIGINT, count(DISTINCT establishment_id), "
    "sum(inspections)::BIGINT, coalesce(max(workers) / nullif(sum(workers), 0), 0)::DOUBLE "
    "FROM firms"
)


class Tally(NamedTuple):
    """Items met and asked in one cell, and the inspections behind them."""

    area: str
    sector: str
    met: int
    asked: int
    establishments: int
    inspections: int
    largest: float  # share of the workers who are in one establishment; 0 where none are known

    @property
    def speaks_of_many(self) -> bool:
        """Tell whether the cell is about no single establishment, nor about a handful."""
        return self.establishments >= LEAST_ESTABLISHMENTS and self.largest <= LARGEST_SHARE


def workplaces(
    connection: Connection, areas: Areas, *, source_id: str, as_of: datetime
) -> tuple[Entry, ...]:
    """Estimate compliance of the twelve months up to the last inspection known."""
    visits = state_at(connection, fact_table("inspection"), source_id, as_of)
    items = state_at(connection, fact_table("inspection_item"), source_id, as_of)
    if visits.num_rows == 0:
        return ()
    on = as_of.astimezone(MANILA).date()
    places = visits.column("area").unique().to_pylist()
    region = [areas.region_of(code, on) if code in areas else "" for code in places]
    with duckdb.connect() as engine:
        engine.register("visits", visits)
        engine.register("items", items)
        engine.register("regions", pa.table({"area": places, "region": region}))
        last = date.fromisoformat(_one(engine, "SELECT max(opened_on) FROM visits"))
        first = last - timedelta(days=INSPECTION_PERIOD_DAYS - 1)
        engine.execute(
            # An item still open after the visit counts as not met, else every failure that was
            # never mended would leave the count and only the mended ones stay.
            "CREATE TABLE asked AS SELECT i.* EXCLUDE (compliant_after), "
            "coalesce(i.compliant_after, i.compliant_initial) AS compliant_after, "
            "v.establishment_id, v.sector, r.region, "
            "coalesce(v.workers_male, 0) + coalesce(v.workers_female, 0) AS workers "
            "FROM items i JOIN visits v USING (inspection_id) JOIN regions r USING (area) "
            f"WHERE i.applicable AND v.visit = 'first' AND v.opened_on >= '{first}'"
        )
        return tuple(_entries(engine, last))


def design_effect(engine: duckdb.DuckDBPyConnection, column: str) -> float:
    """Return how much more a share varies because items of one inspection resemble each other.

    The linearised variance of a ratio of inspection totals over the binomial one, at least 1
    (Kish 1965, Survey Sampling, chapter 6). One figure for the country serves every cell,
    since few inspections cannot tell it.
    """
    met, asked = (
        np.array(
            engine.execute(
                f"SELECT count(*) FILTER ({column}), count(*) FROM asked "
                f"WHERE {column} IS NOT NULL "
                "GROUP BY inspection_id ORDER BY inspection_id"
            ).fetchall(),
            dtype=np.float64,
        )
        .reshape(-1, 2)
        .T
    )
    if len(met) < 2:
        return 1.0
    share = met.sum() / asked.sum()
    binomial = share * (1 - share) / asked.sum()
    spread = ((met - share * asked) ** 2).sum()
    ratio = len(met) / (len(met) - 1) * spread / asked.sum() ** 2
    return float(max(1.0, ratio / binomial)) if binomial > 0 else 1.0


def _entries(engine: duckdb.DuckDBPyConnection, last: date) -> Iterator[Entry]:
    for indicator, column in _RESULTS.items():
        effect = design_effect(engine, column)
        for tally in _tallies(engine, column):
            yield _share(indicator, tally, effect, last)
    for item, tally in _items_not_met(engine):
        yield _share(f"{NOT_MET}{item}", tally, 1.0, last)


def _tallies(engine: duckdb.DuckDBPyConnection, column: str) -> list[Tally]:
    """Count one result by area (country, region) and section (each, all)."""
    rows = engine.execute(
        f"WITH firms AS (SELECT region, sector, {_FIRM.format(column=column)} "
        "GROUP BY region, sector, establishment_id) "
        f"SELECT coalesce(region, '{COUNTRY}'), coalesce(sector, '{ALL_SECTORS}'), {_CELL} "
        "GROUP BY GROUPING SETS ((), (region), (sector), (region, sector)) "
        "HAVING (GROUPING(region) = 1 OR region <> '') "
        "AND (GROUPING(sector) = 1 OR sector IS NOT NULL) ORDER BY 1, 2"
    ).fetchall()
    return [Tally(*row) for row in rows]


def _items_not_met(engine: duckdb.DuckDBPyConnection) -> list[tuple[str, Tally]]:
    """Count how often each item was not met at the first visit, in the country by section."""
    not_met = _FIRM.format(column="compliant_initial").replace("FILTER (", "FILTER (NOT ")
    rows = engine.execute(
        f"WITH firms AS (SELECT item_code, sector, {not_met} "
        "GROUP BY item_code, sector, establishment_id) "
        f"SELECT item_code, '{COUNTRY}', coalesce(sector, '{ALL_SECTORS}'), {_CELL} "
        "GROUP BY GROUPING SETS ((item_code), (item_code, sector)) "
        "HAVING GROUPING(sector) = 1 OR sector IS NOT NULL ORDER BY 1, 3"
    ).fetchall()
    return [(row[0], Tally(*row[1:])) for row in rows]


def _share(indicator: str, tally: Tally, effect: float, last: date) -> Entry:
    enough = tally.speaks_of_many
    found = wilson(
        float(tally.met), float(tally.asked), design_effect=effect, level=SAFETY_RANGE_LEVEL
    )

    def shown(value: object) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([value if enough else np.nan], dtype=np.float64)

    series = make_series(
        last,
        shown(found.value),
        low=shown(found.low),
        high=shown(found.high),
        state=float(State.FINAL if enough else State.SUPPRESSED),
        completeness=float(tally.establishments),
    )
    return Entry(indicator, tally.area, tally.sector, series, tally.inspections)


def _one(engine: duckdb.DuckDBPyConnection, query: str) -> str:
    return str(engine.execute(query).fetchall()[0][0])
