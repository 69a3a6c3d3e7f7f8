"""What runs found at the places of sources: when we last looked, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, insert, or_, select

from kms.store.engine import Store
from kms.store.ledger import DETAIL_LENGTH
from kms.store.ops_tables import SourceCheck

Row = dict[str, Any]
UNCHANGED, ACCEPTED, HELD, UNREACHABLE, REFUSED = STATES = (
    "unchanged",
    "accepted",
    "held",
    "unreachable",
    "refused",
)  # what matters more comes later


@dataclass(frozen=True)
class Check:
    """What a run found at one place of a source."""

    source_id: str
    place: str
    checked_at: datetime
    state: str  # one of STATES
    vintage: str = ""
    error_code: str = ""
    detail: str = ""


def write_checks(store: Store, run_id: str, checks: Iterable[Check]) -> None:
    """Write what a run found at the places it looked at."""
    rows = [
        {"run_id": run_id, **asdict(check), "detail": check.detail[:DETAIL_LENGTH]}
        for check in checks
    ]
    if rows:
        with store.write_ops() as connection:
            connection.execute(insert(SourceCheck), rows)


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


def _gravity(state: str) -> int:
    return STATES.index(state) if state in STATES else len(STATES)
