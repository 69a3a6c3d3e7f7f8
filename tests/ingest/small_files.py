"""Reading small hand-made files of a source, with what holds of every file checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.batch import Batch
from ingest.opening.parts import open_parts
from ingest.source import source_named
from kms.domain.intake import ROW, Parsed
from kms.store.facts import arrow_schema, fact_table, key_columns

PUBLISHED = datetime(2026, 1, 26, 8, tzinfo=UTC)


def parse_texts(source_id: str, folder: Path, texts: Mapping[str, str]) -> Parsed:
    """Write files of one issue and read them."""
    parts = []
    for name, text in texts.items():
        parts.append(folder / name)
        parts[-1].write_text(text, encoding="utf-8")
    return parse_parts(source_id, folder, parts)


def parse_parts(
    source_id: str, folder: Path, parts: list[Path], at: datetime = PUBLISHED
) -> Parsed:
    """Read files of one issue; every row is accounted for, every fact has its whole key once."""
    source = source_named(source_id)
    room = folder / "room"
    room.mkdir()
    opened = open_parts(source_id, parts, source.form, room)
    parsed = source.parse(Batch(source_id, opened.readable, at, folder / "tmp"))
    assert parsed.rows_read == parsed.rows_accepted + parsed.rows_rejected + parsed.rows_duplicate
    assert sum(parsed.counts(ROW).values()) == parsed.rows_rejected
    assert not list((folder / "tmp").iterdir())
    for name, content in parsed.facts.items():
        table = fact_table(name)
        assert content.schema == arrow_schema(table)
        for column in content.schema.names:
            length = getattr(table.c[column].type, "length", None)
            texts = [value for value in content[column].to_pylist() if isinstance(value, str)]
            assert length is None or max(map(len, texts), default=0) <= length
        keys = content.select(key_columns(table))
        assert all(keys[column].null_count == 0 for column in keys.column_names)
        assert keys.group_by(keys.column_names).aggregate([]).num_rows == keys.num_rows
    return parsed


def rows_of(parsed: Parsed, name: str) -> list[dict[str, Any]]:
    """Return the facts of one table as rows."""
    found: list[dict[str, Any]] = parsed.facts[name].to_pylist()
    return found


def values_of(parsed: Parsed, name: str, *keys: str, value: str) -> dict[Any, Any]:
    """Return one value of the facts of a table by some of its columns."""
    return {
        tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]: row[value]
        for row in rows_of(parsed, name)
    }
