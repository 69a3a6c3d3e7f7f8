"""Which of the declared date formats a file uses, told by the shape of its first dates."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from ingest.opening.header import named_columns
from ingest.reading.dates import ISO, LONG, MONTH_FIRST

ISO_WITH_TIME, MONTH_FIRST_WITH_TIME = "%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M"
_LOOKED_AT = 100  # cells; a few may be blank or spoilt
_SHAPES = (
    (re.compile(r"\d{4}-\d{2}-\d{2}(T.*)?"), ISO),
    (re.compile(r"\d{4}-\d{2}-\d{2} \d{1,2}:\d{2}:\d{2}"), ISO_WITH_TIME),
    (re.compile(r"\d{1,2}/\d{1,2}/\d{4}"), MONTH_FIRST),
    (re.compile(r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}"), MONTH_FIRST_WITH_TIME),
    (re.compile(r"[A-Za-z]+ \d{1,2}, \d{4}"), LONG),
)


def date_format_of(
    source_id: str, part: Path, column: str, also: Mapping[str, Sequence[str]]
) -> str:
    """Return the format of a date column; ISO where nothing can be told.

    Only shapes that cannot be mistaken for each other are told apart. Every row is then held to
    the format found, and day-first dates, which look like month-first ones, are refused there.
    """
    for text in islice(column_texts(source_id, part, column, also), _LOOKED_AT):
        for shape, date_format in _SHAPES:
            if shape.fullmatch(text):
                return date_format
    return ISO


def column_texts(
    source_id: str, part: Path, column: str, also: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """Give the trimmed cells of one column as far as the file can be read."""
    names = named_columns(source_id, part, (column,), also)
    if column not in names:
        return
    place = names.index(column)
    with part.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        try:
            yield from (row[place].strip() for row in rows if len(row) > place)
        except csv.Error:
            return  # reading the file in full says where it is damaged
