"""Entries of the knowledge library: one Markdown file each, with TOML front matter.

    +++
    id = "GL-002"                      the file's name without .md
    title, kind, status, owner         texts; kind and status are one of KINDS and STATUSES
    review_due = 2027-02-15            a date
    version = 1                        1 or more
    sectors = ["C", "I"]               PSIC sections; empty: every sector
    occupations, hazards, areas        lists of codes; empty: all, or not about one
    control_level = "engineering"      one of CONTROL_LEVELS, or empty
    languages = ["en"]                 the first is the text's own
    certainty, strength                GRADE; only for evidence, else empty
    evidence = ["EV-001"]              entries this one rests on
    items = ["COV-01"]                 inspection items that it answers
    summary = "One sentence."
    sources = [{ text = "…", url = "…" }]      at least one; the address may be empty
    [action]                           for guidelines with a level of control: what a brief says
    who = "owner"                      one of ACTORS
    cost = 2                           0 none to 3 high, the compilers' estimate
    en = "…"                           one line in each language of the briefs
    fil = "…"
    +++
    The text, in Markdown.

Unknown, missing and mistyped keys are refused with the file and the key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from kms.errors import DataError
from kms.library.prose import to_html
from kms.reference import REFERENCE, load_inspection_items, load_sectors

FOLDER = REFERENCE / "library"
KINDS = (
    "guideline", "evidence", "good_practice", "success_story", "policy", "legal_instrument",
    "training_material", "partner",
)  # fmt: skip
STATUSES = ("draft", "reviewed", "published", "superseded", "withdrawn")
# From the most to the least effective.
CONTROL_LEVELS = ("elimination", "substitution", "engineering", "administrative", "ppe")
CERTAINTIES = ("high", "moderate", "low", "very_low")
STRENGTHS = ("strong", "conditional")
ACTORS = ("owner", "manager", "safety_officer")
HIGHEST_COST = 3
FENCE = "+++"
_TEXTS = (
    "id",
    "title",
    "kind",
    "status",
    "owner",
    "control_level",
    "certainty",
    "strength",
    "summary",
)
_LISTS = ("sectors", "occupations", "hazards", "areas", "languages", "evidence", "items")
_OTHERS = ("review_due", "version", "sources")
_ACTION = ("who", "cost", "en", "fil")


@dataclass(frozen=True, slots=True)
class Action:
    """What a brief asks for: who does it, what it costs, in one line for each language."""

    who: str
    cost: int
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of knowledge; `body_html` is sanitised."""

    id: str
    title: str
    kind: str
    status: str
    owner: str
    review_due: date
    version: int
    sectors: tuple[str, ...]
    occupations: tuple[str, ...]
    hazards: tuple[str, ...]
    control_level: str
    areas: tuple[str, ...]
    languages: tuple[str, ...]
    certainty: str
    strength: str
    evidence: tuple[str, ...]
    items: tuple[str, ...]
    summary: str
    sources: tuple[tuple[str, str], ...]
    action: Action | None
    body_html: str

    def is_for(self, sector: str) -> bool:
        """Whether the entry applies to a sector; without sectors it applies to all."""
        return not self.sectors or sector in self.sectors


@dataclass(frozen=True, slots=True)
class _File:
    """The file being read, for messages."""

    name: str

    def check(self, condition: bool, key: str, value: Any, advice: str) -> None:  # noqa: FBT001  # a check
        if not condition:
            raise self.wrong(key, value, advice)

    def wrong(self, key: str, value: Any, advice: str) -> DataError:
        return DataError(f"library/{self.name}: key '{key}' is {value!r}; {advice}")


@cache
def load_entries() -> Mapping[str, Entry]:
    """Return every entry by its id, read once a process."""
    return read_entries(FOLDER)


def read_entries(folder: Path) -> Mapping[str, Entry]:
    """Read a folder of entries; raise `DataError` naming file and key when one is wrong."""
    entries = {}
    for path in sorted(folder.glob("*.md")):
        entry = parse_entry(path.read_text(encoding="utf-8"), path.name)
        entries[entry.id] = entry
    for entry in entries.values():
        if missing := [code for code in entry.evidence if code not in entries]:
            raise _File(f"{entry.id}.md").wrong("evidence", missing[0], "name an entry that exists")
    return entries


