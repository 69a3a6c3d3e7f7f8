"""How each source stands: what came last, how it came, what waits and what tripwires say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from kms.config import MANILA
from kms.domain.intake import FIELD
from kms.store.tables import Alarm, FaultCount, Vintage
from kms.store.vintages import HELD, newest
from kms.store.waivers import waivers


@dataclass(frozen=True, slots=True)
class Freshness:
    """The issue of a source in use at an instant, and what is strange about those that wait."""

    last: Mapping[str, Any] | None  # the vintage in use; none: never received
    received: date | None  # calendar day (Manila) on which it was published
    expected: date | None  # of the next one
    record_lag_days: int | None  # from its publication to our recording
    flags: int | None  # fields blanked or marked in it
    raised: tuple[str, ...]  # tripwires of newer issues that are held
    waived: tuple[str, ...]  # tripwires that pass on that day


def freshness(connection: Connection, source: Mapping[str, Any], now: datetime) -> Freshness:
    """Return how a source stands at an instant."""
    source_id = source["source_id"]
    last = newest(connection, source_id, now)
    received = _day(last["published_at"]) if last else None
    passing = waivers(connection, _day(now))
    return Freshness(
        last=last,
        received=received,
        expected=received + timedelta(days=source["every_days"]) if received else None,
        record_lag_days=_lag(last) if last else None,
        flags=_flags(connection, last["id"]) if last else None,
        raised=_raised(connection, source_id, last, now),
        waived=tuple(sorted({w["code"] for w in passing if w["source_id"] == source_id})),
    )


def _day(instant: datetime) -> date:
    return instant.astimezone(MANILA).date()


def _lag(vintage: Mapping[str, Any]) -> int:
    """Return the days for which an issue was out and not known here."""
    lag: timedelta = _day(vintage["recorded_at"]) - _day(vintage["published_at"])
    return max(0, lag.days)


def _flags(connection: Connection, vintage_id: int) -> int:
    statement = select(func.coalesce(func.sum(FaultCount.rows), 0)).where(
        FaultCount.vintage_id == vintage_id, FaultCount.grade == FIELD
    )
    return int(connection.execute(statement).scalar_one())


def _raised(
    connection: Connection, source_id: str, last: Mapping[str, Any] | None, now: datetime
) -> tuple[str, ...]:
    statement = (
        select(Alarm.code)
        .join(Vintage, Vintage.id == Alarm.vintage_id)
        .where(Vintage.source_id == source_id, Vintage.state == HELD, Vintage.published_at <= now)
        .distinct()
        .order_by(Alarm.code)
    )
    if last is not None:
        statement = statement.where(Vintage.published_at > last["published_at"])
    return tuple(connection.execute(statement).scalars())
