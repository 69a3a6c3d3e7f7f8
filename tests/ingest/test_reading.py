"""Reading files of any line end, and refusing those whose quotes do not close."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from ingest.batch import Batch, one_kind_of_line_end
from ingest.load import find_files
from ingest.source import discover, source_named
from kms.config import ROOT
from kms.domain.intake import ROW, Parsed
from kms.errors import ContractError
from kms.store.changes import content_hash

SAMPLES = ROOT / "data" / "sample"
# Their first file is a list beside the rows, or has no date by which a header would be known.
OF_SEVERAL_FILES = {"doh_testing_aggregates", "ilostat_sdmx", "jhu", "osha_enforcement"}


def parse(source_id: str, content: bytes, folder: Path) -> Parsed:
    """Parse the first part of a source's sample as given, the others as they are."""
    room = folder / uuid4().hex
    room.mkdir()
    first, *others = find_files(source_named(source_id), [SAMPLES])
    path = room / first.name
    path.write_bytes(content)
    published, source = datetime(2026, 1, 26, 8, tzinfo=UTC), source_named(source_id)
    if source.split is not None:  # the newest of several issues
        published, path = list(source.split(path, room / "issues"))[-1]
    return source.parse(Batch(source_id, (path, *others), published, room / "tmp"))


def sample(source_id: str) -> bytes:
    """Return the first part of a source's sample."""
    return find_files(source_named(source_id), [SAMPLES])[0].read_bytes()


@pytest.mark.parametrize("source_id", sorted(discover()))
@pytest.mark.parametrize(
    "kind", ["windows", "mixed", "mixed later", "spreadsheet", "old mac", "byte-order mark"]
)
def test_line_ends_and_marks_do_not_change_the_content(
    source_id: str, kind: str, tmp_path: Path
) -> None:
    good = sample(source_id)
    lines = good.split(b"\n")
    changed = {
        "windows": good.replace(b"\n", b"\r\n"),
        "mixed": b"\r\n".join(lines[:9]) + b"\n" + b"\n".join(lines[9:]),
        "mixed later": b"\n".join(lines[:9]) + b"\n" + b"\r\n".join(lines[9:]),
        "spreadsheet": good.replace(b"\n", b"\r\n").replace(b"recorded\r\n", b"recorded\n"),
        "old mac": good.replace(b"\n", b"\r"),
        "byte-order mark": b"\xef\xbb\xbf" + good,
    }[kind]
    expected = parse(source_id, good, tmp_path)
    found = parse(source_id, changed, tmp_path)
    assert found.rows_read == expected.rows_read
    assert content_hash(found) == content_hash(expected)


@pytest.mark.parametrize("source_id", sorted(discover()))
def test_a_file_whose_quotes_do_not_close_is_refused(source_id: str, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="Nothing was taken in"):
        parse(source_id, sample(source_id) + b'"open,and never closed\n', tmp_path)


@pytest.mark.parametrize("source_id", sorted(discover()))
def test_a_header_among_the_rows_is_left_out_by_name(source_id: str, tmp_path: Path) -> None:
    good = sample(source_id)
    header = good.split(b"\n")[0]
    found = parse(source_id, good + header + b"\n", tmp_path)
    if source_id not in OF_SEVERAL_FILES:
        assert found.counts(ROW) == {"repeated_header": 1}
    assert sum(found.counts(ROW).values()) <= 1
    assert content_hash(found) == content_hash(parse(source_id, good, tmp_path))


def test_a_line_end_on_the_edge_of_a_chunk_stays_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.batch._CHUNK", 4)
    path = tmp_path / "part.csv"
    path.write_bytes(b"abc\r\ndef\rgh\n\r")
    with one_kind_of_line_end(path, tmp_path) as copy:
        assert copy.read_bytes() == b"abc\ndef\ngh\n\n"
