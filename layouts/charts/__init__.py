"""Plotly figures as plain dicts: pure functions of a view, in the design's chart style.

Dicts, not `go.Figure`: 0.1 ms instead of 37 ms for a fan chart.
"""

from layouts.charts.bars import cases, weekly
from layouts.charts.fan import forecast, growth, reproduction
from layouts.charts.style import Figure, layout

__all__ = ["Figure", "cases", "forecast", "growth", "layout", "reproduction", "weekly"]
