"""Sessions: an opaque id in a cookie, its hash in the store, ended on the server."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from kms.access import audit
from kms.access.audit import Event, Origin
from kms.domain.principal import PUBLIC, SESSION, Principal
from kms.errors import AccessError
from kms.store import accounts, sessions
from kms.store.engine import Store

TOUCH_AFTER = timedelta(seconds=60)  # one write a minute, not one a request
ID_BYTES = 32
LONGEST_ID = 100


@dataclass(frozen=True, slots=True)
class Lifetime:
    """When a session ends of itself."""

    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=8)


def open_session(
    store: Store, account_id: str, *, address: str, at: datetime, epoch: int | None = None
) -> str:
    """Return the id of a new session; it is told once and kept as a hash.

    With the `epoch` under which a password was found right, an account that has changed in the
    meantime is refused: the password may be another by now.
    """
    session_id = secrets.token_urlsafe(ID_BYTES)
    with store.write_ops() as connection:
        account = accounts.account_of(connection, account_id)
        if account is None or epoch not in (None, account["epoch"]):
            raise AccessError("the account has just been changed; sign in again", "changed")
        epoch = account["epoch"]
        row = {"id_hash": hashed(session_id), "account_id": account_id, "epoch": epoch}
        row |= {"created_at": at, "seen_at": at, "address": address[:45]}
        sessions.add_session(connection, row)
        accounts.change_account(connection, account_id, signed_in_at=at)
    return session_id


def resolve(store: Store, session_id: str, lifetime: Lifetime, at: datetime) -> Principal:
    """Return whose session it is; `PUBLIC` when it has ended, was never there, or is no more."""
    if not session_id or len(session_id) > LONGEST_ID:
        return PUBLIC
    key = hashed(session_id)
    with store.read_ops() as connection:
        row = sessions.session_of(connection, key)
        grants = accounts.grants_of(connection, row["id"]) if row else ()
    if row is None:
        return PUBLIC
    ended = at - row["seen_at"] > lifetime.idle or at - row["created_at"] > lifetime.longest
    changed = row["epoch"] != row["account_epoch"] or row["state"] != accounts.ACTIVE
    if ended or changed:
        close_session(store, session_id)
        return PUBLIC
    if at - row["seen_at"] > TOUCH_AFTER:
        with store.write_ops() as connection:
            sessions.touch_session(connection, key, at)
    return Principal(
        account=row["id"],
        name=row["name"],
        grants=grants,
        via=SESSION,
        session=key,
        must_change=bool(row["must_change"]),
    )


def close_session(store: Store, session_id: str) -> None:
    """End a session; nothing happens when it has ended."""
    with store.write_ops() as connection:
        sessions.end_session(connection, hashed(session_id))


def leave(store: Store, who: Principal) -> None:
    """End the session a browser had before it signed in anew."""
    if who.session:
        with store.write_ops() as connection:
            sessions.end_session(connection, who.session)


def close_all(
    store: Store, who: Principal, *, everywhere: bool, origin: Origin, at: datetime
) -> None:
    """Sign somebody out, of this browser or of every one."""
    with store.write_ops() as connection:
        if everywhere:
            accounts.change_account(connection, who.account, end_sessions=True)
        else:
            sessions.end_session(connection, who.session)
        told = Event("sign_out", who.name, "everywhere" if everywhere else "")
        audit.write(connection, origin, told, at)


def end_one(store: Store, id_hash: str, *, origin: Origin, at: datetime) -> None:
    """End somebody's session, by the name under which it is listed."""
    with store.write_ops() as connection:
        if not sessions.end_session(connection, id_hash):
            raise AccessError("this session has ended already; nothing was changed")
        audit.write(connection, origin, Event("session.end", id_hash[:12]), at)


def hashed(secret: str) -> str:
    """Return the hash under which an unguessable text is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()
