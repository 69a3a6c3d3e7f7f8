"""The schema: migrations give what the tables declare, on both engines."""

from __future__ import annotations

from kms.store.engine import Store
from kms.store.migrate import drift, migrate


def test_migrations_give_the_declared_schema(both: Store) -> None:
    assert drift(both) == []


def test_migrating_twice_changes_nothing(both: Store) -> None:
    migrate(both)
    assert drift(both) == []