def parse_entry(text: str, name: str) -> Entry:
    """Build an entry from the text of a file of this name."""
    file = _File(name)
    content, body = _split(text, file)
    known = {*_TEXTS, *_LISTS, *_OTHERS}
    for key in sorted(known - set(content)):
        raise DataError(
            f"library/{file.name}: key '{key}' is missing; add it, empty if it has no value"
        )
    for key in sorted(set(content) - known - {"action"}):
        raise DataError(f"library/{file.name}: key '{key}' is not known; keys are {sorted(known)}")
    for key in _TEXTS:
        file.check(isinstance(content[key], str), key, content[key], "write a text")
    for key in _LISTS:
        file.check(_is_texts(content[key]), key, content[key], "write a list of texts")
    _check_values(content, file)
    values: dict[str, Any] = {key: content[key] for key in (*_TEXTS, "review_due", "version")}
    values |= {key: tuple(content[key]) for key in _LISTS}
    return Entry(
        **values,
        sources=_sources(content["sources"], file),
        action=_action(content.get("action"), content, file),
        body_html=to_html(body),
    )


def _split(text: str, file: _File) -> tuple[dict[str, Any], str]:
    head, _, rest = text.partition("\n")
    front, fence, body = rest.partition(f"\n{FENCE}\n")
    if head.strip() != FENCE or not fence:
        raise DataError(
            f"library/{file.name}: the front matter is not between two lines '{FENCE}'; begin the "
            "file with one and end the keys with the other"
        )
    try:
        return tomllib.loads(front), body
    except tomllib.TOMLDecodeError as error:
        raise DataError(
            f"library/{file.name}: the front matter is not TOML ({error}); mend it"
        ) from error


def _check_values(content: Mapping[str, Any], file: _File) -> None:
    """Check that codes are known and that what must be filled is."""
    choices: dict[str, Iterable[str]] = {
        "id": (Path(file.name).stem,),
        "kind": KINDS,
        "status": STATUSES,
        "control_level": (*CONTROL_LEVELS, ""),
    }
    graded = content["kind"] == "evidence"
    choices["certainty"] = CERTAINTIES if graded else ("",)
    choices["strength"] = STRENGTHS if graded else ("",)
    for key, allowed in choices.items():
        advice = f"choose one of {tuple(allowed)}"
        file.check(content[key] in allowed, key, content[key], advice)
    for key in ("title", "owner", "summary", "languages"):
        file.check(bool(content[key]), key, content[key], "it must not be empty")
    sections = {sector.code for sector in load_sectors().sections}
    strange = sorted(set(content["sectors"]) - sections)
    file.check(not strange, "sectors", strange, "write PSIC section letters")
    unknown = sorted(set(content["items"]) - set(load_inspection_items()))
    file.check(not unknown, "items", unknown, "write codes of inspection_items.csv")
    due, version = content["review_due"], content["version"]
    file.check(type(due) is date, "review_due", due, "write a date like 2027-02-15")
    whole = isinstance(version, int) and version >= 1
    file.check(whole, "version", version, "write a number from 1")


def _sources(given: Any, file: _File) -> tuple[tuple[str, str], ...]:
    fine = isinstance(given, list) and all(
        isinstance(row, dict) and set(row) == {"text", "url"} and _is_texts(list(row.values()))
        for row in given
    )
    file.check(fine and bool(given), "sources", given, "write at least one { text, url }")
    for row in given:
        address = row["url"]
        web = not address or address.startswith(("https://", "http://"))
        file.check(web, "sources", address, "an address begins with https://")
        file.check(bool(row["text"]), "sources", row["text"], "a source has a text")
    return tuple((row["text"], row["url"]) for row in given)


def _action(given: Any, content: Mapping[str, Any], file: _File) -> Action | None:
    wanted = content["kind"] == "guideline" and bool(content["control_level"])
    if given is None and not wanted:
        return None
    whole = isinstance(given, dict) and set(given) == set(_ACTION)
    file.check(wanted and whole, "action", given, f"guidelines with a control_level have {_ACTION}")
    file.check(given["who"] in ACTORS, "action.who", given["who"], f"choose one of {ACTORS}")
    cost = given["cost"]
    file.check(cost in range(HIGHEST_COST + 1), "action.cost", cost, "write 0 to 3")
    words = {language: given[language] for language in ("en", "fil")}
    file.check(_is_texts(list(words.values())), "action", words, "write one line each")
    return Action(given["who"], cost, words)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)
