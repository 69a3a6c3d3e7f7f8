"""The checklist items inspectors look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InspectionItem:
    """A checklist item, what it rests on and what its breach weighs (fine / PHP 50,000)."""

    code: str
    title: str
    legal_item: str
    group: str
    severity_weight: float
    verified: bool


def read_items(rows: Iterable[Mapping[str, str]]) -> dict[str, InspectionItem]:
    """Build the checklist from the rows of its file."""
    return {
        row["code"]: InspectionItem(
            code=row["code"],
            title=row["title"],
            legal_item=row["legal_item"],
            group=row["group"],
            severity_weight=float(row["severity_weight"]),
            verified=row["verified"] == "yes",
        )
        for row in rows
    }
