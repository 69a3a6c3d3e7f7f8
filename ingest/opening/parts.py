"""Opening the parts of a vintage: each becomes one plain CSV file that can be read again."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.batch import check_file
from ingest.opening.archive import unpacked
from ingest.opening.personal import without_columns
from ingest.opening.text import as_utf8
from ingest.opening.workbook import is_workbook, sheet_as_csv


@dataclass(frozen=True)
class Format:
    """What a source's files may be besides UTF-8 CSV, and what in them must not be kept."""

    encodings: tuple[str, ...] = ()  # tried in order where a file is not UTF-8
    sheet: str = ""  # of a workbook with several
    personal: tuple[str, ...] = ()  # columns taken out before anything is kept


PLAIN = Format()


@dataclass(frozen=True)
class Opened:
    """The parts as they are kept and as they are read."""

    kept: tuple[Path, ...]  # as given, or without the personal columns
    readable: tuple[Path, ...]  # plain UTF-8 CSV, the same order


def open_parts(source_id: str, parts: Sequence[Path], form: Format, scratch: Path) -> Opened:
    """Make every part readable. Raises `ContractError` for what is no file of a source."""
    kept, readable = [], []
    for number, part in enumerate(parts):
        room = scratch / f"open-{number}"
        room.mkdir()
        plain = _plain(source_id, part, form, room)
        check_file(source_id, plain)
        if form.personal:
            plain = without_columns(source_id, plain, form.personal, _new(room, "kept"))
        kept.append(_under_its_name(plain, part, room) if form.personal else part)
        readable.append(plain)
    return Opened(tuple(kept), tuple(readable))


def _plain(source_id: str, part: Path, form: Format, room: Path) -> Path:
    path = unpacked(source_id, part, _new(room, "unpacked"))
    if is_workbook(source_id, path):
        path = sheet_as_csv(source_id, path, form.sheet, _new(room, "sheet"))
    return as_utf8(source_id, path, form.encodings, _new(room, "utf8"))


def _new(room: Path, name: str) -> Path:
    folder = room / name
    folder.mkdir()
    return folder


def _under_its_name(plain: Path, part: Path, room: Path) -> Path:
    """Return what is kept of a part, named like it: two archives may hold files of one name."""
    name = part.name if part.suffix.lower() == ".csv" else f"{part.name}.csv"
    if plain.name == name:
        return plain
    return Path(shutil.copyfile(plain, _new(room, "named") / name))
