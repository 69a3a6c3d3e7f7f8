"""What the law asks of an establishment by its size and risk: dated rows, each with its source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from kms.reference import REFERENCE, read_rows

RISKS = ("low", "medium", "high")
SAFETY_OFFICER, TRAINING = "safety_officer", "training"
COMMITTEE, REPORT = "committee", "report"


@dataclass(frozen=True, slots=True)
class Duty:
    """One duty of establishments of a size and risk; the open end has no maximum."""

    duty: str
    workers_min: int
    workers_max: int | None
    risk: str  # low, medium, high or any
    words: dict[str, str]
    instrument: str
    valid_from: date
    valid_to: date | None
    replaced_by: str
    verified: bool
    source: str


@cache
def load_duties() -> tuple[Duty, ...]:
    """Return every row of duties.csv in its order."""
    return tuple(_duty(row) for row in read_rows(REFERENCE / "duties.csv"))


def duties_on(day: date) -> tuple[Duty, ...]:
    """Return the rows in force on a day, or else those that came last before it."""
    begun = [duty for duty in load_duties() if duty.valid_from <= day]
    in_force = [duty for duty in begun if duty.valid_to is None or day <= duty.valid_to]
    if in_force or not begun:
        return tuple(in_force)
    last = max(duty.valid_from for duty in begun)
    return tuple(duty for duty in begun if duty.valid_from == last)


def _duty(row: dict[str, str]) -> Duty:
    return Duty(
        duty=row["duty"],
        workers_min=int(row["workers_min"]),
        workers_max=int(row["workers_max"]) if row["workers_max"] else None,
        risk=row["risk"],
        words={"en": row["en"], "fil": row["fil"]},
        instrument=row["instrument"],
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
        replaced_by=row["replaced_by"],
        verified=row["verified"] == "yes",
        source=row["source"],
    )
