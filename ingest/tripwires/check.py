"""Comparing an arriving issue with the one published before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from ingest.tripwires.counts import counts_changed, stale
from ingest.tripwires.limits import Limits
from ingest.tripwires.persons import persons_changed
from kms.config import MANILA
from kms.domain.intake import Alarm, Parsed
from kms.reference import load_areas
from kms.store.facts import fact_table
from kms.store.states import inside, read_spans, state_at

FEWEST_ROWS = 40  # below, half as many is no sign of anything


@dataclass(frozen=True)
class Before:
    """The issue before: its row in the store, and what it said."""

    row: Mapping[str, Any]
    facts: Mapping[str, pa.Table]


def issue_before(connection: Connection, row: Mapping[str, Any], parsed: Parsed) -> Before:
    """Read what an earlier vintage said, in the tables an arriving one fills."""
    spans = read_spans(row["spans"])
    return Before(
        row,
        {
            name: inside(
                state_at(connection, fact_table(name), row["source_id"], row["published_at"]),
                spans.get(name),
            )
            for name in parsed.facts
        },
    )


def compare(
    before: Before, parsed: Parsed, content: str, instant: datetime, *, limits: Limits
) -> list[Alarm]:
    """Return what is strange about an issue beside the one before it, persons apart.

    `content` is the hash of what it says.
    """
    if content == before.row["content_hash"]:
        return [Alarm("frozen_copy", "", None, None)] if limits.frozen else []
    day = instant.astimezone(MANILA).date()
    return [
        *_rows_gone(before, parsed, limits),
        *stale(parsed.facts, day, limits),
        *counts_changed(
            before.facts, parsed.facts, _region_of(day), limits, some_days=tuple(parsed.spans)
        ),
    ]


def compare_persons(before: Path | None, now: Path, limits: Limits) -> list[Alarm]:
    """Return what is strange about persons of the same code; nothing where either is unknown."""
    if before is None or not before.exists() or not now.exists():
        return []
    return persons_changed(before, now, limits)


def _rows_gone(before: Before, parsed: Parsed, limits: Limits) -> list[Alarm]:
    earlier = before.row["rows_read"]
    if limits.rows_shrink is None or earlier < FEWEST_ROWS or parsed.spans:
        return []
    lost = 1 - parsed.rows_read / earlier
    if lost <= limits.rows_shrink:
        return []
    return [Alarm("total_shrank", "rows", lost, limits.rows_shrink)]


def _region_of(day: date) -> Callable[[str], str]:
    areas = load_areas()

    def region(code: str) -> str:
        return areas.region_of(code, day) if code in areas else ""

    return region
