"""Order and page of a list as an address gives them; what cannot be read is the usual."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Generic, TypeVar

PAGE_ROWS = 50
LONGEST_NUMBER = 9  # digits; no list has more pages
DOWN = "-"  # before a column's key: the other way round

Row = TypeVar("Row")
Other = TypeVar("Other")


@dataclass(frozen=True, slots=True)
class Order:
    """By which column a list is sorted, and which way."""

    key: str
    descending: bool = False

    @property
    def written(self) -> str:
        """As it stands in an address: name, -name."""
        return f"{DOWN * self.descending}{self.key}"


@dataclass(frozen=True, slots=True)
class ListPage(Generic[Row]):
    """The rows of one page of a list; `found` fit the filter, of `total` the reader may see."""

    rows: tuple[Row, ...]
    page: int
    pages: int
    found: int
    total: int

    def of(self, made: Callable[[Row], Other]) -> ListPage[Other]:
        """Return the same page with its rows as something else."""
        return ListPage(
            tuple(made(row) for row in self.rows), self.page, self.pages, self.found, self.total
        )


@dataclass(frozen=True, slots=True)
class Span:
    """Where a page begins and how many rows it holds at most."""

    page: int
    pages: int
    start: int
    most: int


def order_in(written: str, keys: Collection[str]) -> Order | None:
    """Return the order of an address; None, the usual one, where it names none of the keys."""
    key = written.removeprefix(DOWN)
    return Order(key, written.startswith(DOWN)) if key in keys else None


def page_in(written: str) -> int:
    """Return the number of a page; the first where none can be read."""
    plain = written.isascii() and written.isdigit()
    return max(1, int(written[:LONGEST_NUMBER])) if plain else 1


def span_of(wanted: int, found: int, most: int = PAGE_ROWS) -> Span:
    """Return where a page stands among the rows found; past the end it is the last one."""
    pages = max(1, -(-found // most))
    page = min(max(1, wanted), pages)
    return Span(page, pages, (page - 1) * most, most)
