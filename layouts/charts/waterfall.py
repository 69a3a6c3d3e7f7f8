"""What makes a figure what it is: factors that multiply, one bar each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from kms.texts import Texts
from layouts.charts.style import BAR, GREY, INK, REFERENCE, STRONG, Figure, column, layout, note

ROW = 30  # px
NAMES = 190  # px beside the drawing


@dataclass(frozen=True, slots=True)
class Factor:
    """One part of an explanation: 1.2 raises by a fifth, 0.8 lowers by one."""

    name: str
    times: float


def waterfall(factors: Sequence[Factor], text: Texts, *, start: str, end: str) -> Figure:
    """Draw factors from a reference (1) to their product, on a logarithmic axis.

    Raises ValueError naming a factor that is not above zero, since it has no logarithm.
    """
    for at, factor in enumerate(factors):
        if not factor.times > 0:
            raise ValueError(f"factors[{at}] {factor.name}: {factor.times} is not above 0")
    after = list(accumulate((factor.times for factor in factors), lambda a, b: a * b, initial=1.0))
    names = [start, *(factor.name for factor in factors), end]
    drawn = layout(height=ROW * len(names) + 40)
    drawn["hovermode"] = False
    drawn["margin"] |= {"l": NAMES, "r": 60}
    drawn["xaxis"] |= {"type": "log", "tickformat": ".2~f", "nticks": 5, "showgrid": True}
    drawn["xaxis"]["gridcolor"] = drawn["yaxis"]["gridcolor"]
    drawn["yaxis"] = {
        "tickvals": list(range(len(names))),
        "ticktext": [_wrapped(name) for name in names],
        "range": [len(names) - 0.5, -0.5],
        "fixedrange": True,
        "tickfont": {"color": STRONG, "size": 12},
    }
    drawn["shapes"].append(_reference())
    drawn["annotations"] = [
        _at(row, times, high, text)
        for row, (times, high) in enumerate(
            [
                (1.0, 1.0),
                *((f.times, max(pair)) for f, pair in zip(factors, pairwise(after), strict=True)),
                (after[-1], max(after[-1], 1.0)),
            ]
        )
    ]
    spans = [(1.0, 1.0), *pairwise(after), (1.0, after[-1])]
    return {"data": [_bars(spans)], "layout": drawn}


def _bars(spans: Sequence[tuple[float, float]]) -> Figure:
    """Draw from the lower to the higher end; the whole in ink, its parts lighter."""
    last = len(spans) - 1
    return {
        "type": "bar",
        "orientation": "h",
        "y": list(range(len(spans))),
        "base": column([min(pair) for pair in spans], "f8"),
        "x": column([max(pair) - min(pair) for pair in spans], "f8"),
        "marker": {"color": [INK if row == last else BAR for row in range(len(spans))]},
        "width": 0.6,
        "hoverinfo": "skip",
    }


def _reference() -> Figure:
    return {
        "type": "line",
        "yref": "paper",
        "x0": 1,
        "x1": 1,
        "y0": 0,
        "y1": 1,
        "line": {"color": REFERENCE, "width": 1.25},
    }


def _at(row: int, times: float, high: float, text: Texts) -> Figure:
    """Write a factor right of its bar; annotations of a logarithmic axis stand at exponents."""
    from math import log10

    words = note(
        f"<b>×{text.number(times, 2)}</b>" if row else text.number(times, 2),
        x=log10(high),
        y=row,
        xanchor="left",
        xshift=6,
        size=12,
    )
    words["font"]["color"] = STRONG if row else GREY
    return words


def _wrapped(name: str, *, width: int = 28) -> str:
    """Break a long name once, at a space."""
    if len(name) <= width:
        return name
    cut = name.rfind(" ", 0, width)
    if cut < 0:
        return name[: width - 1] + "…"
    rest = name[cut + 1 :]
    return f"{name[:cut]}<br>{rest if len(rest) <= width else rest[: width - 1] + '…'}"
