"""One figure as earlier publications told it, ready to draw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Revisions:
    """A figure of one day as told on each of several days; None where it was not told."""

    ref_date: date
    told_on: tuple[date, ...]
    value: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    state: tuple[str, ...]
