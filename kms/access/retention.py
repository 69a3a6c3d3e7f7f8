"""What has been kept long enough is removed: places of faults, raw files, sessions, publications.

Counts and the audit log stay. Each step tells how much it would remove before it does.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kms.access import audit
from kms.access.accounts.throttle import HOME_FOR
from kms.access.audit import Event, Origin
from kms.config import MANILA, Settings
from kms.domain.intake import DONE, REFUSED, WAITING
from kms.store import ageing
from kms.store.engine import Store
from kms.store.publications import Issue, current_issue, issues, remove

LINKS_KEPT = timedelta(days=30)  # invitations and tokens that open nothing any more
ATTEMPTS_KEPT = UPLOADS_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Removal:
    """One kind of thing, how many of it are due, and the way to remove them."""

    kind: str
    count: int
    remove: Callable[[], None]


def apply(
    store: Store, settings: Settings, *, at: datetime, origin: Origin, dry_run: bool
) -> dict[str, int]:
    """Remove what is due, or only tell; returns how many of each kind."""
    due = list(_due(store, settings, at))
    told = {removal.kind: removal.count for removal in due}
    if not dry_run:
        for removal in due:
            if removal.count:
                removal.remove()
        words = ", ".join(f"{count} {kind}" for kind, count in told.items() if count)
        audit.record(store, origin, Event("retention.apply", detail=words or "nothing was due"))
    return told


def _due(store: Store, settings: Settings, at: datetime) -> Iterator[Removal]:
    faults = at - timedelta(days=settings.fault_days)
    yield _rows(store, "places of faulty rows", ageing.FAULT_PLACES, faults)
    yield _files("files that were dealt with", _waiting(settings), faults)
    stay = min(settings.fault_days, settings.snapshot_days or settings.fault_days)
    yield _folders("uploads nobody took in", settings.uploads, at - UPLOADS_KEPT)
    persons = settings.compared.rglob("*.parquet")
    yield _files("lists of compared persons", persons, at - timedelta(days=stay))
    if settings.snapshot_days:
        oldest = at - timedelta(days=settings.snapshot_days)
        yield _files("raw files", _snapshots(store, settings, oldest), None)
    lifetime = timedelta(hours=settings.session_hours)
    yield _rows(store, "sessions", ageing.SESSIONS, at - lifetime)
    yield _rows(store, "counted attempts", ageing.ATTEMPTS, at - ATTEMPTS_KEPT)
    yield _rows(store, "networks of accounts", ageing.HOMES, at - HOME_FOR)
    yield _rows(store, "used links", ageing.LINKS, at - LINKS_KEPT)
    yield _rows(store, "ended tokens", ageing.TOKENS, at - LINKS_KEPT)
    yield _publications(store, settings)


def _rows(store: Store, kind: str, what: ageing.Aged, before: datetime) -> Removal:
    """Find old rows in whichever of the two stores the table lies."""
    read, write = (store.read_ops, store.write_ops) if what.in_ops else (store.read, store.write)
    with read() as connection:
        count = what.count(connection, before)

    def gone() -> None:
        with write() as connection:
            what.remove(connection, before)

    return Removal(kind, count, gone)


def _files(kind: str, paths: Iterator[Path], before: datetime | None) -> Removal:
    due = [path for path in paths if before is None or _changed_at(path) < before]

    def gone() -> None:
        for path in due:
            path.unlink(missing_ok=True)

    return Removal(kind, len(due), gone)


def _folders(kind: str, parent: Path, before: datetime) -> Removal:
    found = sorted(parent.iterdir()) if parent.is_dir() else []
    due = [folder for folder in found if _changed_at(folder) < before]

    def gone() -> None:
        for folder in due:
            shutil.rmtree(folder, ignore_errors=True)

    return Removal(kind, len(due), gone)


def _waiting(settings: Settings) -> Iterator[Path]:
    """Yield what lies in the inbox's folders for files that have been dealt with.

    What is held can be released without its file: its snapshot has it.
    """
    for name in (DONE, WAITING, REFUSED):
        folder = settings.inbox / name if settings.inbox else None
        if folder is not None and folder.is_dir():
            yield from (path for path in sorted(folder.iterdir()) if path.is_file())


def _snapshots(store: Store, settings: Settings, before: datetime) -> Iterator[Path]:
    """Yield raw files of vintages recorded before a day; the newest of a source stay, whatever.

    The manifest with the hash stays: which file a figure came from can still be proved.
    """
    with store.read() as connection:
        folders = ageing.snapshots_before(connection, before)
    for folder in folders:
        yield from sorted((settings.snapshots / folder).glob("*.zst"))


def _publications(store: Store, settings: Settings) -> Removal:
    """Find publications the refresh would not make again: outside the days it looks back.

    That a brief of one was asked for counts for nothing: anybody can ask for all of them.
    """
    with store.read() as connection:
        listed = issues(connection)
        now_shown = current_issue(connection).id if listed else ""
    newest = max((issue.as_of for issue in listed), default=datetime.min.replace(tzinfo=UTC))
    oldest = newest - timedelta(days=settings.edition_days) if listed else newest
    ends = _month_ends(listed)
    due = [
        issue.id for issue in listed if issue.as_of < oldest and issue.id not in {now_shown, *ends}
    ]

    def gone() -> None:
        for publication_id in due:
            with store.write() as connection:
                remove(connection, publication_id)
            shutil.rmtree(settings.home / "briefs" / publication_id, ignore_errors=True)

    return Removal("publications", len(due), gone)


def _month_ends(listed: list[Issue]) -> set[str]:
    """Return the last publication that stands for each calendar month in Manila."""
    last: dict[tuple[int, int], Issue] = {}
    for issue in sorted(listed, key=lambda issue: issue.as_of):
        day = issue.as_of.astimezone(MANILA)
        last[day.year, day.month] = issue
    return {issue.id for issue in last.values()}


def _changed_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
