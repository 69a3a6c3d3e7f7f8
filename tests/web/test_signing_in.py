"""Signing in and out, by the forms of the pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from kms.access.accounts import invitations, people
from kms.config import Settings, now
from kms.domain.principal import Grant
from kms.store.engine import Store
from kms.store.open import opened
from tests.web.people import OPERATOR, PASSWORD, make_person, send, signed_in, token_on


@pytest.fixture
def server(settings: Settings) -> Flask:
    return create_app(settings)


@pytest.fixture
def accounts(server: Flask, settings: Settings) -> Iterator[Store]:
    with opened(settings) as store:
        make_person(store, "root", Grant("admin"))
        make_person(store, "maria", Grant("analyst", area="13"))
        yield store


def test_signing_in_opens_a_new_session_and_leads_back(server: Flask, accounts: Store) -> None:
    client = server.test_client()
    first = client.get("/account")
    assert (first.status_code, first.location) == (303, "/sign-in?next=%2Faccount")
    answer = send(client, first.location, "sign-in", name="Maria", password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/account")
    cookie = answer.headers.getlist("Set-Cookie")[0]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    page = client.get("/account")
    assert page.status_code == 200
    assert "Analyst · Metro Manila" in page.get_data(as_text=True)
    assert page.headers["Cache-Control"] == "no-store"


def test_cookies_are_bound_to_the_host_where_there_is_tls(settings: Settings) -> None:
    secure = settings.model_copy(update={"public_url": "https://ligtas.example.ph"})
    client = create_app(secure).test_client()
    page = client.get("/sign-in", base_url="https://ligtas.example.ph")
    (cookie,) = page.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-ligtas-form=")
    assert "Secure" in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1"]
)
def test_nobody_is_led_to_another_site(server: Flask, accounts: Store, elsewhere: str) -> None:
    client = server.test_client()
    token = token_on(client, "/sign-in")
    data = {"do": "sign-in", "form_token": token, "name": "maria", "password": PASSWORD}
    answer = client.post("/sign-in", query_string={"next": elsewhere}, data=data)
    assert answer.status_code == 303
    assert answer.location.startswith("/")
    assert not answer.location.startswith(("//", "/\\"))
    assert "evil" not in answer.location.split("?")[0]


def test_a_form_without_its_token_or_with_anothers_is_refused(
    server: Flask, accounts: Store
) -> None:
    client, other = server.test_client(), server.test_client()
    client.get("/sign-in")
    for token in ("", "0" * 64, token_on(other, "/sign-in")):
        data = {"do": "sign-in", "form_token": token, "name": "maria", "password": PASSWORD}
        assert client.post("/sign-in", data=data).status_code == 400


def test_five_wrong_passwords_answer_429_with_retry_after(server: Flask, accounts: Store) -> None:
    client = server.test_client()
    for _ in range(5):
        answer = send(client, "/sign-in", "sign-in", name="maria", password="wrong")
        assert answer.status_code == 422
        assert "The user name or the password is wrong" in answer.get_data(as_text=True)
    answer = send(client, "/sign-in", "sign-in", name="maria", password=PASSWORD)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 31


def test_what_was_typed_does_not_come_back(server: Flask, accounts: Store) -> None:
    client = server.test_client()
    answer = send(client, "/sign-in", "sign-in", name="typed-by-mistake", password="wrong-secret")
    assert "typed-by-mistake" not in answer.get_data(as_text=True)
    assert "wrong-secret" not in answer.get_data(as_text=True)


def test_signing_out_ends_the_session_on_the_server(server: Flask, accounts: Store) -> None:
    client = signed_in(server, "maria")
    kept = client.get_cookie("ligtas")
    assert kept is not None
    assert send(client, "/account", "sign-out").status_code == 303
    client.set_cookie("ligtas", kept.value)
    assert client.get("/account").status_code == 303


def test_a_session_is_dead_one_request_after_a_role_change(server: Flask, accounts: Store) -> None:
    client = signed_in(server, "maria")
    assert client.get("/account").status_code == 200
    people.give_role(accounts, "maria", Grant("steward"), origin=OPERATOR, at=now())
    assert client.get("/account").status_code == 303


def test_changing_the_password_ends_every_other_session(server: Flask, accounts: Store) -> None:
    here, elsewhere = signed_in(server, "maria"), signed_in(server, "maria")
    new = "isang bagong lihim"
    wrong = send(here, "/account", "password", current="no", password=new, again=new)
    assert wrong.status_code == 422
    assert (
        send(
            here, "/account", "password", current=PASSWORD, password=new, again="other"
        ).status_code
        == 422
    )
    done = send(here, "/account", "password", current=PASSWORD, password=new, again=new)
    assert done.status_code == 303
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303
    signed_in(server, "maria", new)


def test_an_invitation_opens_an_account_and_signs_in(server: Flask, accounts: Store) -> None:
    grant = Grant("committee", establishment="EST-7")
    code = invitations.invite(accounts, grant, origin=OPERATOR, at=now())
    client, path = server.test_client(), f"/invitation?code={code}"
    assert "OSH committee · EST-7" in client.get(path).get_data(as_text=True)
    fields = {"name": "ana", "full_name": "Ana", "password": PASSWORD, "again": PASSWORD}
    assert send(client, path, "accept", **fields).status_code == 303
    assert "EST-7" in client.get("/account").get_data(as_text=True)
    assert "opens nothing" in server.test_client().get(path).get_data(as_text=True)


def test_tokens_are_shown_once_and_work_for_the_interface_only(
    server: Flask, accounts: Store
) -> None:
    client = signed_in(server, "maria")
    fields = {"label": "R script", "scope:figures": "yes", "days": "30"}
    shown = send(client, "/account", "make-token", **fields).get_data(as_text=True)
    token = shown.split('tabindex="0">')[1].split("<")[0]
    assert token.startswith("ligtas_")
    assert token not in client.get("/account").get_data(as_text=True)
    program = server.test_client()
    header = {"Authorization": f"Bearer {token}"}
    assert program.get("/api/v1/openapi.json", headers=header).status_code == 200
    assert program.get("/account", headers=header).status_code == 403
    assert program.get("/", headers=header).status_code == 403
    wrong = program.get("/api/v1/areas", headers={"Authorization": f"Bearer {token}x"})
    assert wrong.status_code == 401
    assert wrong.headers["WWW-Authenticate"].startswith("Bearer")


def test_getting_a_page_never_changes_anything(server: Flask, accounts: Store) -> None:
    client = signed_in(server, "maria")
    token = token_on(client, "/account")
    assert client.get(f"/account?do=sign-out&form_token={token}").status_code == 200
    assert client.get("/account").status_code == 200
