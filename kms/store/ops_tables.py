"""The operations store's tables: what the machine did and holds, apart from the data."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, MetaData, String, false, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kms.store.tables import NAMES
from kms.store.types import Instant


class OpsTable(DeclarativeBase):
    """A table of the operations store."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: Instant}  # noqa: RUF012  # SQLAlchemy's own protocol


class Run(OpsTable):
    """Scheduled work of a kind at the time it was due: one row, however often it is tried.

    States: due, leased, fetched, staged, then published, unchanged, failed or abandoned.
    """

    __tablename__ = "run"
    __table_args__ = (Index("uq_run_kind_slot", "kind", "slot", unique=True),)
    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), index=True)
    slot: Mapped[datetime] = mapped_column(index=True)
    attempt: Mapped[int] = mapped_column(server_default=text("1"))
    catch_up: Mapped[bool] = mapped_column(server_default=false())  # stands for missed ones too
    started_at: Mapped[datetime]  # of the last attempt
    heartbeat_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    next_try_at: Mapped[datetime | None]  # none: it is not tried again
    state: Mapped[str] = mapped_column(String(12))
    fence: Mapped[int]
    code_version: Mapped[str] = mapped_column(String(40), server_default="")
    publication_id: Mapped[str] = mapped_column(String(60))
    error_code: Mapped[str] = mapped_column(String(40), server_default="")
    detail: Mapped[str] = mapped_column(String(2000))


class SourceCheck(OpsTable):
    """What a run found at one place of a source; the newest says when we last looked.

    States: unchanged, accepted, held, refused, unreachable.
    """

    __tablename__ = "source_check"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(String(60), index=True)
    source_id: Mapped[str] = mapped_column(String(60), index=True)
    place: Mapped[str] = mapped_column(String(400))  # inbox, upload, an address without secrets
    checked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12))
    vintage: Mapped[str] = mapped_column(String(120))  # name; blank: none came of it
    error_code: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(String(2000))


class FeedMark(OpsTable):
    """What an address sent when it was last fetched, so that the same is not fetched again."""

    __tablename__ = "feed_mark"
    address: Mapped[str] = mapped_column(String(400), primary_key=True)
    source_id: Mapped[str] = mapped_column(String(60))
    etag: Mapped[str] = mapped_column(String(400))
    modified: Mapped[str] = mapped_column(String(80))  # Last-Modified, as sent
    sha256: Mapped[str] = mapped_column(String(64))  # of the bytes as sent
    snapshot_path: Mapped[str] = mapped_column(String(200))  # what became of them
    fetched_at: Mapped[datetime]


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
