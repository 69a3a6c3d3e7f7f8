"""Making a lost data store again from the snapshots, and proving that it says the same.

What was decided then is taken as it was: an issue that was held, released or withdrawn is so
again, whatever today's tripwires would say. Only how rows are read is today's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ingest.desk.release import parse_snapshot
from ingest.nightly.refresh import publish_missing
from ingest.source import Source, all_sources
from kms.compute.identity import inputs_hash
from kms.config import Settings, now
from kms.domain.intake import Alarm, Arrival, Parsed
from kms.errors import ConfigError, FetchError, KmsError, NoDataError
from kms.store import publications
from kms.store.changes import as_declared, content_hash
from kms.store.engine import Store
from kms.store.record import (
    StoreRecord,
    read_record,
    restore_publication_log,
    restore_record,
    series_digest,
)
from kms.store.snapshots import (
    RELEASED,
    TAKEN_IN,
    WITHDRAWN,
    Event,
    check_events,
    folders,
    read_events,
)
from kms.store.sources import register_source
from kms.store.states import ACCEPTED
from kms.store.vintages import WITHDRAWN as GONE
from kms.store.vintages import Fate, cuts, restore_vintage, vintage_count

Say = Callable[[str], None]
EQUAL, DIFFERENT, UNREADABLE = "equal", "different", "unreadable"


@dataclass(frozen=True)
class Otherwise:
    """A vintage whose raw files are read otherwise now than when they came."""

    vintage: str
    content_hash: str
    content_hash_now: str
    parser_version: int
    parser_version_now: int


@dataclass
class ReplayReport:
    """What a replay made and found; the keys of `kms replay --json`."""

    vintages: int = 0  # put back
    otherwise: list[Otherwise] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # not put back: their raw files are gone
    unreadable: list[str] = field(default_factory=list)  # likewise, with why
    unchecked: list[str] = field(default_factory=list)  # held or withdrawn, put back unread
    snapshots_unused: int = 0  # nothing came of them
    publications: int = 0  # made again with the same series
    publications_other: list[str] = field(default_factory=list)  # with other series
    publications_not_made: list[str] = field(default_factory=list)  # their inputs are no more
    publication: str = ""  # what readers see
    status: str = EQUAL  # different, unreadable

    def lines(self) -> list[str]:
        """Return what the command says."""
        lines = [f"{self.vintages:,} vintages are put back"]
        lines += [
            f"read otherwise now: {each.vintage}: {each.content_hash[:12]} by version "
            f"{each.parser_version}, {each.content_hash_now[:12]} by {each.parser_version_now}"
            for each in self.otherwise
        ]
        lines += [f"not put back, its raw files are gone: {name}" for name in self.missing]
        lines += [f"cannot be read: {text}" for text in self.unreadable]
        lines += [f"put back unread, nothing of it is in use: {name}" for name in self.unchecked]
        if self.snapshots_unused:
            lines.append(f"{self.snapshots_unused:,} snapshots of which nothing came are left out")
        if self.unreadable:
            return [*lines, "nothing is published: put back what cannot be read, and replay anew"]
        lines.append(f"{self.publications:,} publications have the same figures as then")
        lines += [f"other figures than then: {name}" for name in self.publications_other]
        lines += [
            f"not made again, its inputs are no more: {n}" for n in self.publications_not_made
        ]
        return [*lines, f"readers see publication {self.publication or 'none'}"]


@dataclass(frozen=True)
class Story:
    """What became of one vintage, and where its raw files are."""

    came: Event
    fate: Fate
    path: str  # of its snapshot, under `snapshots`

    @property
    def source_id(self) -> str:
        """The source: the folder in which its snapshots lie."""
        return self.path.split("/")[0]

    def instant(self, name: str) -> datetime:
        """Return one of the instants its coming tells."""
        return datetime.fromisoformat(self.came[name])


def replay(
    store: Store, settings: Settings, *, say: Say = lambda _text: None, fence: int | None = None
) -> ReplayReport:
    """Fill an empty data store from the snapshots of the settings, and publish.

    Raises
    ------
    ConfigError
        If the store holds something.
    FetchError
        If the snapshots do not tell whose they are.
    DataError
        If what is told of a snapshot cannot be read.
    """
    refuse_filled(store)
    record = read_record(settings)
    if record is None:
        raise FetchError(
            f"there is no store.json under {settings.snapshots}, so nobody can tell whether these "
            "data are real; set KMS_HOME to the folder of the store that was lost"
        )
    report = ReplayReport()
    stories = _stories(settings.snapshots, report)
    told = {story.fate.name for story in stories}
    report.missing += [name for name in record.vintages if name not in told]
    restore_record(store, record)
    sources = all_sources(settings)
    for number, story in enumerate(stories, start=1):
        say(f"reading vintage {number} of {len(stories)}")
        _put_back(store, settings, story, sources=sources, report=report)
    if not report.unreadable:
        _publish(store, settings, record, report=report, say=say, fence=fence)
    report.status = _status(report)
    return report


def refuse_filled(store: Store) -> None:
    """Raise `ConfigError` unless a data store is empty."""
    with store.read() as connection:
        held, shown = vintage_count(connection), len(publications.issues(connection))
    if held or shown:
        raise ConfigError(
            f"the data store holds {held:,} vintages and {shown:,} publications, and a replay "
            "fills an empty one; name another with --into ADDRESS"
        )


def _stories(root: Path, report: ReplayReport) -> list[Story]:
    """Return what became of every vintage, in the order in which they were recorded."""
    stories: list[Story] = []
    for folder in folders(root):
        events = read_events(folder)
        check_events(folder, events)
        report.snapshots_unused += not events
        path = folder.relative_to(root).as_posix()
        came = [event for event in events if event["event"] == TAKEN_IN]
        stories += [Story(event, _fate(event, events), path) for event in came]
    stories.sort(key=lambda s: (s.instant("recorded_at"), s.instant("published_at"), s.fate.name))
    return _one_in_use(stories)


def _one_in_use(stories: Sequence[Story]) -> list[Story]:
    """Leave one vintage of each instant in use: the last could only come when others had gone."""
    last = {_place(story): story for story in stories if story.fate.state == ACCEPTED}
    gone = "its withdrawal was not told; a later vintage of its instant was taken in"
    return [
        story
        if story.fate.state != ACCEPTED or last[_place(story)] is story
        else replace(story, fate=replace(story.fate, state=GONE, note=gone))
        for story in stories
    ]


def _place(story: Story) -> tuple[str, datetime]:
    return story.source_id, story.instant("published_at")


def _fate(came: Event, events: Sequence[Event]) -> Fate:
    """Return what a vintage is after all that was decided about it, in the order of time."""
    name = came["vintage"]
    fate = Fate(name, came["state"], came["note"], None)
    decided = [e for e in events if e["vintage"] == name and e["event"] != TAKEN_IN]
    states = {RELEASED: ACCEPTED, WITHDRAWN: GONE}
    for event in sorted(decided, key=lambda e: datetime.fromisoformat(e["at"])):
        at = datetime.fromisoformat(event["at"])
        fate = Fate(name, states[event["event"]], event["why"], at)
    return fate


def _put_back(
    store: Store,
    settings: Settings,
    story: Story,
    *,
    sources: Mapping[str, Source],
    report: ReplayReport,
) -> None:
    """Put one vintage back, or write down why it cannot be."""
    source, name = sources.get(story.source_id), story.fate.name
    if source is None:
        report.unreadable.append(f"{name}: there is no source '{story.source_id}' any more")
        return
    register_source(store, source)
    came = story.came
    try:
        parsed = _read(settings, source, story)
    except KmsError as error:
        if story.fate.state != ACCEPTED:  # nothing of it is known
            report.unchecked.append(name)
            restore_vintage(store, _arrival(story, _unread(came)), came["content_hash"], story.fate)
            report.vintages += 1
        elif isinstance(error, NoDataError):
            report.missing.append(name)
        else:
            report.unreadable.append(f"{name}: {error}")
        return
    found = content_hash(parsed)
    arrival = _arrival(story, parsed)
    if found != came["content_hash"]:
        versions = came["parser_version"], source.parser_version
        report.otherwise.append(Otherwise(name, came["content_hash"], found, *versions))
        arrival = replace(arrival, parser_version=source.parser_version)
    restore_vintage(store, arrival, found, story.fate)
    report.vintages += 1


def _read(settings: Settings, source: Source, story: Story) -> Parsed:
    row = {"snapshot_path": story.path, "published_at": story.instant("published_at")}
    parsed = as_declared(parse_snapshot(settings, source, row))
    if story.instant("recorded_at") < now() - timedelta(days=settings.fault_days):
        parsed = replace(parsed, faults=())  # retention has removed their places
    return parsed


def _unread(came: Event) -> Parsed:
    """Return the account of an issue that was not read again."""
    return Parsed(
        rows_read=came["rows_read"],
        rows_duplicate=came["rows_duplicate"],
        rows_rejected=came["rows_rejected"],
        fault_counts={},
        facts={},
    )


def _arrival(story: Story, parsed: Parsed) -> Arrival:
    came = story.came
    return Arrival(
        source_id=story.source_id,
        published_at=story.instant("published_at"),
        recorded_at=story.instant("recorded_at"),
        snapshot_sha256=came["snapshot_sha256"],
        snapshot_path=story.path,
        parser_version=came["parser_version"],
        parsed=parsed,
        alarms=tuple(Alarm(**alarm) for alarm in came["alarms"]),
    )


def _publish(
    store: Store,
    settings: Settings,
    record: StoreRecord,
    *,
    report: ReplayReport,
    say: Say,
    fence: int | None,
) -> None:
    """Publish earlier publications whose inputs are here, and what the refresh would."""
    from kms.compute.cases.epidemic import Kept
    from kms.compute.publish import publish
    from kms.compute.workers import opened_workers

    with store.read() as connection:
        newest = max(cuts(connection), default=None)
    kept = Kept()
    # The oldest first: each tells how the ranges of those before it held.
    with opened_workers(settings) as workers:
        for row in sorted(record.publications, key=lambda row: str(row["as_of"])):
            as_of = datetime.fromisoformat(row["as_of"])
            with store.read() as connection:
                there = {issue.id for issue in publications.issues(connection)}
                same = inputs_hash(connection, as_of) == row["inputs_hash"]
            if same and as_of != newest and row["id"] not in there:
                say(f"making the publication {row['id']} again")
                publish(
                    store,
                    as_of=as_of,
                    published_at=datetime.fromisoformat(row["published_at"]),
                    current=False,
                    fence=fence,
                    workers=workers,
                    kept=kept,
                )
    try:
        publish_missing(store, settings, say=say, fence=fence)
    except NoDataError:
        return
    restore_publication_log(store, record)
    _compare(store, record, report)


def _compare(store: Store, record: StoreRecord, report: ReplayReport) -> None:
    """Compare every publication's series with those of the store that was."""
    with store.read() as connection:
        there = {issue.id for issue in publications.issues(connection)}
        report.publication = publications.current_issue(connection).id
        for row in record.publications:
            if row["id"] not in there:
                report.publications_not_made.append(row["id"])
            elif series_digest(connection, row["id"]) == row["digest"]:
                report.publications += 1
            else:
                report.publications_other.append(row["id"])


def _status(report: ReplayReport) -> str:
    if report.unreadable:
        return UNREADABLE
    differs = report.otherwise or report.missing or report.publications_other
    return DIFFERENT if differs else EQUAL


def target_settings(settings: Settings, into: str) -> Settings:
    """Return settings with another data store; operations stay where they are."""
    if into == settings.data_url:
        raise ConfigError("--into names the data store in use; name an empty one, or leave it out")
    operations: Any = settings.operations_url
    return settings.model_copy(update={"database_url": into, "ops_url": operations})
