"""Accounts, sessions, the audit log and faulty rows, by the pages and as different people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from kms.access import audit
from kms.access.accounts import people
from kms.config import ROOT, Settings, now
from kms.domain.principal import Grant
from kms.reads.people.accounts import read_users
from kms.reads.people.log import read_log
from kms.reads.request import Request
from kms.store.engine import Store
from kms.store.open import opened
from layouts.pages.admin.audit import EVENT_WORDS
from tests.inspected import HOSTILE, faulty_issue
from tests.web.people import OPERATOR, PASSWORD, make_person, send, signed_in, token_on

PAGES = ("/admin/users", "/admin/sessions", "/admin/audit", "/data/faults")
TOLD = re.compile(r'<code[^>]*class="told"[^>]*>([^<]+)<')
EVENT = re.compile(r'Event\(\s*"([a-z_.]+)"|(?:_VIEW|_EVENT) = "([a-z_.]+)"')


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("admin"))


@pytest.fixture(scope="module")
def server(settings: Settings) -> Flask:
    return create_app(settings)


@pytest.fixture(scope="module")
def accounts(server: Flask, settings: Settings) -> Iterator[Store]:
    with opened(settings) as store:
        make_person(store, "root", Grant("admin"))
        make_person(store, "steward", Grant("steward"))
        make_person(store, "maria", Grant("analyst", area="13"))
        yield store


@pytest.fixture
def root(server: Flask, accounts: Store) -> FlaskClient:
    return signed_in(server, "root")


@pytest.fixture
def steward(server: Flask, accounts: Store) -> FlaskClient:
    return signed_in(server, "steward")


@pytest.fixture
def juan(accounts: Store, request: pytest.FixtureRequest) -> str:
    """Open an account of this test alone and return its page; its user has the test's name."""
    return f"/admin/users/{make_person(accounts, name_in(request), Grant('analyst'))}"


def name_in(request: pytest.FixtureRequest) -> str:
    return re.sub(r"[^a-z-]", ".", str(request.node.name))


def shown(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return unescape(answer.get_data(as_text=True))


def told(page: str) -> str:
    found = TOLD.search(page)
    assert found, page
    return found[1]


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("", (303, 303, 303, 303)),
        ("maria", (403, 403, 403, 403)),
        ("steward", (200, 403, 403, 200)),
        ("root", (200, 200, 200, 200)),
    ],
)
def test_each_page_is_open_to_its_roles_only(
    server: Flask, accounts: Store, name: str, statuses: tuple[int, ...]
) -> None:
    client = signed_in(server, name) if name else server.test_client()
    assert tuple(client.get(path).status_code for path in PAGES) == statuses
    navigation = client.get("/").get_data(as_text=True)
    linked = tuple(f'href="{path}"' in navigation for path in PAGES)
    assert linked == tuple(status == 200 for status in statuses)


def test_the_list_tells_roles_states_and_leads_to_each_account(steward: FlaskClient) -> None:
    page = shown(steward, "/admin/users")
    assert "Analyst · Metro Manila" in page
    assert re.search(r'href="/admin/users/u[0-9a-f]{16}"[^>]*>maria<', page)
    assert "Invite somebody" not in page


def test_an_invitation_is_told_once_and_opens_an_account(server: Flask, root: FlaskClient) -> None:
    fields = {"role": "inspector", "area": "0700000000", "section": "C", "establishment": ""}
    answer = send(root, "/admin/users", "invite", **fields)
    assert answer.headers["Cache-Control"] == "no-store"
    page = unescape(answer.get_data(as_text=True))
    assert "Link for a new account: Inspector · Central Visayas, C Manufacturing" in page
    link = told(page)
    assert link.startswith("http://localhost/invitation?code=")
    assert link not in shown(root, "/admin/users")
    guest = server.test_client()
    path = link.removeprefix("http://localhost")
    words = {"name": "invited", "full_name": "", "password": PASSWORD, "again": PASSWORD}
    assert send(guest, path, "accept", **words).status_code == 303
    assert "Inspector · Central Visayas, C Manufacturing" in shown(guest, "/account")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"role": "god"}, "There is no role 'god'"),
        ({"role": "viewer", "area": "99"}, "No area has a PSGC code"),
        ({"role": "committee"}, "give the establishment's id"),
        ({"role": "admin", "section": "C"}, "The role admin cannot be limited"),
        ({"role": "committee", "establishment": "<b>"}, "The establishment is '<b>'"),
    ],
)
def test_a_role_that_cannot_be_is_refused_with_the_reason(
    root: FlaskClient, fields: dict[str, str], words: str
) -> None:
    answer = send(root, "/admin/users", "invite", **fields)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert words in unescape(page)
    assert "<b>'" not in page
    assert not TOLD.search(page)


