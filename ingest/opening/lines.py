"""At which line of a file a record stands: cells may hold line ends, and lines may be blank."""

from __future__ import annotations

import csv
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kms.domain.intake import Fault

LARGEST_LOCATED = 8 << 20  # bytes; nobody looks a line up by its number in a larger file


@dataclass(frozen=True)
class RecordLines:
    """Where the records after the header begin, as the engine counts lines and as editors do.

    The engine counts blank lines, and a record of several lines once.
    """

    counted: Sequence[int]
    real: Sequence[int]

    def record(self, counted: int) -> int:
        """Return the number of the record at a line that the engine names."""
        return bisect_left(self.counted, counted) + 1 if self.counted else counted - 1

    def line(self, record: int) -> int | None:
        """Return the line at which a record begins, where it is known."""
        return self.real[record - 1] if 0 < record <= len(self.real) else None


UNKNOWN = RecordLines((), ())


def record_lines(part: Path) -> RecordLines:
    """Read where the records of a file begin; of a large one it is not known."""
    if part.stat().st_size > LARGEST_LOCATED:
        return UNKNOWN
    counted, real = [], []
    try:
        with part.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            begins = 1
            for number, row in enumerate(rows, 1):
                if row:
                    counted.append(number)
                    real.append(begins)
                begins = rows.line_num + 1
    except csv.Error:
        pass  # a field too long for this reader: the lines before it are known
    return RecordLines(counted[1:], real[1:])


def with_lines(faults: Iterable[Fault], paths: Mapping[str, Path]) -> list[Fault]:
    """Return faults with the lines at which their records begin."""
    faults = list(faults)
    lines = {part: record_lines(paths[part]) for part in {fault.part for fault in faults}}
    return [fault._replace(line=lines[fault.part].line(fault.record)) for fault in faults]
