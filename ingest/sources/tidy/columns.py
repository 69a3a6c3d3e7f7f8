"""From a mapping to the columns that are read, under names that are safe in SQL."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import date

from ingest.reading.dates import DateColumn
from ingest.reading.fields import FieldCheck, number, plain_text, whole_number
from ingest.reading.staging import Columns
from ingest.sources.tidy.mapping import LONGEST_TEXT, PLACES, Fact, TidyMapping, Use, kind_of

MOST = 2_000_000_000  # what a count can be in the store


def safe_name(column: str) -> str:
    """Return a column's name as SQL may write it bare; another name becomes another one."""
    mark = hashlib.sha256(column.encode()).hexdigest()[:10]  # `Age 5-9` is not `Age 59`
    return f"c_{re.sub('[^a-z0-9]', '', column.lower())[:30]}_{mark}"


def columns_of(mapping: TidyMapping) -> Columns:
    """Return the columns a mapping reads."""
    titles = dict.fromkeys(given_names(mapping))
    return Columns(
        key=safe_name(mapping.key) if mapping.key else "",
        place=tuple(safe_name(column) for column in places(mapping)),
        dates=tuple(_dates(mapping)),
        fields=tuple(_fields(mapping)),
        also={safe_name(title): (title,) for title in titles},
        ignored=mapping.ignored,
    )


def given_names(mapping: TidyMapping) -> tuple[str, ...]:
    """Return the names of all columns read, as the file writes them."""
    found = [mapping.key, *places(mapping), mapping.issue_column]
    found += [use.column for _, _, use in mapping.uses()]
    found += [column for fact in mapping.facts for column, _ in mapping.conditions(fact)]
    return tuple(dict.fromkeys(name for name in found if name))


def places(mapping: TidyMapping) -> tuple[str, ...]:
    """Return the columns that say where, coarse to fine."""
    named = mapping.place.columns
    return tuple(named[key] for key in (*PLACES, "column") if key in named)


def of_kind(mapping: TidyMapping, *kinds: type) -> dict[str, list[tuple[Fact, str, Use]]]:
    """Return the columns that are of some kind, each with its uses."""
    found: dict[str, list[tuple[Fact, str, Use]]] = {}
    for fact, name, use in mapping.uses():
        if use.constant is None and kind_of(fact.table, name) in kinds:
            found.setdefault(use.column, []).append((fact, name, use))
    return found


def texts(mapping: TidyMapping) -> tuple[str, ...]:
    """Return the columns read as text: parts of keys and those that choose rows."""
    chosen = [column for fact in mapping.facts for column, _ in mapping.conditions(fact)]
    return tuple(dict.fromkeys([*of_kind(mapping, str), *chosen]))


def _dates(mapping: TidyMapping) -> Iterator[DateColumn]:
    """Give the dates, what cannot follow another one after that one."""
    limits = {
        fact.uses["onset_date"].column: fact.uses["report_date"].column
        for fact in mapping.facts
        if fact.table == "reporting_triangle"
    }
    used = of_kind(mapping, date)
    if mapping.issue_column:
        yield _date(mapping, mapping.issue_column, mapping.issue_format, required=True)
    for column in sorted((c for c in used if c != mapping.issue_column), key=limits.__contains__):
        limit = limits.get(column, "")
        uses = [use for _, _, use in used[column]]
        yield _date(
            mapping,
            column,
            uses[0].date_format,
            required=all(use.required for use in uses),
            not_after=limit if limit not in ("", column) else "",
        )


def _date(
    mapping: TidyMapping, column: str, date_format: str, *, required: bool, not_after: str = ""
) -> DateColumn:
    return DateColumn(
        safe_name(column),
        date_format,
        mapping.earliest,
        required=required,
        not_after=safe_name(not_after) if not_after else "",
        title=column,
    )


def _fields(mapping: TidyMapping) -> Iterator[FieldCheck]:
    for column in texts(mapping):
        yield plain_text(safe_name(column), LONGEST_TEXT)
    for column, uses in of_kind(mapping, int, float).items():
        grouped = uses[0][2].grouped
        if any(kind_of(fact.table, name) is float for fact, name, _ in uses):
            yield number(safe_name(column), MOST, grouped=grouped)
        else:
            yield whole_number(safe_name(column), MOST, grouped=grouped)
