"""A figure's series as somebody may see it: the one way from stored series to readers.

Pages, interface, files and briefs all take their figures from here, so that none tells more than
another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kms.access.bands import bands
from kms.access.disclosure import DisclosureRule
from kms.access.figures import (
    COMPLETENESS_DECIMALS,
    EXPECTED,
    FORECAST,
    MADE_FROM,
    NEUTRAL,
    PROPORTIONAL,
    RANGES,
    Behind,
    Columns,
    Floats,
    disclosed_figures,
    only_shown,
    rounded,
    window_sums,
)
from kms.access.weeks import WEEK, ShownCounts, week_ends
from kms.domain.series import Series
from kms.rounding import nearest, outwards
from metrics.states import State

CHANCE, DOUBLING = "p_r_above_1", "doubling_time_days"
STEPS = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0])
STEPS_PER_RANGE = 10
_VALUES = ("value", "low", "high", "low50", "high50")
_UNTOLD = (State.HIDDEN, State.MISSING)


@dataclass(frozen=True, slots=True)
class Shown:
    """A series as it may be shown; `origin` is the day each day's figure is really of.

    A chance of which only the band may be told has the state suppressed and, as value, the
    band's end nearest to even.
    """

    series: Series
    origin: NDArray[np.int64]

    def held(self) -> NDArray[np.bool_]:
        """Tell on which days a figure of an earlier day stands."""
        own: NDArray[np.bool_] = self.origin == np.arange(len(self.series))
        return ~own & (self.origin >= 0)

    def at_home(self) -> Series:
        """Return each figure on the day it is of, and nothing on days that would repeat it."""
        held = self.held()
        columns: dict[str, Any] = {
            name: np.where(held, np.nan, getattr(self.series, name)) for name in _VALUES
        }
        columns["state"] = np.where(held, float(State.SUPPRESSED), self.series.state)
        columns["completeness"] = np.where(held, np.nan, self.series.completeness)
        return replace(self.series, **columns)

    def newest(self) -> int:
        """Return where the newest figure stands, on the day it is of; -1 where there is none."""
        if not len(self.series):
            return -1
        told = self.series.last_told()
        place = len(self.series) - 1 if told is None else told
        return int(self.origin[place]) if self.origin[place] >= 0 else place


def shown_figures(
    series: Series, counts: ShownCounts, indicator: str, rule: DisclosureRule
) -> Shown:
    """Return the figures of an indicator that is made from cases, as a rule lets them be shown."""
    days, shown = np.arange(len(series)), only_shown(series)
    if rule.is_exact:
        return Shown(shown, days)
    if indicator in EXPECTED:
        return Shown(_expected(shown, counts, indicator, rule), days)
    behind = MADE_FROM[indicator]
    told = rounded(disclosed_figures(shown, counts.exact, indicator, rule), indicator)
    weekly = told
    if indicator in PROPORTIONAL or behind.periods > 1:
        weekly = rounded(_from_weeks(shown, counts, indicator), indicator)
    else:
        few = _few(series, counts, behind, rule)
        told = weekly = _coarse(told, shown, few, indicator)
    held = _held(series, counts, behind)
    first = (series.start - counts.exact.start).days
    ends = week_ends(series.start, len(series))
    # The first weeks of the counts may be no whole ones.
    ends = np.where((ends >= 0) & (ends + first - WEEK + 1 >= 0), ends, -1)
    origin = np.where(held, ends, days)
    return Shown(_of_last_week(told, weekly, held, ends), origin)


def _expected(series: Series, counts: ShownCounts, indicator: str, rule: DisclosureRule) -> Series:
    """Return counts to come, rounded as counts are, where the days behind them are shown.

    A nowcast of a day that is all but complete is its count: that one is shown in its place, else
    two roundings of nearly the same number would narrow it down. So do ends rounded outwards
    beside a value rounded to the nearest, where all three are nearly the count known so far: ends
    are rounded as the value is. A forecast rests on the level of four weeks; where one of their
    days is not shown, it would tell of that day.
    """
    days = MADE_FROM[indicator].days
    hidden = counts.hidden.astype(np.float64)
    if indicator == FORECAST:
        untold = np.full(len(series), bool(hidden[-days:].any()))
        complete = np.zeros(len(series), dtype=np.bool_)
    else:
        untold = window_sums(series, counts.exact.start, hidden, days=days) > 0
        complete = series.state == State.FINAL
    columns: dict[str, Any] = {
        name: np.round(getattr(series, name) / rule.base) * rule.base for name in _VALUES
    }
    known = window_sums(series, counts.exact.start, counts.days.value, days=1)
    columns["value"] = np.where(complete, known, columns["value"])
    for name in _VALUES:
        bound = complete & (name != "value")
        columns[name] = np.where(untold | bound, np.nan, columns[name])
    told = np.isfinite(series.value) & untold
    columns["state"] = np.where(told, float(State.SUPPRESSED), series.state)
    columns["completeness"] = np.round(series.completeness, COMPLETENESS_DECIMALS)
    return replace(series, **columns)


def _held(series: Series, counts: ShownCounts, behind: Behind) -> NDArray[np.bool_]:
    """Tell on which days a figure rests on days that are not shown one by one."""
    hidden = window_sums(
        series,
        counts.exact.start,
        counts.hidden.astype(np.float64),
        days=behind.days * behind.periods,
    )
    held: NDArray[np.bool_] = (hidden > 0) & ~np.isin(series.state, _UNTOLD)
    return held


def _of_last_week(
    told: Series, weekly: Series, held: NDArray[np.bool_], ends: NDArray[np.int64]
) -> Series:
    """Return a series that on days held back repeats the figure of the last whole week."""
    known = held & (ends >= 0)
    columns: dict[str, Any] = {}
    for name in (*_VALUES, "state"):
        own = getattr(told, name)
        column = np.where(held, np.nan, own)
        # What that Saturday itself shows: its own figure, if all its days are shown.
        column[known] = np.where(held, getattr(weekly, name), own)[ends[known]]
        columns[name] = column
    columns["state"] = np.where(held & ~known, float(State.SUPPRESSED), columns["state"])
    return replace(told, **columns)


def _from_weeks(series: Series, counts: ShownCounts, indicator: str) -> Series:
    """Return what the shown counts of whole weeks give; it tells nothing beyond them."""
    behind, first = MADE_FROM[indicator], counts.exact.start
    factors = []
    for period in range(behind.periods):
        shift = period * behind.days
        exact = window_sums(series, first, counts.exact.value, days=behind.days, shift=shift)
        shown = _sums_of_weeks(series, counts, days=behind.days, shift=shift)
        factor = np.divide(shown, exact, out=np.ones_like(shown), where=exact > 0)
        factors.append(np.where(np.isfinite(shown), factor, np.nan))
    columns: Columns = series.value, series.low, series.high
    if behind.periods > 1:
        ratio = np.divide(
            factors[0], factors[1], out=np.full_like(factors[0], np.nan), where=factors[1] > 0
        )
        value, low, high = ((1 + column) * ratio - 1 for column in columns)
    else:
        value, low, high = (column * factors[0] for column in columns)
    hidden = np.isnan(value) & np.isfinite(series.value)
    state = np.where(hidden, float(State.SUPPRESSED), series.state)
    return replace(series, value=value, low=low, high=high, state=state)


def _sums_of_weeks(series: Series, counts: ShownCounts, *, days: int, shift: int) -> Floats:
    """Return the shown counts of the whole weeks up to each day, `shift` days earlier, added."""
    first = (series.start - counts.exact.start).days - shift
    weeks = np.concatenate([np.full(shift + days, np.nan), counts.weeks])
    places = np.clip(np.arange(len(series)) + first + shift + days, 0, len(weeks) - 1)
    found: Floats = np.sum([weeks[places - back] for back in range(0, days, WEEK)], axis=0)
    return found


def _few(
    series: Series, counts: ShownCounts, behind: Behind, rule: DisclosureRule
) -> NDArray[np.bool_]:
    """Tell which windows hold so few cases that each of their days might be a suppressed one."""
    few = np.zeros(len(series), dtype=np.bool_)
    for days in behind.lengths:
        cases = window_sums(series, counts.exact.start, counts.exact.value, days=days)
        few |= cases <= rule.threshold * days
    return few


def _coarse(told: Series, exact: Series, few: NDArray[np.bool_], indicator: str) -> Series:
    """Return figures with those from few cases printed in steps of a tenth of their range.

    The width of a range is that of the count behind it: two decimals of R, or three of growth,
    tell a dozen cases exactly. Of a chance only the band is left.
    """
    if indicator == CHANCE:
        band = few & np.isfinite(exact.value)
        return replace(
            told,
            value=np.where(band, bands(exact.value), told.value),
            state=np.where(band, float(State.SUPPRESSED), told.state),
        )
    inverse = indicator == DOUBLING  # of growth, whose steps are even
    source = {name: _per_day(getattr(exact, name), inverse=inverse) for name in _VALUES}
    coarse = _in_steps(source, NEUTRAL.get(indicator, 0.0), inverse=inverse)
    columns: dict[str, Any] = {
        name: np.where(few, _per_day(column, inverse=inverse), getattr(told, name))
        for name, column in coarse.items()
    }
    return rounded(replace(told, **columns), indicator)


def _in_steps(source: dict[str, Floats], neutral: float, *, inverse: bool) -> dict[str, Floats]:
    """Round values to the nearest step and ranges outwards; `neutral` is a step.

    A range that does not reach below 0 is not printed so: there is no R below 0.
    """
    width = np.abs(source["high"] - source["low"])
    places = np.searchsorted(STEPS, np.nan_to_num(width) / STEPS_PER_RANGE)
    per_unit = 1 / STEPS[np.clip(places, 0, len(STEPS) - 1)]
    coarse = {"value": nearest(source["value"], per_unit, through=neutral)}
    for ends in RANGES:
        least, most = ends[::-1] if inverse else ends  # the fastest growth doubles first
        low, high = outwards(source[least], source[most], per_unit, through=neutral)
        coarse[least] = np.where(source[least] >= 0, np.maximum(low, 0.0), low)
        coarse[most] = high
    return coarse


def _per_day(column: Floats, *, inverse: bool) -> Floats:
    """Turn days of doubling into growth a day and back; nothing grows in no time or never."""
    if not inverse:
        return column
    some = np.isfinite(column) & (column != 0)
    return np.divide(np.log(2), column, out=np.full_like(column, np.nan), where=some)
