"""Stores of earlier releases come to the newest schema with what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from kms.config import Settings
from kms.domain.series import encode, fingerprint, make_series
from kms.store import migrate as migration
from kms.store.engine import DATA_SCHEMA, OPS_SCHEMA, Store, open_store, writing
from kms.store.ledger import last_served, recent_runs
from kms.store.migrate import drift, migrate
from kms.store.publications import issues, latest_values, read_series

SLOTS = ("2026-11-14T18:10:00.000000Z", "2026-11-15T18:10:00.000000Z")
RUNS = (  # id, slot, started, state
    ("a", SLOTS[0], "2026-11-14T18:10:05.000000Z", "failed"),
    ("b", SLOTS[0], "2026-11-14T18:11:05.000000Z", "done"),
    ("c", SLOTS[1], "2026-11-15T18:10:05.000000Z", "done"),
    ("d", "2026-11-16T01:00:00.000000Z", "2026-11-16T01:00:00.000000Z", "lost"),
)


ENGINES = ["sqlite", pytest.param("pg", marks=pytest.mark.postgres)]


@contextmanager
def _older(store: Store, name: str, revision: str) -> Iterator[Connection]:
    """Bring one of the two stores to an older schema and give a connection to it."""
    folder = Path(migration.__file__).parent / "migrations" / name
    engine = store.data if name == "data" else store.ops
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(
                text(f"CREATE SCHEMA {DATA_SCHEMA if name == 'data' else OPS_SCHEMA}")
            )
    with writing(engine) as connection:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        yield connection


@pytest.fixture(params=ENGINES)
def store(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Store]:
    """Give two stores without a schema, on each engine."""
    if request.param == "pg":
        url = request.getfixturevalue("postgres_url")
        settings = settings.model_copy(update={"database_url": url})
    opened = open_store(settings)
    yield opened
    opened.close()


def test_runs_of_one_due_time_become_the_last_of_them(store: Store) -> None:
    with _older(store, "ops", "0002") as connection:
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
    assert found == [("d", "abandoned"), ("c", "published"), ("b", "published")]
    assert served == datetime(2026, 11, 15, 18, 10, tzinfo=UTC)


def test_series_of_one_disease_are_known_as_its_own(store: Store) -> None:
    content = encode(make_series(date(2026, 11, 1), np.array([1.2])))
    name = fingerprint(content)
    with _older(store, "data", "0004") as connection:
        connection.execute(
            text(
                "INSERT INTO publication (id, as_of, published_at, inputs_hash, state, facts) "
                "VALUES ('p', :at, :at, 'x', 'published', :facts)"
            ),
            {"at": SLOTS[0], "facts": '{"disease": "measles"}'},
        )
        connection.execute(
            text("INSERT INTO estimate_blob (hash, content) VALUES (:hash, :content)"),
            {"hash": name, "content": content},
        )
        for indicator, sector in (("r_t", ""), ("compliance_after", "F"), ("not_met.x", "ALL")):
            key = {"indicator": indicator, "sector": sector}
            connection.execute(
                text(
                    "INSERT INTO estimate_series (publication_id, indicator, area, sector, hash) "
                    "VALUES ('p', :indicator, '0000000000', :sector, :hash)"
                ),
                key | {"hash": name},
            )
            connection.execute(
                text(
                    "INSERT INTO latest_value (publication_id, indicator, area, sector, state) "
                    "VALUES ('p', :indicator, '0000000000', :sector, 'final')"
                ),
                key,
            )
    migrate(store)
    assert drift(store) == []
    with store.read() as connection:
        (issue,) = issues(connection)
        told = {
            disease: {row["indicator"] for row in latest_values(connection, "p", [disease])}
            for disease in ("", issue.disease)
        }
        r = read_series(connection, "p", "r_t", "0000000000", disease=issue.disease)
        items = read_series(connection, "p", "not_met.x", "0000000000", sector="ALL")
    assert told == {"": {"compliance_after", "not_met.x"}, "measles": {"r_t"}}
    assert r is not None
    assert items is not None
