"""Courses with their 50 and 95 % ranges; the middle line ends where figures are provisional."""

from __future__ import annotations

from datetime import date

from kms.reads.views import SeriesView
from kms.texts import Texts
from layouts.charts.drawing import (
    BAND_50,
    BAND_95,
    INK,
    REFERENCE,
    Figure,
    band,
    iso,
    layout,
    level,
    mark_zone,
    note,
    whole_numbers,
)


def reproduction(series: SeriesView, text: Texts) -> Figure:
    """R with its 50 % and 95 % ranges; the middle line ends where figures become provisional."""
    figure = _fan(series, text, decimals=2)
    drawn = figure["layout"]
    drawn["shapes"].append(level(1, REFERENCE, 1.25))
    low, high = _extent(series, around=1.0)
    drawn["yaxis"] |= {"range": [low, high], "tickformat": ".1f"}
    first = series.dates[0].isoformat() if series.dates else None
    for words, y in (
        (text.gettext("above 1: growing"), high),
        (text.gettext("below 1: shrinking"), low),
    ):
        drawn["annotations"].append(
            note(words, x=first, y=y, xanchor="left", yanchor="top" if y == high else "bottom")
        )
    return figure


def growth(series: SeriesView, text: Texts) -> Figure:
    """Growth a day in percent with its ranges, around 0."""
    figure = _fan(series, text, decimals=3)
    drawn = figure["layout"]
    drawn["shapes"].append(level(0, REFERENCE, 1.25))
    low, high = _extent(series, around=0.0)
    drawn["yaxis"] |= {"range": [low, high], "tickformat": ".0%"}
    return figure


def forecast(series: SeriesView, text: Texts) -> Figure:
    """Cases of the next two weeks with their ranges, from none upwards."""
    figure = _fan(series, text, decimals=0)
    figure["layout"]["yaxis"] |= whole_numbers(*series.high)
    return figure


def _fan(series: SeriesView, text: Texts, *, decimals: int, height: int = 250) -> Figure:
    drawn = layout(height=height)
    arriving = next(
        (i for i, state in enumerate(series.state) if state in ("provisional", "hidden")), None
    )
    if arriving is not None:
        mark_zone(drawn, series.dates[arriving], series.dates[-1], text)
    middle = [
        value if state != "provisional" else None
        for value, state in zip(series.value, series.state, strict=True)
    ]
    data = [
        band(series.dates, series.low, series.high, BAND_95),
        band(series.dates, series.low50, series.high50, BAND_50),
        {
            "type": "scatter",
            "mode": "lines",
            "x": iso(series.dates),
            "y": middle,
            "line": {"color": INK, "width": 2},
            "name": text.gettext("middle"),
            "text": _ranges(series, text, decimals),
            "hovertemplate": f"%{{y:.{decimals}f}} (%{{text}})",
        },
    ]
    last = max((i for i, value in enumerate(middle) if value is not None), default=None)
    if last is not None:
        data.append(_end_point(series.dates[last], middle[last]))
        drawn["annotations"].append(_end_value(series, last, text, decimals))
    return {"data": data, "layout": drawn}


def _ranges(series: SeriesView, text: Texts, decimals: int) -> list[str]:
    return [
        text.between(low, high, decimals) if low is not None and high is not None else ""
        for low, high in zip(series.low, series.high, strict=True)
    ]


def _end_point(day: date, value: float | None) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [day.isoformat()],
        "y": [value],
        "marker": {"color": INK, "size": 7},
        "hoverinfo": "skip",
    }


def _end_value(series: SeriesView, at: int, text: Texts, decimals: int) -> Figure:
    value, low, high = series.value[at], series.low[at], series.high[at]

    scale, places, unit = (100, 1, "%") if decimals > 2 else (1, decimals, "")
    shown = f"<b>{text.number((value or 0) * scale, places)}{unit}</b>"
    if low is not None and high is not None:
        shown += f" ({text.between(low * scale, high * scale, places, unit)})"
    if not all(state == "hidden" for state in series.state[at + 1 :]):
        # The newest figure is another one: provisional, or nothing could be told since.
        shown += f", {text.short_day(series.dates[at])}"
    early = at < len(series.dates) // 2
    x = series.dates[at].isoformat()
    side = "left" if early else "right"
    words = note(shown, x=x, y=0.86 if early else 1, xanchor=side, yanchor="top", size=12)
    words["font"]["color"] = "#151B22"
    return words | {"yref": "paper"}


def _extent(series: SeriesView, *, around: float) -> tuple[float, float]:
    """Return an axis that holds the 95 % range where it is narrow enough to read."""
    shown = [value for value in (*series.low50, *series.high50, *series.value) if value is not None]
    wide = sorted(value for value in (*series.low, *series.high) if value is not None)
    if wide:
        shown += [wide[len(wide) // 100], wide[-1 - len(wide) // 100]]
    if not shown:
        shown = [around - 0.5, around + 0.5]
    low, high = min(*shown, around), max(*shown, around)
    margin = (high - low) * 0.12 or 0.1
    return low - margin, high + 2 * margin  # room for words at the top
