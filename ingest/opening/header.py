"""Header lines: which columns a file has, under whatever spelling, and which must not be there."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from kms.errors import ContractError

MOST_COLUMNS = 200
# Words in names of columns that speak of one person; a source that expects one declares it.
_PERSONAL = frozenset({
    "surname", "firstname", "lastname", "middlename", "fullname", "pangalan", "apelyido",
    "birthdate", "birthday", "birth", "dob", "kaarawan", "kapanganakan", "email", "phone",
    "mobile", "cellphone", "cell", "telephone", "tirahan", "philhealth", "philsys", "passport",
    "guardian",
})  # fmt: skip
# Names and addresses are those of persons unless another word says whose.
_OWNED = frozenset({"name", "address", "contact"})
_OWNERS = frozenset({
    "facility", "hospital", "lab", "laboratory", "establishment", "estab", "company",
    "employer", "firm", "site", "area", "region", "province", "city", "municipality",
    "neighbourhood", "neighborhood", "location", "place", "country", "item", "structure",
    "dataset", "source", "sheet", "file", "disease", "sector", "indicator", "office", "agency",
    "health", "tracing", "traced", "exposure", "known", "close", "type", "setting",
})  # fmt: skip


def header_key(name: str) -> str:
    """Return a column's name without case, blanks, underscores and points: `Date Rep_Conf`."""
    return re.sub(r"[\s_.\-]+", "", trimmed(name)).casefold()


def looks_personal(name: str) -> bool:
    """Tell whether a column's name says that it describes a person."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = set(re.findall(r"[a-z]+", spaced.lower()))
    return bool(words & _PERSONAL) or bool(words & _OWNED and not words & _OWNERS)


def read_header(source_id: str, path: Path, most: int = MOST_COLUMNS) -> list[str]:
    """Return the column names of a file, trimmed; refuse doubled names."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = _numbered([trimmed(name) for name in next(csv.reader(file), [])])
    except csv.Error as error:
        raise ContractError(
            f"{source_id}: the header of {path.name} cannot be read; it is no CSV file", "not_csv"
        ) from error
    if not any(names) or names[0].startswith("sep="):
        raise ContractError(
            f"{source_id}: the first line of {path.name} is blank, or a note for spreadsheets "
            "(sep=), instead of the names of columns; take it out and send the file again",
            "wrong_source",
        )
    if len(names) > most:
        raise ContractError(
            f"{source_id}: {path.name} has {len(names)} columns, more than {most}; "
            "it is no file of this source",
            "too_many_columns",
        )
    known: set[str] = set()
    for name in names:
        if not name or name.casefold() in known:
            _refuse_row(source_id, path, names)
            raise ContractError(
                f"{source_id}: column '{name}' stands twice in the header of {path.name}, or has "
                "no name; the publisher must say which is meant",
                "dup_column",
            )
        known.add(name.casefold())
    return names


def _numbered(names: list[str]) -> list[str]:
    """Number repeated names that are signs only, such as "%": no source can mean one of them."""
    seen: Counter[str] = Counter()
    for place, name in enumerate(names):
        seen[name] += 1
        if name and seen[name] > 1 and not any(letter.isalnum() for letter in name):
            names[place] = f"{name} ({seen[name]})"
    return names


def trimmed(name: str) -> str:
    """Return a name without the blanks, seen and unseen, that pages and spreadsheets leave."""
    return name.strip("\u200b\ufeff\u2060 \t\r\n\u00a0")


def _refuse_row(source_id: str, path: Path, names: Sequence[str]) -> None:
    """Refuse a first line that is a row, without quoting it: it may speak of a person."""
    if any(re.fullmatch(r"[-+\d.,:/TZ ]*\d[-+\d.,:/TZ ]*", name) for name in names):
        raise ContractError(
            f"{source_id}: the first line of {path.name} holds numbers or dates instead of the "
            "names of columns; put the header back and send the file again",
            "wrong_source",
        )


def named_columns(
    source_id: str,
    path: Path,
    wanted: Sequence[str],
    also: Mapping[str, Sequence[str]],
    *,
    most: int = MOST_COLUMNS,
) -> list[str]:
    """Return a file's header with each column a source wants under the name the source gives it.

    A column is found by its exact name, else by the same name in other case or spacing, else by
    one of its other names (`also`: our name to theirs). Raises `ContractError` where several
    columns look like the one wanted and none is written exactly so.
    """
    names = read_header(source_id, path, most)
    claimed = {name: name for name in names if name in wanted}
    others = {ours: tuple(also.get(ours, ())) for ours in wanted}
    written = {title for titles in others.values() for title in titles}
    for ours in wanted:
        free = [name for name in names if name not in claimed and name not in written]
        if ours not in claimed:
            claimed |= dict.fromkeys(_alike(source_id, path, ours, free), ours)
    for same in (True, False):  # all that are written exactly so come first
        for ours in wanted:
            free = [name for name in names if name not in claimed]
            for title in others[ours] if ours not in claimed.values() else ():
                found = [title] if title in free else []
                if found or (not same and (found := _alike(source_id, path, title, free))):
                    claimed[found[0]] = ours
                    break
    return [claimed.get(name, name) for name in names]


def _alike(source_id: str, path: Path, title: str, names: Sequence[str]) -> list[str]:
    """Return the one column that is called so in other case or spacing, if there is one."""
    key = header_key(title)
    found = [name for name in names if header_key(name) == key]
    if len(found) > 1:
        raise ContractError(
            f"{source_id}: columns '{found[0]}' and '{found[1]}' of {path.name} are both like "
            f"'{title}', and differ only by case, blanks or signs; the publisher must say which "
            "is meant. Nothing was taken in",
            "dup_column",
        )
    return found


def refuse_personal(
    source_id: str, path: Path, names: Sequence[str], expected: Sequence[str]
) -> None:
    """Refuse a file with a column about persons that its source does not expect."""
    known = {header_key(name) for name in expected}
    for name in names:
        if header_key(name) not in known and looks_personal(name):
            raise ContractError(
                f"{source_id}: column '{name}' of {path.name} seems to describe persons, and this "
                "source does not expect it; take the column out and send the file again. Nothing "
                "was taken in",
                "personal_column",
            )


def require_columns(
    source_id: str, path: Path, names: Sequence[str], needed: Sequence[str]
) -> None:
    """Refuse a file without the columns the source promises."""
    missing = [name for name in needed if name not in names]
    if not missing:
        return
    code = "missing_column"
    hint = "The publisher may have renamed it; compare with an earlier snapshot."
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        hint = "The fields seem to be parted by something other than a comma; save it as CSV."
    elif len(missing) > len(needed) / 2:
        code = "wrong_source"
        hint = "This looks like another kind of file; check the path and the source."
    raise ContractError(
        f"{source_id}: column '{missing[0]}' is missing in {path.name} "
        f"({len(names)} columns are there, {len(missing)} of {len(needed)} needed ones are not). "
        + hint,
        code,
    )


def refuse_unlike(
    source_id: str,
    parts: Sequence[Path],
    names: Sequence[str],
    also: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Refuse parts of one issue of which only some have a column: it would be lost in silence."""
    had = [set(named_columns(source_id, part, names, also or {})) for part in parts]
    for name in names:
        having = [part.name for part, there in zip(parts, had, strict=True) if name in there]
        if 0 < len(having) < len(parts):
            raise ContractError(
                f"{source_id}: column '{name}' is in {having[0]} and not in every other part of "
                "the issue; send parts of one layout. Nothing was taken in",
                "bad_parts",
            )
