"""Turn the many spellings of one place into one key."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_BRACKETS: Final = re.compile(r"[(\[]([^)\]]*)[)\]]?")
_ROLES: Final = re.compile(r"^(CAPITAL|POB\.?|POBLACION|NOT A PROVINCE)$")
_TITLES: Final = re.compile(
    r"\b((ISLAND GARDEN|SCIENCE) CITY OF|CITY( OF)?|MUNICIPALITY( OF)?|MUN\.? OF)\b"
)
_SHORT_FORMS: Final = {
    "STO": "SANTO",
    "STA": "SANTA",
    "STS": "SANTOS",
    "GEN": "GENERAL",
    "PRES": "PRESIDENT",
    "GOV": "GOVERNOR",
    "DR": "DOCTOR",
    "MT": "MOUNTAIN",
}
_SHORT: Final = re.compile(rf"\b({'|'.join(_SHORT_FORMS)})\b\.?")
_OTHER: Final = re.compile(r"[^A-Z0-9]")


def plain_upper(text: str) -> str:
    """Return upper-case text without accents, repaired where UTF-8 was read as cp1252."""
    if "Ã" in text or "Â" in text:
        try:
            text = text.encode("cp1252").decode("utf-8")
        except UnicodeError:
            text = text.replace("Ã‘", "Ñ").replace("Ã±", "ñ")
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return text.upper()


def squeeze(text: str) -> str:
    """Return letters and digits only: the key of a region or of a non-place."""
    return _OTHER.sub("", plain_upper(text))


@lru_cache(maxsize=65_536)
def region_keys(text: str) -> tuple[str, ...]:
    """Return the keys of a region's name: whole, without brackets, and what they hold."""
    upper = plain_upper(text)
    parts = [upper, _BRACKETS.sub(" ", upper), *_BRACKETS.findall(upper), *upper.split(":")]
    return _unique(_OTHER.sub("", part) for part in parts)


@lru_cache(maxsize=65_536)
def place_keys(text: str) -> tuple[str, ...]:
    """Return the keys of a province, city or municipality, the likeliest first.

    Brackets that name a role (capital, poblacion) are dropped, others hold an old name and give
    a further key; so does the part before a comma. "City of" and "City" do not distinguish.
    """
    upper = plain_upper(text)
    inner = [part for part in _BRACKETS.findall(upper) if not _ROLES.match(part.strip())]
    outer = _BRACKETS.sub(" ", upper)
    parts = [outer, *inner]
    if "," in outer:
        parts.append(outer.split(",")[0])
    return _unique(_key(part) for part in parts)


def _key(upper: str) -> str:
    without = _TITLES.sub(" ", upper) if "CITY" in upper or "MUN" in upper else upper
    full = _SHORT.sub(lambda found: _SHORT_FORMS[found.group(1)], without)
    return _OTHER.sub("", full) or _OTHER.sub("", upper)


def _unique(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(key for key in dict.fromkeys(keys) if key)
