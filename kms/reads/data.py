"""Data and methods: are the sources in date, what came, what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from kms.access.disclosure import EXACT, Disclosure, DisclosureRule
from kms.access.policy import Answer, ask
from kms.compute.self_audit import FACT as SELF_AUDIT
from kms.domain.areas import COUNTRY
from kms.domain.fault_codes import fault_code
from kms.domain.lists.pages import order_in, page_in
from kms.reads.frame import late_days, read_frame, resolve_issue
from kms.reads.request import Request
from kms.reads.views import (
    REFUSED_OR_UNREACHABLE,
    DataView,
    FaultRow,
    HeldRow,
    RunRow,
    SourceRow,
    VintageRow,
)
from kms.store.checks import newest_checks
from kms.store.engine import Store
from kms.store.freshness import freshness
from kms.store.ledger import recent_runs
from kms.store.listed import vintage_page
from kms.store.open import clock
from kms.store.publications import Issue
from kms.store.sources import sources
from kms.store.vintages import HELD, alarms, changes_of, fault_counts, newest

MOST_RUNS = 10
PAGE_VINTAGES = 15
# Never by numbers of rows: where rows are persons, their order would tell what is suppressed.
VINTAGE_SORTS = ("source", "published", "state")
TEN = 10


def read_data(store: Store, request: Request, rule: DisclosureRule | None = None) -> DataView:
    """Return the data page, of all sources or one.

    Where each row is a person, numbers of rows are counts of persons of the whole country. They
    are cumulative: exact, one issue less the one before would give small weeks away.
    """
    disclosure = Disclosure(rule or DisclosureRule(), request.who)
    inspects = ask(request.who, "page:/data/faults") is Answer.OPEN
    exactly = disclosure.of(COUNTRY).is_exact
    with store.read() as connection:
        issue = resolve_issue(connection, request)
        frame = read_frame(connection, request, issue)
        now = clock(connection) if frame.is_latest else issue.as_of
        known = sources(connection)
        listed = [s for s in known if request.source in ("", s["source_id"])]
        rules = {s["source_id"]: _rule(s, disclosure) for s in known}
        rows = [_source(connection, row, now, rules[row["source_id"]]) for row in listed]
        faults = [
            fault
            for row in listed
            for fault in _faults(connection, row["source_id"], now, rules[row["source_id"]])
        ]
        issued = vintage_page(
            connection,
            page=page_in(request.page),
            most=PAGE_VINTAGES,
            order=order_in(request.sort, VINTAGE_SORTS),
            source_id=request.source,
            until=now,
        ).of(lambda row: _vintage(connection, row, rules[row["source_id"]]))
    with store.read_ops() as operations:
        runs = [RunRow(**run) for run in recent_runs(operations, MOST_RUNS)]
        checks = newest_checks(operations) if frame.is_latest else {}
    rows = [_checked(row, checks.get(row.source_id), tells=inspects) for row in rows]
    return DataView(
        frame=frame,
        sources=tuple(sorted(rows, key=_urgency)),
        vintages=issued,
        faults=tuple(faults),
        runs=tuple(runs),
        inspects=inspects,
        held=_held(issue, exactly=exactly),
        held_exactly=exactly,
    )


def _held(issue: Issue, *, exactly: bool) -> tuple[HeldRow, ...] | None:
    """Return how often earlier ranges held, None where it was not computed.

    A share over all areas tells no area's count. But one more range that is compared, or one
    that passes from a group of small areas to the next, would tell that some area reached so
    many cases: for the public, numbers of ranges have two digits, and of groups by size there
    are only those of areas whose weeks are far from being suppressed.
    """
    told = issue.facts.get(SELF_AUDIT)
    if told is None:
        return None
    rows = [HeldRow(*_limited(row[:4]), *row[4:]) for row in told]
    if exactly:
        return tuple(rows)
    return tuple(
        replace(row, compared=about(row.compared), waiting=about(row.waiting))
        for row in rows
        if row.sizes is None or (row.sizes[0] or 0) >= TEN
    )


def _limited(row: list[Any]) -> list[Any]:
    """Return a row's group with limits as pairs."""
    return [tuple(part) if isinstance(part, list) else part for part in row]


