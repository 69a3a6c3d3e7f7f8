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
from kms.domain.indicators import (
    ALL_SECTORS,
    BEDS,
    CLUSTERS,
    NOT_MET,
    POSITIVE,
    POSITIVITY,
    WEEKLY,
)
from kms.domain.principal import PUBLIC, Principal
from kms.domain.series import Series, reading_at
from kms.errors import AccessError, ConfigError, NoDataError
from kms.reads.frame import read_frame, resolve_issue
from kms.reads.notifiable.figures import WeeklyFigures, weekly_facts
from kms.reads.request import Request
from kms.reads.shares.clusters import ShownClusters
from kms.reads.shares.shown import SHARES, ShownShares
from kms.reads.shown import ShownFigures
from kms.reads.views import Frame
from kms.reference import load_areas, load_diseases, load_inspection_items, load_sectors
from kms.store.engine import Store
from kms.store.publications import Issue, latest_values, read_series
from metrics.states import State

BY_SECTOR = ("compliance_initial", "compliance_after")
DAILY = (  # of the main disease
    *sorted(MADE_FROM), *sorted(COUNTS), *BEDS, POSITIVITY, *SHARES, CLUSTERS
)  # fmt: skip
INDICATORS = (*DAILY, *WEEKLY, *BY_SECTOR)
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
    """Which series is wanted; no sector means all of them, no disease that of every page."""

    indicator: str
    area: str = COUNTRY
    sector: str = ""
    first: date | None = None
    last: date | None = None
    as_of: date | None = None
    disease: str = ""


@dataclass(frozen=True, slots=True)
class PublishedSeries:
    """A series with the publication it comes from; its points are days, or weeks."""

    frame: Frame
    indicator: str
    area: str
    sector: str
    points: tuple[Point, ...]
    exact: bool = False
    disease: str = ""  # none for what is told of workplaces


@dataclass(frozen=True, slots=True)
class NewestValues:
    """The newest value of an indicator in every area and sector: (area, sector, point)."""

    frame: Frame
    indicator: str
    rows: tuple[tuple[str, str, Point], ...]
    exact: bool = False
    disease: str = ""


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
        disease = _disease(issue, query.indicator, query.disease)
        as_it_is = exact or rule is None
        reader = _Reader(connection, issue, query.indicator, disease)
        series = reader.series(query.area, sector, EXACT if exact or rule is None else rule)
    points = tuple(_points(series, query))
    return PublishedSeries(
        frame, query.indicator, query.area, sector, points, exact=as_it_is, disease=disease
    )


def read_newest(
    store: Store,
    indicator: str,
    as_of: date | None,
    *,
    rule: DisclosureRule,
    disease: str = "",
    who: Principal = PUBLIC,
    exact: bool = False,
) -> NewestValues:
    """Return the newest value of an indicator everywhere, as the public may see it.

    With `exact` only of the areas that somebody may see as they are, so; `AccessError` when
    there is none.
    """
    _checked(SeriesQuery(indicator, disease=disease))
    request = Request(as_of=as_of)
    with store.read() as connection:
        issue = resolve_issue(connection, request)
        frame = read_frame(connection, request, issue)
        disease = _disease(issue, indicator, disease)
        found = latest_values(connection, issue.id, [disease], indicator=indicator)
        dated = sorted((row["area"], row["sector"]) for row in found if row["ref_date"])
        if exact:
            dated = [(area, sector) for area, sector in dated if sees_exact(who, area, sector)]
            if not dated:
                raise AccessError("no exact figures are yours to see; ask without `exact`")
        reader = _Reader(connection, issue, indicator, disease)
        rows = tuple(reader.newest(dated, EXACT if exact else rule))
    return NewestValues(frame, indicator, rows, exact=exact, disease=disease)


