"""Judging fields other than dates in SQL: what a value must be like, and why one was not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

INVISIBLE = r"[\p{C}\p{Zl}\p{Zp}\x{a0}]"  # control, direction and zero-width characters


@dataclass(frozen=True)
class FieldCheck:
    """How a field becomes a value: SQL over its text `{text}` and fields checked before it.

    `faults` are (condition, code) pairs, the first that holds counts; blank texts are NULL and
    no fault, unless the field is `required`.
    """

    name: str
    value: str
    faults: tuple[tuple[str, str], ...]
    required: bool = False

    def also(self, condition: str, code: str) -> FieldCheck:
        """Return the check with one more fault; `{value}` is the value it would have."""
        extra = (condition.replace("{value}", f"({self.value})"), code)
        return FieldCheck(self.name, self.value, (*self.faults, extra), self.required)


def checked_fields(rows: str, fields: Sequence[FieldCheck]) -> str:
    """Wrap a selection with `<name>_text` of each field: gives `<name>` and `<name>_fault`."""
    if not fields:
        return rows
    for field in fields:
        rows = f"SELECT *, {_value(field)} FROM (SELECT *, {_fault(field)} FROM ({rows}))"
    texts = ", ".join(f"{field.name}_text" for field in fields)
    return f"SELECT * EXCLUDE ({texts}) FROM ({rows})"


def one_of(name: str, values: Sequence[str], *, required: bool = False) -> FieldCheck:
    """A word of a list, in upper or lower case."""
    listed = ", ".join(f"'{value}'" for value in values)
    exact, upper = f"{{text}} IN ({listed})", f"upper({{text}}) IN ({listed.upper()})"
    spelled = " ".join(f"WHEN '{value.upper()}' THEN '{value}'" for value in values)
    # Nearly all are spelled exactly; only the others pay for the change of case.
    return FieldCheck(
        name,
        f"CASE WHEN {exact} THEN {{text}} ELSE CASE upper({{text}}) {spelled} END END",
        ((f"CASE WHEN {exact} THEN false ELSE NOT {upper} END", "value_unknown"),),
        required,
    )


def yes_no(name: str, *, required: bool = False) -> FieldCheck:
    """YES or NO, as a truth value."""
    word = one_of(name, ("YES", "NO"))
    return FieldCheck(name, "upper({text}) = 'YES'", word.faults, required)


def whole_number(
    name: str, most: int, *, required: bool = False, grouped: bool = False
) -> FieldCheck:
    """A count from 0 to `most`; `12.0`, as spreadsheets write it, is 12.

    With `grouped`, thousands may be parted by commas: `15,197`. `15.000` is not read: some write
    thousands so.
    """
    value = _double(grouped=grouped)
    faults = (
        *_number_faults(value),
        (r"regexp_matches({text}, '\.000$')", "number_unreadable"),
        (f"{value} > {most}", "number_out_of_range"),
        (f"{value} <> trunc({value})", "number_not_whole"),
    )
    return FieldCheck(name, f"try_cast({value} AS BIGINT)", faults, required)


def number(name: str, most: float, *, required: bool = False, grouped: bool = False) -> FieldCheck:
    """A number from 0 to `most`."""
    value = _double(grouped=grouped)
    faults = (*_number_faults(value), (f"{value} > {most}", "number_out_of_range"))
    return FieldCheck(name, value, faults, required)


def plain_text(name: str, longest: int, *, required: bool = False) -> FieldCheck:
    """A short text without invisible characters."""
    return FieldCheck(name, "{text}", ((bad_text("{text}", longest), "bad_text"),), required)


def code_text(name: str, longest: int, *, required: bool = False) -> FieldCheck:
    """A code or pseudonym: no blanks, at least one digit. Anything else may be a name."""
    looks = r"regexp_full_match({text}, '[A-Za-z0-9._/#-]*[0-9][A-Za-z0-9._/#-]*')"
    faults = ((f"length({{text}}) > {longest}", "bad_text"), (f"NOT {looks}", "not_a_code"))
    return FieldCheck(name, "{text}", faults, required)


def bad_text(text: str, longest: int) -> str:
    """Return the condition under which a text cannot be stored."""
    return f"(length({text}) > {longest} OR regexp_matches({text}, '{INVISIBLE}'))"


def _double(*, grouped: bool) -> str:
    """Return the SQL of a text as a number."""
    if not grouped:
        return "try_cast({text} AS DOUBLE)"
    parted = r"regexp_full_match({text}, '-?\d{1,3}(,\d{3})+(\.\d+)?')"
    return (
        f"try_cast(CASE WHEN {parted} THEN replace({{text}}, ',', '') ELSE {{text}} END AS DOUBLE)"
    )


def _number_faults(value: str) -> tuple[tuple[str, str], ...]:
    return (
        (
            f"coalesce(isnan({value}), true) OR contains({{text}}, '_')",
            "number_unreadable",
        ),
        (f"{value} < 0", "number_negative"),
    )


def _fault(field: FieldCheck) -> str:
    text = f"{field.name}_text"
    blank = "'required'" if field.required else "NULL"
    whens = [f"WHEN {text} = '' THEN {blank}"]
    whens += [
        f"WHEN {condition.replace('{text}', text)} THEN '{code}'"
        for condition, code in field.faults
    ]
    return f"CASE {' '.join(whens)} END AS {field.name}_fault"


def _value(field: FieldCheck) -> str:
    text = f"{field.name}_text"
    value = field.value.replace("{text}", text)
    return f"CASE WHEN {text} <> '' AND {field.name}_fault IS NULL THEN {value} END AS {field.name}"
