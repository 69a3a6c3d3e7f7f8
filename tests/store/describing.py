"""A source's description for tests of the store, which knows no sources."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Description:
    """What the store keeps of a source."""

    source_id: str
    title: str = "A source"
    publisher: str = "A publisher"
    licence: str = "free"
    rhythm: str = "weekly"
    every_days: int = 7
    grace_days: int = 1
    used_for: str = "tests"
    rows_are_persons: bool = True
    feeds_figures: bool = True


def description(source_id: str) -> Description:
    """Return a description under a name."""
    return Description(source_id)
