"""Cells as they are staged: the quick looks in SQL say what trimming each cell would."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.reading.dates import ISO, DateColumn
from ingest.reading.staging import ENDS, SEPARATOR, Columns, staged_rows

NAMES = ("code", "region", "city", "day", "note")
COLUMNS = Columns(
    key="code",
    place=("region", "city"),
    dates=(DateColumn("day", ISO, date(2020, 1, 15), required=True),),
    keep=("note",),
)
TOTALS = {"TOTAL", "GRAND TOTAL", "SUBTOTAL", "SUB-TOTAL", "TOTALS"}
# Far more often than in files: blanks of every kind, marks, letters that are not ASCII.
PIECES = [*ENDS, SEPARATOR, "\x7f", "\u0661", "n\u0303", "\u00d1", "A", "z", "1", "-", '"', ","]
WORDS = ["Total", "totals", " SUB-total\u00a0", "grand total", "Total cases", "2021-02-03"]
cells = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=4).map("".join), st.sampled_from(WORDS)
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(*[cells] * len(NAMES)), min_size=1, max_size=40))
def test_cells_lose_the_blanks_at_their_ends_and_nothing_else(
    tmp_path: Path, rows: list[tuple[str, ...]]
) -> None:
    path = tmp_path / "cells.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([NAMES, *rows])
    with duckdb.connect() as engine:
        selection = staged_rows(NAMES, 0, COLUMNS, date(2023, 1, 1))
        found = engine.execute(
            f"SELECT key_text, place, note, coalesce(day_fault = 'summary_row', false) "
            f"FROM ({selection})", [str(path)]
        ).fetchall()  # fmt: skip
        expected = [expected_of(engine, row) for row in rows]
    assert found == expected


def expected_of(engine: duckdb.DuckDBPyConnection, row: Sequence[str]) -> tuple[object, ...]:
    """Trim every cell, as one would."""
    code, region, city, _, note = (cell.strip(ENDS) for cell in row)
    place = SEPARATOR.join(cell.replace(SEPARATOR, " ") for cell in (region, city))
    (key,) = engine.execute("SELECT nfc_normalize(?)", [code]).fetchall()[0]
    return key, place, note, {code.upper(), region.upper()} & TOTALS != set()
