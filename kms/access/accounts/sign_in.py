"""Signing in with a password: counted, as slow for unknown names as for known ones, logged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from kms.access import audit
from kms.access.accounts import passwords, throttle
from kms.access.accounts.people import plain_name
from kms.access.accounts.throttle import Limit
from kms.access.audit import Event, Origin
from kms.domain.principal import PUBLIC, SESSION, Principal
from kms.errors import AccessError
from kms.store import accounts
from kms.store.engine import Store

LONGEST_NAME = 128


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was typed, and from where."""

    name: str
    password: str
    address: str


class Known(NamedTuple):
    """An account whose password was right, and the epoch in which it was."""

    account: str
    epoch: int
    must_change: bool  # the password was set by somebody else


def sign_in(store: Store, attempt: Attempt, *, secret: str, at: datetime) -> Known:
    """Return the account whose name and password these are.

    Raises `ThrottledError` after too many attempts and `AccessError`, with one message for an
    unknown name and a wrong password, otherwise. What was typed is never logged: people type
    passwords into the wrong field.
    """
    row, keys = _checked(store, attempt, secret, at)
    throttle.forgive(store, keys)
    throttle.remember_home(store, keys, attempt.address, secret=secret, at=at)
    _keep_hash_up_to_date(store, row["id"], row["password_hash"], attempt.password)
    who = Principal(account=row["id"], name=row["name"], via=SESSION)
    with store.write_ops() as connection:
        audit.write(connection, Origin(who, attempt.address), Event("sign_in", who.name), at)
    return Known(str(row["id"]), row["epoch"], bool(row["must_change"]))


def check_again(
    store: Store, attempt: Attempt, *, secret: str, at: datetime, who: Principal
) -> None:
    """Make sure that whoever is signed in knows the password; counted like signing in."""
    _row, keys = _checked(store, attempt, secret, at, who=who)
    throttle.forgive(store, keys)


def _checked(
    store: Store, attempt: Attempt, secret: str, at: datetime, *, who: Principal = PUBLIC
) -> tuple[dict[str, Any], dict[Limit, str]]:
    """Return the account of a right name and password, and the keys of the attempt."""
    name = plain_name(attempt.name[: LONGEST_NAME + 1])
    keys = throttle.keys_of(name, attempt.address, secret)
    keys = throttle.at_home(store, keys, attempt.address, secret=secret, at=at)
    throttle.count_attempt(store, keys, at)
    with store.read_ops() as connection:
        row = accounts.account_named(connection, name)
    usable = row if row and row["state"] == accounts.ACTIVE else None
    fits = passwords.verify(usable["password_hash"] if usable else None, attempt.password)
    if usable is None or not fits:
        # Attempts that were throttled are not logged: anybody could fill the log with them.
        with store.write_ops() as connection:
            origin = Origin(who, attempt.address)
            audit.write(connection, origin, Event("sign_in.refused"), at)
        raise AccessError("the user name or the password is wrong", "credentials")
    return usable, keys


def _keep_hash_up_to_date(store: Store, account_id: str, stored: str, password: str) -> None:
    if passwords.is_outdated(stored):
        fresh = passwords.hash_password(password)
        with store.write_ops() as connection:
            row = accounts.account_of(connection, account_id)
            if row and row["password_hash"] == stored:  # else it was changed in the meantime
                accounts.change_account(connection, account_id, password_hash=fresh)
