"""Morbidity weeks of PIDSR (and CDC's MMWR): Sunday to Saturday, numbered in their own year.

Week 1 is the first with at least four days in the new year, so the first days of January may
belong to the year before and the last of December to the year after. ISO weeks differ.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

_WEEK = timedelta(days=7)
_MIDDLE = timedelta(days=3)  # from a week's Sunday to its Wednesday, which names its year


class MorbidityWeek(NamedTuple):
    """A week by its year and number; weeks compare in their order in time."""

    year: int
    week: int

    @property
    def sunday(self) -> date:
        """The day it begins; raise `ValueError` when the year has no such week."""
        if not 1 <= self.week <= weeks_in(self.year):
            raise ValueError(
                f"there is no morbidity week {self.week} in {self.year}; "
                f"give 1 to {weeks_in(self.year)}"
            )
        return _first_sunday(self.year) + (self.week - 1) * _WEEK


def sunday_on_or_before(day: date) -> date:
    """Return the day on which a day's week begins."""
    return day - timedelta(days=day.isoweekday() % 7)


def morbidity_week(day: date) -> MorbidityWeek:
    """Return the morbidity week of a day."""
    sunday = sunday_on_or_before(day)
    year = (sunday + _MIDDLE).year
    return MorbidityWeek(year, (sunday - _first_sunday(year)) // _WEEK + 1)


def weeks_in(year: int) -> int:
    """Return how many morbidity weeks a year has: 52 or 53."""
    return (_first_sunday(year + 1) - _first_sunday(year)) // _WEEK


def _first_sunday(year: int) -> date:
    """Return the day week 1 begins: the Sunday on or before 4 January."""
    return sunday_on_or_before(date(year, 1, 4))
