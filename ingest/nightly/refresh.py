"""The nightly work: take in what came, compute what changed, publish it, keep account.

At least once and idempotent: a run that dies leaves the old publication up, and the next run
finishes the work. Only the holder of the lease publishes.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from ingest.batch import sweep
from ingest.connect.inbox import take_in
from kms.access import audit
from kms.compute.identity import inputs_hash
from kms.config import Settings, now
from kms.domain.intake import IntakeReport
from kms.errors import HeldError, KmsError, NoDataError
from kms.store import ledger
from kms.store.engine import Store
from kms.store.open import clock
from kms.store.publications import remove_drafts, with_inputs
from kms.store.vintages import cuts

log = logging.getLogger(__name__)
KIND = "refresh"
RENEW_SECONDS = 15
LEFT_BEHIND = timedelta(days=1)
Say = Callable[[str], None]


@dataclass(frozen=True)
class RefreshReport:
    """What a refresh did; the keys of `kms refresh --json`."""

    run: str
    publication: str
    published: tuple[str, ...]  # ids of new publications
    vintages: tuple[IntakeReport, ...]
    refusals: tuple[str, ...]
    status: str  # published, unchanged


def refresh(
    store: Store, settings: Settings, *, slot: datetime | None = None, say: Say = lambda _text: None
) -> RefreshReport:
    """Do the nightly work once; raise after having recorded why it failed."""
    started = now()
    run_id = f"{KIND}-{started:%Y%m%dT%H%M%S}-{uuid4().hex[:6]}"
    with holding_lease(store) as fence:
        ledger.start_run(
            store,
            {
                "id": run_id,
                "kind": KIND,
                "slot": slot or started,
                "started_at": started,
                "fence": fence,
            },
        )
        try:
            report = _work(store, settings, run_id, fence=fence, say=say)
        except Exception as error:
            kind = "" if isinstance(error, KmsError) else f"{type(error).__name__}: "
            _end(store, run_id, ledger.FAILED, detail=f"{kind}{error}")
            raise
        _end(
            store,
            run_id,
            ledger.FINISHED,
            publication=report.publication,
            detail="; ".join([report.status, *report.refusals]),
        )
    return report


def _work(store: Store, settings: Settings, run_id: str, *, fence: int, say: Say) -> RefreshReport:
    _sweep_snapshots(settings)
    remove_drafts(store)
    say("taking in what came")
    reports, refusals = take_in(store, settings, fetched_at=now())
    published, shown = publish_missing(
        store, settings, say=say, allowed=lambda: _insist(store, fence)
    )
    audit.anchor_now(store)  # in the data store, so that a log cut off at its end is noticed
    return RefreshReport(
        run=run_id,
        publication=shown,
        published=tuple(published),
        vintages=tuple(reports),
        refusals=tuple(refusals),
        status="published" if published else "unchanged",
    )


def publish_missing(
    store: Store,
    settings: Settings,
    *,
    say: Say = lambda _text: None,
    allowed: Callable[[], None] = lambda: None,
) -> tuple[list[str], str]:
    """Publish each recent cut of the data that has no publication; the newest becomes current.

    Returns the new ids and the one now shown.
    """
    with store.read() as connection:
        known, moment = cuts(connection), clock(connection)
        if not known:
            raise NoDataError(
                "there is nothing to publish; take data in with `kms ingest`, or set KMS_INBOX"
            )
        oldest = known[-1] - timedelta(days=settings.edition_days)
        recent = [cut for cut in known if cut >= oldest]
        waiting = [c for c in recent if with_inputs(connection, inputs_hash(connection, c)) is None]
    from kms.compute.publish import publish

    new: list[str] = []
    for cut in sorted({*waiting, known[-1]}):
        say(f"computing what was known on {cut:%d %b %Y}")
        try:
            issue, made = publish(
                store, as_of=cut, published_at=moment, current=cut == known[-1], allowed=allowed
            )
        except NoDataError:
            if cut == known[-1]:
                raise
            continue  # before the first case count there is nothing to show
        new += [issue.id] if made else []
    return new, issue.id


def _sweep_snapshots(settings: Settings) -> None:
    """Remove half-written snapshots of loads that died a day ago or more."""
    sweep(settings.home / "tmp")
    for folder in settings.snapshots.glob("*/.draft-*"):
        if now().timestamp() - folder.stat().st_mtime > LEFT_BEHIND.total_seconds():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def holding_lease(store: Store) -> Iterator[int]:
    """Hold the lease, renewed while the work goes on, and give it back; yields the fence."""
    holder = f"{socket.gethostname()}:{os.getpid()}"
    fence = ledger.take_lease(store, KIND, holder, now(), gone=_is_gone)
    done = threading.Event()

    def renew() -> None:
        while not done.wait(RENEW_SECONDS):
            ledger.renew(store, KIND, fence, now())

    keeper = threading.Thread(target=renew, name="lease", daemon=True)
    keeper.start()
    try:
        yield fence
    finally:
        done.set()
        keeper.join()
        ledger.give_back(store, KIND, fence, now())


def _is_gone(holder: str) -> bool:
    """Tell whether a holder was a process of this machine that has ended."""
    host, _, pid = holder.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return int(pid) == os.getpid()


def _insist(store: Store, fence: int) -> None:
    if not ledger.still_ours(store, KIND, fence):
        raise HeldError("another refresh has taken over; this one publishes nothing")


def _end(store: Store, run_id: str, state: str, *, publication: str = "", detail: str = "") -> None:
    ledger.end_run(store, run_id, state=state, at=now(), publication_id=publication, detail=detail)
