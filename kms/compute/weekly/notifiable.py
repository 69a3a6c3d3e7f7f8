"""Signals in weekly counts of notifiable diseases, and where each week lies among earlier years.

Where three years are known a week is compared with the same season of these (Farrington), else
with the seven weeks that end three weeks before it and the course of the other areas since: without
that a season's rise would signal everywhere, and the country, which has no others, is not judged.
A week of which some places have not reported is compared as it is: what is missing can hide a
signal, and makes none. Such weeks are provisional, and not judged where less than half reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from kms.compute.weekly.reports import WEEK, WeeklyReports, read_weekly_reports
from kms.domain.areas import Areas
from kms.domain.indicators import (
    BASELINE_WEEKS,
    CASES_CHANNEL,
    CASES_EXPECTED,
    CASES_WEEKLY,
    CHANNEL_NEIGHBOURS,
    CHANNEL_YEARS,
    FALSE_SHARE,
    GUARD_WEEKS,
    SIGNAL,
    SIGNAL_LEVEL,
)
from kms.domain.series import make_weekly
from kms.store.publications import Entry
from metrics.incidence import trailing_sum
from metrics.signals.channel import endemic_channel
from metrics.signals.false_discovery import false_discovery
from metrics.signals.farrington import LEAST_YEARS, YEAR, farrington_flexible
from metrics.signals.p_values import p_values
from metrics.states import State

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
JUDGED_WEEKS, CHANNEL_WEEKS = 26, 53
COURSE_WEEKS, COURSE_CASES = 3, 30.0  # below so many cases the others' course is mostly chance
HALF_WINDOW, MOST_YEARS = 3, 5  # weeks to either side of a week of so many earlier years
MOSTLY_REPORTED, HALF_REPORTED = 0.9, 0.5
LEAST_HISTORY_REPORTED = 2 / 3  # of the place-weeks that a week is compared with
CURRENT_WEEKS = 4  # whose signals are listed
SEASONS, LAST_WEEKS = "seasons", "last_weeks"  # what weeks are compared with


@dataclass(frozen=True)
class Notifiable:
    """The entries of a publication, and what was tested, by disease."""

    entries: tuple[Entry, ...] = ()
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """The last N weeks of A areas, each of shape (N, A); NaN where a week is not judged.

    `q` is the smallest share of false signals at which the week signals, no smaller than its own
    p-value allows; `level` the p-value at which a further area would signal.
    """

    expected: Floats
    bound: Floats
    q: Floats
    level: Floats
    few: Flags
    by_season: Flags


def notifiable(
    connection: Connection, areas: Areas, *, source_id: str, as_of: datetime
) -> Notifiable:
    """Compute weekly counts, expected counts, signals and channels of every weekly disease."""
    reports = read_weekly_reports(connection, areas, source_id=source_id, as_of=as_of)
    return judged_reports(reports, areas)


def judged_reports(reports: Iterable[WeeklyReports], areas: Areas) -> Notifiable:
    """Judge the reports of several diseases."""
    entries: list[Entry] = []
    facts: dict[str, Mapping[str, Any]] = {}
    for found in reports:
        if np.isfinite(found.cases).any():
            judged = judge(found, _levels(areas, found.units))
            entries += _entries(found, judged)
            facts[found.disease] = _facts(found, judged)
    return Notifiable(tuple(entries), facts)


def _levels(areas: Areas, units: tuple[str, ...]) -> NDArray[np.int64]:
    """Number the families of areas compared with each other: country, regions, provinces."""
    names = {"country": 0, "region": 1}
    return np.array([names.get(areas.get(unit).level, 2) for unit in units])


def judge(reports: WeeklyReports, levels: NDArray[np.int64]) -> Judged:
    """Compare the last weeks with earlier ones, and choose signals among the areas of a level."""
    weeks = reports.cases.shape[0]
    shape = (min(JUDGED_WEEKS, weeks), reports.cases.shape[1])
    found = {name: np.full(shape, np.nan) for name in ("expected", "bound", "p")}
    few = np.zeros(shape, dtype=np.bool_)
    by_season = _enough_years(reports)[-shape[0] :]
    told = reports.completeness[-shape[0] :]
    may = np.nan_to_num(told) >= HALF_REPORTED
    for level in np.unique(levels):
        own = np.flatnonzero(levels == level)
        for comparison, chosen in (
            (_with_last_weeks, may & ~by_season & _enough_weeks(reports)[-shape[0] :]),
            (_with_seasons, may & by_season),
        ):
            compared = comparison(reports.usual[:, own], reports.cases[:, own], chosen[:, own])
            if compared is not None:
                for name, column in zip(found, compared[:3], strict=True):
                    found[name][:, own] = np.where(chosen[:, own], column, found[name][:, own])
                few[:, own] |= chosen[:, own] & compared[3]
    q, level_p = _chosen(found["p"], levels)
    return Judged(found["expected"], found["bound"], q, level_p, few, by_season)


Compared = tuple[Floats, Floats, Floats, Flags]  # expected, bound, p-value, too few cases
Again = Callable[[Floats, NDArray[np.int64]], tuple[Floats, Flags]]  # of the last week alone


def _with_last_weeks(usual: Floats, cases: Floats, chosen: Flags) -> Compared | None:
    """Compare with the seven weeks that end three weeks before, and the course of the others."""
    kept, lead = chosen.shape[0], BASELINE_WEEKS + GUARD_WEEKS
    if usual.shape[0] <= lead or usual.shape[1] == 1 or not chosen.any():
        return None
    course = _course_of_others(usual)
    settings: dict[str, Any] = {
        "baseline": BASELINE_WEEKS, "guard": GUARD_WEEKS, "level": SIGNAL_LEVEL, "weekday": "none",
    }  # fmt: skip
    whole = p_values(usual, course=course, last=kept, **settings)
    missing = kept - whole.t.size  # weeks before the first that has a baseline
    alpha = dict(zip(whole.t.tolist(), whole.alpha.tolist(), strict=True))

    def again(table: Floats, own: NDArray[np.int64]) -> tuple[Floats, Flags]:
        weeks = table.shape[0]
        known = course[:weeks, own]
        found = p_values(table, course=known, last=1, alpha=alpha[weeks], **settings)
        return found.p_value[0], found.state[0] == State.TOO_FEW

    few = whole.state == State.TOO_FEW
    few = np.concatenate([np.zeros((missing, few.shape[1]), dtype=np.bool_), few])
    expected, bound, p = (
        np.concatenate([np.full((missing, column.shape[1]), np.nan), column])
        for column in (whole.expected, whole.least_count - 1.0, whole.p_value)
    )
    compared = expected, bound, p, few
    return _as_reported(usual, cases, chosen=chosen, again=again, compared=compared)


def _course_of_others(usual: Floats) -> Floats:
    """Return how the cases of all other areas moved, up to a constant, shape (W, A)."""
    others = usual.sum(axis=1, keepdims=True) - usual
    padded = np.vstack([np.repeat(others[:1], COURSE_WEEKS - 1, axis=0), others])
    course: Floats = trailing_sum(padded, COURSE_WEEKS) + COURSE_CASES
    return course


def _with_seasons(usual: Floats, cases: Floats, chosen: Flags) -> Compared | None:
    """Compare with the same season of three to five earlier years."""
    if not chosen.any():
        return None
    kept = chosen.shape[0]
    settings: dict[str, Any] = {
        "years": MOST_YEARS, "half_window": HALF_WINDOW, "level": SIGNAL_LEVEL,
    }  # fmt: skip
    whole = farrington_flexible(usual, last=kept, **settings)

    def again(table: Floats, _own: NDArray[np.int64]) -> tuple[Floats, Flags]:
        found = farrington_flexible(table, last=1, **settings)
        return found.p_value[0], found.state[0] == State.TOO_FEW

    few = whole.state == State.TOO_FEW
    compared = whole.expected, whole.bound, whole.p_value, few
    return _as_reported(usual, cases, chosen=chosen, again=again, compared=compared)


def _as_reported(
    usual: Floats, cases: Floats, *, chosen: Flags, again: Again, compared: Compared
) -> Compared:
    """Judge weeks with silent places again, by what was reported instead of what is usual."""
    expected, bound, p, few = compared[0], compared[1], compared[2].copy(), compared[3].copy()
    kept, weeks = chosen.shape[0], usual.shape[0]
    reported = cases[-kept:]
    lacking = chosen & (np.nan_to_num(reported) != usual[-kept:]) & np.isfinite(expected)
    for row in np.flatnonzero(lacking.any(axis=1)):
        own = np.flatnonzero(lacking[row])
        table = usual[: weeks - kept + row + 1, own].copy()
        table[-1] = np.nan_to_num(reported[row, own])
        p[row, own], few[row, own] = again(table, own)
    # Too few cases never signal, and stay among those tested.
    return expected, bound, np.where(few & np.isfinite(p), 1.0, p), few


def _chosen(p: Floats, levels: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return q and the p-value that signals, both (N, A): chosen among the areas of a level."""
    q, level_p = np.full(p.shape, np.nan), np.full(p.shape, np.nan)
    for level in np.unique(levels):
        own = np.flatnonzero(levels == level)
        found = false_discovery(p[:, own], rate=FALSE_SHARE)
        # Alone in its family an area would signal in one week of twenty.
        q[:, own] = np.maximum(found.q_value, p[:, own] * FALSE_SHARE / SIGNAL_LEVEL)
        level_p[:, own] = np.minimum(found.level, SIGNAL_LEVEL)[:, None]
    return np.minimum(q, 1.0), level_p


