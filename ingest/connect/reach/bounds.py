"""How long a fetch may take and how much it may bring, whatever the other side does."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kms.errors import ContractError, FetchError

LONGEST_WAIT = 30.0  # seconds for a connection, or for the next bytes


class NotServedError(FetchError):
    """The other side will not give it; asking again in the same way does not help."""


@dataclass(frozen=True)
class Bounds:
    """The limits of one fetch; `where` begins every message about it."""

    where: str
    most_bytes: int
    seconds: float
    started: float = field(default_factory=time.monotonic)

    def left(self) -> float:
        """Return the seconds left; raise `FetchError` when there are none."""
        left = self.started + self.seconds - time.monotonic()
        if left <= 0:
            raise self.too_slow()
        return left

    def wait(self) -> float:
        """Return how many seconds to wait for the next bytes."""
        return min(self.left(), LONGEST_WAIT)

    def is_over(self) -> bool:
        """Tell whether the time is up."""
        return time.monotonic() >= self.started + self.seconds

    def too_slow(self) -> FetchError:
        """Say that the time is up."""
        return FetchError(
            f"{self.where} was not there whole after {self.seconds:,.0f} seconds; try again, or "
            "raise deadline_seconds in the feeds file"
        )

    def too_large(self) -> ContractError:
        """Say that there is more than is taken."""
        return ContractError(
            f"{self.where} sends more than {self.most_bytes:,} bytes; look at what it is, or raise "
            "most_bytes in the feeds file",
            "too_large",
        )

    @contextmanager
    def cut_off(self, end: Callable[[], None]) -> Iterator[None]:
        """Call `end` when the time is up: slow drips never trip the timeout of one read."""
        timer = threading.Timer(self.left(), end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


class Sink:
    """A file being written: counts, hashes, and stops at the limits."""

    def __init__(self, path: Path, bounds: Bounds) -> None:
        self.path = path
        self.bytes = 0
        self._bounds = bounds
        self._digest = hashlib.sha256()
        self._file = path.open("wb")

    def __enter__(self) -> Sink:
        """Give itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the file."""
        self._file.close()

    def write(self, chunk: bytes) -> None:
        """Add bytes; raise when there are too many or the time is up."""
        self._bounds.left()
        self.bytes += len(chunk)
        if self.bytes > self._bounds.most_bytes:
            raise self._bounds.too_large()
        self._digest.update(chunk)
        try:
            self._file.write(chunk)
        except OSError as error:
            raise FetchError(
                f"{self._bounds.where} cannot be kept in {self.path.parent} ({error.strerror}); "
                "free space or set KMS_HOME to another folder"
            ) from error

    def sha256(self) -> str:
        """Return the hash of what was written."""
        return self._digest.hexdigest()
