"""Bringing both stores to the newest schema; forward only."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

import kms.store.account_tables
import kms.store.fact_tables  # noqa: F401  # both declare tables
from kms.store.engine import DATA_SCHEMA, OPS_SCHEMA, Store, writing
from kms.store.ops_tables import OpsTable
from kms.store.tables import DataTable

_FOLDER = Path(__file__).parent / "migrations"
_STORES = (("data", DATA_SCHEMA, DataTable.metadata), ("ops", OPS_SCHEMA, OpsTable.metadata))


def migrate(store: Store) -> None:
    """Upgrade both stores; an empty one gets every table."""
    for name, schema, _ in _STORES:
        engine = _engine_of(store, name)
        _create_schema(engine, schema)
        with writing(engine) as connection:
            config = Config()
            config.set_main_option("script_location", str(_FOLDER / name))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def drift(store: Store) -> list[object]:
    """Return how the migrated schema differs from the declared tables; empty when equal."""
    found: list[object] = []
    for name, _, metadata in _STORES:
        with _engine_of(store, name).connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": False})
            found += compare_metadata(context, metadata)
    return found


def _engine_of(store: Store, name: str) -> Engine:
    return store.data if name == "data" else store.ops


def _create_schema(engine: Engine, schema: str) -> None:
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
