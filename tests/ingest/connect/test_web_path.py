"""From an address to a vintage and back: taken in once, marked, and not fetched again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ingest.connect.fetch import FETCHED, UNCHANGED, Failed, Fetched, mark
from kms.domain.intake import IntakeReport
from kms.errors import ContractError, DataError, FetchError
from kms.store.open import SYNTHETIC, set_store_fact
from kms.store.ops_tables import FeedMark
from kms.store.vintages import vintages
from tests.ingest.connect.conftest import AT, NAME, SAMPLE, SOURCE, Feeds, edited
from tests.ingest.connect.web_server import OWN, Request, WebServer

Entry = Callable[..., dict[str, object]]
MODIFIED = "Mon, 26 Jan 2026 08:00:00 GMT"


def marks(feeds: Feeds) -> dict[str, dict[str, Any]]:
    """Return what is remembered of addresses."""
    with feeds.store.read_ops() as connection:
        rows = connection.execute(select(FeedMark.__table__)).mappings()
        return {row["address"]: dict(row) for row in rows}


def with_etag(server: WebServer, body: bytes = SAMPLE, etag: str = '"v1"') -> None:
    """Serve the file to who has not got it, and 304 to who has."""

    def answer(request: Request) -> Iterator[bytes]:
        if request["If-None-Match"] == etag:
            yield f"HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n\r\n".encode()
            return
        yield (
            f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nETag: {etag}\r\n"
            f"Last-Modified: {MODIFIED}\r\n\r\n"
        ).encode()
        yield body

    server.routes[f"/{NAME}"] = answer


def test_a_file_is_taken_in_once_and_then_unchanged(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    with_etag(server)
    feeds.write(web_feed())
    state, report = feeds.once()
    assert isinstance(report, IntakeReport)
    assert (state, report.status) == (FETCHED, "accepted")
    (kept,) = marks(feeds).values()
    assert kept["address"] == server.address(f"/{NAME}")
    assert (kept["source_id"], kept["etag"], kept["modified"]) == (SOURCE, '"v1"', MODIFIED)
    assert kept["fetched_at"] == AT
    assert (feeds.settings.snapshots / kept["snapshot_path"] / "manifest.json").is_file()
    assert feeds.once(AT + timedelta(days=1)) == (UNCHANGED, None)
    assert [request["If-None-Match"] for request in server.asked] == ["", '"v1"']
    assert server.asked[1]["If-Modified-Since"] == MODIFIED
    assert marks(feeds)[kept["address"]] == kept | {"fetched_at": AT + timedelta(days=1)}
    assert server.asked[0]["Host"] == f"{OWN}:{server.port}"
    assert set(server.names) == {OWN}


def test_new_bytes_are_a_new_vintage(feeds: Feeds, server: WebServer, web_feed: Entry) -> None:
    feeds.write(web_feed(name="measures_{date}.csv"))
    with_etag(server)
    feeds.once()
    with_etag(server, edited(), '"v2"')
    state, report = feeds.once(AT + timedelta(hours=20))  # the next day already, in Manila
    assert isinstance(report, IntakeReport)
    assert (state, report.status) == (FETCHED, "accepted")
    assert report.vintage.startswith("measures-20260202T0800Z-")


def test_the_same_bytes_without_validators_are_unchanged(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.serve(f"/{NAME}", SAMPLE)
    feeds.write(web_feed())
    feeds.once()
    assert feeds.once(AT + timedelta(days=1)) == (UNCHANGED, None)
    with feeds.store.read() as connection:
        assert len(vintages(connection)) == 1


@pytest.mark.parametrize("harm", ["gone", "cut off", "manifest gone", "part changed"])
def test_without_the_raw_file_nothing_is_asked_with_its_etag(
    harm: str, feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    with_etag(server)
    feeds.write(web_feed(name="measures.csv"))
    feeds.once()
    (kept,) = marks(feeds).values()
    folder = feeds.settings.snapshots / kept["snapshot_path"]
    (part,) = folder.glob("*.zst")
    if harm == "gone":
        shutil.rmtree(folder)
    elif harm == "cut off":
        part.write_bytes(part.read_bytes()[:-20])
    elif harm == "manifest gone":
        (folder / "manifest.json").unlink()
    else:
        text = (folder / "manifest.json").read_text(encoding="utf-8")
        (folder / "manifest.json").write_text(text.replace('.csv": "', '.csv": "0'), "utf-8")
    (item,) = feeds.items(AT + timedelta(days=1))
    assert isinstance(item, Fetched)
    assert item.state == FETCHED
    assert [request["If-None-Match"] for request in server.asked] == ["", ""]


def test_a_raw_file_that_is_gone_is_kept_again_under_its_old_date(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    with_etag(server)
    feeds.write(web_feed(name="measures.csv"))
    _, first = feeds.once()
    (kept,) = marks(feeds).values()
    folder = feeds.settings.snapshots / kept["snapshot_path"]
    for part in folder.glob("*.zst"):
        part.unlink()  # as retention does; the manifest stays
    state, report = feeds.once(AT + timedelta(days=1))
    assert isinstance(report, IntakeReport)
    assert isinstance(first, IntakeReport)
    assert (state, report.status, report.vintage) == (FETCHED, "unchanged", first.vintage)


def test_a_run_that_died_before_its_mark_gives_the_bytes_no_second_date(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.serve(f"/{NAME}", SAMPLE)
    feeds.write(web_feed(name="measures.csv"))
    for item in feeds.items():
        assert isinstance(item, Fetched)
        feeds.load(item)  # and then the power fails
    assert not marks(feeds)
    state, report = feeds.once(AT + timedelta(days=1))
    assert isinstance(report, IntakeReport)
    assert (state, report.status) == (FETCHED, "unchanged")
    assert len(marks(feeds)) == 1


def test_an_old_file_under_a_new_date_of_the_publisher_is_a_new_issue(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    later = "/measures_20260131.csv"
    server.serve(f"/{NAME}", SAMPLE)
    server.serve(later, SAMPLE)
    feeds.write(web_feed(), web_feed(later))
    reports = [said for _, said in feeds.night() if isinstance(said, IntakeReport)]
    assert [report.vintage[:17] for report in reports] == ["measures-20260126", "measures-20260131"]
    assert reports[1].status != "unchanged"


def test_a_304_nobody_asked_for_is_a_fault(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.raw(f"/{NAME}", b"HTTP/1.1 304 Not Modified\r\n\r\n")
    feeds.write(web_feed())
    failed = feeds.failure()
    assert isinstance(failed.error, FetchError)
    assert "304, not changed, though it was not asked whether" in str(failed.error)


def test_a_mark_of_another_source_is_not_believed(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    with_etag(server)
    feeds.write(web_feed())
    feeds.once()
    feeds.write(web_feed(source="psa_population"))
    (item,) = feeds.items()
    assert isinstance(item, Fetched)
    assert (item.state, server.asked[1]["If-None-Match"]) == (FETCHED, "")


def test_validators_learned_behind_a_redirect_are_not_kept(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    with_etag(server)
    server.redirect("/latest.csv", f"/{NAME}")
    feeds.write(web_feed("/latest.csv", name=NAME))
    feeds.once()
    (kept,) = marks(feeds).values()
    assert (kept["etag"], kept["modified"]) == ("", "")
    assert feeds.once(AT + timedelta(days=1)) == (UNCHANGED, None)


def test_a_sign_in_page_is_refused_not_marked_and_fetched_again(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.serve(f"/{NAME}", b"<!doctype html><title>Sign in</title>", 'ETag: "login"')
    feeds.write(web_feed())
    for _ in range(2):
        state, error = feeds.once()
        assert isinstance(error, ContractError)
        assert (state, error.code) == ("not taken in", "not_csv")
    assert not marks(feeds)
    assert [request["If-None-Match"] for request in server.asked] == ["", ""]


def test_what_came_is_gone_when_the_next_is_asked_for(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.serve(f"/{NAME}", SAMPLE)
    feeds.write(web_feed())
    items = feeds.items()
    item = next(items)
    assert isinstance(item, Fetched)
    (path,) = item.files
    assert path.read_bytes() == SAMPLE
    assert path.name == NAME
    assert path.is_relative_to(feeds.settings.home / "tmp")
    assert path.parent.stat().st_mode & 0o077 == 0
    assert next(items, None) is None
    assert not list((feeds.settings.home / "tmp").iterdir())


def test_one_feed_that_fails_does_not_stop_the_others(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.serve(f"/{NAME}", SAMPLE)
    feeds.write(
        web_feed("/gone.csv"),
        web_feed("/secret.csv", token_env="NOBODY_SET_THIS"),
        web_feed(address="https://unknown.example/x.csv"),
        web_feed(),
    )
    told = feeds.night()
    assert [state for state, _ in told] == ["unreachable", "refused", "unreachable", FETCHED]
    assert "which is empty or not set" in str(told[1][1])


def test_a_mark_needs_what_the_load_said(feeds: Feeds, server: WebServer, web_feed: Entry) -> None:
    server.serve(f"/{NAME}", SAMPLE)
    feeds.write(web_feed())
    (item,) = feeds.items()
    assert isinstance(item, Fetched)
    with pytest.raises(ValueError, match="fetched and not taken in"):
        mark(feeds.store, item)
    mark(feeds.store, replace(item, state=UNCHANGED))


def test_the_demonstration_fetches_nothing(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    set_store_fact(feeds.store, SYNTHETIC, "yes")
    feeds.write(web_feed())
    with pytest.raises(DataError, match="synthetic demonstration data"):
        list(feeds.items())
    assert not server.asked


def test_without_a_feeds_file_there_is_nothing_to_fetch(feeds: Feeds) -> None:
    assert list(feeds.items()) == []


def test_a_failure_says_whether_trying_again_may_help(feeds: Feeds, web_feed: Entry) -> None:
    feeds.write(web_feed("/gone.csv"))
    gone = feeds.failure()
    feeds.hosts[OWN] = []
    nowhere = feeds.failure()
    assert (gone.is_retryable, nowhere.is_retryable) == (False, True)
    broken = Failed(gone.feed, gone.place, ContractError("no", "bomb"))
    assert (broken.is_retryable, broken.state, broken.code) == (False, "refused", "bomb")
    assert gone.code == ""
