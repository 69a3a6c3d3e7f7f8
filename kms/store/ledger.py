"""The run ledger and the lease: who works, what came of it, nothing twice.

A due time of a kind of work has one row, however often it is tried. A holder gets the lease with
a fence one higher than any before; what it publishes is refused once another has taken over. A
run that never ended is marked `abandoned` by the next holder and tried again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from kms.errors import HeldError
from kms.store.engine import Store
from kms.store.fences import highest_fence, raise_fence
from kms.store.ops_tables import Heartbeat, Lease, Run

LEASED, FETCHED = "leased", "fetched"
PUBLISHED, UNCHANGED, FAILED, ABANDONED = "published", "unchanged", "failed", "abandoned"
AT_WORK, SERVED = (LEASED, FETCHED), (PUBLISHED, UNCHANGED)
SCHEDULER, REFRESH = "scheduler", "refresh"  # a process, a kind of work
LEASE = timedelta(seconds=60)
LONGEST_HONEST = 2 * LEASE  # a lease that ends later was taken under a clock that ran ahead
BACKOFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
MOST_TRIES = 1 + len(BACKOFF)
SILENT = timedelta(minutes=5)  # after which a scheduler is taken for dead; it looks more often
JITTER = 0.2  # of a pause, so that machines do not all come back at once
DETAIL_LENGTH = 2000


@dataclass(frozen=True)
class Attempt:
    """A run that this process has taken upon itself."""

    run_id: str
    fence: int
    number: int  # 1 is the first


@dataclass(frozen=True)
class Ending:
    """How an attempt ended; `again` when trying once more may help."""

    state: str
    publication_id: str = ""
    error_code: str = ""
    detail: str = ""
    again: bool = False


def take_lease(
    store: Store, kind: str, holder: str, now: datetime, *, gone: Callable[[str], bool]
) -> int:
    """Return the fence of a fresh lease; raise `HeldError` while another holds it.

    `gone` tells of a holder whether its process is known to have ended.
    """
    floor = highest_fence(store)  # an operations store made anew begins at 1 again
    with store.write_ops() as connection:
        row = connection.execute(select(Lease.__table__).where(Lease.kind == kind)).mappings()
        held = row.one_or_none()
        if held is not None and _holds(held["until"], now) and not gone(held["holder"]):
            raise HeldError(
                f"another {kind} is at work ({held['holder']}); wait for it, or end it and try "
                "again a minute later"
            )
        fence = max(floor, 0 if held is None else int(held["fence"])) + 1
        values = {"holder": holder, "fence": fence, "until": now + LEASE}
        if held is None:
            connection.execute(insert(Lease), {"kind": kind, **values})
        else:
            connection.execute(update(Lease).where(Lease.kind == kind).values(values))
        _abandon(connection, kind, now)
    raise_fence(store, fence)
    return fence


def _holds(until: datetime, now: datetime) -> bool:
    return now < until <= now + LONGEST_HONEST


def _abandon(connection: Connection, kind: str, now: datetime) -> None:
    """Mark runs whose process ended before they did; they are tried again like any fault."""
    found = connection.execute(
        select(Run.id, Run.attempt).where(Run.kind == kind, Run.state.in_(AT_WORK))
    ).all()
    for run_id, number in found:
        connection.execute(
            update(Run)
            .where(Run.id == run_id)
            .values(
                state=ABANDONED,
                ended_at=now,
                next_try_at=now if number < MOST_TRIES else None,
                detail="the process ended before the run did",
            )
        )


def renew(store: Store, kind: str, fence: int, now: datetime) -> None:
    """Keep the lease for longer and say that its run is alive, unless another has taken over."""
    give_back(store, kind, fence, now + LEASE)
    with store.write_ops() as connection:
        connection.execute(
            update(Run)
            .where(Run.kind == kind, Run.fence == fence, Run.state.in_(AT_WORK))
            .values(heartbeat_at=now)
        )


def give_back(store: Store, kind: str, fence: int, now: datetime) -> None:
    """Let the lease end now, unless another has taken it over."""
    with store.write_ops() as connection:
        connection.execute(
            update(Lease).where(Lease.kind == kind, Lease.fence == fence).values(until=now)
        )


def begin(
    store: Store,
    kind: str,
    slot: datetime,
    fence: int,
    *,
    at: datetime,
    code_version: str = "",
    catch_up: bool = False,
) -> Attempt:
    """Take the run of a due time upon oneself, under the lease with this fence.

    Raises `HeldError` when it has been served or given up already.
    """
    values = {
        "fence": fence,
        "state": LEASED,
        "started_at": at,
        "heartbeat_at": at,
        "ended_at": None,
        "next_try_at": None,
        "code_version": code_version,
        "error_code": "",
        "detail": "",
    }
    with store.write_ops() as connection:
        row = run_of(connection, kind, slot)
        if row is None:
            run_id = f"{kind}-{slot:%Y%m%dT%H%M%S%f}"
            first = {"id": run_id, "kind": kind, "slot": slot, "catch_up": catch_up}
            connection.execute(insert(Run), {**first, "publication_id": "", **values})
            return Attempt(run_id, fence, 1)
        if row["next_try_at"] is None:
            raise HeldError(
                f"the {kind} due at {slot:%Y-%m-%d %H:%M} UTC is {row['state']} and is not tried "
                "again"
            )
        number = row["attempt"] + 1
        connection.execute(update(Run).where(Run.id == row["id"]).values(attempt=number, **values))
    return Attempt(row["id"], fence, number)


def advance(store: Store, attempt: Attempt, state: str, at: datetime) -> None:
    """Write how far a run is; raise `HeldError` when another has taken it over."""
    _move(store, attempt, {"state": state, "heartbeat_at": at})


def end(store: Store, attempt: Attempt, ending: Ending, at: datetime) -> None:
    """Write how an attempt ended and when it is tried again, if it is."""
    again = ending.again and attempt.number < MOST_TRIES
    _move(
        store,
        attempt,
        {
            "state": ending.state,
            "ended_at": at,
            "publication_id": ending.publication_id,
            "error_code": ending.error_code,
            "detail": ending.detail[:DETAIL_LENGTH],
            "next_try_at": at + _pause(attempt.number) if again else None,
        },
    )


def _pause(number: int) -> timedelta:
    return BACKOFF[number - 1] * (1 + random.uniform(0, JITTER))  # noqa: S311  # not a secret


def _move(store: Store, attempt: Attempt, values: Mapping[str, Any]) -> None:
    """Change a run as long as it is this attempt's: by number, fence and state."""
    with store.write_ops() as connection:
        done = connection.execute(
            update(Run)
            .where(Run.id == attempt.run_id, Run.fence == attempt.fence, Run.state.in_(AT_WORK))
            .values(**values)
        )
    if done.rowcount != 1:
        raise HeldError("another refresh has taken over; this one writes nothing more")


