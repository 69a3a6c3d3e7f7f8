"""A steward with files and forms in a real browser: a look, a word, an entry, a mapping."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from app import create_app
from kms.config import Settings
from kms.domain.principal import Grant
from kms.store.open import opened
from tests.ingest.test_tripwires import people, written
from tests.web.desk.test_mapping_page import BEDS
from tests.web.desk.test_upload_page import NAME
from tests.web.people import PASSWORD, make_person

pytestmark = pytest.mark.browser

SIZES = [(1440, 900), (390, 844)]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    settings = Settings(home=tmp_path / "home")
    app = create_app(settings)
    with opened(settings) as store:
        make_person(store, "steward", Grant("steward"))
    listening = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    thread.join()
    listening.server_close()


def check(page: Page, what: str) -> None:
    for theme in ("dark", "light"):
        page.evaluate(f"document.documentElement.dataset.mantineColorScheme = '{theme}'")
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, (theme, what, found.generate_report())
    assert page.evaluate(WIDER) == 0, what
    expect(page.locator("h1")).to_have_count(1)


def press(page: Page, button: str) -> None:
    page.get_by_role("main").get_by_role("button", name=button, exact=True).click()
    page.wait_for_load_state()


def upload(page: Page, site: str, source: str, path: Path) -> None:
    page.goto(f"{site}/data/upload")
    page.get_by_label("Source").select_option(source)
    page.get_by_label("File, or the parts").set_input_files(str(path))
    press(page, "Upload and look")


@pytest.mark.parametrize("size", SIZES, ids=["desk", "phone"])
def test_a_steward_puts_data_in_without_scripts(
    site: str, browser: Browser, tmp_path: Path, size: tuple[int, int]
) -> None:
    width, height = size
    # The policy of the pages forbids axe, too; our own pages bring no script here.
    context = browser.new_context(viewport={"width": width, "height": height}, bypass_csp=True)
    page = context.new_page()
    said: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or ""))
    page.goto(f"{site}/sign-in")
    page.get_by_label("User name").fill("steward")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    cases, beds = tmp_path / NAME, tmp_path / "beds_20260131.csv"
    cases.write_text(written(people(40)).replace(",2021-01-10,", ",kahapon,", 1), "utf-8")
    beds.write_text(BEDS, "utf-8")

    page.goto(f"{site}/data/upload")
    check(page, "upload")
    upload(page, site, "doh_case_information", cases)
    expect(page.locator("h1")).to_have_text("These files can be taken in")
    check(page, "preview")
    press(page, "Take it in")
    expect(page.get_by_role("status").first).to_contain_text("599 of 600 rows")

    _enter(page, site)
    upload(page, site, "tidy_csv", beds)
    _map(page)
    expect(page.locator("h1")).to_have_text("These files can be taken in")
    press(page, "Throw it away")
    expect(page.get_by_role("status").first).to_contain_text("thrown away")
    for name in ("upload", "mappings", "enter/accident", "enter/inspection"):
        path = f"/data/{name}?lang=fil"
        page.goto(site + path)
        check(page, path)
    # A page that says what is wrong with a form has the status 422, which a browser notes.
    assert [line for line in said if "422" not in line] == []
    assert hosts == {"127.0.0.1"}
    context.close()


def _enter(page: Page, site: str) -> None:
    page.goto(f"{site}/data/enter/measure")
    check(page, "entry form")
    page.locator("#enter-measure_id").fill("M-1")
    page.locator("#enter-place").fill("Atlantis")
    page.locator("#enter-starts_on").fill("2026-01-05")
    page.locator("#enter-level").fill("Alert Level 2")
    page.locator("#enter-instrument").fill("Resolution 1")
    press(page, "Check and take in")
    expect(page.get_by_role("alert")).to_contain_text("1 field must be mended")
    expect(page.locator("#enter-place")).to_have_value("Atlantis")
    check(page, "entry with a fault")
    page.locator("#enter-place").fill("National Capital Region (NCR) · 1300000000")
    press(page, "Check and take in")
    expect(page.get_by_role("status").first).to_contain_text("M-1 is taken in")
    page.get_by_role("main").get_by_role("link", name="M-1").click()
    expect(page.locator("#enter-level")).to_have_value("Alert Level 2")


def _map(page: Page) -> None:
    page.get_by_role("link", name="Make a mapping").click()
    page.get_by_label("Table it fills").select_option("capacity")
    press(page, "Go on")
    check(page, "mapping")
    for name, value in (
        ("id", "city_beds"), ("title", "Beds"), ("publisher", "City"), ("licence", "unverified"),
        ("rhythm", "weekly"), ("every_days", "7"), ("grace_days", "2"), ("area_city", "City"),
    ):  # fmt: skip
        page.locator(f"#mapping-{name}").fill(value)
    for label, value in (
        ("facility_type: Or always", "hospital"), ("bed_type: Column of the file", "Bed"),
        ("bed_type: Their words = ours", "Intensive care = icu; Ward = ward"),
        ("ref_date: Column of the file", "Day"), ("total: Column of the file", "All"),
    ):  # fmt: skip
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("total: How it is written").select_option("yes")
    page.get_by_label("ref_date: How it is written", exact=True).fill("%d/%m")  # of which year?
    press(page, "Check and keep")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("ref_date: How it is written", exact=True).fill("%d/%m/%Y")
    press(page, "Check and keep")
