"""Disclosure control of daily series: counts of persons, and figures made from few of them.

A rate with its population gives the count back, and a ratio of small counts nearly so: where
the count behind a day is suppressed, so is the figure. A range gives it back, too: its width is
that of the count. So a figure from few cases is printed in steps of a tenth of its range, and one
that rests on days not shown one by one is that of the last whole week (`kms.access.shown`).

Values are rounded to the nearest, ranges outwards, in steps of which one is what a range holds or
leaves out: 1 of R, 0 of growth. So a range leaves R = 1 out exactly where the chance that R is
above 1 is beyond 97.5 or 2.5 %, printed as stored. An end rounded outwards lies in an interval of
one step, as one rounded to the nearest does; on which side of 1 it lies the chance beside it tells
already. Counts still to come are rounded to the nearest, ends too (`kms.access.shown`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kms.access.disclosure import DisclosureRule
from kms.domain.indicators import NOT_MET
from kms.domain.series import DAILY, Series
from kms.rounding import nearest, outwards
from metrics.states import State

Floats = NDArray[np.float64]
Columns = tuple[Floats, Floats, Floats]  # value, low, high
DECIMALS = {
    "r_t": 2,
    "p_r_above_1": 2,
    "growth_rate_per_day": 3,
    "doubling_time_days": 1,
    "two_week_growth_rate": 2,
    "compliance_initial": 2,
    "compliance_after": 2,
    "positivity": 2,
    "bed_occupancy": 2,
    "icu_occupancy": 2,
    "ventilator_occupancy": 2,
    "icu_beds_free": 0,
    "nowcast_cases": 0,
    "forecast_cases": 0,
    "days_to_capacity": 0,
    "days_to_icu_capacity": 0,
    "p_capacity_21d": 2,
    "p_icu_capacity_21d": 2,
}
MOST_DECIMALS = 4
COMPLETENESS_DECIMALS = 1  # shares of neighbouring days with more would tell each day's count
SHARE_DECIMALS = 2  # more would tell what part of the cases of a region one case is
SIGNIFICANT_DIGITS = 2  # of rates
NEUTRAL = {"r_t": 1.0}  # neither growing nor shrinking; of all others 0
RANGES = (("low", "high"), ("low50", "high50"))
SHOWN = (State.FINAL, State.PROVISIONAL, State.STALE)


@dataclass(frozen=True, slots=True)
class Behind:
    """Which cases a figure is made from: their time axis ("" that of R), days, periods."""

    basis: str
    days: int
    periods: int = 1  # 2: this period is compared with the one before
    fewest_days: int = 0  # where a figure goes over so many days instead, and readers cannot tell

    @property
    def lengths(self) -> tuple[int, ...]:
        """Every number of days a period of the figure may have."""
        return (self.fewest_days, self.days) if self.fewest_days else (self.days,)


COUNTS = frozenset({"cases_report", "cases_onset", "cases_placeless"})
NOWCAST, FORECAST = "nowcast_cases", "forecast_cases"
EXPECTED = frozenset({NOWCAST, FORECAST})  # counts that are not known yet
PROPORTIONAL = frozenset({"adar_per_100k"})
MADE_FROM = {
    "r_t": Behind("", 14, fewest_days=7),
    "p_r_above_1": Behind("", 14, fewest_days=7),
    "growth_rate_per_day": Behind("", 14),
    "doubling_time_days": Behind("", 14),
    "two_week_growth_rate": Behind("report", 14, periods=2),
    "adar_per_100k": Behind("report", 14),
    NOWCAST: Behind("onset", 1),
    FORECAST: Behind("report", 28),
}


def only_shown(series: Series) -> Series:
    """Blank the figures of days whose state shows none."""
    return _without(series, ~np.isin(series.state, SHOWN))


def disclosed_figures(
    series: Series, cases: Series, indicator: str, rule: DisclosureRule
) -> Series:
    """Return figures without the days that rest on a suppressed count of `cases`."""
    behind = MADE_FROM[indicator]
    sums = [
        window_sums(series, cases.start, cases.value, days=days, shift=p * days)
        for days in behind.lengths
        for p in range(behind.periods)
    ]
    few = np.any([(n > 0) & (n <= rule.threshold) for n in sums], axis=0)
    few &= np.isfinite(series.value)  # a day without a figure keeps its own reason
    hidden = _without(series, few)
    told = replace(hidden, state=np.where(few, float(State.SUPPRESSED), series.state))
    columns = told.value, told.low, told.high
    if indicator in PROPORTIONAL:
        columns = rate_of_rounded(columns, sums[0], rule)
    elif behind.periods > 1:
        columns = growth_of_rounded(columns, sums[0], sums[1], rule)
    return replace(told, value=columns[0], low=columns[1], high=columns[2])


def disclosed_share(series: Series, persons: Series, rule: DisclosureRule) -> Series:
    """Return shares without the days on which few persons are behind them; both on one axis."""
    few = (persons.value > 0) & (persons.value <= rule.threshold) & np.isfinite(series.value)
    hidden = _without(series, few)
    return replace(hidden, state=np.where(few, float(State.SUPPRESSED), series.state))


def rate_of_rounded(columns: Columns, cases: Floats, rule: DisclosureRule) -> Columns:
    """Return a rate and its range as the rounded count gives them."""
    factor = _of_exact(cases, rule)
    return columns[0] * factor, columns[1] * factor, columns[2] * factor


def growth_of_rounded(
    columns: Columns, later: Floats, earlier: Floats, rule: DisclosureRule
) -> Columns:
    """Return a growth and its range as the rounded counts of both periods give them.

    The exact ratio of two counts, each known to within 2, mostly has one solution.
    """
    factor = _of_exact(later, rule) / _of_exact(earlier, rule)
    value, low, high = ((1 + column) * factor - 1 for column in columns)
    return value, low, high


def printed(indicator: str, figures: Floats) -> Floats:
    """Round figures to what may be published: more digits would give exact counts back."""
    return _exactly_decimal(nearest(figures, _per_unit(indicator, figures)))


def printed_range(indicator: str, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Round the ends of ranges outwards to as many digits as figures have."""
    least, _ = outwards(low, low, _per_unit(indicator, low))
    _, most = outwards(high, high, _per_unit(indicator, high))
    return _exactly_decimal(least), _exactly_decimal(most)


