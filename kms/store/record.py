"""Beside the snapshots, what of the data store they cannot tell: enough to make it again.

Of each vintage its snapshot's events tell what became of it, written after the store's own
commit. What a process that died did not write, `settle_events` writes from the store.
`store.json` holds the rest: facts about the store, waivers, which publications there were.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, insert, select, update

from kms.config import Settings, now
from kms.domain.intake import Alarm as Raised
from kms.errors import ConfigError, DataError
from kms.store import publications
from kms.store.engine import Store
from kms.store.fences import FENCE
from kms.store.open import store_fact
from kms.store.snapshots import (
    EVENTS,
    RELEASED,
    TAKEN_IN,
    WITHDRAWN,
    Event,
    add_events,
    flush_folder,
    is_told,
    read_events,
)
from kms.store.states import ACCEPTED
from kms.store.tables import EstimateSeries, Publication, StoreFact, Waiver
from kms.store.vintages import HELD, alarms, vintage_count, vintage_named, vintages
from kms.store.waivers import Passed

log = logging.getLogger(__name__)
SETTLED = timedelta(days=8)  # after which what was told once is taken for told
RECORD, STORE_ID = "store.json", "store_id"
OF_ONE_STORE_ONLY = {FENCE}  # a lease's number means nothing to another operations store


@dataclass(frozen=True)
class StoreRecord:
    """What `store.json` says; instants and days as ISO text."""

    facts: Mapping[str, str]
    waivers: Sequence[Mapping[str, Any]] = ()
    vintages: Sequence[str] = ()
    publications: Sequence[Mapping[str, Any]] = ()  # with a digest of all series of each

    @property
    def store_id(self) -> str:
        """Which store it is of."""
        return self.facts.get(STORE_ID, "")


_RECORD = TypeAdapter(StoreRecord)
_OF_WAIVERS = {"given_at", "until", "ended_at"}
_OF_PUBLICATIONS = {"id", "as_of", "published_at", "inputs_hash", "state", "digest"}


def read_record(settings: Settings) -> StoreRecord | None:
    """Return what is kept about the store, or None; raise `DataError` when it is damaged."""
    path = settings.snapshots / RECORD
    try:
        return _checked(_RECORD.validate_json(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            f"'{path}' cannot be read ({type(error).__name__}); put it back from a copy"
        ) from error


def _checked(record: StoreRecord) -> StoreRecord:
    """Raise `ValueError` for a record that leaves out what a store is made of."""
    whole = all(set(row) >= _OF_WAIVERS for row in record.waivers) and all(
        set(row) >= _OF_PUBLICATIONS for row in record.publications
    )
    if not whole or not record.store_id:
        raise ValueError
    return record


def claim_home(store: Store, settings: Settings) -> None:
    """Make sure that the snapshots are this store's own, before one more is kept.

    Raises `ConfigError` when they tell of another store: one that was lost must not be
    gone on with as if it had never been, nor two be mixed.
    """
    kept = read_record(settings)
    with store.read() as connection:
        mine, empty = store_fact(connection, STORE_ID), vintage_count(connection) == 0
    if kept is not None and kept.store_id == mine:
        return
    foreign = kept is not None and (bool(mine) or empty)
    if foreign and any(settings.snapshots.glob(f"*/*/{EVENTS}")):
        raise ConfigError(
            f"the snapshots under {settings.snapshots} belong to another data store than this "
            f"one, which holds {'nothing' if empty else 'other vintages'}; make it anew with "
            "`kms replay`, or move that folder away to begin without them"
        )
    if not mine:
        name = kept.store_id if kept is not None and not foreign else uuid4().hex
        _name_store(store, name)
    keep_record(store, settings)


def keep_record(store: Store, settings: Settings) -> None:
    """Write `store.json` anew when it no longer says what the store holds."""
    kept = read_record(settings)
    digests = {p["id"]: p["digest"] for p in kept.publications} if kept else {}
    with store.read() as connection:
        fresh = StoreRecord(
            facts=_facts(connection),
            waivers=[_plain(row) for row in connection.execute(_WAIVERS).mappings()],
            vintages=sorted(row["name"] for row in vintages(connection)),
            publications=_publications(connection, digests),
        )
    if kept is None or _text(kept) != _text(fresh):
        _write(settings.snapshots / RECORD, _text(fresh))


def settle_events(store: Store, settings: Settings) -> int:
    """Tell beside the snapshots what the store knows and they do not; returns how many events.

    Older ones were settled before. Raises `ConfigError` when the snapshots are another store's.
    What cannot be read or written is logged, and told by `kms verify`.
    """
    claim_home(store, settings)
    kept = read_record(settings)
    told = frozenset(kept.vintages) if kept else frozenset()
    keep_record(store, settings)
    with store.read() as connection:
        listed = vintages(connection)
    recent = now() - SETTLED
    unsure = [
        row["name"]
        for row in listed
        if row["name"] not in told or (row["decided_at"] or row["recorded_at"]) > recent
    ]
    return sum(tell_vintage(store, settings, name) for name in unsure)


def tell_vintage(store: Store, settings: Settings, name: str, passed: Sequence[Passed] = ()) -> int:
    """Tell beside a vintage's snapshot what became of it; returns how many events were new.

    `passed` are alarms that waivers let pass when it came. The store has it already: what cannot
    be written here now must not undo that, and is left to `settle_events`.
    """
    try:
        return _tell(store, settings, name, passed)
    except (OSError, DataError) as error:
        log.warning(
            "a vintage is not told beside its snapshot", extra={"vintage": name, "why": str(error)}
        )
        return 0


def _tell(store: Store, settings: Settings, name: str, passed: Sequence[Passed]) -> int:
    with store.read() as connection:
        row = vintage_named(connection, name)
        folder = settings.snapshots / row["snapshot_path"]
        if not folder.is_dir():
            log.warning("a vintage has no snapshot", extra={"vintage": name})
            return 0
        told = read_events(folder)
        if all(is_told(told, (kind, name)) for kind in _kinds(row)):
            return 0
        raised = alarms(connection, row["id"])
    return add_events(folder, _events(row, raised, passed))


def series_digest(connection: Connection, publication_id: str) -> str:
    """Return a name for all series of a publication: the same keys with the same contents."""
    table = EstimateSeries
    statement = select(table.disease, table.indicator, table.area, table.sector, table.hash)
    found = connection.execute(statement.where(table.publication_id == publication_id)).all()
    lines = sorted("\t".join(row) for row in found)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def restore_record(store: Store, record: StoreRecord) -> None:
    """Put facts about the store and waivers into an empty one."""
    with store.write() as connection:
        connection.execute(delete(StoreFact).where(StoreFact.name.in_(list(record.facts))))
        facts = [{"name": name, "value": value} for name, value in record.facts.items()]
        connection.execute(insert(StoreFact), facts)
        for waiver in record.waivers:
            ended = waiver["ended_at"]
            row = {
                **{name: value for name, value in waiver.items() if name != "id"},
                "given_at": datetime.fromisoformat(waiver["given_at"]),
                "until": date.fromisoformat(waiver["until"]),
                "ended_at": datetime.fromisoformat(ended) if ended else None,
            }
            connection.execute(insert(Waiver), row)


def restore_publication_log(store: Store, record: StoreRecord) -> None:
    """Say of publications made again when readers first saw them, and roll back the wrong ones."""
    with store.read() as connection:
        made = {issue.id: issue for issue in publications.issues(connection)}
        shown = publications.current_issue(connection).id if made else ""
    known = [row for row in record.publications if row["id"] in made]
    with store.write() as connection:
        for row in known:
            values: dict[str, Any] = {"published_at": datetime.fromisoformat(row["published_at"])}
            if row["state"] == publications.ROLLED_BACK and row["id"] != shown:
                values["state"] = publications.ROLLED_BACK
            connection.execute(
                update(Publication).where(Publication.id == row["id"]).values(values)
            )
    if any(r["id"] == shown and r["state"] == publications.ROLLED_BACK for r in known):
        publications.roll_back(store)


_WAIVERS = select(Waiver.__table__).order_by(Waiver.id)


def _kinds(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a vintage's events tell at least."""
    if row["state"] == WITHDRAWN:
        return TAKEN_IN, WITHDRAWN
    return (TAKEN_IN, RELEASED) if row["decided_at"] else (TAKEN_IN,)


