"""What a source's file becomes before it enters the store, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

ROW, FIELD = "ROW", "FIELD"
DONE, REFUSED = "done", "refused"  # folders of an inbox for what has been dealt with


class Fault(NamedTuple):
    """A row left out (ROW) or a field blanked (FIELD): where it stands, never what it says."""

    grade: str
    code: str
    field: str
    part: str  # file name
    record: int  # 1 is the first after the header
    line: int | None


@dataclass(frozen=True)
class Parsed:
    """A file's content as facts, and everything that was wrong with it.

    `facts` maps a fact table's name to an Arrow table of its key and value columns.
    `faults` may hold fewer records than `fault_counts` counts.
    """

    rows_read: int
    rows_duplicate: int
    fault_counts: Mapping[tuple[str, str, str], int]  # (grade, code, field) -> rows
    rows_rejected: int
    facts: Mapping[str, Any]
    faults: tuple[Fault, ...] = ()

    @property
    def rows_accepted(self) -> int:
        """Rows that count: read less rejected less duplicate."""
        return self.rows_read - self.rows_rejected - self.rows_duplicate

    def counts(self, grade: str) -> dict[str, int]:
        """Return rows by fault code for one grade."""
        found: Counter[str] = Counter()
        for (fault_grade, code, _), rows in self.fault_counts.items():
            if fault_grade == grade:
                found[code] += rows
        return dict(sorted(found.items()))


@dataclass(frozen=True)
class Arrival:
    """A parsed file with its place in time, ready for the store."""

    source_id: str
    published_at: datetime
    recorded_at: datetime
    snapshot_sha256: str
    snapshot_path: str
    parser_version: int
    parsed: Parsed


@dataclass(frozen=True)
class IntakeReport:
    """What came of an ingestion; the keys of `kms ingest --json`."""

    source: str
    vintage: str
    rows_read: int
    rows_accepted: int
    rows_rejected: int
    rows_duplicate: int
    rejects: Mapping[str, int]
    flags: Mapping[str, int]
    status: str  # accepted, unchanged, refused, held
    tripwires: tuple[str, ...] = field(default=())
    rows_changed: int = 0
