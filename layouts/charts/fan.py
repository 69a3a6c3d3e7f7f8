"""Courses with their 50 and 95 % ranges; the middle line ends where figures are provisional."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from kms.reads.views import SeriesView
from kms.texts import Texts
from kms.wording import state_word
from layouts.charts.style import (
    BAND_50,
    BAND_95,
    INK,
    REFERENCE,
    STRONG,
    Figure,
    Floats,
    along,
    band,
    column,
    layout,
    level,
    mark_zone,
    note,
    over,
    told,
    whole_numbers,
    written,
)

PERCENT = 3  # decimals of a share whose percents have one


@dataclass(frozen=True, slots=True)
class Limit:
    """A line across a chart at which something follows, in the colour of what does."""

    at: float
    words: str
    colour: str
    dashed: bool = False


def reproduction(series: SeriesView, text: Texts) -> Figure:
    """R with its 50 % and 95 % ranges; the middle line ends where figures become provisional."""
    figure, (low, high) = _around(series, text, centre=1.0, decimals=2)
    drawn = figure["layout"]
    drawn["yaxis"]["tickformat"] = ".1f"
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
    figure, _ends = _around(series, text, centre=0.0, decimals=PERCENT)
    figure["layout"]["yaxis"]["tickformat"] = ".0%"
    return figure


def forecast(series: SeriesView, text: Texts) -> Figure:
    """Cases of the next two weeks with their ranges, from none upwards."""
    figure = _fan(series, text, decimals=0)
    figure["layout"]["yaxis"] |= whole_numbers(*series.high)
    return figure


def against(series: SeriesView, limits: Sequence[Limit], text: Texts) -> Figure:
    """A share's course or projection towards the lines at which something follows."""
    figure = _fan(series, text, decimals=PERCENT)
    drawn = figure["layout"]
    drawn["yaxis"] |= {"tickformat": ".0%", "rangemode": "tozero"}
    for limit in limits:
        line = level(limit.at, limit.colour, 1.5)
        line["line"] |= {"dash": "dash"} if limit.dashed else {}
        drawn["shapes"].append(line)
        drawn["annotations"].append(
            note(
                limit.words,
                color=limit.colour,
                x=0,
                xref="paper",
                xanchor="left",
                y=limit.at,
                yanchor="bottom",
            )
        )
    return figure


def _around(
    series: SeriesView, text: Texts, *, centre: float, decimals: int
) -> tuple[Figure, tuple[float, float]]:
    """Draw a course around the value that means no change; also where its axis ends."""
    figure = _fan(series, text, decimals=decimals)
    ends = _extent(series, around=centre)
    figure["layout"]["shapes"].append(level(centre, REFERENCE, 1.25))
    figure["layout"]["yaxis"]["range"] = list(ends)
    return figure, ends


def _fan(series: SeriesView, text: Texts, *, decimals: int, height: int = 250) -> Figure:
    drawn = layout(height=height)
    over(drawn, series.dates)
    arriving = next(
        (i for i, state in enumerate(series.state) if state in ("provisional", "hidden")), None
    )
    if arriving is not None:
        mark_zone(drawn, series.dates[arriving], series.dates[-1], text)
    middle = [
        value if state != "provisional" else None
        for value, state in zip(series.value, series.state, strict=True)
    ]
    days = written(series.dates)
    data = [
        band(days, series.low, series.high, BAND_95),
        band(days, series.low50, series.high50, BAND_50),
        {
            "type": "scatter",
            "mode": "lines",
            **along(series.dates),
            "y": column(middle),
            "line": {"color": INK, "width": 2},
            "name": text.gettext("middle"),
            "customdata": told(series.low, series.high, decimals),
            "hovertemplate": _label(decimals),
        },
    ]
    data += _arriving(series, text, decimals)
    last = next((i for i in reversed(range(len(middle))) if middle[i] is not None), None)
    if last is not None:
        data.append(_end_point(series.dates[last], middle[last]))
        drawn["annotations"].append(_end_value(series, last, text, decimals))
    return {"data": data, "layout": drawn}


def _label(decimals: int, *, middle: bool = True) -> str:
    form, dash = (".1%", "to") if decimals == PERCENT else (f",.{decimals}f", "–")
    ends = f"%{{customdata[0]:{form}}} {dash} %{{customdata[1]:{form}}}"
    return f"%{{y:{form}}} ({ends})" if middle else ends


def _arriving(series: SeriesView, text: Texts, decimals: int) -> list[Figure]:
    """Give days still arriving a label with their range; nothing is drawn of a middle."""
    if "provisional" not in series.state:
        return []
    at = [i for i, state in enumerate(series.state) if state == "provisional"]
    at = [i for i in at if series.low[i] is not None and series.high[i] is not None]
    if not at:
        return []
    low, high = [series.low[i] for i in at], [series.high[i] for i in at]
    return [
        {
            "type": "scatter",
            "mode": "markers",
            **along([series.dates[i] for i in at]),
            "y": column(high),
            "marker": {"opacity": 0, "color": INK},
            "name": state_word(text, "provisional"),
            "customdata": told(low, high, decimals),
            "hovertemplate": _label(decimals, middle=False),
        }
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

    scale, places, unit = (100, 1, "%") if decimals == PERCENT else (1, decimals, "")
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
    words["font"]["color"] = STRONG
    return words | {"yref": "paper"}


def _known(*columns: Sequence[float | None]) -> Floats:
    numbers = np.array(columns, dtype=np.float64).ravel()
    return numbers[~np.isnan(numbers)]


def _extent(series: SeriesView, *, around: float) -> tuple[float, float]:
    """Return an axis that holds the 95 % range where it is narrow enough to read."""
    shown = _known(series.low50, series.high50, series.value)
    wide = np.sort(_known(series.low, series.high))
    if wide.size:
        shown = np.append(shown, wide[[wide.size // 100, -1 - wide.size // 100]])
    if not shown.size:
        shown = np.array([around - 0.5, around + 0.5])
    low, high = min(float(shown.min()), around), max(float(shown.max()), around)
    margin = (high - low) * 0.12 or 0.1
    return low - margin, high + 2 * margin  # room for words at the top
