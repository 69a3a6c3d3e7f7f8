"""Making a publication: everything is computed aside from one cut of the data, then switched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from kms.compute.cases.epidemic import Kept, epidemic
from kms.compute.cases.inputs import read_case_inputs
from kms.compute.contacts.tracing import tracing
from kms.compute.health_care.bed_outlook import bed_outlook
from kms.compute.health_care.capacity import capacity
from kms.compute.health_care.severity import severity
from kms.compute.health_care.testing import positive_shares
from kms.compute.identity import METHOD_VERSION, inputs_hash
from kms.compute.self_audit import FACT as SELF_AUDIT
from kms.compute.self_audit import as_fact, self_audit
from kms.compute.weekly.notifiable import notifiable
from kms.compute.workers import HERE, Workers
from kms.compute.workplaces import workplaces
from kms.config import MANILA
from kms.errors import FetchError, NoDataError
from kms.reference import load_areas, load_diseases
from kms.store.engine import Store
from kms.store.publications import (
    DRAFT,
    ROLLED_BACK,
    Entry,
    Issue,
    add_fact,
    current_issue,
    switch,
    with_inputs,
    write_draft,
)

CASES_FROM, INSPECTIONS_FROM = "doh_case_information", "dole_inspections"
CONTACTS_FROM = "doh_case_investigation"
BEDS_FROM, TESTS_FROM = "doh_hospital_daily", "doh_testing_aggregates"
WEEKS_FROM = "pidsr_weekly"
DISEASE = "covid19"
MOST_ROUNDS = 3


def publish(
    store: Store,
    *,
    as_of: datetime,
    published_at: datetime,
    current: bool = True,
    fence: int | None = None,
    workers: Workers = HERE,
    kept: Kept | None = None,
) -> tuple[Issue, bool]:
    """Publish what the data known at `as_of` say; returns the issue and whether it is new.

    When nothing new is known the issue made from the same inputs is kept; one that was rolled
    back is not published again before something new is known. With `kept`, one for all calls of
    a run, figures of cases that are as in the call before are not computed again.

    Raises
    ------
    NoDataError
        If no case count is known at `as_of`.
    HeldError
        If a holder with a higher `fence` has taken over; asked last of all.
    FetchError
        If `workers` cannot be reached; what is published stays.
    """
    with store.read() as connection:
        name = inputs_hash(connection, as_of)
        known = with_inputs(connection, name)
        shown = _shown(connection)
        taken_back = with_inputs(connection, name, state=ROLLED_BACK)
    if taken_back is not None and shown is not None:
        return shown, False
    if known is not None:
        if current and (shown is None or shown.id != known.id):
            switch(store, known.id, current=True, fence=fence)
        return known, False
    entries, facts, name = _compute_settled(store, as_of, name, workers=workers, kept=kept)
    issue = Issue(
        id=f"{as_of.astimezone(MANILA):%Y-%m-%d}-{name[:6]}",
        as_of=as_of,
        published_at=published_at,
        inputs_hash=name,
        state=DRAFT,
        facts=facts,
    )
    write_draft(store, issue, entries)
    if current:
        issue = _with_self_audit(store, issue, entries)
    switch(store, issue.id, current=current, fence=fence)
    return issue, True


def _with_self_audit(store: Store, issue: Issue, entries: Sequence[Entry]) -> Issue:
    """Add to a draft how often earlier ranges held; only where readers are led to look for it.

    It takes the longer the more publications are kept: once a night is enough.
    """
    areas = sorted({entry.area for entry in entries if entry.indicator == "cases_report"})
    with store.read() as connection:
        found = as_fact(self_audit(connection, issue, areas))
    return add_fact(store, issue, SELF_AUDIT, found)


def _compute_settled(
    store: Store, as_of: datetime, name: str, *, workers: Workers, kept: Kept | None
) -> tuple[list[Entry], dict[str, Any], str]:
    """Compute until nothing has come in meanwhile: a publication is made from one state."""
    for _ in range(MOST_ROUNDS):
        entries, facts = _compute(store, as_of, workers, kept)
        with store.read() as connection:
            after = inputs_hash(connection, as_of)
        if after == name:
            return entries, facts, name
        name = after
    raise FetchError(
        f"issues known at {as_of:%Y-%m-%d %H:%M} UTC changed {MOST_ROUNDS} times while figures "
        "were computed; run the refresh again when loading has ended"
    )


def _compute(
    store: Store, as_of: datetime, workers: Workers = HERE, kept: Kept | None = None
) -> tuple[list[Entry], dict[str, Any]]:
    areas, disease = load_areas(), load_diseases()[DISEASE]
    with store.read() as connection:
        inputs = read_case_inputs(
            connection, areas, source_id=CASES_FROM, disease=DISEASE, as_of=as_of
        )
        if inputs is None:
            raise NoDataError(
                f"no case counts were published by {as_of.astimezone(MANILA):%d %b %Y %H:%M}; "
                f"take some in with `kms ingest {CASES_FROM} FILE`"
            )
        visits = workplaces(connection, areas, source_id=INSPECTIONS_FROM, as_of=as_of)
        beds = capacity(connection, areas, source_id=BEDS_FROM, as_of=as_of)
        tests = positive_shares(
            connection, areas, source_id=TESTS_FROM, disease=DISEASE, as_of=as_of
        )
        weekly = notifiable(connection, areas, source_id=WEEKS_FROM, as_of=as_of)
        contacts = tracing(connection, areas, source_id=CONTACTS_FROM, disease=DISEASE, as_of=as_of)
        deaths = severity(connection, areas, disease, inputs, source_id=CASES_FROM, as_of=as_of)
    cases = epidemic(inputs, areas, disease, workers, kept=kept or Kept())
    found, ahead = cases.now, cases.ahead
    beds_ahead = () if ahead is None else bed_outlook(inputs, ahead, beds.beds, disease)
    facts = {
        "disease": DISEASE,
        "basis": found.basis,
        "onset_known_share": found.onset_known_share,
        "cases_from": inputs.start.isoformat(),
        "cases_to": inputs.cases_to.isoformat(),
        "inspections_to": max((e.series.end.isoformat() for e in visits), default=None),
        "beds_to": max((e.series.end.isoformat() for e in beds.entries), default=None),
        "tests_to": tests.to.isoformat() if tests.to else None,
        "fewer_tests": list(tests.fewer_tests),
        "weekly": weekly.facts,
        "tracing": contacts.facts,
        "deaths_to": deaths.to.isoformat() if deaths.to else None,
        "changing_delays": list(found.changing_delays),
        "serial_interval_mean_days": found.serial_interval.mean_days,
        "serial_interval_sd_days": found.serial_interval.sd_days,
        "method_version": METHOD_VERSION,
        "reported_to": _reported_to(found.entries),
    }
    forecasts = ahead.entries if ahead else ()
    of_cases = [
        *found.entries,
        *forecasts,
        *beds.entries,
        *beds_ahead,
        *tests.entries,
        *contacts.entries,
        *deaths.entries,
    ]
    of_disease = (replace(entry, disease=disease.id) for entry in of_cases)
    return [*of_disease, *weekly.entries, *visits], facts


def _reported_to(entries: tuple[Entry, ...]) -> dict[str, str]:
    """Return each area's last day with a reported case."""
    last = {}
    for entry in entries:
        if entry.indicator == "cases_report":
            days = [
                d for d, n in zip(entry.series.dates(), entry.series.value, strict=True) if n > 0
            ]
            if days:
                last[entry.area] = days[-1].isoformat()
    return last


def _shown(connection: Connection) -> Issue | None:
    try:
        return current_issue(connection)
    except NoDataError:
        return None
