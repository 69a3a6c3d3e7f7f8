"""Stores of earlier releases come to the newest schema with what they hold."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from kms.config import Settings
from kms.store import migrate as migration
from kms.store.engine import open_store, writing
from kms.store.ledger import last_served, recent_runs
from kms.store.migrate import drift, migrate

SLOTS = ("2026-11-14T18:10:00.000000Z", "2026-11-15T18:10:00.000000Z")
RUNS = (  # id, slot, started, state
    ("a", SLOTS[0], "2026-11-14T18:10:05.000000Z", "failed"),
    ("b", SLOTS[0], "2026-11-14T18:11:05.000000Z", "done"),
    ("c", SLOTS[1], "2026-11-15T18:10:05.000000Z", "done"),
    ("d", "2026-11-16T01:00:00.000000Z", "2026-11-16T01:00:00.000000Z", "lost"),
)


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("pg", marks=pytest.mark.postgres)])
def test_runs_of_one_due_time_become_the_last_of_them(
    engine: str, settings: Settings, request: pytest.FixtureRequest
) -> None:
    if engine == "pg":
        url = request.getfixturevalue("postgres_url")
        settings = settings.model_copy(update={"database_url": url})
    store = open_store(settings)
    folder = Path(migration.__file__).parent / "migrations" / "ops"
    if engine == "pg":
        with store.ops.begin() as connection:
            connection.execute(text("CREATE SCHEMA kms_ops"))
    with writing(store.ops) as connection:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for run_id, slot, started, state in RUNS:
            connection.execute(
                text(
                    "INSERT INTO run (id, kind, slot, started_at, state, fence, publication_id, "
                    "detail) VALUES (:id, 'refresh', :slot, :started, :state, 1, '', '')"
                ),
                {"id": run_id, "slot": slot, "started": started, "state": state},
            )
    migrate(store)
    assert drift(store) == []
    with store.read_ops() as connection:
        found = [(run["run_id"], run["state"]) for run in recent_runs(connection, 9)]
        served = last_served(connection, "refresh", datetime(2026, 12, 1, tzinfo=UTC))
    store.close()
    assert found == [("d", "abandoned"), ("c", "published"), ("b", "published")]
    assert served == datetime(2026, 11, 15, 18, 10, tzinfo=UTC)
