"""Publications: switched whole, taken back whole, found by what they were made from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from kms.compute.identity import inputs_hash
from kms.compute.publish import publish
from kms.config import Settings
from kms.errors import NoDataError
from kms.reads.frame import editions, read_frame, resolve_issue
from kms.reads.request import Request
from kms.store.engine import Store
from kms.store.publications import (
    Entry,
    Issue,
    current_issue,
    issues,
    read_series,
    remove,
    roll_back,
    switch,
    with_inputs,
    write_draft,
)
from tests.published import NATION, NOW, RELEASED, make_published_store


@pytest.fixture
def published(settings: Settings) -> Iterator[Store]:
    """Give a store with one publication."""
    store = make_published_store(settings)
    yield store
    store.close()


def another(store: Store, *, days: int = 7, name: str = "later") -> Issue:
    """Write a draft like the current publication, known some days later."""
    with store.read() as connection:
        shown = current_issue(connection)
        series = read_series(connection, shown.id, "r_t", NATION, disease=shown.disease)
    assert series is not None
    issue = Issue(
        id=name,
        as_of=shown.as_of + timedelta(days=days),
        published_at=NOW,
        inputs_hash=name,
        state="draft",
        facts=shown.facts,
    )
    write_draft(store, issue, [Entry("r_t", NATION, "", series)])
    return issue


def test_a_draft_is_not_seen_before_the_switch(published: Store) -> None:
    with published.read() as connection:
        shown = current_issue(connection).id
    another(published)
    with published.read() as connection:
        assert current_issue(connection).id == shown
        assert [issue.id for issue in issues(connection)] == [shown]
    switch(published, "later", current=True)
    with published.read() as connection:
        assert current_issue(connection).id == "later"


def test_unchanged_series_are_kept_once(published: Store) -> None:
    another(published)
    switch(published, "later", current=True)
    with published.write() as connection:
        first = next(i.id for i in issues(connection) if i.id != "later")
        remove(connection, first)
    with published.read() as connection:
        assert read_series(connection, "later", "r_t", NATION) is not None
        assert read_series(connection, first, "r_t", NATION) is None


def test_rolling_back_shows_the_one_before_and_is_not_undone_by_a_refresh(
    published: Store,
) -> None:
    with published.read() as connection:
        first = current_issue(connection)
    another(published, days=-7, name="earlier")
    switch(published, "earlier", current=False)
    assert roll_back(published).id == "earlier"
    with published.read() as connection:
        assert current_issue(connection).id == "earlier"
    again, new = publish(published, as_of=first.as_of, published_at=NOW)
    assert (again.id, new) == ("earlier", False)
    with pytest.raises(NoDataError, match="no publication before"):
        roll_back(published)


def test_the_same_inputs_are_published_once(published: Store) -> None:
    again, new = publish(published, as_of=RELEASED, published_at=NOW)
    assert not new
    with published.read() as connection:
        assert len(issues(connection)) == 1
        assert with_inputs(connection, inputs_hash(connection, RELEASED)) == again


def test_an_earlier_day_answers_with_what_was_known_then(published: Store) -> None:
    day = date(2021, 3, 21)
    with published.read() as connection:
        assert editions(connection) == (day,)
        assert resolve_issue(connection, Request(as_of=day)).as_of == RELEASED
        later = resolve_issue(connection, Request(as_of=day + timedelta(days=100)))
        assert later.as_of == RELEASED
        with pytest.raises(NoDataError, match="nothing had been published by 2021-03-01"):
            resolve_issue(connection, Request(as_of=date(2021, 3, 1)))
        with pytest.raises(NoDataError, match="has not been computed"):
            resolve_issue(connection, Request(as_of=date(2021, 3, 20)))


def test_the_frame_says_how_fresh_the_data_are(published: Store) -> None:
    with published.read() as connection:
        frame = read_frame(connection, Request())
    assert frame.synthetic
    assert frame.is_latest
    assert frame.cases_to == date(2021, 3, 20)
    assert frame.basis == "onset"
    assert frame.onset_known_share == pytest.approx(0.85, abs=0.05)
    assert frame.clock == NOW


def test_before_the_first_publication_readers_are_told(store: Store) -> None:
    with store.read() as connection, pytest.raises(NoDataError, match="nothing has been published"):
        current_issue(connection)
