from __future__ import annotations

import ast
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from kms.config import ROOT
from kms.texts import CATALOGUES, language_name, languages, texts

CODE = ("kms", "layouts")


MARKERS = {"_", "gettext", "ngettext", "N_"}


def messages() -> set[str]:
    """Every literal given to gettext; by syntax tree, because f-strings hide calls from babel."""
    found: set[str] = set()
    for folder in CODE:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                first = node.args[0]
                if name in MARKERS and isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found


@pytest.mark.parametrize("path", sorted(CATALOGUES.glob("*.po")), ids=lambda path: path.stem)
def test_every_string_a_reader_sees_is_translated(path: Path) -> None:
    if path.stem == "en":
        pytest.skip("English is the language of the sources")
    with path.open("rb") as source:
        catalogue = read_po(source, locale=path.stem)
    written = {
        message.id if isinstance(message.id, str) else message.id[0]
        for message in catalogue
        if message.id and message.string and all(message.string)
    }
    assert messages() - written == set()
    assert written - messages() == set(), "translations of strings that are gone"


@pytest.mark.parametrize("path", sorted(CATALOGUES.glob("*.po")), ids=lambda path: path.stem)
def test_translations_fill_the_same_places(path: Path) -> None:
    with path.open("rb") as source:
        catalogue = read_po(source, locale=path.stem)
    for message in catalogue:
        if not message.id:
            continue
        originals = [message.id] if isinstance(message.id, str) else list(message.id)
        found = message.string or ""
        strings = [found] if isinstance(found, str) else list(found)
        places = {place for text in originals for place in re.findall(r"{\w+}", text)}
        for text in strings:
            assert set(re.findall(r"{\w+}", text)) == places, message.id


def test_dates_numbers_and_ranges_are_written_as_agreed() -> None:
    text = texts("en")
    assert text.day(date(2026, 11, 16)) == "16 Nov 2026"
    assert text.weekday(date(2026, 11, 16)) == "Mon 16 Nov 2026"
    assert text.moment(datetime(2026, 11, 15, 18, 10, tzinfo=UTC)) == "16 Nov 2026, 02:10 PHT"
    assert text.percent(0.884) == "88%"
    assert text.number(1234.5) in {"1,234", "1,235"}
    assert text.number(-0.5, 1) == "−0.5"
    assert text.span("1.05", "1.34") == "1.05–1.34"
    assert text.span("−6", "18") == "−6 to 18"
    assert text.compact(6_640_875) == "6.6 M"
    assert text.listing(["a", "b", "c", "d", "e"]) == "a, b, c, 2 more"


def test_filipino_writes_its_own_months() -> None:
    assert texts("fil").day(date(2026, 11, 16)) == "16 Nob 2026"
    assert language_name("fil") == "Filipino"
    assert languages() == ("en", "fil")


def test_an_unknown_language_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="'xx'; there is a catalogue for: en, fil"):
        texts("xx")
