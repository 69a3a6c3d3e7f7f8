"""Where the faulty rows of a vintage stand: file, record, line, field; never what they say."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from kms.store.tables import FaultRecord, Vintage

Row = dict[str, Any]


def vintage_named(connection: Connection, name: str) -> Row | None:
    """Return the vintage of a name, withdrawn ones too."""
    statement = select(Vintage.__table__).where(Vintage.name == name)
    found = connection.execute(statement).mappings().one_or_none()
    return dict(found) if found else None


def fault_places(
    connection: Connection, vintage_id: int, *, start: int, most: int, code: str = ""
) -> list[Row]:
    """Return places of faults in the order of the file, leaving out the first `start` of them."""
    statement = (
        select(FaultRecord.__table__)
        .where(FaultRecord.vintage_id == vintage_id)
        .order_by(FaultRecord.part, FaultRecord.record, FaultRecord.id)
        .limit(most)
        .offset(start)
    )
    if code:
        statement = statement.where(FaultRecord.code == code)
    return [dict(row) for row in connection.execute(statement).mappings()]


def places_kept(connection: Connection) -> dict[int, int]:
    """Return how many places of faults are still kept, by vintage; none: not listed."""
    statement = select(FaultRecord.vintage_id, func.count()).group_by(FaultRecord.vintage_id)
    return {row[0]: row[1] for row in connection.execute(statement)}
