"""Reading CSV files in DuckDB: dates and fields checked, faults graded, every row counted.

The rows pass through a table `stage` on disk. Every row read ends as exactly one of accepted,
rejected or duplicate; the faults hold where a row stands, never what it says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from os import SEEK_END
from pathlib import Path
from typing import Any

import duckdb

from ingest.batch import Batch, one_kind_of_line_end, read_header, require_columns
from ingest.reading.dates import DateColumn, date_fields
from ingest.reading.fields import FieldCheck, checked_fields
from kms.domain.fault_codes import fault_code
from kms.domain.intake import FIELD, ROW, Fault, Parsed
from kms.errors import ContractError

SEPARATOR = "\x1f"
FAULT_RECORDS_KEPT = 1000  # of each kind in the store; the count is exact, the snapshot has all
MAX_SWAPPED_SHARE = 0.01
_MAX_LINE = 1 << 20


@dataclass(frozen=True)
class Columns:
    """Which columns of a file are used, and for what."""

    key: str
    place: tuple[str, ...]  # where it is, coarse to fine
    dates: tuple[DateColumn, ...]
    keep: tuple[str, ...] = ()  # read as text, for further checks
    fields: tuple[FieldCheck, ...] = ()  # checked in this order

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every column that must be there."""
        checked = (*(d.name for d in self.dates), *(f.name for f in self.fields))
        return (self.key, *self.place, *checked, *self.keep)

    def has(self, date_name: str) -> bool:
        """Tell whether a date column is there."""
        return any(column.name == date_name for column in self.dates)


@dataclass
class Table:
    """Files of one layout on their way in: rows in `stage`, faults and counts beside them."""

    engine: duckdb.DuckDBPyConnection
    source_id: str
    release_date: date
    columns: Columns
    parts: list[str] = field(default_factory=list)
    rows_malformed: int = 0
    fault_counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    def read_parts(self, batch: Batch) -> None:
        """Read every part of a vintage, each with all the columns needed."""
        for part in batch.parts:
            names = read_header(batch.source_id, part)
            require_columns(batch.source_id, part, names, self.columns.all_names)
            self._read(part, names, batch.scratch)

    def _read(self, part: Path, names: Sequence[str], scratch: Path) -> None:
        """Append one file to `stage`; every column is read, as text."""
        number = len(self.parts)
        self.parts.append(part.name)
        rows = _staged_rows(names, number, self.columns, self.release_date)
        statement = f"{'INSERT INTO stage' if number else 'CREATE TABLE stage AS'} {rows}"
        try:
            with one_kind_of_line_end(part, scratch) as readable:
                self.engine.execute(statement, [str(readable)])
        except duckdb.InvalidInputException as error:
            raise ContractError(
                f"{self.source_id}: {part.name} is no well-formed CSV file: somewhere a quote is "
                "opened and not closed, or stands inside a field undoubled. Save it again as "
                "CSV. Nothing was taken in"
            ) from error
        self._count_malformed(part)

    def judge(self) -> None:
        """Account for what was wrong with the dates; required ones reject their row."""
        for column in self.columns.dates:
            grade = ROW if column.required else FIELD
            condition = "true" if column.required else "NOT rejected"
            self._count_found(grade, column.name, condition)
            self._check_swapped(column)

    def judge_fields(self) -> None:
        """Account for what was wrong with the checked fields of rows that count."""
        for checked in self.columns.fields:
            self._count_found(FIELD, checked.name, "NOT rejected")

    def reject(self, code: str, column: str, condition: str) -> None:
        """Leave out the rows that meet a condition and were not left out before."""
        self.fault(ROW, code, column, f"({condition}) AND NOT rejected")
        self.engine.execute(f"UPDATE stage SET rejected = true WHERE {condition}")

    def fault(self, grade: str, code: str, column: str, condition: str) -> None:
        """Count the rows of `stage` that meet a condition; keep where the first ones stand."""
        fault_code(code).action(grade)  # an undescribed code must not reach the store
        rows = self._number(f"SELECT count(*) FROM stage WHERE {condition}")
        if rows == 0:
            return
        self.fault_counts[grade, code, column] += rows
        first = dict(
            self.engine.execute("SELECT part, min(rowid) FROM stage GROUP BY part").fetchall()
        )
        places = self.engine.execute(
            f"SELECT part, rowid FROM stage WHERE {condition} ORDER BY rowid "
            f"LIMIT {FAULT_RECORDS_KEPT}"
        ).fetchall()
        self.faults += [
            Fault(grade, code, column, self.parts[part], row - first[part] + 1, None)
            for part, row in places
        ]

    def flag(self, code: str, column: str, condition: str) -> None:
        """Flag an odd optional field of rows that count."""
        self.fault(FIELD, code, column, f"({condition}) AND NOT rejected")

    def parsed(self, facts: Mapping[str, Any]) -> Parsed:
        """Return the facts with the account of every row read."""
        staged = self._number("SELECT count(*) FROM stage")
        rejected = self._number("SELECT count(*) FROM stage WHERE rejected")
        return Parsed(
            rows_read=staged + self.rows_malformed,
            rows_duplicate=self._number("SELECT count(*) FROM copies"),
            rows_rejected=rejected + self.rows_malformed,
            fault_counts=dict(self.fault_counts),
            facts=facts,
            faults=tuple(self.faults),
        )

    def _count_found(self, grade: str, column: str, condition: str) -> None:
        codes = self.engine.execute(
            f"SELECT DISTINCT {column}_fault FROM stage WHERE {column}_fault IS NOT NULL ORDER BY 1"
        ).fetchall()
        for (code,) in codes:
            self.fault(grade, code, column, f"{column}_fault = '{code}' AND {condition}")

    def _check_swapped(self, column: DateColumn) -> None:
        """Refuse a file in which a column's dates are often written the other way round."""
        given, swapped = self.engine.execute(
            f"SELECT count(*) FILTER ({column.name}_given), "
            f"count(*) FILTER ({column.name}_other_only) FROM stage"
        ).fetchall()[0]
        if given and swapped / given > MAX_SWAPPED_SHARE:
            raise ContractError(
                f"{self.source_id}: {swapped:,} of {given:,} dates in column '{column.name}' "
                f"fit only with day and month exchanged, not {column.date_format}; the "
                "publisher changed the format. Nothing was taken in"
            )

    def _count_malformed(self, part: Path) -> None:
        """Count lines that do not fit the header; refuse a file that ends inside quotes."""
        found = self.engine.execute(
            "SELECT error_type, line, count(*) OVER (PARTITION BY error_type) "
            "FROM reject_errors ORDER BY line"
        ).fetchall()
        self.engine.execute("DELETE FROM reject_errors; DELETE FROM reject_scans")
        for kind, line, _ in found:
            if kind not in _MALFORMED:
                raise ContractError(
                    f"{self.source_id}: {part.name} breaks off or is damaged at line {line} "
                    f"({kind.lower()}); fetch it again. Nothing was taken in"
                )
        lines = {line for _, line, _ in found}
        if any(kind == "MISSING COLUMNS" for kind, _, _ in found) and _is_cut_off(part):
            raise ContractError(
                f"{self.source_id}: {part.name} ends in the middle of a row; it was cut off. "
                "Fetch it again. Nothing was taken in"
            )
        self.rows_malformed += len(lines)
        if lines:
            self.fault_counts[ROW, "bad_width", ""] += len(lines)
        self.faults += [
            Fault(ROW, "bad_width", "", part.name, line - 1, line)
            for line in sorted(lines)[:FAULT_RECORDS_KEPT]
        ]

    def _number(self, query: str) -> int:
        return int(self.engine.execute(query).fetchall()[0][0])


