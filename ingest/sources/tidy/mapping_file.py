"""Mapping files: TOML in, TOML out, and errors that name file, key and value."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import date, datetime
from math import inf
from pathlib import Path
from typing import Any

from ingest.sources.tidy.checks import check_mapping, wrong
from ingest.sources.tidy.mapping import Fact, Place, TidyMapping, Use
from ingest.tripwires.limits import USUAL, Limits
from kms.errors import ConfigError

LARGEST = 1 << 20
_USE = {
    "column": "column",
    "constant": "constant",
    "values": "values",
    "format": "date_format",
    "required": "required",
    "grouped": "grouped",
}
_TEXTS = ("id", "title", "publisher", "licence", "rhythm", "rows")
_MORE_TEXTS = ("sheet", "key", "issue_column", "issue_format")
_LISTS = ("names_end_with", "encodings", "personal", "ignored")
_DAYS = ("every_days", "grace_days")
_DATES = ("earliest", "latest")


def read_mapping(path: Path) -> TidyMapping:
    """Read a mapping file; raise `ConfigError` naming file, key and value."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the mapping '{path}' cannot be read ({error.strerror}); check the path"
        ) from error
    try:
        if len(content) > LARGEST:
            raise ConfigError(f"{path.name} is larger than any mapping; check the path")
        return parse_mapping(content.decode("utf-8-sig"), path.name)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path.name} is not UTF-8; save it as UTF-8") from error


def parse_mapping(text: str, name: str) -> TidyMapping:
    """Read the text of a mapping file called `name`."""
    try:
        given = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits
        raise ConfigError(f"{name} is no TOML file: {str(error)[:200]}") from error
    try:
        mapping = _Keys(name, "", given).mapping()
    except RecursionError as error:  # a message cannot quote tables in thousands of tables
        raise ConfigError(f"{name} has tables inside tables without end; take them out") from error
    check_mapping(mapping, name)
    return mapping


