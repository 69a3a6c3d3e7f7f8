"""Two consecutive real releases: what changed between them, counted by pandas from the files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from ingest.load import load
from kms.config import ROOT, Settings
from kms.domain.intake import Changed
from kms.reference import load_matcher
from kms.store.engine import Store
from kms.store.vintages import changes_of, vintages
from tests.ingest.test_case_information import FETCHED, SOURCE, released

TABLE = "case_count"
EARLIEST = pd.Timestamp("2020-01-15")  # the first case in the country fell ill on the 18th
DAYS = ("20200414", "20200415", "20200416")
Cells = Mapping[tuple[str, str, str], int]


@pytest.fixture
def data(shared: Path) -> Path:
    """Return the folder of real data."""
    return shared / "data"


def cells(data: Path, day: str) -> Cells:
    """Count the rows of a release by basis, place and day, with pandas alone."""
    rows = pd.read_csv(released(data, day), dtype=str, keep_default_na=False)
    matcher = load_matcher()
    rows["place"] = [
        matcher.match_april_2020(region, city).code
        for region, city in zip(rows["RegionRes"], rows["ProvCityRes"], strict=True)
    ]
    # These files hold no onset: each case stands a second time as one whose onset is unknown.
    axes = {"report": "DateRepConf", "report_onset_unknown": "DateRepConf", "death": "DateDied"}
    found: dict[tuple[str, str, str], int] = {}
    for basis, column in axes.items():
        days = pd.to_datetime(rows[column], format="%m/%d/%Y", errors="coerce")
        days = days.where(days.between(EARLIEST, pd.Timestamp(day)))  # day and month exchanged
        told = rows.assign(day=days.dt.strftime("%Y-%m-%d"))[days.notna()]
        for place, on in zip(told["place"], told["day"], strict=True):
            found[basis, place, on] = found.get((basis, place, on), 0) + 1
    return found


def between(before: Cells, after: Cells) -> Changed:
    """Count the cells that came, changed and went, and the cases on their report day."""
    reports = [sum(n for (b, _, _), n in each.items() if b == "report") for each in (before, after)]
    return Changed(
        added=len(after.keys() - before.keys()),
        changed=sum(before[cell] != after[cell] for cell in before.keys() & after.keys()),
        withdrawn=len(before.keys() - after.keys()),
        cases=reports[1] - reports[0],
    )


@pytest.mark.parametrize(("first", "second"), list(pairwise(DAYS)))
def test_a_real_release_tells_what_it_changed_in_the_one_before(
    store: Store, settings: Settings, data: Path, first: str, second: str
) -> None:
    before, after = cells(data, first), cells(data, second)
    for day in (first, second):
        (report,) = load(store, settings, SOURCE, [released(data, day)], fetched_at=FETCHED)
    expected = between(before, after)
    assert report.changes[TABLE] == expected
    assert min(expected.added, expected.changed, expected.withdrawn) > 0
    assert expected.cases == {"20200415": 230, "20200416": 207}[second]


def test_releases_out_of_order_tell_the_same(store: Store, settings: Settings, data: Path) -> None:
    for day in (DAYS[2], DAYS[0], DAYS[1]):
        load(store, settings, SOURCE, [released(data, day)], fetched_at=FETCHED)
    with store.read() as connection:
        found = [changes_of(connection, row["id"])[TABLE] for row in vintages(connection)]
    states: list[Cells] = [{}, *(cells(data, day) for day in DAYS)]
    assert list(reversed(found)) == [between(a, b) for a, b in pairwise(states)]


def test_the_command_names_added_changed_and_withdrawn(tmp_path: Path, data: Path) -> None:
    said = []
    for number, day in enumerate(DAYS[:2]):
        words = ["ingest", SOURCE.source_id, str(released(data, day)), *["--json"] * number]
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(ROOT / "app.py"), *words],
            cwd=ROOT, env=os.environ | {"KMS_HOME": str(tmp_path / "home")},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    first, second = cells(data, DAYS[0]), cells(data, DAYS[1])
    assert (
        f"case_count: {len(first):,} figures added, 0 changed, 0 withdrawn (+5,223 cases)"
        in said[0]
    )
    assert json.loads(said[1])["changes"][TABLE] == vars(between(first, second))
