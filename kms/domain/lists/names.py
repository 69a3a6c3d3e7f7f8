"""Names in the order of the Filipino alphabet, and how a name is found by what is typed."""

from __future__ import annotations

import re
import unicodedata

LAST = "\U0010ffff"
ENYE = ("n\N{COMBINING TILDE}", "n" + LAST)  # a letter of its own, after every n


def name_order(name: str) -> tuple[str, str]:
    """Return what names are compared by: accents do not count, but ñ stands between n and o."""
    parts = unicodedata.normalize("NFD", name.casefold())
    plain = without_accents(parts.replace(*ENYE))
    return plain, name


def without_accents(text: str) -> str:
    """Drop the marks of letters: ñ becomes n."""
    parts = unicodedata.normalize("NFD", text)
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def words_in(text: str) -> tuple[str, ...]:
    """Return the words by which a text is found, in whichever case and with or without accents."""
    return tuple(re.split(r"\s+", without_accents(text.casefold()).strip())) if text.strip() else ()


def holds_words(text: str, words: tuple[str, ...]) -> bool:
    """Tell whether a text holds every word, or its beginning or middle."""
    plain = without_accents(text.casefold())
    return all(word in plain for word in words)