def _enough_years(reports: WeeklyReports) -> Flags:
    """Tell which weeks have three years behind them in which most places reported, (W, A)."""
    known = np.nan_to_num(reports.completeness)
    total = np.vstack([np.zeros(known.shape[1]), np.cumsum(known, axis=0)])
    weeks = np.arange(known.shape[0])
    years = np.clip((weeks - HALF_WINDOW) // YEAR, 0, MOST_YEARS)
    first = np.maximum(weeks - years * YEAR - HALF_WINDOW, 0)
    share = (total[weeks] - total[first]) / np.maximum(weeks - first, 1)[:, None]
    enough: Flags = (years >= LEAST_YEARS)[:, None] & (share >= LEAST_HISTORY_REPORTED)
    return enough


def _enough_weeks(reports: WeeklyReports) -> Flags:
    """Tell in which weeks most places reported the weeks just before, (W, A)."""
    known = np.nan_to_num(reports.completeness)
    total = np.vstack([np.zeros(known.shape[1]), np.cumsum(known, axis=0)])
    ends = np.arange(known.shape[0]) - GUARD_WEEKS
    starts = ends - BASELINE_WEEKS
    share = (total[np.maximum(ends, 0)] - total[np.maximum(starts, 0)]) / BASELINE_WEEKS
    enough: Flags = (starts >= 0)[:, None] & (share >= LEAST_HISTORY_REPORTED)
    return enough


def _states(reports: WeeklyReports) -> Floats:
    """Return how final the weeks' reports are, (W, A); the newest week may always change."""
    full = reports.completeness >= MOSTLY_REPORTED
    full[-1] = False
    told = np.where(full, float(State.FINAL), float(State.PROVISIONAL))
    return np.where(np.isfinite(reports.cases), told, float(State.MISSING))


def _entries(reports: WeeklyReports, judged: Judged) -> Iterator[Entry]:
    states, kept = _states(reports), judged.q.shape[0]
    weeks = reports.cases.shape[0]
    first = reports.start + timedelta(days=(weeks - kept) * WEEK)
    expected_state = np.where(np.isfinite(judged.expected), State.FINAL, State.MISSING)
    for index, area in enumerate(reports.units):
        if not np.isfinite(reports.cases[:, index]).any():
            continue
        share = reports.completeness[:, index]
        series = {
            CASES_WEEKLY: make_weekly(
                reports.start,
                reports.cases[:, index],
                state=states[:, index],
                completeness=share,
            ),
            CASES_EXPECTED: make_weekly(
                first,
                judged.expected[:, index],
                high=judged.bound[:, index],
                state=expected_state[:, index].astype(float),
                completeness=share[-kept:],
            ),
            SIGNAL: make_weekly(
                first,
                judged.q[:, index],
                state=_signal_states(judged, states[-kept:], index),
                completeness=share[-kept:],
            ),
        }
        for indicator, made in series.items():
            yield Entry(indicator, area, "", made, disease=reports.disease)
    yield from _channels(reports)


def _channels(reports: WeeklyReports) -> Iterator[Entry]:
    """Give the areas that have three years behind them the channel of the last year."""
    weeks = reports.cases.shape[0]
    kept = min(CHANNEL_WEEKS, weeks)
    channel, enough = (
        endemic_channel(
            reports.usual, years=CHANNEL_YEARS, neighbours=CHANNEL_NEIGHBOURS, last=kept
        ),
        _enough_years(reports)[-kept:],
    )
    first = reports.start + timedelta(days=(weeks - kept) * WEEK)
    for index in np.flatnonzero(enough.any(axis=0)):
        middle, lower, upper = (
            np.where(enough[:, index], column[:, index], np.nan)
            for column in (channel.alert, channel.lower, channel.epidemic)
        )
        series = make_weekly(first, middle, low=lower, high=upper)
        yield Entry(CASES_CHANNEL, reports.units[index], "", series, disease=reports.disease)


def _signal_states(judged: Judged, states: Floats, index: int) -> Floats:
    """Return the states of an area's signals: hidden where reports are too few to judge by."""
    state = np.where(judged.few[:, index], float(State.TOO_FEW), states[:, index])
    unknown = np.isnan(judged.q[:, index]) & (states[:, index] != State.MISSING)
    return np.where(unknown, float(State.HIDDEN), state)


def _facts(reports: WeeklyReports, judged: Judged) -> dict[str, Any]:
    """Return what was compared in the newest weeks, and how many signals in them are false."""
    kept = judged.q.shape[0]
    last = int(np.flatnonzero(np.isfinite(reports.cases).any(axis=1))[-1])
    first = max(0, last - CURRENT_WEEKS + 1)
    recent = slice(max(0, first - (reports.cases.shape[0] - kept)), None)
    known = np.isfinite(judged.q[recent])
    signals = np.any(judged.q[recent] <= FALSE_SHARE, axis=0)
    return {
        "to": (reports.start + timedelta(days=last * WEEK)).isoformat(),
        "from": (reports.start + timedelta(days=first * WEEK)).isoformat(),
        "tested": int(known.any(axis=0).sum()),
        "expected_false": round(float(judged.level[recent][known].sum()), 2),
        # Which areas signal everybody may know, and need not read every series for it.
        "signals": [reports.units[index] for index in np.flatnonzero(signals)],
        "compared_with": SEASONS if (judged.by_season[recent] & known).any() else LAST_WEEKS,
    }
