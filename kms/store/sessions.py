"""Sessions and the counters that slow down guessing, in the operations store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from kms.store.account_tables import Account, Throttle, UserSession

Row = dict[str, Any]


def add_session(connection: Connection, values: Mapping[str, Any]) -> None:
    """Write that a browser has signed in."""
    connection.execute(insert(UserSession), dict(values))


def session_of(connection: Connection, id_hash: str) -> Row | None:
    """Return a session with its account, whatever their state."""
    statement = (
        select(
            UserSession.created_at,
            UserSession.seen_at,
            UserSession.epoch,
            Account.id,
            Account.name,
            Account.state,
            Account.epoch.label("account_epoch"),
            Account.must_change,
        )
        .join(Account, Account.id == UserSession.account_id)
        .where(UserSession.id_hash == id_hash)
    )
    found = connection.execute(statement).mappings().one_or_none()
    return dict(found) if found else None


def touch_session(connection: Connection, id_hash: str, at: datetime) -> None:
    """Write that a session is in use."""
    connection.execute(update(UserSession).where(UserSession.id_hash == id_hash).values(seen_at=at))


def end_session(connection: Connection, id_hash: str) -> int:
    """End a session; return how many there were."""
    return connection.execute(delete(UserSession).where(UserSession.id_hash == id_hash)).rowcount


def sessions(connection: Connection, account_id: str = "") -> list[Row]:
    """Return sessions, most recently used first, of one account or all."""
    statement = (
        select(
            UserSession.id_hash,
            UserSession.created_at,
            UserSession.seen_at,
            UserSession.address,
            Account.id.label("account_id"),
            Account.name,
        )
        .join(Account, Account.id == UserSession.account_id)
        .order_by(UserSession.seen_at.desc())
    )
    if account_id:
        statement = statement.where(Account.id == account_id)
    return [dict(row) for row in connection.execute(statement).mappings()]


def throttle_of(connection: Connection, key: str) -> Row | None:
    """Return the counter of a key."""
    statement = select(Throttle.__table__).where(Throttle.key == key)
    found = connection.execute(statement).mappings().one_or_none()
    return dict(found) if found else None


def set_throttle(
    connection: Connection, key: str, *, attempts: int, at: datetime, until: datetime | None
) -> None:
    """Write the counter of a key."""
    values = {"attempts": attempts, "last_at": at, "blocked_until": until}
    done = connection.execute(update(Throttle).where(Throttle.key == key).values(**values))
    if done.rowcount == 0:
        connection.execute(insert(Throttle), {"key": key, **values})


def clear_throttle(connection: Connection, key: str, *, everywhere: bool = False) -> int:
    """Forget the counter of a key, or those of all its networks; return how many there were."""
    which = Throttle.key == key
    if everywhere:
        which |= Throttle.key.startswith(f"{key}@", autoescape=True)
    return connection.execute(delete(Throttle).where(which)).rowcount


def sweep(connection: Connection, at: datetime, *, idle: timedelta, longest: timedelta) -> int:
    """Remove sessions that have ended of themselves; return how many."""
    gone = (UserSession.seen_at < at - idle) | (UserSession.created_at < at - longest)
    return connection.execute(delete(UserSession).where(gone)).rowcount
