"""The inbox: files a source takes are taken in, then moved to `done`, `held` or `refused`."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ingest.connect.taking import Taken, take_issues
from ingest.connect.unfinished import (
    Clock,
    Sleep,
    finished_name,
    growing,
    is_coming,
    is_unfinished,
)
from ingest.load import group_by_issue
from ingest.source import Source, all_sources, published_at
from kms.config import Settings
from kms.domain.intake import DONE, REFUSED, WAITING
from kms.errors import ContractError, FetchError
from kms.store.checks import HELD, UNREACHABLE
from kms.store.engine import Store
from kms.store.open import refuse_synthetic

INBOX = "inbox"
REASON = ".reason.txt"


def take_in(
    store: Store,
    settings: Settings,
    *,
    fetched_at: datetime,
    clock: Clock = time.time,
    sleep: Sleep = time.sleep,
) -> Iterator[Taken]:
    """Take in every issue that waits in the inbox, one after the other.

    A refused issue is put aside with the reason beside it; the others go on. What cannot be
    read now, or is still being written, stays where it is for the next time.
    """
    if settings.inbox is None:
        return
    if not settings.inbox.is_dir():
        raise FetchError(
            f"KMS_INBOX names '{settings.inbox}', which is no folder; make it, or unset KMS_INBOX"
        )
    with store.read() as connection:
        refuse_synthetic(connection)
    sources = list(all_sources(settings).values())
    files, unready = _look(settings, sources, clock, sleep)
    for source in sources:
        waiting, misnamed = _named(source, files)
        for path, error in misnamed:
            told = _put_aside(settings.inbox, [path], str(error))
            yield Taken(source.source_id, INBOX, REFUSED, why=told, code=error.code)
        for _, parts in sorted(group_by_issue(waiting, None, fetched_at).items()):
            if unready.intersection(parts):
                why = _still_written(source, parts, unready)
                yield Taken(source.source_id, INBOX, UNREACHABLE, why=why, may_help=True)
            else:
                yield _take_issue(store, settings, source, parts, fetched_at=fetched_at)


def _look(
    settings: Settings, sources: list[Source], clock: Clock, sleep: Sleep
) -> tuple[list[Path], frozenset[Path]]:
    """Return the files some source takes, and those of them that are still on their way."""
    inbox = settings.inbox or Path()

    def listed() -> set[Path]:
        return {p for p in inbox.iterdir() if p.is_file()}

    def meant(paths: set[Path]) -> list[Path]:
        return sorted(p for p in paths if any(source.takes(p.name) for source in sources))

    first = listed()
    whole = {p for p in first if not is_unfinished(p.name)}
    unready = growing(meant(whole), settings.inbox_quiet_seconds, clock=clock, sleep=sleep)
    later = {p for p in listed() if not is_unfinished(p.name)} - whole  # came meanwhile
    coming = {p.with_name(finished_name(p.name)) for p in first if is_coming(p, clock())} - whole
    return meant(whole | later | coming), unready | later | coming


def _named(
    source: Source, files: list[Path]
) -> tuple[list[Path], list[tuple[Path, ContractError]]]:
    """Return a source's files, and those whose date is none, each with the reason."""
    waiting, misnamed = [], []
    for path in files:
        if not source.takes(path.name):
            continue
        try:
            published_at(path)
        except ContractError as error:
            misnamed.append((path, error))
        else:
            waiting.append(path)
    return waiting, misnamed


def _take_issue(
    store: Store,
    settings: Settings,
    source: Source,
    parts: list[Path],
    *,
    fetched_at: datetime,
) -> Taken:
    """Take one issue in and move its files."""
    inbox = settings.inbox or Path()
    taken = take_issues(store, settings, source, parts, place=INBOX, fetched_at=fetched_at)
    if taken.state == UNREACHABLE:
        return taken
    if taken.state == REFUSED:
        return replace(taken, why=_put_aside(inbox, parts, taken.why))
    problem = _move(parts, inbox / (WAITING if taken.state == HELD else DONE))[1]
    return replace(taken, why=problem)


def _still_written(source: Source, parts: list[Path], unready: frozenset[Path]) -> str:
    """Say that an issue waits: half of one would look like a small one."""
    names = ", ".join(p.name for p in parts if p in unready)
    return (
        f"{source.source_id}: {names} is still being written or moved, so its issue "
        f"({len(parts)} {'file' if len(parts) == 1 else 'files'}) stays in the inbox; it is taken "
        "in the next time"
    )


def _put_aside(inbox: Path, parts: list[Path], why: str) -> str:
    """Move the parts of a refused issue aside, each with the reason; return all there is to say."""
    moved, problem = _move(parts, inbox / REFUSED)
    for part in moved:
        part.with_name(part.name + REASON).write_text(f"{why}\n", encoding="utf-8")
    return f"{why}; {problem}" if problem else why


def _move(parts: list[Path], folder: Path) -> tuple[list[Path], str]:
    """Move files into a folder; return where they are and what went wrong."""
    try:
        folder.mkdir(exist_ok=True)
        moved = [part.replace(folder / part.name) for part in parts]
    except OSError as error:
        return [], f"files cannot be moved to {folder} ({error.strerror}); they stay in the inbox"
    for part in moved:
        # Retention counts from now, not from whenever the publisher wrote the file.
        with contextlib.suppress(OSError):  # a file of another owner keeps its time
            os.utime(part)
    return moved, ""
