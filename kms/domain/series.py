"""A daily series with its ranges, and the bytes by which the store knows it."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from metrics.states import State

Floats = NDArray[np.float64]
_COLUMNS = ("value", "low", "high", "low50", "high50", "state", "completeness")
_FORMAT = 1


@dataclass(frozen=True)
class Series:
    """Days from `start`, one entry a day, shape (T,); NaN where there is no value.

    `low`, `high` bound 95 %, `low50`, `high50` half of the probability; `state` holds codes of
    `metrics.states.State`; `completeness` the share of the final count that is known, 0 to 1.
    """

    start: date
    value: Floats
    low: Floats
    high: Floats
    low50: Floats
    high50: Floats
    state: Floats
    completeness: Floats

    def __len__(self) -> int:
        """Return the number of days."""
        return int(self.value.shape[0])

    @property
    def end(self) -> date:
        """The last day."""
        return self.start + timedelta(days=len(self) - 1)

    def dates(self) -> Iterator[date]:
        """Return the days in order."""
        return (self.start + timedelta(days=day) for day in range(len(self)))

    def position(self, day: date) -> int | None:
        """Return where a day stands, or None outside the series."""
        place = (day - self.start).days
        return place if 0 <= place < len(self) else None

    def last_told(self) -> int | None:
        """Return where the newest day stands about which something may be said.

        Days still hidden, and days without an estimate, tell nothing; too few cases do.
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
    return Series(start, **columns)


def encode(series: Series) -> bytes:
    """Return a series as bytes: a header, then the columns as little-endian float64, packed."""
    header = json.dumps(
        {"format": _FORMAT, "start": series.start.isoformat(), "days": len(series)}
    ).encode()
    columns = np.stack([getattr(series, name) for name in _COLUMNS]).astype("<f8")
    return header + b"\n" + zlib.compress(columns.tobytes(), 6)


def decode(content: bytes) -> Series:
    """Return the series that `encode` wrote."""
    header, packed = content.split(b"\n", 1)
    facts = json.loads(header)
    if facts["format"] != _FORMAT:
        raise ValueError(f"series format {facts['format']} is not {_FORMAT}; upgrade the program")
    columns = np.frombuffer(zlib.decompress(packed), dtype="<f8").reshape(len(_COLUMNS), -1)
    return Series(date.fromisoformat(facts["start"]), *columns)


def fingerprint(content: bytes) -> str:
    """Return the name of a series: the hash of its bytes."""
    return hashlib.sha256(content).hexdigest()


def reading_at(series: Series, place: int) -> dict[str, object]:
    """Return one day of a series as plain values: None where there is no number."""

    def number(column: Floats) -> float | None:
        return float(column[place]) if np.isfinite(column[place]) else None

    return {
        "ref_date": series.start + timedelta(days=place),
        "value": number(series.value),
        "low": number(series.low),
        "high": number(series.high),
        "state": State(int(series.state[place])).label,
        "completeness": number(series.completeness),
    }
