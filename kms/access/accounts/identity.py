"""Accounts of people for whom an identity provider vouches: opened as they come, roles as it says.

At each arrival the roles are made equal to what the person's groups give. A role that no group
gives any more is taken away, limited or not, whoever gave it. A role held already stays as it is:
an admin may limit it to an area or a section, and the limit outlives the arrival. A role not yet
held is given without limits. The role committee is for one firm, which no group can say: where an
admin gave it, it stays for as long as some group lets the person in.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from kms.access import audit
from kms.access.accounts import people
from kms.access.audit import Event, Origin
from kms.domain.principal import COMMITTEE, SESSION, Grant, Principal
from kms.errors import AccessError
from kms.store import accounts
from kms.store.engine import Store

PROVIDER = "identity provider"  # no user name can be this: those have no spaces
ACTOR = Principal(name=PROVIDER, via="identity")
NO_ROLE, CLOSED = "no_role", "closed"  # codes of refusals
LONGEST_SUBJECT, LONGEST_CLAIM, LONGEST_NAME = 255, 200, 100
NAMESAKES = 100
UNNAMED = "user"


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is, as a token says that has been verified."""

    subject: str  # issuer and the provider's own id: never a name or an e-mail address
    names: tuple[str, ...]  # what could become the user name, best first
    full_name: str
    groups: frozenset[str]

    def roles(self, given: Mapping[str, str]) -> frozenset[str]:
        """Return the roles of the groups that are on the list; others give nothing."""
        return frozenset(given[group] for group in self.groups if group in given)


def person_of(claims: Mapping[str, Any], groups_claim: str) -> Person:
    """Read the claims of a verified token; raise `ValueError` when they name nobody."""
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not _keepable(issuer) or not _keepable(subject):
        raise ValueError(
            "the token names nobody: issuer and subject must each be 1 to 255 ASCII characters; "
            "compare with the provider's settings"
        )
    told = claims.get(groups_claim)
    listed = told if isinstance(told, list) else [told]
    return Person(
        subject=f"{issuer}|{subject}",
        names=tuple(_text(claims, name) for name in ("preferred_username", "email")),
        full_name=_text(claims, "name"),
        groups=frozenset(group for group in listed if isinstance(group, str)),
    )


def arrive(
    store: Store, person: Person, roles: Collection[str], *, address: str, at: datetime
) -> str:
    """Return the id of a person's account, opened if it is the first time, with these roles.

    Raises `AccessError` for a disabled account and for somebody without a role, whose account
    then loses those it had. An account is found by its subject alone: somebody with the user
    name of another gets a name of their own.
    """
    origin = Origin(ACTOR, address)
    with store.write_ops() as connection:
        row = accounts.account_of_subject(connection, person.subject)
        refused = _refusal(row, roles)
        if row is not None and refused != CLOSED:
            _make_equal(connection, row, roles, origin=origin, at=at)
        if refused:
            # Only the name an account has here: of anybody else nothing is kept.
            told = Event("sign_in.refused", row["name"] if row else "", f"{PROVIDER}: {refused}")
            audit.write(connection, Origin(Principal(), address), told, at)
        else:
            row = row or _opened(connection, person, roles, origin=origin, at=at)
            who = Principal(account=row["id"], name=row["name"], via=SESSION)
            audit.write(connection, Origin(who, address), Event("sign_in", who.name, PROVIDER), at)
    if refused or row is None:
        raise AccessError(
            f"the identity provider vouches for somebody who is not let in here ({refused}); "
            "check the groups in KMS_OIDC_ROLES, and whether the account is disabled",
            refused,
        )
    return str(row["id"])


def _refusal(row: Mapping[str, Any] | None, roles: Collection[str]) -> str:
    if row is not None and row["state"] != accounts.ACTIVE:
        return CLOSED
    return "" if roles else NO_ROLE


def _opened(
    connection: Connection, person: Person, roles: Collection[str], *, origin: Origin, at: datetime
) -> dict[str, Any]:
    """Write an account without a password; return its id and name."""
    name = _free_name(connection, person.names)
    told = {"name": name, "full_name": person.full_name or name}
    grants = tuple(Grant(role) for role in sorted(roles))
    key = {"subject": person.subject}
    return {"id": people.add(connection, told, key, grants, origin=origin, at=at), "name": name}


def _make_equal(
    connection: Connection,
    row: Mapping[str, Any],
    roles: Collection[str],
    *,
    origin: Origin,
    at: datetime,
) -> None:
    """Make an account's roles those its groups give; sessions with other rights end."""
    held = accounts.grants_of(connection, row["id"])
    stays = {*roles, COMMITTEE} if roles else set()
    gone = [grant for grant in held if grant.role not in stays]
    new = [Grant(role) for role in sorted(set(roles) - {grant.role for grant in held})]
    if gone or new:  # before the log is written to, as everywhere, so that nobody waits in a ring
        accounts.change_account(connection, row["id"], end_sessions=True)
    for grant in gone:
        accounts.drop_grant(connection, row["id"], grant)
        told = Event("role.revoke", row["name"], people.describe(grant))
        audit.write(connection, origin, told, at)
    for grant in new:
        accounts.add_grant(connection, row["id"], grant, at=at, by=origin.who.name)
        told = Event("role.grant", row["name"], people.describe(grant))
        audit.write(connection, origin, told, at)


def _free_name(connection: Connection, names: Collection[str]) -> str:
    """Return a user name nobody has, as near as possible to what the provider calls somebody."""
    tidied = (_tidied(name) for name in names)
    wanted = next((name for name in tidied if people.NAME.fullmatch(name)), UNNAMED)
    for count in range(1, NAMESAKES):
        name = wanted if count == 1 else f"{wanted}-{count}"
        if accounts.account_named(connection, name) is None:
            return name
    return f"{wanted}-{secrets.token_hex(4)}"


def _tidied(written: str) -> str:
    """Return letters without their marks, and a dot for what a user name cannot hold."""
    marked = unicodedata.normalize("NFKD", people.plain_name(written))
    plain = "".join(sign for sign in marked if not unicodedata.combining(sign))
    return re.sub(r"[^a-z0-9._@+-]+", ".", plain).strip("._@+-")[:LONGEST_NAME]


def _keepable(told: object) -> bool:
    fits = isinstance(told, str) and 0 < len(told) <= LONGEST_SUBJECT
    return fits and str(told).isascii() and str(told).isprintable()


def _text(claims: Mapping[str, Any], name: str) -> str:
    """Return a claim as one printable line; unpaired surrogates and controls cannot be stored."""
    told = claims.get(name)
    if not isinstance(told, str):
        return ""
    return "".join(sign for sign in told if sign.isprintable()).strip()[:LONGEST_CLAIM]
