"""The decision board: which regions are growing, how sure, how fresh."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection

from kms.access.disclosure import DisclosureRule
from kms.config import MANILA
from kms.domain.areas import COUNTRY
from kms.reads.frame import read_frame, resolve_issue
from kms.reads.request import Request
from kms.reads.rows import Newest, area_rows, direction_of, newest_values
from kms.reads.views import AreaRow, BoardView
from kms.reference import load_areas
from kms.store.engine import Store
from kms.store.publications import PUBLISHED, Issue, issues

WEEK = timedelta(days=7)


def read_board(store: Store, request: Request, rule: DisclosureRule | None = None) -> BoardView:
    """Return the board of a day."""
    areas = load_areas()
    with store.read() as connection:
        issue = resolve_issue(connection, request)
        newest = newest_values(connection, issue, rule or DisclosureRule())
        on = issue.as_of.astimezone(MANILA).date()
        rows = area_rows(connection, newest, areas, areas.units("region", on))
        (nation,) = area_rows(connection, newest, areas, areas.units("country", on))
        earlier = _week_before(connection, newest)
        placeless = newest.cases("cases_placeless", COUNTRY)
        frame = read_frame(connection, request, issue)
    return BoardView(
        frame=frame,
        rows=tuple(_changed(row, earlier) for row in rows),
        nation=nation,
        compared_with=earlier.issue.as_of.astimezone(MANILA).date() if earlier else None,
        nonplace_cases=placeless,
    )


def _week_before(connection: Connection, newest: Newest) -> Newest | None:
    found: list[Issue] = [
        issue
        for issue in issues(connection)
        if issue.state == PUBLISHED and issue.as_of <= newest.issue.as_of - WEEK
    ]
    if not found:
        return None
    return newest_values(connection, max(found, key=lambda i: i.as_of), newest.rule)


def _changed(row: AreaRow, earlier: Newest | None) -> AreaRow:
    before = direction_of(earlier, row.code) if earlier else ""
    return row if before in ("", "missing", row.direction) else replace(row, change=before)
