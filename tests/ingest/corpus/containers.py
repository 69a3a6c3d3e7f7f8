"""What files come packed in: gzip and zip, cut, locked, nested, with paths and far too much."""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
import zlib

from tests.ingest.corpus.bad import CASES, DAYS, FILES, INSPECTIONS, NAMES, Bad, refused, same

LOCKED = 0x1  # of a member's flags


def name_of(source: str) -> str:
    """Return the name of a source's newest file."""
    return NAMES[source].format(day=DAYS[source][1])


def gz(source: str) -> bytes:
    """Return a good file packed with gzip."""
    return gzip.compress(FILES[source](), mtime=0)


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """Return a zip archive of some members."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return target.getvalue()


def alone(source: str, member: str = "") -> bytes:
    """Return a good file packed alone with zip, under its own or another name."""
    return zipped((member or name_of(source), FILES[source]()))


def link() -> bytes:
    """Return an archive whose member is a symbolic link."""
    member = zipfile.ZipInfo(name_of(CASES))
    member.create_system = 3
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return zipped((member, b"/etc/passwd"))


def locked() -> bytes:
    """Return an archive that says that it is encrypted."""
    content = bytearray(alone(CASES))
    content[6] |= LOCKED  # local header
    content[content.rindex(b"PK\x01\x02") + 8] |= LOCKED
    return bytes(content)


def zeros(size: int) -> bytes:
    """Return very many zeros packed with gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"0" * (1 << 20)
    return b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()


def lying() -> bytes:
    """Return a bomb whose header says that it is small."""
    content = bytearray(zipped((name_of(CASES), b"0" * (40 << 20))))
    for start in (content.index(b"PK\x03\x04") + 22, content.rindex(b"PK\x01\x02") + 24):
        content[start : start + 4] = (100).to_bytes(4, "little")
    return bytes(content)


def damaged() -> bytes:
    """Return an archive with a flipped bit in what it holds."""
    content = bytearray(alone(INSPECTIONS))
    content[len(content) // 2] ^= 0x10
    return bytes(content)


def packed(row: int, name: str, make: object, code: str, ending: str = ".zip") -> Bad:
    """A line list in an archive that is refused."""
    return refused(row, name, CASES, make, code, file=name_of(CASES) + ending)  # type: ignore[arg-type]  # a builder


GOOD = (
    same(59, "gzip under its own name", CASES, lambda: gz(CASES), file=name_of(CASES) + ".gz"),
    same(59, "gzip under the name of a CSV file", INSPECTIONS, lambda: gz(INSPECTIONS)),
    same(59, "zip with one file", CASES, lambda: alone(CASES), file=name_of(CASES) + ".zip"),
    same(59, "zip under the name of a CSV file", INSPECTIONS, lambda: alone(INSPECTIONS)),
    same(59, "zip with the file in a folder", CASES, lambda: alone(CASES, "2021/data.csv"),
         file=name_of(CASES) + ".zip"),
)  # fmt: skip
CUT = (
    packed(58, "gzip cut in the middle", lambda: gz(CASES)[: len(gz(CASES)) // 2], "truncated",
           ".gz"),
    packed(58, "gzip without its last bytes", lambda: gz(CASES)[:-6], "truncated", ".gz"),
    packed(58, "gzip with another checksum", lambda: gz(CASES)[:-8] + b"\0" * 8, "truncated",
           ".gz"),
    packed(58, "gzip of only its head", lambda: gz(CASES)[:12], "truncated", ".gz"),
    packed(58, "gzip with rubbish behind it", lambda: gz(CASES) + b"rubbish", "truncated", ".gz"),
    packed(58, "zip cut in the middle", lambda: alone(CASES)[:1500], "truncated"),
    refused(58, "zip with a flipped bit", INSPECTIONS, damaged, "truncated"),
    refused(58, "nothing but the mark of a zip", CASES, lambda: b"PK\x03\x04", "truncated"),
    packed(59, "text named like gzip", FILES[CASES], "bad_container", ".gz"),
    packed(59, "text named like zip", FILES[CASES], "bad_container"),
)  # fmt: skip
BOMBS = (
    packed(67, "a bomb of gzip", lambda: zeros(64 << 20), "bomb", ".gz"),
    packed(67, "a bomb of zip", lambda: zipped((name_of(CASES), b"0" * (40 << 20))), "bomb"),
    packed(67, "a bomb of zip that says it is small", lying, "truncated"),
    packed(67, "zip inside zip", lambda: zipped(("data.zip", alone(CASES))), "bad_archive"),
    packed(67, "zip inside zip under another name", lambda: zipped(("data.csv", alone(CASES))),
           "bad_archive"),
    packed(67, "gzip inside gzip", lambda: gzip.compress(gz(CASES)), "unsupported", ".gz"),
    packed(67, "half a workbook inside gzip", lambda: gzip.compress(b"PK\x03\x04half"),
           "bad_archive", ".gz"),
)  # fmt: skip
ARCHIVES = (
    packed(68, "a path out of the archive", lambda: alone(CASES, "../../x.csv"), "bad_archive"),
    packed(68, "a path out of the archive by other strokes", lambda: alone(CASES, "..\\x.csv"),
           "bad_archive"),
    packed(68, "an absolute path", lambda: alone(CASES, "/etc/x.csv"), "bad_archive"),
    packed(68, "a link", link, "bad_archive"),
    packed(68, "two files", lambda: zipped(("a.csv", b"1"), ("b.csv", b"2")), "bad_archive"),
    packed(68, "no files", zipped, "bad_archive"),
    packed(68, "an archive with a password", locked, "encrypted"),
)  # fmt: skip
FILES_OF_CONTAINERS = (*GOOD, *CUT, *BOMBS, *ARCHIVES)
