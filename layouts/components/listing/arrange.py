"""What a list is made of, and which of its rows an address asks for, in which order.

Rows are sorted and found by what is shown of them: a figure that may not be told has no place in
an order, whichever way round, and so gives nothing away.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from kms.domain.lists.names import holds_words, name_order, words_in
from kms.domain.lists.pages import PAGE_ROWS, ListPage, Order, order_in, page_in, span_of
from layouts.components.cards import Child

NAME, NUMBER, DAY = "name", "number", "day"
SORT, FIND, PAGE = "sort", "find", "page"
LONGEST_FIND = 100

Row = TypeVar("Row")
Key = str | float | date | None  # by which rows are sorted; None: nothing is shown


@dataclass(frozen=True, slots=True)
class ListColumn(Generic[Row]):
    """One column: its key in ?sort=, its words, and what its cells are sorted by."""

    key: str
    head: str
    value: Callable[[Row], Key] | None = None  # None: not sorted here
    kind: str = NAME  # name, number or day: what its two directions are called
    in_store: bool = False  # the store sorts by it
    class_name: str = ""
    width: str = ""
    under: str = ""  # second line of the head
    label: str = ""  # before the cell on phones; blank: the head

    @property
    def is_sortable(self) -> bool:
        """Tell whether its head is a link."""
        return self.value is not None or self.in_store

    @property
    def first(self) -> Order:
        """The order its head gives first: names from A, figures and days from the highest."""
        return Order(self.key, descending=self.kind != NAME)


@dataclass(frozen=True, slots=True)
class Facet(Generic[Row]):
    """A choice that narrows a list; `of` tells under which options a row falls."""

    key: str
    label: str
    every: str  # words for no choice
    options: tuple[tuple[str, str], ...]  # (value, words)
    of: Callable[[Row], str | Collection[str]] | None = None  # None: the store narrows


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """A list: its name on the page, its columns and by what it is narrowed."""

    name: str  # begins its ids
    caption: str
    columns: tuple[ListColumn[Row], ...]
    usual: str  # the order it has unasked, in words
    cells: Callable[[Row], Sequence[Child]] | None = None  # of one row; None: written otherwise
    facets: tuple[Facet[Row], ...] = ()
    words: Callable[[Row], str] | None = None  # in which what is typed is looked for
    find_label: str = ""  # blank: nothing is typed
    find_key: str = FIND
    prefix: str = ""  # of its parameters, where a page has several lists
    most: int = PAGE_ROWS
    class_name: str = "flow"
    row_class: str = ""

    def parameter(self, key: str) -> str:
        """Return a parameter's name in the address."""
        return f"{self.prefix}{key}"

    @property
    def narrowing(self) -> tuple[str, ...]:
        """The parameters that narrow it."""
        keys = [facet.key for facet in self.facets] + [self.find_key] * bool(self.find_label)
        return tuple(self.parameter(key) for key in keys)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks of a list; what it cannot mean is left out."""

    order: Order | None  # None: the usual one
    find: str
    chosen: Mapping[str, str]  # by facet
    page: int

    @property
    def is_narrowed(self) -> bool:
        """Tell whether rows may have been left out."""
        return bool(self.find or self.chosen)


def asked_of(listing: Listing[Any], given: Mapping[str, str]) -> Asked:
    """Read an address; only columns and options that the list has count."""
    keys = [column.key for column in listing.columns if column.is_sortable]
    chosen = {
        facet.key: value
        for facet in listing.facets
        if (value := given.get(listing.parameter(facet.key), ""))
        and value in {option for option, _words in facet.options}
    }
    find = given.get(listing.parameter(listing.find_key), "") if listing.find_label else ""
    return Asked(
        order_in(given.get(listing.parameter(SORT), ""), keys),
        " ".join(find[:LONGEST_FIND].split()),
        chosen,
        page_in(given.get(listing.parameter(PAGE), "")),
    )


def arranged(listing: Listing[Row], rows: Sequence[Row], given: Mapping[str, str]) -> ListPage[Row]:
    """Return the page of rows that an address asks for: narrowed, sorted, cut."""
    asked = asked_of(listing, given)
    found = [row for row in rows if _fits(row, listing, asked)]
    if asked.order is not None:
        found = _sorted(found, listing, asked.order)
    span = span_of(asked.page, len(found), listing.most)
    shown = found[span.start : span.start + span.most]
    return ListPage(tuple(shown), span.page, span.pages, len(found), len(rows))


def _fits(row: Row, listing: Listing[Row], asked: Asked) -> bool:
    if asked.find and listing.words and not holds_words(listing.words(row), words_in(asked.find)):
        return False
    for facet in listing.facets:
        wanted = asked.chosen.get(facet.key)
        if wanted is None or facet.of is None:
            continue
        has = facet.of(row)
        if wanted not in ({has} if isinstance(has, str) else has):
            return False
    return True


def _sorted(rows: list[Row], listing: Listing[Row], order: Order) -> list[Row]:
    """Sort rows; those without a value come last both ways, as they came."""
    value = next(column.value for column in listing.columns if column.key == order.key)
    if value is None:  # the store has sorted them
        return rows
    keyed = [(key, row) for row in rows if (key := _comparable(value(row))) is not None]
    absent = [row for row in rows if _comparable(value(row)) is None]
    keyed.sort(key=lambda pair: pair[0], reverse=order.descending)
    return [row for _key, row in keyed] + absent


def _comparable(value: Key) -> Any:
    if isinstance(value, str):
        return name_order(value) if value else None
    if isinstance(value, float) and math.isnan(value):
        return None
    return value
