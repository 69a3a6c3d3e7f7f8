"""Disclosure of shares of persons over sliding windows: cases traced, cases that died.

A share with the number it is taken of gives its count back, windows that slide by a day give each
day back, and a region less its provinces the small one. So, for whoever does not see exact counts:

- a window ends on a Saturday, and no other day is shown;
- a share is hidden where a count behind it, or behind its complement, is 1 to `threshold`; of
  traced cases the counts of each of its two weeks, too, since windows overlap by one;
- a share is printed in steps that hold as many persons as counts are rounded to, so that it tells
  no more than a rounded count would; its range is that of every share printed alike, and says
  nothing more of the count;
- inside an area whose share is hidden nothing is shown; where the rest of an area beyond those
  shown inside it would be that of one place alone, or hold a small count, the smallest shown one
  is hidden with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kms.access.disclosure import DisclosureRule
from kms.access.figures import only_shown
from kms.access.weeks import SATURDAY, WEEK
from kms.domain.series import Series
from kms.rounding import outwards
from metrics.states import State

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
STEPS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
COARSEST_COMPLETENESS = 0.1
WINDOW_WEEKS = 2  # of traced cases
FEWEST_TOGETHER = 2  # places hidden together, else the rest is that of one
_SLIP = 1e-9  # of a person


@dataclass(frozen=True, slots=True)
class Evidence:
    """The persons behind the shares of an area on some days.

    `cells` are counts, shape (days, cells), each of which must be none or many; `persons` what
    the share is taken of, shape (days,); `told` where there is a share at all.
    """

    cells: Floats
    persons: Floats
    told: Flags


def of_weeks(known: Series, unknown: Series, days: Sequence[date], told: Flags) -> Evidence:
    """Return the evidence of windows of two weeks: known and unknown of each week and of both."""
    parts = [trailing_weeks(one, days, WINDOW_WEEKS) for one in (known, unknown)]
    sums = [part.sum(axis=1) for part in parts]
    return Evidence(np.column_stack([*parts, *sums]), sums[0] + sums[1], told)


@dataclass(frozen=True, slots=True)
class Steps:
    """The finest and the coarsest step a share is printed in."""

    finest: float
    coarsest: float

    def of(self, persons: float, rule: DisclosureRule) -> float:
        """Return the first step that holds as many persons as counts are rounded to, or NaN."""
        fitting = (
            step
            for step in STEPS
            if self.finest <= step <= self.coarsest and step * persons >= rule.base - _SLIP
        )
        return next(fitting, np.nan)


def saturdays(series: Series) -> NDArray[np.int64]:
    """Return the places of a series' Saturdays."""
    days = np.arange(len(series)) + series.start.toordinal()
    return np.flatnonzero(days % WEEK == SATURDAY)


def hidden_shares(
    evidence: Mapping[str, Evidence],
    families: Sequence[tuple[str, Sequence[str]]],
    rule: DisclosureRule,
    *,
    steps: Steps,
) -> dict[str, Flags]:
    """Return on which days each area's share is hidden; `families` come from the country down.

    An area without evidence has no persons.
    """
    hidden = {}
    for area, found in evidence.items():
        few = ((found.cells > 0) & (found.cells <= rule.threshold)).any(axis=1)
        coarse = np.isnan([steps.of(persons, rule) for persons in found.persons])
        hidden[area] = few | coarse | ~found.told
    for parent, listed in families:
        inside = [area for area in listed if area in evidence]
        if parent not in evidence or not inside:
            continue
        for day in range(len(evidence[parent].persons)):
            _hide_together(evidence, hidden, (parent, inside), day, threshold=rule.threshold)
    return hidden


def _hide_together(
    evidence: Mapping[str, Evidence],
    hidden: dict[str, Flags],
    family: tuple[str, Sequence[str]],
    day: int,
    *,
    threshold: int,
) -> None:
    """Hide on a day what would give a hidden area inside another back."""
    parent, inside = family
    if hidden[parent][day]:
        for area in inside:
            hidden[area][day] = True
        return
    shown = [area for area in inside if not hidden[area][day]]
    shown.sort(key=lambda area: (evidence[area].persons[day], area), reverse=True)
    whole = evidence[parent].cells[day]
    while shown:
        rest = whole - np.sum([evidence[area].cells[day] for area in shown], axis=0)
        if not rest.any():
            return
        some = [a for a in inside if a not in shown and evidence[a].cells[day].any()]
        listed = np.sum([evidence[area].cells[day] for area in inside], axis=0)
        places = len(some) + bool((whole - listed).any())
        small = ((rest > 0) & (rest <= threshold)).any()
        if places >= FEWEST_TOGETHER and not small:
            return
        hidden[shown.pop()][day] = True


def weekly(series: Series, hidden: Flags) -> Series:
    """Return a series shown on Saturdays alone; `hidden` marks which of these are not."""
    places = saturdays(series)
    kept = np.zeros(len(series), dtype=np.bool_)
    kept[places[~hidden]] = True
    shown = only_shown(series)
    speaks = np.isfinite(shown.value)
    columns: dict[str, Any] = {
        name: np.where(kept, getattr(shown, name), np.nan)
        for name in ("value", "low", "high", "low50", "high50", "completeness")
    }
    columns["state"] = np.where(speaks & ~kept, float(State.SUPPRESSED), series.state)
    return Series(start=series.start, **columns)


@dataclass(frozen=True, slots=True)
class Printed:
    """A share as it is printed, and how far the shares printed alike reach."""

    value: float
    least: float
    most: float
    step: float

    def outward(self, low: float, high: float) -> tuple[float, float]:
        """Return a range rounded outwards to steps."""
        ends = np.clip(outwards(low, high, round(1 / self.step)), 0.0, 1.0)
        return float(ends[0]), float(ends[1])


def printed(value: float, step: float) -> Printed:
    """Round a share to its step."""
    places = round(1 / step)
    shown = round(value * places) / places
    least, most = np.clip([shown - step / 2, shown + step / 2], 0.0, 1.0)
    return Printed(shown, float(least), float(most), step)


def coarse_completeness(share: float, step: float) -> float:
    """Round the part of the persons that is known; its steps hold no fewer of them."""
    coarse = max(step, COARSEST_COMPLETENESS)
    return round(round(share / coarse) * coarse, 4)


def trailing_weeks(series: Series, days: Sequence[date], weeks: int) -> Floats:
    """Return the sums of the weeks up to each day, newest first, shape (days, weeks)."""
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(series.value))])
    first = series.start.toordinal()
    ends = np.array([day.toordinal() - first + 1 for day in days], dtype=np.int64)
    ends = ends[:, None] - WEEK * np.arange(weeks)
    found: Floats = total[np.clip(ends, 0, len(series))]
    found -= total[np.clip(ends - WEEK, 0, len(series))]
    return found
