"""Opening the two stores on SQLite or PostgreSQL, with the same rules on both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DisconnectionError,
    OperationalError,
)

from kms.config import Settings
from kms.errors import ConfigError, FetchError

DATA_SCHEMA, OPS_SCHEMA = "kms_data", "kms_ops"
BUSY_MS = 20_000
FILE = "file"  # in a connection's record: which file it was opened on


@dataclass(frozen=True)
class Store:
    """The data store and the operations store; hand it around, do not look inside."""

    data: Engine
    ops: Engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection on which only reading is done."""
        with self.data.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a transaction on the data store: all of it lands, or nothing."""
        with writing(self.data) as connection:
            yield connection

    @contextmanager
    def write_ops(self) -> Iterator[Connection]:
        """Give a transaction on the operations store."""
        with writing(self.ops) as connection:
            yield connection

    @contextmanager
    def read_ops(self) -> Iterator[Connection]:
        """Give a connection to the operations store on which only reading is done."""
        with self.ops.connect() as connection:
            yield connection

    def close(self) -> None:
        """Give every connection back."""
        self.data.dispose()
        self.ops.dispose()


def open_store(settings: Settings) -> Store:
    """Connect to both stores; raise `FetchError` when one cannot be reached."""
    store = Store(
        data=_engine(settings.data_url, DATA_SCHEMA),
        ops=_engine(settings.operations_url, OPS_SCHEMA),
    )
    for engine in (store.data, store.ops):
        _reach(engine)
        _keep_file(engine)
    return store


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a transaction that holds the write lock from its first moment."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # A deferred BEGIN that turns into a write fails at once when another writer
            # has committed, whatever the busy timeout: take the write lock first.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


def _engine(url: str, schema: str) -> Engine:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError(
            "the database address cannot be read; write it as sqlite:///path/file.sqlite or "
            "postgresql+psycopg://user@host/database"
        ) from error
    if parsed.drivername == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            parsed, connect_args={"timeout": BUSY_MS / 1000}, hide_parameters=True
        )
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    if parsed.get_backend_name() != "postgresql":
        raise ConfigError(
            f"the database address names '{parsed.drivername}'; use sqlite or postgresql+psycopg"
        )
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        hide_parameters=True,  # a fault must not put a row into the log
        connect_args={
            "connect_timeout": 5,
            "options": f"-c search_path={schema} -c idle_in_transaction_session_timeout=600000",
            "application_name": "kms",
        },
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # `writing` begins transactions; the driver must not
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        f"busy_timeout={BUSY_MS}",
        "foreign_keys=ON",
        "synchronous=FULL",  # a commit outlives a loss of power
        "trusted_schema=OFF",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _keep_file(engine: Engine) -> None:
    """Make a SQLite file that has gone a fault: an empty one in its place would hide the loss."""
    name = engine.url.database if engine.dialect.name == "sqlite" else None
    if not name or name.startswith((":memory:", "file:")):
        return
    file = Path(name).resolve()
    address = f"{file.as_uri()}?mode=rw"

    def connecting(_dialect: Any, record: Any, given: list[Any], named: dict[str, Any]) -> None:
        given[0], named["uri"] = address, True
        record.info[FILE] = _identity(file)

    def taking(_connection: Any, record: Any, _proxy: Any) -> None:
        found = _identity(file)
        if (
            found is None or record.info.setdefault(FILE, found) != found
        ):  # what is written to a removed file is lost
            raise DisconnectionError("the file of the store was removed or replaced")

    event.listen(engine, "do_connect", connecting)
    event.listen(engine, "checkout", taking)


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _reach(engine: Engine) -> None:
    url = engine.url  # its query may hold a password, too
    place = (
        f"{url.drivername}://{url.host or ''}{f':{url.port}' if url.port else ''}/{url.database}"
    )
    try:
        with engine.connect() as connection:
            connection.execute(text("select 1"))
    except (OperationalError, DatabaseError) as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else "no answer"
        raise FetchError(
            f"the database {place} cannot be reached ({reason}); start it, or set "
            "KMS_DATABASE_URL to one that runs"
        ) from error


def store_fault(error: BaseException) -> str:
    """Say in one line what went wrong with a store, without what was written; else nothing."""
    if not isinstance(error, OperationalError | DisconnectionError):
        return ""
    origin = getattr(error, "orig", None)
    state = getattr(origin, "sqlstate", None)
    # The embedded engine's own words hold no values; a server's may.
    said = f"the server says {state}" if state else str(origin or error).strip()
    return (
        f"the store cannot be read or written ({said.splitlines()[0]}); free space, or see that "
        "its server runs, and do it again: nothing is half done"
    )
