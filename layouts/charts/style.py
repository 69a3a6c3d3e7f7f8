"""What every chart starts from: the style, axes, words, marks on the drawing, ranges.

Colours are named as tokens of `assets/1-tokens.css`; the browser puts in those of its theme.
Numbers go as typed arrays, which cost a tenth of lists to write and to read.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kms.texts import Texts

Figure = dict[str, Any]
Floats = NDArray[np.float64]
INK, BAR, REFERENCE = "var(--ink)", "var(--ink-bar)", "var(--ref)"
BAND_95, BAND_50 = "var(--ink-95)", "var(--ink-50)"
ZONE, GREY, STRONG = "var(--prov-zone)", "var(--text-3)", "var(--text)"
CLEAR = "rgba(0,0,0,0)"
SERIES = ("var(--s-1)", "var(--s-2)", "var(--s-3)", "var(--s-4)")  # two and more, unordered
DAY_MS = 86_400_000
LONE_DAY = timedelta(hours=8)  # to each side of a range that stands alone
ABOVE = 24  # px over the drawing for words
FAMILY = "Inter, Inter Fallback, system-ui, sans-serif"

FEWEST_TICKS = 5  # on an axis of counts
FEW_DAYS, YEAR = 6, 366


def layout(*, height: int = 250) -> Figure:
    """Return the layout every chart starts from."""
    return {
        "font": {"family": FAMILY, "size": 11, "color": GREY},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "margin": {"l": 36, "r": 14, "t": 14, "b": 26, "pad": 0},
        "height": height,
        "showlegend": False,
        "hovermode": "x unified",
        "hoverdistance": 8,  # px: a label is of the day pointed at, or there is none
        "bargap": 0.18,
        "dragmode": False,
        "colorway": list(SERIES),
        "hoverlabel": {
            "bgcolor": "var(--surface)",
            "bordercolor": "var(--line-strong)",
            "font": {"size": 12, "color": STRONG},
        },
        "xaxis": {
            "showgrid": False,
            "showline": True,
            "linecolor": "var(--axis)",
            "linewidth": 1,
            "ticks": "outside",
            "ticklen": 4,
            "tickcolor": "var(--axis)",
            "tickformat": "%-d %b",
            "hoverformat": "%-d %b %Y",
            "nticks": 6,
            "fixedrange": True,
            "type": "date",
        },
        "yaxis": {
            "gridcolor": "var(--grid)",
            "gridwidth": 1,
            "zeroline": False,
            "showline": False,
            "ticks": "",
            "nticks": 5,
            "fixedrange": True,
            "automargin": True,
        },
        "shapes": [],
        "annotations": [],
    }


def over(drawn: Figure, days: Sequence[date]) -> None:
    """Fit the axis of time to its days: each once where they are few, with the year over years."""
    if not days:
        return
    if len(days) <= FEW_DAYS and (days[-1] - days[0]).days <= FEW_DAYS:
        drawn["xaxis"] |= {"dtick": DAY_MS, "tick0": days[0].isoformat()}
    elif (days[-1] - days[0]).days > YEAR:
        drawn["xaxis"]["tickformat"] = "%b %Y"


def whole_numbers(*drawn: float | None) -> Figure:
    """Return an axis of counts from none up, each number once.

    An axis that ends at 2 would print 1 and 2 twice each.
    """
    highest = max((number for number in drawn if number is not None), default=0)
    axis: Figure = {"rangemode": "tozero", "tickformat": ",d"}
    return axis if highest >= FEWEST_TICKS else axis | {"dtick": 1}


def column(values: Sequence[float | None] | Floats, kind: str = "f4") -> Figure:
    """Write numbers as plotly reads them fastest: a typed array; None is a gap."""
    numbers = np.asarray(values, dtype=np.float64).astype(kind)
    return {"dtype": kind, "bdata": b64encode(numbers.tobytes()).decode("ascii")}


def along(days: Sequence[date]) -> Figure:
    """Return where a trace's values stand: the first day and the step, or each day.

    Days are written, never counted: plotly takes a number for a moment in the reader's own zone.
    """
    if _every_day(days):
        return {"x0": days[0].isoformat(), "dx": DAY_MS}
    return {"x": [day.isoformat() for day in days]}


def written(days: Sequence[date]) -> list[str]:
    """Write days as plotly reads them: once for all ranges that stand on them."""
    if _every_day(days):
        whole = np.arange(len(days)) + np.datetime64(days[0])
        return np.datetime_as_string(whole).tolist()  # type: ignore[no-any-return]
    return [day.isoformat() for day in days]


def _every_day(days: Sequence[date]) -> bool:
    return bool(days) and (days[-1] - days[0]).days == len(days) - 1


def told(low: Sequence[float | None], high: Sequence[float | None], decimals: int) -> Figure:
    """Write a range's ends for the label at the pointer, rounded outwards as in every text."""
    ends = np.array([low, high], dtype=np.float64)
    steps = np.round(ends * 10.0**decimals, 6)
    rounded = np.stack([np.floor(steps[0]), np.ceil(steps[1])], axis=1) / 10.0**decimals
    return column(rounded) | {"shape": f"{len(low)},2"}


def band(
    days: Sequence[str], low: Sequence[float | None], high: Sequence[float | None], fill: str
) -> Figure:
    """Draw a range over written days as closed outlines, one for each run without gaps."""
    x: list[str | None] = []
    y: list[Floats] = []
    floor, ceiling = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    for start, end in _runs(floor, ceiling):
        at, top, foot = days[start:end], ceiling[start:end], floor[start:end]
        if end - start == 1:  # a range that stands alone is drawn as a short bar
            at, top, foot = _around(days[start]), np.repeat(top, 2), np.repeat(foot, 2)
        x += [*at, *reversed(at), None]
        y += [top, foot[::-1], np.array([np.nan])]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": column(np.concatenate([*y, np.array([])])),
        "fill": "toself",
        "fillcolor": fill,
        "line": {"width": 0},
        "hoverinfo": "skip",
    }


def _runs(low: Floats, high: Floats) -> Iterator[tuple[int, int]]:
    """Return where each run of known days begins, and where it has ended."""
    known = ~(np.isnan(low) | np.isnan(high))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _around(day: str) -> list[str]:
    begin = datetime.fromisoformat(day)  # a place on the axis, in no zone
    return [(begin + reach).isoformat(timespec="minutes") for reach in (-LONE_DAY, LONE_DAY)]


def mark_zone(drawn: Figure, start: date, end: date, text: Texts) -> None:
    """Shade the days of which reports are still arriving, and say so above them."""
    drawn["shapes"].append(
        {
            "type": "rect",
            "xref": "x",
            "yref": "paper",
            "x0": start.isoformat(),
            "x1": end.isoformat(),
            "y0": 0,
            "y1": 1,
            "fillcolor": ZONE,
            "line": {"width": 0},
            "layer": "below",
        }
    )
    said = note(
        text.gettext("reports still arriving"),
        x=end.isoformat(),
        y=1,
        xanchor="right",
        yanchor="bottom",  # above the drawing, where no bar reaches
    )
    drawn["margin"]["t"] = ABOVE
    drawn["annotations"].append(said | {"yref": "paper"})


def level(y: float, color: str, width: float) -> Figure:
    """Draw a line across at a value."""
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": y,
        "y1": y,
        "line": {"color": color, "width": width},
    }


def note(words: str, *, size: int = 11, color: str = GREY, **place: Any) -> Figure:
    """Write words on the drawing; `place` says where."""
    return {
        "text": words,
        "showarrow": False,
        "font": {"size": size, "color": color},
        "align": "left",
        **place,
    }
