"""The run ledger and the lease: who works, what came of it, nothing twice.

A holder gets the lease with a fence one higher than any before; what it publishes is refused
once another has taken over. A run that never ended is marked `lost` by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from kms.errors import HeldError
from kms.store.engine import Store
from kms.store.ops_tables import Heartbeat, Lease, Run

RUNNING, FINISHED, FAILED, LOST = "running", "done", "failed", "lost"
SCHEDULER = "scheduler"
LEASE = timedelta(seconds=60)
DETAIL_LENGTH = 2000


def take_lease(
    store: Store, kind: str, holder: str, now: datetime, *, gone: Callable[[str], bool]
) -> int:
    """Return the fence of a fresh lease; raise `HeldError` while another holds it.

    `gone` tells of a holder whether its process is known to have ended.
    """
    with store.write_ops() as connection:
        row = connection.execute(select(Lease.__table__).where(Lease.kind == kind)).mappings()
        held = row.one_or_none()
        if held is not None and held["until"] > now and not gone(held["holder"]):
            raise HeldError(
                f"another {kind} is at work ({held['holder']}); wait for it, or end it and try "
                "again a minute later"
            )
        fence = 1 if held is None else int(held["fence"]) + 1
        values = {"holder": holder, "fence": fence, "until": now + LEASE}
        if held is None:
            connection.execute(insert(Lease), {"kind": kind, **values})
        else:
            connection.execute(update(Lease).where(Lease.kind == kind).values(values))
        connection.execute(
            update(Run)
            .where(Run.kind == kind, Run.state == RUNNING)
            .values(state=LOST, ended_at=now, detail="the process ended before the run did")
        )
    return fence


def still_ours(store: Store, kind: str, fence: int) -> bool:
    """Tell whether nobody has taken the lease over since."""
    with store.read_ops() as connection:
        newest = connection.execute(select(Lease.fence).where(Lease.kind == kind))
        return newest.scalar_one_or_none() == fence


def renew(store: Store, kind: str, fence: int, now: datetime) -> None:
    """Keep the lease for longer, unless another has taken it over."""
    give_back(store, kind, fence, now + LEASE)


def give_back(store: Store, kind: str, fence: int, now: datetime) -> None:
    """Let the lease end now, unless another has taken it over."""
    with store.write_ops() as connection:
        connection.execute(
            update(Lease).where(Lease.kind == kind, Lease.fence == fence).values(until=now)
        )


def start_run(store: Store, run: Mapping[str, Any]) -> None:
    """Write that a run has begun."""
    values = {"ended_at": None, "state": RUNNING, "publication_id": "", "detail": ""}
    with store.write_ops() as connection:
        connection.execute(insert(Run), {**values, **run})


def end_run(
    store: Store, run_id: str, *, state: str, at: datetime, publication_id: str, detail: str
) -> None:
    """Write how a run ended."""
    with store.write_ops() as connection:
        connection.execute(
            update(Run)
            .where(Run.id == run_id)
            .values(
                state=state,
                ended_at=at,
                publication_id=publication_id,
                detail=detail[:DETAIL_LENGTH],
            )
        )


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


def last_slot(connection: Connection, kind: str) -> datetime | None:
    """Return the newest due time that has been served."""
    statement = (
        select(Run.slot)
        .where(Run.kind == kind, Run.state == FINISHED)
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


def tries(connection: Connection, kind: str, slot: datetime) -> int:
    """Return how often a due time has been attempted."""
    statement = select(func.count()).select_from(Run).where(Run.kind == kind, Run.slot == slot)
    return connection.execute(statement).scalar_one()
