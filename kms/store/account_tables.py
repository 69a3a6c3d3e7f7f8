"""Tables of who may come in, and of what they did; in the operations store."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kms.store.ops_tables import OpsTable


class Account(OpsTable):
    """A person who may sign in; `epoch` rises whenever sessions opened before must end."""

    __tablename__ = "account"
    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(128), unique=True)
    full_name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(String(200))  # none: identity provider only
    subject: Mapped[str | None] = mapped_column(String(400), unique=True)  # at the provider
    state: Mapped[str] = mapped_column(String(10))  # active, disabled
    must_change: Mapped[bool]
    epoch: Mapped[int]
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime | None]


class RoleGrant(OpsTable):
    """A role of an account, and what it is limited to; an empty limit is none."""

    __tablename__ = "role_grant"
    __table_args__ = (UniqueConstraint("account_id", "role", "area", "section", "establishment"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    area: Mapped[str] = mapped_column(String(10))
    section: Mapped[str] = mapped_column(String(1))
    establishment: Mapped[str] = mapped_column(String(60))
    granted_at: Mapped[datetime]
    granted_by: Mapped[str] = mapped_column(String(128))


class Invitation(OpsTable):
    """A link, used once, to open an account or to choose a new password; only its hash is kept."""

    __tablename__ = "invitation"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("account.id"))  # none: a new one
    role: Mapped[str] = mapped_column(String(20))
    area: Mapped[str] = mapped_column(String(10))
    section: Mapped[str] = mapped_column(String(1))
    establishment: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(128))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class UserSession(OpsTable):
    """A browser that has signed in, by the hash of the id in its cookie."""

    __tablename__ = "user_session"
    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    epoch: Mapped[int]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(45))


class ApiToken(OpsTable):
    """A program's key to the interface; only the hash of its secret is kept."""

    __tablename__ = "api_token"
    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    label: Mapped[str] = mapped_column(String(80))
    scopes: Mapped[str] = mapped_column(String(200))  # separated by spaces
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Throttle(OpsTable):
    """Attempts to sign in that have not succeeded, by account and by address (hashed)."""

    __tablename__ = "throttle"
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    attempts: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)
    blocked_until: Mapped[datetime | None]


class Audit(OpsTable):
    """What was done by whom; each row holds the hash of the one before. Never changed."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    event: Mapped[str] = mapped_column(String(40), index=True)
    actor: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(120))
    via: Mapped[str] = mapped_column(String(10))
    object: Mapped[str] = mapped_column(String(200))
    filter_digest: Mapped[str] = mapped_column(String(16))
    rows: Mapped[int | None]
    publication: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(45))
    detail: Mapped[str] = mapped_column(String(400))
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
