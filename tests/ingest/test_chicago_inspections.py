"""The converter of the Chicago inspections: what it writes is what our layout takes."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.chicago_inspections import FEATURES, MATRIX, SCORES, convert, main
from ingest.load import load
from ingest.sources.dole.inspections import SOURCE
from kms.config import Settings
from kms.store.engine import Store
from kms.store.facts import fact_table, known_at, read_columns

FETCHED = datetime(2026, 1, 26, 8, tzinfo=UTC)
FIRST = 1_200


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    found = shared / "data" / "osh" / "food_inspection"
    if not found.exists():
        pytest.skip("the Chicago inspections are not on this machine")
    return found


def test_the_converted_inspections_are_those_pandas_reads(
    folder: Path, tmp_path: Path, store: Store, settings: Settings
) -> None:
    path = tmp_path / "dole_inspections_20150101.csv"
    counts = convert(folder, path, FIRST)
    features = pd.read_csv(folder / FEATURES, nrows=FIRST)
    matrix = pd.read_csv(folder / MATRIX, nrows=FIRST).drop(columns="Inspection_ID")
    groups = features.merge(pd.read_csv(folder / SCORES), on="Inspection_ID", how="left")
    assert counts["inspections"] == FIRST
    assert counts["with inspector"] == groups["Inspector_Assigned"].notna().sum()
    assert counts["items"] == FIRST * 44
    assert counts["items not met"] == (matrix > 0).sum().sum()

    (report,) = load(store, settings, SOURCE, [path], fetched_at=FETCHED)
    assert report.rows_read == report.rows_accepted == counts["items"]
    assert (report.rejects, report.flags) == ({}, {"item_unknown": counts["items"]})
    with store.read() as connection:
        visits, items = (
            pd.DataFrame(
                read_columns(connection, known_at(fact_table(name), SOURCE.source_id, FETCHED))
            )
            for name in ("inspection", "inspection_item")
        )
    unmet = items[~items["compliant_initial"].astype(bool)].groupby("item_code").size()
    theirs = (matrix > 0).sum()
    assert unmet.to_dict() == {
        f"CHICAGO-{int(str(item)):02}": int(n) for item, n in theirs.items() if n
    }
    assert set(visits["area"]) == {"nonplace:unknown"}
    assert visits["opened_on"].value_counts().to_dict() == (
        features["Inspection_Date"].str[:10].value_counts().to_dict()
    )
    assert visits["establishment_id"].nunique() == features["License"].nunique()
    inspectors = visits["inspector"].dropna().str.split("-").str[-1].value_counts().to_dict()
    assert inspectors == groups["Inspector_Assigned"].value_counts().to_dict()


def test_the_converter_says_what_it_wrote(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["chicago", str(folder), str(tmp_path / "o.csv"), "--first=2"])
    main()
    assert capsys.readouterr().out.split() == [
        "inspections", "2", "with", "inspector", "2", "items", "88", "items", "not", "met", "5",
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["chicago"])
    main()
    assert "nothing to convert" in capsys.readouterr().out
