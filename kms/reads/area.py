"""One area: how fast it spreads, cases, workplaces, the areas inside it."""

from __future__ import annotations

from itertools import compress

import numpy as np
from numpy.typing import NDArray

from kms.access.disclosure import Disclosure, DisclosureRule
from kms.access.weeks import WEEK
from kms.config import MANILA
from kms.domain.areas import COUNTRY
from kms.domain.indicators import BEDS
from kms.domain.series import Series, last_entries
from kms.errors import NoDataError
from kms.reads.frame import read_frame, resolve_issue
from kms.reads.history.told import read_revisions
from kms.reads.history.weeks import weeks_of
from kms.reads.notifiable.signals import current_signals
from kms.reads.request import Request
from kms.reads.rows import area_rows, newest_values
from kms.reads.sectors import sector_rows
from kms.reads.shares.view import read_contacts
from kms.reads.shown import ShownFigures, areas_inside
from kms.reads.views import NOTHING, AreaView, CasesView, SeriesView
from kms.reference import load_areas
from kms.rounding import outwards
from kms.store.engine import Store
from metrics.states import State

SHOWN_DAYS = 120
FINAL_SHARE = 0.9
DECIMALS = 4  # of series on pages


def read_area(store: Store, request: Request, rule: DisclosureRule | None = None) -> AreaView:
    """Return one area's page; raise `NoDataError` when there is no such area."""
    areas, disclosure = load_areas(), Disclosure(rule or DisclosureRule(), request.who)
    code = request.area or COUNTRY
    if code not in areas:
        raise NoDataError(f"there is no area '{code}'; give the 10-digit PSGC code of a region")
    unit = areas.get(code)
    with store.read() as connection:
        issue = resolve_issue(connection, request)
        on = issue.as_of.astimezone(MANILA).date()
        newest = newest_values(connection, issue, disclosure)
        shown = ShownFigures(connection, issue, disclosure)
        (row,) = area_rows(shown, newest, areas, [unit])
        if row.direction == "missing" and ("cases_report", code, "") not in newest.values:
            raise NoDataError(f"no figures are made for {unit.name}; choose a region or province")
        inside = [
            areas.get(below)
            for below in areas_inside(code, on)
            if ("cases_report", below, "") in newest.values
        ]
        return AreaView(
            frame=read_frame(connection, request, issue),
            row=row,
            level=unit.level,
            parents=tuple(
                (parent, areas.get(parent).short_name)
                for parent in reversed(areas.ancestors(code, on))
            ),
            r=course(shown, "r_t", code),
            growth=course(shown, "growth_rate_per_day", code),
            cases=_cases(shown, code),
            children=area_rows(shown, newest, areas, inside),
            sectors=sector_rows(newest, code),
            beds=tuple(
                (name, newest.reading(name, code))
                for name in BEDS
                if (name, code, "") in newest.values
            ),
            positivity=newest.positivity(code),
            signals=current_signals(connection, issue, disclosure, request.language, area=code),
            fewer_tests=code in issue.facts.get("fewer_tests", ()),
            nowcast=course(shown, "nowcast_cases", code),
            forecast=course(shown, "forecast_cases", code),
            changing_delay=code in issue.facts.get("changing_delays", ()),
            weeks=weeks_of(shown, [unit.code for unit in inside]),
            revisions=read_revisions(shown, "r_t", code),
            contacts=read_contacts(connection, issue, disclosure, code),
        )


def course(shown: ShownFigures, indicator: str, area: str) -> SeriesView:
    """Return the last days of an indicator in an area; nothing where it is not made."""
    found = shown.figures(indicator, [area]).get(area)
    if found is None:
        return NOTHING
    # A figure held from the last whole week stands on that week's Saturday, and there alone.
    own = ~found.held()[-SHOWN_DAYS:]
    whole = series_view(last_entries(found.series, SHOWN_DAYS))
    columns = {
        name: tuple(compress(getattr(whole, name), own)) for name in SeriesView.__dataclass_fields__
    }
    return SeriesView(**columns)


def series_view(series: Series) -> SeriesView:
    """Return a series as plain values for readers, ranges rounded outwards."""
    low, high = outwards(series.low, series.high, 10.0**DECIMALS)
    low50, high50 = outwards(series.low50, series.high50, 10.0**DECIMALS)
    return SeriesView(
        dates=tuple(series.dates()),
        value=_plain(series.value),
        low=_plain(low),
        high=_plain(high),
        low50=_plain(low50),
        high50=_plain(high50),
        state=tuple(State(int(code)).label for code in series.state),
    )


def _cases(shown: ShownFigures, area: str) -> CasesView:
    counts = shown.counts(shown.basis, [area]).get(area)
    if counts is None:
        return CasesView((), (), (), None, shown.basis)
    series, settled = last_entries(counts.days, SHOWN_DAYS), last_entries(counts.exact, SHOWN_DAYS)
    exact = shown.disclosure.of(area).is_exact
    mean = counts.weeks / WEEK
    if exact:
        mean = np.convolve(counts.exact.value, np.ones(WEEK))[: len(counts.exact)] / WEEK
    settling = [
        day
        for day, share in zip(series.dates(), settled.completeness, strict=True)
        if share < FINAL_SHARE
    ]
    return CasesView(
        dates=tuple(series.dates()),
        cases=tuple(int(n) if np.isfinite(n) else None for n in series.value),
        mean7=tuple(round(float(n), 2) if np.isfinite(n) else None for n in mean[-len(series) :]),
        provisional_from=settling[0] if settling else None,
        basis=shown.basis,
        by_week=not exact,
    )


def _plain(column: NDArray[np.float64]) -> tuple[float | None, ...]:
    return tuple(round(float(v), DECIMALS) if np.isfinite(v) else None for v in column)
