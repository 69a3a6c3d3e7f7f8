"""Daily counts from a plain CSV file, or the reason why not, with its line."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from kms.errors import DataError, FetchError

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator
    from pathlib import Path

COUNT_COLUMNS = (("cases",), ("local", "imported"))
MOST_CASES = 1e9  # of a row; larger ones are slips, and drown every other number
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class DailySeries:
    """Consecutive days, or weeks, of one area; `area` is empty where there is no such column."""

    area: str
    first_date: date
    local: list[float] = field(default_factory=list)
    imported: list[float] = field(default_factory=list)
    step_days: int = 1

    @property
    def total(self) -> list[float]:
        """Local and imported cases by day."""
        return [a + b for a, b in zip(self.local, self.imported, strict=True)]

    @property
    def next_date(self) -> date:
        """The day that must follow."""
        return self.first_date + timedelta(days=self.step_days * len(self.local))

    def dates(self) -> list[date]:
        """All days in order."""
        return [
            self.first_date + timedelta(days=self.step_days * i) for i in range(len(self.local))
        ]


def read_text(path: Path) -> str:
    """Read a text file whole; `FetchError` if it cannot be opened, `DataError` if not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FetchError(
            f"{path}: cannot be read ({error.strerror}). Check the path and its permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: byte {error.start} is not UTF-8. Save the file as CSV UTF-8."
        ) from error


def read_rows(path: Path) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """Return the header and the rows with their line numbers; blank lines are left out."""
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
    except csv.Error as error:
        raise DataError(
            f"{path}, line 1: not a CSV header ({error}). Check its quotes and the separator."
        ) from error
    if not any(header):
        raise DataError(f"{path}, line 1: the file is empty. It needs a header and rows.")
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise DataError(f"{path}, line 1: column '{doubled[0]}' stands twice. Keep one of them.")
    return header, _rows(path, reader, header)


def _rows(path: Path, reader: Reader, header: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise DataError(
                    f"{path}, line {reader.line_num}: {len(cells)} cells, the header has"
                    f" {len(header)}. Check for stray commas."
                )
            yield reader.line_num, dict(zip(header, (c.strip() for c in cells), strict=True))
    except csv.Error as error:
        raise DataError(
            f"{path}, line {reader.line_num}: not a CSV row ({error}). Check its quotes."
        ) from error


def read_by_lag(path: Path, lag: str, value: str, *, unit: str) -> Iterator[tuple[str, float]]:
    """Give the numbers of lags 0, 1, …, and where each stands; `DataError` if one is missing."""
    header, rows = read_rows(path)
    if not {lag, value} <= set(header):
        raise DataError(
            f"{path}, line 1: columns are {', '.join(header[:8])}. Needed: {lag},{value} from"
            f" {lag} = 0."
        )
    for place, (line, row) in enumerate(rows):
        where = f"{path}, line {line}"
        if parse_number(where, lag, row[lag]) != place:
            raise DataError(
                f"{where}: {lag} is {row[lag]}, expected {place}. Give every {unit} once, from 0."
            )
        yield where, parse_number(where, value, row[value])


def read_daily_series(path: Path, *, step_days: int = 1) -> list[DailySeries]:
    """Read `date,cases` or `date,local,imported`, with an optional `area`.

    With `step_days` 7 a row is a week, dated by any weekday, always the same one.

    Raises `DataError` for a missing or ambiguous column, an unusable date or count, a date
    that is missing, doubled or out of order: a day without data is never taken for 0 cases.
    """
    header, rows = read_rows(path)
    columns = _count_columns(path, header)
    found: dict[str, DailySeries] = {}
    for line, row in rows:
        where = f"{path}, line {line}"
        day = parse_date(where, row["date"])
        counts = [parse_count(where, name, row[name]) for name in columns]
        area = row.get("area", "")
        if "area" in header and not area:
            raise DataError(f"{where}: column 'area' is blank. Name the area or drop the column.")
        series = found.setdefault(area, DailySeries(area, day, step_days=step_days))
        _check_next(where, series, day)
        series.local.append(counts[0])
        series.imported.append(counts[1] if len(counts) > 1 else 0.0)
    if not found:
        raise DataError(f"{path}: no rows below the header. Give one row per day.")
    return list(found.values())


def parse_date(where: str, text: str) -> date:
    """Read a date written 2021-08-31; nothing else, since 08/09 means two days."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise DataError(f"{where}: column 'date' is '{text}'. Write dates as YYYY-MM-DD.")


def parse_number(where: str, name: str, text: str) -> float:
    """Read a finite number that is not negative."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        said = f"is '{text}', not a number" if text else "is blank"
        raise DataError(f"{where}: column '{name}' {said}. Give a number; write 0 for none.")
    if value < 0:
        raise DataError(f"{where}: column '{name}' is {text}, below 0. Correct the source.")
    return value


def parse_count(where: str, name: str, text: str) -> float:
    """Read a whole number that is not negative."""
    value = parse_number(where, name, text)
    if value != math.floor(value):
        raise DataError(f"{where}: column '{name}' is {text}. Cases are whole numbers.")
    if value > MOST_CASES:
        raise DataError(
            f"{where}: column '{name}' is {text}, more than {MOST_CASES:,.0f}. No area has so many"
            " in a row; correct the source."
        )
    return value


def _count_columns(path: Path, header: list[str]) -> tuple[str, ...]:
    shown = ", ".join(header[:8])
    given = [columns for columns in COUNT_COLUMNS if set(columns) <= set(header)]
    if "date" not in header or not given:
        raise DataError(
            f"{path}, line 1: columns are {shown}. Needed: date,cases or date,local,imported"
            " (comma-separated), and area where there are several."
        )
    if "cases" in header and {"local", "imported"} & set(header):
        raise DataError(
            f"{path}, line 1: columns are {shown}. Whether cases include imported ones is not"
            " clear: give date,cases or date,local,imported."
        )
    return given[0]


def _check_next(where: str, series: DailySeries, day: date) -> None:
    expected = series.next_date
    if day == expected:
        return
    of_area = f" of area '{series.area}'" if series.area else ""
    if day > expected:
        unit = "day" if series.step_days == 1 else "week"
        raise DataError(
            f"{where}: date {expected}{of_area} is missing (next is {day}). Add the {unit}, with 0"
            " only if no case occurred."
        )
    if series.step_days > 1 and (day - series.first_date).days % series.step_days:
        raise DataError(
            f"{where}: date {day}{of_area} is not {series.step_days} days after the one before."
            " Give one row per week, all dated by the same weekday."
        )
    problem = "stands twice" if day >= series.first_date else "is out of order"
    raise DataError(f"{where}: date {day}{of_area} {problem}. Give each day once, in order.")
