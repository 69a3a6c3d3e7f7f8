"""Single rows a person types in: which fields there are, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kms.domain.intake import IntakeReport

ENTERED = ".entered"  # ends the name of a source that holds what was typed in
TEXT, DAY, NUMBER, WORD, PLACE, SECTOR = "text", "day", "number", "word", "place", "sector"


@dataclass(frozen=True)
class EntryField:
    """One field of a form, named as the column it fills; a WORD has the `words` to choose from."""

    name: str
    kind: str = TEXT
    words: tuple[str, ...] = ()
    required: bool = False
    most: int = 200


@dataclass(frozen=True)
class EntryForm:
    """What is asked for one thing, and for each of several of its kind."""

    kind: str  # as the address calls it
    source_id: str  # whose layout and rules it has
    key: str  # the field that names it; the same again is a correction
    fields: tuple[EntryField, ...]
    each: tuple[EntryField, ...] = ()  # asked for every one of `of`
    of: tuple[str, ...] = ()  # the items or persons it is asked for


@dataclass(frozen=True)
class EntryFault:
    """What is wrong with a field; `of` says with whose, blank: the thing itself."""

    field: str
    code: str  # of `kms.domain.fault_codes`
    of: str = ""


@dataclass(frozen=True)
class Entered:
    """What came of an entry: faults and nothing else, or the report of its issue."""

    key: str
    faults: tuple[EntryFault, ...] = ()
    report: IntakeReport | None = None
    corrected: bool = False  # another of the same key was replaced


def name_of(field: str, of: str) -> str:
    """Return the name a field has in a form, among those of several items or persons."""
    return f"{field}__{of}" if of else field


class Entries(Protocol):
    """Single rows typed in, through the rules of the source they belong to.

    Raises `NoDataError` for a kind there is none of.
    """

    def form(self, kind: str) -> EntryForm:
        """Return what is asked."""
        ...

    def places(self, kind: str) -> tuple[str, ...]:
        """Return the places to choose from, each with its code."""
        ...

    def closed(self) -> str:
        """Say why nothing can be entered here at all; blank when it can."""
        ...

    def keys(self, kind: str) -> tuple[str, ...]:
        """Return the keys of what has been typed in, newest last."""
        ...

    def values(self, kind: str, key: str) -> Mapping[str, str]:
        """Return what was typed in under a key, as the form has it; `NoDataError` if nothing."""
        ...

    def enter(self, kind: str, values: Mapping[str, str], *, at: datetime) -> Entered:
        """Check what was typed, and take it in when nothing is wrong."""
        ...
