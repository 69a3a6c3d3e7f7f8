"""Which publication answers a request, and what every page says about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from kms.compute.identity import inputs_hash
from kms.config import MANILA
from kms.config import now as real_now
from kms.domain.areas import COUNTRY
from kms.errors import NoDataError
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.reference import load_diseases
from kms.store.commits import Commits
from kms.store.engine import Store
from kms.store.ledger import recent_runs
from kms.store.open import clock, is_synthetic
from kms.store.publications import (
    Issue,
    current_issue,
    latest_values,
    published_cuts,
    with_inputs,
)
from kms.store.sources import sources
from kms.store.vintages import HELD, cuts, newest, vintages
from kms.store.waivers import waivers

CASES = "doh_case_information"
STALE_AFTER_DAYS = 7
UnreadableError = SQLAlchemyError  # by this name pages know it; they import no database


def resolve_issue(connection: Connection, request: Request) -> Issue:
    """Return the publication of what was known at the end of the day asked for.

    Raises `NoDataError` when nothing was known by then, or it has not been computed.
    """
    if request.as_of is None:
        return current_issue(connection)
    until = datetime.combine(request.as_of, time.max, MANILA).astimezone(UTC)
    known = [cut for cut in cuts(connection) if cut <= until]
    if not known:
        raise NoDataError(
            f"nothing had been published by {request.as_of.isoformat()}; choose a later day"
        )
    found = with_inputs(connection, inputs_hash(connection, known[-1]))
    if found is None:
        raise NoDataError(
            f"what was known on {request.as_of.isoformat()} has not been computed; the nightly "
            "refresh keeps the last months, or choose one of the days listed"
        )
    return found


def read_frame(connection: Connection, request: Request, issue: Issue | None = None) -> Frame:
    """Return what every page says about the figures on it."""
    issue = issue or resolve_issue(connection, request)
    shown = current_issue(connection)
    facts, latest = issue.facts, issue.id == shown.id
    now = clock(connection) if latest else issue.as_of
    disease = load_diseases()[issue.disease]
    return Frame(
        publication_id=issue.id,
        as_of=issue.as_of,
        published_at=issue.published_at,
        is_latest=latest,
        clock=clock(connection),
        synthetic=is_synthetic(connection),
        disease=disease.id,
        disease_name=disease.name(request.language),
        basis=facts["basis"],
        onset_known_share=facts["onset_known_share"],
        cases_to=date.fromisoformat(facts["cases_to"]),
        estimates_to=_estimates_to(connection, issue),
        stale_days=_stale_days(connection, issue) if latest else None,
        late_sources=tuple(
            str(s["title"]) for s in sources(connection) if late_days(connection, s, now) > 0
        ),
        editions=editions(connection),
        held_sources=tuple(
            str(s["title"])
            for s in sources(connection)
            if s["feeds_figures"] and is_held(connection, s["source_id"], now)
        ),
    )


def _estimates_to(connection: Connection, issue: Issue) -> date | None:
    found = latest_values(connection, issue.id, [issue.disease], area=COUNTRY, indicator="r_t")
    return found[0]["ref_date"] if found else None


def _stale_days(connection: Connection, issue: Issue) -> int | None:
    return stale_days(connection, date.fromisoformat(issue.facts["cases_to"]), CASES)


def stale_days(connection: Connection, to: date, source_id: str) -> int | None:
    """Return the age of a source's last day when a week more than the source may be late."""
    today = clock(connection).astimezone(MANILA).date()
    age: int = (today - to).days
    due = [
        s["every_days"] + s["grace_days"]
        for s in sources(connection)
        if s["source_id"] == source_id
    ]
    return age if due and age > due[0] + STALE_AFTER_DAYS else None


def editions(connection: Connection) -> tuple[date, ...]:
    """Return the days (Manila) as of which figures can be looked at, oldest first."""
    days = {cut.astimezone(MANILA).date() for cut in published_cuts(connection)}
    return tuple(sorted(days))


def late_days(connection: Connection, source: Mapping[str, Any], now: datetime) -> int:
    """Return by how many days a source's next issue is overdue; 0 when it is not."""
    last = newest(connection, source["source_id"], now)
    if last is None:
        return 0
    due = last["published_at"] + timedelta(days=source["every_days"] + source["grace_days"])
    overdue: timedelta = now.astimezone(MANILA).date() - due.astimezone(MANILA).date()
    return max(0, overdue.days)


def is_held(connection: Connection, source_id: str, now: datetime) -> bool:
    """Tell whether an issue newer than the one in use waits for a steward."""
    used = newest(connection, source_id, now)
    return any(
        row["state"] == HELD and (used is None or row["published_at"] > used["published_at"])
        for row in vintages(connection, source_id)
        if row["published_at"] <= now
    )


def today(store: object) -> date | None:
    """Return the day (Manila) it is in a store; None for hand-made views, which have none."""
    if not isinstance(store, Store):
        return None
    with store.read() as connection:
        return clock(connection).astimezone(MANILA).date()


class Edition:
    """The edition of a store, read anew only after something was committed, or on another day."""

    def __init__(self, store: Store) -> None:
        """Watch a store."""
        self._store = store
        self._commits = Commits(store)
        self._known: tuple[object, str] | None = None

    def __call__(self) -> str:
        """Return what `edition` returns."""
        # the mark first: what is committed meanwhile makes the next one differ
        mark = (real_now().astimezone(MANILA).date(), self._commits())
        known = self._known
        if known is not None and known[0] == mark:
            return known[1]
        found = edition(self._store)
        self._known = (mark, found)
        return found


def edition(store: Store) -> str:
    """Return a cheap name for everything pages show: it changes when any of it may have."""
    with store.read() as connection:
        try:
            shown = current_issue(connection).id
        except NoDataError:
            shown = ""
        day = clock(connection).astimezone(MANILA).date()
        known = vintages(connection)
        passing = [(waiver["id"], waiver["source_id"]) for waiver in waivers(connection, day)]
    with store.read_ops() as operations:
        runs = recent_runs(operations, 1)
    last = f"{runs[0]['run_id']} {runs[0]['state']}" if runs else ""
    # Accepted, held, withdrawn: pages say which of them is what.
    states = sorted((vintage["id"], vintage["state"]) for vintage in known)
    told = blake2b(repr((states, passing)).encode(), digest_size=12).hexdigest()
    return f"{shown} {day} {told} {last}"
