"""Vintages: what was known when, in whatever order the issues came."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from kms.config import Settings
from kms.domain.intake import FIELD, ROW, Arrival, Fault, Parsed
from kms.errors import ContractError
from kms.store.engine import Store, open_store
from kms.store.fact_tables import CaseCount
from kms.store.facts import fact_table, known_at, read_columns
from kms.store.migrate import migrate
from kms.store.sources import register_source
from kms.store.tables import FaultCount
from kms.store.vintages import append_vintage, vintages, withdraw_vintage
from tests.conftest import FULL
from tests.store.describing import description

DAY_ONE = datetime(2026, 3, 1, 8, tzinfo=UTC)
Counts = Mapping[tuple[str, str], int]  # (area, ref_date) -> cases


def facts(counts: Counts) -> dict[str, pa.Table]:
    """Return case counts as a source would give them."""
    n = len(counts)
    return {
        "case_count": pa.table(
            {
                "disease": ["covid19"] * n,
                "classification": ["confirmed"] * n,
                "basis": ["report"] * n,
                "grain": ["day"] * n,
                "area": pa.array([area for area, _ in counts], pa.string()),
                "ref_date": pa.array([day for _, day in counts], pa.string()),
                "cases": pa.array(counts.values(), pa.int64()),
            }
        )
    }


def arrival(day: int, counts: Counts) -> Arrival:
    """Return an issue published on a day of March 2026."""
    at = DAY_ONE + timedelta(days=day)
    return Arrival(
        source_id="doh_case_information",
        published_at=at,
        recorded_at=at,
        snapshot_sha256="0" * 64,
        snapshot_path="nowhere",
        parser_version=1,
        parsed=Parsed(
            rows_read=10,
            rows_duplicate=1,
            rows_rejected=2,
            fault_counts={(ROW, "required", "DateRepConf"): 2, (FIELD, "date_future", "X"): 1},
            facts=facts(counts),
            faults=(Fault(ROW, "required", "DateRepConf", "part.csv", 4, 5),),
        ),
    )


def known(store: Store, day: float) -> dict[tuple[str, str], int]:
    """Return what was known on a day of March 2026."""
    with store.read() as connection:
        columns = read_columns(
            connection,
            known_at(
                fact_table("case_count"), "doh_case_information", DAY_ONE + timedelta(days=day)
            ),
        )
    return dict(
        zip(zip(columns["area"], columns["ref_date"], strict=True), columns["cases"], strict=True)
    )


def load(store: Store, issues: Mapping[int, Counts], order: list[int]) -> None:
    """Load issues in an order."""
    register_source(store, description("doh_case_information"))
    for day in order:
        append_vintage(store, arrival(day, issues[day]))


FIRST = {("A", "2026-02-01"): 3, ("A", "2026-02-02"): 5}
SECOND = {("A", "2026-02-01"): 4, ("B", "2026-02-02"): 1}
THIRD = {("A", "2026-02-01"): 4, ("A", "2026-02-02"): 5}


def test_as_of_sees_only_what_was_known(both: Store) -> None:
    load(both, {0: FIRST, 5: SECOND}, [0, 5])
    assert known(both, -0.1) == {}
    assert known(both, 0) == FIRST
    assert known(both, 4.9) == FIRST
    assert known(both, 5) == SECOND


@pytest.mark.parametrize("order", [[0, 5, 9], [9, 5, 0], [5, 0, 9], [5, 9, 0]])
def test_issues_in_any_order_answer_alike(both: Store, order: list[int]) -> None:
    load(both, {0: FIRST, 5: SECOND, 9: THIRD}, order)
    assert [known(both, day) for day in (0, 5, 9)] == [FIRST, SECOND, THIRD]


def test_loading_twice_changes_nothing(both: Store) -> None:
    load(both, {0: FIRST, 5: SECOND}, [0, 5])
    rows = count_rows(both)
    again = append_vintage(both, arrival(0, FIRST))
    assert (again.status, again.rows_changed, count_rows(both)) == ("unchanged", 0, rows)


def test_a_load_writes_only_what_changed(store: Store) -> None:
    load(store, {0: FIRST}, [0])
    report = append_vintage(store, arrival(5, FIRST | {("B", "2026-02-02"): 1}))
    assert report.rows_changed == 1


def test_another_content_of_the_same_instant_is_refused(both: Store) -> None:
    load(both, {0: FIRST}, [0])
    with pytest.raises(ContractError, match="another content"):
        append_vintage(both, arrival(0, SECOND))
    assert known(both, 0) == FIRST


def test_a_withdrawn_vintage_is_as_if_it_never_came(both: Store) -> None:
    load(both, {0: FIRST, 5: SECOND, 9: THIRD}, [0, 5, 9])
    with both.read() as connection:
        wrong = next(v["name"] for v in vintages(connection) if "0306" in v["name"])
    withdraw_vintage(both, wrong, "a test")
    assert [known(both, day) for day in (0, 5, 9)] == [FIRST, FIRST, THIRD]
    append_vintage(both, arrival(5, {("C", "2026-02-03"): 7}))
    assert known(both, 6) == {("C", "2026-02-03"): 7}


def test_the_account_of_rows_and_faults_is_kept(both: Store) -> None:
    load(both, {0: FIRST}, [0])
    with both.read() as connection:
        row = vintages(connection)[0]
        faults = connection.execute(select(func.sum(FaultCount.rows))).scalar_one()
    assert row["rows_read"] == row["rows_accepted"] + row["rows_rejected"] + row["rows_duplicate"]
    assert faults == 3


days = st.sampled_from(["2026-02-01", "2026-02-02", "2026-02-03"])
contents = st.dictionaries(st.tuples(st.sampled_from("ABC"), days), st.integers(0, 3), max_size=6)


@pytest.mark.torture
@settings(max_examples=100 if FULL else 10, deadline=None, suppress_health_check=list(HealthCheck))
@given(issues=st.lists(contents, min_size=2, max_size=5), data=st.data())
def test_random_issues_in_random_order_answer_like_their_contents(
    issues: list[Counts], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    by_day = dict(enumerate(issues))
    order = data.draw(st.permutations(list(by_day)))
    store = open_store(Settings(home=tmp_path_factory.mktemp("home")))
    migrate(store)
    try:
        load(store, by_day, order)
        assert [known(store, day) for day in by_day] == issues
        withdrawn = data.draw(st.sampled_from(sorted(by_day)))
        with store.read() as connection:
            name = sorted(v["name"] for v in vintages(connection))[withdrawn]
        withdraw_vintage(store, name, "a test")
        left = [day for day in by_day if day != withdrawn]
        assert [known(store, day) for day in left] == [by_day[day] for day in left]
        for earlier, later in pairwise(left):
            assert known(store, later - 0.5) == by_day[earlier]
    finally:
        store.close()


def count_rows(store: Store) -> int:
    """Return how many fact rows there are."""
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(CaseCount)).scalar_one()
