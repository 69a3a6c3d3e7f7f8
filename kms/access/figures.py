"""Disclosure control of daily series: counts of persons, and figures made from few of them.

A rate with its population gives the count back, and a ratio of small counts nearly so: where
the count behind a day is suppressed, so is the figure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kms.access.disclosure import DisclosureRule
from kms.domain.series import Series
from metrics.states import State

Floats = NDArray[np.float64]
DECIMALS = 4  # exact figures would give exact counts back
SHOWN = (State.FINAL, State.PROVISIONAL, State.STALE)


@dataclass(frozen=True, slots=True)
class Behind:
    """Which cases a figure is made from: their time axis ("" that of R), days, periods."""

    basis: str
    days: int
    periods: int = 1  # 2: this period is compared with the one before


COUNTS = frozenset({"cases_report", "cases_onset", "cases_placeless"})
PROPORTIONAL = frozenset({"adar_per_100k"})
MADE_FROM = {
    "r_t": Behind("", 7),
    "p_r_above_1": Behind("", 7),
    "growth_rate_per_day": Behind("", 14),
    "doubling_time_days": Behind("", 14),
    "two_week_growth_rate": Behind("report", 14, periods=2),
    "adar_per_100k": Behind("report", 14),
}


def only_shown(series: Series) -> Series:
    """Blank the figures of days whose state shows none."""
    return _without(series, ~np.isin(series.state, SHOWN))


def disclosed_counts(series: Series, rule: DisclosureRule) -> Series:
    """Return counts as they may be shown; suppressed ones are blank and say so."""
    shown = rule.counts([int(n) if np.isfinite(n) else None for n in series.value])
    value = np.array([np.nan if n is None else n for n in shown], dtype=np.float64)
    hidden = np.isnan(value) & np.isfinite(series.value)
    state = np.where(hidden, float(State.SUPPRESSED), series.state)
    return replace(series, value=value, state=state)


def disclosed_figures(
    series: Series, cases: Series, indicator: str, rule: DisclosureRule
) -> Series:
    """Return figures without the days that rest on a suppressed count of `cases`."""
    behind = MADE_FROM[indicator]
    sums = [
        _sums(series, cases, days=behind.days, shift=period * behind.days)
        for period in range(behind.periods)
    ]
    few = np.any([(n > 0) & (n <= rule.threshold) for n in sums], axis=0)
    few &= np.isfinite(series.value)  # a day without a figure keeps its own reason
    hidden = _without(series, few)
    told = replace(hidden, state=np.where(few, float(State.SUPPRESSED), series.state))
    if indicator not in PROPORTIONAL:
        return told
    shown = np.array([rule.count(int(n)) or 0 for n in sums[0]], dtype=np.float64)
    factor = np.divide(shown, sums[0], out=np.ones_like(shown), where=sums[0] > 0)
    return replace(told, value=told.value * factor, low=told.low * factor, high=told.high * factor)


def rounded(series: Series) -> Series:
    """Round every column to what may be published."""
    names = ("value", "low", "high", "low50", "high50", "completeness")
    columns: dict[str, Any] = {n: np.round(getattr(series, n), DECIMALS) for n in names}
    return replace(series, **columns)


def _sums(series: Series, cases: Series, *, days: int, shift: int) -> Floats:
    """Return the cases of the `days` up to each day of a series, `shift` days earlier."""
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(cases.value))])
    first = (series.start - timedelta(days=shift) - cases.start).days
    ends = np.clip(np.arange(len(series)) + first + 1, 0, len(cases))
    sums: Floats = total[ends] - total[np.clip(ends - days, 0, None)]
    return sums


def _without(series: Series, hidden: NDArray[np.bool_]) -> Series:
    names = ("value", "low", "high", "low50", "high50")
    columns: dict[str, Any] = {n: np.where(hidden, np.nan, getattr(series, n)) for n in names}
    return replace(series, **columns)
