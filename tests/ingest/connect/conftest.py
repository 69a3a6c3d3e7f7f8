"""A server, a feeds file, and a small source to feed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from ingest.connect.fetch import FETCHED, Failed, Fetched, Item, fetch_feeds, mark
from ingest.load import load
from kms.config import ROOT, Settings
from kms.domain.intake import IntakeReport
from kms.errors import KmsError
from kms.store.engine import Store
from tests.ingest.connect import web_server
from tests.ingest.connect.web_server import OWN, WebServer

SOURCE = "measures"
SAMPLE = (ROOT / "data" / "sample" / "measures_20260126.csv").read_bytes()
AT = datetime(2026, 2, 1, 3, tzinfo=UTC)
NAME = "measures_20260126.csv"


def edited(number: int = 1) -> bytes:
    """Return the sample with one share of the capacity changed."""
    lines = SAMPLE.decode().splitlines()
    cells = lines[1].split(",")
    cells[9] = f"0.{number}"
    return "\n".join([lines[0], ",".join(cells), *lines[2:]]).encode() + b"\n"


@pytest.fixture(scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with web_server.running(tmp_path_factory.mktemp("tls")) as server:
        yield server


@pytest.fixture
def server(_server: WebServer) -> WebServer:
    """Return a TLS server that answers nothing yet."""
    for kept in (_server.routes, _server.asked, _server.names):
        kept.clear()
    return _server


@dataclass
class Feeds:
    """A feeds file of a test, and what fetching from it brings."""

    store: Store
    settings: Settings
    hosts: dict[str, Sequence[str]] = field(default_factory=lambda: {OWN: ["127.0.0.1"]})

    def write(self, *entries: dict[str, object]) -> None:
        """Write a feeds file of these entries."""
        self.settings.home.mkdir(exist_ok=True)
        text = "".join(
            "[[feed]]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in entry.items())
            for entry in entries
        )
        (self.settings.home / "feeds.toml").write_text(text, encoding="utf-8")

    def resolve(self, host: str, _port: int) -> Sequence[str]:
        """Answer as a name server would."""
        if host not in self.hosts:
            return [host] if host.replace(".", "").isdigit() else _unknown(host)
        return self.hosts[host]

    def items(self, at: datetime = AT) -> Iterator[Item]:
        """Ask every feed."""
        return fetch_feeds(self.store, self.settings, at=at, resolve=self.resolve)

    def once(self, at: datetime = AT) -> tuple[str, IntakeReport | KmsError | None]:
        """Ask one feed and take in what it brings, as the refresh does."""
        (told,) = self.night(at)
        return told

    def night(self, at: datetime = AT) -> list[tuple[str, IntakeReport | KmsError | None]]:
        """Ask every feed and take in what they bring; tells of each what became of it."""
        return [self._dealt_with(item) for item in self.items(at)]

    def _dealt_with(self, item: Item) -> tuple[str, IntakeReport | KmsError | None]:
        if isinstance(item, Failed):
            return item.state, item.error
        if item.state != FETCHED:
            mark(self.store, item)
            return item.state, None
        try:
            reports = self.load(item)
        except KmsError as error:
            return "not taken in", error
        mark(self.store, item, reports)
        return item.state, reports[-1]

    def load(self, item: Fetched) -> list[IntakeReport]:
        """Take an item in."""
        return load(
            self.store,
            self.settings,
            item.source,
            item.files,
            fetched_at=item.fetched_at,
            at=item.at,
        )

    def failure(self, at: datetime = AT) -> Failed:
        """Ask one feed that must fail."""
        (item,) = self.items(at)
        assert isinstance(item, Failed)
        return item


def _unknown(host: str) -> Sequence[str]:
    raise OSError(f"no such host: {host}")


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value) if isinstance(value, int) else f"'{value}'"


@pytest.fixture
def feeds(store: Store, settings: Settings) -> Feeds:
    """Give an empty store and a feeds file to be written."""
    return Feeds(store, settings)


@pytest.fixture
def web_feed(server: WebServer) -> Callable[..., dict[str, object]]:
    """Return a maker of entries that name this server."""

    def entry(path: str = f"/{NAME}", **more: object) -> dict[str, object]:
        return {
            "source": SOURCE,
            "address": server.address(path),
            "private": True,
            "ca_file": server.ca_file,
            **more,
        }

    return entry
