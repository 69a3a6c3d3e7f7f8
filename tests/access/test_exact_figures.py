"""Who may sees counts as they are, in their own areas; everybody else sees them disclosed."""

from __future__ import annotations

import pytest

from kms.access.bands import Banded
from kms.access.disclosure import EXACT, Disclosure, DisclosureRule
from kms.domain.principal import (
    ADMIN,
    ANALYST,
    COMMAND,
    INSPECTOR,
    PUBLIC,
    SESSION,
    STEWARD,
    VIEWER,
    Grant,
    Principal,
)
from kms.errors import AccessError
from kms.reads.area import read_area
from kms.reads.board import read_board
from kms.reads.brief import read_brief
from kms.reads.data import read_data
from kms.reads.request import Request
from kms.reads.sectors import read_sectors
from kms.reads.series import SeriesQuery, read_newest, read_series_view
from kms.store.engine import Store
from kms.store.publications import current_issue, read_series
from tests.published import CAR, DAVAO, LEYTE_REGION, NATION, NCR, PLANTED, PLANTED_ON

RULE = DisclosureRule()
CAR_CODE = "14"


def somebody(role: str, area: str = "", **others: object) -> Principal:
    grants = (Grant(role, area=area),)
    return Principal("a1", "A. Person", grants, SESSION, **others)  # type: ignore[arg-type]


OF_CAR = somebody(ANALYST, CAR_CODE)
OF_ALL = somebody(ANALYST)


def exact_counts(store: Store, area: str) -> dict[str, int]:
    with store.read() as connection:
        issue = current_issue(connection)
        name = f"cases_{issue.facts['basis']}"
        series = read_series(connection, issue.id, name, area, disease=issue.disease)
    assert series is not None
    return {str(d): int(n) for d, n in zip(series.dates(), series.value, strict=True)}


def shown_counts(store: Store, area: str, who: Principal) -> dict[str, int | None]:
    cases = read_area(store, Request(area=area, who=who)).cases
    return {str(day): count for day, count in zip(cases.dates, cases.cases, strict=True)}


def test_an_analyst_sees_exact_counts_in_the_areas_given_and_nowhere_else(
    published: Store,
) -> None:
    shown = shown_counts(published, CAR, OF_CAR)
    exact = exact_counts(published, CAR)
    assert shown == {day: exact[day] for day in shown}
    assert any(n in range(1, 8) for n in shown.values())
    for area in (NCR, LEYTE_REGION, NATION):
        assert shown_counts(published, area, OF_CAR) == shown_counts(published, area, PUBLIC)


@pytest.mark.parametrize(
    ("who", "exactly"),
    [
        (OF_ALL, True),
        (somebody(STEWARD), True),
        (somebody(ADMIN), True),
        (somebody(VIEWER), False),
        (somebody(INSPECTOR), False),
        (somebody(ANALYST, must_change=True), False),
        (PUBLIC, False),
    ],
)
def test_roles_see_exact_or_disclosed(published: Store, who: Principal, *, exactly: bool) -> None:
    public = shown_counts(published, CAR, PUBLIC)
    assert (shown_counts(published, CAR, who) != public) is exactly


def test_the_board_shows_each_line_as_the_reader_may_see_it(published: Store) -> None:
    seen = {row.code: row for row in read_board(published, Request(who=OF_CAR)).rows}
    public = {row.code: row for row in read_board(published, Request()).rows}
    whole = {row.code: row for row in read_board(published, Request(who=OF_ALL)).rows}
    assert seen[CAR] == whole[CAR] != public[CAR]
    assert all(seen[code] == public[code] for code in public if code != CAR)
    assert not any(isinstance(row.p_above_1, Banded) for row in whole.values())
    assert read_sectors(published, Request(who=OF_ALL)) == read_sectors(published, Request())


def test_sliding_means_are_for_exact_eyes_only(published: Store) -> None:
    mine = read_area(published, Request(area=DAVAO, who=OF_ALL)).cases
    theirs = read_area(published, Request(area=DAVAO)).cases
    exact = list(exact_counts(published, DAVAO).values())
    assert (mine.by_week, theirs.by_week) == (False, True)
    assert mine.mean7[-1] == round(sum(exact[-7:]) / 7, 2)


def test_a_brief_is_public_whoever_asks(published: Store) -> None:
    for sector in ("I", "ALL"):
        asked = Request(area=CAR, sector=sector)
        as_analyst = Request(area=CAR, sector=sector, who=OF_ALL)
        assert read_brief(published, as_analyst) == read_brief(published, asked)


def test_exact_series_are_read_by_whoever_may_and_refused_to_others(published: Store) -> None:
    query = SeriesQuery("cases_report", LEYTE_REGION, first=PLANTED_ON, last=PLANTED_ON)
    (public,) = read_series_view(published, query, rule=RULE).points
    (mine,) = read_series_view(published, query, rule=RULE, who=OF_ALL, exact=True).points
    (unasked,) = read_series_view(published, query, rule=RULE, who=OF_ALL).points
    assert (public.value, public.state) == (None, "suppressed")
    assert mine.value == PLANTED
    assert unasked == public
    for who in (OF_CAR, PUBLIC, somebody(VIEWER)):
        with pytest.raises(AccessError, match="exact figures of area 0800000000"):
            read_series_view(published, query, rule=RULE, who=who, exact=True)


def test_exact_newest_values_are_those_of_the_own_areas(published: Store) -> None:
    told = read_newest(published, "cases_report", None, rule=RULE, who=OF_CAR, exact=True)
    assert {area[:2] for area, _sector, _point in told.rows} == {CAR_CODE}
    assert told.exact
    with pytest.raises(AccessError, match="no exact figures are yours"):
        read_newest(published, "cases_report", None, rule=RULE, exact=True)


def test_numbers_of_rows_are_disclosed_where_rows_are_persons(published: Store) -> None:
    public, steward = (
        read_data(published, Request(who=who)) for who in (PUBLIC, somebody(STEWARD))
    )
    exact = {row.source_id: row for row in steward.vintages.rows}
    for row in public.vintages.rows:
        mine = exact[row.source_id]
        if row.source_id == "dole_inspections":
            assert row == mine
            continue
        for name in ("rows_read", "rows_accepted", "rows_rejected", "rows_changed"):
            assert getattr(row, name) == RULE.count(getattr(mine, name))
        assert mine.rows_read == mine.rows_accepted
    cases = next(s for s in public.sources if s.source_id == "doh_case_information")
    assert cases.rows_read is not None
    assert cases.rows_read % 5 == 0
    strict = read_data(published, Request(), DisclosureRule(threshold=10**6))
    assert {s.rows_read for s in strict.sources if s.source_id == cases.source_id} == {None}


def test_a_command_is_not_more_than_its_role() -> None:
    operator = Principal("a1", "", (Grant(ANALYST),), COMMAND)
    assert Disclosure(RULE, operator).of(NATION) == EXACT
    assert Disclosure(RULE).of(NATION) == RULE
    assert EXACT.is_exact
    assert not RULE.is_exact
