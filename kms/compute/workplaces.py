"""Compliance with safety items at inspections, by section and area, first visit and after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from kms.config import MANILA
from kms.domain.areas import COUNTRY, Areas
from kms.domain.indicators import (
    ALL_SECTORS,
    INSPECTION_PERIOD_DAYS,
    LEAST_ESTABLISHMENTS,
    NOT_MET,
)
from kms.domain.series import make_series
from kms.store.facts import fact_table, known_at, read_columns
from kms.store.publications import Entry
from metrics.proportions import wilson
from metrics.states import State


def workplaces(
    connection: Connection, areas: Areas, *, source_id: str, as_of: datetime
) -> tuple[Entry, ...]:
    """Estimate compliance of the twelve months up to the last inspection known."""
    visits = _read(connection, "inspection", source_id, as_of)
    if visits.empty:
        return ()
    visits = visits[visits["opened_on"].notna()]
    last = date.fromisoformat(visits["opened_on"].max())
    first = (last - timedelta(days=INSPECTION_PERIOD_DAYS - 1)).isoformat()
    visits = visits[(visits["opened_on"] >= first) & (visits["visit"] == "first")]
    items = _read(connection, "inspection_item", source_id, as_of)
    items = items[items["applicable"].eq(True)].merge(visits, on="inspection_id")  # noqa: FBT003  # pandas
    return tuple(_entries(items, areas, last, as_of.astimezone(MANILA).date()))


def _read(connection: Connection, name: str, source_id: str, as_of: datetime) -> pd.DataFrame:
    wanted = {
        "inspection": ("inspection_id", "establishment_id", "area", "sector", "visit", "opened_on"),
        "inspection_item": (
            "inspection_id", "item_code", "applicable", "compliant_initial", "compliant_after",
        ),
    }  # fmt: skip
    statement = known_at(fact_table(name), source_id, as_of, columns=wanted[name])
    return pd.DataFrame(read_columns(connection, statement), columns=list(wanted[name]))


def _entries(items: pd.DataFrame, areas: Areas, last: date, on: date) -> Iterator[Entry]:
    region = {
        code: areas.region_of(code, on) if code in areas else "" for code in set(items["area"])
    }
    items = items.assign(region=items["area"].map(region))
    both = [(COUNTRY, items), *items[items["region"] != ""].groupby("region")]
    for column, indicator in (
        ("compliant_initial", "compliance_initial"),
        ("compliant_after", "compliance_after"),
    ):
        effect = design_effect(items, column)
        for area, rows in both:
            yield _share(rows, column, indicator, (str(area), ALL_SECTORS, last), effect)
            for sector, few in rows.groupby("sector"):
                yield _share(few, column, indicator, (str(area), str(sector), last), effect)
    yield from _items_not_met(items, last)


def _items_not_met(items: pd.DataFrame, last: date) -> Iterator[Entry]:
    """Tell how often each item was not met at the first visit, in the country by section."""
    failed = items.assign(not_met=~items["compliant_initial"].eq(True))  # noqa: FBT003  # pandas
    failed = failed[failed["compliant_initial"].notna()]
    groups: list[tuple[str, pd.DataFrame]] = [(ALL_SECTORS, failed)]
    groups += [(str(sector), few) for sector, few in failed.groupby("sector")]
    for sector, rows in groups:
        for item, few in rows.groupby("item_code"):
            yield _share(few, "not_met", f"{NOT_MET}{item}", (COUNTRY, sector, last), 1.0)


def design_effect(items: pd.DataFrame, column: str) -> float:
    """Return how much more a share varies because items of one inspection resemble each other.

    The linearised variance of a ratio of inspection totals over the binomial one, at least 1
    (Kish 1965, Survey Sampling, chapter 6).
    """
    given = items[items[column].notna()]
    by_visit = given.assign(met=given[column].astype(float)).groupby("inspection_id")["met"]
    totals = by_visit.agg(["sum", "count"])
    visits, asked = len(totals), float(totals["count"].sum())
    if visits < 2:
        return 1.0
    share = float(totals["sum"].sum()) / asked
    spread = float(((totals["sum"] - share * totals["count"]) ** 2).sum())
    binomial = share * (1 - share) / asked
    ratio = visits / (visits - 1) * spread / asked**2
    return max(1.0, ratio / binomial) if binomial > 0 else 1.0


def _share(
    rows: pd.DataFrame,
    column: str,
    indicator: str,
    place: tuple[str, str, date],
    effect: float,
) -> Entry:
    area, sector, last = place
    given = rows[rows[column].notna()]
    met, asked = float(given[column].astype(float).sum()), float(len(given))
    establishments = int(given["establishment_id"].nunique())
    inspections = int(given["inspection_id"].nunique())
    enough = establishments >= LEAST_ESTABLISHMENTS
    found = wilson(met, asked, design_effect=effect) if asked else None

    def shown(value: object) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([value if enough and found is not None else np.nan], dtype=np.float64)

    series = make_series(
        last,
        shown(found.value if found else np.nan),
        low=shown(found.low if found else np.nan),
        high=shown(found.high if found else np.nan),
        state=float(State.FINAL if enough else State.TOO_FEW),
        completeness=float(establishments),
    )
    return Entry(indicator, area, sector, series, inspections)
