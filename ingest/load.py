"""From files to vintages: snapshot first, then parse, check the limits, append."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from ingest.batch import Batch, check_file, private_copies, sweep
from ingest.snapshot import take_snapshot
from ingest.source import Source, published_at
from kms.config import Settings
from kms.domain.intake import ROW, Arrival, IntakeReport, Parsed
from kms.errors import ContractError, FetchError
from kms.store.engine import Store
from kms.store.sources import register_source
from kms.store.vintages import append_vintage

log = logging.getLogger(__name__)
AHEAD = timedelta(days=1)  # clocks and time zones differ by no more


def load(
    store: Store,
    settings: Settings,
    source: Source,
    paths: Sequence[Path],
    *,
    fetched_at: datetime,
    at: datetime | None = None,
) -> list[IntakeReport]:
    """Take files in: those of one date are the parts of one vintage.

    `at` overrides the publication instant read from the names; without either it is
    `fetched_at`. Raises `ContractError` when a file is refused; earlier vintages stay.
    """
    files = find_files(source, paths)
    return [
        load_vintage(store, settings, source, parts, instant=instant, fetched_at=fetched_at)
        for instant, parts in sorted(group_by_issue(files, at, fetched_at).items())
    ]


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
    instant = instant.astimezone(UTC)  # names of vintages and snapshots say UTC
    _check_instant(source, instant, fetched_at)
    scratch = settings.home / "tmp"
    sweep(scratch)
    with private_copies(source.source_id, parts, scratch) as copies:
        for part in copies:
            check_file(source.source_id, part)
        snapshot = take_snapshot(
            settings.snapshots,
            source.source_id,
            copies,
            published_at=instant,
            recorded_at=fetched_at,
            parser_version=source.parser_version,
        )
        parsed = _parse(source, Batch(source.source_id, copies, instant, scratch))
    check_limits(source, parsed)
    register_source(store, source)
    report = append_vintage(
        store,
        Arrival(
            source_id=source.source_id,
            published_at=instant,
            recorded_at=fetched_at,
            snapshot_sha256=snapshot.sha256,
            snapshot_path=str(snapshot.folder.relative_to(settings.snapshots)),
            parser_version=source.parser_version,
            parsed=parsed,
        ),
    )
    log.info(
        "vintage taken in",
        extra={"vintage": report.vintage, "status": report.status, "rows": report.rows_read},
    )
    return report


def _check_instant(source: Source, instant: datetime, fetched_at: datetime) -> None:
    """Refuse a publication from the future: everything after it would count as older."""
    if instant > fetched_at + AHEAD:
        raise ContractError(
            f"{source.source_id}: published {instant:%Y-%m-%d %H:%M} UTC lies after the day it "
            f"was fetched, {fetched_at:%Y-%m-%d}; mend the date in the name, or give --published-at"
        )


def _parse(source: Source, batch: Batch) -> Parsed:
    try:
        return source.parse(batch)
    except duckdb.Error as error:
        # The engine's own text may quote cells.
        log.debug("unreadable file", exc_info=True)
        raise ContractError(
            f"{source.source_id}: {batch.parts[0].name} cannot be read as a CSV file of this "
            f"source ({type(error).__name__}); save it again as plain UTF-8 CSV. Nothing was "
            "taken in"
        ) from error


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
                "give each issue on its own, with --published-at"
            )
    return issues


def check_limits(source: Source, parsed: Parsed) -> None:
    """Refuse a file without rows, or with more rejected rows than the source allows."""
    if parsed.rows_read == 0:
        raise ContractError(
            f"{source.source_id}: the file has a header and no rows; fetch it again, the "
            "previous vintage stays"
        )
    allowed = min(source.max_reject_share * parsed.rows_read, source.max_rejects)
    if parsed.rows_rejected <= allowed:
        return
    why = ", ".join(f"{code}: {rows:,}" for code, rows in parsed.counts(ROW).items())
    raise ContractError(
        f"{source.source_id}: {parsed.rows_rejected:,} of {parsed.rows_read:,} rows cannot be "
        f"used ({why}), more than the {allowed:,.0f} allowed. Nothing was taken in; ask the "
        "publisher, or mend the file"
    )
