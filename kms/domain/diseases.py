"""A disease as data: names, codes, intervals with their uncertainty, what is meaningful for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final, NoReturn

GRAINS: Final = ("day", "week")
BASES: Final = ("onset", "specimen", "report", "death")


@dataclass(frozen=True, slots=True)
class Delay:
    """Mean and standard deviation of a delay in days, with where they come from."""

    mean_days: float
    sd_days: float
    source: str
    doi: str
    verified: bool
    note: str


@dataclass(frozen=True, slots=True)
class SerialInterval(Delay):
    """Days from onset to onset along a pair; `mean_sd_days` is how unsure the mean itself is."""

    mean_sd_days: float


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both included, on which a variant's intervals apply; an open end has no `end`."""

    id: str
    name: str
    start: date
    end: date | None
    dates_verified: bool
    serial_interval: SerialInterval | None
    incubation: Delay | None

    def covers(self, on: date) -> bool:
        """Whether the period holds on a day."""
        return self.start <= on and (self.end is None or on <= self.end)


@dataclass(frozen=True, slots=True)
class Disease:
    """One disease; without person-to-person spread it has no serial interval and no R."""

    id: str
    names: Mapping[str, str]
    codes: Mapping[str, tuple[str, ...]]
    grain: str
    default_basis: str
    person_to_person: bool
    classifications: tuple[str, ...]
    default_classification: str
    indicators: tuple[str, ...]
    serial_interval: SerialInterval | None
    incubation: Delay | None
    reporting_delay: Delay | None
    onset_to_death: Delay | None
    report_to_admission: Delay | None
    hospital_stay: Delay | None
    icu_stay: Delay | None
    periods: tuple[Period, ...]

    def name(self, language: str = "en") -> str:
        """Return the name in a language, else in English."""
        return self.names.get(language, self.names["en"])

    def period_on(self, on: date) -> Period | None:
        """Return the period of a day, if any."""
        return next((period for period in self.periods if period.covers(on)), None)

    def serial_interval_on(self, on: date) -> SerialInterval | None:
        """Return the serial interval that holds on a day."""
        period = self.period_on(on)
        return (period and period.serial_interval) or self.serial_interval

    def incubation_on(self, on: date) -> Delay | None:
        """Return the incubation period that holds on a day."""
        period = self.period_on(on)
        return (period and period.incubation) or self.incubation


def read_disease(content: Mapping[str, object], file: str) -> Disease:
    """Check a disease file and return it; raise `ValueError` naming file and key."""
    table = _Table(content, file)
    classifications = table.texts("classifications")
    disease = Disease(
        id=table.text("id"),
        names=table.table("names").all_texts(),
        codes=table.table("codes").all_lists(),
        grain=table.choice("grain", GRAINS),
        default_basis=table.choice("default_basis", BASES),
        person_to_person=table.flag("person_to_person"),
        classifications=classifications,
        default_classification=table.choice("default_classification", classifications),
        indicators=table.texts("indicators"),
        serial_interval=_serial_interval(table),
        incubation=_delay(table, "incubation"),
        reporting_delay=_delay(table, "reporting_delay"),
        onset_to_death=_delay(table, "onset_to_death"),
        report_to_admission=_delay(table, "report_to_admission"),
        hospital_stay=_delay(table, "hospital_stay"),
        icu_stay=_delay(table, "icu_stay"),
        periods=tuple(_period(part) for part in table.tables("periods")),
    )
    table.refuse_others()
    if "en" not in disease.names:
        table.refuse("names.en", None, "give the English name")
    if disease.person_to_person == (disease.serial_interval is None):
        table.refuse("serial_interval", None, "needed if and only if person_to_person is true")
    _refuse_overlap(disease.periods, table)
    return disease


def _period(table: _Table) -> Period:
    period = Period(
        id=table.text("id"),
        name=table.text("name"),
        start=table.day("from"),
        end=table.day("to") if "to" in table else None,
        dates_verified=table.flag("dates_verified"),
        serial_interval=_serial_interval(table),
        incubation=_delay(table, "incubation"),
    )
    table.refuse_others()
    return period