class _Keys:
    """The keys of one table of a file, each taken once with its type; none may be left."""

    def __init__(self, file: str, where: str, given: Any) -> None:
        self.file, self.where = file, where
        if not isinstance(given, dict):
            raise wrong(file, where, given, "write it as a table")
        self.given: dict[str, Any] = dict(given)

    def mapping(self) -> TidyMapping:
        """Take a whole mapping."""
        optional: dict[str, Any] = {
            **{key: self.take(key, str) for key in _MORE_TEXTS if key in self.given},
            **{key: self.texts(key) for key in _LISTS if key in self.given},
            **{key: self.take(key, date) for key in _DATES if key in self.given},
        }
        facts = self.take("facts", list)
        found = TidyMapping(
            **{key: self.take(key, str) for key in _TEXTS},
            **{key: self.take(key, int) for key in _DAYS},
            place=self.inside("area").place(),
            facts=tuple(
                _Keys(self.file, f"facts {number}: ", fact).fact()
                for number, fact in enumerate(facts, 1)
            ),
            where=self.inside("where").conditions(),
            limits=self.inside("limits").limits(),
            **optional,
        )
        self.finish()
        return found

    def place(self) -> Place:
        """Take what says where a row belongs."""
        found = Place(
            scheme=self.take("scheme", str),
            code=self.take("code", str) if "code" in self.given else "",
            values=self.spellings("values"),
            columns={key: self.take(key, str) for key in list(self.given) if key != "values"},
        )
        self.finish()
        return found

    def fact(self) -> Fact:
        """Take what the rows say in one fact table."""
        table, where = self.take("table", str), self.inside("where").conditions()
        uses = {key: self.inside(key).use() for key in list(self.given)}
        return Fact(table, uses, where)

    def use(self) -> Use:
        """Take a column or a constant."""
        constant = self.given.pop("constant", None)
        if type(constant) is date:
            constant = constant.isoformat()
        if not isinstance(constant, str | None) or (constant is None) != ("column" in self.given):
            raise wrong(
                self.file,
                self.where.removesuffix("."),
                constant,
                "give either a column, or a constant text or date",
            )
        found = Use(
            column=self.take("column", str) if constant is None else "",
            constant=constant,
            values=self.spellings("values"),
            **{
                _USE[key]: self.take(key, str if key == "format" else bool)
                for key in ("format", "required", "grouped")
                if key in self.given
            },
        )
        self.finish()
        return found

    def limits(self) -> Limits:
        """Take the limits of the tripwires; `false` switches one off."""
        known = {field.name for field in fields(Limits)}
        for key, value in self.given.items():
            usual = getattr(USUAL, key, None)
            number = (
                isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < inf
            )
            if key not in known or not (value is False or number or isinstance(usual, bool)):
                raise wrong(
                    self.file,
                    self.where + key,
                    value,
                    f"give a number or false, for one of {', '.join(sorted(known))}",
                )
        given: dict[str, Any] = {
            key: None if value is False and not isinstance(getattr(USUAL, key), bool) else value
            for key, value in self.given.items()
        }
        return replace(USUAL, **given)

    def conditions(self) -> dict[str, tuple[str, ...]]:
        """Take columns with the values that are counted."""
        return {key: self.texts(key) for key in list(self.given)}

    def inside(self, key: str) -> _Keys:
        """Take a table inside this one; none is an empty one."""
        return _Keys(self.file, f"{self.where}{key}.", self.given.pop(key, {}))

    def spellings(self, key: str) -> dict[str, str]:
        """Take a table of texts."""
        found = self.inside(key)
        return {theirs: found.take(theirs, str) for theirs in list(found.given)}

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of texts."""
        value = self.take(key, list)
        if not all(isinstance(text, str) for text in value):
            raise wrong(self.file, self.where + key, value, "write a list of texts")
        return tuple(value)

    def take(self, key: str, kind: type) -> Any:
        """Take a value of one type."""
        if key not in self.given:
            raise wrong(self.file, self.where + key, None, "it must be there")
        value = self.given.pop(key)
        if not isinstance(value, kind) or type(value) in (_UNLIKE.get(kind), None):
            raise wrong(self.file, self.where + key, value, f"write it as {_NAMES[kind]}")
        return value

    def finish(self) -> None:
        """Refuse keys that mean nothing."""
        for key, value in self.given.items():
            raise wrong(self.file, self.where + key, value, "there is no such key; take it out")


_NAMES = {str: "a text", int: "a whole number", list: "a list", bool: "true or false"} | {
    date: "a date, as 2020-05-01"
}
_UNLIKE = {int: bool, date: datetime}  # kinds of it that are not meant


def mapping_text(mapping: TidyMapping) -> str:
    """Write a mapping as the text of its file."""
    return "\n".join(_lines(mapping)) + "\n"


def _lines(mapping: TidyMapping) -> Iterator[str]:
    empty = {field.name: field.default for field in fields(TidyMapping)}
    for key in (*_TEXTS[:-1], *_DAYS, "rows"):
        yield f"{key} = {_value(getattr(mapping, key))}"
    for key in (*_MORE_TEXTS, *_LISTS, *_DATES):
        if getattr(mapping, key) != empty[key]:
            yield f"{key} = {_value(getattr(mapping, key))}"
    place = mapping.place
    yield f"\n[area]\nscheme = {_value(place.scheme)}"
    yield from (f"{_value(key)} = {_value(column)}" for key, column in place.columns.items())
    yield from [f"code = {_value(place.code)}"] if place.code else []
    yield from [f"values = {_value(place.values)}"] if place.values else []
    if mapping.where:
        yield "\n[where]"
        yield from (f"{_value(key)} = {_value(texts)}" for key, texts in mapping.where.items())
    changed = {
        field.name: getattr(mapping.limits, field.name)
        for field in fields(Limits)
        if getattr(mapping.limits, field.name) != getattr(USUAL, field.name)
    }
    if changed:
        yield "\n[limits]"
        yield from (f"{key} = {_value(limit)}" for key, limit in changed.items())
    for fact in mapping.facts:
        yield f"\n[[facts]]\ntable = {_value(fact.table)}"
        yield from (f"{key} = {_value(_given(use))}" for key, use in fact.uses.items())
        yield from [f"where = {_value(fact.where)}"] if fact.where else []


def _given(use: Use) -> dict[str, Any]:
    """Return what is not as usual: in it, always the column or the constant."""
    usual = Use()
    return {
        theirs: getattr(use, ours)
        for theirs, ours in _USE.items()
        if getattr(use, ours) != getattr(usual, ours)
    }


def _value(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        pairs = (f"{_value(key)} = {_value(inner)}" for key, inner in value.items())
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    return str(value)
