"""A fan chart of 1,200 days with its ranges: our plain dict of typed arrays, and go.Figure.

Both are made from the same view and written as JSON, as a page sends them. Printed: median CPU
milliseconds of making and of writing, and bytes. The exit code is 1 when making ours costs more
than a millisecond.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go

from kms.reads.views import SeriesView
from kms.texts import texts
from layouts import charts
from layouts.gallery.examples import courses

TEXT = texts("en")
ROUNDS, BUDGET_MS = 200, 1.0


def main() -> int:
    view = courses()["four years"]
    print(f"{len(view.dates)} days, 95 and 50 % ranges and the middle line")
    print(f"{'':14}{'make ms':>9}{'write ms':>10}{'bytes':>9}")
    ours = measured("dict", lambda: charts.reproduction(view, TEXT), json.dumps)
    theirs = measured("go.Figure", lambda: with_objects(view), lambda figure: figure.to_json())
    print(f"go.Figure takes {theirs / ours:.0f}x as long to make; budget {BUDGET_MS} ms")
    return int(ours > BUDGET_MS)


def measured(name: str, make: Callable[[], Any], write: Callable[[Any], str]) -> float:
    """Print what making and writing cost; return the first in milliseconds."""
    made, written = [], []
    figure = make()
    for _ in range(ROUNDS):
        start = time.process_time()
        figure = make()
        made.append(time.process_time() - start)
        start = time.process_time()
        text = write(figure)
        written.append(time.process_time() - start)
    cost = statistics.median(made) * 1e3
    print(f"{name:14}{cost:9.2f}{statistics.median(written) * 1e3:10.2f}{len(text):9,}")
    return cost


def with_objects(view: SeriesView) -> go.Figure:
    """Draw the same with plotly's own objects, in our layout."""
    figure = go.Figure(layout=charts.reproduction(_short(view), TEXT)["layout"])
    for low, high in ((view.low, view.high), (view.low50, view.high50)):
        figure.add_trace(
            go.Scatter(
                x=[*view.dates, *reversed(view.dates)], y=[*high, *reversed(low)], fill="toself"
            )
        )
    figure.add_trace(go.Scatter(x=view.dates, y=view.value, mode="lines"))
    return figure


def _short(view: SeriesView) -> SeriesView:
    """Keep a day: the layout alone is wanted."""
    return SeriesView(*(getattr(view, name)[:1] for name in SeriesView.__dataclass_fields__))


if __name__ == "__main__":
    sys.exit(main())
