"""From files to vintages: open, parse, check the limits, keep the raw bytes, append."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from ingest.batch import Batch, private_copies, room_for_load, sweep
from ingest.desk.release import parse_snapshot
from ingest.opening.parts import Opened, open_parts
from ingest.snapshot import take_snapshot
from ingest.source import Source, published_at
from ingest.tripwires.cache import persons_file, settle
from ingest.tripwires.check import compare, compare_persons, issue_before
from kms.config import MANILA, Settings
from kms.domain.intake import ROW, Alarm, Arrival, IntakeReport, Parsed
from kms.errors import ContractError, DataError, FetchError, SourceError
from kms.store.changes import as_declared, content_hash
from kms.store.engine import Store
from kms.store.record import claim_home, tell_vintage
from kms.store.sources import register_source
from kms.store.vintages import append_vintage, before
from kms.store.waivers import not_waived, waived

log = logging.getLogger(__name__)
AHEAD = timedelta(days=1)  # clocks and time zones differ by no more


@dataclass(frozen=True)
class Reading:
    """The parts of one vintage, parsed and within the limits; nothing of them is kept yet."""

    source: Source
    copies: tuple[Path, ...]
    opened: Opened
    batch: Batch
    parsed: Parsed

    @cached_property
    def content_hash(self) -> str:
        """The hash of what the vintage says."""
        return content_hash(self.parsed)


def load(
    store: Store,
    settings: Settings,
    source: Source,
    paths: Sequence[Path],
    *,
    fetched_at: datetime,
    at: datetime | None = None,
    tell: Callable[[IntakeReport], None] = lambda _report: None,
) -> list[IntakeReport]:
    """Take files in: those of one date are the parts of one vintage.

    `at` overrides the publication instant read from the names; without either it is
    `fetched_at`. A file that dates its rows may hold several vintages. Raises
    `ContractError` when a file is refused; earlier vintages stay, and `tell` has their reports.
    """
    reports = []
    with issues_in(settings, source, paths, at=at, fetched_at=fetched_at) as issues:
        for instant, parts in sorted(issues.items()):
            reports.append(
                load_vintage(store, settings, source, parts, instant=instant, fetched_at=fetched_at)
            )
            tell(reports[-1])
    return reports


@contextmanager
def issues_in(
    settings: Settings,
    source: Source,
    paths: Sequence[Path],
    *,
    fetched_at: datetime,
    at: datetime | None = None,
) -> Iterator[Mapping[datetime, Sequence[Path]]]:
    """Give the parts of every issue that stands in files, by publication instant."""
    files = find_files(source, paths)
    if source.split is None:
        yield group_by_issue(files, at, fetched_at)
        return
    scratch = settings.home / "tmp"
    sweep(scratch)
    with (
        private_copies(source.source_id, files, scratch) as copies,
        room_for_load(scratch) as room,
    ):
        issues: dict[datetime, list[Path]] = defaultdict(list)
        for number, copy in enumerate(copies):
            for instant, piece in source.split(copy, room / f"issues-{number}"):
                issues[instant].append(piece)
        if at is not None and len(issues) > 1:
            raise ContractError(
                f"{source.source_id}: {len(issues)} issues are in these files, each dated in its "
                "rows, and --published-at names one instant; leave it out",
                "bad_parts",
            )
        yield issues if at is None else dict.fromkeys([at], next(iter(issues.values())))


@contextmanager
def reading(
    settings: Settings,
    source: Source,
    parts: Sequence[Path],
    *,
    instant: datetime,
    fetched_at: datetime,
) -> Iterator[Reading]:
    """Open, parse and check the parts of one vintage, for a load and for a look before it."""
    instant = instant.astimezone(UTC)  # names of vintages and snapshots say UTC
    _check_instant(source, instant, fetched_at)
    scratch = settings.home / "tmp"
    sweep(scratch)
    with (
        # In the order in which a snapshot gives them back: rules may speak of the first row.
        private_copies(source.source_id, sorted(parts, key=lambda p: p.name), scratch) as copies,
        room_for_load(scratch) as room,
    ):
        opened = open_parts(source.source_id, copies, source.form, room)
        persons = room / "persons.parquet"
        batch = Batch(source.source_id, opened.readable, instant, scratch, persons_to=persons)
        parsed = source.read(batch)
        check_limits(source, parsed)
        yield Reading(source, copies, opened, batch, as_declared(parsed))


def load_vintage(
    store: Store,
    settings: Settings,
    source: Source,
    parts: Sequence[Path],
    *,
    instant: datetime,
    fetched_at: datetime,
) -> IntakeReport:
    """Take the parts of one vintage in."""
    claim_home(store, settings)
    today = fetched_at.astimezone(MANILA).date()
    with reading(settings, source, parts, instant=instant, fetched_at=fetched_at) as read:
        # Not before: what is refused may be anything, also a list of persons.
        snapshot = take_snapshot(
            settings.snapshots,
            source.source_id,
            read.opened.kept,
            originals=read.copies,
            published_at=read.batch.published_at,
            recorded_at=fetched_at,
            parser_version=source.parser_version,
        )
        register_source(store, source)
        found = raised_by(store, settings, read)
        if read.batch.persons_to is not None:
            kept = persons_file(settings.compared, source.source_id, snapshot.sha256)
            settle(read.batch.persons_to, kept)
    with store.read() as connection:
        alarms = not_waived(connection, source.source_id, found, today)
        passed = waived(connection, source.source_id, found, today)
    report = append_vintage(
        store,
        Arrival(
            source_id=source.source_id,
            published_at=read.batch.published_at,
            recorded_at=fetched_at,
            snapshot_sha256=snapshot.sha256,
            snapshot_path=str(snapshot.folder.relative_to(settings.snapshots)),
            parser_version=source.parser_version,
            parsed=read.parsed,
            alarms=alarms,
            content_hash=read.content_hash,
        ),
    )
    tell_vintage(store, settings, report.vintage, passed)
    log.info(
        "vintage taken in",
        extra={"vintage": report.vintage, "status": report.status, "rows": report.rows_read},
    )
    return report


def alarms_of(
    store: Store, settings: Settings, read: Reading, fetched_at: datetime
) -> tuple[Alarm, ...]:
    """Return the tripwires an issue sets off, but those a steward lets pass on the day."""
    found = raised_by(store, settings, read)
    today = fetched_at.astimezone(MANILA).date()
    with store.read() as connection:
        return not_waived(connection, read.source.source_id, found, today)


def raised_by(store: Store, settings: Settings, read: Reading) -> tuple[Alarm, ...]:
    """Compare an issue with the one published before it; the first of a source has none."""
    source, batch = read.source, read.batch
    with store.read() as connection:
        row = before(connection, source.source_id, batch.published_at)
        if row is None:
            return ()
        known = issue_before(connection, row, read.parsed)
    found = compare(known, read.parsed, read.content_hash, batch.published_at, limits=source.limits)
    now = batch.persons_to
    if now is not None and now.exists():
        earlier = persons_file(settings.compared, source.source_id, row["snapshot_sha256"])
        if not earlier.exists():
            _read_persons(settings, source, row, earlier)
        found += compare_persons(earlier, now, source.limits)
    return tuple(found)


def _read_persons(settings: Settings, source: Source, row: Mapping[str, Any], target: Path) -> None:
    """Make the persons of an earlier issue anew; without its snapshot nothing is compared."""
    fresh = target.with_suffix(f".{os.getpid()}.new")
    try:
        parse_snapshot(settings, source, row, persons_to=fresh)
    except (SourceError, DataError) as error:
        log.warning("persons of the issue before are not compared", extra={"why": str(error)})
    else:
        settle(fresh, target)
    finally:
        fresh.unlink(missing_ok=True)


def _check_instant(source: Source, instant: datetime, fetched_at: datetime) -> None:
    """Refuse a publication from the future: everything after it would count as older."""
    if instant > fetched_at + AHEAD:
        raise ContractError(
            f"{source.source_id}: published {instant:%Y-%m-%d %H:%M} UTC lies after the day it "
            f"was fetched, {fetched_at:%Y-%m-%d}; mend the date in the name, or give "
            "--published-at",
            "future_issue",
        )


def find_files(source: Source, paths: Iterable[Path]) -> list[Path]:
    """Return the files meant: named ones as they are, of folders those the source takes."""
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise FetchError(
                f"{source.source_id}: there is no file or folder '{path}'; check the path"
            )
        if path.is_file():
            files.append(path)
            continue
        inside = sorted(p for p in path.rglob("*") if p.is_file() and source.takes(p.name))
        if not inside:
            raise FetchError(
                f"{source.source_id}: no file in '{path}' ends like one of this source; "
                "name the file itself to take it in all the same"
            )
        files += inside
    return files


def group_by_issue(
    files: Iterable[Path], at: datetime | None, fetched_at: datetime
) -> dict[datetime, list[Path]]:
    """Sort files into vintages by publication instant."""
    issues: dict[datetime, list[Path]] = defaultdict(list)
    for path in files:
        issues[at or published_at(path) or fetched_at].append(path)
    for parts in issues.values():
        names = [part.name for part in parts]
        if len(set(names)) < len(names):
            raise ContractError(
                f"two parts of one vintage are both named '{max(names, key=names.count)}'; "
                "give each issue on its own, with --published-at",
                "bad_parts",
            )
    return issues


def check_limits(source: Source, parsed: Parsed) -> None:
    """Refuse a file without rows, or with more rejected rows than the source allows."""
    if parsed.rows_read == 0:
        raise ContractError(
            f"{source.source_id}: the file has a header and no rows; fetch it again, the "
            "previous vintage stays",
            "no_rows",
        )
    allowed = min(source.max_reject_share * parsed.rows_read, source.max_rejects)
    if parsed.rows_rejected <= allowed:
        return
    why = ", ".join(f"{code}: {rows:,}" for code, rows in parsed.counts(ROW).items())
    raise ContractError(
        f"{source.source_id}: {parsed.rows_rejected:,} of {parsed.rows_read:,} rows cannot be "
        f"used ({why}), more than the {allowed:,.0f} allowed. Nothing was taken in; ask the "
        "publisher, or mend the file",
        "too_many_rejects",
    )
