"""The operations store's tables: what the machine did and holds, apart from the data."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kms.store.tables import NAMES
from kms.store.types import Instant


class OpsTable(DeclarativeBase):
    """A table of the operations store."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: Instant}  # noqa: RUF012  # SQLAlchemy's own protocol


class Run(OpsTable):
    """One attempt to do scheduled work; `slot` is the time it was due."""

    __tablename__ = "run"
    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), index=True)
    slot: Mapped[datetime] = mapped_column(index=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(12))  # running, done, failed, lost
    fence: Mapped[int]
    publication_id: Mapped[str] = mapped_column(String(60))
    detail: Mapped[str] = mapped_column(String(2000))


class Lease(OpsTable):
    """Who may do the work of a kind now; `fence` rises with each holder."""

    __tablename__ = "lease"
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    fence: Mapped[int]
    until: Mapped[datetime]


class Heartbeat(OpsTable):
    """When a long-lived process was last seen alive."""

    __tablename__ = "heartbeat"
    process: Mapped[str] = mapped_column(String(40), primary_key=True)
    seen_at: Mapped[datetime]
    detail: Mapped[str] = mapped_column(String(200))
