"""Accounts: opened from the command line or by invitation, changed by those who may.

Every change is written to the audit log in the same transaction, and ends the sessions whose
rights it changes.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from kms.access import audit
from kms.access.accounts.grants import may_reset, stays_with_an_admin
from kms.access.accounts.passwords import check_password, hash_password, verify
from kms.access.audit import Event, Origin
from kms.domain.principal import Grant
from kms.errors import AccessError
from kms.store import accounts
from kms.store.engine import Store

NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,127}")


def tidy_name(name: str) -> str:
    """Return a user name as it is kept; raise `AccessError` when it cannot be one."""
    written = plain_name(name)
    if not NAME.fullmatch(written):
        raise AccessError(
            f"the user name is '{written[:40]}'; give 2 to 128 of: letters a to z, digits, "
            ". _ @ + -",
            "name",
        )
    return written


def plain_name(name: str) -> str:
    """Return what was typed as a user name in the form in which names are compared."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def create(
    store: Store,
    name: str,
    *,
    full_name: str,
    password: str,
    grants: Iterable[Grant],
    origin: Origin,
    at: datetime,
    must_change: bool = False,
) -> str:
    """Open an account and return its id."""
    written = tidy_name(name)
    hashed = hash_password(check_password(password, written))
    with store.write_ops() as connection:
        return add(
            connection,
            {"name": written, "full_name": full_name.strip()[:200] or written},
            {"password_hash": hashed, "must_change": must_change},
            tuple(grants),
            origin=origin,
            at=at,
        )


def add(
    connection: Connection,
    person: dict[str, Any],
    key: dict[str, Any],
    grants: tuple[Grant, ...],
    *,
    origin: Origin,
    at: datetime,
) -> str:
    """Write an account with its roles inside a transaction; return its id."""
    if accounts.account_named(connection, person["name"]) is not None:
        raise AccessError(
            f"there is a user '{person['name']}' already; choose another name", "taken"
        )
    account_id = f"u{secrets.token_hex(8)}"
    accounts.add_account(connection, {"id": account_id, "created_at": at, **person, **key})
    audit.write(connection, origin, Event("account.create", person["name"]), at)
    for given in grants:
        accounts.add_grant(connection, account_id, given, at=at, by=origin.who.name)
        told = Event("role.grant", person["name"], detail=describe(given))
        audit.write(connection, origin, told, at)
    return account_id


def give_role(store: Store, name: str, grant: Grant, *, origin: Origin, at: datetime) -> None:
    """Give a role; whoever is signed in with the account must sign in again."""
    with store.write_ops() as connection:
        row = _named(connection, name)
        if not accounts.add_grant(connection, row["id"], grant, at=at, by=origin.who.name):
            raise AccessError(f"{row['name']} has the role {describe(grant)} already")
        _changed(
            connection, row, Event("role.grant", row["name"], describe(grant)), origin=origin, at=at
        )


def take_role(store: Store, name: str, grant: Grant, *, origin: Origin, at: datetime) -> None:
    """Take a role away; whoever is signed in with the account must sign in again."""
    with store.write_ops() as connection:
        row = _named(connection, name)
        if not accounts.drop_grant(connection, row["id"], grant):
            raise AccessError(f"{row['name']} does not have the role {describe(grant)}")
        stays_with_an_admin(connection)
        accounts.withdraw_invitations(connection, at, by=row["name"])
        _changed(
            connection,
            row,
            Event("role.revoke", row["name"], describe(grant)),
            origin=origin,
            at=at,
        )


def set_state(store: Store, name: str, state: str, *, origin: Origin, at: datetime) -> None:
    """Let an account sign in, or no more; its tokens end with it."""
    with store.write_ops() as connection:
        row = _named(connection, name)
        accounts.change_account(connection, row["id"], state=state)
        if state == accounts.DISABLED:
            accounts.revoke_tokens(connection, row["id"], at)
            accounts.withdraw_invitations(connection, at, by=row["name"])
            stays_with_an_admin(connection)
        _changed(connection, row, Event(f"account.{state}", row["name"]), origin=origin, at=at)


def change_password(
    store: Store, account_id: str, password: str, *, origin: Origin, at: datetime
) -> None:
    """Set an account's password, as its owner chose it; sessions and tokens end."""
    with store.read_ops() as connection:
        row = accounts.account_of(connection, account_id)
    if row is None or row["state"] != accounts.ACTIVE:
        raise AccessError("the account is closed; ask whoever runs this site")
    if verify(row["password_hash"], password):
        raise AccessError("the new password is the present one; choose another", "same")
    hashed = hash_password(check_password(password, row["name"]))
    with store.write_ops() as connection:
        accounts.change_account(connection, row["id"], password_hash=hashed, must_change=False)
        accounts.revoke_tokens(connection, row["id"], at)
        _changed(connection, row, Event("password.change", row["name"]), origin=origin, at=at)


def may_send_reset(store: Store, name: str, origin: Origin) -> dict[str, Any]:
    """Return the account to which somebody may give a link to a new password, or raise."""
    with store.read_ops() as connection:
        row = _named(connection, name)
        may_reset(origin.who, accounts.grants_of(connection, row["id"]))
    if row["subject"]:
        raise AccessError(
            f"{row['name']} signs in through the identity provider; a password here would get "
            "round it. Let the provider renew theirs",
            "provider",
        )
    return row


def describe(grant: Grant) -> str:
    """Return a role and its limits in one line, as the log and the command line show them."""
    limits = (("area", grant.area), ("section", grant.section), ("firm", grant.establishment))
    told = [f"{name} {value}" for name, value in limits if value]
    return f"{grant.role} ({', '.join(told)})" if told else grant.role


def _named(connection: Connection, name: str) -> dict[str, Any]:
    row = accounts.account_named(connection, plain_name(name))
    if row is None:
        raise AccessError(f"there is no user '{plain_name(name)[:40]}'; see `kms user list`")
    return row


def _changed(
    connection: Connection, row: dict[str, Any], event: Event, *, origin: Origin, at: datetime
) -> None:
    """End what was opened under the rights before: sessions, and links to a new password."""
    accounts.change_account(connection, row["id"], end_sessions=True)
    accounts.close_invitations(connection, row["id"], at)
    audit.write(connection, origin, event, at)
