"""Bed totals by another route: pandas, where each day takes the newest report before it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

import pandas as pd

from ingest.reading.places import find_place

CARRIED_DAYS = 14
Totals = dict[tuple[str, str], tuple[int, int]]


def plain(text: str) -> str:
    """Return letters and digits only, in upper case."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Z0-9]+", " ", letters.upper()).strip()


def areas_of(frame: pd.DataFrame) -> pd.Series:
    """Return the area of each row."""
    columns = ["region", "province", "city_mun"]
    known = {
        place: find_place(tuple(map(str, place)))[0]
        for place in frame[columns].drop_duplicates().itertuples(index=False, name=None)
    }
    return pd.Series([known[p] for p in frame[columns].itertuples(index=False, name=None)])


def standing(frame: pd.DataFrame, numbers: Sequence[str]) -> pd.DataFrame:
    """Return each facility's numbers on every day, its last report at most 14 days old."""
    said = frame[["day", "facility", *numbers]].dropna(how="all", subset=list(numbers))
    days = pd.date_range(frame["day"].min(), frame["day"].max())
    grid = pd.MultiIndex.from_product(
        [days, frame["facility"].unique()], names=["day", "facility"]
    ).to_frame(index=False)
    return pd.merge_asof(
        grid.astype({"day": said["day"].dtype}),
        said.sort_values("day"),
        on="day",
        by="facility",
        tolerance=pd.Timedelta(days=CARRIED_DAYS),
    )


def totals(
    frame: pd.DataFrame, area: Mapping[str, str], occupied: Sequence[str], vacant: Sequence[str]
) -> Totals:
    """Return occupied and all beds by (area, day), where any facility gave both."""
    given = standing(frame, [*occupied, *vacant]).dropna()
    given["area"] = given["facility"].map(area)
    given["day"] = given["day"].dt.strftime("%Y-%m-%d")
    given["occupied"] = given[list(occupied)].sum(axis=1)
    given["total"] = given["occupied"] + given[list(vacant)].sum(axis=1)
    sums = given.groupby(["area", "day"])[["occupied", "total"]].sum().astype(int)
    return {
        (str(a), str(d)): (int(o), int(t))
        for (a, d), o, t in zip(sums.index, sums["occupied"], sums["total"], strict=True)
    }


def registered(frame: pd.DataFrame, area: Mapping[str, str]) -> dict[tuple[str, str], int]:
    """Return the facilities that had appeared by each day, by (area, day)."""
    first = frame.groupby("facility")["day"].min()
    counts: dict[tuple[str, str], int] = {}
    for day in pd.date_range(frame["day"].min(), frame["day"].max()):
        there = pd.Series(first[first <= day].index).map(area).value_counts()
        for place, number in there.items():
            counts[str(place), day.strftime("%Y-%m-%d")] = int(number)
    return counts
