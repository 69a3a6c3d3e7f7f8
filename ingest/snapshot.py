"""Snapshots: the raw bytes of a vintage, compressed and immutable, before anything else."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from kms.errors import FetchError

_CHUNK = 1 << 22


@dataclass(frozen=True)
class Snapshot:
    """Where the raw bytes of a vintage are kept, and their hash."""

    folder: Path
    sha256: str


def take_snapshot(
    root: Path,
    source_id: str,
    parts: Sequence[Path],
    *,
    originals: Sequence[Path] = (),
    published_at: datetime,
    recorded_at: datetime,
    parser_version: int,
) -> Snapshot:
    """Keep the parts under `root`, named by their content; a second time it changes nothing.

    Of `originals` that are kept without some columns only the hash is written down.

    The folder appears under its final name only when every byte of it is on the disk.
    """
    draft = root / source_id / f".draft-{uuid4().hex}"
    try:
        draft.mkdir(parents=True)
        hashes = {part.name: _copy(part, draft / f"{part.name}.zst") for part in parts}
        digest = hashlib.sha256("\n".join(sorted(f"{h} {n}" for n, h in hashes.items())).encode())
        sha256 = digest.hexdigest()
        given = (
            {
                original.name: _sha256(original)
                for part, original in zip(parts, originals, strict=True)
                if part != original
            }
            if originals
            else {}
        )
        manifest = {
            "source": source_id,
            "sha256": sha256,
            "parts": hashes,
            **({"originals": given} if given else {}),
            "published_at": published_at.isoformat(),
            "recorded_at": recorded_at.isoformat(),
            "parser_version": parser_version,
        }
        (draft / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        final = root / source_id / f"{published_at:%Y%m%dT%H%MZ}-{sha256[:16]}"
        if not final.exists():
            _flush(draft)
            draft.replace(final)
    except OSError as error:
        raise FetchError(
            f"{source_id}: the snapshot cannot be kept under {root} ({error.strerror}); free "
            "space or set KMS_HOME to a folder that can be written"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Snapshot(folder=final, sha256=sha256)


def restore_parts(folder: Path, target: Path) -> list[Path]:
    """Unpack a snapshot's parts into `target` and return them in order."""
    target.mkdir(parents=True, exist_ok=True)
    restored = []
    for packed in sorted(folder.glob("*.zst")):
        part = target / packed.name.removesuffix(".zst")
        with pa.CompressedInputStream(str(packed), "zstd") as stream, part.open("wb") as file:
            while chunk := stream.read(_CHUNK):
                file.write(chunk)
        restored.append(part)
    return restored


def _copy(part: Path, packed: Path) -> str:
    digest = hashlib.sha256()
    with part.open("rb") as file, pa.CompressedOutputStream(str(packed), "zstd") as stream:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            stream.write(chunk)
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(folder: Path) -> None:
    for path in [*folder.iterdir(), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
