"""People with an account in a real browser: in, through the pages of accounts, and out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import make_server

from app import create_app
from kms.access.accounts import people
from kms.config import Settings, now
from kms.domain.principal import Grant
from kms.store.open import opened
from tests.inspected import MAY, OURS, faulty_issue, two_issues
from tests.web.people import OPERATOR, PASSWORD, make_person

pytestmark = pytest.mark.browser

DESK, PHONE = (1440, 900), (390, 844)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Buttons and fields of forms; boxes to tick are as large as the label around them.
LOW = """() => [...document.querySelectorAll('main form.post :is(button, select, input.ctl)')]
  .map(e => e.getBoundingClientRect().height).filter(h => h > 0 && h < 44)"""


@dataclass(frozen=True)
class Site:
    """A server of the whole product, with people and what they may see."""

    address: str
    paths: tuple[str, ...]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    settings = Settings(home=tmp_path_factory.mktemp("accounts"))
    with opened(settings) as store:
        two_issues(store)
        vintage = faulty_issue(store, 30, at=MAY)
        make_person(store, "root", Grant("admin"))
        make_person(store, "ana", Grant("committee", establishment=OURS))
        account = people.create(
            store, "a.rather.long.user.name@regional-office.dole.gov.ph",
            full_name="<i>Maria Corazon</i> de los Santos y Villanueva", password=PASSWORD,
            grants=(Grant("analyst", area="13", section="C"), Grant("inspector", area="07")),
            origin=OPERATOR, at=now(),
        )  # fmt: skip
    listening = make_server("127.0.0.1", 0, create_app(settings), threaded=True)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield Site(
        f"http://127.0.0.1:{listening.server_port}",
        (
            "/account",
            "/admin/users",
            f"/admin/users/{account}",
            "/admin/sessions",
            "/admin/audit",
            "/data/faults",
            f"/data/faults?vintage={vintage}",
            f"/establishments/{OURS}",
            "/privacy",
        ),
    )
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    width, height = request.param
    # The policy of the pages forbids axe, too.
    made = browser.new_context(viewport={"width": width, "height": height}, bypass_csp=True)
    yield made
    made.close()


def sign_in(page: Page, site: Site, name: str) -> None:
    page.goto(f"{site.address}/sign-in")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()


def check(page: Page, address: str) -> None:
    for theme in ("light", "dark"):
        page.evaluate(f"document.documentElement.dataset.mantineColorScheme = '{theme}'")
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, (theme, address, found.generate_report())
    expect(page.locator("h1")).to_have_count(1)
    assert page.evaluate(WIDER) == 0, address
    if page.evaluate("innerWidth") == PHONE[0]:
        assert page.evaluate(LOW) == [], address


def test_the_pages_of_accounts_are_accessible_quiet_and_fit(
    site: Site, context: BrowserContext
) -> None:
    page = context.new_page()
    said: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or ""))
    page.goto(f"{site.address}/sign-in")
    check(page, "/sign-in")
    sign_in(page, site, "root")
    for path in site.paths:
        for language in ("", "lang=fil"):
            address = f"{path}{'&' if '?' in path else '?'}{language}"
            page.goto(site.address + address)
            check(page, address)
    assert said == []
    assert hosts == {"127.0.0.1"}


def test_somebody_is_invited_signs_in_and_sees_their_establishment(
    site: Site, context: BrowserContext, browser: Browser
) -> None:
    page = context.new_page()
    sign_in(page, site, "root")
    page.goto(f"{site.address}/admin/users")
    form = page.get_by_role("main")
    form.get_by_role("combobox", name="Role", exact=True).select_option("committee")
    form.get_by_label("Establishment").fill(OURS)
    form.get_by_role("button", name="Make the link").click()
    link = page.locator(".told").inner_text()
    check(page, "a link told once")
    elsewhere = browser.new_context()
    guest = elsewhere.new_page()
    guest.goto(link)
    guest.get_by_label("User name").fill(f"member{page.evaluate('innerWidth')}")
    guest.get_by_label("New password").fill(PASSWORD)
    guest.get_by_label("The same again").fill(PASSWORD)
    guest.get_by_role("button", name="Save and sign in").click()
    guest.get_by_role("link", name=f"OSH committee · {OURS}").click()
    expect(guest.locator("h1")).to_contain_text("still open")
    guest.goto(f"{site.address}/account")
    guest.get_by_role("button", name="Sign out", exact=True).click()
    guest.goto(f"{site.address}/establishments/{OURS}")
    expect(guest.locator("h1")).to_have_text("Sign in")
    elsewhere.close()
