"""A daily or weekly series with its ranges, and the bytes by which the store knows it."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from metrics.states import State

Floats = NDArray[np.float64]
_COLUMNS = ("value", "low", "high", "low50", "high50", "state", "completeness")
DAILY, WEEKLY = 1, 7  # days from one entry to the next
_FORMATS = {DAILY: 1, WEEKLY: 2}  # a program that knows days only must not read weeks as days


@dataclass(frozen=True)
class Series:
    """Days, or weeks, from `start`, one entry each, shape (T,); NaN where there is no value.

    A week is named by its first day; `start` is that of the first. `low`, `high` bound 95 %,
    `low50`, `high50` half of the probability; `state` holds codes of `metrics.states.State`;
    `completeness` the share of the final count that is known, 0 to 1.
    """

    start: date
    value: Floats
    low: Floats
    high: Floats
    low50: Floats
    high50: Floats
    state: Floats
    completeness: Floats
    step: int = field(default=DAILY, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse steps that nothing could read back."""
        if self.step not in _FORMATS:
            raise ValueError(f"the step of a series is {self.step} days; it is 1 or 7")

    def __len__(self) -> int:
        """Return the number of entries."""
        return int(self.value.shape[0])

    @property
    def end(self) -> date:
        """The last day, or the first day of the last week."""
        return self.date_at(len(self) - 1)

    def date_at(self, place: int) -> date:
        """Return the day, or the first day of the week, that stands at a place."""
        return self.start + timedelta(days=place * self.step)

    def dates(self) -> Iterator[date]:
        """Return the days, or the first days of the weeks, in order."""
        return map(self.date_at, range(len(self)))

    def position(self, day: date) -> int | None:
        """Return where a day, or the week it lies in, stands; None outside the series."""
        place = (day - self.start).days // self.step
        return place if 0 <= place < len(self) else None

    def last_told(self) -> int | None:
        """Return where the newest entry stands about which something may be said.

        Those still hidden, and those without an estimate, tell nothing; too few cases do.
        """
        told = np.flatnonzero(~np.isin(self.state, (State.HIDDEN, State.MISSING)))
        return int(told[-1]) if told.size else None


def make_series(start: date, value: Floats, **others: NDArray[np.generic] | float) -> Series:
    """Build a series; columns not given are NaN, the state then final or missing."""
    value = np.asarray(value, dtype=np.float64)
    columns: dict[str, Floats] = {"value": value}
    for name in _COLUMNS[1:]:
        given = others.pop(name, np.nan)
        columns[name] = np.broadcast_to(np.asarray(given, dtype=np.float64), value.shape)
    if others:
        raise ValueError(f"a series has no column {min(others)!r}; it has {_COLUMNS}")
    if np.isnan(columns["state"]).all():
        columns["state"] = np.where(np.isfinite(value), State.FINAL, State.MISSING).astype(float)
    return Series(start, *(columns[name] for name in _COLUMNS))


def make_weekly(start: date, value: Floats, **others: NDArray[np.generic] | float) -> Series:
    """Build a series of weeks, each named by its first day, `start` being that of the first."""
    return replace(make_series(start, value, **others), step=WEEKLY)


def make_shown(
    start: date, value: Floats, state: NDArray[np.generic], **others: NDArray[np.generic] | float
) -> Series:
    """Build a daily series that holds numbers where its state is final or provisional alone."""
    shown = np.isin(state, (State.FINAL, State.PROVISIONAL))
    told = {
        name: column if name == "completeness" else np.where(shown, column, np.nan)
        for name, column in others.items()
    }
    return make_series(start, np.where(shown, value, np.nan), state=state, **told)


def encode(series: Series) -> bytes:
    """Return a series as bytes: a header, then the columns as little-endian float64, packed."""
    facts = {"format": _FORMATS[series.step], "start": series.start.isoformat()}
    # A daily series keeps the bytes, and so the name, it has always had.
    length = "days" if series.step == DAILY else "weeks"
    header = json.dumps(facts | {length: len(series)}).encode()
    columns = np.stack([getattr(series, name) for name in _COLUMNS]).astype("<f8")
    return header + b"\n" + zlib.compress(columns.tobytes(), 6)


def decode(content: bytes) -> Series:
    """Return the series that `encode` wrote."""
    header, packed = content.split(b"\n", 1)
    facts = json.loads(header)
    steps = {number: step for step, number in _FORMATS.items()}
    if facts["format"] not in steps:
        raise ValueError(
            f"series format {facts['format']} is none of {sorted(steps)}; upgrade the program"
        )
    columns = np.frombuffer(zlib.decompress(packed), dtype="<f8").reshape(len(_COLUMNS), -1)
    return Series(date.fromisoformat(facts["start"]), *columns, step=steps[facts["format"]])


def last_entries(series: Series, entries: int) -> Series:
    """Return the last entries of a series: days, or weeks."""
    first = max(0, len(series) - entries)
    columns = (getattr(series, name)[first:] for name in _COLUMNS)
    return Series(series.date_at(first), *columns, step=series.step)


def fingerprint(content: bytes) -> str:
    """Return the name of a series: the hash of its bytes."""
    return hashlib.sha256(content).hexdigest()


def reading_at(series: Series, place: int) -> dict[str, object]:
    """Return one entry of a series as plain values: None where there is no number."""

    def number(column: Floats) -> float | None:
        return float(column[place]) if np.isfinite(column[place]) else None

    return {
        "ref_date": series.date_at(place),
        "value": number(series.value),
        "low": number(series.low),
        "high": number(series.high),
        "state": State(int(series.state[place])).label,
        "completeness": number(series.completeness),
    }
