"""What a vintage changed: counted when it comes, and anew when one before it comes or goes."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

import kms.store.migrate
from kms.domain.intake import Changed
from kms.store.engine import Store
from kms.store.sources import register_source
from kms.store.tables import VintageChange
from kms.store.vintages import append_vintage, changes_of, vintages, withdraw_vintage
from tests.conftest import FULL
from tests.store.describing import description
from tests.store.test_vintages import FIRST, SECOND, THIRD, Counts, arrival, load
from tests.store.test_vintages_of_some_days import NUMBER, Issue, issues, told
from tests.store.test_vintages_of_some_days import arrival as some_days

COUNT = "case_count"
NOTHING: Counts = {}


def by_hand(before: Counts, after: Counts) -> Changed:
    """Count cells and cases by hand."""
    both = before.keys() & after.keys()
    return Changed(
        added=len(after.keys() - before.keys()),
        changed=sum(before[key] != after[key] for key in both),
        withdrawn=len(before.keys() - after.keys()),
        cases=sum(after.values()) - sum(before.values()) if before or after else None,
    )


def changed(store: Store, source_id: str = "") -> dict[str, Changed | None]:
    """Return what each vintage in use changed, by its name; its rows are as many."""
    with store.read() as connection:
        found = {}
        for row in vintages(connection, source_id):
            found[row["name"]] = changes_of(connection, row["id"]).get(COUNT)
            assert changes_of(connection, row["id"]).keys() <= {COUNT}
            counted = found[row["name"]]
            assert row["rows_changed"] == (counted.rows if counted else 0)
    return found


def test_a_load_tells_what_it_added_changed_and_withdrew(both: Store) -> None:
    load(both, {0: FIRST}, [0])
    report = append_vintage(both, arrival(5, SECOND))
    assert report.changes == {COUNT: Changed(added=1, changed=1, withdrawn=1, cases=-3)}
    assert report.changes[COUNT] == by_hand(FIRST, SECOND)
    assert report.rows_changed == 3


def test_a_late_issue_changes_the_numbers_of_the_one_after_it(both: Store) -> None:
    load(both, {0: FIRST, 5: SECOND, 9: THIRD}, [0, 9, 5])
    counted = list(reversed(changed(both).values()))  # oldest first
    states = [NOTHING, FIRST, SECOND, THIRD]
    assert counted == [by_hand(a, b) for a, b in pairwise(states)]


def test_what_is_withdrawn_changes_nothing_and_the_next_one_more(both: Store) -> None:
    load(both, {0: FIRST, 5: SECOND, 9: THIRD}, [0, 5, 9])
    with both.read() as connection:
        name = vintages(connection)[1]["name"]
    withdraw_vintage(both, name, "a test")
    assert list(changed(both).values()) == [by_hand(FIRST, THIRD), None, by_hand(NOTHING, FIRST)]


def test_a_content_that_is_there_already_changes_nothing(store: Store) -> None:
    load(store, {0: FIRST}, [0])
    assert append_vintage(store, arrival(0, FIRST)).changes == {}
    same = append_vintage(store, arrival(5, FIRST))
    assert same.changes == {COUNT: Changed(0, 0, 0, 0)}


def test_cases_not_counted_by_report_are_not_told_as_none(store: Store) -> None:
    register_source(store, description("doh_case_information"))
    issue = arrival(0, FIRST)
    facts: Any = issue.parsed.facts[COUNT]
    at = facts.schema.get_field_index("basis")
    onset = facts.set_column(at, "basis", [["onset"] * len(facts)])
    report = append_vintage(
        store, replace(issue, parsed=replace(issue.parsed, facts={COUNT: onset}))
    )
    assert report.changes == {COUNT: Changed(added=2, changed=0, withdrawn=0, cases=None)}


@pytest.mark.torture
@settings(max_examples=100 if FULL else 10, deadline=None, suppress_health_check=list(HealthCheck))
@given(found=st.lists(issues(), min_size=2, max_size=6), data=st.data())
def test_in_any_order_the_numbers_are_those_counted_by_hand(
    both: Store, found: list[Issue], data: st.DataObject
) -> None:
    source_id = f"source_{next(NUMBER)}"
    register_source(both, description(source_id))
    by_day = dict(enumerate(found))
    for day in data.draw(st.permutations(list(by_day))):
        append_vintage(both, some_days(source_id, day, by_day[day]))
    with both.read() as connection:
        names = [v["name"] for v in reversed(vintages(connection, source_id))]
    gone = data.draw(st.sampled_from(list(by_day)))
    withdraw_vintage(both, names[gone], "a test")
    states = [NOTHING, *told({d: i for d, i in by_day.items() if d != gone}).values()]
    expected = [by_hand(a, b) for a, b in pairwise(states)]
    counted = changed(both, source_id)
    assert counted.pop(names[gone]) is None
    assert list(reversed(counted.values())) == expected


def test_a_store_from_before_gets_its_numbers_by_the_migration(both: Store) -> None:
    load(both, {0: FIRST, 5: SECOND, 9: THIRD, 12: {}}, [9, 0, 5, 12])
    with both.write() as connection:
        every = select(VintageChange.__table__).order_by(VintageChange.vintage_id)
        before = connection.execute(every).all()
        connection.execute(delete(VintageChange))
        migration().count_changes(connection)
        assert connection.execute(every).all() == before
    changed(both)


def migration() -> Any:
    """Return the migration that counts."""
    folder = Path(kms.store.migrate.__file__).parent / "migrations" / "data" / "versions"
    (path,) = folder.glob("0004_*.py")
    spec = importlib.util.spec_from_file_location("migration_0004", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
