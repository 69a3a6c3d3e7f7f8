"""What the store knows of the sources, so that read models need not know `ingest`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from sqlalchemy import Connection, insert, select, update

from kms.store.engine import Store
from kms.store.tables import SourceRecord

_COLUMNS = tuple(column.name for column in SourceRecord.__table__.columns)


class Described(Protocol):
    """Anything that says of a source what the store keeps."""

    @property
    def source_id(self) -> str:
        """The source's name."""
        ...


def register_source(store: Store, source: Described) -> None:
    """Write or renew a source's description."""
    row = {name: getattr(source, name) for name in _COLUMNS}
    with store.write() as connection:
        known = connection.execute(
            select(SourceRecord.__table__).where(SourceRecord.source_id == source.source_id)
        ).mappings()
        found = known.one_or_none()
        if found is None:
            connection.execute(insert(SourceRecord), row)
        elif dict(found) != row:
            connection.execute(
                update(SourceRecord).where(SourceRecord.source_id == source.source_id).values(row)
            )


def register_sources(store: Store, described: Iterable[Described]) -> None:
    """Write or renew the descriptions of sources, so that one never received is seen to lack."""
    for source in described:
        register_source(store, source)


def sources(connection: Connection) -> list[Mapping[str, Any]]:
    """Return every described source by name."""
    statement = select(SourceRecord.__table__).order_by(SourceRecord.source_id)
    return [dict(row) for row in connection.execute(statement).mappings()]
