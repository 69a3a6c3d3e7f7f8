"""The inbox: files a source takes are taken in, then moved to `done` or `refused`."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from ingest.load import group_by_issue, load_vintage
from ingest.source import Source, discover
from kms.config import Settings
from kms.domain.intake import IntakeReport
from kms.errors import ContractError, FetchError
from kms.store.engine import Store
from kms.store.open import refuse_synthetic

log = logging.getLogger(__name__)
DONE, REFUSED, REASON = "done", "refused", ".reason.txt"


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
    for source in discover().values():
        waiting = [
            p for p in sorted(settings.inbox.iterdir()) if p.is_file() and source.takes(p.name)
        ]
        for instant, parts in sorted(group_by_issue(waiting, None, fetched_at).items()):
            try:
                reports.append(
                    load_vintage(
                        store, settings, source, parts, instant=instant, fetched_at=fetched_at
                    )
                )
            except ContractError as error:
                refusals.append(str(error))
                _put_aside(settings.inbox, source, parts, error)
            else:
                _move(parts, settings.inbox / DONE)
    return reports, refusals


def _put_aside(inbox: Path, source: Source, parts: list[Path], error: ContractError) -> None:
    log.error("issue refused", extra={"source": source.source_id, "why": str(error)})
    moved = _move(parts, inbox / REFUSED)
    for part in moved:
        part.with_name(part.name + REASON).write_text(f"{error}\n", encoding="utf-8")


def _move(parts: list[Path], folder: Path) -> list[Path]:
    folder.mkdir(exist_ok=True)
    return [part.replace(folder / part.name) for part in parts]
