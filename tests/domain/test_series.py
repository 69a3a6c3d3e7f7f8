"""Daily and weekly series: dates, places, and the bytes by which the store knows them."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms.access.disclosure import DisclosureRule
from kms.access.figures import window_sums
from kms.access.weeks import shown_counts, week_numbers
from kms.domain.series import (
    Series,
    decode,
    encode,
    fingerprint,
    last_entries,
    make_series,
    make_weekly,
    reading_at,
)
from metrics.states import State

SUNDAY = date(2026, 8, 30)


def test_bytes_of_a_daily_series_are_what_they_have_always_been() -> None:
    series = make_series(date(2026, 11, 1), np.array([1.25, np.nan, 3.0]))
    header = b'{"format": 1, "start": "2026-11-01", "days": 3}\n'
    assert encode(series).startswith(header)
    nan = float("nan")
    columns = [1.25, nan, 3.0, *[nan] * 12, State.FINAL, State.MISSING, State.FINAL, *[nan] * 3]
    assert zlib.decompress(encode(series)[len(header) :]) == struct.pack("<21d", *columns)
    assert fingerprint(encode(series)) == hashlib.sha256(encode(series)).hexdigest()


@given(st.integers(1, 40), st.booleans())
def test_a_series_comes_back_as_it_was(entries: int, weekly: bool) -> None:
    make = make_weekly if weekly else make_series
    series = make(SUNDAY, np.arange(entries, dtype=float), low=1.0)
    again = decode(encode(series))
    assert (again.step, again.start, again.end) == (series.step, series.start, series.end)
    assert list(again.dates()) == list(series.dates())
    np.testing.assert_array_equal(again.value, series.value)
    np.testing.assert_array_equal(again.low, series.low)


def test_weeks_are_named_by_their_sunday() -> None:
    series = make_weekly(SUNDAY, np.array([3.0, 4.0, np.nan]))
    assert list(series.dates()) == [SUNDAY, date(2026, 9, 6), date(2026, 9, 13)]
    assert series.end == date(2026, 9, 13)
    assert [series.position(date(2026, 9, day)) for day in (5, 6, 12, 19, 20)] == [0, 1, 1, 2, None]
    assert series.position(date(2026, 8, 29)) is None
    assert reading_at(series, 1)["ref_date"] == date(2026, 9, 6)
    assert reading_at(series, 2)["state"] == "missing"
    last = last_entries(series, 2)
    assert (last.start, last.step, len(last)) == (date(2026, 9, 6), 7, 2)
    assert list(week_numbers(series)) == [0, 1, 2]


def test_a_program_that_knows_days_only_refuses_weeks() -> None:
    content = encode(make_weekly(SUNDAY, np.ones(2)))
    header = json.loads(content.split(b"\n", 1)[0])
    assert header == {"format": 2, "start": "2026-08-30", "weeks": 2}
    later = content.replace(b'"format": 2', b'"format": 3', 1)
    with pytest.raises(ValueError, match=r"series format 3 is none of \[1, 2\]"):
        decode(later)


def test_other_steps_and_days_of_weeks_are_refused() -> None:
    columns = [np.ones(1)] * 7
    with pytest.raises(ValueError, match="step of a series is 3 days"):
        Series(SUNDAY, *columns, step=3)
    weekly = make_weekly(SUNDAY, np.ones(2))
    with pytest.raises(ValueError, match="has no days to show"):
        shown_counts(weekly, DisclosureRule())
    with pytest.raises(ValueError, match="no windows of days"):
        window_sums(weekly, SUNDAY, np.ones(2), days=7)
