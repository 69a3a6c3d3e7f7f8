"""Every page as every role in a real browser: nothing refused by the policy, no other host."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from app import create_app
from kms.access.accounts.sessions import open_session
from kms.config import Settings, now
from kms.domain.principal import ROLES, Grant
from kms.library.entries import load_entries
from kms.store.open import opened
from layouts.routing import discover
from tests.browser.test_front_door import Watched, watch
from tests.conftest import FULL
from tests.published import NCR, make_published_store
from tests.web.people import make_person

pytestmark = pytest.mark.browser

FIRM = "EST-NCR-10101-0"
EXAMPLES = {
    "area": NCR, "entry": min(load_entries()), "establishment": FIRM, "kind": "inspection",
    "mapping": "new", "upload": "0" * 32,
}  # fmt: skip
TRIED = ROLES if FULL else ("analyst", "admin")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """Serve the product to one person of each role; returns its address and their sessions."""
    settings = Settings(home=tmp_path_factory.mktemp("roles"))
    make_published_store(settings).close()
    sessions = {}
    with opened(settings) as store:
        for role in ROLES:
            firm = FIRM if role == "committee" else ""
            account = make_person(store, role, Grant(role, establishment=firm))
            sessions[role] = open_session(store, account, address="", at=now())
        EXAMPLES["account"] = account
    listening = make_server("127.0.0.1", 0, create_app(settings), threaded=True)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}", sessions
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.mark.parametrize("role", TRIED)
def test_every_page_keeps_to_the_policy_for_every_role(
    browser: Browser, place: tuple[str, dict[str, str]], role: str
) -> None:
    site, sessions = place
    context = browser.new_context()
    context.add_cookies([{"name": "ligtas", "value": sessions[role], "url": site}])
    tab: Watched = watch(context.new_page(), site)
    opened_pages = 0
    for page in discover():
        path = re.sub(r"<(\w+)>", lambda place: EXAMPLES[place[1]], page.path)
        tab.open(path)
        assert tab.refused() == [], path
        opened_pages += tab.page.locator(".head .who").count()
    assert tab.hosts - {""} == {"127.0.0.1"}
    assert [text for text in tab.said if not text.startswith("Failed to load resource")] == []
    print(f"{role}: {opened_pages} of {len(discover())} pages opened")
    assert opened_pages >= 10
    context.close()
