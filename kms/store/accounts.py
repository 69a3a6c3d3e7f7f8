"""Reading and writing accounts, grants, invitations; no rules, which are in `kms.access`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from kms.domain.principal import Grant
from kms.store.account_tables import Account, ApiToken, Invitation, RoleGrant, UserSession

ACTIVE, DISABLED = "active", "disabled"
Row = dict[str, Any]


def add_account(connection: Connection, values: Mapping[str, Any]) -> None:
    """Write a new account."""
    row = {"password_hash": None, "subject": None, "state": ACTIVE, "epoch": 1}
    connection.execute(
        insert(Account), {**row, "must_change": False, "signed_in_at": None, **values}
    )


def account_named(connection: Connection, name: str) -> Row | None:
    """Return the account of a name."""
    return _one(connection, Account.name == name)


def account_of(connection: Connection, account_id: str) -> Row | None:
    """Return an account by its id."""
    return _one(connection, Account.id == account_id)


def account_of_subject(connection: Connection, subject: str) -> Row | None:
    """Return the account of a person at the identity provider."""
    return _one(connection, Account.subject == subject)


def _one(connection: Connection, condition: Any) -> Row | None:
    found = connection.execute(select(Account.__table__).where(condition)).mappings().one_or_none()
    return dict(found) if found else None


def all_accounts(connection: Connection) -> list[Row]:
    """Return every account by name."""
    statement = select(Account.__table__).order_by(Account.name)
    return [dict(row) for row in connection.execute(statement).mappings()]


def change_account(
    connection: Connection, account_id: str, *, end_sessions: bool = False, **values: Any
) -> None:
    """Change an account; with `end_sessions` whoever is signed in must sign in again."""
    if end_sessions:
        connection.execute(delete(UserSession).where(UserSession.account_id == account_id))
        values["epoch"] = Account.epoch + 1
    connection.execute(update(Account).where(Account.id == account_id).values(**values))


def grants_of(connection: Connection, account_id: str) -> tuple[Grant, ...]:
    """Return the roles of an account."""
    statement = (
        select(RoleGrant.role, RoleGrant.area, RoleGrant.section, RoleGrant.establishment)
        .where(RoleGrant.account_id == account_id)
        .order_by(RoleGrant.id)
    )
    return tuple(Grant(*row) for row in connection.execute(statement))


def all_grants(connection: Connection) -> dict[str, tuple[Grant, ...]]:
    """Return the roles of every account that has one."""
    statement = select(
        RoleGrant.account_id,
        RoleGrant.role,
        RoleGrant.area,
        RoleGrant.section,
        RoleGrant.establishment,
    ).order_by(RoleGrant.id)
    found: dict[str, tuple[Grant, ...]] = {}
    for row in connection.execute(statement):
        found[row[0]] = (*found.get(row[0], ()), Grant(*row[1:]))
    return found


def add_grant(
    connection: Connection, account_id: str, grant: Grant, *, at: datetime, by: str
) -> bool:
    """Give a role; tells whether it was not there already."""
    if grant in grants_of(connection, account_id):
        return False
    connection.execute(
        insert(RoleGrant),
        {"account_id": account_id, **_columns(grant), "granted_at": at, "granted_by": by},
    )
    return True


def drop_grant(connection: Connection, account_id: str, grant: Grant) -> bool:
    """Take a role away; tells whether it was there."""
    statement = delete(RoleGrant).where(RoleGrant.account_id == account_id)
    for name, value in _columns(grant).items():
        statement = statement.where(getattr(RoleGrant, name) == value)
    return connection.execute(statement).rowcount > 0


def holders(connection: Connection, role: str) -> int:
    """Return how many accounts that can sign in hold a role without limits."""
    statement = (
        select(func.count(func.distinct(Account.id)))
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(
            Account.state == ACTIVE,
            Account.password_hash.is_not(None) | Account.subject.is_not(None),
            RoleGrant.role == role,
            RoleGrant.area == "",
        )
    )
    return connection.execute(statement).scalar_one()


def add_invitation(
    connection: Connection, token_hash: str, values: Mapping[str, Any], grant: Grant
) -> None:
    """Write an invitation, or a link to a new password when it names an account."""
    row = {"account_id": None, "used_at": None, **_columns(grant), **values}
    connection.execute(insert(Invitation), {"token_hash": token_hash, **row})


def open_invitation(connection: Connection, token_hash: str, at: datetime) -> Row | None:
    """Return an invitation that has neither been used nor run out."""
    statement = select(Invitation.__table__).where(
        Invitation.token_hash == token_hash,
        Invitation.used_at.is_(None),
        Invitation.expires_at > at,
    )
    found = connection.execute(statement).mappings().one_or_none()
    return dict(found) if found else None


def use_invitation(connection: Connection, token_hash: str, at: datetime) -> bool:
    """Mark an invitation used; tells whether this was the first time."""
    statement = (
        update(Invitation)
        .where(Invitation.token_hash == token_hash, Invitation.used_at.is_(None))
        .values(used_at=at)
    )
    return connection.execute(statement).rowcount == 1


def close_invitations(connection: Connection, account_id: str, at: datetime) -> None:
    """Let no earlier link to a new password of an account work any more."""
    connection.execute(
        update(Invitation)
        .where(Invitation.account_id == account_id, Invitation.used_at.is_(None))
        .values(used_at=at)
    )


def open_invitations(connection: Connection, at: datetime) -> list[Row]:
    """Return invitations to new accounts that still open something, oldest first."""
    statement = (
        select(Invitation.__table__)
        .where(
            Invitation.account_id.is_(None),
            Invitation.used_at.is_(None),
            Invitation.expires_at > at,
        )
        .order_by(Invitation.created_at)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def withdraw_invitations(
    connection: Connection, at: datetime, *, by: str = "", name: str = ""
) -> int:
    """Let invitations of somebody, or the one of a name, open nothing any more."""
    statement = update(Invitation).where(Invitation.used_at.is_(None))
    if name:
        statement = statement.where(Invitation.token_hash.startswith(name, autoescape=True))
    if by or not name:
        statement = statement.where(Invitation.created_by == by)
    return connection.execute(statement.values(used_at=at)).rowcount


def add_token(connection: Connection, values: Mapping[str, Any]) -> None:
    """Write a program's token."""
    connection.execute(insert(ApiToken), {"revoked_at": None, **values})


def token_of(connection: Connection, token_id: str) -> Row | None:
    """Return a token by its id."""
    statement = select(ApiToken.__table__).where(ApiToken.id == token_id)
    found = connection.execute(statement).mappings().one_or_none()
    return dict(found) if found else None


def tokens_of(connection: Connection, account_id: str) -> list[Row]:
    """Return the tokens of an account, newest first."""
    statement = (
        select(ApiToken.__table__)
        .where(ApiToken.account_id == account_id)
        .order_by(ApiToken.created_at.desc())
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def revoke_tokens(connection: Connection, account_id: str, at: datetime, token_id: str = "") -> int:
    """Let an account's tokens, or one of them, open nothing any more; return how many."""
    statement = update(ApiToken).where(
        ApiToken.account_id == account_id, ApiToken.revoked_at.is_(None)
    )
    if token_id:
        statement = statement.where(ApiToken.id == token_id)
    return connection.execute(statement.values(revoked_at=at)).rowcount


def _columns(grant: Grant) -> dict[str, str]:
    return {
        "role": grant.role,
        "area": grant.area,
        "section": grant.section,
        "establishment": grant.establishment,
    }
