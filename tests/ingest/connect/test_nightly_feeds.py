"""The whole night: what addresses send is taken in, published, and told in the ledger."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ingest.nightly.refresh import refresh
from kms.config import Settings
from kms.store.engine import Store
from kms.store.ops_tables import Run, SourceCheck
from tests.ingest.test_refresh import LATER, later_release, published, seen

__all__ = ["published"]


class Quiet(SimpleHTTPRequestHandler):
    """A file server that keeps no log."""

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Serve a folder on 127.0.0.1; yields the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """Give a folder that is served, and a feeds file that names a release in it."""
    folder = tmp_path / "site"
    folder.mkdir()
    with serving(folder) as port:
        address = f"http://127.0.0.1:{port}/release.csv"
        settings.home.mkdir(exist_ok=True)
        (settings.home / "feeds.toml").write_text(
            f"[[feed]]\nsource = 'doh_case_information'\naddress = '{address}'\n"
            f"name = '{LATER}'\nprivate = true\ninsecure = true\n",
            encoding="utf-8",
        )
        yield folder


def checks(store: Store) -> list[tuple[str, str, str]]:
    """Return what runs found, oldest first: source, state, kind of fault."""
    with store.read_ops() as operations:
        rows = operations.execute(
            select(SourceCheck.source_id, SourceCheck.state, SourceCheck.error_code).order_by(
                SourceCheck.id
            )
        )
        return [(row.source_id, row.state, row.error_code) for row in rows]


def test_what_an_address_sends_is_published_once(
    published: Store, settings: Settings, site: Path, tmp_path: Path
) -> None:
    later_release(tmp_path / "made").rename(site / "release.csv")
    first = refresh(published, settings)
    assert (first.status, [v.status for v in first.vintages]) == ("published", ["accepted"])
    shown = seen(published)
    second = refresh(published, settings)
    assert (second.status, second.vintages) == ("unchanged", ())
    assert seen(published) == shown
    assert [state for _, state, _ in checks(published)] == ["accepted", "unchanged"]


def test_an_address_that_is_silent_is_asked_again_soon_and_stops_nothing(
    published: Store, settings: Settings, site: Path
) -> None:
    assert site.is_dir()
    before = seen(published)
    feeds = settings.home / "feeds.toml"
    written = feeds.read_text(encoding="utf-8")
    feeds.write_text(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", written), encoding="utf-8")
    report = refresh(published, settings)
    assert (report.status, report.refusals) == ("unchanged", ())
    assert "127.0.0.1:9" in report.unreachable[0]
    assert seen(published) == before
    assert [state for _, state, _ in checks(published)] == ["unreachable"]
    with published.read_ops() as operations:
        (run,) = operations.execute(select(Run.state, Run.next_try_at)).all()
    assert run.state == "unchanged"
    assert run.next_try_at is not None


def test_a_sign_in_page_is_refused_and_asked_for_again(
    published: Store, settings: Settings, site: Path, tmp_path: Path
) -> None:
    before = seen(published)
    (site / "release.csv").write_text("<html>sign in</html>", encoding="utf-8")
    report = refresh(published, settings)
    assert "is a web page" in report.refusals[0]
    assert seen(published) == before
    later_release(tmp_path / "made").replace(site / "release.csv")
    assert refresh(published, settings).status == "published"
    assert checks(published) == [
        ("doh_case_information", "refused", "not_csv"),
        ("doh_case_information", "accepted", ""),
    ]
