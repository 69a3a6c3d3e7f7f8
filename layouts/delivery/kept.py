"""What was made is kept while nothing was published: by number of things, or by their bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

MOST_KEPT = 256  # pages of about 80 KB

Thing = TypeVar("Thing")


def _one(_thing: object) -> int:
    return 1


@dataclass(slots=True)
class Kept(Generic[Thing]):
    """The answers last given from one edition; another edition empties it."""

    most: int = MOST_KEPT  # the sum of all sizes
    size: Callable[[Thing], int] = _one
    edition: str = ""
    entries: OrderedDict[Hashable, Thing] = field(default_factory=OrderedDict)
    held: int = 0
    lock: Lock = field(default_factory=Lock)

    def find(self, edition: str, key: Hashable) -> Thing | None:
        """Return what was kept under a key, if it is of this edition."""
        with self.lock:
            if edition != self.edition:
                self.edition = edition
                self.entries.clear()
                self.held = 0
            if key in self.entries:
                self.entries.move_to_end(key)
            return self.entries.get(key)

    def keep(self, edition: str, key: Hashable, thing: Thing) -> None:
        """Keep an answer; those not asked for the longest go."""
        with self.lock:
            if edition != self.edition:
                return
            before = self.entries.pop(key, None)
            self.held += self.size(thing) - (0 if before is None else self.size(before))
            self.entries[key] = thing
            while self.held > self.most:
                _key, gone = self.entries.popitem(last=False)
                self.held -= self.size(gone)
