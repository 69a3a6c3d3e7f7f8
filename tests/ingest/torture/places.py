"""A small published store in a place of its own that can be set back, on either engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, func, select, text

from kms.config import ROOT, Settings
from kms.store.engine import open_store
from kms.store.ops_tables import Run
from kms.store.tables import Publication, Vintage
from tests.ingest.test_refresh import Fingerprint, facts, seen

COMMAND = (sys.executable, "-W", "ignore", str(ROOT / "app.py"))


@dataclass(frozen=True)
class Seen:
    """What readers see, the facts behind it, and what must never be there twice or in part."""

    visible: Fingerprint
    facts: tuple[int, int]
    accepted: int  # vintages
    doubled: int  # instants of a source with two accepted vintages
    drafts: int


@dataclass(frozen=True)
class Place:
    """A home with an inbox and, on PostgreSQL, a database; `settled` is what it is set back to."""

    folder: Path
    server: str = ""  # address of a PostgreSQL server; empty: SQLite

    @property
    def home(self) -> Path:
        """Where the commands under test work."""
        return self.folder / "home"

    @property
    def inbox(self) -> Path:
        """Where files wait for them."""
        return self.folder / "inbox"

    def database(self, name: str = "tortured") -> str:
        """Return the address of a database on the server."""
        return f"{self.server.rpartition('/')[0]}/{name}" if self.server else ""

    def settings(self) -> Settings:
        """Return the settings of the home."""
        return Settings(home=self.home, inbox=self.inbox, database_url=self.database())

    def make_database(self, name: str, like: str = "template0") -> None:
        """Make a database anew as a copy of another; whoever is connected is sent away."""
        engine = create_engine(self.server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {like}"))
        engine.dispose()

    def keep(self) -> None:
        """Keep the present state, to be set back to."""
        shutil.copytree(self.home, self.folder / "settled")
        shutil.copytree(self.inbox, self.folder / "waiting")
        if self.server:
            self.make_database("settled", like="tortured")

    def set_back(self) -> None:
        """Return to the state that was kept."""
        for folder, kept in ((self.home, "settled"), (self.inbox, "waiting")):
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(self.folder / kept, folder)
        if self.server:
            self.make_database("tortured", like="settled")

    def start(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        """Start a command of the real command line."""
        given = {"KMS_HOME": str(self.home), "KMS_INBOX": str(self.inbox), **more}
        if self.server:
            given["KMS_DATABASE_URL"] = self.database()
        return subprocess.Popen(
            [*COMMAND, *words],
            cwd=ROOT,
            env=os.environ | given,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def finish(self, *words: str) -> tuple[int, str]:
        """Run a command to its end; return its exit code and what it said on standard error."""
        process = self.start(*words)
        _, said = process.communicate(timeout=300)
        return process.returncode, said.decode()

    def look(self) -> Seen:
        """Look at the stores as another process would."""
        store = open_store(self.settings())
        try:
            with store.read() as connection:
                accepted = select(func.count()).where(Vintage.state == "accepted")
                instants = (
                    select(Vintage.source_id)
                    .where(Vintage.state == "accepted")
                    .group_by(Vintage.source_id, Vintage.published_at)
                    .having(func.count() > 1)
                )
                drafts = select(func.count()).where(Publication.state == "draft")
                counts = (
                    connection.execute(accepted).scalar_one(),
                    len(connection.execute(instants).all()),
                    connection.execute(drafts).scalar_one(),
                )
            return Seen(seen(store), facts(store), *counts)
        finally:
            store.close()

    def runs(self) -> list[dict[str, object]]:
        """Return the ledger, oldest due time first."""
        store = open_store(self.settings())
        try:
            with store.read_ops() as connection:
                rows = connection.execute(select(Run.__table__).order_by(Run.slot)).mappings()
                return [dict(row) for row in rows]
        finally:
            store.close()
