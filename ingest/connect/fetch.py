"""Fetching from the feeds: what is new lies in a folder for as long as it is dealt with.

for item in fetch_feeds(store, settings, at=now()):
if isinstance(item, Failed):
...  # item.error, item.state
elif item.state == FETCHED:
reports = load(store, settings, item.source, item.files,
fetched_at=item.fetched_at, at=item.at)
mark(store, item, reports)
else:
mark(store, item)
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from ingest.batch import room_for_load
from ingest.connect.feeds import DATE, Feed, read_feeds
from ingest.connect.marks import (
    Sent,
    is_whole,
    newest_if_same,
    read_marks,
    snapshot_of,
    write_marks,
)
from ingest.connect.reach.bounds import Bounds, NotServedError
from ingest.connect.reach.hosts import Resolve, resolve_host
from ingest.connect.reach.shelves import Listed, object_place, objects_of, open_shelf
from ingest.connect.reach.web import Validators, fetch_web
from ingest.source import Source, published_at, source_named
from kms.config import Settings
from kms.domain.intake import IntakeReport
from kms.errors import ContractError, FetchError, KmsError
from kms.store.engine import Store
from kms.store.open import refuse_synthetic

log = logging.getLogger(__name__)
FETCHED: Final = "fetched"
UNCHANGED: Final = "unchanged"
T = TypeVar("T")


@dataclass(frozen=True)
class Fetched:
    """An issue that came, or word that nothing changed; `files` live until the next item."""

    feed: Feed
    source: Source
    place: str  # the address without secrets
    state: str  # fetched, unchanged
    files: tuple[Path, ...]
    fetched_at: datetime
    at: datetime | None  # the instant of the newest vintage when these bytes are it already
    sent: tuple[Sent, ...]


@dataclass(frozen=True)
class Failed:
    """A feed, or one issue of it, that could not be had."""

    feed: Feed
    place: str
    error: KmsError

    @property
    def state(self) -> str:
        """What a check of the source records: unreachable, or refused."""
        return "unreachable" if isinstance(self.error, FetchError) else "refused"

    @property
    def code(self) -> str:
        """The fault's code; blank where there is none."""
        return self.error.code if isinstance(self.error, ContractError) else ""

    @property
    def is_retryable(self) -> bool:
        """Tell whether asking again in the same way may help."""
        return isinstance(self.error, FetchError) and not isinstance(self.error, NotServedError)


Item = Fetched | Failed
_Job = Callable[[Path], Fetched]


@dataclass(frozen=True)
class _Errand:
    """One feed, asked at one instant."""

    store: Store
    settings: Settings
    feed: Feed
    source: Source
    at: datetime
    resolve: Resolve

    def bounds(self) -> Bounds:
        """Return fresh limits for one conversation."""
        feed = self.feed
        where = f"{feed.source}: {feed.place}"
        return Bounds(where, feed.most_bytes, feed.deadline_seconds)


def fetch_feeds(
    store: Store, settings: Settings, *, at: datetime, resolve: Resolve = resolve_host
) -> Iterator[Item]:
    """Ask every feed of the feeds file; one that fails does not stop the others.

    The files of an item are gone once the next is asked for. Raises `ConfigError` for a feeds
    file that cannot be right, and `DataError` for a demonstration store.
    """
    feeds = read_feeds(settings)
    if not feeds:
        return
    with store.read() as connection:
        refuse_synthetic(connection)
    for feed in feeds:
        source = source_named(feed.source, settings)
        errand = _Errand(store, settings, feed, source, at.astimezone(UTC), resolve)
        jobs = _tried(errand, partial(_jobs, errand))
        if isinstance(jobs, Failed):
            yield jobs
            continue
        for job in jobs:
            with room_for_load(settings.home / "tmp") as room:
                yield _tried(errand, partial(job, room))


def mark(store: Store, item: Fetched, reports: Sequence[IntakeReport] = ()) -> None:
    """Remember what an item's addresses sent, once it has been taken in or found unchanged.

    `reports` are those of `load`, also of issues that are held; not to be called for an issue
    that was refused, which is then fetched again the next time.
    """
    if item.state == FETCHED and not reports:
        raise ValueError(f"{item.place}: fetched and not taken in; mark it with load's reports")
    path = snapshot_of(store, reports[-1].vintage) if reports else ""
    sent = [replace(one, snapshot_path=path) for one in item.sent] if path else item.sent
    write_marks(store, item.feed.source, sent, at=item.fetched_at)


def _tried(errand: _Errand, work: Callable[[], T]) -> T | Failed:
    feed = errand.feed
    try:
        return work()
    except KmsError as error:
        log.warning("a feed failed", extra={"place": feed.place, "why": str(error)})
        return Failed(feed, feed.place, error)
    except Exception as error:  # the load boundary: one bad feed must not stop the rest
        log.exception("a feed failed", extra={"place": feed.place})
        told = FetchError(
            f"{feed.source}: {feed.place} cannot be fetched ({type(error).__name__}); the log has "
            "the details"
        )
        return Failed(feed, feed.place, told)


