"""A refresh computed by other processes and machines, and what becomes of it without them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import typer

from kms.cli.console import run
from kms.compute import workers
from kms.config import Settings
from kms.store.engine import Store
from kms.store.open import CLOCK, set_store_fact
from tests.ingest.test_refresh import later_release, seen
from tests.published import NOW, make_published_store
from tests.test_docs import command_line

NOBODY_LISTENS = "tcp://127.0.0.1:1"


@pytest.fixture
def published(settings: Settings) -> Iterator[Store]:
    """Give a store with one publication."""
    store = make_published_store(settings, synthetic=False)
    set_store_fact(store, CLOCK, (NOW + timedelta(days=8)).isoformat())
    yield store
    store.close()


def refreshed(monkeypatch: pytest.MonkeyPatch, settings: Settings, **others: str) -> int:
    """Run the command in an environment; return its exit code."""
    environment = {"KMS_HOME": str(settings.home), "KMS_INBOX_QUIET_SECONDS": "0", **others}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return run(typer.main.get_command(command_line()), ["refresh", "--quiet"])


def test_without_its_scheduler_a_refresh_ends_with_4_and_yesterdays_publication_stays(
    published: Store,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(workers, "SECONDS_TO_CONNECT", 0.5)
    later_release(tmp_path / "inbox")
    before, inbox = seen(published), str(tmp_path / "inbox")
    ended = refreshed(monkeypatch, settings, KMS_INBOX=inbox, KMS_DASK_SCHEDULER=NOBODY_LISTENS)
    assert ended == 4
    said = capsys.readouterr().err
    assert f"'{NOBODY_LISTENS}' cannot be reached" in said
    assert "Traceback" not in said
    assert seen(published) == before
    assert refreshed(monkeypatch, settings, KMS_INBOX=inbox, KMS_DASK_SCHEDULER="") == 0
    assert seen(published)[0] != before[0]


def test_a_refresh_without_news_asks_no_scheduler(
    published: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = seen(published)
    assert refreshed(monkeypatch, settings, KMS_DASK_SCHEDULER=NOBODY_LISTENS) == 0
    assert seen(published) == before
