"""Counts as bars: by day with the mean of the week, by week with what is expected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from kms.reads.notifiable.rows import WeeksView
from kms.reads.views import NOTHING, CasesView, SeriesView
from kms.texts import Texts
from layouts.charts.style import (
    BAND_50,
    BAND_95,
    BAR,
    INK,
    Figure,
    along,
    band,
    column,
    layout,
    mark_zone,
    over,
    whole_numbers,
    written,
)


def cases(view: CasesView, text: Texts, expected: SeriesView = NOTHING) -> Figure:
    """Daily cases as bars, their 7-day mean, and what days still arriving will come to."""
    drawn = layout()
    over(drawn, view.dates)
    if view.provisional_from is not None and view.dates:
        mark_zone(drawn, view.provisional_from, view.dates[-1], text)
    cut = mean_until(view)
    mean = [
        value if cut is None or day < cut else None
        for day, value in zip(view.dates, view.mean7, strict=True)
    ]
    drawn["yaxis"] |= whole_numbers(*view.cases, *view.mean7, *expected.high)
    return {
        "data": [
            _bars(view.dates, view.cases, text),
            {
                "type": "scatter",
                "mode": "lines",
                **along(view.dates),
                "y": column(mean),
                "line": {"color": INK, "width": 2, "shape": "hv" if view.by_week else "linear"},
                "name": text.gettext("mean of the week" if view.by_week else "7-day mean"),
                "hovertemplate": "%{y:,.1f}",
            },
            *_expected(expected, text),
        ],
        "layout": drawn,
    }


def mean_until(view: CasesView) -> date | None:
    """Return the first day whose mean still rises: of a week as a whole, from its Sunday on."""
    cut = view.provisional_from
    if cut is None or not view.by_week:
        return cut
    return cut - timedelta(days=cut.isoweekday() % 7)


def weekly(view: WeeksView, text: Texts) -> Figure:
    """Weekly cases as bars with what is expected, the endemic alert zone and the signals."""
    drawn = layout()
    over(drawn, view.weeks)
    open_from = _still_open(view.states)
    if open_from is not None:
        mark_zone(drawn, view.weeks[open_from], view.weeks[-1], text)
    drawn["yaxis"] |= whole_numbers(*view.cases, *view.bound, *view.epidemic)
    weeks = written(view.weeks)
    marked = [
        (day, count or 0)
        for day, count, signals in zip(view.weeks, view.cases, view.signals, strict=True)
        if signals
    ]
    return {
        "data": [
            _bars(view.weeks, view.cases, text),
            band(weeks, view.alert, view.epidemic, BAND_50),
            band(weeks, view.expected, view.bound, BAND_95),
            {
                "type": "scatter",
                "mode": "lines",
                **along(view.weeks),
                "y": column(view.expected),
                "line": {"color": INK, "width": 2},
                "name": text.gettext("expected"),
                "hovertemplate": "%{y:,.0f}",
            },
            {
                "type": "scatter",
                "mode": "markers",
                **along([day for day, _ in marked]),
                "y": column([count for _, count in marked]),
                "marker": {"color": INK, "size": 9},
                "name": text.gettext("signal"),
                "hovertemplate": text.gettext("signal"),
            },
        ],
        "layout": drawn,
    }


def _bars(days: Sequence[date], counts: Sequence[int | None], text: Texts) -> Figure:
    return {
        "type": "bar",
        **along(days),
        "y": column(counts),
        "marker": {"color": BAR},
        "name": text.gettext("reported"),
        "hovertemplate": "%{y:,d}",
    }


def _expected(series: SeriesView, text: Texts) -> list[Figure]:
    """Draw what the counts of days still arriving will come to: ranges and dots."""
    arriving = [i for i, low in enumerate(series.low) if low is not None]
    if not arriving:
        return []
    days = [series.dates[i] for i in arriving]

    def of(column: Sequence[float | None]) -> list[float | None]:
        return [column[i] for i in arriving]

    return [
        band(written(days), of(series.low), of(series.high), BAND_95),
        band(written(days), of(series.low50), of(series.high50), BAND_50),
        {
            "type": "scatter",
            "mode": "markers",
            **along(days),
            "y": column(of(series.value)),
            "marker": {"color": INK, "size": 5},
            "name": text.gettext("expected in the end"),
            "hovertemplate": "%{y:,.0f}",
        },
    ]


def _still_open(states: Sequence[str]) -> int | None:
    """Return where the weeks at the end begin of which reports are still coming in."""
    at = len(states)
    while at and states[at - 1] in ("provisional", "missing"):
        at -= 1
    return at if at < len(states) else None
