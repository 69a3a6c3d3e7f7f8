"""Unpacking what came compressed: one member, of bounded size, and no bomb."""

from __future__ import annotations

import gzip
import re
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Protocol

from kms.errors import ContractError

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
EMPTY_ZIP = b"PK\x05\x06"
LARGEST = 4 << 30  # bytes once unpacked
MOST_RATIO = 100  # unpacked to packed; real lists reach 20
LONGEST_NAME = 80  # characters, of at most 4 bytes each where files have names of 255
SMALL = 10 << 20  # below this the ratio does not matter
_CHUNK = 1 << 20


def unpacked(source_id: str, part: Path, room: Path) -> Path:
    """Return the file itself, or the one file inside it, unpacked into `room`."""
    with part.open("rb") as file:
        head = file.read(4)
    if head.startswith(GZIP):
        return _gunzip(source_id, part, room)
    if head in (ZIP, EMPTY_ZIP) and not _is_workbook_zip(part):
        return _unzip(source_id, part, room)
    if part.suffix.lower() in (".gz", ".zip"):
        raise ContractError(
            f"{source_id}: {part.name} is named like an archive and is none; fetch it again",
            "bad_container",
        )
    return part


def _gunzip(source_id: str, part: Path, room: Path) -> Path:
    target = room / (part.stem if part.suffix.lower() == ".gz" else part.name)
    try:
        with gzip.open(part) as stream:
            _copy(source_id, part, stream, target)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ContractError(
            f"{source_id}: {part.name} cannot be unpacked, it was cut off or is damaged; fetch it "
            "again",
            "truncated",
        ) from error
    return target


def _unzip(source_id: str, part: Path, room: Path) -> Path:
    try:
        with zipfile.ZipFile(part) as archive:
            member = _only_member(source_id, part, archive)
            target = room / _plain_name(member.filename)
            with archive.open(member) as stream:
                _copy(source_id, part, stream, target)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        encrypted = isinstance(error, RuntimeError)
        problem = "is locked with a password" if encrypted else "is damaged or was cut off"
        raise ContractError(
            f"{source_id}: {part.name} {problem}; send it again as plain CSV",
            "encrypted" if encrypted else "truncated",
        ) from error
    return target


def _only_member(source_id: str, part: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise ContractError(
            f"{source_id}: {part.name} holds {len(members)} files; send each issue as one file",
            "bad_archive",
        )
    (member,) = members
    is_link = stat.S_ISLNK(member.external_attr >> 16)
    strange = member.filename.startswith("/") or "\\" in member.filename
    if is_link or strange or ".." in Path(member.filename).parts:
        raise ContractError(
            f"{source_id}: the file in {part.name} is a link or lies outside the archive; nobody "
            "packs data like that, ask who sent it",
            "bad_archive",
        )
    if member.filename.lower().endswith((".zip", ".gz", ".7z", ".rar")):
        raise ContractError(
            f"{source_id}: {part.name} holds an archive inside the archive; send the file itself",
            "bad_archive",
        )
    return member


def _plain_name(name: str) -> str:
    """Return a member's name as a file may have it: short, of one line, for itself alone."""
    return re.sub(r"[^\w .()+-]", "_", Path(name).name)[-LONGEST_NAME:]


class Readable(Protocol):
    """Anything bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes."""
        ...


def _copy(source_id: str, part: Path, stream: Readable, target: Path) -> None:
    """Write what comes out, counting: sizes in headers are not believed."""
    packed, written = part.stat().st_size, 0
    with target.open("wb") as file:
        while chunk := stream.read(_CHUNK):
            written += len(chunk)
            if written > LARGEST or (written > SMALL and written > MOST_RATIO * packed):
                raise ContractError(
                    f"{source_id}: {part.name} unpacks to more than {written >> 20} MB from "
                    f"{packed >> 10} kB; it is no data file. Nothing was taken in",
                    "bomb",
                )
            file.write(chunk)


def _is_workbook_zip(part: Path) -> bool:
    try:
        with zipfile.ZipFile(part) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False
