"""Compliance with safety items at inspections, by section and area, first visit and after."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from kms.compute.cells import Key, Line, hidden_cells
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
from kms.rounding import outwards
from kms.store.publications import Entry
from kms.store.typed_in import with_typed
from metrics.proportions import wilson
from metrics.states import State

LARGEST_SHARE = 0.8  # of a cell's workers in one establishment; above, it would be named
ROUNDED_TO = 5  # establishments and inspections, so that an edition does not tell of one more
MANY_ESTABLISHMENTS = 30  # below, a share is printed in the coarse steps
COARSE, FINE = 0.05, 0.01
ITEM_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)  # the first that holds two establishments
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
    visits = with_typed(connection, "inspection", source_id, as_of)
    items = with_typed(connection, "inspection_item", source_id, as_of)
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
    tallies, effects = tallied(engine), {c: design_effect(engine, c) for c in _RESULTS.values()}
    hidden = hidden_shares(tallies)
    for key, tally in tallies.items():
        column = _RESULTS.get(key[0])
        effect = effects[column] if column else 1.0
        if key in hidden:
            yield _hidden(key, last)
        else:
            yield _share(key, tally, effect, last)


def tallied(engine: duckdb.DuckDBPyConnection) -> dict[Key, Tally]:
    """Count every share of every cell and margin from the table `asked`."""
    found = {
        (indicator, tally.area, tally.sector): tally
        for indicator, column in _RESULTS.items()
        for tally in _tallies(engine, column)
    }
    for item, tally in _items_not_met(engine):
        found[f"{NOT_MET}{item}", tally.area, tally.sector] = tally
    return found


def hidden_shares(tallies: Mapping[Key, Tally]) -> frozenset[Key]:
    """Return the cells that speak of few, and those that would give them back."""
    establishments = {key: tally.establishments for key, tally in tallies.items()}
    few = [key for key, tally in tallies.items() if not tally.speaks_of_many]
    return hidden_cells(establishments, few, lines_of(tallies))


def lines_of(keys: Collection[Key]) -> list[Line]:
    """Return the sums in the tables of shares: over sections, regions and checklist items."""
    lines = []
    for margin in sorted(keys):
        indicator, area, sector = margin
        alike = [key for key in keys if key[0] == indicator and key != margin]
        sums = []
        if sector == ALL_SECTORS:
            sums.append([key for key in alike if key[1] == area])
        if area == COUNTRY:
            sums.append([key for key in alike if key[2] == sector])
        lines += [Line(margin, tuple(sorted(members))) for members in sums if members]
        if area == COUNTRY and indicator == "compliance_initial":
            # Items not met at first visits add up to what a section did not meet.
            items = [k for k in keys if k[0].startswith(NOT_MET) and k[2] == sector]
            if items:
                lines.append(Line(margin, tuple(sorted(items)), same_establishments=True))
    return lines


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


def _share(key: Key, tally: Tally, effect: float, last: date) -> Entry:
    establishments = about(tally.establishments)
    value, low, high = coarse(tally, effect, step_of(key[0], tally.establishments))
    series = make_series(
        last,
        np.array([value], dtype=np.float64),
        low=low,
        high=high,
        state=float(State.FINAL),
        completeness=float(establishments),
    )
    return Entry(*key, series, about(tally.inspections))


def _hidden(key: Key, last: date) -> Entry:
    nothing = make_series(last, np.array([np.nan]), state=float(State.SUPPRESSED))
    return Entry(*key, nothing)


def about(count: int) -> int:
    """Round a count as it is published, never to less than a cell needs to be shown."""
    return max(LEAST_ESTABLISHMENTS, round(count / ROUNDED_TO) * ROUNDED_TO)


def step_of(indicator: str, establishments: int) -> float:
    """Return the step in which a share is printed.

    An establishment is one answer of many in a share of all items, but all of its answer to a
    single item: there a step holds two establishments, else one more would show its answer.
    It follows the rounded count, since the step is seen, too.
    """
    known = about(establishments)
    if indicator.startswith(NOT_MET):
        return next((step for step in ITEM_STEPS if step * known >= 2), ITEM_STEPS[-1])
    return FINE if known >= MANY_ESTABLISHMENTS else COARSE


def coarse(tally: Tally, effect: float, step: float) -> tuple[float, float, float]:
    """Return a share and its range in steps.

    The range is that of every share which is printed alike: its ends would narrow it down.
    """
    places = round(1 / step)
    value = round(tally.met / tally.asked * places) / places
    ends = np.clip([value - step / 2, value + step / 2], 0.0, 1.0)
    found = wilson(
        ends * tally.asked, float(tally.asked), design_effect=effect, level=SAFETY_RANGE_LEVEL
    )
    low, high = np.clip(outwards(found.low[0], found.high[1], places), 0.0, 1.0)
    return value, float(low), float(high)


def _one(engine: duckdb.DuckDBPyConnection, query: str) -> str:
    return str(engine.execute(query).fetchall()[0][0])
