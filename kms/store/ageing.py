"""Counting and removing rows that have been kept long enough; which, is said elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select

from kms.store.account_tables import ApiToken, Invitation, Throttle, UserSession
from kms.store.ops_tables import OpsTable
from kms.store.tables import FaultRecord, Vintage


@dataclass(frozen=True, slots=True)
class Aged:
    """Rows of one table, and what makes one of them old."""

    table: Any
    is_old: Callable[[datetime], ColumnElement[bool]]

    @property
    def in_ops(self) -> bool:
        """Tell whether the table lies in the operations store."""
        return issubclass(self.table, OpsTable)

    def count(self, connection: Connection, before: datetime) -> int:
        """Return how many are old."""
        statement = select(func.count()).select_from(self.table).where(self.is_old(before))
        return connection.execute(statement).scalar_one()

    def remove(self, connection: Connection, before: datetime) -> None:
        """Remove the old ones."""
        connection.execute(delete(self.table).where(self.is_old(before)))


FAULT_PLACES = Aged(
    FaultRecord,
    lambda before: FaultRecord.vintage_id.in_(
        select(Vintage.id).where(Vintage.recorded_at < before)
    ),
)
SESSIONS = Aged(UserSession, lambda before: UserSession.created_at < before)
# An attempt is forgotten after a day; where an account signed in from, after some weeks.
ATTEMPTS = Aged(
    Throttle, lambda before: (Throttle.last_at < before) & ~Throttle.key.startswith("home:")
)
HOMES = Aged(
    Throttle, lambda before: (Throttle.last_at < before) & Throttle.key.startswith("home:")
)
LINKS = Aged(
    Invitation, lambda before: (Invitation.expires_at < before) | (Invitation.used_at < before)
)
TOKENS = Aged(
    ApiToken, lambda before: (ApiToken.expires_at < before) | (ApiToken.revoked_at < before)
)


def snapshots_before(connection: Connection, before: datetime) -> list[str]:
    """Return the folders of vintages recorded before an instant, but the newest of each source."""
    newest = select(func.max(Vintage.published_at)).where(Vintage.state == "accepted")
    newest_of = newest.group_by(Vintage.source_id)
    statement = select(Vintage.snapshot_path).where(
        Vintage.recorded_at < before, Vintage.published_at.not_in(newest_of)
    )
    return list(connection.execute(statement).scalars())
