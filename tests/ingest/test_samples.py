"""Every source comes with a sample that shows its format and can be taken in as it is."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

import pytest

from ingest.load import find_files, load
from ingest.source import discover, source_named
from kms.config import ROOT, Settings
from kms.store.engine import Store

SAMPLES = ROOT / "data" / "sample"
FETCHED = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize("source_id", sorted(discover()))
def test_the_sample_of_a_source_is_taken_in_whole(
    store: Store, settings: Settings, source_id: str
) -> None:
    for report in load(store, settings, source_named(source_id), [SAMPLES], fetched_at=FETCHED):
        assert report.status == "accepted"
        assert report.rows_accepted == report.rows_read > 0
        assert (report.rejects, report.flags) == ({}, {})


def test_every_sample_belongs_to_one_source() -> None:
    for path in SAMPLES.iterdir():
        if path.suffix != ".md":
            assert sum(source.takes(path.name) for source in discover().values()) == 1


def test_the_case_sample_has_a_cell_of_several_lines() -> None:
    (path,) = find_files(source_named("doh_case_information"), [SAMPLES])
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert len(rows[0]) == 22
    assert any("\n" in row["ValidationStatus"] for row in rows)
