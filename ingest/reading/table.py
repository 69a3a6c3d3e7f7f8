"""Reading CSV files in DuckDB: dates and fields checked, faults graded, every row counted.

The rows pass through a table `stage` on disk. Every row read ends as exactly one of accepted,
rejected or duplicate; the faults hold where a row stands, never what it says.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from os import SEEK_END
from pathlib import Path
from typing import Any

import duckdb

from ingest.batch import Batch, one_kind_of_line_end
from ingest.opening.header import named_columns, refuse_personal, require_columns
from ingest.opening.lines import record_lines, with_lines
from ingest.reading.dates import DateColumn
from ingest.reading.staging import MOST_MALFORMED, Columns, staged_rows
from kms.domain.fault_codes import fault_code
from kms.domain.intake import FIELD, ROW, Fault, Parsed
from kms.domain.places import UNKNOWN
from kms.errors import ContractError

FAULT_RECORDS_KEPT = 1000  # of each kind in the store; the count is exact, the snapshot has all
MAX_SWAPPED_SHARE = 0.01


@dataclass
class Table:
    """Files of one layout on their way in: rows in `stage`, faults and counts beside them."""

    engine: duckdb.DuckDBPyConnection
    source_id: str
    release_date: date
    columns: Columns
    parts: list[str] = field(default_factory=list)
    paths: dict[str, Path] = field(default_factory=dict)  # by the name of the part
    malformed: dict[int, list[int]] = field(default_factory=dict)  # records, by number of part
    fault_counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    every_reject: bool = False

    def read_parts(self, batch: Batch) -> None:
        """Read every part of a vintage, each with all the columns needed."""
        columns = self.columns
        self.every_reject = batch.every_reject
        self.engine.begin()  # one commit: each would write the stage to disk once more
        for part in batch.parts:
            names = named_columns(
                batch.source_id, part, columns.all_names, columns.also, most=columns.most
            )
            require_columns(batch.source_id, part, names, columns.needed)
            expected = (*columns.all_names, *columns.ignored)
            refuse_personal(batch.source_id, part, names, expected)
            self._read(part, names, batch.scratch)
        self.engine.commit()

    def _read(self, part: Path, names: Sequence[str], scratch: Path) -> None:
        """Append one file to `stage`; every column is read, as text."""
        number = len(self.parts)
        self.parts.append(part.name)
        self.paths[part.name] = part
        rows = staged_rows(names, number, self.columns, self.release_date)
        statement = f"{'INSERT INTO stage' if number else 'CREATE TABLE stage AS'} {rows}"
        try:
            with one_kind_of_line_end(part, scratch) as readable:
                self.engine.execute(statement, [str(readable)])
        except duckdb.InvalidInputException as error:
            raise ContractError(
                f"{self.source_id}: {part.name} is no well-formed CSV file: somewhere a quote is "
                "opened and not closed, or stands inside a field undoubled. Save it again as "
                "CSV. Nothing was taken in",
                "bad_quotes",
            ) from error
        self._count_malformed(part, number)

    def judge(self) -> None:
        """Account for what was wrong with the dates; required ones reject their row."""
        earlier: list[str] = []  # a row is left out for one reason
        for column in self.columns.dates:
            if column.required:
                self._count_found(ROW, column.name, " AND ".join(earlier) or "true")
                earlier.append(f"{column.name}_fault IS NULL")
            else:
                self._count_found(FIELD, column.name, "NOT rejected")
            self._check_swapped(column)

    def judge_fields(self, essential: Sequence[str] = ()) -> None:
        """Account for the checked fields; a row without a usable essential one is left out."""
        for name in essential:
            for code in self._codes(name):
                self.reject(code, name, f"{name}_fault = '{code}'")
        for checked in self.columns.fields:
            if checked.name not in essential:
                self._count_found(FIELD, checked.name, "NOT rejected")

    def settle(self, keys: Sequence[str], values: Sequence[str]) -> None:
        """Make `accepted`: each key once, with its area and unit.

        Needs `gazetteer`. Rows of one key that say the same are copies of the first; where they
        differ nobody knows which is right, and all of them are left out (`key_conflict`). The key
        may hold `spot`: the area, or for places nobody knows what the file calls them.
        """
        key = ", ".join(keys)
        content = ", ".join(f"{name} := {name}" for name in values)
        self.engine.execute(
            "CREATE VIEW located AS SELECT stage.rowid AS row, stage.*, area, unit, "
            f"CASE WHEN area = '{UNKNOWN}' THEN place ELSE area END AS spot "
            "FROM stage JOIN gazetteer USING (place)"
        )
        if values:
            self.engine.execute(
                "CREATE TABLE conflicting AS SELECT row FROM (SELECT row, "
                f"count(DISTINCT struct_pack({content})) OVER (PARTITION BY {key}) AS n "
                "FROM located WHERE NOT rejected) WHERE n > 1"
            )
            self.reject("key_conflict", keys[0], "rowid IN (SELECT row FROM conflicting)")
        self.engine.execute(
            f"CREATE TABLE copies AS SELECT row FROM (SELECT row, row_number() OVER "
            f"(PARTITION BY {key} ORDER BY row) AS n FROM located WHERE NOT rejected) WHERE n > 1"
        )
        self.engine.execute(
            "CREATE VIEW accepted AS SELECT * FROM located WHERE NOT rejected "
            "AND row NOT IN (SELECT row FROM copies)"
        )

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
            f"SELECT part, rowid FROM stage WHERE {condition} ORDER BY rowid {self._limit(grade)}"
        ).fetchall()
        self.faults += [
            Fault(
                grade, code, column, self.parts[part], self._record(part, row - first[part]), None
            )
            for part, row in places
        ]

    def flag(self, code: str, column: str, condition: str) -> None:
        """Flag an odd optional field of rows that count."""
        self.fault(FIELD, code, column, f"({condition}) AND NOT rejected")

    def parsed(self, facts: Mapping[str, Any]) -> Parsed:
        """Return the facts with the account of every row read."""
        staged = self._number("SELECT count(*) FROM stage")
        rejected = self._number("SELECT count(*) FROM stage WHERE rejected")
        malformed = sum(map(len, self.malformed.values()))
        return Parsed(
            rows_read=staged + malformed,
            rows_duplicate=self._number("SELECT count(*) FROM copies"),
            rows_rejected=rejected + malformed,
            fault_counts=dict(self.fault_counts),
            facts=facts,
            faults=tuple(with_lines(self.faults, self.paths)),
        )

    def _codes(self, column: str) -> list[str]:
        found = self.engine.execute(
            f"SELECT DISTINCT {column}_fault FROM stage WHERE {column}_fault IS NOT NULL ORDER BY 1"
        ).fetchall()
        return [code for (code,) in found]

    def _count_found(self, grade: str, column: str, condition: str) -> None:
        for code in self._codes(column):
            self.fault(grade, code, column, f"{column}_fault = '{code}' AND {condition}")

    def _check_swapped(self, column: DateColumn) -> None:
        """Refuse a file in which a column's dates are often written the other way round."""
        given, swapped = self.engine.execute(
            f"SELECT count(*) FILTER ({column.name}_given), "
            f"count(*) FILTER ({column.name}_other_only) FROM stage"
        ).fetchall()[0]
        if given and swapped / given > MAX_SWAPPED_SHARE:
            raise ContractError(
                f"{self.source_id}: {swapped:,} of {given:,} dates in column "
                f"'{column.title or column.name}' fit only with day and month exchanged, not "
                f"{column.date_format}; the publisher changed the format. Nothing was taken in",
                "date_format",
            )

    def _record(self, part: int, staged: int) -> int:
        """Return the number of a record, of which so many of its part were staged before it."""
        malformed = self.malformed.get(part, [])
        # Of the first n malformed ones, those that lie before it.
        return (
            staged
            + 1
            + bisect_right(range(len(malformed)), staged, key=lambda n: malformed[n] - n - 1)
        )

    def _count_malformed(self, part: Path, number: int) -> None:
        """Count lines that do not fit the header; refuse a file that ends inside quotes."""
        found = self.engine.execute(
            "SELECT error_type, line, count(*) OVER (PARTITION BY error_type) "
            "FROM reject_errors ORDER BY line"
        ).fetchall()
        self.engine.execute("DELETE FROM reject_errors; DELETE FROM reject_scans")
        for kind, line, _ in found:
            if kind not in _MALFORMED:
                raise ContractError(
                    f"{self.source_id}: {part.name} breaks off or is damaged in row {line - 1} "
                    f"({kind.lower()}); fetch it again. Nothing was taken in",
                    _code_of(kind, part),
                )
        if len(found) >= MOST_MALFORMED:
            raise ContractError(
                f"{self.source_id}: {MOST_MALFORMED:,} lines of {part.name} and more have another "
                "number of fields than the header; save it again as CSV. Nothing was taken in",
                "too_many_rejects",
            )
        lines = sorted({line for _, line, _ in found})
        if any(kind == "MISSING COLUMNS" for kind, _, _ in found) and _is_cut_off(part):
            raise ContractError(
                f"{self.source_id}: {part.name} ends in the middle of a row; it was cut off. "
                "Fetch it again. Nothing was taken in",
                "truncated",
            )
        if not lines:
            return
        where = record_lines(part)
        self.malformed[number] = [where.record(line) for line in lines]
        self.fault_counts[ROW, "bad_width", ""] += len(lines)
        self.faults += [
            Fault(ROW, "bad_width", "", part.name, record, None)
            for record in self.malformed[number][
                : None if self.every_reject else FAULT_RECORDS_KEPT
            ]
        ]

    def _limit(self, grade: str) -> str:
        every = grade == ROW and self.every_reject
        return "" if every else f"LIMIT {FAULT_RECORDS_KEPT}"

    def _number(self, query: str) -> int:
        return int(self.engine.execute(query).fetchall()[0][0])


_MALFORMED = frozenset({"TOO MANY COLUMNS", "MISSING COLUMNS"})


def _code_of(kind: str, part: Path) -> str:
    """Return what a line that cannot be read says about its file."""
    if kind != "UNQUOTED VALUE":
        return "damaged"
    return "truncated" if _is_cut_off(part) else "bad_quotes"


def _is_cut_off(part: Path) -> bool:
    """Tell whether a file does not end in a line end."""
    with part.open("rb") as file:
        file.seek(-1, SEEK_END)
        return file.read() not in (b"\n", b"\r")
