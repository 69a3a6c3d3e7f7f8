"""The fence in the data store: who lost the lease cannot publish, whatever it believes.

The lease itself stands in the operations store, which is another file. A holder writes its
number here before it works; a publication compares in its own transaction.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert

from kms.errors import HeldError
from kms.store.engine import Store
from kms.store.open import store_fact
from kms.store.tables import StoreFact

FENCE = "refresh_fence"


def highest_fence(store: Store) -> int:
    """Return the highest number written so far; 0 before the first."""
    with store.read() as connection:
        return _fence(connection)


def raise_fence(store: Store, fence: int) -> None:
    """Shut out every holder with a lower number."""
    with store.write() as connection:
        if fence <= _fence(connection):
            return
        connection.execute(delete(StoreFact).where(StoreFact.name == FENCE))
        connection.execute(insert(StoreFact), {"name": FENCE, "value": str(fence)})


def insist(connection: Connection, fence: int | None) -> None:
    """Raise `HeldError` when a later holder has been here; None is asked of nobody."""
    if fence is not None and fence < _fence(connection):
        raise HeldError("another refresh has taken over; this one publishes nothing")


def _fence(connection: Connection) -> int:
    return int(store_fact(connection, FENCE) or 0)
