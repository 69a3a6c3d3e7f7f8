"""Snapshots read again: to release a held vintage, or to know the persons of an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ingest.batch import Batch, room_for_load
from ingest.opening.parts import open_parts
from ingest.snapshot import restore_parts
from ingest.source import Source, source_named
from kms.config import Settings
from kms.domain.intake import Arrival, IntakeReport, Parsed
from kms.errors import DataError
from kms.store.engine import Store
from kms.store.vintages import release_vintage, vintage_named


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
    return release_vintage(store, name, arrival, why)


def parse_snapshot(
    settings: Settings,
    source: Source,
    row: Mapping[str, Any],
    *,
    persons_to: Path | None = None,
) -> Parsed:
    """Read the snapshot of a vintage as it was read when it came."""
    folder = settings.snapshots / row["snapshot_path"]
    if not folder.is_dir():
        raise DataError(
            f"the snapshot of '{row['name']}' is not under {settings.snapshots}; it was removed, "
            "or KMS_HOME is another than when it was kept. Take the file in anew"
        )
    scratch = settings.home / "tmp"
    with room_for_load(scratch) as room:
        parts = restore_parts(folder, room / "parts")
        opened = open_parts(source.source_id, parts, source.form, room)
        batch = Batch(
            source.source_id, opened.readable, row["published_at"], scratch, persons_to=persons_to
        )
        return source.read(batch)
