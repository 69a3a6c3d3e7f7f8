"""One series, or the newest values of one indicator, for files and for the API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection

from kms.access.disclosure import DisclosureRule
from kms.access.figures import (
    COUNTS,
    MADE_FROM,
    disclosed_counts,
    disclosed_figures,
    only_shown,
    rounded,
)
from kms.domain.areas import COUNTRY
from kms.domain.indicators import ALL_SECTORS, NOT_MET
from kms.domain.series import Series, reading_at
from kms.errors import ConfigError, NoDataError
from kms.reads.frame import read_frame, resolve_issue
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.reference import load_areas, load_inspection_items, load_sectors
from kms.store.engine import Store
from kms.store.publications import Issue, latest_values, read_many, read_series

BY_SECTOR = ("compliance_initial", "compliance_after")
INDICATORS = (*sorted(MADE_FROM), *sorted(COUNTS), *BY_SECTOR)
COLUMNS = ("ref_date", "value", "low", "high", "state", "completeness")


class Point(NamedTuple):
    """One day of a series; None where there is no number."""

    ref_date: date
    value: float | None
    low: float | None
    high: float | None
    state: str
    completeness: float | None


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """Which series is wanted; no sector means all of them where there are sectors."""

    indicator: str
    area: str = COUNTRY
    sector: str = ""
    first: date | None = None
    last: date | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class PublishedSeries:
    """A series with the publication it comes from."""

    frame: Frame
    indicator: str
    area: str
    sector: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class NewestValues:
    """The newest value of an indicator in every area and sector: (area, sector, point)."""

    frame: Frame
    indicator: str
    rows: tuple[tuple[str, str, Point], ...]


def read_series_view(
    store: Store, query: SeriesQuery, *, rule: DisclosureRule | None
) -> PublishedSeries:
    """Return a series; with a rule as the public may see it, without one as it is.

    Raises `ConfigError` for an unknown name and `NoDataError` where nothing is published.
    """
    sector = _checked(query)
    request = Request(as_of=query.as_of)
    with store.read() as connection:
        issue = resolve_issue(connection, request)
        frame = read_frame(connection, request, issue)
        series = read_series(connection, issue.id, query.indicator, query.area, sector=sector)
        if series is None:
            raise NoDataError(
                f"publication {issue.id} has no {query.indicator} of area {query.area}"
                + (f", sector {sector}" if sector else "")
                + "; choose a region or province, or another sector"
            )
        series = only_shown(series)
        if rule is not None:
            cases = _cases(connection, issue, query.indicator, [query.area])
            series = _disclosed(series, cases.get(query.area), query.indicator, rule)
    points = tuple(_points(series, query))
    return PublishedSeries(frame, query.indicator, query.area, sector, points)


def read_newest(
    store: Store, indicator: str, as_of: date | None, *, rule: DisclosureRule
) -> NewestValues:
    """Return the newest value of an indicator everywhere, as the public may see it."""
    _checked(SeriesQuery(indicator))
    request = Request(as_of=as_of)
    with store.read() as connection:
        issue = resolve_issue(connection, request)
        frame = read_frame(connection, request, issue)
        found = latest_values(connection, issue.id, indicator=indicator)
        dated = sorted(
            (row["area"], row["sector"], row["ref_date"]) for row in found if row["ref_date"]
        )
        areas = [area for area, sector, _day in dated if not sector]
        whole = read_many(connection, issue.id, indicator, areas)
        cases = _cases(connection, issue, indicator, areas)
        rows = []
        for area, sector, day in dated:
            series = whole.get(area)
            if sector:
                series = read_series(connection, issue.id, indicator, area, sector=sector)
            if series is not None:
                told = _disclosed(only_shown(series), cases.get(area), indicator, rule)
                place = told.position(day)
                newest = len(told) - 1 if place is None else place
                rows.append((area, sector, _point(told, newest, indicator)))
    return NewestValues(frame, indicator, tuple(rows))


def _checked(query: SeriesQuery) -> str:
    """Check every name of a query; return the sector under which the series is kept."""
    item = query.indicator.removeprefix(NOT_MET)
    is_item = query.indicator.startswith(NOT_MET) and item in load_inspection_items()
    if query.indicator not in INDICATORS and not is_item:
        raise ConfigError(
            f"indicator is '{query.indicator[:40]}'; choose one of {', '.join(INDICATORS)} or "
            f"{NOT_MET}CODE with the code of a checklist item"
        )
    if query.area not in load_areas():
        raise ConfigError(
            f"area is '{query.area[:20]}'; give a 10-digit PSGC code, {COUNTRY} for the country"
        )
    if query.first and query.last and query.first > query.last:
        raise ConfigError(f"from is {query.first}, after to, {query.last}; exchange them")
    if not is_item and query.indicator not in BY_SECTOR:
        if query.sector:
            raise ConfigError(
                f"sector is '{query.sector[:20]}', but {query.indicator} is not made by sector; "
                "leave it out"
            )
        return ""
    sections = {section.code for section in load_sectors().sections}
    if query.sector and query.sector not in {*sections, ALL_SECTORS}:
        raise ConfigError(f"sector is '{query.sector[:20]}'; give a PSIC section, A to U, or ALL")
    return query.sector or ALL_SECTORS


def _cases(
    connection: Connection, issue: Issue, indicator: str, areas: Sequence[str]
) -> dict[str, Series]:
    """Return the counts behind an indicator's figures; none where it is not made from cases."""
    if indicator not in MADE_FROM:
        return {}
    basis = MADE_FROM[indicator].basis or str(issue.facts["basis"])
    return read_many(connection, issue.id, f"cases_{basis}", areas)


def _disclosed(
    series: Series, cases: Series | None, indicator: str, rule: DisclosureRule
) -> Series:
    if indicator in COUNTS:
        return disclosed_counts(series, rule)
    if indicator not in MADE_FROM:
        return rounded(series, indicator)
    if cases is None:
        raise NoDataError(f"the counts behind {indicator} are not kept any more, nor is it shown")
    return rounded(disclosed_figures(series, cases, indicator, rule), indicator)


def _points(series: Series, query: SeriesQuery) -> Iterator[Point]:
    first, last = query.first or date.min, query.last or date.max
    for place, day in enumerate(series.dates()):
        if first <= day <= last:
            yield _point(series, place, query.indicator)


def _point(series: Series, place: int, indicator: str) -> Point:
    told: dict[str, Any] = reading_at(series, place)
    if indicator not in MADE_FROM and indicator not in COUNTS:
        told["completeness"] = None  # the column holds establishments there
    return Point(*(told[name] for name in COLUMNS))