def _disease(issue: Issue, indicator: str, asked: str) -> str:
    """Return the disease of a figure: the one asked for, of those it is made for.

    What is told of workplaces has none. Raises `ConfigError` naming what is made.
    """
    weekly = weekly_facts(issue)
    if indicator not in DAILY and indicator not in WEEKLY:
        if asked:
            raise ConfigError(
                f"disease is '{asked[:40]}', but {indicator} is told of workplaces; leave it out"
            )
        return ""
    made = (issue.disease,) if indicator in DAILY else tuple(sorted(weekly))
    disease = asked or issue.disease
    if disease in made:
        return disease
    own = DAILY if disease == issue.disease else WEEKLY if disease in weekly else ()
    raise ConfigError(
        f"{indicator} is not made for {disease} in publication {issue.id}, but for "
        f"{', '.join(made) or 'no disease'}; of {disease} there is {', '.join(own) or 'nothing'}"
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """One indicator of one disease in a publication, as a rule lets it be shown."""

    connection: Connection
    issue: Issue
    indicator: str
    disease: str

    def series(self, area: str, sector: str, rule: DisclosureRule) -> Series:
        """Return one series; raise `NoDataError` where there is none."""
        exact = only_shown(self._read(self.indicator, area, sector))
        if rule.is_exact:
            return exact
        told = self._disclosed(area, sector, rule)
        if told is None:
            raise NoDataError(
                f"{self.indicator} of area {area} is not shown; choose a region or province"
            )
        return told

    def newest(
        self, dated: Sequence[tuple[str, str]], rule: DisclosureRule
    ) -> Iterator[tuple[str, str, Point]]:
        """Give the newest point of each area and sector."""
        disclosure, name = Disclosure(rule), self.indicator
        areas = [area for area, _ in dated]
        if name in WEEKLY:
            weekly = WeeklyFigures(self.connection, self.issue, disclosure, self.disease)
            for area, series in weekly.figures(name, areas).items():
                place = series.last_told()
                at = len(series) - 1 if place is None else place
                yield area, "", _point(series, at, name)
        elif _from_cases(name):
            shown = ShownFigures(self.connection, self.issue, disclosure)
            for area, told in shown.figures(name, areas).items():
                yield area, "", _point(told.series, told.newest(), name)
        elif name in SHARES:
            yield from self._newest_shares(areas, disclosure)
        elif name == CLUSTERS:
            clusters = ShownClusters(self.connection, self.issue, disclosure)
            found = ((area, sector, clusters.series(area, sector)) for area, sector in dated)
            yield from ((a, s, _point(one, 0, name)) for a, s, one in found if one is not None)
        else:
            for area, sector in dated:
                one = self._told(area, sector, rule)
                one = one if rule.is_exact else rounded(one, name)
                yield area, sector, _point(one, len(one) - 1, name)

    def _newest_shares(
        self, areas: Sequence[str], disclosure: Disclosure
    ) -> Iterator[tuple[str, str, Point]]:
        shares = ShownShares(self.connection, self.issue, disclosure)
        shares.read_all(self.indicator)
        for area in areas:
            share = shares.series(self.indicator, area)
            if share is not None:
                yield area, "", _point(share, shares.newest(share, area), self.indicator)

    def _disclosed(self, area: str, sector: str, rule: DisclosureRule) -> Series | None:
        disclosure, name = Disclosure(rule), self.indicator
        if name in WEEKLY:
            weekly = WeeklyFigures(self.connection, self.issue, disclosure, self.disease)
            return weekly.figures(name, [area])[area]
        if _from_cases(name):
            shown = ShownFigures(self.connection, self.issue, disclosure)
            return shown.figures(name, [area])[area].at_home()
        if name in SHARES:
            return ShownShares(self.connection, self.issue, disclosure).series(name, area)
        if name == CLUSTERS:
            return ShownClusters(self.connection, self.issue, disclosure).series(area, sector)
        return rounded(self._told(area, sector, rule), name)

    def _told(self, area: str, sector: str, rule: DisclosureRule) -> Series:
        """Return what may be told of a figure that needs no neighbours to be disclosed."""
        shown = only_shown(self._read(self.indicator, area, sector))
        if self.indicator != POSITIVITY or rule.is_exact:
            return shown
        return disclosed_share(shown, self._read(POSITIVE, area, ""), rule)

    def _read(self, indicator: str, area: str, sector: str) -> Series:
        found = read_series(
            self.connection, self.issue.id, indicator, area, sector=sector, disease=self.disease
        )
        if found is None:
            raise NoDataError(
                f"publication {self.issue.id} has no {indicator} of area {area}"
                + (f", disease {self.disease}" if indicator in WEEKLY else "")
                + (f", sector {sector}" if sector else "")
                + "; choose a region or province, or another sector"
            )
        return found


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
    if query.disease and query.disease not in load_diseases():
        raise ConfigError(
            f"disease is '{query.disease[:40]}'; give one of {', '.join(load_diseases())}"
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
