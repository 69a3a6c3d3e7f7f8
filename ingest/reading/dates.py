"""Judging dates in SQL: declared format only, never guessed, and why one was not believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from kms.domain.fault_codes import FAULTS

MONTH_FIRST, ISO, LONG = "%m/%d/%Y", "%Y-%m-%d", "%B %d, %Y"
_CLOCK = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.]\d+)?"


@dataclass(frozen=True)
class DateColumn:
    """A date column: its declared format and what makes a value impossible.

    An ISO date may carry a time with `Z`, `+00:00` or `+08:00`; it is then the day in Manila.
    """

    name: str
    date_format: str  # MONTH_FIRST, ISO, or any other of strptime
    earliest: date
    required: bool = False  # an unusable value rejects the row instead of being blanked
    not_after: str = ""  # another date column, declared before this one, it cannot follow
    not_before: str = ""  # another date column, declared before this one, it cannot precede
    longest_days: int = 0  # it cannot lie further before `not_after` than this; 0: no limit
    title: str = ""  # in the header, where it is not the name


def date_fields(rows: str, columns: Sequence[DateColumn], release: date) -> str:
    """Wrap a selection that has `is_summary`, and `<name>_text` for each column.

    The result has, for each column, `<name>` (date or NULL), `<name>_fault` (why it is NULL,
    if something was given or is required), `<name>_given` and `<name>_other_only` (fits only
    with day and month exchanged), and once `rejected`. The texts are gone.
    """
    if not columns:
        return f"SELECT *, false AS rejected FROM ({rows})"
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
        declared = (
            f"CASE WHEN {text} LIKE '____-__-__' THEN try_cast({text} AS DATE) "
            f"WHEN length({text}) < 20 THEN NULL "  # nearly all the others are blank
            f"WHEN regexp_full_match({text}, '{_CLOCK}(Z|[+]00:00)') "
            f"THEN {_moment(text, hours=8)} "
            f"WHEN regexp_full_match({text}, '{_CLOCK}[+]08:00') "
            f"THEN {_moment(text, hours=0)} END"
        )
        # `2021-2-3` is no exchange of day and month, only zeros are missing.
        other = f"CASE WHEN {text} LIKE '____-__-__' THEN {_exchanged(text)} END"
    elif column.date_format == MONTH_FIRST:
        declared = f"CAST(try_strptime({text}, '%m/%d/%Y') AS DATE)"
        other = f"CAST(try_strptime({text}, '%d/%m/%Y') AS DATE)"
    else:
        declared = f"CAST(try_strptime({text}, '{column.date_format}') AS DATE)"
        other = "NULL::DATE"
    # The other reading is needed for what the declared one cannot explain, and for
    # month-first dates, where a plausible value may hide a swapped one out of bounds.
    other = f"CASE WHEN {text} <> '' THEN {other} END"
    if column.date_format == ISO:
        other = f"CASE WHEN ({declared}) IS NULL THEN {other} END"
    name, title = column.name, (column.title or column.name).replace("'", "''")
    return (
        f"{text} <> '' AS {name}_given, {declared} AS {name}_d, {other} AS {name}_o, "
        f"{text} = '{title}' AS {name}_title"
    )


def _exchanged(text: str) -> str:
    return f"CAST(try_strptime({text}, '%Y-%d-%m') AS DATE)"


def _code(order: str, other: str) -> str:
    """Return the fault code of a wrong order, as SQL writes it; some columns have their own."""
    own = f"{order}_{other.lower()}"
    return f"'{own if own in FAULTS else f'date_{order}_other'}'"


def _moment(text: str, *, hours: int) -> str:
    """Return the date of an instant, so many hours later than it is written."""
    return (
        f"CAST(try_strptime(left({text}, 19), '%Y-%m-%dT%H:%M:%S') + INTERVAL {hours} HOUR AS DATE)"
    )


def _judge(column: DateColumn, release: date) -> str:
    name = column.name
    earliest, latest = f"DATE '{column.earliest}'", f"DATE '{release}'"
    plausible = f"{name}_o BETWEEN {earliest} AND {latest}"
    checks = [("is_summary", "'summary_row'")] if column.required else []
    checks += [
        (f"NOT {name}_given", "'required'" if column.required else "NULL"),
        (f"{name}_title", "'repeated_header'" if column.required else "'date_unreadable'"),
        (f"{name}_d IS NULL AND NOT coalesce({plausible}, false)", "'date_unreadable'"),
        (f"{name}_d IS NULL", "'date_swapped'"),
        (f"{name}_d NOT BETWEEN {earliest} AND {latest} AND {plausible}", "'date_swapped'"),
        (f"{name}_d < {earliest}", "'date_out_of_range'"),
        (f"{name}_d > {latest}", "'date_future'"),
    ]
    if column.not_after:
        checks.append((f"{name}_d > {column.not_after}", _code("after", column.not_after)))
    if column.not_before:
        checks.append((f"{name}_d < {column.not_before}", _code("before", column.not_before)))
    if column.longest_days:
        checks.append((f"{name}_d < {column.not_after} - {column.longest_days}", "'long_before'"))
    fault = "CASE " + " ".join(f"WHEN {when} THEN {then}" for when, then in checks) + " END"
    return (
        f"{fault} AS {name}_fault, "
        f"CASE WHEN ({fault}) IS NULL THEN {name}_d END AS {name}, "
        f"coalesce({name}_d IS NULL AND {plausible}, false) AS {name}_other_only"
    )
