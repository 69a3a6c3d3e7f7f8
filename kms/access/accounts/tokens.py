"""API tokens: for programs, with scopes and a day on which they end."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from kms.access import audit
from kms.access.accounts.sessions import hashed
from kms.access.audit import Event, Origin
from kms.access.policy import EXACT, FIGURES, SCOPES, SEES_EXACT
from kms.domain.principal import TOKEN, Principal
from kms.errors import AccessError
from kms.store import accounts
from kms.store.engine import Store

LONGEST_LIFE_DAYS = 366
MOST_TOKENS = 20
FORM = re.compile(r"ligtas_([0-9a-f]{12})_([A-Za-z0-9_-]{20,60})")


def make_token(
    store: Store,
    who: Principal,
    *,
    label: str,
    scopes: Collection[str],
    days: int,
    origin: Origin,
    at: datetime,
) -> str:
    """Return a new token; it is told once and kept as a hash."""
    wanted = sorted({*scopes, *([FIGURES] if EXACT in scopes else [])})
    if not wanted or not set(wanted) <= set(SCOPES):
        raise AccessError(f"the scopes are {wanted}; choose from {', '.join(SCOPES)}")
    if EXACT in wanted and not who.holds(SEES_EXACT):
        raise AccessError("the account may not see exact figures, nor may its tokens; ask an admin")
    if not 1 <= days <= LONGEST_LIFE_DAYS:
        raise AccessError(f"a token lasts 1 to {LONGEST_LIFE_DAYS} days, not {days}; choose again")
    token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row: dict[str, Any] = {"id": token_id, "secret_hash": hashed(secret), "account_id": who.account}
    row |= {"label": label.strip()[:80] or "token", "scopes": " ".join(wanted)}
    row |= {"created_at": at, "expires_at": at + timedelta(days=days)}
    with store.write_ops() as connection:
        account = accounts.account_of(connection, who.account)
        if account is None or account["state"] != accounts.ACTIVE:
            raise AccessError("the account is disabled, its tokens open nothing; enable it first")
        live = [
            token
            for token in accounts.tokens_of(connection, who.account)
            if token["revoked_at"] is None and token["expires_at"] > at
        ]
        if len(live) >= MOST_TOKENS:
            raise AccessError(f"an account has at most {MOST_TOKENS} tokens; revoke one first")
        accounts.add_token(connection, row)
        told = Event("token.create", token_id, detail=f"{row['scopes']}; {days} days")
        audit.write(connection, origin, told, at)
    return f"ligtas_{token_id}_{secret}"


def revoke(store: Store, account_id: str, token_id: str, *, origin: Origin, at: datetime) -> None:
    """End a token of an account."""
    with store.write_ops() as connection:
        if not accounts.revoke_tokens(connection, account_id, at, token_id):
            raise AccessError("there is no such token any more; nothing was changed")
        audit.write(connection, origin, Event("token.revoke", token_id), at)


def resolve(store: Store, written: str, at: datetime) -> Principal | None:
    """Return whose token it is, with the roles the account has now; None when it opens nothing."""
    parts = FORM.fullmatch(written)
    if parts is None:
        return None
    with store.read_ops() as connection:
        token = accounts.token_of(connection, parts[1])
        account = accounts.account_of(connection, token["account_id"]) if token else None
        grants = accounts.grants_of(connection, account["id"]) if account else ()
    if token is None or account is None:
        return None
    right = hmac.compare_digest(token["secret_hash"], hashed(parts[2]))
    live = token["revoked_at"] is None and token["expires_at"] > at
    if not (right and live and account["state"] == accounts.ACTIVE):
        return None
    return Principal(
        account=account["id"],
        name=account["name"],
        grants=grants,
        via=TOKEN,
        scopes=frozenset(token["scopes"].split()),
        must_change=bool(account["must_change"]),
    )
