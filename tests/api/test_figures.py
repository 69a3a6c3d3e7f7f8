"""Disclosure of series: by hand, and for any counts."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kms.access.disclosure import DisclosureRule
from kms.access.figures import Floats, disclosed_figures, only_shown
from kms.access.weeks import shown_counts
from kms.domain.series import make_series
from metrics.states import State

START = date(2021, 1, 1)
RULE = DisclosureRule()
COUNTS = st.lists(st.integers(0, 40), min_size=30, max_size=60)


def fortnight_sums(counts: list[int]) -> Floats:
    """Return the sum of each day and the 13 before."""
    return np.array([sum(counts[max(0, day - 13) : day + 1]) for day in range(len(counts))])


@given(COUNTS)
def test_no_count_of_one_to_seven_is_shown(counts: list[int]) -> None:
    shown = shown_counts(make_series(START, np.array(counts, dtype=float)), RULE).days
    for exact, value, state in zip(counts, shown.value, shown.state, strict=True):
        if 1 <= exact <= RULE.threshold or np.isnan(value):  # others may share its week
            assert np.isnan(value)
            assert state == State.SUPPRESSED
        else:
            assert value == RULE.count(exact)
            assert state == State.FINAL


@given(COUNTS)
def test_a_rate_is_that_of_the_rounded_count(counts: list[int]) -> None:
    sums = fortnight_sums(counts)
    cases = make_series(START, np.array(counts, dtype=float))
    rate = make_series(START, sums * 0.01, low=sums * 0.005, high=sums * 0.02)
    shown = disclosed_figures(rate, cases, "adar_per_100k", RULE)
    for exact, value, high in zip(sums, shown.value, shown.high, strict=True):
        rounded = RULE.count(int(exact))
        if rounded is None:
            assert np.isnan(value)
            assert np.isnan(high)
        else:
            assert np.isclose(value, rounded * 0.01)


@given(COUNTS)
def test_growth_needs_both_fortnights(counts: list[int]) -> None:
    sums = fortnight_sums(counts)
    cases = make_series(START, np.array(counts, dtype=float))
    growth = make_series(START, np.ones(len(counts)))
    shown = disclosed_figures(growth, cases, "two_week_growth_rate", RULE)
    for day, value in enumerate(shown.value):
        behind = [sums[day], sums[day - 14] if day >= 14 else 0]
        few = any(1 <= number <= RULE.threshold for number in behind)
        assert np.isnan(value) == few


def test_a_figure_that_starts_later_is_matched_by_date() -> None:
    cases = make_series(START, np.array([0] * 20 + [3] + [0] * 20, dtype=float))
    r = make_series(date(2021, 1, 8), np.ones(34))
    shown = disclosed_figures(r, cases, "r_t", RULE)
    hidden = [day for day, state in zip(shown.dates(), shown.state, strict=True) if state]
    assert hidden == [date(2021, 1, 21) + timedelta(days=day) for day in range(14)]


def test_values_in_a_state_that_shows_none_are_blank() -> None:
    states = [float(state) for state in State]
    shown = only_shown(make_series(START, np.ones(len(states)), state=np.array(states)))
    told = {State(int(s)) for s, v in zip(shown.state, shown.value, strict=True) if v == 1}
    assert told == {State.FINAL, State.PROVISIONAL, State.STALE}
