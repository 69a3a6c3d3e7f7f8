"""The demonstration's calendar: its clock, its release days, the holidays that delay reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from kms.config import MANILA

CLOCK = datetime(2026, 11, 16, 2, 10, tzinfo=MANILA)
LAST_DAY = date(2026, 11, 15)
PUBLISHED_AT = time(16, 0, tzinfo=MANILA)
NEVER = 4_000_000
"""A day (proleptic ordinal) after every release."""
DAILY_RELEASES = 7
WEEKLY_RELEASES = 12
INSPECTION_RELEASES = (
    date(2026, 7, 27),
    date(2026, 8, 24),
    date(2026, 9, 28),
    date(2026, 10, 26),
)
"""Monthly; November's is missing, so that the source is overdue on the demonstration's clock."""
DISEASE_RELEASES = tuple(date(2026, 11, 12) - timedelta(weeks=lag) for lag in range(12))[::-1]
"""Thursdays."""
FACILITY_RELEASES = (date(2026, 10, 11), date(2026, 11, 8), date(2026, 11, 15))
FACILITIES_FROM = date(2026, 6, 14)
"""First day of beds and tests: 120 days before their first release."""
INVESTIGATIONS_FROM = date(2026, 7, 19)
"""First report day of case investigations: 120 days up to `LAST_DAY`."""
DAILY_INVESTIGATIONS = 3
"""So many of the last days bring case investigations, beside every Sunday."""
INJURIES_FROM = date(2025, 1, 1)
INJURY_RELEASES = tuple(date(2026, month, 20) for month in range(5, 11))
"""The day reports of the month before are due."""
EXPOSURE_YEAR, EXPOSURE_RELEASE = 2025, date(2026, 2, 20)


@dataclass(frozen=True)
class Backlog:
    """Days on which few reports come out, and the day they are announced together."""

    first: date
    last: date
    dump: date
    dump_days: int
    share_held: float


BACKLOGS = (
    Backlog(date(2025, 12, 24), date(2026, 1, 1), date(2026, 1, 3), 4, 0.65),
    Backlog(date(2026, 4, 2), date(2026, 4, 5), date(2026, 4, 6), 3, 0.60),
)
"""Christmas 2025 and Holy Week 2026 (Easter Sunday: 5 April)."""


def first_onset(months: int) -> date:
    """Return the day after `LAST_DAY`, so many calendar months earlier."""
    after = LAST_DAY + timedelta(days=1)
    years, month = divmod(after.year * 12 + after.month - 1 - months, 12)
    return date(years, month + 1, after.day)


def release_days() -> list[date]:
    """One full history, twelve Sundays, then seven days in a row, the last on `LAST_DAY`."""
    daily = [LAST_DAY - timedelta(days=lag) for lag in range(DAILY_RELEASES)][::-1]
    last_sunday = daily[0] - timedelta(days=1)
    weekly = [last_sunday - timedelta(weeks=lag) for lag in range(WEEKLY_RELEASES + 1)][::-1]
    return weekly + daily


def investigation_days() -> list[date]:
    """Every Sunday on which cases are released, and the last days."""
    days = release_days()
    return [*days[:-DAILY_RELEASES], *days[-DAILY_INVESTIGATIONS:]]


def published_at(day: date) -> datetime:
    """Return the instant a release of that day is published: 16:00 in Manila."""
    return datetime.combine(day, PUBLISHED_AT)
