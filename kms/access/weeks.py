"""Disclosure of daily counts over time and along the tree: by day, by week, or not at all.

Rounding each figure is not enough where figures overlap. A week of four suppressed days shown as
30 says that each was 7; sums that slide by a day give each day back; a region less its provinces
gives the small one. So, for whoever does not see exact counts:

- a week with a day of 1 to `threshold` cases is shown as a whole, none of its days by itself;
- weeks are those of the calendar (Sunday to Saturday, as morbidity weeks), never sliding ones;
- a week of 1 to `threshold` cases is suppressed with all its days, zeros, too;
- inside an area whose week is suppressed nothing of that week is shown;
- where the rest of the areas inside another would tell more of a suppressed one than that it lies
  between 1 and `threshold`, the smallest of that rest is suppressed with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from kms.access.disclosure import DisclosureRule
from kms.domain.series import DAILY, Series
from metrics.states import State

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
WEEK = 7
SATURDAY = 6  # of a day's ordinal modulo 7; Sunday, which begins a week, is 0


@dataclass(frozen=True, slots=True)
class ShownCounts:
    """Daily counts as somebody may see them; entries of all columns are days.

    `exact` is what they are made from; `days` the counts shown by day, `weeks` that of the whole
    week a day lies in, NaN where it is not shown; `hidden` marks days not shown one by one.
    """

    exact: Series
    days: Series
    weeks: Floats
    hidden: Flags


def shown_counts(
    series: Series, rule: DisclosureRule, withheld: Flags | None = None
) -> ShownCounts:
    """Return daily counts as a rule lets them be shown; `withheld` marks weeks hidden for others.

    Weekly ones are shown by `kms.access.weekly_counts`.
    """
    if series.step != DAILY:
        raise ValueError(f"a series of steps of {series.step} days has no days to show")
    values = np.nan_to_num(series.value)
    week = week_numbers(series)
    total, days = _added(week, values), np.bincount(week)
    small = _added(week, (values >= 1) & (values <= rule.threshold)) > 0
    suppressed = (total >= 1) & (total <= rule.threshold)
    if withheld is not None:
        suppressed |= withheld
    by_day = ~small & ~suppressed
    # A week still to be completed follows its neighbour, else its days would be shown while it
    # fills, and it as a whole when a small day has come.
    if len(total) > 1:
        by_day[0] &= by_day[1] or days[0] == WEEK
        by_day[-1] &= by_day[-2] or days[-1] == WEEK
    shown = np.where((days == WEEK) & ~suppressed, rounded_counts(total, rule), np.nan)
    hidden = ~by_day[week] & np.isfinite(series.value)
    return ShownCounts(
        exact=series,
        days=replace(
            series,
            value=np.where(hidden, np.nan, rounded_counts(series.value, rule)),
            state=np.where(hidden, float(State.SUPPRESSED), series.state),
            # Shares of neighbouring days are ratios of whole numbers and tell each day's count.
            completeness=series.completeness if rule.is_exact else np.full(len(series), np.nan),
        ),
        weeks=shown[week],
        hidden=hidden,
    )


def withheld_weeks(parent: Series, inside: Sequence[Series], rule: DisclosureRule) -> Flags:
    """Return which weeks of the areas inside another are hidden for the sake of one of them.

    Shape (areas, weeks). All series have the same days, or weeks.
    """
    week = week_numbers(parent)
    whole = _added(week, np.nan_to_num(parent.value))
    parts = np.array([_added(week, np.nan_to_num(series.value)) for series in inside])
    few = (parts >= 1) & (parts <= rule.threshold)
    quiet = (whole >= 1) & (whole <= rule.threshold)
    hidden = np.broadcast_to(quiet, parts.shape).copy()
    told = ~quiet & _tells(whole, parts, few, rule)
    others = np.where(parts > rule.threshold, parts, np.inf)
    smallest = others.argmin(axis=0)
    columns = np.flatnonzero(told & np.isfinite(others.min(axis=0)))
    hidden[smallest[columns], columns] = True
    # No other area is shown: zeros among them are hidden, so that none is known to have cases.
    alone = told & ~np.isfinite(others.min(axis=0))
    hidden |= alone & (parts == 0)
    return hidden


def _tells(whole: Floats, parts: Floats, few: Flags, rule: DisclosureRule) -> Flags:
    """Tell in which weeks the shown counts narrow what a suppressed one may have been."""
    reach, shown = rule.base // 2, ~few
    apart = (parts > 0) & shown
    rest = rounded_counts(whole, rule) - (rounded_counts(parts, rule) * shown).sum(axis=0)
    slack = reach * (1 + apart.sum(axis=0))
    others = few.sum(axis=0) - 1
    least = rest - slack - rule.threshold * others
    most = rest + slack - others
    told: Flags = (others >= 0) & ((least > 1) | (most < rule.threshold))
    return told


def _added(week: NDArray[np.int64], values: Floats | Flags) -> Floats:
    return np.asarray(np.bincount(week, weights=values), dtype=np.float64)


def rounded_counts(counts: Floats, rule: DisclosureRule) -> Floats:
    """Return counts rounded to the rule's base; NaN stays."""
    result: Floats = np.round(counts / rule.base) * rule.base
    return result


def week_numbers(series: Series) -> NDArray[np.int64]:
    """Number the weeks of a series from 0, one number for each of its entries."""
    first = series.start.toordinal()
    days = first + np.arange(len(series)) * series.step
    numbers: NDArray[np.int64] = days // WEEK - first // WEEK
    return numbers


def week_ends(first: date, days: int) -> NDArray[np.int64]:
    """Return where the last Saturday at or before each day stands, relative to the first day."""
    places = np.arange(days)
    ends: NDArray[np.int64] = places - (places + first.toordinal() - SATURDAY) % WEEK
    return ends
