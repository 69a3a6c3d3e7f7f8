"""Counts over time and along the tree: by day, by week or not at all, for any counts."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kms.access.bands import EDGES, LABELS, NEAREST, Banded, bands
from kms.access.disclosure import EXACT, DisclosureRule
from kms.access.shown import shown_figures
from kms.access.weeks import WEEK, shown_counts, withheld_weeks
from kms.domain.series import Series, make_series
from kms.texts import texts
from kms.wording import trend
from metrics.states import State

RULE = DisclosureRule()
SUNDAY = date(2021, 1, 3)
DAILY = st.lists(st.one_of(st.integers(0, 12), st.integers(0, 60)), min_size=21, max_size=70)
FAMILY = st.lists(
    st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=1, max_size=6
)  # the weekly counts of areas inside one


def series(counts: list[int], start: date = SUNDAY) -> Series:
    return make_series(start, np.array(counts, dtype=float))


def weekly(counts: list[int]) -> Series:
    """Give a series with each week's count on its first day."""
    return series([n for count in counts for n in (count, 0, 0, 0, 0, 0, 0)])


@settings(deadline=None)
@given(DAILY)
def test_a_week_is_shown_by_day_or_as_a_whole_or_not(counts: list[int]) -> None:
    shown = shown_counts(series(counts), RULE)
    for first in range(0, len(counts) - WEEK + 1, WEEK):
        days = counts[first : first + WEEK]
        small = any(1 <= n <= RULE.threshold for n in days)
        hidden = shown.hidden[first : first + WEEK]
        assert hidden.all() == small
        assert hidden.any() == small
        total = sum(days)
        suppressed = 1 <= total <= RULE.threshold
        assert np.isnan(shown.weeks[first]) == suppressed
        if not suppressed:
            assert shown.weeks[first] == RULE.count(total)
        if not small:
            assert shown.days.value[first : first + WEEK].tolist() == [RULE.count(n) for n in days]


@settings(deadline=None)
@given(DAILY, st.integers(0, 6))
def test_a_week_that_is_not_over_has_no_sum_and_follows_the_one_before(
    counts: list[int], late: int
) -> None:
    start = date(2021, 1, 3 + late)
    shown = shown_counts(series(counts, start), RULE)
    left = (start.toordinal() + len(counts)) % WEEK  # days since the last Saturday
    if left and len(counts) - left > WEEK:
        assert np.isnan(shown.weeks[-1])
        if shown.hidden[-1 - left]:
            assert shown.hidden[-left:].all()


@settings(deadline=None)
@given(DAILY)
def test_exact_eyes_see_all(counts: list[int]) -> None:
    shown = shown_counts(series(counts), EXACT)
    assert shown.days.value.tolist() == counts
    assert not shown.hidden.any()


@settings(deadline=None)
@given(FAMILY)
def test_what_is_shown_of_a_family_bounds_no_hidden_week(counts: list[list[int]]) -> None:
    parts = np.array(counts)
    parent = weekly(parts.sum(axis=0).tolist())
    inside = [weekly(list(part)) for part in counts]
    withheld = withheld_weeks(parent, inside, RULE)
    whole = shown_counts(parent, RULE).weeks[::WEEK]
    weeks = np.array(
        [
            shown_counts(one, RULE, hidden).weeks[::WEEK]
            for one, hidden in zip(inside, withheld, strict=True)
        ]
    )
    for column in np.flatnonzero(np.isfinite(whole)):
        hidden = np.isnan(weeks[:, column])
        others = weeks[~hidden, column]
        most = whole[column] + 2 - sum(max(n - 2, 0) for n in others)
        for exact in parts[hidden, column]:
            if 1 <= exact <= RULE.threshold:
                # It may be none, or more than shown by any single bound.
                assert most >= exact
                assert hidden.sum() > 1 or most - 4 * (1 + (others > 0).sum()) <= 1 or most >= 8


def test_the_smallest_neighbour_is_hidden_with_a_small_week() -> None:
    inside = [weekly([40]), weekly([13]), weekly([3])]
    hidden = withheld_weeks(weekly([56]), inside, RULE)
    assert hidden[:, 0].tolist() == [False, True, False]  # the third hides itself


def test_inside_an_area_whose_week_is_suppressed_nothing_is_shown() -> None:
    inside = [weekly([3]), weekly([0]), weekly([1])]
    assert withheld_weeks(weekly([4]), inside, RULE)[:, 0].tolist() == [True, True, True]


def test_zeros_are_hidden_where_no_other_area_is_shown() -> None:
    inside = [weekly([7]), weekly([7]), weekly([0])]
    assert withheld_weeks(weekly([14]), inside, RULE)[:, 0].tolist() == [False, False, True]


def test_a_figure_of_days_not_shown_is_that_of_the_last_whole_week() -> None:
    counts = shown_counts(series([3] * 35), RULE)
    values = np.arange(35) / 100 + 1
    r = make_series(SUNDAY, values, low=values - 0.4, high=values + 0.5)
    shown = shown_figures(r, counts, "r_t", RULE)
    saturdays = np.array([6, 13, 20, 27, 34])
    assert shown.series.value[13:20].tolist() == [shown.series.value[13]] * 7
    assert shown.origin[13:20].tolist() == [13] * 7
    assert set(np.round(shown.series.value[saturdays] * 10, 6) % 1) == {0.0}
    assert set(shown.series.state[:6]) == {State.SUPPRESSED}
    assert shown_figures(r, counts, "r_t", EXACT).series.value.tolist() == values.tolist()


def test_a_rate_of_weeks_is_that_of_their_shown_counts() -> None:
    counts = shown_counts(series([2] * 28), RULE)
    rate = make_series(SUNDAY, np.full(28, 28 * 0.01), low=np.full(28, 0.2), high=np.full(28, 0.4))
    shown = shown_figures(rate, counts, "adar_per_100k", RULE).series
    assert shown.value[13] == pytest.approx(0.3)  # of 15 and 15, not of 30 less 2
    assert np.isnan(shown.value[12])


@settings(deadline=None)
@given(st.floats(0, 1))
def test_a_band_holds_its_chance_and_says_the_same_word_or_a_more_careful_one(
    chance: float,
) -> None:
    banded = Banded(bands(np.array([chance]))[0])
    place = LABELS.index(banded.label)
    assert (0.0, *EDGES)[place] <= chance <= (*EDGES, 1.0)[place]
    words = [trend(texts("en"), p) for p in (chance, float(banded))]
    careful = {"very likely growing": "likely growing", "very likely shrinking": "likely shrinking"}
    assert words[1] in (words[0], careful.get(words[0]))


def test_the_bands_of_chances_are_in_order() -> None:
    assert list(NEAREST) == sorted(NEAREST)
    assert np.isnan(bands(np.array([np.nan]))[0])


def test_held_days_repeat_what_their_saturday_shows() -> None:
    counts = shown_counts(series([9] * 28 + [2] * 7), RULE)
    rate = make_series(SUNDAY, np.full(35, 1.26), low=np.full(35, 1.0), high=np.full(35, 1.5))
    shown = shown_figures(rate, counts, "adar_per_100k", RULE)
    assert shown.origin[27:34].tolist() == [27] * 7
    assert set(shown.series.value[27:34]) == {shown.series.value[27]}
