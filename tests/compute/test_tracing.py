"""Traced shares from issues of case investigations, against the rows themselves."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ingest.load import load
from ingest.source import source_named
from kms.compute.contacts.closures import issues_to_compare
from kms.compute.contacts.counts import Known
from kms.compute.contacts.tracing import Tracing, _Basis, tracing
from kms.config import MANILA, Settings
from kms.domain.areas import COUNTRY
from kms.domain.indicators import ALL_SECTORS
from kms.domain.series import Series
from kms.reference import load_areas
from kms.store.engine import Store, open_store
from kms.store.migrate import migrate
from metrics.states import State

SOURCE = "doh_case_investigation"
FIRST, LAST = date(2026, 1, 1), date(2026, 3, 8)  # a Sunday
ISSUES = [LAST - timedelta(weeks=n) for n in (3, 2, 1, 0)]
NCR, REGION, CEBU, BOHOL, DAVAO = (
    "1300000000", "0700000000", "0702200000", "0701200000", "1100000000",
)  # fmt: skip
FOUND_AFTER, GIVEN_UP_AFTER = 2, 8  # days from the report
COLUMNS = (
    "case_id", "disease", "classification", "region", "province", "report_date", "onset_date",
    "investigation_status", "exposure", "cluster_id", "cluster_setting", "establishment_id", "psic",
    "city_municipality", "psgc", "source_case_id", "occupation",
)  # fmt: skip
Row = dict[str, str]


@dataclass(frozen=True)
class Place:
    """Cases a day, of which so many in ten have a source; of ten, so many are never closed."""

    region: str
    province: str
    a_day: int
    traced: int
    never: int = 0


PLACES = (
    Place("NCR", "NCR", 20, 7),
    Place("Region VII: Central Visayas", "CEBU", 10, 4),
    Place("Region VII: Central Visayas", "BOHOL", 1, 5),
    Place("Region XI: Davao Region", "DAVAO DEL SUR", 10, 6, never=6),
)


def rows_on(day: date) -> list[Row]:
    """Return every case reported by a day, as known then."""
    rows = []
    for place in PLACES:
        for n in range((day - FIRST).days + 1):
            reported = FIRST + timedelta(days=n)
            for k in range(place.a_day):
                # A fixed turn: the share of each ten is exact, and days differ.
                turn = (n * place.a_day + k) * 7 % 10
                traced = turn < place.traced
                never = (n * place.a_day + k) // 10 % 10 < place.never
                wait = FOUND_AFTER if traced else GIVEN_UP_AFTER
                closed = not never and reported + timedelta(days=wait) <= day
                rows.append(_row(place, reported, k, closed=closed, traced=traced))
    return rows


def _row(place: Place, reported: date, k: int, *, closed: bool, traced: bool) -> Row:
    row = dict.fromkeys(COLUMNS, "") | {
        "case_id": f"{place.province[:3]}-{reported:%m%d}-{k}", "disease": "covid19",
        "classification": "confirmed", "region": place.region, "province": place.province,
        "report_date": reported.isoformat(),
        "investigation_status": "complete" if closed else "pending",
    }  # fmt: skip
    if closed:
        row["exposure"] = ("imported" if k == 0 else "known_contact") if traced else "unknown"
    if closed and traced and place.province == "NCR" and reported.weekday() == 0 and k < 9:
        cluster = {"cluster_id": f"CL-{reported:%m%d}", "cluster_setting": "workplace"}
        row |= cluster | {"exposure": "cluster", "psic": "10711", "establishment_id": "EST-1"}
    return row


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    opened = open_store(settings)
    migrate(opened)
    folder = tmp_path_factory.mktemp("files")
    for day in ISSUES:
        path = folder / f"doh_case_investigation_{day:%Y%m%d}.csv"
        write(path, rows_on(day))
        load(opened, settings, source_named(SOURCE), [path], fetched_at=at(day))
    yield opened
    opened.close()


def write(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 18, tzinfo=MANILA).astimezone(UTC)


def found_on(store: Store, day: date, **changes: Any) -> Tracing:
    with store.read() as connection:
        return tracing(
            connection, load_areas(), source_id=SOURCE, disease="covid19", as_of=at(day), **changes
        )


@pytest.fixture(scope="module")
def found(store: Store) -> Tracing:
    return found_on(store, LAST)


def series(found: Tracing, indicator: str, area: str, sector: str = "") -> Series:
    key = (indicator, area, sector)
    return next(e.series for e in found.entries if (e.indicator, e.area, e.sector) == key)


def test_the_cut_is_learned_from_how_past_investigations_closed(found: Tracing) -> None:
    assert found.facts is not None
    # Nine in ten of those that close have closed when the unknown ones are given up.
    assert found.facts["cut_days"] == GIVEN_UP_AFTER
    assert found.facts["learned"]
    assert found.facts["to"] == LAST.isoformat()
    assert found.facts["overwhelmed"] == []


@pytest.mark.parametrize("area", [NCR, REGION, CEBU, DAVAO, COUNTRY])
def test_shares_are_those_of_the_rows(found: Tracing, area: str) -> None:
    rows = pd.DataFrame(rows_on(LAST))
    inside = {
        NCR: ["NCR"], REGION: ["CEBU", "BOHOL"], CEBU: ["CEBU"], DAVAO: ["DAVAO DEL SUR"],
        COUNTRY: [place.province for place in PLACES],
    }[area]  # fmt: skip
    rows = rows[rows.province.isin(inside)]
    reported = pd.to_datetime(rows.report_date).dt.date
    share = series(found, "traced_share", area)
    assert share.end == LAST - timedelta(days=GIVEN_UP_AFTER)
    for back in (0, 5, 20):
        end = share.end - timedelta(days=back)
        window = rows[(reported > end - timedelta(days=14)) & (reported <= end)]
        closed = window[window.investigation_status == "complete"]
        known = closed.exposure.isin(["known_contact", "imported", "cluster"]).mean()
        assert share.value[-1 - back] == pytest.approx(known)
        assert share.completeness[-1 - back] == pytest.approx(len(closed) / len(window))
        assert share.low[-1 - back] < known < share.high[-1 - back]
    rest = series(found, "untraceable_share", area)
    assert np.allclose(rest.value + share.value, 1)
    assert np.allclose(rest.low, 1 - share.high)
    assert np.array_equal(rest.state, share.state)


def test_states_tell_too_few_and_many_pending(found: Tracing) -> None:
    assert State(int(series(found, "traced_share", NCR).state[-1])) == State.FINAL
    assert State(int(series(found, "traced_share", BOHOL).state[-1])) == State.TOO_FEW
    davao = series(found, "traced_share", DAVAO)
    assert 0.25 < davao.completeness[-1] < 0.55
    assert State(int(davao.state[-1])) == State.PROVISIONAL
    assert "1900000000" not in {e.area for e in found.entries if e.indicator == "traced_share"}


def test_the_final_share_says_what_pending_cases_will_turn_out(found: Tracing) -> None:
    final = series(found, "traced_share_final", NCR)
    assert final.end == date(2026, 2, 28)  # the last Saturday at least 7 days old
    # By then all of it is closed; the plain share of days 0 to 7 old would be too high.
    known = [row for row in rows_on(date(2026, 4, 1)) if row["province"] == "NCR"]
    window = [
        row for row in known
        if final.end - timedelta(days=14) < date.fromisoformat(row["report_date"]) <= final.end
    ]  # fmt: skip
    truth = np.mean([row["exposure"] != "unknown" for row in window])
    assert final.value[0] == pytest.approx(truth, abs=0.01)
    assert final.low[0] <= truth <= final.high[0]


def test_clusters_of_the_last_fortnight_are_counted_by_area_and_section(found: Tracing) -> None:
    # Mondays 23 February and 2 March lie in the fortnight to 8 March, and are closed.
    for area, section in ((COUNTRY, ALL_SECTORS), (COUNTRY, "C"), (NCR, "C"), (NCR, ALL_SECTORS)):
        assert series(found, "workplace_clusters", area, section).value.tolist() == [2.0]
    assert series(found, "workplace_clusters", CEBU, ALL_SECTORS).value.tolist() == [0.0]
    assert series(found, "workplace_clusters", COUNTRY, "Q").value.tolist() == [0.0]
    assert not any(
        e.sector == "C" and e.area == CEBU for e in found.entries if e.indicator[:4] == "work"
    )


def test_no_cluster_is_no_zero_where_investigations_are_pending() -> None:
    closed, pending = np.zeros((20, 4)), np.zeros((20, 4))
    closed[10:], pending[10:] = [5.0, 5.0, 1.0, 0.0], [0.0, 3.0, 9.0, 0.0]
    closed[:6], pending[:6] = 100.0, 100.0  # before the fortnight
    counts = Known(date(2026, 1, 1), ("a", "b", "c", "d"), closed, closed * 0, pending)
    states = _Basis(counts, ("",) * 4, (), np.ones(4)).cluster_states()
    assert states == {
        "a": State.FINAL, "b": State.PROVISIONAL, "c": State.HIDDEN, "d": State.FINAL,
    }  # fmt: skip
    old = _Basis(counts, ("",) * 4, (), np.ones(4), stale=True).cluster_states()
    assert old["a"] == old["b"] == State.STALE
    assert old["c"] == State.HIDDEN


def test_clusters_widen_the_range(found: Tracing) -> None:
    effect = series(found, "traced_design_effect", NCR).value[-1]
    # Two clusters of up to 9 among 280 cases: sizes squared over cases.
    sizes: dict[str, int] = {}
    for row in rows_on(LAST):
        if row["cluster_id"]:
            sizes[row["cluster_id"]] = sizes.get(row["cluster_id"], 0) + 1
    window = [sizes[name] for name in ("CL-0216", "CL-0223")]
    assert min(window) > 1
    expected = (sum(m * m for m in window) + 280 - sum(window)) / 280
    assert effect >= expected - 1e-6


def test_without_earlier_issues_the_cut_is_the_rules_and_no_final_share_is_told(
    store: Store,
) -> None:
    found = found_on(store, ISSUES[0])
    assert found.facts is not None
    assert (found.facts["cut_days"], found.facts["learned"]) == (7, False)
    assert not any(e.indicator == "traced_share_final" for e in found.entries)
    assert series(found, "traced_share", NCR).end == ISSUES[0] - timedelta(days=7)


def test_a_source_that_stopped_is_too_old(store: Store) -> None:
    found = found_on(store, LAST + timedelta(days=15))
    states = series(found, "traced_share", NCR).state
    assert State(int(states[-1])) == State.STALE
    assert State(int(states[-2])) == State.FINAL
    assert State(int(series(found, "traced_share_final", NCR).state[0])) == State.STALE
    young = found_on(store, LAST + timedelta(days=14))
    assert State(int(series(young, "traced_share", NCR).state[-1])) == State.FINAL


def test_nothing_is_told_of_another_disease_or_before_the_first_issue(store: Store) -> None:
    assert found_on(store, FIRST) == Tracing()
    with store.read() as connection:
        other = tracing(
            connection, load_areas(), source_id=SOURCE, disease="measles", as_of=at(LAST)
        )
    assert other == Tracing()


def test_weekly_issues_are_compared_by_weeks_and_daily_ones_by_days() -> None:
    weeks = [LAST - timedelta(weeks=n) for n in range(9)][::-1]
    days = [LAST - timedelta(days=n) for n in range(4)][::-1]
    assert issues_to_compare(weeks) == (weeks[:-7:-1], 7)
    assert issues_to_compare(days) == (days[::-1], 1)
    # A run of weeks that ended a few days ago is longer than what began since.
    late = [*weeks[:-1], LAST - timedelta(days=2), LAST - timedelta(days=1)]
    assert issues_to_compare(late) == (weeks[-2:-8:-1], 7)
    assert issues_to_compare([LAST, LAST - timedelta(days=7)][::-1]) == ([], 0)
    assert issues_to_compare([]) == ([], 0)
