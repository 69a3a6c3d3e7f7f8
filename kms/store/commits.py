"""Whether anything was committed to the stores since one last looked: cheaper than any query."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sqlalchemy import Engine, event, text

from kms.store.engine import Store

# Every transaction that was, is or is not yet done; it stays the same only while none ends.
SNAPSHOT = text("select cast(pg_current_snapshot() as text)")
_left_behind: list[Any] = []  # a fork's copies of connections: closing them would harm the parent


class Commits:
    """Gives a mark of both stores: as long as it is the same, so is everything in them.

    Asked at every request. With SQLite it costs some microseconds: `data_version` of a connection
    of its own counts what all others commit, in this process and elsewhere.
    """

    def __init__(self, store: Store) -> None:
        """Watch a store; its connections close with it."""
        engines = {str(engine.url): engine for engine in (store.data, store.ops)}
        self._marks = [_mark(engine) for engine in engines.values()]

    def __call__(self) -> tuple[object, ...]:
        """Return the mark; one that equals no other where it cannot be told."""
        return tuple(mark() for mark in self._marks)


def _mark(engine: Engine) -> _File | _Server:
    return _File(engine) if engine.dialect.name == "sqlite" else _Server(engine)


@dataclass(slots=True)
class _Server:
    engine: Engine

    def __call__(self) -> object:
        with self.engine.connect() as connection:
            return connection.execute(SNAPSHOT).scalar_one()


@dataclass(slots=True)
class _File:
    """A connection kept open to one file, in one process; `data_version` counts for it alone."""

    engine: Engine
    lock: Lock = field(default_factory=Lock)
    connection: sqlite3.Connection | None = None
    opened: object = None  # names the connection: counts of two cannot be compared
    process: int = 0
    file: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        event.listen(self.engine, "engine_disposed", lambda _engine: self._close())

    def __call__(self) -> object:
        with self.lock:
            try:
                if self.connection is None or self._is_other_s():
                    self._open()
                if self.connection is None:
                    return object()
                (count,) = self.connection.execute("PRAGMA data_version").fetchone()
            except (sqlite3.Error, OSError):  # whoever reads next meets the fault itself
                self._drop()
                return object()
            return self.opened, count

    def _is_other_s(self) -> bool:
        """Tell whether the connection is a parent's, or to a file that is there no more."""
        return self.process != os.getpid() or self.file != self._identity()

    def _open(self) -> None:
        self._drop()
        found = self._identity()
        if found is None:
            return
        taken = self.engine.raw_connection()
        self.connection = taken.driver_connection
        taken.detach()  # it never goes back to the pool
        self.opened, self.process, self.file = object(), os.getpid(), found

    def _identity(self) -> tuple[int, int] | None:
        name = self.engine.url.database
        if not name or name.startswith((":memory:", "file:")):
            return None  # in memory everybody shares one connection
        found = os.stat(name)  # noqa: PTH116  # at every request
        return found.st_dev, found.st_ino

    def _drop(self) -> None:
        if self.connection is not None:
            if self.process == os.getpid():
                self.connection.close()
            else:
                _left_behind.append(self.connection)
        self.connection = None

    def _close(self) -> None:
        with self.lock:
            self._drop()