def _events(
    row: Mapping[str, Any], raised: Sequence[Raised], passed: Sequence[Passed]
) -> list[Event]:
    """Return what a vintage's row tells; one taken in with alarms was held."""
    rows = ("rows_read", "rows_accepted", "rows_rejected", "rows_duplicate", "parser_version")
    came = {
        "event": TAKEN_IN,
        "vintage": row["name"],
        "state": HELD if raised else ACCEPTED,
        "published_at": row["published_at"].isoformat(),
        "recorded_at": row["recorded_at"].isoformat(),
        **{name: row[name] for name in rows},
        "snapshot_sha256": row["snapshot_sha256"],
        "content_hash": row["content_hash"],
        "note": "" if raised or row["state"] == WITHDRAWN else row["note"],
        "alarms": [alarm._asdict() for alarm in raised],
        "waived": [_plain(vars(each)) for each in passed],
    }
    at = row["decided_at"] or row["recorded_at"]
    decided = {"vintage": row["name"], "at": at.isoformat(), "why": row["note"]}
    if row["state"] == WITHDRAWN:
        return [came, {"event": WITHDRAWN, **decided}]
    if row["state"] == ACCEPTED and raised:
        return [came, {"event": RELEASED, **decided}]
    return [came]


def _name_store(store: Store, name: str) -> None:
    with store.write() as connection:
        if not store_fact(connection, STORE_ID):
            connection.execute(insert(StoreFact), {"name": STORE_ID, "value": name})


def _facts(connection: Connection) -> dict[str, str]:
    found = connection.execute(select(StoreFact.name, StoreFact.value).order_by(StoreFact.name))
    return {row.name: row.value for row in found if row.name not in OF_ONE_STORE_ONLY}


def _publications(connection: Connection, digests: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "id": issue.id,
            "as_of": issue.as_of.isoformat(),
            "published_at": issue.published_at.isoformat(),
            "inputs_hash": issue.inputs_hash,
            "state": issue.state,
            "digest": digests.get(issue.id) or series_digest(connection, issue.id),
        }
        for issue in publications.issues(connection)
    ]


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()
    }


def _text(record: StoreRecord) -> str:
    return json.dumps(asdict(record), indent=1, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    """Put a file in its place whole, on the disk before it has its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}-{uuid4().hex}")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        flush_folder(path.parent)
    finally:
        fresh.unlink(missing_ok=True)
