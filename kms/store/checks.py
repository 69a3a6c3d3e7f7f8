"""What runs found at the places of sources: when we last looked, and what came of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from kms.store.ops_tables import SourceCheck

Row = dict[str, Any]
UNCHANGED, ACCEPTED, HELD, UNREACHABLE, REFUSED = STATES = (
    "unchanged",
    "accepted",
    "held",
    "unreachable",
    "refused",
)  # what matters more comes later


def newest_checks(connection: Connection) -> dict[str, Row]:
    """Return by source what the last run that looked for it found.

    A run may look at several places of one source: the gravest finding stands for all.
    """
    last = (select(func.max(SourceCheck.id).label("id")).group_by(SourceCheck.source_id)).subquery()
    ended = select(SourceCheck.__table__).join(last, SourceCheck.id == last.c.id).subquery()
    same_run = and_(
        SourceCheck.source_id == ended.c.source_id,
        or_(
            SourceCheck.id == ended.c.id,
            # What came by hand belongs to no run.
            and_(SourceCheck.run_id == ended.c.run_id, ended.c.run_id != ""),
        ),
    )
    statement = select(SourceCheck.__table__).join(ended, same_run).order_by(SourceCheck.id)
    found: dict[str, Row] = {}
    for row in connection.execute(statement).mappings():
        known = found.get(row["source_id"])
        if known is None or _gravity(row["state"]) >= _gravity(known["state"]):
            found[row["source_id"]] = dict(row)
    return found


def checks_of(connection: Connection, source_id: str, most: int) -> list[Row]:
    """Return what was found at the places of one source, newest first."""
    statement = (
        select(SourceCheck.__table__)
        .where(SourceCheck.source_id == source_id)
        .order_by(SourceCheck.id.desc())
        .limit(most)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def _gravity(state: str) -> int:
    return STATES.index(state) if state in STATES else len(STATES)
