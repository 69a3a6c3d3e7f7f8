"""The board: which regions are growing, how sure, how fresh; and all regions side by side."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection

from kms.access.disclosure import Disclosure, DisclosureRule
from kms.config import MANILA
from kms.reads.area import course
from kms.reads.frame import read_frame, resolve_issue
from kms.reads.history.weeks import weeks_of
from kms.reads.request import Request
from kms.reads.rows import area_rows, directions, newest_values, placeless_cases
from kms.reads.shown import ShownFigures, areas_inside
from kms.reads.views import AreaRow, AreasView, BoardView
from kms.reference import load_areas
from kms.store.engine import Store
from kms.store.publications import PUBLISHED, Issue, issues

WEEK = timedelta(days=7)


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


def _week_before(connection: Connection, shown: Issue) -> Issue | None:
    found: list[Issue] = [
        issue
        for issue in issues(connection)
        if issue.state == PUBLISHED and issue.as_of <= shown.as_of - WEEK
    ]
    return max(found, key=lambda issue: issue.as_of) if found else None


def _changed(row: AreaRow, before: str) -> AreaRow:
    return row if before in ("", "missing", row.direction) else replace(row, change=before)
