"""Snapshots: the raw bytes of a vintage, compressed and immutable, before anything else."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from kms.errors import FetchError
from kms.store.snapshots import PACKED, check_parts, parts_kept

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
    corrects: str = "",
) -> Snapshot:
    """Keep the parts under `root`, named by their content; a second time it changes nothing.

    Of `originals` that are kept without some columns only the hash is written down. `corrects` is
    the hash of a snapshot of which rows were corrected.

    The folder appears under its final name only when every byte of it is on the disk.
    """
    draft = root / source_id / f".draft-{uuid4().hex}"
    try:
        draft.mkdir(parents=True)
        hashes = {part.name: _copy(part, draft / f"{part.name}.zst") for part in parts}
        sha256 = _of_all(hashes)
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
            **({"corrects": corrects} if corrects else {}),
        }
        (draft / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        final = root / source_id / f"{published_at:%Y%m%dT%H%MZ}-{sha256[:16]}"
        _flush(draft)
        try:
            draft.replace(final)
        except OSError:  # it is there, perhaps since a moment ago
            if not final.is_dir():
                raise
            _put_back(draft, final)
    except OSError as error:
        raise FetchError(
            f"{source_id}: the snapshot cannot be kept under {root} ({error.strerror}); free "
            "space or set KMS_HOME to a folder that can be written"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Snapshot(folder=final, sha256=sha256)


def restore_parts(folder: Path, target: Path) -> list[Path]:
    """Unpack a snapshot's parts into `target` and return them in order.

    Raises `NoDataError` when there is no such snapshot or its raw files were removed, and
    `DataError` when one is missing, or is not as its manifest says.
    """
    target.mkdir(parents=True, exist_ok=True)
    check_parts(folder)
    restored = []
    for packed in parts_kept(folder):
        part = target / packed.name.removesuffix(PACKED)
        with pa.CompressedInputStream(str(packed), "zstd") as stream, part.open("wb") as file:
            while chunk := stream.read(_CHUNK):
                file.write(chunk)
        restored.append(part)
    return restored


def _put_back(draft: Path, final: Path) -> None:
    """Put raw files back that were removed from a snapshot: these are the same bytes."""
    for packed in draft.glob(f"*{PACKED}"):
        if not (final / packed.name).exists():
            packed.replace(final / packed.name)
    _flush(final)


def content_sha256(parts: Sequence[Path]) -> str:
    """Return the hash by which a snapshot of these parts would be named."""
    return _of_all({part.name: _sha256(part) for part in parts})


def _of_all(hashes: Mapping[str, str]) -> str:
    """Return one hash of named parts."""
    named = "\n".join(sorted(f"{digest} {name}" for name, digest in hashes.items()))
    return hashlib.sha256(named.encode()).hexdigest()


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
