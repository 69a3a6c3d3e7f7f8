"""Issues that speak of some days only, among whole ones, in whatever order they come."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kms.domain.intake import Arrival, Parsed, Span
from kms.store.engine import Store
from kms.store.facts import fact_table, known_at, read_columns
from kms.store.sources import register_source
from kms.store.vintages import append_vintage, vintages, withdraw_vintage
from tests.conftest import FULL
from tests.store.describing import description
from tests.store.test_vintages import DAY_ONE, Counts, facts

DAYS = [f"2026-02-0{n}" for n in range(1, 6)]
NUMBER = count()
Issue = tuple[Counts, tuple[str, str] | None]

spans = st.none() | st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)).map(
    lambda ends: (min(ends), max(ends))
)


@st.composite
def issues(draw: st.DrawFn) -> Issue:
    """Return an issue: its counts lie in its span."""
    span = draw(spans)
    spoken = [day for day in DAYS if span is None or span[0] <= day <= span[1]]
    key = st.tuples(st.sampled_from("AB"), st.sampled_from(spoken))
    return draw(st.dictionaries(key, st.integers(0, 3), max_size=6)), span


def arrival(source_id: str, day: int, issue: Issue) -> Arrival:
    """Return an issue published on a day of March 2026."""
    counts, span = issue
    at = DAY_ONE + timedelta(days=day)
    return Arrival(
        source_id=source_id,
        published_at=at,
        recorded_at=at,
        snapshot_sha256="0" * 64,
        snapshot_path="nowhere",
        parser_version=1,
        parsed=Parsed(
            rows_read=len(counts),
            rows_duplicate=0,
            rows_rejected=0,
            fault_counts={},
            facts=facts(counts),
            spans={"case_count": Span("ref_date", *span)} if span else {},
        ),
    )


def told(found: dict[int, Issue]) -> dict[int, dict[tuple[str, str], int]]:
    """Tell by hand what is known on each day: later issues replace the days they speak of."""
    state: dict[tuple[str, str], int] = {}
    after = {}
    for day, (counts, span) in sorted(found.items()):
        kept = {} if span is None else {
            key: n for key, n in state.items() if not span[0] <= key[1] <= span[1]
        }  # fmt: skip
        state = {**kept, **counts}
        after[day] = state
    return after


def known(store: Store, source_id: str, day: int) -> dict[tuple[str, str], int]:
    """Return what was known on a day of March 2026."""
    statement = known_at(fact_table("case_count"), source_id, DAY_ONE + timedelta(days=day))
    with store.read() as connection:
        found = read_columns(connection, statement)
    keys = zip(found["area"], found["ref_date"], strict=True)
    return dict(zip(keys, found["cases"], strict=True))


@pytest.mark.torture
@settings(max_examples=100 if FULL else 12, deadline=None, suppress_health_check=list(HealthCheck))
@given(found=st.lists(issues(), min_size=2, max_size=6), data=st.data())
def test_issues_of_some_days_in_random_order_answer_as_told_by_hand(
    both: Store, found: list[Issue], data: st.DataObject
) -> None:
    source_id = f"source_{next(NUMBER)}"
    register_source(both, description(source_id))
    by_day = dict(enumerate(found))
    for day in data.draw(st.permutations(list(by_day))):
        append_vintage(both, arrival(source_id, day, by_day[day]))
    assert {day: known(both, source_id, day) for day in by_day} == told(by_day)
    gone = data.draw(st.sampled_from(list(by_day)))
    with both.read() as connection:
        names = [v["name"] for v in reversed(vintages(connection, source_id))]
    withdraw_vintage(both, names[gone], "a test")
    left = {day: issue for day, issue in by_day.items() if day != gone}
    assert {day: known(both, source_id, day) for day in left} == told(left)


def test_a_day_said_again_by_a_report_of_that_day_leaves_the_others_standing(store: Store) -> None:
    register_source(store, description("beds"))
    first: Issue = ({("A", DAYS[0]): 1, ("A", DAYS[1]): 2}, (DAYS[0], DAYS[1]))
    second: Issue = ({("A", DAYS[1]): 3, ("A", DAYS[2]): 4}, (DAYS[1], DAYS[2]))
    append_vintage(store, arrival("beds", 0, first))
    report = append_vintage(store, arrival("beds", 1, second))
    assert report.rows_changed == 2
    assert known(store, "beds", 1) == {("A", DAYS[0]): 1, ("A", DAYS[1]): 3, ("A", DAYS[2]): 4}
