"""What a source's file becomes before it enters the store, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from kms.domain.desk.corrections import Corrections
    from kms.domain.desk.entries import Entries
    from kms.domain.desk.mappings import Mappings
    from kms.domain.desk.uploads import Uploads

FILE, HELD, ROW, FIELD = "FILE", "HELD", "ROW", "FIELD"
DONE, REFUSED, WAITING = "done", "refused", "held"  # folders of an inbox for what was dealt with


class Fault(NamedTuple):
    """A row left out (ROW) or a field blanked (FIELD): where it stands, never what it says."""

    grade: str
    code: str
    field: str
    part: str  # file name
    record: int  # 1 is the first after the header
    line: int | None


class Alarm(NamedTuple):
    """Why an issue is held: which tripwire, about what, how much was seen and is allowed."""

    code: str
    subject: str  # an area, a day, a column; blank: the whole issue
    seen: float | None
    allowed: float | None

    def __str__(self) -> str:
        """Say it as the command line does."""
        about = f" ({self.subject})" if self.subject else ""
        if self.seen is None or self.allowed is None:
            return f"{self.code}{about}"
        return f"{self.code}{about}: {self.seen:.4g}, allowed {self.allowed:.4g}"


@dataclass(frozen=True)
class Changed:
    """What an issue changed in one fact table, against what its source had said before it.

    `cases` is by how many the cases counted on their report day grew, summed over the areas and
    diseases of the table; None where the table counts no cases that way.
    """

    added: int  # figures
    changed: int
    withdrawn: int
    cases: int | None = None

    @property
    def rows(self) -> int:
        """Figures that are not as they were."""
        return self.added + self.changed + self.withdrawn


class Span(NamedTuple):
    """The days of which an issue speaks; about others it leaves standing what was said before."""

    column: str
    first: str  # ISO date, inclusive
    last: str


@dataclass(frozen=True)
class Parsed:
    """A file's content as facts, and everything that was wrong with it.

    `facts` maps a fact table's name to an Arrow table of its key and value columns. `spans`
    names those of which the file speaks only for some days; of the others it says everything.
    `faults` may hold fewer records than `fault_counts` counts.
    """

    rows_read: int
    rows_duplicate: int
    fault_counts: Mapping[tuple[str, str, str], int]  # (grade, code, field) -> rows
    rows_rejected: int
    facts: Mapping[str, Any]
    faults: tuple[Fault, ...] = ()
    spans: Mapping[str, Span] = field(default_factory=dict)

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
    alarms: tuple[Alarm, ...] = ()
    content_hash: str = ""  # of `parsed`, where it has been computed before


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
    changes: Mapping[str, Changed] = field(default_factory=dict)  # fact table -> what it changed


class Intake(Protocol):
    """How files get in; what pages need of ingestion, which they do not know."""

    @property
    def uploads(self) -> Uploads:
        """Files put in by hand."""
        ...

    @property
    def corrections(self) -> Corrections:
        """Rows left out of an issue, and their correction."""
        ...

    @property
    def entries(self) -> Entries:
        """Single rows typed in."""
        ...

    @property
    def mappings(self) -> Mappings:
        """Mappings of tables, kept and new."""
        ...

    def release(self, name: str, why: str) -> IntakeReport:
        """Let a held vintage be known after all; raise a `KmsError` when it cannot be."""
        ...

    def withdraw(self, name: str, why: str) -> None:
        """Take an issue out of every answer; its record and snapshot stay."""
        ...
