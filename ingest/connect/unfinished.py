"""Files somebody is still writing: they are left alone until they have been quiet for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

SUFFIXES = (".part", ".tmp", ".crdownload", ".filepart")
GIVEN_UP = 86_400.0  # seconds
Clock = Callable[[], float]
Sleep = Callable[[float], None]


def is_unfinished(name: str) -> bool:
    """Tell by its name whether a file is on its way, or hidden."""
    return name.startswith(".") or name.lower().endswith(SUFFIXES)


def finished_name(name: str) -> str:
    """Return the name a file on its way will have."""
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def is_coming(path: Path, now: float) -> bool:
    """Tell whether a file is on its way and was written to in the last day, not given up."""
    seen = _look(path) if finished_name(path.name) != path.name else None
    return seen is not None and seen[1] > now - GIVEN_UP


def growing(
    files: Sequence[Path],
    quiet_seconds: float,
    *,
    clock: Clock = time.time,
    sleep: Sleep = time.sleep,
) -> frozenset[Path]:
    """Return the files that are still written to, or gone.

    One that last changed longer ago than `quiet_seconds` is whole. The others, and those dated
    in the future, are looked at again that much later: unchanged, they are whole, too.
    """
    first = {path: _look(path) for path in files}
    now = clock()
    young = [
        path
        for path, look in first.items()
        if look is not None and not look[1] <= now - quiet_seconds
    ]
    if young and quiet_seconds > 0:
        sleep(quiet_seconds)
        changed = {path for path in young if _look(path) != first[path]}
    else:
        changed = set()
    return frozenset(changed | {path for path, look in first.items() if look is None})


def _look(path: Path) -> tuple[int, float] | None:
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_size, seen.st_mtime
