"""The files of one vintage on their way into DuckDB, checked before anything is read."""

from __future__ import annotations

import codecs
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import duckdb

from kms.config import MANILA
from kms.errors import ContractError, FetchError

LOAD = "load-"  # temporary folders of a load: load-PID-…
_GLOB = str.maketrans("[]*?", "____")
_CHUNK = 1 << 22


@dataclass(frozen=True)
class Batch:
    """The parts of one vintage; `release_date` is its publication day in Manila."""

    source_id: str
    parts: tuple[Path, ...]
    published_at: datetime
    scratch: Path  # folder for temporary files
    memory: str = "500MB"
    persons_to: Path | None = None  # where a line list leaves code, sex and age, to be compared
    every_reject: bool = False  # keep where every rejected row stands, not only the first ones

    @property
    def release_date(self) -> date:
        """The calendar day on which the vintage was published."""
        return self.published_at.astimezone(MANILA).date()

    @contextmanager
    def engine(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give an empty DuckDB on disk that spills instead of filling the memory."""
        with room_for_load(self.scratch) as folder:
            connection = duckdb.connect(f"{folder}/stage.duckdb")
            try:
                connection.execute(f"SET memory_limit = '{self.memory}'")
                connection.execute(f"SET temp_directory = '{folder}'")
                # Closing would write all of it once more, for nobody.
                connection.execute("PRAGMA disable_checkpoint_on_shutdown")
                yield connection
            finally:
                connection.close()


@contextmanager
def room_for_load(scratch: Path) -> Iterator[Path]:
    """Give a folder of this process that is gone afterwards, or swept up when it died."""
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=scratch, prefix=f"{LOAD}{os.getpid()}-") as folder:
        yield Path(folder)


@contextmanager
def private_copies(
    source_id: str, parts: Sequence[Path], scratch: Path
) -> Iterator[tuple[Path, ...]]:
    """Give copies of the parts that nobody else writes to, under names that mean only themselves.

    What is checked, kept and parsed is then the same bytes, whatever becomes of the originals;
    and a name with brackets or stars cannot stand for other files.
    """
    with room_for_load(scratch) as folder:
        copies = []
        for part in parts:
            copy = folder / part.name.translate(_GLOB)
            try:
                if copy.exists():
                    raise ContractError(
                        f"{source_id}: two parts are both named '{copy.name}'", "bad_parts"
                    )
                shutil.copyfile(part, copy)
            except (OSError, UnicodeEncodeError) as error:
                reason = getattr(error, "strerror", None) or "its name is not readable text"
                raise FetchError(
                    f"{source_id}: a file cannot be read or copied under {scratch} ({reason}); "
                    "check the path, who may read it, and the space left"
                ) from error
            copies.append(copy)
        yield tuple(copies)


def sweep(scratch: Path) -> None:
    """Remove what loads whose process has ended left behind: it holds rows of persons."""
    for folder in scratch.glob(f"{LOAD}*"):
        owner = folder.name.removeprefix(LOAD).split("-")[0]
        if not owner.isdigit() or not _is_alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def check_file(source_id: str, path: Path) -> None:
    """Refuse what is not a CSV file in UTF-8: empty, markup, JSON, other encodings, NUL bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
            _check_head(source_id, path, head)
            file.seek(0)
            _check_text(source_id, path, file)
    except OSError as error:
        raise FetchError(
            f"{source_id}: {path.name} cannot be read ({error.strerror}); check the path and "
            "who may read it"
        ) from error


@contextmanager
def one_kind_of_line_end(path: Path, scratch: Path) -> Iterator[Path]:
    """Give the file itself, or a copy in which every line ends alike when they differ."""
    if not _mixes_line_ends(path):
        yield path
        return
    with TemporaryDirectory(dir=scratch, prefix="lines-") as folder:
        copy = Path(folder) / path.name
        with copy.open("wb") as target:
            for chunk in _chunks(path):
                target.write(chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
        yield copy


def _mixes_line_ends(path: Path) -> bool:
    """Tell whether there are line ends of several kinds, also inside fields."""
    if not any(b"\r" in chunk for chunk in _chunks(path)):
        return False
    returns = feeds = both = 0
    for chunk in _chunks(path):
        returns, both = returns + chunk.count(b"\r"), both + chunk.count(b"\r\n")
        feeds += chunk.count(b"\n")
    return not (returns == both == feeds or (both == feeds == 0))


def _chunks(path: Path) -> Iterator[bytes]:
    """Read a file in pieces that do not end between the two characters of a line end."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            while chunk.endswith(b"\r") and (following := file.read(1)):
                chunk += following
            yield chunk


def _check_head(source_id: str, path: Path, head: bytes) -> None:
    text = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if not text:
        problem = "is empty" if not head else "holds only blanks"
        raise ContractError(
            f"{source_id}: {path.name} {problem}; fetch it again, yesterday's data stay", "empty"
        )
    if text.startswith(b"<"):
        raise ContractError(
            f"{source_id}: {path.name} is a web page, not a CSV file; the download probably "
            "asked for a sign-in or failed. Fetch it again",
            "not_csv",
        )
    if text[:1] in b"{[":
        raise ContractError(
            f"{source_id}: {path.name} is JSON, not a CSV file; the download probably failed. "
            "Fetch it again",
            "not_csv",
        )
    if text.startswith((b"pk\x03\x04", b"\x1f\x8b", b"%pdf")):
        raise ContractError(
            f"{source_id}: {path.name} is an archive or document, not a CSV file; unpack it or "
            "save it as CSV first",
            "unsupported",
        )


def _check_text(source_id: str, path: Path, file: BinaryIO) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = 0
    while chunk := file.read(_CHUNK):
        if b"\0" in chunk:
            raise ContractError(
                f"{source_id}: {path.name} holds a NUL byte at offset {offset + chunk.index(0)}; "
                "the file is damaged or not UTF-8. Ask for it again as UTF-8 CSV",
                "nul_byte",
            )
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise ContractError(
                f"{source_id}: {path.name} is not UTF-8 at byte {offset + error.start}; save it "
                "as UTF-8 CSV",
                "bad_encoding",
            ) from error
        offset += len(chunk)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise ContractError(
            f"{source_id}: {path.name} ends inside a character; it was cut off. Fetch it again",
            "truncated",
        ) from error
