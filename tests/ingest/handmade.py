"""Hand-made files: rows written as a layout has them, read, and checked for what always holds."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.batch import Batch
from ingest.source import Source
from kms.domain.intake import ROW, Parsed
from kms.store.engine import Store
from kms.store.facts import arrow_schema, fact_table, known_at, read_columns

PUBLISHED = datetime(2026, 1, 26, 8, 0, tzinfo=UTC)
Row = Mapping[str, str]
Found = list[dict[str, Any]]
# A row's changes, and the code and column of the fault they lead to.
Cases = Sequence[tuple[dict[str, str], str, str]]


def write(folder: Path, source: Source, rows: Sequence[Row], header: Sequence[str] = ()) -> Path:
    """Write rows under the header given, or that of the first row."""
    path = folder / f"{source.source_id}_20260126.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header or list(rows[0]), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(source: Source, path: Path, rows: int) -> Parsed:
    """Read a file; every row is accounted for and every fact has its table's columns."""
    parsed = source.parse(Batch(source.source_id, (path,), PUBLISHED, path.parent / "tmp"))
    assert parsed.rows_read == rows
    assert sum(parsed.counts(ROW).values()) == parsed.rows_rejected
    for name, content in parsed.facts.items():
        assert content.schema == arrow_schema(fact_table(name))
    return parsed


def take(source: Source, folder: Path, *rows: Row) -> Parsed:
    """Write and read rows."""
    return read(source, write(folder, source, rows), len(rows))


def facts(parsed: Parsed, name: str = "") -> Found:
    """Return the facts of the one table a file fills, or of the one named."""
    (only,) = (name,) if name else tuple(parsed.facts)
    found: Found = parsed.facts[only].to_pylist()
    return found


def known(store: Store, source: Source, name: str) -> dict[str, list[Any]]:
    """Return what the store knows of a source's facts."""
    with store.read() as connection:
        statement = known_at(fact_table(name), source.source_id, datetime.max.replace(tzinfo=UTC))
        return read_columns(connection, statement)


def places_of(parsed: Parsed) -> list[tuple[str, int, str, str]]:
    """Return grade, row (from 0), code and column of every fault, in order."""
    return sorted((f.grade, f.record - 1, f.code, f.field) for f in parsed.faults)


def expected(grade: str, cases: Cases, first: int = 0) -> list[tuple[str, int, str, str]]:
    """Return what `places_of` should give for cases whose rows begin at `first`."""
    return [(grade, first + n, code, column) for n, (_, code, column) in enumerate(cases)]