def rounded(series: Series, indicator: str) -> Series:
    """Round every column to what may be published: the ends of ranges outwards."""
    columns: dict[str, Any] = {"value": printed(indicator, series.value)}
    for ends in RANGES:
        found = printed_range(indicator, *(getattr(series, name) for name in ends))
        columns |= dict(zip(ends, found, strict=True))
    columns["completeness"] = np.round(series.completeness, COMPLETENESS_DECIMALS)
    return replace(series, **columns)


def _per_unit(indicator: str, figures: Floats) -> Floats:
    """Return how many steps in which figures are printed make one: by decimals, or by digits."""
    if indicator not in PROPORTIONAL:
        decimals = SHARE_DECIMALS if indicator.startswith(NOT_MET) else MOST_DECIMALS
        return np.asarray(10.0 ** DECIMALS.get(indicator, decimals))
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.floor(np.log10(np.abs(figures)))
    size = np.where(np.isfinite(size), size, 0.0)
    found: Floats = 10.0 ** (SIGNIFICANT_DIGITS - 1 - size)
    return found


def _exactly_decimal(figures: Floats) -> Floats:
    """Remove what dividing by a power of ten below 1 leaves behind the last digit."""
    return np.round(figures, 10)


def _of_exact(cases: Floats, rule: DisclosureRule) -> Floats:
    """Return the rounded count over the exact one, 1 where there are none; any shape."""
    exact = np.atleast_1d(np.nan_to_num(cases))
    shown = np.where(exact > rule.threshold, np.round(exact / rule.base) * rule.base, 0.0)
    result = np.divide(shown, exact, out=np.ones_like(shown), where=shown > 0)
    return result.reshape(np.shape(cases))


def window_sums(
    series: Series, first: date, counts: Floats, *, days: int, shift: int = 0
) -> Floats:
    """Return the sum of the `days` up to each day of a series, `shift` days earlier.

    `counts` begin on the day `first`; days outside them, and NaN, count as none.
    """
    if series.step != DAILY:
        raise ValueError(f"a series of steps of {series.step} days has no windows of days")
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(counts))])
    place = (series.start - timedelta(days=shift) - first).days
    ends = np.clip(np.arange(len(series)) + place + 1, 0, len(counts))
    sums: Floats = total[ends] - total[np.clip(ends - days, 0, None)]
    return sums


def _without(series: Series, hidden: NDArray[np.bool_]) -> Series:
    names = ("value", "low", "high", "low50", "high50")
    columns: dict[str, Any] = {n: np.where(hidden, np.nan, getattr(series, n)) for n in names}
    return replace(series, **columns)
