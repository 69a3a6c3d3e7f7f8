"""Parting a file that holds several dated issues, so that each becomes a vintage."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from ingest.opening.header import named_columns, read_header, require_columns
from ingest.opening.parts import Format, open_parts
from ingest.opening.personal import LONGEST_FIELD
from ingest.source import PUBLISHED_HOUR
from ingest.sources.tidy.mapping import TidyMapping
from kms.config import MANILA
from kms.errors import ContractError

MOST_ISSUES = 2_000
_HELD = 20_000  # rows in memory


def issues_of(
    mapping: TidyMapping, form: Format, path: Path, room: Path
) -> Iterator[tuple[datetime, Path]]:
    """Give each issue of a file with its instant, oldest first, as a CSV file under `room`.

    A row without a readable day goes with the row before it, where it is judged.
    """
    room.mkdir(parents=True, exist_ok=True)
    (readable,) = open_parts(mapping.source_id, [path], form, room).readable
    names = read_header(mapping.source_id, readable)
    wanted = mapping.issue_column
    named = named_columns(mapping.source_id, readable, (wanted,), {})
    require_columns(mapping.source_id, readable, named, (wanted,))
    column = named.index(wanted)
    days = _Days(mapping, room, path.name.split(".")[0], names)
    csv.field_size_limit(LONGEST_FIELD)
    try:
        with readable.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            next(rows, None)
            for row in rows:
                if row:
                    days.add(row, row[column] if column < len(row) else "")
    except csv.Error as error:
        raise ContractError(
            f"{mapping.source_id}: {path.name} is no well-formed CSV file ({error}); save it again "
            "as CSV. Nothing was taken in",
            "bad_quotes",
        ) from error
    for day, piece in days.finish(path.name):
        yield datetime.combine(day, PUBLISHED_HOUR, MANILA), piece


class _Days:
    """The rows of each issue on their way into files of their own."""

    def __init__(self, mapping: TidyMapping, room: Path, stem: str, names: list[str]) -> None:
        self.mapping, self.room, self.stem, self.names = mapping, room, stem, names
        self.held: dict[date, list[list[str]]] = {}
        self.homeless: list[list[str]] = []  # before the first readable day
        self.read: dict[str, date | None] = {}
        self.days: set[date] = set()
        self.last: date | None = None
        self.rows = 0

    def add(self, row: list[str], text: str) -> None:
        """Put a row with its issue."""
        text = text.strip()
        if text not in self.read:
            self.read[text] = self._day(text)
        self.last = self.read[text] or self.last
        if self.last is None:
            self.homeless.append(row)
            return
        self.held.setdefault(self.last, []).append(row)
        self.rows += 1
        if self.rows >= _HELD:
            self._write()

    def finish(self, name: str) -> list[tuple[date, Path]]:
        """Write what is left; return the days and their files in order."""
        if self.last is None:
            raise ContractError(
                f"{self.mapping.source_id}: column '{self.mapping.issue_column}' of {name} holds "
                f"no day as {self.mapping.issue_format}; nobody can tell which issue a row is of",
                "refused" if self.homeless else "no_rows",
            )
        self.held.setdefault(self.last, []).extend(self.homeless)
        self._write()
        return [(day, self._path(day)) for day in sorted(self.days)]

    def _day(self, text: str) -> date | None:
        try:
            return datetime.strptime(text, self.mapping.issue_format).date()  # noqa: DTZ007  # a day has no zone
        except ValueError:
            return None

    def _path(self, day: date) -> Path:
        return self.room / f"{self.stem}_{day:%Y%m%d}.csv"

    def _write(self) -> None:
        for day, rows in self.held.items():
            new = day not in self.days
            self.days.add(day)
            if len(self.days) > MOST_ISSUES:
                raise ContractError(
                    f"{self.mapping.source_id}: column '{self.mapping.issue_column}' names more "
                    f"than {MOST_ISSUES:,} issues; it is no day of issue",
                    "too_large",
                )
            with self._path(day).open("a", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                if new:
                    writer.writerow(self.names)
                writer.writerows(rows)
        self.held, self.rows = {}, 0
