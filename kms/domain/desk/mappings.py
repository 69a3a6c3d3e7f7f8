"""Mappings a steward makes: what a file's columns mean, as a form or as the text of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

KEY, NUMBER = "key", "number"


@dataclass(frozen=True)
class KeptMapping:
    """A mapping that can be used; `earlier` are its versions before, newest first."""

    mapping_id: str
    title: str
    table: str  # the first fact table it fills
    shipped: bool  # comes with the product and is not changed here
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True)
class TablePart:
    """A column of a fact table that a mapping fills: a KEY, or a NUMBER that may be left out."""

    name: str
    role: str
    kind: str  # text, date, number
    words: tuple[str, ...] = ()  # the only ones it can be
    may_be_blank: bool = False  # blank means all of them


@dataclass(frozen=True)
class FileColumn:
    """A column of an uploaded file; of one about persons no value is shown."""

    name: str
    samples: tuple[str, ...]
    personal: bool


class Mappings(Protocol):
    """Mappings, kept and new; raises a `KmsError` that names key and value for a wrong one."""

    def kept(self) -> tuple[KeptMapping, ...]:
        """Return every mapping there is."""
        ...

    def tables(self) -> Mapping[str, tuple[TablePart, ...]]:
        """Return the fact tables a mapping can fill, with their parts."""
        ...

    def columns(self, upload_id: str) -> tuple[FileColumn, ...]:
        """Return the columns of an upload's first file, with a few of their values."""
        ...

    def text(self, mapping_id: str) -> str:
        """Return a kept mapping as the text of its file."""
        ...

    def values(self, mapping_id: str) -> Mapping[str, str] | None:
        """Return a kept mapping as the form has it; None when it says more than the form can."""
        ...

    def composed(self, values: Mapping[str, str]) -> str:
        """Return what was typed into the form as the text of a file; not checked yet."""
        ...

    def save(self, text: str, *, renews: str, upload_id: str, at: datetime) -> str:
        """Check a mapping and keep it, and give it the upload; returns its id.

        `renews` is the mapping it takes the place of, which stays beside it; blank: a new one.
        """
        ...
