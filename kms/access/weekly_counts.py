"""Disclosure of weekly counts of notifiable diseases, and of what is made from them.

Counts follow the rule for weeks (`kms.access.weeks`): 1 to `threshold` cases are suppressed, others
rounded, a neighbour is suppressed with a week that subtraction would narrow, and all inside an
area with it. A week without a report is no secret. What is made from counts must not give the
hidden ones back:

- an expected count is the sum of seven weeks over seven, and two in a row differ by two weeks: it
  is shown rounded as a count, and not at all while one of those weeks is hidden or where it is few;
- quartiles of earlier years are counts of earlier years: the same, for every week they are of;
- a signal has a p-value, and so the count itself: of q only the band is told, and of a hidden
  count nothing but that it signals. Not even "too few cases to signal" is told of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kms.access.disclosure import DisclosureRule
from kms.access.figures import SHARE_DECIMALS, only_shown
from kms.access.weeks import Flags, rounded_counts
from kms.domain.indicators import (
    BASELINE_WEEKS,
    CASES_EXPECTED,
    CHANNEL_NEIGHBOURS,
    CHANNEL_YEARS,
    FALSE_SHARE,
    GUARD_WEEKS,
    SIGNAL,
)
from kms.domain.series import Series
from metrics.states import State

YEAR = 52  # weeks
SIGNAL_BANDS = (0.001, 0.01, FALSE_SHARE)
_VALUES = ("value", "low", "high", "low50", "high50")
_NO_REPORT = (State.HIDDEN, State.MISSING)


@dataclass(frozen=True, slots=True)
class ShownWeeks:
    """Weekly counts as somebody may see them; `hidden` marks weeks whose count is not shown."""

    exact: Series
    weeks: Series
    hidden: Flags


def shown_weeks(series: Series, rule: DisclosureRule, withheld: Flags | None = None) -> ShownWeeks:
    """Return weekly counts as a rule lets them be shown; `withheld` marks those of others' sake."""
    told = np.isfinite(series.value)
    few = (series.value >= 1) & (series.value <= rule.threshold)
    hidden: Flags = told & (few if withheld is None else few | withheld)
    weeks = replace(
        series,
        value=np.where(hidden, np.nan, rounded_counts(series.value, rule)),
        state=np.where(hidden, float(State.SUPPRESSED), series.state),
        # A share of places, not of persons; two decimals are enough to read it.
        completeness=np.round(series.completeness, SHARE_DECIMALS),
    )
    return ShownWeeks(series, weeks, hidden)


def shown_from_weeks(
    series: Series, counts: ShownWeeks, indicator: str, rule: DisclosureRule
) -> Series:
    """Return what is made from weekly counts, as a rule lets it be shown."""
    if rule.is_exact:
        return only_shown(series)
    series = replace(series, completeness=np.round(series.completeness, SHARE_DECIMALS))
    if indicator == SIGNAL:
        return _signal(series, _at(counts.hidden, series, counts, 0))
    rests = _baseline(series, counts) if indicator == CASES_EXPECTED else _earlier(series, counts)
    return _rounded(only_shown(series), rests, rule)


def signal_band(q: float) -> float:
    """Return the upper end of the band of a share of false signals; 1 beyond the last."""
    return next((end for end in SIGNAL_BANDS if q <= end), 1.0)


def _signal(series: Series, hidden: Flags) -> Series:
    """Return the bands of signals; of hidden counts only those that signal."""
    bands = np.array([signal_band(q) if np.isfinite(q) else np.nan for q in series.value])
    few = np.isin(series.state, (State.TOO_FEW,))
    quiet = np.isin(series.state, _NO_REPORT)
    value = np.where(few | quiet, np.nan, bands)
    least = np.where(value <= FALSE_SHARE, FALSE_SHARE, np.nan)
    return replace(
        series,
        value=np.where(hidden, least, value),
        state=np.where(hidden & ~quiet, float(State.SUPPRESSED), series.state),
    )


def _rounded(series: Series, rests_on_hidden: Flags, rule: DisclosureRule) -> Series:
    """Return figures rounded as counts; few, or resting on hidden weeks, they are not shown."""
    told = np.isfinite(series.value)
    gone = told & (rests_on_hidden | (series.value < rule.threshold + 0.5))
    columns: dict[str, Any] = {
        name: np.where(gone, np.nan, rounded_counts(getattr(series, name), rule))
        for name in _VALUES
    }
    state = np.where(gone, float(State.SUPPRESSED), series.state)
    return replace(series, **columns, state=state)


def _baseline(series: Series, counts: ShownWeeks) -> Flags:
    """Tell which weeks are compared with weeks of which one is hidden, or not there."""
    back = range(GUARD_WEEKS + 1, GUARD_WEEKS + 1 + BASELINE_WEEKS)
    found: Flags = np.any([_at(counts.hidden, series, counts, lag) for lag in back], axis=0)
    return found


def _earlier(series: Series, counts: ShownWeeks) -> Flags:
    """Tell of which weeks one of the same weeks of earlier years is hidden."""
    back = [
        year * YEAR + shift
        for year in range(1, CHANNEL_YEARS + 1)
        for shift in range(-CHANNEL_NEIGHBOURS, CHANNEL_NEIGHBOURS + 1)
    ]
    found: Flags = np.any([_at(counts.hidden, series, counts, lag) for lag in back], axis=0)
    return found


def _at(hidden: Flags, series: Series, counts: ShownWeeks, lag: int) -> Flags:
    """Return for each week of a series whether the one `lag` weeks before is hidden."""
    first = (series.start - counts.exact.start).days // series.step - lag
    places = first + np.arange(len(series))
    inside = (places >= 0) & (places < len(hidden))
    found: Flags = inside & hidden[np.clip(places, 0, len(hidden) - 1)]
    return found