def _delay(parent: _Table, key: str) -> Delay | None:
    if key not in parent:
        return None
    table = parent.table(key)
    delay = Delay(
        mean_days=table.positive("mean_days"),
        sd_days=table.positive("sd_days"),
        source=table.text("source"),
        doi=table.text("doi", may_be_empty=True),
        verified=table.flag("verified"),
        note=table.text("note", may_be_empty=True),
    )
    table.refuse_others()
    return delay


def _serial_interval(parent: _Table) -> SerialInterval | None:
    if "serial_interval" not in parent:
        return None
    table = parent.table("serial_interval")
    interval = SerialInterval(
        mean_days=table.positive("mean_days"),
        sd_days=table.positive("sd_days"),
        mean_sd_days=table.positive("mean_sd_days"),
        source=table.text("source"),
        doi=table.text("doi", may_be_empty=True),
        verified=table.flag("verified"),
        note=table.text("note", may_be_empty=True),
    )
    table.refuse_others()
    return interval


def _refuse_overlap(periods: tuple[Period, ...], table: _Table) -> None:
    for before, after in pairwise(periods):
        if before.end is None or before.end >= after.start:
            table.refuse("periods", after.id, "start after the period before it ends")


class _Table:
    """Reads the keys of a TOML table strictly and remembers which were read."""

    def __init__(self, content: Mapping[str, object], file: str, path: str = "") -> None:
        self._content = content
        self._file = file
        self._path = path
        self._read: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def text(self, key: str, *, may_be_empty: bool = False) -> str:
        value = self._get(key)
        if not isinstance(value, str) or not (value or may_be_empty):
            self.refuse(key, value, "give a text")
        return value

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in allowed:
            self.refuse(key, value, f"give one of {', '.join(allowed)}")
        return value

    def flag(self, key: str) -> bool:
        value = self._get(key)
        if not isinstance(value, bool):
            self.refuse(key, value, "give true or false")
        return value

    def positive(self, key: str) -> float:
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(key, value, "give a number of days")
        if not (math.isfinite(value) and value > 0):
            self.refuse(key, value, "give a finite number of days above 0")
        return float(value)

    def day(self, key: str) -> date:
        value = self._get(key)
        if type(value) is not date:
            self.refuse(key, value, "give a date as 2021-07-16, without quotes")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._get(key)
        if not isinstance(value, list) or not value or not all(isinstance(x, str) for x in value):
            self.refuse(key, value, "give a list of texts")
        return tuple(value)

    def table(self, key: str) -> _Table:
        value = self._get(key)
        if not isinstance(value, dict):
            self.refuse(key, value, "give a table")
        return _Table(value, self._file, f"{self._path}{key}.")

    def tables(self, key: str) -> list[_Table]:
        if key not in self:
            return []
        value = self._get(key)
        if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            self.refuse(key, value, "give tables, each under [[periods]]")
        return [
            _Table(part, self._file, f"{self._path}{key}[{index}].")
            for index, part in enumerate(value)
        ]

    def all_texts(self) -> dict[str, str]:
        return {key: self.text(key) for key in self._content}

    def all_lists(self) -> dict[str, tuple[str, ...]]:
        return {key: self.texts(key) for key in self._content}

    def refuse_others(self) -> None:
        for key in self._content:
            if key not in self._read:
                self.refuse(key, self._content[key], "remove or correct this unknown key")

    def refuse(self, key: str, value: object, remedy: str) -> NoReturn:
        raise ValueError(f"{self._file}: key '{self._path}{key}' is {value!r}; {remedy}")

    def _get(self, key: str) -> object:
        self._read.add(key)
        if key not in self._content:
            raise ValueError(f"{self._file}: key '{self._path}{key}' is missing; add it")
        return self._content[key]
