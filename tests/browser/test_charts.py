"""Charts in a real browser: themes, the map that steps, pictures saved, the gallery for axe."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from layouts.gallery.gallery import PAGE as GALLERY
from tests.browser.conftest import served
from tests.browser.test_pages_in_chromium import ADDRESSES, RULES, WAIT
from tests.layouts.conftest import VIEWS, pages_with, server_of

pytestmark = pytest.mark.browser

AREA = "/areas/0700000000"
INK = "getComputedStyle(document.querySelector('.js-plotly-plot .scatterlayer .js-line')).stroke"


@pytest.fixture(scope="module")
def gallery() -> Iterator[str]:
    """Serve the pages with hand-made views, and the gallery."""
    with served(server_of([*pages_with(VIEWS), replace(GALLERY)])) as address:
        yield address


@pytest.fixture(params=["light", "dark"])
def themed(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Give a tab on a device that prefers a theme."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme=request.param
    )
    yield context.new_page()
    context.close()


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    page.wait_for_selector("#react-entry-point h1", timeout=WAIT)
    if page.locator("#react-entry-point .dash-graph").count():
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=WAIT)
    return page


@pytest.mark.parametrize("address", ["/gallery", "/gallery?lang=fil", *ADDRESSES])
def test_both_themes_are_accessible(gallery: str, themed: Page, address: str) -> None:
    opened(themed, gallery + address)
    found = Axe().run(themed, options=RULES)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_the_gallery_never_scrolls_sideways(gallery: str, browser: Browser, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = opened(context.new_page(), gallery + "/gallery")
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) == 0
    context.close()


def test_the_theme_is_the_readers_choice_and_charts_follow(gallery: str, browser: Browser) -> None:
    context = browser.new_context(color_scheme="dark")
    page = opened(context.new_page(), gallery + AREA)
    root = page.locator("html")
    expect(root).to_have_attribute("data-mantine-color-scheme", "dark")
    switch = page.locator(".head > [data-theme-switch]")
    expect(switch).to_have_attribute("aria-pressed", "true")
    dark = page.evaluate(INK)
    switch.click()
    expect(root).to_have_attribute("data-mantine-color-scheme", "light")
    expect(switch).to_have_attribute("aria-pressed", "false")
    light = page.evaluate(INK)
    assert (dark, light) == ("rgb(169, 195, 220)", "rgb(47, 75, 102)")
    opened(page, gallery + "/")
    expect(root).to_have_attribute("data-mantine-color-scheme", "light")
    context.close()


def test_paper_is_light(gallery: str, browser: Browser) -> None:
    context = browser.new_context(color_scheme="dark")
    page = opened(context.new_page(), gallery + AREA)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(INK) == "rgb(47, 75, 102)"
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(INK) == "rgb(169, 195, 220)"
    page.emulate_media(media="print")
    ground = "getComputedStyle(document.querySelector('.card')).backgroundColor"
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    context.close()


def test_the_map_changes_figure_and_week_without_a_request(gallery: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = opened(context.new_page(), gallery + "/areas")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    figure = page.locator("figure.weeks")
    region = figure.locator("a[href='/areas/0700000000']").first
    expect(figure.locator("figcaption")).to_have_text("Chance that cases grow, 31 Oct 2026")
    expect(region).to_have_attribute("aria-label", "Central Visayas: 50%")
    figure.get_by_role("button", name="A week earlier").click()
    expect(region).to_have_attribute("aria-label", "Central Visayas: 2.5–20%")
    expect(region.locator("path")).to_have_attribute("class", "f-d2")
    figure.get_by_role("combobox").select_option("adar_per_100k")
    expect(region).to_have_attribute("aria-label", "Central Visayas: 2.0")
    expect(figure.locator(".legend:visible")).to_contain_text("≥18")
    slider = figure.get_by_role("slider")
    slider.focus()
    slider.press("End")
    expect(region.locator("path")).to_have_attribute("class", "m-missing")
    expect(figure.get_by_role("button", name="A week later")).to_be_disabled()
    assert asked == []
    context.close()


@pytest.mark.parametrize("zone", ["Asia/Manila", "America/Los_Angeles"])
def test_a_day_is_the_same_day_everywhere(gallery: str, browser: Browser, zone: str) -> None:
    """Ranges, whole weeks, tellings and daily lines: each stands on its day, in every zone."""
    context = browser.new_context(timezone_id=zone)
    page = opened(context.new_page(), gallery + "/gallery")
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot').length >= 15")
    drawn = page.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot')].flatMap(gd =>"
        " gd._fullLayout.xaxis.type !== 'date' ? [] : gd.calcdata.map((points, at) =>"
        " [gd.id || gd.parentNode.id, gd._fullData[at].fill || '', points.map(p => p.x)]))"
    )
    assert len(drawn) > 40
    for name, fill, moments in drawn:
        hours = {moment / 3_600_000 % 24 for moment in moments if isinstance(moment, (int, float))}
        assert hours <= ({0, 8, 16} if fill == "toself" else {0}), (name, hours)
    context.close()


def test_a_chart_is_saved_as_a_picture_that_stands_alone(
    gallery: str, browser: Browser, tmp_path: Path
) -> None:
    context = browser.new_context(color_scheme="dark", accept_downloads=True)
    page = opened(context.new_page(), gallery + AREA)
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    saved = {}
    for kind in ("svg", "png"):
        with page.expect_download(timeout=WAIT) as download:
            page.locator(f"[data-save={kind}][data-name=area-r]").click()
        saved[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[kind])
    drawn = saved["svg"].read_text("utf-8")
    for words in (
        "Central Visayas: How fast it spreads",
        "95% range",
        "Data known on",
        "Synthetic",
    ):
        assert words in drawn, words
    assert "var(--" not in drawn
    assert "rgb(47, 75, 102)" in drawn or "#2F4B66" in drawn
    assert "<script" not in drawn
    head = saved["png"].read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", head[16:24])
    assert width > 600
    assert height > 600
    assert said == []
    context.close()


def test_a_map_is_saved_with_the_figure_and_week_shown(
    gallery: str, browser: Browser, tmp_path: Path
) -> None:
    context = browser.new_context(color_scheme="dark", accept_downloads=True)
    page = opened(context.new_page(), gallery + "/areas")
    page.locator("[data-map=figure]").select_option("adar_per_100k")
    page.locator("[data-map=back]").click()
    with page.expect_download(timeout=WAIT) as download:
        page.locator("[data-save=svg][data-name=map]").click()
    download.value.save_as(tmp_path / "map.svg")
    drawn = " ".join(re.sub(r"<[^>]+>", " ", (tmp_path / "map.svg").read_text("utf-8")).split())
    assert "Attack rate, cases a day per 100,000, 24 Oct 2026" in drawn
    assert "≥18" in drawn
    assert "20–80%" not in drawn
    assert "Philippines: Week by week" in drawn
    context.close()
