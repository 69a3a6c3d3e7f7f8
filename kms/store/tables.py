"""The data store's tables, declared as typed classes; Core statements move the data.

Those of facts stand in `kms.store.fact_tables`.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, MetaData, String, text, true
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kms.store.types import Instant

REPORTED, WITHDRAWN = "reported", "withdrawn"

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class DataTable(DeclarativeBase):
    """A table of the data store."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: Instant}  # noqa: RUF012  # SQLAlchemy's own protocol


class StoreFact(DataTable):
    """Facts about this store itself: synthetic or real, the demonstration's clock."""

    __tablename__ = "store_fact"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(400))


class SourceRecord(DataTable):
    """What a source says of itself; written at start from its descriptor."""

    __tablename__ = "source"
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    publisher: Mapped[str] = mapped_column(String(200))
    licence: Mapped[str] = mapped_column(String(400))
    rhythm: Mapped[str] = mapped_column(String(60))
    every_days: Mapped[int]
    grace_days: Mapped[int]
    used_for: Mapped[str] = mapped_column(String(200))
    rows_are_persons: Mapped[bool] = mapped_column(server_default=true())
    feeds_figures: Mapped[bool] = mapped_column(server_default=true())  # a new issue makes new ones


class Vintage(DataTable):
    """One issue of a source; read = accepted + rejected + duplicate."""

    __tablename__ = "vintage"
    __table_args__ = (
        Index(
            None,
            "source_id",
            "published_at",
            unique=True,
            sqlite_where=text("state = 'accepted'"),
            postgresql_where=text("state = 'accepted'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    source_id: Mapped[str] = mapped_column(ForeignKey("source.source_id"), index=True)
    snapshot_sha256: Mapped[str] = mapped_column(String(64))
    snapshot_path: Mapped[str] = mapped_column(String(200))
    published_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    parser_version: Mapped[int]
    rows_read: Mapped[int]
    rows_accepted: Mapped[int]
    rows_rejected: Mapped[int]
    rows_duplicate: Mapped[int]
    rows_changed: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    spans: Mapped[str] = mapped_column(String(1000), server_default="")  # JSON; blank: all days
    state: Mapped[str] = mapped_column(String(12))  # accepted, held, withdrawn
    note: Mapped[str] = mapped_column(String(400))  # why it was withdrawn or released
    decided_at: Mapped[datetime | None]  # when it was


class VintageChange(DataTable):
    """What a vintage in use changes in a fact table; renewed when one before it comes or goes."""

    __tablename__ = "vintage_change"
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    fact_table: Mapped[str] = mapped_column(String(40), primary_key=True)
    added: Mapped[int]
    changed: Mapped[int]
    withdrawn: Mapped[int]
    cases: Mapped[int | None]  # net, of those counted on their report day


class Alarm(DataTable):
    """Why a vintage was held: which tripwire, about what, how much was seen and is allowed."""

    __tablename__ = "alarm"
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject: Mapped[str] = mapped_column(String(120), primary_key=True)
    seen: Mapped[float | None]
    allowed: Mapped[float | None]


class Waiver(DataTable):
    """A tripwire that a steward lets pass for a source, about one subject or any, for a time."""

    __tablename__ = "waiver"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    source_id: Mapped[str] = mapped_column(String(60), index=True)
    code: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(120))  # blank: whatever it is about
    who: Mapped[str] = mapped_column(String(120))
    why: Mapped[str] = mapped_column(String(400))
    given_at: Mapped[datetime]
    until: Mapped[date]
    ended_at: Mapped[datetime | None]  # taken back before its time


class FaultCount(DataTable):
    """How many rows of a vintage were left out (ROW) or had a field blanked (FIELD), by code."""

    __tablename__ = "fault_count"
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"), primary_key=True)
    grade: Mapped[str] = mapped_column(String(5), primary_key=True)
    code: Mapped[str] = mapped_column(String(60), primary_key=True)
    field: Mapped[str] = mapped_column(String(60), primary_key=True)
    rows: Mapped[int]


class FaultRecord(DataTable):
    """Where a fault stands: file, record and line; the value itself stays in the snapshot."""

    __tablename__ = "fault_record"
    __table_args__ = (Index(None, "vintage_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    vintage_id: Mapped[int] = mapped_column(ForeignKey("vintage.id"))
    grade: Mapped[str] = mapped_column(String(5))
    code: Mapped[str] = mapped_column(String(60))
    field: Mapped[str] = mapped_column(String(60))
    part: Mapped[str] = mapped_column(String(200))
    record: Mapped[int]
    line: Mapped[int | None]


class EstimateBlob(DataTable):
    """A series by the hash of its content: unchanged series cost nothing to publish again."""

    __tablename__ = "estimate_blob"
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Publication(DataTable):
    """One issue of our own figures, from the data published by `as_of`."""

    __tablename__ = "publication"
    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    as_of: Mapped[datetime] = mapped_column(index=True)
    published_at: Mapped[datetime]
    inputs_hash: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(12))  # draft, published, rolled_back
    facts: Mapped[str] = mapped_column(String(4000))  # JSON: basis, shares, last dates


class CurrentPublication(DataTable):
    """The publication readers see; one row, switched in one short transaction."""

    __tablename__ = "current_publication"
    one: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    publication_id: Mapped[str] = mapped_column(ForeignKey("publication.id"))


class EstimateSeries(DataTable):
    """Which series a publication shows under which name."""

    __tablename__ = "estimate_series"
    publication_id: Mapped[str] = mapped_column(ForeignKey("publication.id"), primary_key=True)
    disease: Mapped[str] = mapped_column(String(40), primary_key=True)  # "" for workplaces
    indicator: Mapped[str] = mapped_column(String(40), primary_key=True)
    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    sector: Mapped[str] = mapped_column(String(10), primary_key=True)
    hash: Mapped[str] = mapped_column(ForeignKey("estimate_blob.hash"), index=True)


class LatestValue(DataTable):
    """The newest value of each series of a publication, as rows for ranking."""

    __tablename__ = "latest_value"
    publication_id: Mapped[str] = mapped_column(ForeignKey("publication.id"), primary_key=True)
    disease: Mapped[str] = mapped_column(String(40), primary_key=True)  # "" for workplaces
    indicator: Mapped[str] = mapped_column(String(40), primary_key=True)
    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    sector: Mapped[str] = mapped_column(String(10), primary_key=True)
    ref_date: Mapped[date | None]
    value: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    state: Mapped[str] = mapped_column(String(12))
    completeness: Mapped[float | None]
    cases: Mapped[int | None]  # exact count behind the value, for disclosure control
