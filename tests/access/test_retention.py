"""Retention of raw files, places of faults and publications."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from ingest.connect.inbox import take_in
from kms.access import retention
from kms.access.audit import operator
from kms.config import Settings, now
from kms.store.engine import Store
from kms.store.publications import Issue, issues, switch, write_draft
from kms.store.tables import FaultCount, FaultRecord, Publication, Vintage
from kms.store.vintages import vintages
from tests.published import make_published_store


@pytest.fixture
def place(settings: Settings) -> Iterator[tuple[Store, Settings]]:
    store = make_published_store(settings)
    yield store, settings
    store.close()


def apply(place: tuple[Store, Settings], **changes: int) -> dict[str, int]:
    store, settings = place
    return retention.apply(
        store, settings.model_copy(update=changes), at=now(), origin=operator(), dry_run=False
    )


def publish_days_ago(store: Store, days: list[int]) -> list[str]:
    with store.read() as connection:
        (shown,) = issues(connection)
    made = []
    for back in days:
        at = shown.as_of - timedelta(days=back)
        issue = Issue(f"old-{back}", at, at, f"hash-{back}", "draft", shown.facts)
        write_draft(store, issue, [])
        switch(store, issue.id, current=False)
        made.append(issue.id)
    return made


def kept(store: Store) -> set[str]:
    with store.read() as connection:
        return {issue.id for issue in issues(connection)}


def test_publications_stay_while_recent_and_at_month_ends_whatever_brief_was_asked_for(
    place: tuple[Store, Settings],
) -> None:
    store, settings = place
    publish_days_ago(store, [30, 121, 125, 140, 150, 160])
    folder = settings.home / "briefs" / "old-125"
    folder.mkdir(parents=True)
    (folder / "x.pdf").write_bytes(b"")
    # 121, 125 and 140 days before 21 March lie in November; 150 and 160 in October.
    with store.read() as connection:
        now_shown = {issue.id for issue in issues(connection) if not issue.id.startswith("old")}
    apply(place)
    assert kept(store) == now_shown | {"old-30", "old-121", "old-150"}
    assert not folder.exists()


def test_nothing_goes_that_the_refresh_would_make_again(place: tuple[Store, Settings]) -> None:
    publish_days_ago(place[0], [1, 60, 119])
    before = kept(place[0])
    assert apply(place)["publications"] == 0
    assert kept(place[0]) == before


def test_places_of_faults_go_and_their_counts_stay(place: tuple[Store, Settings]) -> None:
    store, _ = place
    with store.write() as connection:
        vintage = connection.execute(select(func.min(Vintage.id))).scalar_one()
        fault = {"vintage_id": vintage, "grade": "ROW", "code": "bad_date", "field": "x"}
        where = {"part": "f.csv", "record": 1, "line": 2}
        connection.execute(FaultRecord.__table__.insert(), {**fault, **where})  # type: ignore[attr-defined]  # a table
        connection.execute(FaultCount.__table__.insert(), {**fault, "rows": 1})  # type: ignore[attr-defined]  # a table
    assert apply(place)["places of faulty rows"] >= 1  # taken in "now" of 2021
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(FaultRecord)).scalar_one() == 0
        assert connection.execute(select(func.count()).select_from(FaultCount)).scalar_one() >= 1


def test_raw_files_go_only_when_told_and_never_the_newest(place: tuple[Store, Settings]) -> None:
    store, settings = place
    raw = sorted(settings.snapshots.rglob("*.zst"))
    assert apply(place).get("raw files", 0) == 0
    assert sorted(settings.snapshots.rglob("*.zst")) == raw
    assert apply(place, snapshot_days=30)["raw files"] == 0  # each is the newest of its source
    with store.write() as connection:
        first = vintages(connection)[0]
        row = (
            connection.execute(select(Vintage.__table__).where(Vintage.name == first["name"]))
            .mappings()
            .one()
        )
        later = {**row, "id": row["id"] + 100, "name": "later", "snapshot_path": "later/x"}
        later["published_at"] = row["published_at"] + timedelta(days=1)
        connection.execute(Vintage.__table__.insert(), later)  # type: ignore[attr-defined]  # a table
    assert apply(place, snapshot_days=30)["raw files"] == 1
    left = sorted(settings.snapshots.rglob("*.zst"))
    assert len(left) == len(raw) - 1
    assert len(list(settings.snapshots.rglob("manifest.json"))) == 2


def test_drafts_and_the_current_publication_are_not_touched(
    place: tuple[Store, Settings],
) -> None:
    store, _ = place
    with store.write() as connection:
        long_ago = now() - timedelta(days=4000)
        connection.execute(update(Publication).values(as_of=long_ago))
    assert apply(place)["publications"] == 0


def test_a_file_refused_just_now_stays_however_old_it_is(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    name = "DOH COVID Data Drop_ 20210328 - 04 Case Information.csv"
    (inbox / name).write_text("<html>sign in</html>", encoding="utf-8")
    os.utime(inbox / name, (1.5e9, 1.5e9))
    with_inbox = settings.model_copy(update={"inbox": inbox})
    list(take_in(store, with_inbox, fetched_at=now()))
    assert (inbox / "refused" / name).exists()
    assert apply((store, with_inbox))["files that were dealt with"] == 0
    assert (inbox / "refused" / name).exists()


def test_old_lists_of_compared_persons_go_and_new_ones_stay(
    place: tuple[Store, Settings],
) -> None:
    folder = place[1].compared / "doh_case_information"
    folder.mkdir(parents=True, exist_ok=True)
    old, new = folder / "a.parquet", folder / "b.parquet"
    for path in (old, new):
        path.write_bytes(b"")
    long_ago = (now() - timedelta(days=31)).timestamp()
    os.utime(old, (long_ago, long_ago))
    assert apply(place)["lists of compared persons"] == 1
    assert not old.exists()
    assert new.exists()
