"""Case investigations of the demonstration: through the real source, against their truth."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ingest.demo.cases.investigation_releases import Office, write_investigations
from ingest.demo.cases.investigations import OVERWHELMED
from ingest.demo.cases.persons import make_persons
from ingest.demo.cases.place_cells import place_cells
from ingest.demo.cases.records import make_records
from ingest.demo.cases.releases import Register, date_cells
from ingest.demo.cases.transmission import simulate
from ingest.demo.clock import LAST_DAY, first_onset, investigation_days, published_at, release_days
from ingest.demo.manifest import WrittenRelease
from ingest.demo.places import read_geography
from ingest.demo.workplaces.establishments import make_establishments
from ingest.load import load_vintage
from ingest.source import discover
from kms.compute.contacts.tracing import Tracing, tracing
from kms.config import Settings
from kms.domain.areas import COUNTRY
from kms.domain.intake import IntakeReport
from kms.domain.series import Series
from kms.reference import load_areas
from kms.store.engine import open_store
from kms.store.facts import fact_table
from kms.store.migrate import migrate
from kms.store.states import state_at
from metrics.states import State

SOURCE = "doh_case_investigation"
SCALE, MONTHS, TAKEN = 0.5, 7, 4
WINDOW = 14


@dataclass(frozen=True)
class Made:
    """The issues written and taken in, what was computed, and where the truth lies."""

    folder: Path
    issues: list[WrittenRelease]
    reports: list[IntakeReport]
    found: Tracing
    pairs: np.ndarray[tuple[int, ...], np.dtype[np.int64]]  # serial intervals, one a pair


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("demo")
    issues = _write(folder)
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    store = open_store(settings)
    migrate(store)
    # A week apart, so that it can be learned how investigations close.
    weeks = [LAST_DAY - timedelta(weeks=n) for n in range(TAKEN)][::-1]
    reports = [
        load_vintage(store, settings, discover()[SOURCE], [issue.path],
                     instant=published_at(issue.day), fetched_at=published_at(issue.day))
        for issue in issues if issue.day in weeks
    ]  # fmt: skip
    with store.read() as connection:
        last = published_at(LAST_DAY)
        found = tracing(connection, load_areas(), source_id=SOURCE, disease="covid19", as_of=last)
        pairs = state_at(connection, fact_table("pair_count"), SOURCE, last)
    days = np.repeat(pairs["serial_interval_days"].to_numpy(), pairs["pairs"].to_numpy())
    yield Made(folder, issues, reports, found, days)
    store.close()


def _write(folder: Path) -> list[WrittenRelease]:
    """Write the issues as the demonstration does, without its other files."""
    streams = [np.random.default_rng(n) for n in range(5)]
    geography = read_geography()
    epidemic = simulate(geography, streams[0], months=MONTHS, scale=SCALE)
    people = make_persons(epidemic, geography, streams[1])
    places, dates = place_cells(geography), date_cells(first_onset(MONTHS))
    records = make_records(
        people, streams[2], geography=geography, places=places, dates=dates,
        releases=release_days(),
    )  # fmt: skip
    firms = make_establishments(geography, streams[3], 500)
    office = Office(geography, Register(people, records, places, dates), firms)
    return write_investigations(folder, office, streams[4])


@pytest.fixture(scope="module")
def rows(made: Made) -> pd.DataFrame:
    return pd.read_csv(made.issues[-1].path, dtype=str, keep_default_na=False)


def series(made: Made, indicator: str, area: str, sector: str = "") -> Series:
    key = (indicator, area, sector)
    return next(e.series for e in made.found.entries if (e.indicator, e.area, e.sector) == key)


def test_every_issue_is_accepted_as_it_was_written(made: Made) -> None:
    assert [issue.day for issue in made.issues] == investigation_days()
    assert len(made.reports) == TAKEN
    for report in made.reports:
        assert (report.status, report.tripwires) == ("accepted", ())
        assert report.rows_rejected < 0.002 * report.rows_read
        assert report.flags["required"] > 0
    assert made.reports[-1].rows_read == made.issues[-1].rows


def test_cases_are_those_of_the_period_as_known_on_the_day(made: Made) -> None:
    earlier, last = (
        pd.read_csv(made.issues[n].path, dtype=str, keep_default_na=False).drop_duplicates()
        for n in (-4, -1)
    )
    assert set(earlier.case_id) <= set(last.case_id)
    both = earlier.merge(last, on=["case_id", "report_date", "psgc"], suffixes=("", "_later"))
    was, now = both.investigation_status, both.investigation_status_later
    assert ((was == "pending") & (now == "complete")).sum() > 50
    assert not ((was == "complete") & (now == "pending")).any()
    told = both[was == "complete"]
    assert (told.exposure == told.exposure_later).all()
    assert (earlier[earlier.investigation_status == "pending"].exposure == "").all()


def test_the_published_share_is_that_of_the_file(made: Made, rows: pd.DataFrame) -> None:
    rows = rows.drop_duplicates()
    facts = made.found.facts
    assert facts is not None
    share = series(made, "traced_share", COUNTRY)
    assert share.end == LAST_DAY - timedelta(days=int(str(facts["cut_days"])))
    day = pd.to_datetime(rows.report_date, errors="coerce").dt.date
    since = share.end - timedelta(days=WINDOW)
    window = rows[(day > since) & (day <= share.end)]
    closed = window[(window.investigation_status == "complete") & (window.exposure != "")]
    assert share.value[-1] == pytest.approx((closed.exposure != "unknown").mean(), abs=1e-12)
    assert share.completeness[-1] == pytest.approx(len(closed) / len(window), abs=1e-12)
    at_work = (rows.cluster_setting == "workplace") & (rows.cluster_id != "")
    clusters = rows[at_work].assign(day=day)
    sizes = clusters.groupby("cluster_id").agg(n=("day", "size"), last=("day", "max"))
    active = (sizes["last"] > LAST_DAY - timedelta(days=WINDOW)) & (sizes.n > 1)
    assert series(made, "workplace_clusters", COUNTRY, "ALL").value[0] == active.sum() > 0


def test_ranges_hold_the_true_share_of_regions(made: Made) -> None:
    true = json.loads((made.folder / "truth" / "tracing.json").read_text())
    inside = []
    for region, share in true["traced_share_of_units"].items():
        if not any(e.area == region for e in made.found.entries if e.indicator == "traced_share"):
            continue
        found = series(made, "traced_share", region)
        for back in range(0, len(found), WINDOW):  # windows that share no day
            place = len(found) - 1 - back
            if found.state[place] in (State.FINAL, State.PROVISIONAL):
                inside.append(found.low[place] <= share <= found.high[place])
    assert len(inside) > 50
    assert np.mean(inside) >= 0.9
    # A share one is not sure of either way is no answer: without the design effect it is too sure.
    nation = series(made, "traced_share", COUNTRY)
    assert (nation.high - nation.low)[-1] < 0.15


def test_the_final_share_is_what_is_found_in_the_end(made: Made) -> None:
    final = series(made, "traced_share_final", COUNTRY)
    with gzip.open(made.folder / "truth" / "tracing_true.csv.gz", "rt") as stream:
        known = cases = 0
        for row in csv.DictReader(stream):
            back = (final.end - date.fromisoformat(row["report_date"])).days
            if 0 <= back < WINDOW:
                known, cases = known + int(row["known"]), cases + int(row["cases"])
    # Those never closed are like the rest, and residents only.
    assert final.low[0] - 0.02 <= known / cases <= final.high[0] + 0.02


def test_an_office_that_closes_few_is_provisional_or_too_few(made: Made) -> None:
    found = series(made, "traced_share", OVERWHELMED)
    assert found.completeness[-1] < 0.6
    assert State(int(found.state[-1])) in (State.PROVISIONAL, State.TOO_FEW)
    assert State.PROVISIONAL in found.state


def test_linked_pairs_have_the_serial_interval_of_the_epidemic(made: Made) -> None:
    assert len(made.pairs) > 500
    assert 2.7 < made.pairs.mean() < 3.7  # 3.06, and at least a day
