"""Columns that tables of the Philippine Statistics Authority have in common."""

from __future__ import annotations

from datetime import date

from ingest.reading.dates import DateColumn
from ingest.reading.fields import FieldCheck, one_of, whole_number

LICENCE = "Free use with acknowledgement of the Philippine Statistics Authority; unverified"
PUBLISHER = "Philippine Statistics Authority"
YEAR = DateColumn("year", "%Y", date(1990, 1, 1), required=True)
MOST_PERSONS = 200_000_000  # more than the country has


def sex() -> FieldCheck:
    """`male`, `female`, or all: blank or `both`."""
    word = one_of("sex", ("male", "female", "both"))
    return FieldCheck("sex", f"nullif({word.value}, 'both')", word.faults)


def persons(name: str) -> FieldCheck:
    """A whole number of persons; thousands may be parted by commas."""
    return whole_number(name, MOST_PERSONS, required=True, grouped=True)
