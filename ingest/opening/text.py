"""Making text UTF-8: byte order marks are believed, other encodings only where declared."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from kms.errors import ContractError

_CHUNK = 1 << 22
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Of names of hosts and of program texts: signs of a file would be taken for escapes.
_NO_FILES = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape"})


def is_text_encoding(name: str) -> bool:
    """Tell whether a file may be written in an encoding: it is known, and of texts."""
    try:
        return (
            "a\n".encode(name).decode(name) == "a\n" and codecs.lookup(name).name not in _NO_FILES
        )
    except (LookupError, ValueError):
        return False


def as_utf8(source_id: str, path: Path, declared: Sequence[str], room: Path) -> Path:
    """Return the file itself when it is UTF-8 or nothing else is allowed, else a copy that is.

    Letters and their accents are put together, so that equal names are equal texts.
    """
    with path.open("rb") as file:
        is_utf16 = file.read(2) in _UTF16
    if is_utf16:
        plain = _from_utf16(source_id, path, room)
    elif not declared or _is_utf8(path):
        plain = path
    else:
        copies = (_recoded(path, encoding, room) for encoding in declared)
        # Where none fits, the check that follows says where the file stops being UTF-8.
        plain = next((copy for copy in copies if copy is not None), path)
    return _composed(plain, room) if _has_accents_apart(plain) else plain


def _from_utf16(source_id: str, path: Path, room: Path) -> Path:
    copy = _recoded(path, "utf-16", room)
    if copy is None:
        raise ContractError(
            f"{source_id}: {path.name} begins like UTF-16 and is not, or ends inside a character; "
            "it was cut off or is damaged. Fetch it again, or save it as UTF-8 CSV",
            "truncated",
        )
    return copy


def _has_accents_apart(path: Path) -> bool:
    """Tell whether bytes are there that begin U+0300 to U+037F: combining accents, and few else."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if b"\xcc" in chunk or b"\xcd" in chunk:
                return True
    return False


def _composed(path: Path, room: Path) -> Path:
    copy = room / f"composed-{path.name}"
    try:
        with (
            path.open(encoding="utf-8", newline="") as text,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            while lines := text.readlines(_CHUNK):
                target.write(unicodedata.normalize("NFC", "".join(lines)))
    except UnicodeError:
        return path  # the check that follows says where
    copy.replace(room / path.name)
    return room / path.name


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _recoded(path: Path, encoding: str, room: Path) -> Path | None:
    copy = room / path.name
    try:
        with (
            path.open(encoding=encoding, newline="") as text,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            while piece := text.read(_CHUNK):
                target.write(piece)
    except UnicodeError:
        return None
    return copy