def _jobs(errand: _Errand) -> list[_Job]:
    """Return what there is to do for a feed: one job an issue."""
    if errand.feed.parts.scheme in ("http", "https"):
        return [partial(_from_web, errand)]
    bounds = errand.bounds()
    with open_shelf(errand.feed, bounds, errand.resolve) as shelf:
        listed = objects_of(shelf, errand.feed, bounds)
    if not listed:
        raise NotServedError(
            f"{bounds.where}: no object is there; check the address, or wait for the first"
        )
    return [partial(_from_shelf, errand, issue) for issue in _by_issue(errand, listed)]


def _from_web(errand: _Errand, room: Path) -> Fetched:
    feed, settings = errand.feed, errand.settings
    last = read_marks(errand.store, feed.source, [feed.place]).get(feed.place)
    whole = last is not None and is_whole(settings, last.snapshot_path)
    known = Validators(last.etag, last.modified) if last is not None and whole else Validators()
    target = room / feed.file_name(errand.at)
    answer = fetch_web(feed, target, known=known, bounds=errand.bounds(), resolve=errand.resolve)
    marked = answer.validators
    sent = Sent(feed.place, marked.etag, marked.modified, answer.sha256)
    if last is not None and whole and (not answer.changed or answer.sha256 == last.sha256):
        kept = replace(sent, sha256=last.sha256, snapshot_path=last.snapshot_path)
        return _item(errand, [], [kept])
    return _item(errand, [target], [sent])


def _by_issue(errand: _Errand, listed: Sequence[Listed]) -> list[list[Listed]]:
    """Put objects of one date together: they are parts of one issue, taken whole or not at all."""
    issues: dict[datetime | str, list[Listed]] = {}
    for one in listed:
        try:
            instant: datetime | str = published_at(Path(_name(errand, one))) or ""
        except ContractError:
            instant = one.path  # refused by itself, when it is taken in
        issues.setdefault(instant, []).append(one)
    return [issues[instant] for instant in sorted(issues, key=str)]


def _name(errand: _Errand, one: Listed) -> str:
    return one.name if errand.feed.is_glob else errand.feed.file_name(errand.at)


def _from_shelf(errand: _Errand, issue: Sequence[Listed], room: Path) -> Fetched:
    feed = errand.feed
    places = [object_place(feed, one) for one in issue]
    last = read_marks(errand.store, feed.source, places)
    if all(
        (mark := last.get(place)) is not None
        and (mark.etag, mark.modified) == (one.etag, one.state)
        for place, one in zip(places, issue, strict=True)
    ):
        return _item(errand, [], [last[place] for place in places])
    _check_quiet(errand, issue)
    files, sent, bounds = [], [], errand.bounds()
    with open_shelf(feed, bounds, errand.resolve) as shelf:
        for number, (one, place) in enumerate(zip(issue, places, strict=True)):
            folder = room / str(number)  # two objects may be named alike
            folder.mkdir()
            files.append(folder / _name(errand, one))
            sha256 = shelf.take(one, files[-1])
            sent.append(Sent(place, one.etag, one.state, sha256))
    if all(one.place in last and last[one.place].sha256 == one.sha256 for one in sent):
        kept = [replace(one, snapshot_path=last[one.place].snapshot_path) for one in sent]
        return _item(errand, [], kept)
    return _item(errand, files, sent)


def _check_quiet(errand: _Errand, issue: Sequence[Listed]) -> None:
    """Leave an issue for the next time while one of its objects may still be written to."""
    now, quiet = errand.at.timestamp(), errand.settings.inbox_quiet_seconds
    young = [one for one in issue if 0 <= now - one.seconds < quiet]
    if young:
        raise FetchError(
            f"{errand.feed.source}: {errand.feed.place}: {len(young)} of {len(issue)} objects of "
            f"an issue changed less than {quiet} seconds ago and may still be written to; the "
            "issue is taken the next time"
        )


def _is_dated(errand: _Errand, files: Sequence[Path]) -> bool:
    """Tell whether the publisher, not we, dated a file by its name."""
    if DATE in errand.feed.name:
        return False
    try:
        return any(published_at(path) is not None for path in files)
    except ContractError:
        return True


def _item(errand: _Errand, files: Sequence[Path], sent: Sequence[Sent]) -> Fetched:
    at = None
    if files and errand.source.split is None and not _is_dated(errand, files):
        hashes = frozenset(one.sha256 for one in sent)
        at = newest_if_same(errand.store, errand.settings, errand.source.source_id, hashes)
    return Fetched(
        feed=errand.feed,
        source=errand.source,
        place=errand.feed.place if len(sent) != 1 else sent[0].place,
        state=FETCHED if files else UNCHANGED,
        files=tuple(files),
        fetched_at=errand.at,
        at=at,
        sent=tuple(sent),
    )