_MALFORMED = frozenset({"TOO MANY COLUMNS", "MISSING COLUMNS"})


def _is_cut_off(part: Path) -> bool:
    """Tell whether a file does not end in a line end."""
    with part.open("rb") as file:
        file.seek(-1, SEEK_END)
        return file.read() not in (b"\n", b"\r")


def _staged_rows(names: Sequence[str], number: int, columns: Columns, release: date) -> str:
    """Write the selection that reads a file into `stage`."""
    mark = f"chr({ord(SEPARATOR)})"
    place = ", ".join(f"trim(replace({_quoted(name)}, {mark}, ' '))" for name in columns.place)
    fields = [
        f"{number}::USMALLINT AS part",
        f"trim({_quoted(columns.key)}) AS key_text",
        # In the order of their names: parts may order their columns differently.
        f"hash({', '.join(map(_quoted, sorted(names)))}) AS row_hash",
        f"concat_ws(chr({ord(SEPARATOR)}), {place}) AS place",
        *[f"{_quoted(name)}" for name in columns.keep],
    ]
    checked = [*(d.name for d in columns.dates), *(f.name for f in columns.fields)]
    texts = [f"trim({_quoted(name)}) AS {name}_text" for name in checked]
    inner = (
        f"SELECT {', '.join(fields + texts)} FROM read_csv(?, header = false, skip = 1, "
        "delim = ',', quote = '\"', escape = '\"', auto_detect = false, strict_mode = true, "
        f"max_line_size = {_MAX_LINE}, columns = {{{_text_columns(names)}}}, "
        "compression = 'none', store_rejects = true, nullstr = '\x7f')"
    )
    return checked_fields(date_fields(inner, columns.dates, release), columns.fields)


def _text_columns(names: Sequence[str]) -> str:
    return ", ".join(f"{_literal(name)}: 'VARCHAR'" for name in names)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
