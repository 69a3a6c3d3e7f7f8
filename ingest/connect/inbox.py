"""The inbox: files a source takes are taken in, then moved to `done`, `held` or `refused`."""

from __future__ import annotations

import contextlib
import logging
import os
from datetime import datetime
from pathlib import Path

from ingest.load import group_by_issue, load
from ingest.source import Source, all_sources
from kms.config import Settings
from kms.domain.intake import DONE, REFUSED, WAITING, IntakeReport
from kms.errors import FetchError, KmsError
from kms.store.engine import Store
from kms.store.open import refuse_synthetic

log = logging.getLogger(__name__)
REASON = ".reason.txt"


def take_in(
    store: Store, settings: Settings, *, fetched_at: datetime
) -> tuple[list[IntakeReport], list[str]]:
    """Take in every issue that waits in the inbox; returns reports and refusals.

    A refused issue is put aside with the reason beside it; the others go on. What cannot be
    read now stays where it is for the next time.
    """
    if settings.inbox is None:
        return [], []
    if not settings.inbox.is_dir():
        raise FetchError(
            f"KMS_INBOX names '{settings.inbox}', which is no folder; make it, or unset KMS_INBOX"
        )
    with store.read() as connection:
        refuse_synthetic(connection)
    reports, refusals = [], []
    for source in all_sources(settings).values():
        waiting = [
            p for p in sorted(settings.inbox.iterdir()) if p.is_file() and source.takes(p.name)
        ]
        for _, parts in sorted(group_by_issue(waiting, None, fetched_at).items()):
            try:
                taken = load(store, settings, source, parts, fetched_at=fetched_at)
            except FetchError as error:
                log.warning("issue left for the next time", extra={"why": str(error)})
                refusals.append(str(error))
            except Exception as error:  # the load boundary: one bad issue must not stop the rest
                log.exception("issue refused", extra={"source": source.source_id})
                why = str(error) if isinstance(error, KmsError) else _unexpected(source, error)
                refusals.append(why)
                refusals += _put_aside(settings.inbox, parts, why)
            else:
                reports += taken
                folder = WAITING if any(r.status == "held" for r in taken) else DONE
                refusals += _move(parts, settings.inbox / folder)[1]
    return reports, refusals


def _unexpected(source: Source, error: Exception) -> str:
    return (
        f"{source.source_id}: an issue cannot be taken in ({type(error).__name__}); the log has "
        "the details"
    )


def _put_aside(inbox: Path, parts: list[Path], why: str) -> list[str]:
    """Move the parts of a refused issue aside, each with the reason; return what went wrong."""
    moved, problems = _move(parts, inbox / REFUSED)
    for part in moved:
        part.with_name(part.name + REASON).write_text(f"{why}\n", encoding="utf-8")
    return problems


def _move(parts: list[Path], folder: Path) -> tuple[list[Path], list[str]]:
    """Move files into a folder; return where they are and what could not be moved."""
    try:
        folder.mkdir(exist_ok=True)
        moved = [part.replace(folder / part.name) for part in parts]
    except OSError as error:
        return [], [f"files cannot be moved to {folder} ({error.strerror}); they stay in the inbox"]
    for part in moved:
        # Retention counts from now, not from whenever the publisher wrote the file.
        with contextlib.suppress(OSError):  # a file of another owner keeps its time
            os.utime(part)
    return moved, []
