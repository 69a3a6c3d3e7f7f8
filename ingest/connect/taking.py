"""Taking in what a place sent: what came of it, and whether another look may help."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ingest.load import load
from ingest.source import Source
from kms.config import Settings
from kms.domain.intake import IntakeReport
from kms.errors import ContractError, FetchError, KmsError
from kms.store.checks import ACCEPTED, HELD, REFUSED, UNCHANGED, UNREACHABLE
from kms.store.engine import Store, store_fault

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Taken:
    """What came of one issue, or of one look, at a place of a source."""

    source_id: str
    place: str
    state: str  # one of `kms.store.checks.STATES`
    reports: tuple[IntakeReport, ...] = field(default=())
    why: str = ""  # it was refused or could not be had
    code: str = ""
    may_help: bool = False  # to look again soon


def take_issues(
    store: Store,
    settings: Settings,
    source: Source,
    files: Sequence[Path],
    *,
    place: str,
    fetched_at: datetime,
    at: datetime | None = None,
) -> Taken:
    """Load files and say what came of it; never raises for what is wrong with them.

    A fault that may pass (a file or store that cannot be read now, a full disk) is no refusal:
    the files are good for all anybody knows.
    """
    reports: list[IntakeReport] = []
    try:
        load(store, settings, source, files, fetched_at=fetched_at, at=at, tell=reports.append)
    except FetchError as error:
        return _left(source, place, reports, str(error))
    except Exception as error:  # the load boundary: one bad issue must not stop the rest
        if told := store_fault(error):
            return _left(source, place, reports, f"{source.source_id}: {told}")
        if isinstance(error, OSError):
            return _left(source, place, reports, _unexpected(source, error))
        log.exception("issue refused", extra={"source": source.source_id})
        why = str(error) if isinstance(error, KmsError) else _unexpected(source, error)
        code = error.code if isinstance(error, ContractError) else ""
        return Taken(source.source_id, place, REFUSED, tuple(reports), why, code)
    states = {report.status for report in reports}
    state = next(s for s in (HELD, ACCEPTED, UNCHANGED) if s in states)
    return Taken(source.source_id, place, state, tuple(reports))


def _left(source: Source, place: str, reports: list[IntakeReport], why: str) -> Taken:
    log.warning("issue left for the next time", extra={"why": why})
    taken = tuple(reports)
    return Taken(source.source_id, place, UNREACHABLE, taken, why, may_help=True)


def _unexpected(source: Source, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or "the log has the details"
    return (
        f"{source.source_id}: an issue cannot be taken in ({type(error).__name__}: {reason}); it "
        "is tried again with the next refresh if its file is still there"
    )
