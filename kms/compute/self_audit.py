"""Did our own ranges hold: intervals of past publications against what was known later.

A publication carries the answer as it stood when it was made, as one of its facts. It is made
from the publications kept by then, so it is no part of the name of its inputs, nor of the digest
of its series: a replay that brings fewer of them back compares fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from kms.domain.indicators import INNER_RANGE_LEVEL, RANGE_LEVEL
from kms.domain.series import Series
from kms.store.publications import Issue, issues, read_many
from metrics.proportions import Share
from metrics.scores.audit import Hits, Matured, Published, audit
from metrics.states import State

FACT = "self_audit"
MATURE_DAYS = 28  # after which a day's count is final; later reports are outside the estimand
SIZE_DAYS = 28
EVERY_ONE = timedelta(days=120)  # of older publications the last of each week is looked at
LOOK_BACK = timedelta(days=366)
WEEK = 7
LEVELS = ((RANGE_LEVEL, "low", "high"), (INNER_RANGE_LEVEL, "low50", "high50"))
SHOWN = (State.FINAL, State.PROVISIONAL)
DIGITS = 6

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """An indicator with intervals, and the series that tells later what they should have held.

    A count is that known 28 days after its day, read in the first publication that old; by day of
    report it is known at once, so that younger days are read in the newest one. How complete a
    day of onset is said to be settles nothing: that comes from the delays the nowcast came from.
    An estimate has no later truth: its later value is the newest estimate of the same day.
    """

    indicator: str
    later: str
    axis: str  # by which days are counted; none: that of R, which may change
    is_count: bool


JUDGED = (
    Judged("r_t", "r_t", "", is_count=False),
    Judged("nowcast_cases", "cases_onset", "onset", is_count=True),
    Judged("forecast_cases", "cases_report", "report", is_count=True),
)


@dataclass(frozen=True, slots=True)
class Cut:
    """One publication, and the last day of its cases as a day number."""

    issue: Issue
    last: int

    @property
    def basis(self) -> str:
        """The axis of R in it."""
        return str(self.issue.facts["basis"])


@dataclass(frozen=True, slots=True)
class Past:
    """The publications looked at, oldest first; the last one knows most, and is asked."""

    connection: Connection
    cuts: tuple[Cut, ...]
    areas: Sequence[str]

    @property
    def newest(self) -> Cut:
        """The publication that tells how the others held."""
        return self.cuts[-1]

    def read(self, cut: Cut, indicator: str) -> Iterator[tuple[int, Series, NDArray[np.int64]]]:
        """Yield the place of each area, its series in a publication and the day numbers of it."""
        found = read_many(
            self.connection, cut.issue.id, indicator, self.areas, disease=cut.issue.disease
        )
        for place, area in enumerate(self.areas):
            if area in found:
                first = found[area].start.toordinal()
                yield place, found[area], np.arange(first, first + len(found[area]))


def self_audit(connection: Connection, issue: Issue, areas: Sequence[str]) -> tuple[Hits, ...]:
    """Compare what was published up to a publication with what that one knows.

    `Hits.indicator` is the place in `JUDGED`. The age of an interval is counted from its day to
    the last day of cases its publication knew, so the first day forecast has the age −1.
    """
    past = Past(connection, _cuts(connection, issue), areas)
    # What was reported by a day is known the day after, so the newest tells the size then.
    cases = {place: series for place, series, _ in past.read(past.newest, "cases_report")}
    found: list[Hits] = []
    for label, judged in enumerate(JUDGED):
        # R by another axis is another figure.
        same = [c for c in past.cuts if judged.axis or c.basis == past.newest.basis]
        shown = _stacked([_published(past, cut, judged, cases) for cut in same])
        if shown:
            known = _matured(past, judged, since=int(shown["day"].min()))
            found += audit(
                Published(**shown, indicator=np.full(shown["day"].size, label)),
                Matured(**known, indicator=np.full(known["day"].size, label)),
            )
    return tuple(found)


def as_fact(found: Iterable[Hits]) -> list[list[Any]]:
    """Return hits as plain values, small enough to lie beside the other facts."""
    return [
        [
            JUDGED[hits.indicator].indicator,
            hits.said,
            _limits(hits.age),
            _limits(hits.size),
            hits.compared,
            hits.waiting,
            *(
                round(float(share), DIGITS) if np.isfinite(share) else None
                for share in (*_range(hits.inside), hits.below, hits.above)
            ),
        ]
        for hits in found
    ]


def _range(share: Share) -> tuple[Any, Any, Any]:
    return share.value, share.low, share.high


def _limits(group: tuple[float, float] | None) -> list[float | None] | None:
    return None if group is None else [end if np.isfinite(end) else None for end in group]


def _cuts(connection: Connection, issue: Issue) -> tuple[Cut, ...]:
    """Return the publications to look at, oldest first, the given one last.

    Of one cut the first that was published: what came out of it later was not what readers saw.
    One that was rolled back was seen.
    """
    first: dict[Any, Issue] = {}
    for each in sorted(issues(connection), key=lambda i: (i.as_of, i.published_at)):
        if issue.as_of - LOOK_BACK <= each.as_of < issue.as_of:
            first.setdefault(each.as_of, each)
    of_week: dict[Any, Issue] = {}
    for each in first.values():
        recent = each.as_of > issue.as_of - EVERY_ONE
        of_week[each.as_of if recent else each.as_of.toordinal() // WEEK] = each
    return tuple(
        Cut(each, date.fromisoformat(each.facts["cases_to"]).toordinal())
        for each in (*of_week.values(), issue)
    )


def _size(cases: Series | None, last: int) -> float:
    """Return the mean daily cases of the four weeks up to a day number."""
    if cases is None:
        return 0.0
    end = max(last + 1 - cases.start.toordinal(), 0)
    return float(np.nansum(cases.value[max(end - SIZE_DAYS, 0) : end])) / SIZE_DAYS


def _published(past: Past, cut: Cut, judged: Judged, cases: Mapping[int, Series]) -> dict[str, Any]:
    """Return the intervals a publication showed of days that had not matured."""
    rows = []
    for place, series, days in past.read(cut, judged.indicator):
        young = days > cut.last - MATURE_DAYS
        young &= np.isin(series.state, SHOWN) & np.isfinite(series.value)
        for level, low_name, high_name in LEVELS:
            low, high = getattr(series, low_name), getattr(series, high_name)
            at = np.flatnonzero(young & np.isfinite(high - low) & (low <= high))
            rows.append(
                {
                    "area": np.full(at.size, place),
                    "day": days[at],
                    "published_on": np.full(at.size, cut.last),
                    "level": np.full(at.size, level),
                    "low": low[at],
                    "high": high[at],
                    "size": np.full(at.size, _size(cases.get(place), cut.last)),
                }
            )
    return _stacked(rows)


def _matured(past: Past, judged: Judged, *, since: int) -> dict[str, Any]:
    """Return the later value of each area and day from `since` on that has one."""
    newest = past.newest
    values = np.full((len(past.areas), newest.last - since + 1), np.nan)
    # From the newest back: of a count the first publication that was old enough has the word.
    for cut in reversed(past.cuts) if judged.is_count else [newest]:
        for place, series, days in past.read(cut, judged.later):
            settled = days <= cut.last - MATURE_DAYS
            if judged.axis == "report" and cut is newest:
                settled = days <= cut.last
            settled &= (series.state == State.FINAL) & np.isfinite(series.value)
            at = np.flatnonzero(settled & (days >= since) & (days <= newest.last))
            values[place, days[at] - since] = series.value[at]
    area, day = np.nonzero(np.isfinite(values))
    return {"area": area, "day": day + since, "value": values[area, day]}


def _stacked(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Join tables with the same columns; without any row there are none."""
    some = [part for part in parts if part and next(iter(part.values())).size]
    if not some:
        return {}
    return {name: np.concatenate([part[name] for part in some]) for name in some[0]}
