"""What a load would make of files, without keeping anything of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ingest.load import Reading, alarms_of, issues_in, reading
from ingest.snapshot import content_sha256
from ingest.source import source_named
from kms.config import Settings
from kms.domain.desk.uploads import (
    HELD,
    NEW,
    TIDY,
    UNCHANGED,
    FaultTally,
    IssuePreview,
    Preview,
    Upload,
)
from kms.domain.intake import Alarm, Arrival
from kms.errors import ContractError, KmsError
from kms.store.changes import changes_made
from kms.store.engine import Store
from kms.store.vintages import before, settled

log = logging.getLogger(__name__)
FIRST_PLACES = 50


def look(
    store: Store, settings: Settings, upload: Upload, parts: Sequence[Path], *, made_at: datetime
) -> Preview:
    """Return what a load would make of an upload; a refusal is part of the answer."""
    if upload.source_id == TIDY:
        return Preview(upload, made_at, refusal="no mapping says yet what its columns mean")
    try:
        issues = _issues(store, settings, upload, parts)
    except KmsError as error:
        code = error.code if isinstance(error, ContractError) else ""
        return Preview(upload, made_at, refusal=str(error), code=code)
    except Exception as error:  # the load boundary: a file may break a parser in any way
        log.exception("upload cannot be read", extra={"source": upload.source_id})
        why = (
            f"{upload.source_id}: the files cannot be taken in ({type(error).__name__}); the log "
            "has the details"
        )
        return Preview(upload, made_at, refusal=why)
    return Preview(upload, made_at, issues)


def _issues(
    store: Store, settings: Settings, upload: Upload, parts: Sequence[Path]
) -> tuple[IssuePreview, ...]:
    source, at = source_named(upload.source_id, settings), upload.received_at
    found: list[IssuePreview] = []
    with issues_in(settings, source, parts, fetched_at=at, at=upload.published_at) as issues:
        for instant, pieces in sorted(issues.items()):
            with reading(settings, source, pieces, instant=instant, fetched_at=at) as read:
                # A later one follows on one that the store does not have yet.
                alone = not any(issue.status != UNCHANGED for issue in found)
                alarms = alarms_of(store, settings, read, at) if alone else ()
                found.append(_issue(store, read, alarms, at, compared=alone))
    return tuple(found)


def _issue(
    store: Store,
    read: Reading,
    alarms: tuple[Alarm, ...],
    recorded_at: datetime,
    *,
    compared: bool,
) -> IssuePreview:
    source, parsed, instant = read.source, read.parsed, read.batch.published_at
    arrival = Arrival(
        source_id=source.source_id,
        published_at=instant,
        recorded_at=recorded_at,
        snapshot_sha256=content_sha256(read.opened.kept),
        snapshot_path="",
        parser_version=source.parser_version,
        parsed=parsed,
        alarms=alarms,
        content_hash=read.content_hash,
    )
    with store.read() as connection:
        earlier = before(connection, source.source_id, instant)
        known = settled(connection, arrival)
        made = (
            {}
            if known or not compared
            else changes_made(connection, source.source_id, instant, parsed)
        )
    status = known.status if known else (HELD if alarms else NEW)
    return IssuePreview(
        published_at=instant.astimezone(UTC),
        status=status if status in (NEW, HELD) else UNCHANGED,
        rows_read=parsed.rows_read,
        rows_accepted=parsed.rows_accepted,
        rows_rejected=parsed.rows_rejected,
        rows_duplicate=parsed.rows_duplicate,
        faults=tuple(
            FaultTally(grade, code, field, rows)
            for (grade, code, field), rows in sorted(
                parsed.fault_counts.items(), key=lambda item: (-item[1], item[0])
            )
        ),
        places=tuple(parsed.faults[:FIRST_PLACES]),
        alarms=alarms,
        before=earlier["name"] if earlier and compared else "",
        before_at=earlier["published_at"] if earlier and compared else None,
        changes=made,
        compared=compared or known is not None,
    )
