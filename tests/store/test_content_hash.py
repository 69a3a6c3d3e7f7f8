"""The name of a content: the same rows in any order, at any size, give the same hash."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest

from kms.domain.intake import Parsed
from kms.store import changes
from kms.store.changes import as_declared, content_hash
from kms.store.facts import fact_table, key_columns, value_columns


def counts(rows: int) -> pa.Table:
    """Return counts with distinct keys, some without a day, in no order."""
    rng = np.random.default_rng(7)
    days = [f"2021-{1 + n // 28:02d}-{1 + n % 28:02d}" for n in range(336)]
    place = rng.permutation(rows)
    return pa.table(
        {
            "disease": ["covid19"] * rows,
            "classification": ["confirmed"] * rows,
            "basis": [("report", "Onset", "\u00f1")[n % 3] for n in place],
            "grain": ["day"] * rows,
            "area": [f"{n // 336:010d}" for n in place],
            "ref_date": [None if n % 997 == 5 else days[n % 336] for n in place],
            "cases": rng.integers(0, 50, rows),
        }
    )


def parsed(table: pa.Table) -> Parsed:
    return as_declared(Parsed(table.num_rows, 0, {}, 0, {"case_count": table}))


def by_definition(content: Parsed) -> str:
    """Hash the sorted rows written as one CSV file."""
    table = fact_table("case_count")
    keys, values = key_columns(table), value_columns(table)
    rows = content.facts["case_count"].select([*keys, *values])
    sink = BytesIO()
    pa_csv.write_csv(rows.sort_by([(key, "ascending") for key in [*keys, *values]]), sink)
    return hashlib.sha256(b"" + b"case_count\0" + sink.getvalue()).hexdigest()


@pytest.mark.parametrize("rows", [0, 1, 5_000])
def test_the_hash_is_of_the_sorted_rows(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_PIECE", 700)  # several pieces, the last one short
    content = parsed(counts(rows))
    assert content_hash(content) == by_definition(content)


def test_many_different_keys_are_sorted_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    content = parsed(counts(2_000))
    numbered = content_hash(content)

    def no_room(_kind: Any) -> Any:
        return type("Narrow", (), {"max": 1})

    monkeypatch.setattr(np, "iinfo", no_room)
    assert content_hash(content) == numbered


def test_a_key_that_stands_twice_is_sorted_by_what_is_said_of_it() -> None:
    table = counts(500)
    again = table.set_column(6, "cases", pa.array(range(500)))
    both = parsed(pa.concat_tables([table, again]))
    assert content_hash(both) == by_definition(both)
    assert content_hash(parsed(pa.concat_tables([again, table]))) == content_hash(both)


def test_order_and_chunks_do_not_matter_and_every_value_does() -> None:
    table = counts(2_000)
    pieces = pa.concat_tables([table.slice(1_000), table.slice(0, 300), table.slice(300, 700)])
    assert content_hash(parsed(pieces)) == content_hash(parsed(table))
    other = table.set_column(6, "cases", pa.array([*table["cases"].to_pylist()[:-1], 99]))
    assert content_hash(parsed(other)) != content_hash(parsed(table))
