"""What a mapping says: which column of a file, or which constant, is which part of a fact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import String

from ingest.reading.dates import ISO
from ingest.tripwires.limits import USUAL, Limits
from kms.reference import load_sectors
from kms.store.facts import fact_table, key_columns, value_columns

PERSONS, COUNTS = "persons", "counts"
PSGC, LOCAL, CONSTANT = "psgc", "local", "constant"
PLACES = ("region", "province", "city", "psgc")
EARLIEST = date(2000, 1, 1)
LONGEST_TEXT = 200
# Tables with an area and numbers that add up.
TARGETS = (
    "case_count", "reporting_triangle", "case_link", "case_total", "testing", "capacity",
    "vaccination", "admission", "employment", "population", "establishment_count",
)  # fmt: skip
_WORDS: Mapping[str, tuple[str, ...]] = {
    "basis": ("report", "onset", "report_onset_unknown", "specimen", "death"),
    "grain": ("day", "week", "month", "quarter", "year"),
    "measure": ("cases", "deaths", "recovered", "active"),
    "infection_source": ("known_contact", "cluster", "imported", "unknown", "pending"),
    "setting": ("household", "workplace", "school", "health_facility", "community", "other", ""),
    "sex": ("male", "female", ""),
}
_MAY_BE_ALL = frozenset({"setting", "sex", "sector", "age_band", "size_class", "facility_type"})


@dataclass(frozen=True)
class Use:
    """Where a part of a fact comes from: a column of the file, or the same value always."""

    column: str = ""
    constant: str | None = None  # a date as ISO text
    values: Mapping[str, str] = field(default_factory=dict)  # their spelling to ours
    date_format: str = ISO
    required: bool = True  # of dates: a row without a usable one is left out
    grouped: bool = False  # of numbers: thousands are parted by commas


@dataclass(frozen=True)
class Fact:
    """What the rows say in one fact table; `where` names the rows that say it."""

    table: str
    uses: Mapping[str, Use]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[str, ...]:
        """The key columns a mapping must fill, without the area."""
        return tuple(name for name in key_columns(fact_table(self.table)) if name != "area")

    @property
    def numbers(self) -> tuple[str, ...]:
        """The value columns."""
        return tuple(value_columns(fact_table(self.table)))


@dataclass(frozen=True)
class Place:
    """How an area is found: by names of the Philippines, as an area of the file's own, or fixed."""

    scheme: str
    columns: Mapping[str, str] = field(default_factory=dict)  # of PLACES; `column` if local
    code: str = ""  # if constant
    values: Mapping[str, str] = field(default_factory=dict)  # spellings to put others in place of


@dataclass(frozen=True)
class TidyMapping:
    """A mapping file: what a data set is, and what its columns mean."""

    id: str
    title: str
    publisher: str
    licence: str
    rhythm: str
    every_days: int
    grace_days: int
    rows: str  # PERSONS: each row is one; COUNTS: numbers stand in the rows
    place: Place
    facts: tuple[Fact, ...]
    names_end_with: tuple[str, ...] = ()
    encodings: tuple[str, ...] = ()
    sheet: str = ""
    key: str = ""  # of persons; without one, rows that say the same are different persons
    personal: tuple[str, ...] = ()  # taken out before anything is kept
    ignored: tuple[str, ...] = ()  # not about persons whatever their name
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    issue_column: str = ""  # the day of the issue, where a file holds several
    issue_format: str = ISO
    earliest: date = EARLIEST
    latest: date | None = None  # for projections; otherwise the day of the issue
    limits: Limits = USUAL

    @property
    def source_id(self) -> str:
        """The name of the source: each data set has a history of its own."""
        return f"tidy_csv.{self.id}"

    def uses(self) -> Iterator[tuple[Fact, str, Use]]:
        """Give every part of every fact."""
        for fact in self.facts:
            for name, use in fact.uses.items():
                yield fact, name, use

    def conditions(self, fact: Fact) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Give the columns and values that name the rows of a fact."""
        yield from self.where.items()
        yield from fact.where.items()


def kind_of(table: str, name: str) -> type:
    """Return what a part of a fact is: `date`, `str`, `int` or `float`."""
    found: type = fact_table(table).c[name].type.python_type
    return found


def longest(table: str, name: str) -> int:
    """Return how many characters a text of a fact may have."""
    kind = fact_table(table).c[name].type
    return (kind.length if isinstance(kind, String) else None) or LONGEST_TEXT


def words(name: str) -> tuple[str, ...] | None:
    """Return the values a key column may have, or None where any text will do."""
    if name == "sector":
        return (*load_sectors().sectors, "")
    return _WORDS.get(name)


def may_be_blank(name: str) -> bool:
    """Tell whether a blank key means all of them."""
    return name in _MAY_BE_ALL
