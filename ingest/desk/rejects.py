"""Rejected rows of an issue, as they stand in its snapshot, as a CSV file for a spreadsheet.

Spreadsheets take cells for formulas, drop zeros at the front and rewrite dates. A cell they would
not give back as it was has a single quote put before it; on the way back one is taken off.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.batch import Batch
from ingest.desk.release import snapshot_batch
from ingest.source import Source, source_named
from kms.config import Settings
from kms.domain.desk.corrections import RejectFile
from kms.domain.intake import ROW, Fault, Parsed
from kms.errors import ContractError
from kms.store.engine import Store
from kms.store.vintages import vintage_named

WHERE = ("_part", "_record", "_line", "_code", "_field")
SEAL = "_seal"  # the last column: of which row of which snapshot it speaks
BYTE_ORDER_MARK = "\ufeff"
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,10}")  # longer ones are shown as 1.2E+11
_TRUTHS = frozenset({"TRUE", "FALSE"})


@dataclass(frozen=True)
class RejectedRow:
    """A row that was left out, as its file has it."""

    part: str
    record: int
    line: int | None
    code: str
    field: str
    cells: tuple[str, ...]

    def seal(self, snapshot: str) -> str:
        """Return a name for this row of this snapshot, which no spreadsheet takes for a number."""
        told = json.dumps([snapshot, self.part, self.record, self.cells])
        return f"r{hashlib.sha256(told.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Rejects:
    """The rejected rows of a vintage, and the columns of the parts in which they stand."""

    vintage: str
    snapshot: str  # sha256
    headers: Mapping[str, tuple[str, ...]]  # by part
    rows: tuple[RejectedRow, ...]

    @property
    def columns(self) -> tuple[tuple[str, int], ...]:
        """Every column of any part: its name, and the how-manieth of that name it is."""
        return tuple(dict.fromkeys(c for part in self.headers for c in self.places(part)))

    @property
    def more(self) -> int:
        """Cells that the widest row has beyond the last column of its part."""
        beyond = [len(row.cells) - len(self.headers[row.part]) for row in self.rows]
        return max([0, *beyond])

    @property
    def heads(self) -> list[str]:
        """The header of the file a person gets."""
        beyond = [f"_more_{n + 1}" for n in range(self.more)]
        return [*WHERE, *(name for name, _ in self.columns), *beyond, SEAL]

    def places(self, part: str) -> list[tuple[str, int]]:
        """Return the columns of a part in the order of its file."""
        seen: dict[str, int] = {}
        found = []
        for name in self.headers[part]:
            seen[name] = seen.get(name, 0) + 1
            found.append((name, seen[name]))
        return found

    def spread(self, row: RejectedRow) -> list[str]:
        """Return the cells of a row under the columns of all parts."""
        own = self.places(row.part)
        cells = dict(zip(own, row.cells, strict=False))
        beyond = row.cells[len(own) :]
        return [
            *(cells.get(column, "") for column in self.columns),
            *beyond,
            *[""] * (self.more - len(beyond)),
        ]


def reject_file(store: Store, settings: Settings, name: str) -> RejectFile:
    """Return the rejected rows of a vintage as a file."""
    with store.read() as connection:
        row = vintage_named(connection, name)
    with rejects_of(settings, source_named(row["source_id"], settings), row) as (found, _batch):
        return RejectFile(f"{name}-rejects.csv", written(found), len(found.rows))


@contextmanager
def rejects_of(
    settings: Settings, source: Source, row: Mapping[str, Any]
) -> Iterator[tuple[Rejects, Batch]]:
    """Give the rejected rows of a vintage and its readable parts."""
    with snapshot_batch(settings, source, row, every_reject=True) as batch:
        names = [part.name for part in batch.parts]
        if len(set(names)) < len(names):
            raise ContractError(
                f"{row['name']}: several parts of its snapshot are named "
                f"'{max(names, key=names.count)}' once unpacked, so rows cannot be told apart; "
                "correct the files themselves and take them in anew"
            )
        yield _find(source.read(batch), batch, row), batch


def _find(parsed: Parsed, batch: Batch, vintage: Mapping[str, Any]) -> Rejects:
    wanted: dict[str, dict[int, Fault]] = {}
    for fault in parsed.faults:
        if fault.grade == ROW:
            wanted.setdefault(fault.part, {}).setdefault(fault.record, fault)
    headers, rows = {}, []
    for part in batch.parts:
        faults = wanted.pop(part.name, {})
        if not faults:
            continue
        number = -1
        for cells, _raw in records(vintage["name"], part):
            number += bool(cells)
            if number == 0 and cells:
                headers[part.name] = tuple(cells)
            if cells and number in faults:
                fault = faults.pop(number)
                place = (fault.line, fault.code, fault.field)
                rows.append(RejectedRow(part.name, number, *place, tuple(cells)))
        _insist(vintage["name"], missed=len(faults))
    _insist(vintage["name"], missed=sum(map(len, wanted.values())))
    _insist(vintage["name"], missed=parsed.rows_rejected - len(rows))
    for row in rows:
        fits = len(row.cells) == len(headers[row.part])
        _insist(vintage["name"], missed=int(fits == (row.code == "bad_width")))
    return Rejects(vintage["name"], vintage["snapshot_sha256"], headers, tuple(rows))


def _insist(name: str, *, missed: int) -> None:
    """Refuse to name rows when those found are not surely those that were rejected."""
    if missed:
        raise ContractError(
            f"{name}: {missed:,} rejected rows cannot be found again in its snapshot; correct the "
            "file itself and take it in anew"
        )


def records(vintage: str, part: Path) -> Iterator[tuple[list[str], str]]:
    """Give the cells of every record, the header first, and its text; a blank line has no cells."""
    taken: list[str] = []
    with part.open(encoding="utf-8-sig", newline="") as file:

        def lines() -> Iterator[str]:
            for line in file:
                taken.append(line)
                yield line

        try:
            for cells in csv.reader(lines()):
                yield cells, "".join(taken)
                taken.clear()
        except csv.Error as error:
            raise ContractError(
                f"{vintage}: {part.name} has a cell of more than {csv.field_size_limit():,} "
                "letters, so its rows cannot be told apart; correct the file itself and take it "
                "in anew"
            ) from error


def written(found: Rejects) -> str:
    """Write rejected rows as CSV that a spreadsheet gives back as it got it."""
    text = io.StringIO()
    text.write(BYTE_ORDER_MARK)
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow([masked(head) for head in found.heads])
    for row in found.rows:
        line = "" if row.line is None else str(row.line)
        where = (row.part, str(row.record), line, row.code, row.field)
        cells = (*where, *found.spread(row), row.seal(found.snapshot))
        out.writerow([masked(cell) for cell in cells[:-1]] + [cells[-1]])
    return text.getvalue()


def masked(cell: str) -> str:
    """Put a quote before a cell that a spreadsheet would calculate or rewrite."""
    if not cell or _WHOLE.fullmatch(cell):
        return cell
    is_word = (
        (cell[0].isalpha() or cell[0] == "_")
        and cell == cell.strip()
        and cell.upper() not in _TRUTHS
    )
    return cell if is_word and not any(map(str.isdigit, cell)) else f"'{cell}"


def unmasked(cell: str) -> str:
    """Take the quote off again; a person may have left it out."""
    return cell.removeprefix("'")