def about(count: int) -> int:
    """Return a number of ranges with two digits, one below a hundred in tens; only none is 0."""
    if 0 < count < TEN:
        return TEN
    return round(count, min(-1, 2 - len(str(count))))


def _urgency(row: SourceRow) -> tuple[bool, bool, int, str]:
    """Put problems first, what never came last."""
    return (not row.is_problem, row.state == "never", -(row.late_days or 0), row.title)


def _rule(source: Mapping[str, Any], disclosure: Disclosure) -> DisclosureRule:
    """Return the rule for numbers of rows; those of workplaces and beds are not disclosed."""
    return disclosure.of(COUNTRY) if source["rows_are_persons"] else EXACT


def _source(
    connection: Connection, row: Mapping[str, Any], now: datetime, rule: DisclosureRule
) -> SourceRow:
    stands = freshness(connection, row, now)
    last, late = stands.last, late_days(connection, row, now)
    return SourceRow(
        source_id=row["source_id"],
        title=row["title"],
        publisher=row["publisher"],
        licence=row["licence"],
        rhythm=row["rhythm"],
        expected=stands.expected,
        received=stands.received,
        late_days=late if last else None,
        state="never" if last is None else "late" if late else "in_date",
        rows_read=rule.count(last["rows_read"]) if last else None,
        rows_accepted=rule.count(last["rows_accepted"]) if last else None,
        rows_rejected=rule.count(last["rows_rejected"]) if last else None,
        rows_duplicate=rule.count(last["rows_duplicate"]) if last else None,
        used_for=row["used_for"],
        rows_flagged=rule.count(stands.flags),
        record_lag_days=stands.record_lag_days,
        raised=tuple(fault_code(code).meaning for code in stands.raised),
        waived=tuple(fault_code(code).meaning for code in stands.waived),
    )


def _checked(row: SourceRow, check: Mapping[str, Any] | None, *, tells: bool) -> SourceRow:
    """Add when a run last looked for a source; why it came to nothing is for those who can act."""
    if check is None:
        return row
    failed = check["state"] in REFUSED_OR_UNREACHABLE
    return replace(
        row,
        checked_at=check["checked_at"],
        check=check["state"],
        check_reason=check["detail"] if failed and tells else "",
    )


def _vintage(connection: Connection, row: Mapping[str, Any], rule: DisclosureRule) -> VintageRow:
    raised = alarms(connection, row["id"]) if row["state"] == HELD else []
    # Parts of a rounded sum would tell more of persons than the sum does.
    changes = changes_of(connection, row["id"]).values() if rule.is_exact else ()
    return VintageRow(
        vintage_id=row["name"],
        source_id=row["source_id"],
        published_at=row["published_at"],
        recorded_at=row["recorded_at"],
        rows_read=rule.count(row["rows_read"]),
        rows_accepted=rule.count(row["rows_accepted"]),
        rows_rejected=rule.count(row["rows_rejected"]),
        rows_duplicate=rule.count(row["rows_duplicate"]),
        rows_changed=rule.count(row["rows_changed"]),
        state=row["state"],
        snapshot=row["snapshot_sha256"][:12],
        alarms=tuple(dict.fromkeys(fault_code(alarm.code).meaning for alarm in raised)),
        added=sum(change.added for change in changes),
        changed=sum(change.changed for change in changes),
        withdrawn=sum(change.withdrawn for change in changes),
    )


def _faults(
    connection: Connection, source_id: str, now: datetime, rule: DisclosureRule
) -> list[FaultRow]:
    last = newest(connection, source_id, now)
    if last is None:
        return []
    told = [
        FaultRow(
            source_id=source_id,
            code=row["code"],
            grade=row["grade"],
            meaning=fault_code(row["code"]).meaning,
            rows=rule.count(row["rows"]),
            action=fault_code(row["code"]).action(row["grade"]),
        )
        for row in fault_counts(connection, last["id"])
    ]
    # By what is shown, never by what is not: the order of suppressed numbers would tell them.
    return sorted(told, key=lambda row: (row.rows is None, -(row.rows or 0), row.code, row.grade))
