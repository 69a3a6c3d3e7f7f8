"""What is wrong with a mapping, found before any file is read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from ingest.opening.header import header_key, trimmed
from ingest.opening.text import is_text_encoding
from ingest.sources.tidy.mapping import (
    CONSTANT,
    COUNTS,
    LOCAL,
    LONGEST_TEXT,
    PERSONS,
    PLACES,
    PSGC,
    TARGETS,
    Fact,
    Place,
    TidyMapping,
    Use,
    kind_of,
    longest,
    may_be_blank,
    words,
)
from kms.errors import ConfigError

LONGEST_ID, LONGEST_LOCAL_ID = 40, 20  # an area `local:<id>:<value>` has 40 characters
TAKEN = frozenset({"new", "entered"})  # an address of its own; what is typed in
MOST_REPEATS, MOST_BRANCHES = 2, 8  # places of a pattern at which matching may go several ways
_REPEATS, _BRANCHES = re.compile(r"[*+{]"), re.compile(r"[?|]")
_REPEATED_GROUP = re.compile(r"\)\s*[*+{]")
_FORMAT = re.compile(r"[%A-Za-z0-9 ,./:_-]{2,40}")
_AREA = re.compile(r"\d{10}|[a-z]+:[A-Za-z0-9:_-]+")


def wrong(file: str, key: str, value: object, what_to_do: str) -> ConfigError:
    """Return the error about a key of a mapping file."""
    seen = "is missing" if value is None else f"is {value!r}"
    return ConfigError(f"{file}: key '{key}' {seen}; {what_to_do}")


def check_mapping(mapping: TidyMapping, file: str) -> None:
    """Raise `ConfigError` for the first thing that cannot be meant."""
    _check_head(mapping, file)
    _check_form(mapping, file)
    _check_place(mapping, mapping.place, file)
    if not mapping.facts:
        raise wrong(file, "facts", None, "say at least once what the rows tell: [[facts]]")
    for number, fact in enumerate(mapping.facts, 1):
        _check_fact(mapping, fact, file, f"facts {number}: ")
    _check_columns(mapping, file)


def _check_head(mapping: TidyMapping, file: str) -> None:
    most = LONGEST_LOCAL_ID if mapping.place.scheme == LOCAL else LONGEST_ID
    if not re.fullmatch(f"[a-z0-9_]{{1,{most}}}", mapping.id):
        raise wrong(file, "id", mapping.id, f"use 1 to {most} small letters, digits or underscores")
    for key in ("title", "publisher", "licence", "rhythm"):
        text = getattr(mapping, key)
        if not text.strip() or len(text) > LONGEST_TEXT:
            raise wrong(file, key, text, f"write 1 to {LONGEST_TEXT} characters")
    for key in ("every_days", "grace_days"):
        days = getattr(mapping, key)
        if not 0 <= days <= 10_000 or (key == "every_days" and not days):
            raise wrong(file, key, days, "give a number of days")
    if mapping.rows not in (PERSONS, COUNTS):
        raise wrong(file, "rows", mapping.rows, f"write {PERSONS} or {COUNTS}")
    if mapping.key and mapping.rows == COUNTS:
        raise wrong(file, "key", mapping.key, "only persons have one; leave it out")


def check_new(mapping: TidyMapping, file: str) -> None:
    """Raise `ConfigError` for what no new mapping may have; those kept before go on."""
    if mapping.id in TAKEN:
        raise wrong(file, "id", mapping.id, "it means something else here; choose another")
    for pattern in mapping.names_end_with:
        ways = len(_REPEATS.findall(pattern)), len(_BRANCHES.findall(pattern))
        slow = ways[0] > MOST_REPEATS or ways[1] > MOST_BRANCHES or _REPEATED_GROUP.search(pattern)
        if slow or not pattern or len(pattern) > LONGEST_TEXT:
            advice = (
                "matching it could take for ever, or it takes every file; write at most "
                f"{MOST_REPEATS} of * + {{ and {MOST_BRANCHES} of ? |, and repeat no group"
            )
            raise wrong(file, "names_end_with", pattern[:80], advice)


def _check_form(mapping: TidyMapping, file: str) -> None:
    for pattern in mapping.names_end_with:
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise wrong(
                file, "names_end_with", pattern[:80], f"it is no pattern: {str(error)[:80]}"
            ) from error
    for encoding in mapping.encodings:
        if not is_text_encoding(encoding):
            raise wrong(
                file, "encodings", encoding, "there is no such encoding of texts; write cp1252, say"
            )
    if mapping.issue_column:
        _check_format(file, "issue_format", mapping.issue_format)


def _check_place(mapping: TidyMapping, place: Place, file: str) -> None:
    allowed = {PSGC: PLACES, LOCAL: ("column",), CONSTANT: ()}
    if place.scheme not in allowed:
        raise wrong(file, "area.scheme", place.scheme, f"write {', '.join(allowed)}")
    for key, column in place.columns.items():
        if key not in allowed[place.scheme] or not column:
            raise wrong(file, f"area.{key}", column, f"scheme {place.scheme} has no such column")
    if allowed[place.scheme] and not place.columns:
        keys = " or ".join(allowed[place.scheme])
        raise wrong(file, f"area.{allowed[place.scheme][0]}", None, f"name a column as {keys}")
    if (place.scheme == CONSTANT) != bool(_AREA.fullmatch(place.code) and len(place.code) <= 40):
        raise wrong(
            file,
            "area.code",
            place.code or None,
            "a constant area needs a PSGC code of ten digits or one as iso:CAN; others have none",
        )
    for theirs, ours in place.values.items():
        if not ours.strip() or len(ours) > LONGEST_TEXT:
            raise wrong(file, f"area.values.{theirs}", ours, "write the name that is meant")
    if mapping.place.values and place.scheme == CONSTANT:
        raise wrong(file, "area.values", place.values, "a constant area has none")


def _check_fact(mapping: TidyMapping, fact: Fact, file: str, where: str) -> None:
    if fact.table not in TARGETS:
        raise wrong(file, f"{where}table", fact.table, f"choose one of {', '.join(TARGETS)}")
    for part in fact.parts:
        if part not in fact.uses:
            raise wrong(file, where + part, None, f"{fact.table} needs it")
    numbers = [name for name in fact.uses if name in fact.numbers]
    if mapping.rows == COUNTS and not numbers:
        raise wrong(
            file, f"{where}table", fact.table, f"give a column for {' or '.join(fact.numbers)}"
        )
    if mapping.rows == PERSONS and (numbers or len(fact.numbers) > 1):
        raise wrong(
            file, f"{where}table", fact.table, "persons are counted; this table needs numbers"
        )
    for name, use in fact.uses.items():
        if name not in (*fact.parts, *fact.numbers):
            raise wrong(file, where + name, use.column or use.constant, f"{fact.table} has none")
        _check_use(fact, name, use, (file, where + name))


def _check_use(fact: Fact, name: str, use: Use, at: tuple[str, str]) -> None:
    """Check a column or constant; `at` is the file and the key."""
    kind = kind_of(fact.table, name)
    if use.values and (kind is not str or use.constant is not None):
        raise wrong(*at, use.values, "only texts of a column have spellings")
    if kind is date:
        if use.constant is None:
            _check_format(*at, use.date_format)
        else:
            _check_day(*at, use.constant)
    elif kind is str:
        found = [use.constant] if use.constant is not None else list(use.values.values())
        _check_words(name, found, longest(fact.table, name), at)
    elif use.constant is not None:
        raise wrong(*at, use.constant, "a number needs a column")


def _check_words(name: str, found: Iterable[str], most: int, at: tuple[str, str]) -> None:
    known = words(name)
    for word in found:
        if known is not None and word not in known:
            raise wrong(*at, word, f"it can be {', '.join(known)}")
        if len(word) > most or not (word.strip() or may_be_blank(name)):
            raise wrong(*at, word, f"write 1 to {most} characters")


def _check_day(file: str, key: str, text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise wrong(file, key, text, "write a date, as 2020-05-01") from None


def _check_format(file: str, key: str, date_format: str) -> None:
    if not _FORMAT.fullmatch(date_format) or "%Y" not in date_format.replace("%y", "%Y"):
        raise wrong(file, key, date_format, "write a date format with a year, as %d/%m/%Y")


def _check_columns(mapping: TidyMapping, file: str) -> None:
    """Refuse a column that is a date here and a text there, or read in two formats."""
    seen: dict[str, tuple[object, ...]] = {}
    if mapping.issue_column:
        seen[mapping.issue_column] = (date, mapping.issue_format)
    for fact, name, use in mapping.uses():
        if use.constant is not None:
            continue
        kind = kind_of(fact.table, name)
        how: tuple[object, ...] = (kind, use.date_format) if kind is date else (kind, use.grouped)
        if seen.setdefault(use.column, how) != how:
            raise wrong(file, name, use.column, "one column is read in one way; compare its uses")
    for fact in mapping.facts:
        for column, texts in mapping.conditions(fact):
            if seen.setdefault(column, (str, False)) != (str, False) or not texts:
                raise wrong(
                    file,
                    f"where.{column}",
                    texts,
                    "list texts of a column that is no date or number",
                )
    used = [*seen, mapping.key, *mapping.place.columns.values()]
    _check_spellings(used, file)
    keys = {header_key(column) for column in used if column}
    for column in (*mapping.personal, *mapping.ignored):
        if header_key(column) in keys:
            raise wrong(file, "personal", column, "this column is used; it cannot be left out too")


def _check_spellings(columns: Iterable[str], file: str) -> None:
    """Refuse two spellings that no file can have side by side: they would be one column."""
    found: dict[str, str] = {}
    for column in columns:
        first = found.setdefault(trimmed(column).casefold(), column)
        if first != column:
            raise wrong(
                file, "column", column, f"{first!r} stands there too; write both in one spelling"
            )
