"""One series, or the newest values of one indicator, for files and for the API."""

from __future__ import annotations

from collections.abc import Iterator
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
from kms.reads.shown import ShownFigures
from kms.reads.views import Frame
from kms.reference import load_areas, load_diseases, load_inspection_items, load_sectors
from kms.store.engine import Store
from kms.store.publications import Issue, latest_values, read_series
from metrics.states import State

BY_SECTOR = ("compliance_initial", "compliance_after")
DAILY = (*sorted(MADE_FROM), *sorted(COUNTS), *BEDS, POSITIVITY)  # of the main disease
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
        key = (query.indicator, query.area, sector)
        series = _read(connection, issue, key, disease)
        as_it_is = exact or rule is None
        if as_it_is:
            series = only_shown(series)
        elif query.indicator in WEEKLY:
            weekly = WeeklyFigures(connection, issue, Disclosure(rule or EXACT), disease)
            series = weekly.figures(query.indicator, [query.area])[query.area]
        elif _from_cases(query.indicator):
            shown = ShownFigures(connection, issue, Disclosure(rule or EXACT))
            series = shown.figures(query.indicator, [query.area])[query.area].at_home()
        else:
            series = rounded(_told(connection, issue, key, rule=rule), query.indicator)
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
        disclosure = Disclosure(EXACT if exact else rule)
        shown = ShownFigures(connection, issue, disclosure)
        rows = []
        if indicator in WEEKLY:
            weekly = WeeklyFigures(connection, issue, disclosure, disease)
            for area, series in weekly.figures(indicator, [area for area, _ in dated]).items():
                place = series.last_told()
                at = len(series) - 1 if place is None else place
                rows.append((area, "", _point(series, at, indicator)))
        elif _from_cases(indicator):
            for area, told in shown.figures(indicator, [area for area, _ in dated]).items():
                point = _point(told.series, told.newest(), indicator)
                rows.append((area, "", point))
        else:
            for area, sector in dated:
                key = (indicator, area, sector)
                told_so = _told(connection, issue, key, rule=EXACT if exact else rule)
                told_so = told_so if exact else rounded(told_so, indicator)
                rows.append((area, sector, _point(told_so, len(told_so) - 1, indicator)))
    return NewestValues(frame, indicator, tuple(rows), exact=exact, disease=disease)


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


def _read(connection: Connection, issue: Issue, key: Key, disease: str) -> Series:
    """Read a series by indicator, area and sector; what is told by sector has no disease."""
    indicator, area, sector = key
    found = read_series(connection, issue.id, indicator, area, sector=sector, disease=disease)
    if found is None:
        raise NoDataError(
            f"publication {issue.id} has no {indicator} of area {area}"
            + (f", disease {disease}" if indicator in WEEKLY else "")
            + (f", sector {sector}" if sector else "")
            + "; choose a region or province, or another sector"
        )
    return found


def _told(connection: Connection, issue: Issue, key: Key, *, rule: DisclosureRule | None) -> Series:
    """Return what may be told of a figure that is not made from cases."""
    (indicator, area, sector) = key
    disease = "" if sector else issue.disease
    shown = only_shown(_read(connection, issue, key, disease))
    if indicator != POSITIVITY or rule is None or rule.is_exact:
        return shown
    return disclosed_share(shown, _read(connection, issue, (POSITIVE, area, ""), disease), rule)


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
