"""What the front page weighs on the line, the first time and the second, and from where."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext
from werkzeug.serving import make_server

from app import create_app
from kms.config import Settings
from kms.store.engine import Store
from tests.browser.test_pages_in_chromium import WAIT
from tests.published import DAVAO, published, published_home

__all__ = ["published", "published_home"]

pytestmark = pytest.mark.browser

COLD_BYTES, WARM_BYTES, MOST_REQUESTS = 700_000, 40_000, 25
CHANGING = {"/", "/_dash-layout", "/_dash-dependencies", "/_dash-update-component"}


@dataclass
class Visit:
    """What one visit asked for, as the browser's network counts it."""

    addresses: dict[str, str] = field(default_factory=dict)
    from_cache: set[str] = field(default_factory=set)
    received: dict[str, float] = field(default_factory=dict)

    @property
    def sent(self) -> set[str]:
        """Paths for which something came over the line."""
        return {
            urlsplit(address).path
            for request, address in self.addresses.items()
            if request not in self.from_cache
        }

    @property
    def weight(self) -> float:
        """Bytes that came over the line, with heads."""
        return sum(
            size for request, size in self.received.items() if request not in self.from_cache
        )

    @property
    def hosts(self) -> set[str | None]:
        """Everybody who was asked for anything."""
        schemes = {"http", "https", "ws", "wss"}
        parts = [urlsplit(address) for address in self.addresses.values()]
        return {part.hostname for part in parts if part.scheme in schemes}


def visit(context: BrowserContext, address: str) -> Visit:
    """Open a page, wait until it is whole, and tell what it took."""
    page = context.new_page()
    network, told = context.new_cdp_session(page), Visit()
    network.send("Network.enable")

    def asked(event: dict[str, Any]) -> None:
        told.addresses[event["requestId"]] = event["request"]["url"]

    def answered(event: dict[str, Any]) -> None:
        if event["response"].get("fromDiskCache"):
            told.from_cache.add(event["requestId"])

    def finished(event: dict[str, Any]) -> None:
        told.received[event["requestId"]] = event["encodedDataLength"]

    network.on("Network.requestWillBeSent", asked)
    network.on("Network.responseReceived", answered)
    network.on(
        "Network.requestServedFromCache", lambda event: told.from_cache.add(event["requestId"])
    )
    network.on("Network.loadingFinished", finished)
    page.goto(address)
    page.wait_for_selector("#react-entry-point h1", timeout=WAIT)
    page.wait_for_load_state("networkidle")
    page.close()
    return told


@pytest.fixture(scope="module")
def address(published: Store, published_home: Path) -> Iterator[str]:
    """Serve the product."""
    server = create_app(Settings(home=published_home))
    listening = make_server("127.0.0.1", 0, server, threaded=True)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Give a browser that was never here."""
    opened = browser.new_context()
    yield opened
    opened.close()


def test_the_front_page_is_light_the_first_time_and_lighter_the_second(
    context: BrowserContext, address: str
) -> None:
    cold, warm = visit(context, address + "/"), visit(context, address + "/")
    print(f"cold {cold.weight:,.0f} bytes in {len(cold.addresses)} requests, "
          f"warm {warm.weight:,.0f} in {len(warm.sent)}")  # fmt: skip
    assert 100_000 < cold.weight <= COLD_BYTES  # less would mean that nothing was counted
    assert len(cold.addresses) <= MOST_REQUESTS
    assert 0 < warm.weight <= WARM_BYTES
    assert cold.hosts == warm.hosts == {"127.0.0.1"}


def test_nothing_that_has_not_changed_is_asked_for_again(
    context: BrowserContext, address: str
) -> None:
    first = visit(context, address + "/areas")
    assert any(path.startswith("/assets/") for path in first.sent)
    assert visit(context, address + "/").sent == CHANGING


def test_the_drawing_library_comes_once_and_only_where_something_is_drawn(
    context: BrowserContext, address: str
) -> None:
    assert not any("plotly" in path for path in visit(context, address + "/").sent)
    drawn = visit(context, f"{address}/areas/{DAVAO}")
    (library,) = (path for path in drawn.sent if "plotly" in path)
    again = visit(context, f"{address}/areas/{DAVAO}")
    assert library not in again.sent
    assert drawn.hosts == again.hosts == {"127.0.0.1"}


def test_a_font_is_fetched_once_though_named_by_page_and_sheet(
    context: BrowserContext, address: str
) -> None:
    fetched = sorted(visit(context, address + "/").addresses.values())
    fonts = [each for each in fetched if each.endswith(".woff2")]
    assert len(fonts) == len(set(fonts)) > 0
