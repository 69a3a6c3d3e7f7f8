"""Everybody with an account, one of them, and the sessions that are open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kms.access.accounts.grants import may_reset
from kms.access.accounts.invitations import LISTED
from kms.access.accounts.sessions import Lifetime
from kms.config import load_settings, now
from kms.domain.principal import Grant, Principal
from kms.errors import AccessError, NoDataError
from kms.reads.people.own import TokenRow, frame_if_any, live_tokens
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.store import accounts, sessions
from kms.store.engine import Store


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One account in the list of all."""

    account: str
    name: str
    full_name: str
    grants: tuple[Grant, ...]
    state: str  # active, waiting (has a link, no password yet), disabled
    signed_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """A link to a new account that has not been used."""

    name: str  # the first signs of a hash, of no use to open it
    grant: Grant
    by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class UsersView:
    """Every account, by name."""

    frame: Frame | None
    people: tuple[PersonRow, ...]
    invitations: tuple[InvitationRow, ...]  # that nobody has used yet


@dataclass(frozen=True, slots=True)
class PersonView:
    """One account, for those who look after accounts."""

    frame: Frame | None
    person: PersonRow
    created_at: datetime
    by_provider: bool  # signs in through the identity provider, without a password of ours
    may_reset: bool  # whoever looks may send it a link to a new password
    open_sessions: int
    tokens: tuple[TokenRow, ...]


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A browser in which somebody is signed in."""

    session: str  # the name it is listed under: a hash, of no use to sign in
    account: str
    name: str
    since: datetime
    seen_at: datetime
    address: str
    own: bool  # of whoever looks


@dataclass(frozen=True, slots=True)
class SessionsView:
    """Who is signed in."""

    frame: Frame | None
    sessions: tuple[SessionRow, ...]


def read_users(store: Store, _request: Request) -> UsersView:
    """Return every account."""
    with store.read() as connection:
        frame = frame_if_any(connection)
    with store.read_ops() as operations:
        given = accounts.all_grants(operations)
        rows = accounts.all_accounts(operations)
        links = accounts.open_invitations(operations, now())
    return UsersView(
        frame,
        tuple(_person(row, given.get(row["id"], ())) for row in rows),
        tuple(
            InvitationRow(
                link["token_hash"][:LISTED],
                Grant(link["role"], link["area"], link["section"], link["establishment"]),
                link["created_by"],
                link["expires_at"],
            )
            for link in links
        ),
    )


def read_person(store: Store, request: Request) -> PersonView:
    """Return the account asked for; raise `NoDataError` when there is none."""
    with store.read() as connection:
        frame = frame_if_any(connection)
    at = now()
    with store.read_ops() as operations:
        row = accounts.account_of(operations, request.account)
        if row is None:
            raise NoDataError(f"there is no account '{request.account[:20]}'; see /admin/users")
        grants = accounts.grants_of(operations, row["id"])
        listed = accounts.tokens_of(operations, row["id"])
        used = sessions.sessions(operations, row["id"])
    return PersonView(
        frame=frame,
        person=_person(row, grants),
        created_at=row["created_at"],
        by_provider=row["subject"] is not None,
        may_reset=_may_reset(request.who, row, grants),
        open_sessions=sum(_is_open(one, at) for one in used),
        tokens=live_tokens(listed, at),
    )


def read_sessions(store: Store, request: Request) -> SessionsView:
    """Return the open sessions, most recently used first."""
    with store.read() as connection:
        frame = frame_if_any(connection)
    at = now()
    with store.read_ops() as operations:
        rows = sessions.sessions(operations)
    return SessionsView(
        frame,
        tuple(
            SessionRow(
                session=row["id_hash"],
                account=row["account_id"],
                name=row["name"],
                since=row["created_at"],
                seen_at=row["seen_at"],
                address=row["address"],
                own=row["id_hash"] == request.who.session,
            )
            for row in rows
            if _is_open(row, at)
        ),
    )


def _person(row: dict[str, Any], grants: tuple[Grant, ...]) -> PersonRow:
    waits = row["password_hash"] is None and row["subject"] is None
    state = "waiting" if waits and row["state"] == accounts.ACTIVE else row["state"]
    return PersonRow(row["id"], row["name"], row["full_name"], grants, state, row["signed_in_at"])


def _may_reset(who: Principal, row: dict[str, Any], grants: tuple[Grant, ...]) -> bool:
    if row["state"] != accounts.ACTIVE or row["id"] == who.account:
        return False  # a link would open nothing; one's own password is changed on /account
    try:
        may_reset(who, grants)
    except AccessError:
        return False
    return True


def _is_open(row: dict[str, Any], at: datetime) -> bool:
    """Tell whether a session would still let somebody in; ended ones are swept now and then."""
    settings = load_settings()
    lifetime = Lifetime(
        idle=timedelta(minutes=settings.session_idle_minutes),
        longest=timedelta(hours=settings.session_hours),
    )
    idle: timedelta = at - row["seen_at"]
    age: timedelta = at - row["created_at"]
    return idle <= lifetime.idle and age <= lifetime.longest
