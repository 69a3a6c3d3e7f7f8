"""Reading a line list in DuckDB: dates checked, faults graded, duplicates dropped, all counted.

The rows pass through a table `stage` on disk; the view `accepted` is what counts. Every row
read ends as exactly one of accepted, rejected or duplicate. No row of a person leaves DuckDB.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from ingest.batch import read_header
from ingest.dates import DateColumn, date_fields
from kms.domain.intake import FIELD, ROW, Fault, Parsed
from kms.errors import ContractError

SEPARATOR = "\x1f"
FAULT_RECORDS_KEPT = 1000  # of each kind in the store; the count is exact, the snapshot has all
MAX_SWAPPED_SHARE = 0.01
_MAX_LINE = 1 << 20


@dataclass(frozen=True)
class Columns:
    """Which columns of a line list are used, and for what."""

    key: str
    place: tuple[str, ...]  # where the person lives, coarse to fine
    dates: tuple[DateColumn, ...]
    keep: tuple[str, ...] = ()  # read as text, for further checks

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every column that must be there."""
        return (self.key, *self.place, *(d.name for d in self.dates), *self.keep)

    def has(self, date_name: str) -> bool:
        """Tell whether a date column is there."""
        return any(column.name == date_name for column in self.dates)


@dataclass
class LineList:
    """A line list on its way in: rows in `stage`, faults and counts beside them."""

    engine: duckdb.DuckDBPyConnection
    source_id: str
    release_date: date
    columns: Columns
    parts: list[str] = field(default_factory=list)
    rows_malformed: int = 0
    fault_counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    def read(self, part: Path) -> None:
        """Append one file to `stage`; every column is read, as text."""
        names = read_header(self.source_id, part)
        number = len(self.parts)
        self.parts.append(part.name)
        rows = _staged_rows(names, number, self.columns, self.release_date)
        into = "INSERT INTO stage" if number else "CREATE TABLE stage AS"
        self.engine.execute(f"{into} {rows}", [str(part)])
        self._count_malformed(part)

    def judge(self) -> None:
        """Account for what was wrong with the dates; required ones reject their row."""
        for column in self.columns.dates:
            grade = ROW if column.required else FIELD
            condition = "true" if column.required else "NOT rejected"
            codes = self.engine.execute(
                f"SELECT DISTINCT {column.name}_fault FROM stage "
                f"WHERE {column.name}_fault IS NOT NULL ORDER BY 1"
            ).fetchall()
            for (code,) in codes:
                self.fault(
                    grade, code, column.name, f"{column.name}_fault = '{code}' AND {condition}"
                )
            self._check_swapped(column)

    def fault(self, grade: str, code: str, column: str, condition: str) -> None:
        """Count the rows of `stage` that meet a condition; keep where the first ones stand."""
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

    def settle(self) -> None:
        """Make `accepted`: rows not rejected, less the copies of a row identical throughout.

        Needs the table `gazetteer` (place, area, unit). Different rows under one key are all
        kept and flagged, since nobody knows which is right.
        """
        self.engine.execute(
            "CREATE TABLE shared AS SELECT rowid AS row, row_hash, key_text FROM stage "
            "WHERE NOT rejected AND key_text IN (SELECT key_text FROM stage "
            "WHERE NOT rejected AND key_text <> '' GROUP BY ALL HAVING count(*) > 1)"
        )
        self.engine.execute(
            "CREATE TABLE copies AS SELECT row FROM (SELECT row, row_number() OVER "
            "(PARTITION BY key_text, row_hash ORDER BY row) AS n FROM shared) WHERE n > 1"
        )
        self.engine.execute(
            "CREATE VIEW accepted AS SELECT stage.*, area, unit FROM stage JOIN gazetteer "
            "USING (place) WHERE NOT rejected AND stage.rowid NOT IN (SELECT row FROM copies)"
        )
        self.flag(
            "key_shared",
            self.columns.key,
            "rowid IN (SELECT row FROM shared WHERE row NOT IN (SELECT row FROM copies) AND "
            "key_text IN (SELECT key_text FROM shared GROUP BY ALL "
            "HAVING count(DISTINCT row_hash) > 1))",
        )

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


def _staged_rows(names: Sequence[str], number: int, columns: Columns, release: date) -> str:
    """Write the selection that reads a file into `stage`."""
    place = ", ".join(f"trim({_quoted(name)})" for name in columns.place)
    fields = [
        f"{number}::UTINYINT AS part",
        f"trim({_quoted(columns.key)}) AS key_text",
        f"hash({', '.join(map(_quoted, names))}) AS row_hash",
        f"concat_ws(chr({ord(SEPARATOR)}), {place}) AS place",
        *[f"{_quoted(name)}" for name in columns.keep],
    ]
    texts = [f"trim({_quoted(d.name)}) AS {d.name}_text" for d in columns.dates]
    inner = (
        f"SELECT {', '.join(fields + texts)} FROM read_csv(?, header = false, skip = 1, "
        "delim = ',', quote = '\"', escape = '\"', auto_detect = false, strict_mode = true, "
        f"max_line_size = {_MAX_LINE}, columns = {{{_text_columns(names)}}}, "
        "store_rejects = true, nullstr = '\x7f')"
    )
    return date_fields(inner, columns.dates, release)


def _text_columns(names: Sequence[str]) -> str:
    return ", ".join(f"{_literal(name)}: 'VARCHAR'" for name in names)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
