"""`kms ingest` by its real command: instants, several issues, and every bad file in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.cli.intake import _instant
from kms.config import ROOT
from kms.errors import ConfigError

HEADER = "measure_id,region,province,city_municipality,psgc,psic,starts_on,ends_on,level,"
HEADER += "capacity_share,instrument"
GOOD = "M1,NCR,,,,,2021-03-29,2021-04-11,ECQ,0.5,Resolution 106-A"


def kms(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the real command."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", str(ROOT / "app.py"), *arguments],
        cwd=ROOT, env={**os.environ, "KMS_HOME": str(home)}, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip


def test_issues_taken_in_before_a_refused_one_are_told_first(tmp_path: Path) -> None:
    inside = tmp_path / "issues"
    inside.mkdir()
    for day, rows in (("0412", GOOD), ("0413", "M2,NCR"), ("0414", GOOD)):
        (inside / f"measures_2021{day}.csv").write_text(f"{HEADER}\n{rows}\n", encoding="utf-8")
    done = kms(tmp_path / "home", "ingest", "measures", str(inside), "--json")
    assert done.returncode == 3
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["status"], one["rows_accepted"]) for one in told] == [
        ("accepted", 1), ("refused", 0),
    ]  # fmt: skip
    assert told[0]["vintage"].startswith("measures-20210412T0800Z-")
    again = kms(tmp_path / "home", "ingest", "measures", str(inside))
    assert "unchanged; 1 rows read" in again.stdout
    assert "error: measures: 1 of 1 rows cannot be used" in again.stderr


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("", None),
        ("2021-04-12", datetime(2021, 4, 12, 8, tzinfo=UTC)),
        ("20210412", datetime(2021, 4, 12, 8, tzinfo=UTC)),
        ("2021-04-12T00:00", datetime(2021, 4, 11, 16, tzinfo=UTC)),
        ("2021-04-12T16:00", datetime(2021, 4, 12, 8, tzinfo=UTC)),
        ("2021-04-12T08:00:00+00:00", datetime(2021, 4, 12, 8, tzinfo=UTC)),
    ],
)
def test_a_day_of_publication_alone_is_its_afternoon_in_manila(
    text: str, instant: datetime | None
) -> None:
    assert _instant(text) == instant


@pytest.mark.parametrize("text", ["x", "2021-02-30", "0001-01-01T00:00", "9999-12-31", "21-04-12"])
def test_an_instant_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^--published-at is '.*'; write it as"):
        _instant(text)


def test_files_of_what_was_typed_in_are_not_taken_in_from_elsewhere(tmp_path: Path) -> None:
    file = tmp_path / "measures_20210412.csv"
    file.write_text(f"{HEADER}\n{GOOD}\n", encoding="utf-8")
    done = kms(tmp_path / "home", "ingest", "measures.entered", str(file))
    assert done.returncode == 2
    assert "'measures.entered' holds what was typed in on the pages" in done.stderr
    assert not (tmp_path / "home" / "snapshots").exists()
