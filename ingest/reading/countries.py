"""Countries by their ISO 3166 codes and by the names international files give them."""

from __future__ import annotations

from functools import cache

from kms.domain.place_names import squeeze
from kms.reference import REFERENCE, read_rows

# Not in ISO 3166: Kosovo's code is a user-assigned one, the others are Eurostat's own.
_OWN_ALPHA2 = {"XK": "XKX", "EL": "GRC", "UK": "GBR"}
_OWN_ALPHA3 = {"XKX": "XKX", "KOS": "XKX"}
_OWN_NAMES = {"KOSOVO": "XKX"}


def country_of_alpha2(code: str) -> str:
    """Return the area of a two-letter code, '' when it is no country's."""
    return _area(_alpha2().get(code.strip().upper(), ""))


def country_of_alpha3(code: str) -> str:
    """Return the area of a three-letter code, '' when it is no country's."""
    return _area(_alpha3().get(code.strip().upper(), ""))


def country_of_name(name: str) -> str:
    """Return the area of a country's English name, '' when it is not known."""
    return _area(_names().get(squeeze(name), ""))


def _area(alpha3: str) -> str:
    return f"iso:{alpha3}" if alpha3 else ""


@cache
def _rows() -> tuple[dict[str, str], ...]:
    return tuple(read_rows(REFERENCE / "countries.csv"))


@cache
def _alpha2() -> dict[str, str]:
    return {row["alpha2"]: row["alpha3"] for row in _rows()} | _OWN_ALPHA2


@cache
def _alpha3() -> dict[str, str]:
    return {row["alpha3"]: row["alpha3"] for row in _rows()} | _OWN_ALPHA3


@cache
def _names() -> dict[str, str]:
    found = dict(_OWN_NAMES)
    for row in _rows():
        for name in (row["name"], *row["other_names"].split("; ")):
            if name:
                found[squeeze(name)] = row["alpha3"]
    return found