def test_roles_are_given_and_taken_away(
    server: Flask, root: FlaskClient, juan: str, request: pytest.FixtureRequest
) -> None:
    client = signed_in(server, name_in(request))
    given = send(root, juan, "give-role", role="steward", area="", section="", establishment="")
    assert "The account has the role Data steward now." in given.get_data(as_text=True)
    assert client.get("/account").status_code == 303  # must sign in again
    assert "Data steward" in shown(signed_in(server, name_in(request)), "/account")
    taken = send(root, juan, "take-role", role="steward")
    assert "The role was taken away." in taken.get_data(as_text=True)
    again = send(root, juan, "take-role", role="steward")
    assert again.status_code == 422
    assert "does not have the role steward" in again.get_data(as_text=True)


def test_a_disabled_account_is_shut_until_it_is_opened_again(
    server: Flask, root: FlaskClient, juan: str, request: pytest.FixtureRequest
) -> None:
    client = signed_in(server, name_in(request))
    assert send(root, juan, "disable").status_code == 200
    assert client.get("/account").status_code == 303
    page = shown(root, juan)
    assert "disabled; nobody can sign in" in page
    assert "Make a link to a new password" not in page
    assert "Open the account again" in page
    assert send(root, juan, "enable").status_code == 200
    assert shown(signed_in(server, name_in(request)), "/account")


def test_a_steward_sends_a_link_to_a_new_password(
    server: Flask, steward: FlaskClient, juan: str, request: pytest.FixtureRequest
) -> None:
    page = shown(steward, juan)
    for words in ("Give a role", "Take away", "Disable the account"):
        assert words not in page
    link = told(send(steward, juan, "reset").get_data(as_text=True))
    assert "waits for a new password" in shown(steward, juan)
    guest, new = server.test_client(), "isang bagong lihim"
    path = link.removeprefix("http://localhost")
    assert send(guest, path, "accept", password=new, again=new).status_code == 303
    signed_in(server, name_in(request), new)


def test_a_steward_gets_no_link_to_an_admins_account(steward: FlaskClient, accounts: Store) -> None:
    path = f"/admin/users/{make_person(accounts, 'another', Grant('admin'))}"
    assert "Make a link to a new password" not in shown(steward, path)
    assert _sent(steward, path, "reset") == (422, False)


@pytest.mark.parametrize("do", ["give-role", "take-role", "disable", "enable"])
def test_a_steward_changes_nothing_else(steward: FlaskClient, juan: str, do: str) -> None:
    assert _sent(steward, juan, do, role="admin") == (403, False)


def test_a_steward_invites_nobody(steward: FlaskClient) -> None:
    assert _sent(steward, "/admin/users", "invite", role="viewer") == (403, False)


def test_an_account_that_is_not_there_has_no_page_and_no_forms(root: FlaskClient) -> None:
    assert "form_token" not in root.get("/admin/users/u0000").text
    assert _sent(root, "/admin/users/u0000", "disable") == (404, False)


def test_the_last_admin_stays(root: FlaskClient, accounts: Store) -> None:
    for row in read_users(accounts, Request()).people:
        if Grant("admin") in row.grants and row.name != "root":
            people.set_state(accounts, row.name, "disabled", origin=OPERATOR, at=now())
    page = shown(root, "/admin/users")
    found = re.search(r'href="(/admin/users/u[0-9a-f]{16})"[^>]*>root<', page)
    assert found
    assert "This is you:" in shown(root, found[1])
    answer = send(root, found[1], "take-role", role="admin")
    assert answer.status_code == 422
    assert "This would leave no admin who can sign in." in answer.get_data(as_text=True)


def test_hostile_names_stay_text(root: FlaskClient, accounts: Store) -> None:
    hostile = "<img src=x onerror=alert(1)>\"'"
    account = people.create(
        accounts, "hostile", full_name=hostile, password=PASSWORD, grants=(Grant("viewer"),),
        origin=OPERATOR, at=now(),
    )  # fmt: skip
    for path in ("/admin/users", f"/admin/users/{account}", "/admin/audit?actor=<img>&event=<img>"):
        page = root.get(path).get_data(as_text=True)
        assert "<img" not in page, path
        assert "&lt;img" in page, path


