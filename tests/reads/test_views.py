"""Views: the figures of a small published store, as pages get them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from kms.access.disclosure import DisclosureRule
from kms.config import Settings
from kms.domain.intake import FIELD
from kms.domain.principal import SESSION, STEWARD, Grant, Principal
from kms.errors import NoDataError
from kms.reads import data
from kms.reads.area import read_area
from kms.reads.board import read_areas, read_board
from kms.reads.data import read_data
from kms.reads.request import Request
from kms.reads.sectors import read_sectors
from kms.store.engine import Store
from tests.published import (
    CAR,
    CEBU_REGION,
    DAVAO,
    LEYTE_REGION,
    NATION,
    NCR,
    PLANTED_ON,
    make_published_store,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = make_published_store(Settings(home=tmp_path_factory.mktemp("home")))
    yield opened
    opened.close()


def test_the_board_tells_which_regions_grow_and_orders_by_urgency(store: Store) -> None:
    board = read_board(store, Request())
    by_code = {row.code: row for row in board.rows}
    assert by_code[DAVAO].direction == "growing"
    assert by_code[CEBU_REGION].direction == "shrinking"
    assert by_code[NCR].direction in ("uncertain", "growing", "shrinking")
    assert by_code[CAR].direction == "too_few"
    assert board.rows[0].code == DAVAO
    assert board.nation.code == NATION
    assert len(board.rows) == 17  # in March 2021


def test_every_area_is_listed_as_its_region_shows_it(store: Store) -> None:
    view, board = read_areas(store, Request()), read_board(store, Request())
    assert view.regions == tuple(replace(row, change="") for row in board.rows)
    assert view.rows[0].direction == "growing"
    codes = [row.code for row in view.rows]
    assert len(codes) == len(set(codes)) == len(view.region_of)
    inside = [row for row in view.rows if view.region_of[row.code] == CEBU_REGION]
    shown = read_area(store, Request(area=CEBU_REGION)).children
    assert {row for row in inside if row.code != CEBU_REGION} == set(shown)
    assert shown
    strict = read_areas(store, Request(), DisclosureRule(threshold=10**6))
    assert all(row.adar_per_100k.value is None for row in strict.rows)


def test_a_growing_region_has_a_range_above_one_and_a_doubling_time(store: Store) -> None:
    row = next(r for r in read_board(store, Request()).rows if r.code == DAVAO)
    assert row.r.low is not None
    assert row.r.value is not None
    assert row.r.high is not None
    assert row.r.low < row.r.value < row.r.high
    assert row.r.value > 1
    assert row.p_above_1 is not None
    assert row.p_above_1 > 0.8
    assert row.doubling_days is not None
    assert 10 < row.doubling_days < 40  # ln 2 / 0.035 = 20


def test_a_region_with_few_cases_has_no_r_no_growth_and_no_small_rate(store: Store) -> None:
    board = read_board(store, Request())
    leyte = next(r for r in board.rows if r.code == LEYTE_REGION)
    assert leyte.r.value is None
    assert leyte.r.state == "too_few"
    assert leyte.adar_per_100k.value in (None, 0.0)
    assert leyte.two_week_growth.value is None


def test_no_pace_stands_beside_an_r_that_is_not_told(store: Store) -> None:
    board = read_board(store, Request())
    untold = [r for r in board.rows if r.direction in ("too_few", "missing")]
    assert untold
    for row in untold:
        assert row.growth.value is None
        assert row.doubling_days is None


def test_small_counts_of_persons_are_suppressed_in_the_series(store: Store) -> None:
    cases = read_area(store, Request(area=LEYTE_REGION)).cases
    assert set(cases.cases) <= {0, None}
    onset = [day for day, n in zip(cases.dates, cases.cases, strict=True) if n is None]
    assert onset
    assert all(PLANTED_ON - timedelta(days=8) <= day <= PLANTED_ON for day in onset)
    other = read_area(store, Request(area=NCR)).cases.cases
    assert all(n is None or n % 5 == 0 for n in other)


def test_incomplete_days_show_no_r(store: Store) -> None:
    view = read_area(store, Request(area=NCR))
    assert view.cases.provisional_from is not None
    late = [
        (value, state)
        for day, value, state in zip(view.r.dates, view.r.value, view.r.state, strict=True)
        if day >= view.cases.provisional_from
    ]
    assert late
    assert all(value is None and state == "hidden" for value, state in late)


def test_an_area_names_what_it_lies_in_and_what_lies_in_it(store: Store) -> None:
    view = read_area(store, Request(area=DAVAO))
    assert [code for code, _ in view.parents] == [NATION]
    assert "1102400000" in [row.code for row in view.children]  # Davao del Sur
    province = read_area(store, Request(area="1102400000"))
    assert [code for code, _ in province.parents] == [NATION, DAVAO]
    assert province.row.direction == "growing"


def test_an_unknown_area_says_so(store: Store) -> None:
    with pytest.raises(NoDataError, match="there is no area '42'"):
        read_area(store, Request(area="42"))
    with pytest.raises(NoDataError, match="no figures are made for"):
        read_area(store, Request(area="1102404000"))


def test_sectors_are_ordered_by_what_is_surely_not_met_and_small_cells_hidden(store: Store) -> None:
    view = read_sectors(store, Request())
    rated = [r for r in view.rows if r.compliance_initial.value is not None]
    assert next(r.code for r in rated) == "I"
    assert all(
        (a.compliance_initial.high or 0) <= (b.compliance_initial.high or 0)
        for a, b in itertools.pairwise(rated)
    )
    for row in rated:
        first, after = row.compliance_initial, row.compliance_after
        assert first.low is not None
        assert first.high is not None
        assert after.value is not None
        assert first.value is not None
        assert 0 <= first.low <= first.value <= first.high <= 1
        assert after.value >= first.value
    assert view.overall.inspections == 145  # 144, rounded
    assert view.cells["I", LEYTE_REGION].state == "missing"
    assert view.rows[0].top_items
    assert view.region_names[DAVAO] == "Davao Region"


def test_the_data_page_adds_up_and_names_late_sources(store: Store) -> None:
    view = read_data(store, Request())
    assert {s.source_id for s in view.sources} == {"doh_case_information", "dole_inspections"}
    steward = Principal("a1", grants=(Grant(STEWARD),), via=SESSION)
    for row in read_data(store, Request(who=steward)).vintages.rows:
        parts = (row.rows_accepted, row.rows_rejected, row.rows_duplicate)
        assert row.rows_read == sum(part or 0 for part in parts)
    assert {s.state for s in view.sources} == {"in_date"}
    one = read_data(store, Request(source="dole_inspections"))
    assert [s.source_id for s in one.sources] == ["dole_inspections"]


def test_an_earlier_day_before_anything_was_known_says_so(store: Store) -> None:
    with pytest.raises(NoDataError, match="nothing had been published"):
        read_board(store, Request(as_of=date(2020, 1, 1)))


def test_faults_stand_in_the_order_of_what_is_shown_of_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"required": 2, "date_future": 5, "age_out_of_range": 3, "key_shared": 33,
             "bad_text": 37, "date_swapped": 400}  # fmt: skip
    counted = [
        {"code": code, "grade": FIELD, "rows": rows}
        for code, rows in sorted(given.items(), key=lambda each: -each[1])
    ]
    monkeypatch.setattr(data, "fault_counts", lambda *_: counted)
    shown = read_data(store, Request()).faults
    of_one = [(row.code, row.rows) for row in shown if row.source_id == shown[0].source_id]
    assert of_one == [
        ("date_swapped", 400),
        ("bad_text", 35),  # rounded alike: by code, not by 37 and 33
        ("key_shared", 35),
        ("age_out_of_range", None),  # suppressed: by code, not by 5, 3, 2
        ("date_future", None),
        ("required", None),
    ]
