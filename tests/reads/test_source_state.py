"""How sources stand: what came, was looked at and waits, for the public, stewards and the CLI."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from ingest.nightly.overview import source_lines, source_rows
from kms.access.disclosure import DisclosureRule
from kms.config import Settings
from kms.domain.principal import ANALYST, SESSION, STEWARD, Grant, Principal
from kms.reads.data import PAGE_VINTAGES, read_data
from kms.reads.request import Request
from kms.reads.views import DataView, SourceRow
from kms.store.checks import newest_checks
from kms.store.engine import Store
from kms.store.ops_tables import SourceCheck
from kms.store.sources import register_source
from kms.store.vintages import append_vintage
from tests.published import NOW, make_published_store
from tests.store.describing import description
from tests.store.test_vintages_of_some_days import arrival

REASON = "dole_inspections: column 'psic' is missing"
STEWARDS = Principal("a1", grants=(Grant(STEWARD),), via=SESSION)


def found(source_id: str, state: str, run: str = "r1", **more: Any) -> dict[str, Any]:
    """Return what a run found at one place of a source."""
    return {
        "run_id": run, "source_id": source_id, "place": "inbox", "checked_at": NOW, "state": state,
        "vintage": "", "error_code": "", "detail": "", **more,
    }  # fmt: skip


def write(store: Store, *rows: dict[str, Any]) -> None:
    with store.write_ops() as operations:
        operations.execute(insert(SourceCheck), list(rows))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = make_published_store(Settings(home=Path(tmp_path_factory.mktemp("state"))))
    register_source(store, description("beds"))
    write(
        store,
        found("doh_case_information", "unchanged"),
        found("dole_inspections", "unchanged", "r0"),
        found("dole_inspections", "refused", detail=REASON),
        found("dole_inspections", "unchanged"),
    )
    yield store
    store.close()


def row(view: DataView, source_id: str) -> SourceRow:
    return next(each for each in view.sources if each.source_id == source_id)


def test_of_several_places_looked_at_in_one_run_the_gravest_counts(both: Store) -> None:
    write(
        both,
        found("a", "refused", "r1"),
        found("a", "accepted", "r2"),
        found("a", "unreachable", "r2"),
        found("a", "unchanged", "r2"),
        found("b", "refused", ""),
        found("b", "accepted", ""),
    )
    with both.read_ops() as operations:
        newest = newest_checks(operations)
    assert {name: each["state"] for name, each in newest.items()} == {
        "a": "unreachable",
        "b": "accepted",  # by hand: no run of its own
    }


def test_why_a_look_came_to_nothing_is_for_stewards(published: Store) -> None:
    for who, told in (
        (Principal(), ""),
        (Principal("a2", grants=(Grant(ANALYST),), via=SESSION), ""),
        (Principal("a3", grants=(Grant(STEWARD),), via=SESSION, must_change=True), ""),
        (STEWARDS, REASON),
    ):
        seen = row(read_data(published, Request(who=who)), "dole_inspections")
        assert (seen.check, seen.checked_at, seen.check_reason) == ("refused", NOW, told)


def test_problems_come_first_and_what_never_came_last(published: Store) -> None:
    view = read_data(published, Request())
    assert [r.source_id for r in view.sources] == [
        "dole_inspections",
        "doh_case_information",
        "beds",
    ]
    assert row(view, "beds").state == "never"


def test_days_and_rows_are_those_of_the_issue_in_use(published: Store) -> None:
    inspections = row(read_data(published, Request()), "dole_inspections")
    assert (inspections.received, inspections.expected) == (date(2021, 3, 20), date(2021, 4, 3))
    assert inspections.record_lag_days == 2
    assert (inspections.rows_read, inspections.rows_flagged) == (864, 0)
    strict = read_data(published, Request(), DisclosureRule(threshold=10**6))
    assert row(strict, "doh_case_information").rows_read is None


def test_figures_changed_are_told_in_parts_where_rows_are_no_persons(published: Store) -> None:
    for who in (Principal(), STEWARDS):
        view = read_data(published, Request(who=who))
        parts = {v.source_id: (v.added, v.changed, v.withdrawn) for v in view.vintages.rows}
        assert parts["dole_inspections"][0] > 0
        assert (parts["doh_case_information"][0] > 0) == (who is STEWARDS)


def test_vintages_come_in_pages(settings: Settings) -> None:
    store = make_published_store(settings)
    register_source(store, description("beds"))
    for day in range(PAGE_VINTAGES + 3):
        at = NOW - timedelta(days=day + 5)
        made = arrival("beds", 0, ({("A", "2026-02-01"): day}, None))
        append_vintage(store, type(made)(**{**vars(made), "published_at": at}))
    first = read_data(store, Request(source="beds"))
    assert (len(first.vintages.rows), first.vintages.pages) == (PAGE_VINTAGES, 2)
    last = read_data(store, Request(source="beds", page="2"))
    assert (len(last.vintages.rows), last.vintages.found) == (3, PAGE_VINTAGES + 3)
    names = [v.vintage_id for v in (*first.vintages.rows, *last.vintages.rows)]
    assert len(set(names)) == PAGE_VINTAGES + 3
    for wrong in ("x", "0", "-1", "1e9", "१"):
        assert read_data(store, Request(source="beds", page=wrong)).vintages.page == 1
    oldest = read_data(store, Request(source="beds", sort="published")).vintages.rows
    assert [v.vintage_id for v in oldest] == names[::-1][:PAGE_VINTAGES]
    for hidden in ("rows", "-rows", "rejected", "name"):
        assert read_data(store, Request(source="beds", sort=hidden)).vintages == first.vintages
    store.close()


def test_status_lines_stand_under_each_other(published: Store) -> None:
    with published.read_ops() as operations:
        checks = newest_checks(operations)
    with published.read() as connection:
        rows = source_rows(connection, checks, NOW)
    head, first, second, reason, never = source_lines(rows)
    for name in ("expected", "received", "looked", "tripwires"):
        at = head.index(name)
        assert (first[at - 1], first[at] == " ") == (" ", False)
    assert first.split()[:3] == ["dole_inspections", "2021-04-03", "2021-03-20"]
    assert "refused 2021-03-22" in first
    assert second.endswith(" -")
    assert reason == f"dole_inspections was refused: {REASON}"
    assert never == "never received: beds"


def test_a_late_source_tells_by_how_many_days(published: Store) -> None:
    later = datetime(2021, 4, 30, tzinfo=UTC)
    with published.read() as connection:
        rows = source_rows(connection, {}, later)
    assert {r["source_id"]: r["late_days"] > 0 for r in rows} == {
        "dole_inspections": True,
        "doh_case_information": True,
        "beds": False,
    }
