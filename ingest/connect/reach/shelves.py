"""A store of objects: what lies there under an address, and taking one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from ingest.connect.feeds import Feed, place_of
from ingest.connect.reach.bounds import Bounds
from ingest.connect.reach.hosts import Resolve
from ingest.connect.unfinished import is_unfinished
from kms.errors import FetchError

MOST_OBJECTS = 2_000


@dataclass(frozen=True)
class Listed:
    """An object as its store lists it; `etag` and `changed` tell one state of it from another."""

    path: str
    size: int
    etag: str
    changed: str  # when, as the store says
    seconds: float  # the same as a time of the clock, UTC

    @property
    def name(self) -> str:
        """Its file name."""
        return PurePosixPath(self.path).name

    @property
    def state(self) -> str:
        """Size and time in a few words, to be compared."""
        return f"{self.size} {self.changed}"[:80]


class Shelf(Protocol):
    """An open connection to a store."""

    def listed(self, path: str) -> list[Listed]:
        """Return the object of a path, or all that a pattern means."""
        ...

    def take(self, one: Listed, target: Path) -> str:
        """Write an object into a file and return its hash; raise if it is not the one listed."""
        ...


def objects_of(shelf: Shelf, feed: Feed, bounds: Bounds) -> list[Listed]:
    """Return the objects a feed means, by path; those still on their way are left out."""
    found = shelf.listed(feed.object_path)
    found = [one for one in found if not is_unfinished(one.name)]
    if len(found) > MOST_OBJECTS:
        raise FetchError(
            f"{bounds.where} stands for {len(found):,} objects, more than {MOST_OBJECTS:,}; make "
            "the pattern narrower"
        )
    return sorted(found, key=lambda one: one.path)


def object_place(feed: Feed, one: Listed) -> str:
    """Return the address of one object."""
    scheme = feed.parts.scheme
    if scheme == "s3":
        return place_of(f"s3://{one.path}")
    return place_of(f"sftp://{feed.parts.netloc}{one.path}")


def moved(bounds: Bounds, one: Listed) -> FetchError:
    """Say that an object changed while it was read."""
    return FetchError(
        f"{bounds.where}: '{one.name}' changed while it was read; it is taken the next time"
    )


@contextmanager
def open_shelf(feed: Feed, bounds: Bounds, resolve: Resolve) -> Iterator[Shelf]:
    """Connect to a feed's store; heavy libraries are loaded only now."""
    opening: AbstractContextManager[Shelf]
    if feed.parts.scheme == "s3":
        from ingest.connect.reach.buckets import open_bucket

        opening = open_bucket(feed, bounds, resolve)
    else:
        from ingest.connect.reach.sftp import open_sftp

        opening = open_sftp(feed, bounds, resolve)
    with opening as shelf:
        yield shelf
