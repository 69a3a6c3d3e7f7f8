"""How far an issue may differ from the one before it; each source may set its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Shares are fractions. A limit of None switches its tripwire off.

    Sex and age: DOH re-assigned the codes of its line list on 18 April and 6 May 2020 and took
    it back a day later; between true releases fewer than 1 in 100 persons change either.
    """

    sex_changed: float | None = 0.02  # of persons in both issues
    age_changed: float | None = 0.05  # by other than a birthday
    fewest_shared: int = 50  # persons in both; below, shares say nothing
    total_shrinks: float | None = 0.01  # of all that is counted, the whole country
    region_shrinks: float | None = 0.10  # of a region; residences are corrected
    rows_shrink: float | None = 0.50  # of the rows read
    smallest_loss: int = 20  # counts; smaller losses are corrections
    spike: float | None = 10.0  # times the median of the days before
    fewest_in_spike: int = 100
    gap_days: int | None = 0  # missing days among the newest
    fewest_a_day: int = 10  # below, a day without any is no gap
    stale_days: int | None = 21  # from the newest day to the issue
    frozen: bool = True  # an issue that repeats the one before it
    areas_vanish: bool = True


USUAL = Limits()
# What changes once a year or less may be sent again as it was, and speaks of days long past.
SLOW = Limits(stale_days=None, gap_days=None, frozen=False, spike=None)
