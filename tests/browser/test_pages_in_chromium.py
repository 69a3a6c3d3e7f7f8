"""One journey a page in a real browser: it renders, is quiet, stays here, and axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

ADDRESSES = (
    "/",
    "/areas",
    "/areas/0700000000",
    "/signals",
    "/sectors",
    "/library",
    "/library/GL-0112",
    "/data",
    "/?as_of=2026-11-02&lang=fil",
)
DESK, PHONE = (1440, 900), (390, 844)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
WAIT = 60_000  # the machine may be busy


@dataclass
class Watched:
    """A tab, what it said and whom it asked."""

    page: Page
    said: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.page.wait_for_selector("#react-entry-point h1", timeout=WAIT)
        expect(self.page.locator("#ssr")).to_have_count(0)
        drawings = self.page.locator("#react-entry-point .dash-graph").count()
        if drawings:
            expect(self.page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=WAIT)


def watched(browser: Browser, size: tuple[int, int]) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    tab = Watched(context.new_page())
    tab.page.on("console", lambda m: tab.said.append(m.text) if m.type == "error" else None)
    tab.page.on("pageerror", lambda error: tab.said.append(str(error)))
    tab.page.on("request", lambda request: tab.hosts.add(urlsplit(request.url).hostname or ""))
    yield tab
    context.close()


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def tab(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Watched]:
    yield from watched(browser, request.param)


@pytest.fixture
def desk(browser: Browser) -> Iterator[Watched]:
    yield from watched(browser, DESK)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_renders_quietly_and_accessibly(site: str, tab: Watched, address: str) -> None:
    tab.open(site + address)
    expect(tab.page.locator("h1")).to_have_count(1)
    found = Axe().run(tab.page, options=RULES)
    assert found.violations_count == 0, found.generate_report()
    assert tab.said == []
    assert tab.hosts - {""} == {"127.0.0.1"}


@pytest.mark.parametrize("address", ["/", "/areas/0700000000", "/sectors", "/data"])
def test_a_page_never_scrolls_sideways(site: str, desk: Watched, address: str) -> None:
    desk.open(site + address)
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for width in (1280, 1024, 700, 390, 320):
        desk.page.set_viewport_size({"width": width, "height": 800})
        assert desk.page.evaluate(wider) == 0, width


def test_a_page_is_read_without_javascript(site: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + "/")
    expect(page.locator("h1")).to_have_text(
        "7 of 18 regions are likely growing, 3 very likely; 6 are likely shrinking"
    )
    expect(page.locator("table.rank tbody tr.ar")).to_have_count(19)
    expect(page.locator("svg.map")).to_be_visible()
    page.locator("summary", has_text="Data known on").click()
    page.get_by_label("Data known on").select_option("2026-11-02")
    page.get_by_role("button", name="Show").first.click()
    expect(page).to_have_url(f"{site}/?as_of=2026-11-02")
    expect(page.locator(".asof")).to_contain_text("You see what was known on")
    context.close()


def test_a_link_opens_a_page_without_a_reload(site: str, desk: Watched) -> None:
    desk.open(site + "/")
    desk.page.evaluate("window.stayed = true")
    desk.page.locator("table.rank").get_by_role("link", name="Central Visayas").click()
    expect(desk.page).to_have_url(f"{site}/areas/0700000000")
    expect(desk.page.locator("h1")).to_have_text("Central Visayas", timeout=WAIT)
    expect(desk.page.locator("h1")).to_be_focused()
    expect(desk.page).to_have_title("Central Visayas: growing · Ligtas")
    assert desk.page.evaluate("window.stayed") is True
    desk.page.go_back()
    expect(desk.page.locator("h1")).to_contain_text("7 of 18 regions", timeout=WAIT)
    assert desk.said == []


def test_the_language_switch_changes_words_and_mark(site: str, desk: Watched) -> None:
    desk.open(site + "/")
    desk.page.get_by_role("group", name="Language").get_by_role("link", name="Filipino").click()
    expect(desk.page.locator("h1")).to_contain_text("malamang na dumarami", timeout=WAIT)
    expect(desk.page.locator("html")).to_have_attribute("lang", "fil")


def test_the_first_key_leads_past_the_header(site: str, desk: Watched) -> None:
    desk.open(site + "/")
    desk.page.keyboard.press("Tab")
    expect(desk.page.locator(".skip")).to_be_focused()
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("#main")).to_be_focused()


def test_every_chart_has_its_numbers_as_a_table(site: str, desk: Watched) -> None:
    desk.open(site + "/areas/0700000000")
    figures = desk.page.locator("figure.chart")
    expect(figures).to_have_count(3)
    figures.first.locator("summary").click()
    expect(figures.first.locator("tbody tr")).to_have_count(70)
    expect(desk.page.locator(".modebar")).to_have_count(0)
