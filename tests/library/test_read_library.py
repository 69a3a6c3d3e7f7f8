"""The library's read model: filters, counts, and what is overdue by the store's own clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from kms.config import Settings
from kms.errors import NoDataError
from kms.reads.library import read_entry, read_library
from kms.reads.request import Request
from kms.store.engine import Store
from kms.store.open import CLOCK, set_store_fact
from tests.published import make_published_store


@pytest.fixture
def late_store(settings: Settings) -> Iterator[Store]:
    """Give a store whose clock has passed some review dates."""
    store = make_published_store(settings, with_inspections=False)
    set_store_fact(store, CLOCK, datetime(2026, 12, 1, tzinfo=UTC).isoformat())
    yield store
    store.close()


def test_without_filters_every_entry_is_listed(published: Store) -> None:
    view = read_library(published, Request())
    assert len(view.entries) == view.total
    assert sum(count for _kind, count in view.kinds) == view.total


def test_the_counts_beside_filters_are_what_the_filters_give(published: Store) -> None:
    view = read_library(published, Request())
    for kind, count in view.kinds:
        assert len(read_library(published, Request(kind=kind)).entries) == count
    for sector, _title, count in view.sectors:
        assert len(read_library(published, Request(sector=sector)).entries) == count


def test_filters_go_together(published: Store) -> None:
    view = read_library(published, Request(kind="guideline", sector="F"))
    assert {entry.kind for entry in view.entries} == {"guideline"}
    assert "GL-008" in {entry.entry_id for entry in view.entries}
    assert "GL-011" not in {entry.entry_id for entry in view.entries}


def test_overdue_goes_by_the_stores_clock_and_comes_first(
    published: Store, late_store: Store
) -> None:
    assert not any(entry.overdue for entry in read_library(published, Request()).entries)
    view = read_library(late_store, Request())
    overdue = [entry for entry in view.entries if entry.overdue]
    assert {"LI-005", "LI-007"} <= {entry.entry_id for entry in overdue}
    assert view.entries[: len(overdue)] == tuple(overdue)
    assert read_entry(late_store, Request(entry="LI-007")).overdue


def test_one_entry_is_read_by_its_name(published: Store) -> None:
    entry = read_entry(published, Request(entry="EV-002"))
    assert entry.certainty == "low"
    assert "<table>" in entry.body_html


def test_an_unknown_entry_is_no_data(published: Store) -> None:
    with pytest.raises(NoDataError, match="no library entry 'XX-1'"):
        read_entry(published, Request(entry="XX-1"))
