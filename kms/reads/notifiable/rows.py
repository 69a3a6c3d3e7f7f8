"""What pages show of weekly diseases, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class SignalRow:
    """An area whose newest week of a disease signals; counts are disclosed."""

    disease: str
    disease_name: str
    area: str
    area_name: str
    level: str
    week: date  # its Sunday
    cases: int | None  # None: few, or hidden for a neighbour's sake; then nothing else is told
    expected: float | None
    bound: float | None  # what one week in a hundred without an outbreak passes
    false_share: float  # end of the band: at most so many of such signals are false
    since: date  # first of the weeks in a row that signal
    zone: str = ""  # of the endemic channel: success, safety, alert, epidemic; empty: not known
    provisional: bool = False  # reports of the week are still coming in


@dataclass(frozen=True, slots=True)
class TestedRow:
    """What was compared of one weekly disease, and how many signals are false by chance."""

    disease: str
    disease_name: str
    to: date  # Sunday of the newest week reported
    areas: int  # whose newest week was compared
    expected_false: float  # signals among them, on average at most
    compared_with: str  # seasons: of earlier years; last_weeks: and the course of other areas
    signals: int


@dataclass(frozen=True, slots=True)
class WeeksView:
    """One disease in one area, week by week; None where nothing may or can be told."""

    weeks: tuple[date, ...] = ()  # Sundays
    cases: tuple[int | None, ...] = ()
    states: tuple[str, ...] = ()  # of the cases
    expected: tuple[float | None, ...] = ()
    bound: tuple[float | None, ...] = ()
    lower: tuple[float | None, ...] = ()  # quartiles and median of earlier years
    alert: tuple[float | None, ...] = ()
    epidemic: tuple[float | None, ...] = ()
    signals: tuple[bool, ...] = ()
    completeness: tuple[float | None, ...] = ()  # share of places that reported
