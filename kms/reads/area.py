"""One area: how fast it spreads, cases, workplaces, the areas inside it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from kms.access.disclosure import DisclosureRule
from kms.access.figures import rounded
from kms.config import MANILA
from kms.domain.areas import COUNTRY
from kms.domain.series import Series
from kms.errors import NoDataError
from kms.reads.frame import read_frame, resolve_issue
from kms.reads.request import Request
from kms.reads.rows import area_rows, newest_values
from kms.reads.sectors import sector_rows
from kms.reads.views import AreaView, CasesView, SeriesView
from kms.reference import load_areas
from kms.store.engine import Store
from kms.store.publications import Issue, read_series
from metrics.states import State

SHOWN_DAYS = 120
FINAL_SHARE = 0.9
EMPTY = SeriesView((), (), (), (), (), (), ())


def read_area(store: Store, request: Request, rule: DisclosureRule | None = None) -> AreaView:
    """Return one area's page; raise `NoDataError` when there is no such area."""
    areas, rule = load_areas(), rule or DisclosureRule()
    code = request.area or COUNTRY
    if code not in areas:
        raise NoDataError(f"there is no area '{code}'; give the 10-digit PSGC code of a region")
    unit = areas.get(code)
    with store.read() as connection:
        issue = resolve_issue(connection, request)
        on = issue.as_of.astimezone(MANILA).date()
        newest = newest_values(connection, issue, rule)
        (row,) = area_rows(connection, newest, areas, [unit])
        if row.direction == "missing" and ("cases_report", code, "") not in newest.values:
            raise NoDataError(f"no figures are made for {unit.name}; choose a region or province")
        inside = [
            u for u in areas.children(code, on) if ("cases_report", u.code, "") in newest.values
        ]
        return AreaView(
            frame=read_frame(connection, request, issue),
            row=row,
            level=unit.level,
            parents=tuple(
                (parent, areas.get(parent).short_name)
                for parent in reversed(areas.ancestors(code, on))
            ),
            r=_shown(connection, issue, "r_t", code),
            growth=_shown(connection, issue, "growth_rate_per_day", code),
            cases=_cases(connection, issue, code, rule),
            children=area_rows(connection, newest, areas, inside),
            sectors=sector_rows(newest, code),
        )


def _shown(connection: Connection, issue: Issue, indicator: str, area: str) -> SeriesView:
    series = read_series(connection, issue.id, indicator, area)
    return (
        EMPTY if series is None else series_view(rounded(last_days(series, SHOWN_DAYS), indicator))
    )


def series_view(series: Series) -> SeriesView:
    """Return a series as plain values for readers, rounded."""
    return SeriesView(
        dates=tuple(series.dates()),
        value=_plain(series.value),
        low=_plain(series.low),
        high=_plain(series.high),
        low50=_plain(series.low50),
        high50=_plain(series.high50),
        state=tuple(State(int(code)).label for code in series.state),
    )


def last_days(series: Series, days: int) -> Series:
    """Return the last days of a series."""
    first = max(0, len(series) - days)
    return Series(
        series.start + timedelta(days=first),
        *(
            getattr(series, name)[first:]
            for name in ("value", "low", "high", "low50", "high50", "state", "completeness")
        ),
    )


def _cases(connection: Connection, issue: Issue, area: str, rule: DisclosureRule) -> CasesView:
    basis = str(issue.facts["basis"])
    series = read_series(connection, issue.id, f"cases_{basis}", area)
    if series is None:
        return CasesView((), (), (), None, basis)
    weekly = np.convolve(series.value, np.ones(7))[: len(series)]
    shown, sums = last_days(series, SHOWN_DAYS), weekly[-min(SHOWN_DAYS, len(series)) :]
    settling = [
        day
        for day, share in zip(shown.dates(), shown.completeness, strict=True)
        if share < FINAL_SHARE
    ]
    sums_shown = rule.counts([int(n) for n in sums])
    return CasesView(
        dates=tuple(shown.dates()),
        cases=rule.counts([int(n) for n in shown.value]),
        mean7=tuple(None if n is None else round(n / 7, 2) for n in sums_shown),
        provisional_from=settling[0] if settling else None,
        basis=basis,
    )


def _plain(column: NDArray[np.float64]) -> tuple[float | None, ...]:
    return tuple(round(float(v), 4) if np.isfinite(v) else None for v in column)
