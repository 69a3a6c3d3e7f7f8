"""Rates against what they rest on, with the limits that chance alone would keep to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kms.texts import Texts
from layouts.charts.style import (
    BAND_50,
    BAND_95,
    CLEAR,
    INK,
    REFERENCE,
    Figure,
    column,
    layout,
    level,
    note,
)


@dataclass(frozen=True, slots=True)
class Point:
    """One area, sector or office: its name, what the rate rests on, and the rate.

    `signal` is the judgement by exact tails (`metrics.workplaces.funnel`), not by the drawn line.
    """

    name: str
    size: float
    rate: float
    signal: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Rates between which points of a size lie by chance: 95 and 99.8 %, one entry a size."""

    sizes: Sequence[float]
    low95: Sequence[float]
    high95: Sequence[float]
    low998: Sequence[float]
    high998: Sequence[float]


def funnel(
    points: Sequence[Point], centre: float, limits: Limits, text: Texts, *, percent: bool = False
) -> Figure:
    """Draw a funnel plot: filled dots are told by exact tails at 99.8 %, hollow ones are not.

    Sizes stand on a logarithmic axis, so that small and large ones can both be read.
    Source: Spiegelhalter, Stat Med 2005;24:1185, doi:10.1002/sim.1970.
    """
    drawn = layout(height=300)
    drawn["hovermode"] = "closest"
    drawn["xaxis"] |= {"type": "log", "tickformat": ",d", "hoverformat": ",d", "dtick": "D2"}
    drawn["yaxis"] |= {"rangemode": "tozero", "tickformat": ".0%" if percent else ",.3~g"}
    drawn["shapes"].append(level(centre, REFERENCE, 1.25))
    drawn["annotations"].append(
        note(
            text.gettext("all together"),
            x=1,
            xref="paper",
            xanchor="right",
            y=centre,
            yanchor="bottom",
        )
    )
    return {
        "data": [
            _between(limits.sizes, limits.low998, limits.high998, BAND_95),
            _between(limits.sizes, limits.low95, limits.high95, BAND_50),
            _dots(points, percent=percent),
        ],
        "layout": drawn,
    }


def _between(
    sizes: Sequence[float], low: Sequence[float], high: Sequence[float], fill: str
) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": column([*sizes, *reversed(sizes)]),
        "y": column([*high, *reversed(low)]),
        "fill": "toself",
        "fillcolor": fill,
        "line": {"width": 0},
        "hoverinfo": "skip",
    }


def _dots(points: Sequence[Point], *, percent: bool) -> Figure:
    form = ".1%" if percent else ",.3~g"
    return {
        "type": "scatter",
        "mode": "markers",
        "x": column([point.size for point in points]),
        "y": column([point.rate for point in points]),
        "text": [point.name for point in points],
        "marker": {
            "size": 8,
            "color": [INK if point.signal else CLEAR for point in points],
            "line": {"color": INK, "width": 1.5},
        },
        "hovertemplate": f"<b>%{{text}}</b><br>%{{y:{form}}}, %{{x:,d}}<extra></extra>",
    }
