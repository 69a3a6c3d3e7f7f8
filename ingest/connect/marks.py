"""What each address sent last, and whether the file that came of it is still whole."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from sqlalchemy import delete, insert, select

from kms.config import Settings
from kms.store.engine import Store
from kms.store.ops_tables import FeedMark
from kms.store.tables import Vintage

log = logging.getLogger(__name__)
_CHUNK = 1 << 20
_MANY = 200  # addresses asked for at once


@dataclass(frozen=True)
class Sent:
    """What one address sent; `sha256` is that of the bytes."""

    place: str
    etag: str
    modified: str
    sha256: str
    snapshot_path: str = ""  # of what came of it, known once it was taken in


def read_marks(store: Store, source_id: str, places: Sequence[str]) -> dict[str, Sent]:
    """Return what addresses sent last for a source, by address."""
    found: dict[str, Sent] = {}
    with store.read_ops() as connection:
        for first in range(0, len(places), _MANY):
            rows = connection.execute(
                select(
                    FeedMark.address,
                    FeedMark.etag,
                    FeedMark.modified,
                    FeedMark.sha256,
                    FeedMark.snapshot_path,
                ).where(
                    FeedMark.address.in_(places[first : first + _MANY]),
                    FeedMark.source_id == source_id,
                )
            )
            found |= {row.address: Sent(*row) for row in rows}
    return found


def write_marks(store: Store, source_id: str, sent: Iterable[Sent], *, at: datetime) -> None:
    """Remember what addresses sent, in place of what they sent before."""
    rows = [
        {
            "address": one.place,
            "source_id": source_id,
            "etag": one.etag,
            "modified": one.modified,
            "sha256": one.sha256,
            "snapshot_path": one.snapshot_path,
            "fetched_at": at,
        }
        for one in sent
    ]
    with store.write_ops() as connection:
        for row in rows:
            connection.execute(delete(FeedMark).where(FeedMark.address == row["address"]))
        if rows:
            connection.execute(insert(FeedMark), rows)


def snapshot_of(store: Store, vintage: str) -> str:
    """Return where the raw bytes of a vintage are kept; blank for one that is not known."""
    with store.read() as connection:
        statement = select(Vintage.snapshot_path).where(Vintage.name == vintage)
        return connection.execute(statement).scalar_one_or_none() or ""


def is_whole(settings: Settings, snapshot_path: str) -> bool:
    """Tell whether a snapshot is there and every part of it is what its manifest says."""
    parts = _manifest(settings, snapshot_path).get("parts", {})
    folder = settings.snapshots / snapshot_path
    return bool(parts) and all(
        _unpacked_sha256(folder / f"{name}.zst") == sha256 for name, sha256 in parts.items()
    )


def newest_if_same(
    store: Store, settings: Settings, source_id: str, hashes: frozenset[str]
) -> datetime | None:
    """Return the instant of a source's newest vintage if it was made of just these bytes.

    A run that died between taking bytes in and marking them would else give them a new date.
    """
    with store.read() as connection:
        row = connection.execute(
            select(Vintage.published_at, Vintage.snapshot_path)
            .where(Vintage.source_id == source_id)
            .order_by(Vintage.published_at.desc(), Vintage.id.desc())
            .limit(1)
        ).one_or_none()
    if row is None:
        return None
    manifest = _manifest(settings, row.snapshot_path)
    made_of = manifest.get("originals") or manifest.get("parts", {})
    return row.published_at if frozenset(made_of.values()) == hashes else None


def _manifest(settings: Settings, snapshot_path: str) -> Mapping[str, Mapping[str, str]]:
    if not snapshot_path:
        return {}
    try:
        text = (settings.snapshots / snapshot_path / "manifest.json").read_text(encoding="utf-8")
        content = json.loads(text)
    except (OSError, ValueError):
        log.warning("a snapshot's manifest cannot be read", extra={"snapshot": snapshot_path})
        return {}
    return content if isinstance(content, dict) else {}


def _unpacked_sha256(packed: Path) -> str:
    digest = hashlib.sha256()
    try:
        with pa.CompressedInputStream(str(packed), "zstd") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return ""
    return digest.hexdigest()
