"""What lies under `snapshots`: raw files by issue, and beside them what became of each.

A folder's manifest never changes. `events.jsonl` is only added to, whole lines that are on the
disk when the call returns, so that a lost store can be made again from these folders alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from kms.domain.intake import Alarm
from kms.errors import DataError, NoDataError

EVENTS, MANIFEST, PACKED = "events.jsonl", "manifest.json", ".zst"
TAKEN_IN, RELEASED, WITHDRAWN = "taken_in", "released", "withdrawn"
_CHUNK = 1 << 22
Event = Mapping[str, Any]  # always with `event` and `vintage`
_CAME = {
    **dict.fromkeys(("vintage", "state", "note", "content_hash", "snapshot_sha256"), str),
    **dict.fromkeys(("parser_version", "rows_read", "rows_rejected", "rows_duplicate"), int),
    "alarms": list,
}


def folders(root: Path) -> list[Path]:
    """Return the folders of snapshots, drafts left out."""
    return [path.parent for path in sorted(root.glob(f"*/[!.]*/{MANIFEST}"))]


def read_events(folder: Path) -> list[Event]:
    """Return what became of a snapshot, oldest first; raise `DataError` for a line that is wrong.

    A last line that was cut off when a machine stopped was never confirmed, and is not told.
    """
    path = folder / EVENTS
    try:
        content = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise DataError(f"'{path}' cannot be read ({error.strerror}); check who may") from error
    return _read(path, _whole(content))


def add_events(folder: Path, events: Sequence[Event]) -> int:
    """Add the events that are not told yet; return how many. Each is told once of a vintage."""
    path = folder / EVENTS
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
        file.seek(0)
        content = file.read()
        whole = _whole(content)
        told = {_name(event) for event in _read(path, whole)}
        fresh = [event for event in events if _name(event) not in told]
        if fresh:
            if len(whole) < len(content):
                file.truncate(len(whole))
            lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in fresh)
            file.write(lines.encode())
            file.flush()
            os.fsync(file.fileno())
    if fresh and not whole:
        flush_folder(folder)
    return len(fresh)


def is_told(events: Sequence[Event], name: tuple[str, str]) -> bool:
    """Tell whether an event (kind, vintage) is among some."""
    return any(_name(event) == name for event in events)


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """Return what a snapshot was when it was kept; raise `DataError` when that is not readable."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        parts = _named(manifest["parts"])
    except FileNotFoundError:
        raise NoDataError(
            f"there is no snapshot '{folder.name}' under {folder.parent}; it was removed, or "
            "KMS_HOME is another than when it was kept. Take the file in anew"
        ) from None
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise DataError(
            f"'{path}' is damaged ({type(error).__name__}); put it back from a copy"
        ) from error
    return {**manifest, "parts": parts}


def _named(parts: Mapping[str, Any]) -> dict[str, str]:
    """Return parts with their hashes; raise `ValueError` for a name that leads elsewhere."""
    if wrong := [name for name in parts if "/" in name or name in ("", ".", "..")]:
        raise ValueError(f"{len(wrong)} parts lie outside the folder")
    return {name: str(digest) for name, digest in parts.items()}


def parts_kept(folder: Path) -> list[Path]:
    """Return a snapshot's packed parts in order.

    Raises `NoDataError` when there is no such snapshot or its raw files were removed, and
    `DataError` when some of them are missing.
    """
    named = sorted(f"{name}{PACKED}" for name in read_manifest(folder)["parts"])
    there = [folder / name for name in named if (folder / name).exists()]
    if not there:
        raise NoDataError(
            f"the raw files of '{folder.name}' were removed from {folder.parent}, its manifest is "
            "left; put them back from a copy, or take the file in anew"
        )
    if len(there) < len(named):
        raise DataError(
            f"{len(named) - len(there)} of {len(named)} parts of the snapshot '{folder.name}' are "
            f"missing under {folder.parent}; put them back from a copy"
        )
    return there


def check_parts(folder: Path) -> None:
    """Read a snapshot whole; raise `DataError` for a part that is not as its manifest says."""
    expected = read_manifest(folder)["parts"]
    for packed in parts_kept(folder):
        digest = hashlib.sha256()
        try:
            with pa.CompressedInputStream(str(packed), "zstd") as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
        except (OSError, pa.ArrowException):
            raise DataError(f"'{packed}' cannot be unpacked; put it back from a copy") from None
        if digest.hexdigest() != expected[packed.name.removesuffix(PACKED)]:
            raise DataError(
                f"'{packed}' is not the file that was kept: its hash begins with "
                f"{digest.hexdigest()[:12]}, its manifest says "
                f"{expected[packed.name.removesuffix(PACKED)][:12]}; put it back from a copy"
            )


def check_events(folder: Path, events: Sequence[Event]) -> None:
    """Raise `DataError` for an event that says less than is needed, or is of another snapshot."""
    for number, event in enumerate(events, start=1):
        if not (_is_coming(folder, event) if event["event"] == TAKEN_IN else _is_decision(event)):
            raise DataError(
                f"'{folder / EVENTS}', line {number}, tells nothing that became of this snapshot; "
                "put the file back from a copy"
            )


def _is_coming(folder: Path, event: Event) -> bool:
    known = all(isinstance(event.get(name), kind) for name, kind in _CAME.items())
    if (
        not known
        or event["state"] not in ("accepted", "held")
        or not _is_instant(event, "recorded_at")
    ):
        return False
    if not all(isinstance(a, dict) and set(a) == set(Alarm._fields) for a in event["alarms"]):
        return False
    if not _is_instant(event, "published_at"):
        return False
    at = datetime.fromisoformat(event["published_at"]).astimezone(UTC)
    return folder.name == f"{at:%Y%m%dT%H%MZ}-{event['snapshot_sha256'][:16]}"


def _is_decision(event: Event) -> bool:
    known = event["event"] in (RELEASED, WITHDRAWN) and isinstance(event["vintage"], str)
    return known and isinstance(event.get("why"), str) and _is_instant(event, "at")


def _is_instant(event: Event, name: str) -> bool:
    try:
        return datetime.fromisoformat(event[name]).tzinfo is not None
    except (KeyError, TypeError, ValueError):
        return False


def flush_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _whole(content: bytes) -> bytes:
    return content[: content.rfind(b"\n") + 1]


def _name(event: Event) -> tuple[str, str]:
    return event["event"], event["vintage"]


def _read(path: Path, content: bytes) -> list[Event]:
    found = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            event = json.loads(line)
            _name(event)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise DataError(
                f"'{path}', line {number}, is no event; put the file back from a copy"
            ) from None
        found.append(event)
    return found
