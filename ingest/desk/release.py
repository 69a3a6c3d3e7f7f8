"""Snapshots read again, to release a held vintage, or to know the persons of an earlier one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.batch import Batch, room_for_load
from ingest.opening.parts import open_parts
from ingest.snapshot import restore_parts
from ingest.source import Source, source_named
from kms.config import Settings
from kms.domain.intake import Arrival, IntakeReport, Parsed
from kms.store.engine import Store
from kms.store.record import tell_vintage
from kms.store.vintages import release_vintage, vintage_named, withdraw_vintage


def release(store: Store, settings: Settings, name: str, why: str) -> IntakeReport:
    """Let a held vintage be known after all, from its snapshot.

    Raises `NoDataError` for an unknown name, `ContractError` when it cannot be released.
    """
    with store.read() as connection:
        row = vintage_named(connection, name)
    source = source_named(row["source_id"], settings)
    parsed = parse_snapshot(settings, source, row)
    arrival = Arrival(
        source_id=row["source_id"],
        published_at=row["published_at"],
        recorded_at=row["recorded_at"],
        snapshot_sha256=row["snapshot_sha256"],
        snapshot_path=row["snapshot_path"],
        parser_version=row["parser_version"],
        parsed=parsed,
    )
    report = release_vintage(store, name, arrival, why)
    tell_vintage(store, settings, name)
    return report


def withdraw(store: Store, settings: Settings, name: str, why: str) -> None:
    """Take a wrong vintage out of every answer; raises `NoDataError` for an unknown name."""
    withdraw_vintage(store, name, why)
    tell_vintage(store, settings, name)


def parse_snapshot(
    settings: Settings,
    source: Source,
    row: Mapping[str, Any],
    *,
    persons_to: Path | None = None,
) -> Parsed:
    """Read the snapshot of a vintage as it was read when it came.

    Raises `NoDataError` when its raw files were removed, `DataError` when they are damaged.
    """
    with snapshot_batch(settings, source, row) as batch:
        return source.read(replace(batch, persons_to=persons_to))


@contextmanager
def snapshot_batch(
    settings: Settings, source: Source, row: Mapping[str, Any], *, every_reject: bool = False
) -> Iterator[Batch]:
    """Give the parts of a vintage's snapshot, ready to be read."""
    folder = settings.snapshots / row["snapshot_path"]
    scratch = settings.home / "tmp"
    with room_for_load(scratch) as room:
        parts = restore_parts(folder, room / "parts")
        opened = open_parts(source.source_id, parts, source.form, room)
        instant = row["published_at"]
        yield Batch(source.source_id, opened.readable, instant, scratch, every_reject=every_reject)
