"""Looking everywhere a source may have sent something, and taking in what came."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ingest.connect.fetch import FETCHED, Failed, Item, fetch_feeds, mark
from ingest.connect.inbox import take_in
from ingest.connect.taking import Taken, take_issues
from kms.config import Settings
from kms.store.checks import REFUSED, UNCHANGED, UNREACHABLE, Check
from kms.store.engine import Store


def look_everywhere(store: Store, settings: Settings, *, at: datetime) -> Iterator[Taken]:
    """Take in what waits in the inbox, then what addresses send; one fault stops no other."""
    yield from take_in(store, settings, fetched_at=at)
    for item in fetch_feeds(store, settings, at=at):
        yield _of_feed(store, settings, item)


def _of_feed(store: Store, settings: Settings, item: Item) -> Taken:
    source_id = item.feed.source
    if isinstance(item, Failed):
        return Taken(
            source_id,
            item.place,
            item.state,
            why=str(item.error),
            code=item.code,
            may_help=item.is_retryable,
        )
    if item.state != FETCHED:
        mark(store, item)
        return Taken(source_id, item.place, UNCHANGED)
    taken = take_issues(
        store,
        settings,
        item.source,
        item.files,
        place=item.place,
        fetched_at=item.fetched_at,
        at=item.at,
    )
    if taken.state not in (REFUSED, UNREACHABLE):
        mark(store, item, taken.reports)
    return taken


def checks(taken: Taken, at: datetime) -> list[Check]:
    """Return what the ledger keeps of a look: a line for each issue, or one without any."""
    found = [Check(taken.source_id, taken.place, at, r.status, r.vintage) for r in taken.reports]
    if taken.reports and taken.state not in (REFUSED, UNREACHABLE):
        return found
    fault = Check(
        taken.source_id,
        taken.place,
        at,
        taken.state,
        error_code=taken.code,
        detail=taken.why,
    )
    return [*found, fault]
