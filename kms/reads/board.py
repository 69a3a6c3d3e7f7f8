"""The board: which regions are growing, how sure, how fresh; and all regions side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from sqlalchemy import Connection

from kms.access.bands import Banded
from kms.access.disclosure import Disclosure, DisclosureRule
from kms.access.shown import CHANCE, Shown
from kms.config import MANILA
from kms.reads.area import course
from kms.reads.frame import read_frame, resolve_issue
from kms.reads.request import Request
from kms.reads.rows import area_rows, directions, newest_values, placeless_cases
from kms.reads.shown import ShownFigures, areas_inside
from kms.reads.views import AreaRow, AreasView, BoardView, WeeksOfAreas
from kms.reference import load_areas
from kms.store.engine import Store
from kms.store.publications import PUBLISHED, Issue, issues
from metrics.states import State

WEEK, SATURDAY = timedelta(days=7), 6
MAPPED = (CHANCE, "adar_per_100k")
WEEKS_SHOWN = 16


def read_board(store: Store, request: Request, rule: DisclosureRule | None = None) -> BoardView:
    """Return the board of a day."""
    areas, disclosure = load_areas(), Disclosure(rule or DisclosureRule(), request.who)
    with store.read() as connection:
        issue = resolve_issue(connection, request)
        newest = newest_values(connection, issue, disclosure)
        shown = ShownFigures(connection, issue, disclosure)
        on = issue.as_of.astimezone(MANILA).date()
        rows = area_rows(shown, newest, areas, areas.units("region", on))
        (nation,) = area_rows(shown, newest, areas, areas.units("country", on))
        earlier = _week_before(connection, issue)
        before = {}
        if earlier is not None:
            then = ShownFigures(connection, earlier, disclosure)
            before = directions(then, [row.code for row in rows])
        placeless = placeless_cases(shown)
        frame = read_frame(connection, request, issue)
    return BoardView(
        frame=frame,
        rows=tuple(_changed(row, before.get(row.code, "")) for row in rows),
        nation=nation,
        compared_with=earlier.as_of.astimezone(MANILA).date() if earlier else None,
        nonplace_cases=placeless,
    )


def read_areas(store: Store, request: Request, rule: DisclosureRule | None = None) -> AreasView:
    """Return every area of a day that has figures: the regions, and those inside them."""
    areas, disclosure = load_areas(), Disclosure(rule or DisclosureRule(), request.who)
    with store.read() as connection:
        issue = resolve_issue(connection, request)
        newest = newest_values(connection, issue, disclosure)
        shown = ShownFigures(connection, issue, disclosure)
        on = issue.as_of.astimezone(MANILA).date()
        regions = {unit.code: unit.code for unit in areas.units("region", on)}
        inside = {
            code: region
            for region in regions
            for code in areas_inside(region, on)
            if ("cases_report", code, "") in newest.values
        }
        region_of = regions | inside
        rows = area_rows(shown, newest, areas, [areas.get(code) for code in region_of])
        (nation,) = area_rows(shown, newest, areas, areas.units("country", on))
        return AreasView(
            frame=read_frame(connection, request, issue),
            rows=rows,
            regions=tuple(row for row in rows if row.code in regions),
            nation=nation,
            region_of=region_of,
            r={code: course(shown, "r_t", code) for code in regions},
            weeks=weeks_of(shown, regions),
        )


def weeks_of(shown: ShownFigures, codes: Iterable[str]) -> WeeksOfAreas:
    """Return what the map shows of areas at the end of each of the last weeks.

    Weeks end on Saturdays: on these a figure that is told by week stands on its own day.
    """
    listed = list(codes)
    found = {indicator: shown.figures(indicator, listed) for indicator in MAPPED}
    last = [_last_told(figure) for figures in found.values() for figure in figures.values()]
    told = [day for day in last if day is not None]
    if not told:
        return WeeksOfAreas()
    newest = max(told)
    end = newest - timedelta(days=(newest.isoweekday() - SATURDAY) % 7)
    days = tuple(end - WEEK * back for back in range(WEEKS_SHOWN - 1, -1, -1))
    told_of = {
        indicator: {code: [_at(figures.get(code), day) for day in days] for code in listed}
        for indicator, figures in found.items()
    }
    return WeeksOfAreas(
        days,
        {
            indicator: {code: tuple(value for value, _ in each) for code, each in areas.items()}
            for indicator, areas in told_of.items()
        },
        {
            indicator: {code: tuple(state for _, state in each) for code, each in areas.items()}
            for indicator, areas in told_of.items()
        },
    )


def _last_told(figure: Shown) -> date | None:
    place = figure.series.last_told()
    return None if place is None else figure.series.start + timedelta(days=place)


def _at(figure: Shown | None, day: date) -> tuple[float | None, str]:
    place = -1 if figure is None else (day - figure.series.start).days
    if figure is None or not 0 <= place < len(figure.series):
        return None, State.MISSING.label
    value, state = float(figure.series.value[place]), State(int(figure.series.state[place]))
    if not np.isfinite(value):
        return None, state.label
    return (Banded(value) if state == State.SUPPRESSED else value), state.label


def _week_before(connection: Connection, shown: Issue) -> Issue | None:
    found: list[Issue] = [
        issue
        for issue in issues(connection)
        if issue.state == PUBLISHED and issue.as_of <= shown.as_of - WEEK
    ]
    return max(found, key=lambda issue: issue.as_of) if found else None


def _changed(row: AreaRow, before: str) -> AreaRow:
    return row if before in ("", "missing", row.direction) else replace(row, change=before)
