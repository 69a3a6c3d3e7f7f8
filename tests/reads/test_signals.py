"""The signals page's view: which areas signal now, for whom, and one course."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from kms.domain.indicators import CASES_WEEKLY, FALSE_SHARE, SIGNAL
from kms.domain.principal import ANALYST, SESSION, Grant, Principal
from kms.domain.series import make_weekly
from kms.errors import NoDataError
from kms.reads.area import read_area
from kms.reads.notifiable.signals import _first_in_row, _zone, read_signals
from kms.reads.request import Request
from kms.reads.views import SignalsView
from kms.store.engine import Store
from kms.store.publications import current_issue, read_many
from tests.weekly import going_on, line_of

SIGNED_IN = Principal("somebody", "Somebody", (Grant(ANALYST),), via=SESSION)
DISEASES = ("dengue", "influenza", "leptospirosis", "measles")


@pytest.fixture(scope="module")
def view(weekly: Store) -> SignalsView:
    return read_signals(weekly, Request())


def test_outbreaks_that_go_on_are_listed_and_hardly_anything_else(view: SignalsView) -> None:
    listed = {(row.disease, row.area) for row in view.rows}
    outbreaks = going_on()
    found = {o.disease for o in outbreaks if any((o.disease, a) in listed for a in line_of(o))}
    assert {"influenza", "leptospirosis", "measles"} <= found
    true = {(o.disease, area) for o in outbreaks for area in line_of(o)}
    promised = sum(row.expected_false for row in view.tested)
    assert 0 < promised < 5
    assert len(listed - true) <= promised + 3 * np.sqrt(promised)
    assert [row.false_share for row in view.rows] == sorted(row.false_share for row in view.rows)
    assert sum(row.signals for row in view.tested) == len(view.rows)


def test_the_list_is_that_of_the_stored_figures(weekly: Store, view: SignalsView) -> None:
    exact = read_signals(weekly, Request(who=SIGNED_IN))
    assert {(r.disease, r.area) for r in exact.rows} == {(r.disease, r.area) for r in view.rows}
    with weekly.read() as connection:
        issue = current_issue(connection)
        for row in exact.rows:
            series: Any = {
                name: read_many(connection, issue.id, name, [row.area], disease=row.disease)
                for name in (SIGNAL, CASES_WEEKLY)
            }
            signals, cases = (series[name][row.area] for name in (SIGNAL, CASES_WEEKLY))
            weeks = [d for d, q in zip(signals.dates(), signals.value, strict=True) if q <= 0.05]
            assert row.week == weeks[-1]
            assert row.since <= row.week
            assert row.since in weeks
            place = cases.position(row.week)
            assert row.cases == cases.value[place]
    (cagayan,) = [r for r in exact.rows if r.area == "0201500000"]
    assert (cagayan.expected or 0) < 10  # few are expected: for the signed-in alone


def test_few_cases_are_a_signal_without_numbers(weekly: Store) -> None:
    shown = {(r.disease, r.area): r for r in read_signals(weekly, Request()).rows}
    for row in read_signals(weekly, Request(who=SIGNED_IN)).rows:
        public = shown[row.disease, row.area]
        if (row.cases or 0) <= 7:
            assert (public.cases, public.expected, public.bound) == (None, None, None)
            assert public.false_share == FALSE_SHARE
        if public.cases is not None:
            assert public.cases % 5 == 0
            assert abs(public.cases - (row.cases or 0)) <= 2


def test_a_course_ends_with_the_newest_week_and_names_what_is_not_known(weekly: Store) -> None:
    view = read_signals(weekly, Request(disease="dengue", area="1300000000"))
    course = view.course
    assert (view.disease_name, view.area_name) == ("Dengue", "Metro Manila")
    assert len(course.weeks) == 53
    assert course.weeks[-1] == date(2026, 11, 1)
    assert course.states[-1] in {"provisional", "missing"}
    assert sum(value is not None for value in course.expected) == 26
    assert set(course.epidemic) == {None}  # less than three years are known
    assert view.frame.cases_to == date(2026, 11, 7)
    assert view.frame.stale_days is None


def test_unknown_diseases_and_areas_are_named(weekly: Store) -> None:
    with pytest.raises(NoDataError, match="no weekly reports of 'covid19'; choose one of dengue"):
        read_signals(weekly, Request(disease="covid19"))
    with pytest.raises(NoDataError, match="no area '12'"):
        read_signals(weekly, Request(area="12"))


def test_a_store_without_weekly_reports_says_so(published: Store) -> None:
    view = read_signals(published, Request())
    assert (view.rows, view.tested, view.disease) == ((), (), "")
    assert not view.course.weeks
    with pytest.raises(NoDataError, match="choose one of none yet"):
        read_signals(published, Request(disease="dengue"))
    assert read_area(published, Request(area="1300000000")).signals == ()


def test_the_area_page_has_the_same_rows(weekly: Store, view: SignalsView) -> None:
    first = view.rows[0]
    inside = read_area(weekly, Request(area=first.area)).signals
    assert first in inside
    assert {row.area for row in inside} == {first.area}


def test_a_run_of_signals_ends_at_a_quiet_week_not_at_a_silent_one() -> None:
    nan = np.nan
    signals = make_weekly(date(2026, 1, 4), np.array([0.01, 0.9, 0.04, nan, 0.01]))
    assert _first_in_row(signals, 4) == 2


@pytest.mark.parametrize(
    ("cases", "zone"), [(10, "success"), (15, "safety"), (25, "alert"), (31, "epidemic")]
)
def test_a_count_on_a_bound_lies_below_it(cases: float, zone: str) -> None:
    channel = {"low": 10.0, "value": 20.0, "high": 30.0}
    assert _zone({"value": cases}, channel) == zone
    assert _zone({"value": None}, channel) == ""
    assert _zone({"value": cases}, {"low": None, "value": None, "high": None}) == ""
