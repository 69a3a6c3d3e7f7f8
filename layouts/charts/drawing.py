"""What every chart starts from: the style, axes, words, marks on the drawing, ranges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from kms.texts import Texts

Figure = dict[str, Any]
INK, BAR, REFERENCE = "#2F4B66", "#AEBBC8", "#27303A"
BAND_95, BAND_50 = "rgba(47,75,102,.15)", "rgba(47,75,102,.34)"
ZONE, GREY = "#EDF0F3", "#505C68"
ABOVE = 24  # px over the drawing for words
FAMILY = "Inter, Inter Fallback, system-ui, sans-serif"

FEWEST_TICKS = 5  # on an axis of counts


def layout(*, height: int = 250) -> Figure:
    """Return the layout every chart starts from."""
    return {
        "font": {"family": FAMILY, "size": 11, "color": GREY},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 36, "r": 14, "t": 14, "b": 26, "pad": 0},
        "height": height,
        "showlegend": False,
        "hovermode": "x unified",
        "bargap": 0.18,
        "dragmode": False,
        "colorway": [INK, "#D55E00", "#009E73", "#CC79A7"],
        "hoverlabel": {
            "bgcolor": "#FFFFFF",
            "bordercolor": "#C6CED6",
            "font": {"size": 12, "color": "#151B22"},
        },
        "xaxis": {
            "showgrid": False,
            "showline": True,
            "linecolor": "#95A1AD",
            "linewidth": 1,
            "ticks": "outside",
            "ticklen": 4,
            "tickcolor": "#95A1AD",
            "tickformat": "%-d %b",
            "hoverformat": "%-d %b %Y",
            "nticks": 6,
            "fixedrange": True,
            "type": "date",
        },
        "yaxis": {
            "gridcolor": "#E4E8ED",
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


def whole_numbers(*drawn: float | None) -> Figure:
    """Return an axis of counts from none up, each number once.

    An axis that ends at 2 would print 1 and 2 twice each.
    """
    highest = max((number for number in drawn if number is not None), default=0)
    axis: Figure = {"rangemode": "tozero", "tickformat": ",d"}
    return axis if highest >= FEWEST_TICKS else axis | {"dtick": 1}


def band(
    days: Sequence[date], low: Sequence[float | None], high: Sequence[float | None], fill: str
) -> Figure:
    """Draw a range as closed outlines, one for each run without gaps."""
    x: list[str | None] = []
    y: list[float | None] = []
    run: list[int] = []
    for index in range(len(days) + 1):
        known = index < len(days) and low[index] is not None and high[index] is not None
        if known:
            run.append(index)
            continue
        if len(run) > 1:
            around = run + run[::-1]
            half = len(run)
            x += [days[i].isoformat() for i in around] + [None]
            y += [high[i] for i in around[:half]] + [low[i] for i in around[half:]] + [None]
        run = []
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "fill": "toself",
        "fillcolor": fill,
        "line": {"width": 0},
        "hoverinfo": "skip",
    }


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


def iso(days: Sequence[date]) -> list[str]:
    """Write days as plotly reads them."""
    return [day.isoformat() for day in days]
