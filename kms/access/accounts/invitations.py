"""Links that work once: to open an account with a given role, or to choose a new password."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from kms.access import audit
from kms.access.accounts import people
from kms.access.accounts.passwords import check_password, hash_password
from kms.access.accounts.sessions import hashed
from kms.access.audit import Event, Origin
from kms.domain.principal import Grant, Principal
from kms.errors import AccessError
from kms.store import accounts as kept
from kms.store.engine import Store

INVITED_FOR, RESET_FOR = timedelta(days=7), timedelta(hours=24)
LONGEST_CODE = 100
LISTED = 16  # first signs of an invitation's hash, under which it is listed
NO_GRANT = Grant("")


def invite(store: Store, grant: Grant, *, origin: Origin, at: datetime) -> str:
    """Return the code of an invitation to open an account with a role."""
    told = Event("invitation.create", detail=people.describe(grant))
    return _make(store, grant, told, {"expires_at": at + INVITED_FOR}, origin=origin, at=at)


def reset_password(store: Store, name: str, *, origin: Origin, at: datetime) -> str:
    """Return the code of a link to a new password; the old one, sessions and tokens end now."""
    row = people.may_send_reset(store, name, origin)
    with store.write_ops() as connection:
        kept.close_invitations(connection, row["id"], at)
        kept.revoke_tokens(connection, row["id"], at)
        kept.change_account(connection, row["id"], end_sessions=True, password_hash=None)
    told = Event("password.reset", row["name"])
    values = {"account_id": row["id"], "expires_at": at + RESET_FOR}
    return _make(store, NO_GRANT, told, values, origin=origin, at=at)


def find(store: Store, code: str, at: datetime) -> dict[str, Any] | None:
    """Return what a code invites to, with the account's name if it has one; None if nothing."""
    if not code or len(code) > LONGEST_CODE:
        return None
    with store.read_ops() as connection:
        row = kept.open_invitation(connection, hashed(code), at)
        if row is None:
            return None
        account = kept.account_of(connection, row["account_id"]) if row["account_id"] else None
    if row["account_id"] and (account is None or account["state"] != kept.ACTIVE):
        return None
    return row | {"name": account["name"] if account else ""}


def accept(
    store: Store, code: str, *, name: str, full_name: str, password: str, address: str, at: datetime
) -> str:
    """Use a code: open the account, or set the new password. Returns the account's id."""
    row = find(store, code, at)
    if row is None:
        raise AccessError(
            "this link has been used, has run out, or never was; ask for another one", "link"
        )
    written = row["name"] or people.tidy_name(name)
    key = hash_password(check_password(password, written))
    origin = Origin(Principal(name=written, via="link"), address)
    with store.write_ops() as connection:
        if not kept.use_invitation(connection, hashed(code), at):
            raise AccessError("this link has just been used; ask for another one", "link")
        if row["account_id"]:
            kept.change_account(
                connection,
                row["account_id"],
                end_sessions=True,
                password_hash=key,
                must_change=False,
            )
            audit.write(connection, origin, Event("password.change", written), at)
            audit.write(connection, origin, Event("sign_in", written, "by a link"), at)
            return str(row["account_id"])
        grant = Grant(row["role"], row["area"], row["section"], row["establishment"])
        person = {"name": written, "full_name": full_name.strip()[:200] or written}
        made = people.add(
            connection, person, {"password_hash": key}, (grant,), origin=origin, at=at
        )
        audit.write(connection, origin, Event("sign_in", written, "by a link"), at)
        return made


def withdraw(store: Store, name: str, *, origin: Origin, at: datetime) -> None:
    """Let an invitation open nothing any more, by the name under which it is listed."""
    with store.write_ops() as connection:
        if len(name) != LISTED or not kept.withdraw_invitations(connection, at, name=name):
            raise AccessError("this invitation has been used or withdrawn; nothing was changed")
        audit.write(connection, origin, Event("invitation.withdraw", name), at)


def _make(
    store: Store, grant: Grant, told: Event, values: dict[str, Any], *, origin: Origin, at: datetime
) -> str:
    code = secrets.token_urlsafe(32)
    with store.write_ops() as connection:
        row = {"created_at": at, "created_by": origin.who.name, **values}
        kept.add_invitation(connection, hashed(code), row, grant)
        audit.write(connection, origin, told, at)
    return code
