"""What a reader sees, in the reader's language: gettext catalogues, dates and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from gettext import GNUTranslations
from io import BytesIO

from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import get_decimal_symbol, get_group_symbol

from kms.config import MANILA, ROOT
from kms.rounding import outwards

CATALOGUES = ROOT / "kms" / "locale"
RANGE = "–"


@dataclass(frozen=True, slots=True)
class Texts:
    """One language: translated strings and the way it writes dates and numbers."""

    language: str
    catalogue: GNUTranslations

    def gettext(self, message: str) -> str:
        """Return the translation, or the message itself where there is none."""
        return self.catalogue.gettext(message)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Return the form that goes with `count`; the caller puts the number in."""
        return self.catalogue.ngettext(singular, plural, count)

    def day(self, value: date) -> str:
        """16 Nov 2026."""
        return format_date(value, "d MMM y", locale=self.language)

    def short_day(self, value: date) -> str:
        """16 Nov."""
        return format_date(value, "d MMM", locale=self.language)

    def weekday(self, value: date) -> str:
        """Mon 16 Nov 2026."""
        return format_date(value, "E d MMM y", locale=self.language)

    def moment(self, value: datetime) -> str:
        """16 Nov 2026, 02:10 PHT."""
        return f"{self.day(manila_day(value))}, {self.clock(value)} PHT"

    def clock(self, value: datetime) -> str:
        """02:10, in Manila."""
        return format_time(value.astimezone(MANILA), "HH:mm", locale=self.language)

    def number(self, value: float, decimals: int = 0) -> str:
        """1,234 or 1.19; a minus sign, not a hyphen."""
        decimal, group = _symbols(self.language)
        written = f"{round(value, decimals) + 0.0:,.{decimals}f}".replace(",", "\0").replace(
            ".", decimal
        )
        return written.replace("\0", group).replace("-", "−")

    def compact(self, value: float) -> str:
        """6.6 M for millions, 1,234 below."""
        if value >= 1_000_000:
            return f"{self.number(value / 1_000_000, 1)} M"
        return self.number(value)

    def percent(self, share: float, decimals: int = 0) -> str:
        """88% for 0.88."""
        return f"{self.number(share * 100, decimals)}%"

    def span(self, low: str, high: str) -> str:
        """1.05–1.34; with a word where a minus sign would meet the dash."""
        if "−" in low + high:
            return self.gettext("{low} to {high}").format(low=low, high=high)
        return f"{low}{RANGE}{high}"

    def between(self, low: float, high: float, decimals: int = 0, unit: str = "") -> str:
        """1.05–1.34 for a range, rounded outwards: written, it excludes 1 only where it does."""
        ends = outwards(low, high, 10.0**decimals)
        return self.span(*(self.number(float(end), decimals) + unit for end in ends))

    def listing(self, names: list[str], most: int = 3) -> str:
        """First names, comma separated, and how many more."""
        if len(names) <= most:
            return ", ".join(names)
        more = len(names) - most
        tail = self.ngettext("{n} more", "{n} more", more).format(n=more)
        return f"{', '.join(names[:most])}, {tail}"


@cache
def _symbols(language: str) -> tuple[str, str]:
    # Babel's own formatting costs 70 µs a number; a page has hundreds.
    return get_decimal_symbol(language), get_group_symbol(language)


def manila_day(value: datetime) -> date:
    """Return the calendar day in Manila of an instant."""
    return value.astimezone(MANILA).date()


@cache
def languages() -> tuple[str, ...]:
    """Return the languages there is a catalogue for; English first."""
    found = sorted(path.stem for path in CATALOGUES.glob("*.po"))
    return tuple(sorted(found, key=lambda code: (code != "en", code)))


def language_name(code: str) -> str:
    """Return a language's own name for itself."""
    return str(Locale.parse(code).get_display_name(code) or code)


@cache
def texts(language: str) -> Texts:
    """Return one language's texts; the catalogue is read at first use."""
    if language not in languages():
        raise ValueError(
            f"language is {language!r}; there is a catalogue for: {', '.join(languages())}"
        )
    with (CATALOGUES / f"{language}.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    binary = BytesIO()
    write_mo(binary, catalogue, use_fuzzy=True)
    binary.seek(0)
    return Texts(language, GNUTranslations(binary))
