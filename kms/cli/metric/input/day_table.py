"""Named numbers by day from a plain CSV file, or the reason why not, with its line."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from kms.cli.metric.input.series_file import (
    DailySeries,
    parse_count,
    parse_date,
    read_rows,
)
from kms.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of counts a command needs, and those it also takes.

    `key` tells several series of one area apart; with `blanks` an empty cell is a day that
    was not reported.
    """

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    key: str = ""
    blanks: bool = False


@dataclass(frozen=True, slots=True)
class DayTable:
    """Consecutive days of one area (and key); NaN where a day was not reported."""

    area: str
    key: str
    first_date: date
    columns: dict[str, list[float]] = field(default_factory=dict)

    def days(self) -> int:
        """Return the number of days."""
        return len(next(iter(self.columns.values())))

    def dates(self) -> list[date]:
        """All days in order."""
        return [self.first_date + timedelta(days=i) for i in range(self.days())]

    def named(self) -> DailySeries:
        """Area and first day, as `write` wants them."""
        return DailySeries(self.area, self.first_date)


def read_day_tables(path: Path, columns: Columns) -> list[DayTable]:
    """Read `date` and named counts, with an optional `area`.

    Raises `DataError` for a missing column, an unusable date or count, a date that is missing,
    doubled or out of order.
    """
    header, rows = read_rows(path)
    names = _present(path, header, columns)
    found: dict[tuple[str, str], DayTable] = {}
    for line, row in rows:
        where = f"{path}, line {line}"
        day = parse_date(where, row["date"])
        area, key = (_label(where, row, name) for name in ("area", columns.key))
        new = DayTable(area, key, day, {name: [] for name in names})
        table = found.setdefault((area, key), new)
        _check_next(where, table, day)
        for name in names:
            table.columns[name].append(_number(where, name, row[name], blanks=columns.blanks))
    if not found:
        raise DataError(f"{path}: no rows below the header. Give one row per day.")
    return list(found.values())


def one_area(path: Path, tables: Sequence[DayTable], option: str) -> DayTable:
    """Return the only area of a file, where an option gives one number for it."""
    if len(tables) > 1:
        raise ConfigError(
            f"{path}: {len(tables)} areas, but {option} is one number. Run one area at a time."
        )
    return tables[0]


def check_positive(option: str, value: float | None) -> None:
    """Refuse an option that must be a number above 0."""
    if value is not None and not 0 < value < math.inf:
        raise ConfigError(f"{option} is {value}. Give a number above 0.")


@contextmanager
def refusing(path: Path, area: str = "") -> Iterator[None]:
    """Say which file and area an estimator refused."""
    try:
        yield
    except ValueError as error:
        of_area = f", area '{area}'" if area else ""
        raise DataError(f"{path}{of_area}: {error}. Correct the file or the options.") from error


def _present(path: Path, header: list[str], columns: Columns) -> list[str]:
    needed = ["date", *([columns.key] if columns.key else []), *columns.needed]
    missing = [name for name in needed if name not in header]
    if missing:
        raise DataError(
            f"{path}, line 1: columns are {', '.join(header[:8])}. Needed: {','.join(needed)};"
            f" also taken: {', '.join([*columns.optional, 'area'])}."
        )
    return [*columns.needed, *(name for name in columns.optional if name in header)]


def _label(where: str, row: dict[str, str], name: str) -> str:
    if name and name in row and not row[name]:
        raise DataError(f"{where}: column '{name}' is blank. Fill it or drop the column.")
    return row.get(name, "")


def _number(where: str, name: str, text: str, *, blanks: bool) -> float:
    return math.nan if blanks and not text else parse_count(where, name, text)


def _check_next(where: str, table: DayTable, day: date) -> None:
    expected = table.first_date + timedelta(days=table.days())
    if day == expected:
        return
    of = "".join(f" of '{label}'" for label in (table.area, table.key) if label)
    if day > expected:
        raise DataError(f"{where}: date {expected}{of} is missing (next is {day}). Add the day.")
    problem = "stands twice" if day >= table.first_date else "is out of order"
    raise DataError(f"{where}: date {day}{of} {problem}. Give each day once, in order.")
