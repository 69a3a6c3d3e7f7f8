"""The sources as `kms status` shows them: expected, received, lag, rows, rejects, tripwires."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from kms.config import MANILA
from kms.reads.frame import late_days
from kms.store.freshness import freshness
from kms.store.sources import sources

Row = dict[str, Any]
FAILED = ("refused", "unreachable")
HEADS = (
    "source",
    "expected",
    "received",
    "late",
    "lag",
    "looked",
    "rows",
    "accepted",
    "rejected",
    "dup",
    "flags",
    "tripwires",
)
NUMBERS = frozenset({"late", "lag", "rows", "accepted", "rejected", "dup", "flags"})


def source_rows(
    connection: Connection, checks: Mapping[str, Mapping[str, Any]], now: datetime
) -> list[Row]:
    """Return every source with how it stands, problems first; the keys of `--json`."""
    rows = [
        _row(connection, source, checks.get(source["source_id"]), now)
        for source in sources(connection)
    ]
    return sorted(rows, key=_urgency)


def _row(
    connection: Connection,
    source: Mapping[str, Any],
    check: Mapping[str, Any] | None,
    now: datetime,
) -> Row:
    stands = freshness(connection, source, now)
    last = stands.last or {}
    published = last["published_at"].astimezone(MANILA) if last else None
    return {
        "source_id": source["source_id"],
        "published_at": f"{published:%Y-%m-%d %H:%M}" if published else None,
        "vintage": last.get("name"),
        "late_days": late_days(connection, source, now),
        "expected": stands.expected.isoformat() if stands.expected else None,
        "received": stands.received.isoformat() if stands.received else None,
        "record_lag_days": stands.record_lag_days,
        "rows_read": last.get("rows_read"),
        "rows_accepted": last.get("rows_accepted"),
        "rows_rejected": last.get("rows_rejected"),
        "rows_duplicate": last.get("rows_duplicate"),
        "flags": stands.flags,
        "tripwires": list(stands.raised),
        "waived": list(stands.waived),
        "checked_at": check["checked_at"].isoformat() if check else None,
        "check": check["state"] if check else None,
        "check_reason": check["detail"] if check and check["state"] in FAILED else "",
    }


def _urgency(row: Row) -> tuple[bool, bool, int, str]:
    troubled = bool(row["late_days"] or row["tripwires"] or row["check"] in FAILED)
    return (not troubled, row["published_at"] is None, -row["late_days"], row["source_id"])


def source_lines(rows: Sequence[Row]) -> list[str]:
    """Write the sources as an aligned table; those never received as one line after it."""
    came = [row for row in rows if row["published_at"] or row["check"] in FAILED]
    rest = [row["source_id"] for row in rows if row not in came]
    lines = _aligned([_cells(row) for row in came]) if came else []
    lines += [
        f"{row['source_id']} was {row['check']}: {' '.join(row['check_reason'].split())}"
        for row in came
        if row["check"] in FAILED
    ]
    return [*lines, *([f"never received: {', '.join(rest)}"] if rest else [])]


def _cells(row: Row) -> dict[str, str]:
    looked = "-"
    if row["check"]:
        at = datetime.fromisoformat(row["checked_at"]).astimezone(MANILA)
        looked = f"{row['check']} {at:%Y-%m-%d}"
    wires = [*row["tripwires"], *(f"{code} (waived)" for code in row["waived"])]
    counts = {
        "rows": "rows_read",
        "accepted": "rows_accepted",
        "rejected": "rows_rejected",
        "dup": "rows_duplicate",
        "flags": "flags",
    }
    return {
        "source": row["source_id"],
        "expected": row["expected"] or "-",
        "received": row["received"] or "never",
        "late": f"{row['late_days']} d" if row["late_days"] else "-",
        "lag": "-" if row["record_lag_days"] is None else f"{row['record_lag_days']} d",
        "looked": looked,
        **{head: _number(row[key]) for head, key in counts.items()},
        "tripwires": ", ".join(wires) or "-",
    }


def _number(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def _aligned(rows: Iterable[Mapping[str, str]]) -> list[str]:
    lines = [{head: head for head in HEADS}, *rows]
    widths = {head: max(len(line[head]) for line in lines) for head in HEADS}
    return [
        "  ".join(
            line[head].rjust(widths[head]) if head in NUMBERS else line[head].ljust(widths[head])
            for head in HEADS
        ).rstrip()
        for line in lines
    ]
