"""One series, or the newest values of one indicator, for files and for the API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection

from kms.access.bands import Banded
from kms.access.disclosure import EXACT, Disclosure, DisclosureRule
from kms.access.figures import COUNTS, MADE_FROM, disclosed_share, only_shown, rounded
from kms.access.policy import sees_exact
from kms.access.shown import CHANCE
from kms.domain.areas import COUNTRY
from kms.domain.indicators import ALL_SECTORS, BEDS, CLUSTERS, NOT_MET, POSITIVE, POSITIVITY
from kms.domain.principal import PUBLIC, Principal
from kms.domain.series import Series, reading_at
from kms.errors import AccessError, ConfigError, NoDataError
from kms.reads.frame import read_frame, resolve_issue
from kms.reads.request import Request
from kms.reads.shares.clusters import ShownClusters
from kms.reads.shares.shown import SHARES, ShownShares
from kms.reads.shown import ShownFigures
from kms.reads.views import Frame
from kms.reference import load_areas, load_inspection_items, load_sectors
from kms.store.engine import Store
from kms.store.publications import Issue, latest_values, read_series
from metrics.states import State

BY_SECTOR = ("compliance_initial", "compliance_after")
INDICATORS = (
    *sorted(MADE_FROM), *sorted(COUNTS), *BY_SECTOR, *BEDS, POSITIVITY, *SHARES, CLUSTERS
)  # fmt: skip
Key = tuple[str, str, str]  # indicator, area, sector
COLUMNS = ("ref_date", "value", "low", "high", "state", "completeness")


class Point(NamedTuple):
    """One day of a series; None where there is no number, a band where only that is told."""

    ref_date: date
    value: float | None
    low: float | None
    high: float | None
    state: str
    completeness: float | None
    band: str | None = None


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
    exact: bool = False


@dataclass(frozen=True, slots=True)
class NewestValues:
    """The newest value of an indicator in every area and sector: (area, sector, point)."""

    frame: Frame
    indicator: str
    rows: tuple[tuple[str, str, Point], ...]
    exact: bool = False


def read_series_view(
    store: Store,
    query: SeriesQuery,
    *,
    rule: DisclosureRule | None,
    who: Principal = PUBLIC,
    exact: bool = False,
) -> PublishedSeries:
    """Return a series; with a rule as the public may see it, without one as it is.

    With `exact` it is as it is, too, for somebody who may see the area so; else `AccessError`.
    Raises `ConfigError` for an unknown name and `NoDataError` where nothing is published.
    """
    sector = _checked(query)
    if exact and not sees_exact(who, query.area, query.sector):
        raise AccessError(
            f"the exact figures of area {query.area} are not yours to see; ask without `exact`"
        )
    request = Request(as_of=query.as_of)
    with store.read() as connection:
        issue = resolve_issue(connection, request)
        frame = read_frame(connection, request, issue)
        key = (query.indicator, query.area, sector)
        as_it_is = exact or rule is None
        series = _series(connection, issue, key, EXACT if exact or rule is None else rule)
    points = tuple(_points(series, query))
    return PublishedSeries(frame, query.indicator, query.area, sector, points, exact=as_it_is)


def read_newest(
    store: Store,
    indicator: str,
    as_of: date | None,
    *,
    rule: DisclosureRule,
    who: Principal = PUBLIC,
    exact: bool = False,
) -> NewestValues:
    """Return the newest value of an indicator everywhere, as the public may see it.

    With `exact` only of the areas that somebody may see as they are, so; `AccessError` when
    there is none.
    """
    _checked(SeriesQuery(indicator))
    request = Request(as_of=as_of)
    with store.read() as connection:
        issue = resolve_issue(connection, request)
        frame = read_frame(connection, request, issue)
        found = latest_values(connection, issue.id, ["", issue.disease], indicator=indicator)
        dated = sorted((row["area"], row["sector"]) for row in found if row["ref_date"])
        if exact:
            dated = [(area, sector) for area, sector in dated if sees_exact(who, area, sector)]
            if not dated:
                raise AccessError("no exact figures are yours to see; ask without `exact`")
        rows = list(_newest(connection, issue, indicator, dated, rule=EXACT if exact else rule))
    return NewestValues(frame, indicator, tuple(rows), exact=exact)


def _series(connection: Connection, issue: Issue, key: Key, rule: DisclosureRule) -> Series:
    """Return one series as a rule lets it be shown; raise `NoDataError` where there is none."""
    indicator, area, sector = key
    exact = only_shown(_read(connection, issue, key))
    disclosure = Disclosure(rule)
    if rule.is_exact:
        return exact
    if _from_cases(indicator):
        shown = ShownFigures(connection, issue, disclosure)
        return shown.figures(indicator, [area])[area].at_home()
    told: Series | None
    if indicator in SHARES:
        told = ShownShares(connection, issue, disclosure).series(indicator, area)
    elif indicator == CLUSTERS:
        told = ShownClusters(connection, issue, disclosure).series(area, sector)
    else:
        told = rounded(_told(connection, issue, key, rule=rule), indicator)
    if told is None:
        raise NoDataError(f"{indicator} of area {area} is not shown; choose a region or province")
    return told


def _newest(
    connection: Connection,
    issue: Issue,
    indicator: str,
    dated: Sequence[tuple[str, str]],
    *,
    rule: DisclosureRule,
) -> Iterator[tuple[str, str, Point]]:
    """Give the newest point of each area and sector, as a rule lets it be shown."""
    disclosure = Disclosure(rule)
    if _from_cases(indicator):
        shown = ShownFigures(connection, issue, disclosure)
        for area, told in shown.figures(indicator, [area for area, _ in dated]).items():
            yield area, "", _point(told.series, told.newest(), indicator)
        return
    shares = ShownShares(connection, issue, disclosure)
    if indicator in SHARES:
        shares.read_all(indicator)
    clusters = ShownClusters(connection, issue, disclosure)
    for area, sector in dated:
        series: Series | None
        if indicator in SHARES:
            series = shares.series(indicator, area)
        elif indicator == CLUSTERS:
            series = clusters.series(area, sector)
        else:
            series = _told(connection, issue, (indicator, area, sector), rule=rule)
            series = series if rule.is_exact else rounded(series, indicator)
        if series is not None:
            place = shares.newest(series, area) if indicator in SHARES else len(series) - 1
            yield area, sector, _point(series, place, indicator)


def _read(connection: Connection, issue: Issue, key: Key) -> Series:
    """Read a series by indicator, area and sector; safety at work has no disease."""
    indicator, area, sector = key
    disease = "" if sector and indicator != CLUSTERS else issue.disease
    found = read_series(connection, issue.id, indicator, area, sector=sector, disease=disease)
    if found is None:
        raise NoDataError(
            f"publication {issue.id} has no {indicator} of area {area}"
            + (f", sector {sector}" if sector else "")
            + "; choose a region or province, or another sector"
        )
    return found


def _told(connection: Connection, issue: Issue, key: Key, *, rule: DisclosureRule | None) -> Series:
    """Return what may be told of a figure that is not made from cases."""
    shown, (indicator, area, _) = only_shown(_read(connection, issue, key)), key
    if indicator != POSITIVITY or rule is None or rule.is_exact:
        return shown
    return disclosed_share(shown, _read(connection, issue, (POSITIVE, area, "")), rule)


def _from_cases(indicator: str) -> bool:
    return indicator in COUNTS or indicator in MADE_FROM


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
    if not is_item and query.indicator not in (*BY_SECTOR, CLUSTERS):
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


def _points(series: Series, query: SeriesQuery) -> Iterator[Point]:
    first, last = query.first or date.min, query.last or date.max
    for place, day in enumerate(series.dates()):
        if first <= day <= last:
            yield _point(series, place, query.indicator)


def _point(series: Series, place: int, indicator: str) -> Point:
    told: dict[str, Any] = reading_at(series, place)
    if indicator in BY_SECTOR or indicator.startswith(NOT_MET):
        told["completeness"] = None  # the column holds establishments there
    if indicator == CHANCE and series.state[place] == State.SUPPRESSED and told["value"]:
        told |= {"value": None, "band": Banded(told["value"]).label}
    return Point(**told)