def run_of(connection: Connection, kind: str, slot: datetime) -> dict[str, Any] | None:
    """Return the run of a due time, if there is one."""
    found = connection.execute(
        select(Run.__table__).where(Run.kind == kind, Run.slot == slot)
    ).mappings()
    row = found.one_or_none()
    return None if row is None else dict(row)


def recent_runs(connection: Connection, most: int) -> list[dict[str, Any]]:
    """Return the newest runs as the data page shows them."""
    statement = (
        select(
            Run.id.label("run_id"),
            Run.kind,
            Run.started_at,
            Run.ended_at,
            Run.state,
            Run.publication_id,
            Run.detail,
        )
        .order_by(Run.started_at.desc())
        .limit(most)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def last_served(connection: Connection, kind: str, moment: datetime) -> datetime | None:
    """Return the newest due time by a moment that has been served."""
    statement = (
        select(Run.slot)
        .where(Run.kind == kind, Run.state.in_(SERVED), Run.slot <= moment)
        .order_by(Run.slot.desc())
        .limit(1)
    )
    return connection.execute(statement).scalar_one_or_none()


def beat(store: Store, process: str, now: datetime, detail: str = "") -> None:
    """Write that a long-lived process is alive."""
    with store.write_ops() as connection:
        values = {"seen_at": now, "detail": detail}
        done = connection.execute(
            update(Heartbeat).where(Heartbeat.process == process).values(values)
        )
        if done.rowcount == 0:
            connection.execute(insert(Heartbeat), {"process": process, **values})


def last_beat(connection: Connection, process: str) -> datetime | None:
    """Return when a process was last seen alive."""
    found = connection.execute(select(Heartbeat.seen_at).where(Heartbeat.process == process))
    return found.scalar_one_or_none()


def pulse(connection: Connection, now: datetime) -> str:
    """Tell whether the scheduler is `alive`, `silent`, or was `never` seen."""
    seen = last_beat(connection, SCHEDULER)
    if seen is None:
        return "never"
    return "silent" if now - seen > SILENT else "alive"
