"""Judging dates in SQL: declared format only, never guessed, and why one was not believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

MONTH_FIRST, ISO = "%m/%d/%Y", "%Y-%m-%d"


@dataclass(frozen=True)
class DateColumn:
    """A date column: its declared format and what makes a value impossible."""

    name: str
    date_format: str  # MONTH_FIRST or ISO
    earliest: date
    required: bool = False  # an unusable value rejects the row instead of being blanked
    not_after: str = ""  # another date column, declared before this one, it cannot follow
    not_before: str = ""  # another date column, declared before this one, it cannot precede
    longest_days: int = 0  # it cannot lie further before `not_after` than this; 0: no limit


def date_fields(rows: str, columns: Sequence[DateColumn], release: date) -> str:
    """Wrap a selection that has `<name>_text` for each column.

    The result has, for each column, `<name>` (date or NULL), `<name>_fault` (why it is NULL,
    if something was given or is required), `<name>_given` and `<name>_other_only` (fits only
    with day and month exchanged), and once `rejected`. The texts are gone.
    """
    texts = ", ".join(f"{c.name}_text" for c in columns)
    read = ", ".join(_read(c) for c in columns)
    judged = f"SELECT * EXCLUDE ({texts}), {read} FROM ({rows})"
    for column in columns:
        parsed = ", ".join(f"{column.name}_{part}" for part in ("d", "o", "title"))
        judged = f"SELECT * EXCLUDE ({parsed}), {_judge(column, release)} FROM ({judged})"
    rejected = " OR ".join(f"{c.name}_fault IS NOT NULL" for c in columns if c.required)
    return f"SELECT *, ({rejected or 'false'}) AS rejected FROM ({judged})"


def _read(column: DateColumn) -> str:
    text = f"{column.name}_text"
    if column.date_format == ISO:
        declared = f"CASE WHEN {text} LIKE '____-__-__' THEN try_cast({text} AS DATE) END"
        other = f"CAST(try_strptime({text}, '%Y-%d-%m') AS DATE)"
    else:
        declared = f"CAST(try_strptime({text}, '%m/%d/%Y') AS DATE)"
        other = f"CAST(try_strptime({text}, '%d/%m/%Y') AS DATE)"
    # The other reading is needed for what the declared one cannot explain, and for
    # month-first dates, where a plausible value may hide a swapped one out of bounds.
    other = f"CASE WHEN {text} <> '' THEN {other} END"
    if column.date_format == ISO:
        other = f"CASE WHEN ({declared}) IS NULL THEN {other} END"
    name = column.name
    return (
        f"{text} <> '' AS {name}_given, {declared} AS {name}_d, {other} AS {name}_o, "
        f"{text} = '{name}' AS {name}_title"
    )


def _judge(column: DateColumn, release: date) -> str:
    name = column.name
    earliest, latest = f"DATE '{column.earliest}'", f"DATE '{release}'"
    plausible = f"{name}_o BETWEEN {earliest} AND {latest}"
    checks = [
        (f"NOT {name}_given", "'required'" if column.required else "NULL"),
        (f"{name}_title", "'repeated_header'" if column.required else "'date_unreadable'"),
        (f"{name}_d IS NULL AND {name}_o IS NULL", "'date_unreadable'"),
        (f"{name}_d IS NULL", "'date_swapped'"),
        (f"{name}_d NOT BETWEEN {earliest} AND {latest} AND {plausible}", "'date_swapped'"),
        (f"{name}_d < {earliest}", "'date_out_of_range'"),
        (f"{name}_d > {latest}", "'date_future'"),
    ]
    if column.not_after:
        checks.append((f"{name}_d > {column.not_after}", f"'after_{column.not_after.lower()}'"))
    if column.not_before:
        checks.append((f"{name}_d < {column.not_before}", f"'before_{column.not_before.lower()}'"))
    if column.longest_days:
        checks.append((f"{name}_d < {column.not_after} - {column.longest_days}", "'long_before'"))
    fault = "CASE " + " ".join(f"WHEN {when} THEN {then}" for when, then in checks) + " END"
    return (
        f"{fault} AS {name}_fault, "
        f"CASE WHEN ({fault}) IS NULL THEN {name}_d END AS {name}, "
        f"coalesce({name}_d IS NULL AND {plausible}, false) AS {name}_other_only"
    )
