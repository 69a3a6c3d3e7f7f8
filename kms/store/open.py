"""Opening the stores for a command: migrated, with the clock they live by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from kms.config import Settings, load_settings, now
from kms.errors import DataError
from kms.store.engine import Store, open_store
from kms.store.migrate import migrate
from kms.store.tables import StoreFact

CLOCK, SYNTHETIC = "clock", "synthetic"


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Store]:
    """Give the migrated stores of the settings, and close them afterwards."""
    store = open_migrated(settings or load_settings())
    try:
        yield store
    finally:
        store.close()


def open_migrated(settings: Settings) -> Store:
    """Return the stores of the settings at the newest schema; the caller closes them."""
    with ExitStack() as undo:
        store = open_store(settings)
        undo.callback(store.close)
        migrate(store)
        undo.pop_all()
    return store


def clock(connection: Connection) -> datetime:
    """Return the store's present instant: a pinned one in the demonstration, else the real one."""
    pinned = store_fact(connection, CLOCK)
    return datetime.fromisoformat(pinned) if pinned else now()


def is_synthetic(connection: Connection) -> bool:
    """Tell whether the store holds demonstration data."""
    return store_fact(connection, SYNTHETIC) == "yes"


def keep_for_real_data(store: Store) -> None:
    """Mark a store so that no demonstration is ever put into it."""
    set_store_fact(store, SYNTHETIC, "no")


def store_fact(connection: Connection, name: str) -> str:
    """Return a fact about the store itself, or an empty text."""
    found = connection.execute(select(StoreFact.value).where(StoreFact.name == name))
    return found.scalar_one_or_none() or ""


def set_store_fact(store: Store, name: str, value: str) -> None:
    """Write a fact about the store itself."""
    with store.write() as connection:
        connection.execute(delete(StoreFact).where(StoreFact.name == name))
        connection.execute(insert(StoreFact), {"name": name, "value": value})


def refuse_synthetic(connection: Connection) -> None:
    """Refuse real data in a demonstration store: the two are never mixed."""
    if is_synthetic(connection):
        raise DataError(
            "this store holds synthetic demonstration data, and real data are never mixed with "
            "them; set KMS_HOME to another folder and run `kms init --empty` there"
        )
