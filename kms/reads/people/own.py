"""What somebody sees of themselves: the account page, the sign-in and invitation pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from kms.access.accounts import invitations
from kms.config import now
from kms.domain.principal import Grant
from kms.errors import NoDataError
from kms.reads.frame import read_frame
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.store import accounts, sessions
from kms.store.engine import Store


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A program's token, without its secret."""

    token_id: str
    label: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignInView:
    """The sign-in page knows nothing but the surroundings."""

    frame: Frame | None


@dataclass(frozen=True, slots=True)
class InvitationView:
    """What a link is for; `found` is false when it opens nothing (any more)."""

    frame: Frame | None
    found: bool
    name: str = ""  # of the account whose password it renews; empty: a new account
    grant: Grant | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountView:
    """Somebody's own account."""

    frame: Frame | None
    name: str
    full_name: str
    grants: tuple[Grant, ...]
    has_password: bool
    must_change: bool
    other_sessions: int
    tokens: tuple[TokenRow, ...]


def read_sign_in(store: Store, _request: Request) -> SignInView:
    """Return the surroundings of the sign-in page."""
    with store.read() as connection:
        return SignInView(frame_if_any(connection))


def read_invitation(store: Store, request: Request) -> InvitationView:
    """Return what the link of ?code= is for."""
    with store.read() as connection:
        frame = frame_if_any(connection)
    row = invitations.find(store, request.code, now())
    if row is None:
        return InvitationView(frame, found=False)
    grant = Grant(row["role"], row["area"], row["section"], row["establishment"])
    renews = bool(row["account_id"])
    return InvitationView(
        frame,
        found=True,
        name=row["name"],
        grant=None if renews else grant,
        expires_at=row["expires_at"],
    )


def read_account(store: Store, request: Request) -> AccountView:
    """Return the account of who asks."""
    with store.read() as connection:
        frame = frame_if_any(connection)
    at = now()
    with store.read_ops() as operations:
        row = accounts.account_of(operations, request.who.account)
        if row is None:
            raise NoDataError("this account is no more; sign in with another one")
        live = live_tokens(accounts.tokens_of(operations, row["id"]), at)
        open_sessions = len(sessions.sessions(operations, row["id"]))
    return AccountView(
        frame=frame,
        name=row["name"],
        full_name=row["full_name"],
        grants=request.who.grants,
        has_password=row["password_hash"] is not None,
        must_change=bool(row["must_change"]),
        other_sessions=max(0, open_sessions - 1),
        tokens=live,
    )


def live_tokens(rows: Iterable[Mapping[str, Any]], at: datetime) -> tuple[TokenRow, ...]:
    """Return the tokens that open something, without what they hold."""
    return tuple(
        TokenRow(
            token["id"],
            token["label"],
            tuple(token["scopes"].split()),
            token["created_at"],
            token["expires_at"],
        )
        for token in rows
        if token["revoked_at"] is None and token["expires_at"] > at
    )


def frame_if_any(connection: Connection) -> Frame | None:
    """Return the newest publication's frame; None on a store that has published nothing."""
    try:
        return read_frame(connection, Request())
    except NoDataError:
        return None
