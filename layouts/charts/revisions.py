"""How a figure moved: what was told about one day, publication by publication."""

from __future__ import annotations

from collections.abc import Sequence

from kms.reads.history.rows import Revisions
from kms.texts import Texts
from layouts.charts.style import (
    CLEAR,
    INK,
    REFERENCE,
    Figure,
    along,
    column,
    layout,
    level,
    over,
    told,
)


def revisions(view: Revisions, text: Texts, *, centre: float | None = None) -> Figure:
    """Draw each telling with its range: hollow while reports were arriving, filled when final."""
    drawn = layout()
    over(drawn, view.told_on)
    drawn["xaxis"]["title"] = {"text": text.gettext("told on"), "standoff": 4}
    drawn["margin"]["b"] = 40
    drawn["yaxis"]["tickformat"] = ".1f"
    if centre is not None:
        drawn["shapes"].append(level(centre, REFERENCE, 1.25))
    shown = [i for i, value in enumerate(view.value) if value is not None]

    def of(values: Sequence[float | None]) -> list[float | None]:
        return [values[i] for i in shown]

    middle, low, high = of(view.value), of(view.low), of(view.high)
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                **along([view.told_on[i] for i in shown]),
                "y": column(middle),
                "line": {"color": INK, "width": 1, "dash": "dot"},
                "marker": {
                    "size": 8,
                    "color": [INK if view.state[i] == "final" else CLEAR for i in shown],
                    "line": {"color": INK, "width": 1.5},
                },
                "error_y": _whiskers(middle, low, high),
                "customdata": told(low, high, 2),
                "name": text.gettext("as told"),
                "hovertemplate": "%{y:.2f} (%{customdata[0]:.2f} – %{customdata[1]:.2f})",
            }
        ],
        "layout": drawn,
    }


def _whiskers(
    middle: Sequence[float | None], low: Sequence[float | None], high: Sequence[float | None]
) -> Figure:
    def reach(ends: Sequence[float | None], sign: int) -> list[float | None]:
        return [
            None if at is None or end is None else max(sign * (end - at), 0)
            for at, end in zip(middle, ends, strict=True)
        ]

    return {
        "type": "data",
        "symmetric": False,
        "array": column(reach(high, 1)),
        "arrayminus": column(reach(low, -1)),
        "color": INK,
        "thickness": 1.5,
        "width": 3,
    }
