"""A mapping as the fields of a form, for the usual case of one fact table, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date

from ingest.sources.tidy.mapping import (
    TARGETS,
    Fact,
    TidyMapping,
    Use,
    kind_of,
    may_be_blank,
    words,
)
from kms.domain.desk.mappings import KEY, NUMBER, TablePart

HEAD = ("id", "title", "publisher", "licence", "rhythm", "rows")
DAYS = ("every_days", "grace_days")
MORE = ("key", "issue_column", "issue_format", "sheet")
LISTS = ("names_end_with", "personal", "ignored", "encodings")
PLACES = ("region", "province", "city", "psgc", "column", "code")
_KINDS = {date: "date", str: "text"}
_BETWEEN = ";"  # of several values in one field


def table_parts() -> Mapping[str, tuple[TablePart, ...]]:
    """Return the fact tables a mapping can fill, with their parts."""
    return {name: tuple(_parts(name)) for name in TARGETS}


def _parts(table: str) -> Iterator[TablePart]:
    fact = Fact(table, {})
    for role, names in ((KEY, fact.parts), (NUMBER, fact.numbers)):
        for name in names:
            kind = _KINDS.get(kind_of(table, name), "number")
            known = tuple(word for word in words(name) or () if word)
            yield TablePart(name, role, kind, known, may_be_blank(name))


def composed(values: Mapping[str, str]) -> str:
    """Write what was typed as the text of a mapping file; what is wrong stays wrong."""
    lines = [f"{key} = {_text(values[key])}" for key in HEAD if values.get(key)]
    lines += [f"{key} = {_number(values[key])}" for key in DAYS if values.get(key)]
    lines += [f"{key} = {_text(values[key])}" for key in MORE if values.get(key)]
    for key in LISTS:
        if listed := [part.strip() for part in values.get(key, "").split(_BETWEEN) if part.strip()]:
            lines.append(f"{key} = [{', '.join(map(_text, listed))}]")
    lines.append("\n[area]")
    if values.get("scheme"):
        lines.append(f"scheme = {_text(values['scheme'])}")
    lines += [f"{key} = {_text(values[f'area_{key}'])}" for key in PLACES if _has(values, key)]
    if spelled := _spellings(values.get("area_values", "")):
        lines.append(f"values = {spelled}")
    table = values.get("table", "")
    lines.append(f"\n[[facts]]\ntable = {_text(table)}")
    for part in table_parts().get(table, ()):
        if use := _use(part, values):
            lines.append(f"{part.name} = {use}")
    return "\n".join(lines) + "\n"


def values_of(mapping: TidyMapping) -> dict[str, str] | None:
    """Return the fields that would make a mapping; None when it says more than they can."""
    fact = mapping.facts[0]
    found = {key: str(getattr(mapping, key)) for key in (*HEAD, *DAYS, *MORE)}
    found |= {key: f"{_BETWEEN} ".join(getattr(mapping, key)) for key in LISTS}
    place = mapping.place
    found |= {f"area_{key}": column for key, column in place.columns.items()}
    found |= {"scheme": place.scheme, "area_code": place.code, "table": fact.table}
    found["area_values"] = _listed(place.values)
    for name, use in fact.uses.items():
        found |= _fields(name, use)
    return found


def _fields(name: str, use: Use) -> dict[str, str]:
    return {
        f"{name}__column": use.column,
        f"{name}__constant": use.constant or "",
        f"{name}__values": _listed(use.values),
        f"{name}__format": use.date_format,
        f"{name}__required": "" if use.required else "no",
        f"{name}__grouped": "yes" if use.grouped else "",
    }


def _use(part: TablePart, values: Mapping[str, str]) -> str:
    def typed(what: str) -> str:
        return values.get(f"{part.name}__{what}", "")

    pairs = []
    if typed("column"):
        pairs.append(f"column = {_text(typed('column'))}")
    if typed("constant") or (part.may_be_blank and not pairs):
        pairs.append(f"constant = {_text(typed('constant'))}")
    if not pairs:
        return ""
    if spelled := _spellings(typed("values")):
        pairs.append(f"values = {spelled}")
    if typed("format") and typed("column"):
        pairs.append(f"format = {_text(typed('format'))}")
    pairs += ["required = false"] if typed("required") == "no" else []
    pairs += ["grouped = true"] if typed("grouped") == "yes" else []
    return f"{{ {', '.join(pairs)} }}"


def _has(values: Mapping[str, str], key: str) -> bool:
    """Tell whether a field of the place counts under the scheme chosen."""
    allowed = {"psgc": PLACES[:4], "local": ("column",), "constant": ("code",)}
    return bool(values.get(f"area_{key}")) and key in allowed.get(values.get("scheme", ""), PLACES)


def _spellings(typed: str) -> str:
    """Read `theirs = ours; theirs = ours`; an unfinished pair stays as a key without a value."""
    pairs = [part.partition("=") for part in typed.split(_BETWEEN) if part.strip()]
    if not pairs:
        return ""
    written = ", ".join(f"{_text(a.strip())} = {_text(b.strip())}" for a, _, b in pairs)
    return f"{{ {written} }}"


def _listed(values: Mapping[str, str]) -> str:
    return f"{_BETWEEN} ".join(f"{theirs} = {ours}" for theirs, ours in values.items())


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _number(value: str) -> str:
    return value if value.isdecimal() else _text(value)