def test_a_session_is_ended_by_an_admin(
    server: Flask, root: FlaskClient, juan: str, request: pytest.FixtureRequest
) -> None:
    client = signed_in(server, name_in(request))
    page = shown(root, "/admin/sessions")
    assert "this browser" in page
    row = page[page.index(name_in(request)) :]
    session = re.search(r'name="session" value="([0-9a-f]{64})"', row)
    assert session
    form = {"do": "end", "session": session[1], "form_token": token_on(root, "/admin/sessions")}
    assert root.post("/admin/sessions", data=form).status_code == 200
    assert client.get("/account").status_code == 303
    assert root.post("/admin/sessions", data=form).status_code == 422


def test_the_log_tells_who_did_what_and_can_be_narrowed(root: FlaskClient, juan: str) -> None:
    page = shown(root, "/admin/audit")
    numbers = [int(number) for number in re.findall(r"\d\d:\d\d · (\d+)<", page)]
    assert numbers == list(range(numbers[0], numbers[-1] - 1, -1))
    assert "kms verify audit" in page
    assert "by the command line" in page
    narrowed = shown(root, "/admin/audit?event=account.create&actor=operator")
    assert '<option value="account.create" selected>' in narrowed
    assert "role given</td>" not in narrowed
    assert "account opened" in narrowed
    assert "Nothing fits the filter." in shown(root, "/admin/audit?actor=nobody.such")


def test_the_log_has_pages(root: FlaskClient, accounts: Store) -> None:
    for _ in range(101):
        audit.record(accounts, OPERATOR, audit.Event("export", "series"))
    page = shown(root, "/admin/audit?event=export")
    assert page.count("<tr") == 1 + 50
    assert "Page 1 of 3" in page
    onward = re.search(r'href="(/admin/audit\?[^"]+)"[^>]*>Last page<', page)
    assert onward
    last = shown(root, unescape(onward[1]))
    assert "Page 3 of 3" in last
    assert last.count("<tr") == 2
    assert ">Next page<" not in last
    assert last == shown(root, "/admin/audit?event=export&page=1000000").replace("1000000", "3")


def test_every_event_that_is_logged_has_words() -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("kms", "layouts", "ingest")
        for path in (ROOT / folder).rglob("*.py")
    )
    names = {a or b for a, b in EVENT.findall(source)} | {"account.active", "account.disabled"}
    assert names - EVENT_WORDS.keys() == set()
    assert EVENT_WORDS.keys() - names == set()


def test_faulty_rows_are_shown_by_place_and_the_look_is_logged(
    steward: FlaskClient, accounts: Store
) -> None:
    name = faulty_issue(accounts)
    assert f'href="/data/faults?vintage={name}"' in shown(steward, "/data/faults")
    answer = steward.get(f"/data/faults?vintage={name}")
    page = answer.get_data(as_text=True)
    assert HOSTILE not in page
    assert HOSTILE in unescape(page)
    assert "A field that must be filled is blank." in page
    assert "250 rows of 1,000 were left out" in page
    assert page.count("<tr") == 1 + 2 + 1 + 1 + 50
    onward = re.search(r'href="([^"]+)"[^>]*>Next page<', unescape(page))
    assert onward
    assert shown(steward, onward[1]).count("<tr") == 1 + 2 + 1 + 1 + 50
    assert shown(steward, f"/data/faults?vintage={name}&page=99").count("<tr") == 1 + 2 + 1 + 1 + 1
    looked = [
        row for row in read_log(accounts, Request()).listed.rows if row.event == "quarantine.view"
    ]
    assert [(row.actor, row.object, row.rows) for row in looked] == [
        ("steward", name, 1), ("steward", name, 50), ("steward", name, 50)
    ]  # fmt: skip
    assert "were left out" not in steward.get("/data/faults?vintage=none").text


def _sent(client: FlaskClient, path: str, do: str, **fields: str) -> tuple[int, bool]:
    """Send a form that the page does not offer; return the status and whether a link was told."""
    data = {"do": do, "form_token": token_on(client, "/account"), **fields}
    answer = client.post(path, data=data)
    return answer.status_code, bool(TOLD.search(answer.get_data(as_text=True)))
