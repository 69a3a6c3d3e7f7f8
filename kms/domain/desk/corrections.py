"""Rejected rows that a person corrects: the file they get, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

MOST_BYTES = 8 << 20  # of a corrected file; in larger ones the publisher's own file is corrected


@dataclass(frozen=True)
class RejectFile:
    """The rejected rows of an issue as a CSV file (UTF-8 with a byte order mark)."""

    name: str
    content: str
    rows: int


@dataclass(frozen=True)
class Correction:
    """What corrected rows make of an issue; the keys of `kms correct --json`."""

    replaces: str  # the vintage that was corrected
    vintage: str  # the one that took its place; blank: it was only looked at
    rows_corrected: int
    rows_read: int
    rows_accepted: int
    rows_rejected: int
    rows_duplicate: int
    rejected_before: int
    rejects: Mapping[str, int]  # rows still rejected, by fault
    rows_changed: int | None  # figures the new vintage changes against the one before it


class Corrections(Protocol):
    """Rows left out of an issue, for a person to correct; each raises a `KmsError` when refused."""

    def rejects(self, name: str) -> RejectFile:
        """Return the rejected rows of a vintage as they stand in its snapshot."""
        ...

    def correct(
        self, name: str, content: Iterable[bytes], why: str, *, keep: bool = True
    ) -> Correction:
        """Put a vintage with corrected rows in the place of the one they were rejected from.

        Without `keep` only tell what it would be.
        """
        ...
