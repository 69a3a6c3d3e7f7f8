"""Lists in a real browser: by the keys alone, without JavaScript, on a phone, for axe."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.test_pages_in_chromium import RULES, WAIT, Watched, desk, pytestmark, tab

__all__ = ["desk", "pytestmark", "tab"]

LAST, FIRST = "Zamboanga Peninsula", "BARMM"
MOST_TABS = 80
LOW = """() => [...document.querySelectorAll(
  '#areas-list form :is(button, select, input.ctl), #areas-list .pages a'
)].map(e => e.getBoundingClientRect().height).filter(h => h > 0 && h < 44)"""


def first_area(page: Page) -> Locator:
    return page.locator("#react-entry-point #areas-list tbody a").first


def tab_to(page: Page, ident: str) -> None:
    """Press Tab until an element has the focus, as somebody without a mouse does."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == ident:
            return
    raise AssertionError(f"{ident} is not reached by Tab")


def test_a_list_is_sorted_by_the_keys_alone_and_keeps_the_focus(site: str, desk: Watched) -> None:
    desk.open(site + "/areas")
    desk.page.evaluate("window.stayed = true")
    expect(first_area(desk.page)).to_have_text("Davao Region")
    tab_to(desk.page, "areas-sort-name")
    desk.page.keyboard.press("Enter")
    expect(first_area(desk.page)).to_have_text(FIRST, timeout=WAIT)
    expect(desk.page.locator("#areas-sort-name")).to_be_focused()
    desk.page.keyboard.press("Enter")
    expect(first_area(desk.page)).to_have_text(LAST, timeout=WAIT)
    expect(desk.page.locator("#areas-sort-name")).to_be_focused()
    expect(desk.page.locator("th[aria-sort=descending]")).to_contain_text("Area")
    desk.page.get_by_role("link", name="Next page").focus()
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator(".pages")).to_contain_text("Page 2 of 4", timeout=WAIT)
    expect(desk.page.locator("#areas-list")).to_be_focused()
    assert desk.page.evaluate("window.stayed") is True
    assert desk.said == []


def test_a_list_is_narrowed_by_the_keys_alone(site: str, desk: Watched) -> None:
    desk.open(site + "/areas?sort=-name")
    tab_to(desk.page, "areas-find")
    desk.page.keyboard.type("penablanca")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url("**find=penablanca**")
    desk.page.wait_for_selector("#react-entry-point h1", timeout=WAIT)
    expect(first_area(desk.page)).to_have_text(f"Peñablanca of {LAST}")
    expect(desk.page.locator("#react-entry-point .found")).to_contain_text("18 of 54")
    expect(desk.page.locator("#areas-list")).to_be_focused()
    tab_to(desk.page, "areas-find")
    expect(desk.page.locator("#areas-find")).to_have_value("penablanca")


def test_a_list_works_without_javascript(site: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + "/areas")
    rows = page.locator("#areas-list tbody tr")
    expect(rows).to_have_count(15)
    page.locator("#areas-sort-name").click()
    expect(rows.first).to_contain_text(FIRST)
    expect(page.locator("#areas-sort-name")).to_be_focused()
    page.locator("#areas-region").select_option("0700000000")
    page.get_by_role("button", name="Show").last.click()
    expect(rows).to_have_count(3)
    expect(page.locator("th[aria-sort=ascending]")).to_have_count(1)
    page.get_by_role("link", name="Clear the filter").click()
    page.get_by_role("link", name="Last page").click()
    expect(rows).to_have_count(9)
    context.close()


def test_lists_are_accessible_sorted_narrowed_and_in_pages(site: str, tab: Watched) -> None:
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for address in (
        "/areas?sort=-rate&find=a&page=2",
        "/areas?find=zzz&lang=fil",
        "/data?sources-sort=-rows&sources-find=doh&faults-sort=rows",
        "/library?find=a&sort=title",
    ):
        tab.open(site + address)
        found = Axe().run(tab.page, options=RULES)
        assert found.violations_count == 0, (address, found.generate_report())
        assert tab.page.evaluate(wider) == 0, address
    dark = "document.documentElement.setAttribute('data-mantine-color-scheme', 'dark')"
    tab.open(site + "/areas?sort=-rate&find=a")
    tab.page.evaluate(dark)
    assert Axe().run(tab.page, options=RULES).violations_count == 0
    assert tab.said == []


def test_on_a_phone_the_order_is_chosen_in_the_form(site: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(site + "/areas")
    page.wait_for_selector("#react-entry-point h1", timeout=WAIT)
    expect(page.locator("#ssr")).to_have_count(0)
    expect(page.locator("#areas-sort-name")).to_be_hidden()
    page.get_by_label("Sorted by").select_option(label="Area, Z to A")
    page.locator("#areas-list").get_by_role("button", name="Show").click()
    expect(first_area(page)).to_have_text(LAST, timeout=WAIT)
    low = page.evaluate(LOW)
    assert low == []
    context.close()
