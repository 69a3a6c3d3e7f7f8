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
from importlib.metadata import version

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from ingest.batch import sweep
from ingest.nightly.taking_in import checks, look_everywhere
from ingest.source import all_sources
from kms.access import audit
from kms.compute.identity import METHOD_VERSION, inputs_hash
from kms.config import Settings, now
from kms.domain.intake import IntakeReport
from kms.errors import FetchError, KmsError, NoDataError
from kms.store import ledger
from kms.store.checks import UNREACHABLE, write_checks
from kms.store.engine import Store, store_fault
from kms.store.open import clock
from kms.store.publications import remove_drafts, with_inputs
from kms.store.record import keep_record, settle_events
from kms.store.sources import register_sources
from kms.store.vintages import cuts

log = logging.getLogger(__name__)
KIND = ledger.REFRESH
RENEW_SECONDS = 15
LEFT_BEHIND = timedelta(days=1)
RETRYABLE = (FetchError, OperationalError, OSError)  # else a person must look
Say = Callable[[str], None]
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class RefreshReport:
    """What a refresh did; the keys of `kms refresh --json`."""

    run: str
    publication: str
    published: tuple[str, ...]  # ids of new publications
    vintages: tuple[IntakeReport, ...]
    refusals: tuple[str, ...]
    unreachable: tuple[str, ...]  # left for the next time
    status: str  # published, unchanged


def refresh(
    store: Store,
    settings: Settings,
    *,
    slot: datetime | None = None,
    catch_up: bool = False,
    clock: Clock = now,
    say: Say = lambda _text: None,
) -> RefreshReport:
    """Do the nightly work once; raise after having recorded why it failed.

    `slot` is the time it was due; none: it was asked for by hand. `catch_up` tells that it
    stands for missed ones too. Raises `HeldError` while another is at work, or when the work
    due at `slot` has been done.
    """
    with holding_lease(store, clock) as fence:
        attempt = ledger.begin(
            store,
            KIND,
            slot or clock(),
            fence,
            at=clock(),
            code_version=f"{version('kms')}/{METHOD_VERSION}",
            catch_up=catch_up,
        )
        try:
            report, again = _work(store, settings, attempt, clock=clock, say=say)
        except Exception as error:
            _record_failure(store, attempt, error, clock())
            raise
        ending = ledger.Ending(
            report.status,
            publication_id=report.publication,
            detail="; ".join([*report.refusals, *report.unreachable]),
            again=again,
        )
        ledger.end(store, attempt, ending, clock())
    return report


def _record_failure(store: Store, attempt: ledger.Attempt, error: Exception, at: datetime) -> None:
    if isinstance(error, KmsError):
        why = str(error)
    else:  # an engine's own words may hold what was written by them
        why = store_fault(error) or f"{type(error).__name__}; the log has the details"
    ending = ledger.Ending(
        ledger.FAILED,
        error_code=getattr(error, "code", "") or type(error).__name__,
        detail=why,
        again=isinstance(error, RETRYABLE),
    )
    try:
        ledger.end(store, attempt, ending, at)
    except (KmsError, SQLAlchemyError):
        log.warning("how the run ended cannot be written; the next one marks it abandoned")


def _work(
    store: Store, settings: Settings, attempt: ledger.Attempt, *, clock: Clock, say: Say
) -> tuple[RefreshReport, bool]:
    """Do the work; tells also whether looking again soon may bring what could not be reached."""
    _sweep_snapshots(settings)
    register_sources(store, all_sources(settings).values())
    settle_events(store, settings)
    remove_drafts(store)
    say("taking in what came")
    taken = []
    for each in look_everywhere(store, settings, at=clock()):
        taken.append(each)
        write_checks(store, attempt.run_id, checks(each, clock()))
    ledger.advance(store, attempt, ledger.FETCHED, clock())
    published, shown = publish_missing(store, settings, say=say, fence=attempt.fence)
    keep_record(store, settings)
    audit.anchor_now(store)  # in the data store, so that a log cut off at its end is noticed
    report = RefreshReport(
        run=attempt.run_id,
        publication=shown,
        published=tuple(published),
        vintages=tuple(report for each in taken for report in each.reports),
        refusals=tuple(each.why for each in taken if each.state != UNREACHABLE and each.why),
        unreachable=tuple(each.why for each in taken if each.state == UNREACHABLE),
        status=ledger.PUBLISHED if published else ledger.UNCHANGED,
    )
    return report, any(each.may_help for each in taken)


def publish_missing(
    store: Store,
    settings: Settings,
    *,
    say: Say = lambda _text: None,
    fence: int | None = None,
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
    from kms.compute.cases.epidemic import Kept
    from kms.compute.publish import publish
    from kms.compute.workers import opened_workers

    new: list[str] = []
    kept = Kept()
    with opened_workers(settings) as workers:
        for cut in sorted({*waiting, known[-1]}):
            say(f"computing what was known on {cut:%d %b %Y}")
            newest = cut == known[-1]
            try:
                issue, made = publish(
                    store,
                    as_of=cut,
                    published_at=moment,
                    current=newest,
                    fence=fence,
                    workers=workers,
                    kept=kept,
                )
            except NoDataError:
                if newest:
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
def holding_lease(store: Store, clock: Clock = now) -> Iterator[int]:
    """Hold the lease, renewed while the work goes on, and give it back; yields the fence."""
    holder = f"{socket.gethostname()}:{os.getpid()}"
    fence = ledger.take_lease(store, KIND, holder, clock(), gone=_is_gone)
    done = threading.Event()

    def renew() -> None:
        while not done.wait(RENEW_SECONDS):
            try:
                ledger.renew(store, KIND, fence, clock())
            except SQLAlchemyError as error:  # if it lasts another takes over; the fence holds
                log.warning("the lease was not renewed", extra={"why": type(error).__name__})

    keeper = threading.Thread(target=renew, name="lease", daemon=True)
    keeper.start()
    try:
        yield fence
    finally:
        done.set()
        keeper.join()
        ledger.give_back(store, KIND, fence, clock())


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
