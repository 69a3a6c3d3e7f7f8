"""Files a steward puts in by hand: what waits, what a load would make of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kms.domain.intake import Alarm, Changed, Fault, IntakeReport

NEW, UNCHANGED, HELD = "new", "unchanged", "held"
TIDY, TABLE = "tidy_csv", "Any other table, by a mapping"  # chosen before there is a mapping


@dataclass(frozen=True)
class Choice:
    """A source that can be chosen for a file."""

    source_id: str
    title: str


@dataclass(frozen=True)
class Part:
    """One file of an upload, under the name it is kept by; `size` in bytes."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Upload:
    """Files that wait for a steward's word; `sha256` is of all of them."""

    upload_id: str
    source_id: str
    title: str
    parts: tuple[Part, ...]
    sha256: str
    published_at: datetime | None  # as given; None: the date in the names, else `received_at`
    received_at: datetime


@dataclass(frozen=True)
class FaultTally:
    """Rows with one fault in one field."""

    grade: str
    code: str
    field: str
    rows: int


@dataclass(frozen=True)
class IssuePreview:
    """What a load would make of one issue, and what it would change."""

    published_at: datetime
    status: str  # NEW, UNCHANGED, HELD
    rows_read: int
    rows_accepted: int
    rows_rejected: int
    rows_duplicate: int
    faults: tuple[FaultTally, ...]
    places: tuple[Fault, ...]  # the first ones; where, never what
    alarms: tuple[Alarm, ...]
    before: str  # the vintage it is compared with; blank: the first of its source
    before_at: datetime | None
    changes: Mapping[str, Changed]  # fact table -> what it would change
    compared: bool = True  # False: the issue before it is in the same upload, not in the store


@dataclass(frozen=True)
class Preview:
    """What a load would make of an upload; with a `refusal` nothing would be taken in."""

    upload: Upload
    made_at: datetime
    issues: tuple[IssuePreview, ...] = ()
    refusal: str = ""
    code: str = ""  # of `kms.domain.fault_codes`


class Uploads(Protocol):
    """Files put in by hand: received, looked at, then taken in or thrown away.

    Everything that is asked about an upload raises `NoDataError` when it is not (any more) there.
    """

    @property
    def largest(self) -> int:
        """Bytes that one upload may have."""
        ...

    def closed(self) -> str:
        """Say why no file can be taken in here at all; blank when it can."""
        ...

    def choices(self) -> tuple[Choice, ...]:
        """Return the sources a file may be of."""
        ...

    def receive(
        self,
        source_id: str,
        files: Iterable[tuple[str, Iterator[bytes]]],
        *,
        published_at: datetime | None,
        at: datetime,
    ) -> Upload:
        """Write files to the disk, apart from everything; raise a `KmsError` when refused."""
        ...

    def waiting(self) -> tuple[Upload, ...]:
        """Return the uploads nobody has taken in or thrown away yet, newest first."""
        ...

    def upload(self, upload_id: str) -> Upload:
        """Return one of them."""
        ...

    def preview(self, upload_id: str) -> Preview:
        """Read an upload as a load would, and keep nothing."""
        ...

    def take(self, upload_id: str, sha256: str) -> tuple[Upload, list[IntakeReport]]:
        """Take in what was looked at; raise a `KmsError` when it is refused or is not the same."""
        ...

    def discard(self, upload_id: str) -> Upload:
        """Throw an upload away."""
        ...
