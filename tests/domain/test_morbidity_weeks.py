"""Morbidity weeks against published ones."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms.domain.calendar.morbidity_weeks import (
    MorbidityWeek,
    morbidity_week,
    sunday_on_or_before,
    weeks_in,
)

LONG_YEARS = {2003, 2008, 2014, 2020, 2025, 2031}  # with a week 53, as CDC's MMWR calendars print
DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize("year", range(2000, 2036))
def test_the_years_with_a_week_53_are_the_published_ones(year: int) -> None:
    assert weeks_in(year) == (53 if year in LONG_YEARS else 52)


@pytest.mark.parametrize(
    ("day", "year", "week"),
    [
        (date(2014, 12, 31), 2014, 53),
        (date(2015, 1, 3), 2014, 53),
        (date(2015, 1, 4), 2015, 1),
        (date(2016, 1, 2), 2015, 52),
        (date(2018, 2, 17), 2018, 7),
        (date(2019, 12, 29), 2020, 1),
        (date(2020, 3, 15), 2020, 12),
        (date(2021, 1, 2), 2020, 53),
        (date(2021, 1, 3), 2021, 1),
        (date(2023, 1, 1), 2023, 1),
        (date(2025, 12, 28), 2025, 53),
        (date(2026, 1, 3), 2025, 53),
        (date(2026, 1, 26), 2026, 4),
    ],
)
def test_days_lie_in_their_published_weeks(day: date, year: int, week: int) -> None:
    assert morbidity_week(day) == (year, week)


@given(DAYS)
def test_a_day_lies_in_the_seven_days_of_its_week(day: date) -> None:
    found = morbidity_week(day)
    assert found.sunday.isoweekday() == 7
    assert timedelta() <= day - found.sunday < timedelta(days=7)
    assert found.sunday == sunday_on_or_before(day)


@given(DAYS)
def test_most_days_of_a_week_lie_in_its_year(day: date) -> None:
    found = morbidity_week(day)
    years = [(found.sunday + timedelta(days=n)).year for n in range(7)]
    assert years.count(found.year) >= 4


@given(DAYS)
def test_weeks_follow_each_other(day: date) -> None:
    found, following = morbidity_week(day), morbidity_week(day + timedelta(days=7))
    assert following > found
    assert following in {(found.year, found.week + 1), (found.year + 1, 1)}


@pytest.mark.parametrize("week", [0, 53, -1])
def test_a_week_that_is_not_there_has_no_days(week: int) -> None:
    with pytest.raises(ValueError, match=f"there is no morbidity week {week} in 2026; give 1 to"):
        assert MorbidityWeek(2026, week).sunday
