"""Figures of many areas week by week, for maps that step through them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np

from kms.access.bands import Banded
from kms.access.shown import CHANCE, Shown
from kms.reads.shown import ShownFigures
from kms.reads.views import WeeksOfAreas
from metrics.states import State

MAPPED = (CHANCE, "adar_per_100k")
WEEKS_SHOWN = 16
WEEK, SATURDAY = timedelta(days=7), 6


def weeks_of(shown: ShownFigures, codes: Iterable[str]) -> WeeksOfAreas:
    """Return what the map shows of areas at the end of each of the last weeks.

    Weeks end on Saturdays: on these a figure that is told by week stands on its own day.
    """
    listed = list(codes)
    found = {indicator: shown.figures(indicator, listed) for indicator in MAPPED}
    last = [_last_told(figure) for figures in found.values() for figure in figures.values()]
    told = [day for day in last if day is not None]
    if not told:
        return WeeksOfAreas()
    newest = max(told)
    end = newest - timedelta(days=(newest.isoweekday() - SATURDAY) % 7)
    days = tuple(end - WEEK * back for back in range(WEEKS_SHOWN - 1, -1, -1))
    told_of = {
        indicator: {code: [_at(figures.get(code), day) for day in days] for code in listed}
        for indicator, figures in found.items()
    }
    behind = shown.figures("r_t", listed)  # of a chance told as a band, whether it is provisional
    told_of[CHANCE] = {
        code: [
            (value, _at(behind.get(code), day)[1] if value is not None else state)
            for day, (value, state) in zip(days, each, strict=True)
        ]
        for code, each in told_of[CHANCE].items()
    }
    return WeeksOfAreas(
        days,
        {
            indicator: {code: tuple(value for value, _ in each) for code, each in areas.items()}
            for indicator, areas in told_of.items()
        },
        {
            indicator: {code: tuple(state for _, state in each) for code, each in areas.items()}
            for indicator, areas in told_of.items()
        },
    )


def _last_told(figure: Shown) -> date | None:
    place = figure.series.last_told()
    return None if place is None else figure.series.start + timedelta(days=place)


def _at(figure: Shown | None, day: date) -> tuple[float | None, str]:
    place = -1 if figure is None else (day - figure.series.start).days
    if figure is None or not 0 <= place < len(figure.series):
        return None, State.MISSING.label
    value, state = float(figure.series.value[place]), State(int(figure.series.state[place]))
    if not np.isfinite(value):
        return None, state.label
    return (Banded(value) if state == State.SUPPRESSED else value), state.label
