"""Signing in through an identity provider: a real one, on this machine, that can be made wrong."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from kms.access.accounts import identity, people, tokens
from kms.access.audit import verify
from kms.config import Settings, now
from kms.domain.principal import Grant, Principal
from kms.errors import AccessError, ConfigError
from kms.store import accounts
from kms.store.audit import entries
from kms.store.engine import Store
from kms.store.open import opened
from kms.texts import texts
from kms.web.gate import front_door
from tests.web.identity_provider import (
    CLIENT,
    NEW_KEY,
    OTHER_KEY,
    SECRET,
    Provider,
    hmac_key,
    running,
)
from tests.web.people import OPERATOR, make_person, signed_in

ROLES = {"ligtas-analysts": "analyst", "ligtas-stewards": "steward", "ligtas-admins": "admin"}
START, ARRIVED = "/sign-in/office", "/sign-in/office/arrived"
COOKIE = "ligtas-identity"
ADDRESSES = count(1)


def told_of(address: str, home: Path, **more: Any) -> Settings:
    given = {"oidc_client_id": CLIENT, "oidc_client_secret": SECRET, "oidc_roles": ROLES}
    return Settings(home=home, oidc_issuer=address, **{**given, **more})


@pytest.fixture(scope="module")
def provider_address() -> Iterator[Provider]:
    with running() as provider:
        yield provider


@pytest.fixture
def provider(provider_address: Provider) -> Iterator[Provider]:
    provider_address.reset()
    yield provider_address
    provider_address.reset()


@pytest.fixture(scope="module")
def whole(provider_address: Provider, tmp_path_factory: pytest.TempPathFactory) -> Any:
    settings = told_of(provider_address.address, tmp_path_factory.mktemp("identity"))
    with opened(settings) as store:
        make_person(store, "root", Grant("admin"))
    return create_app(settings), settings


@pytest.fixture
def server(whole: Any, provider: Provider) -> flask.Flask:
    whole[0].config["PERMANENT_SESSION_LIFETIME"] = timedelta(minutes=10)
    found: flask.Flask = whole[0]
    return found


@pytest.fixture
def kept(whole: Any, server: flask.Flask) -> Iterator[Store]:
    with opened(whole[1]) as store:
        yield store


@pytest.fixture
def small(provider: Provider, store: Store, tmp_path: Path) -> Callable[..., FlaskClient]:
    """Return what makes a browser at a server with nothing but the door."""

    def made(**settings: Any) -> FlaskClient:
        server = flask.Flask("small")
        address = settings.pop("address", provider.address)
        front_door(server, store, told_of(address, tmp_path, **settings))
        return browser(server)

    return made


def browser(server: flask.Flask) -> FlaskClient:
    """Return a browser at an address of its own, since failures are counted by address."""
    client = server.test_client()
    number = next(ADDRESSES)
    client.environ_base["REMOTE_ADDR"] = f"10.0.{number // 250}.{number % 250}"
    return client


def begin(client: FlaskClient, path: str = START, **options: Any) -> TestResponse:
    """Start, be at the provider, and return what it sends the browser back to."""
    sent = client.get(path, **options)
    assert sent.status_code == 303, sent.get_data(as_text=True)
    back = requests.get(sent.location, allow_redirects=False, timeout=5)
    assert back.status_code == 302, back.text
    client.environ_base["BACK"] = back.headers["Location"]
    return sent


def finish(client: FlaskClient, address: str = "", **options: Any) -> TestResponse:
    parts = urlsplit(address or client.environ_base["BACK"])
    return client.get(f"{parts.path}?{parts.query}", **options)


def come(client: FlaskClient, path: str = START) -> TestResponse:
    begin(client, path)
    return finish(client)


def person(sub: str, *groups: str, **claims: Any) -> dict[str, Any]:
    return {"sub": sub, "preferred_username": sub, "groups": list(groups), **claims}


def account(store: Store, provider: Provider, sub: str) -> dict[str, Any] | None:
    with store.read_ops() as connection:
        return accounts.account_of_subject(connection, f"{provider.address}|{sub}")


def roles(store: Store, name: str) -> list[str]:
    with store.read_ops() as connection:
        row = accounts.account_named(connection, name)
        assert row is not None
        return [people.describe(grant) for grant in accounts.grants_of(connection, row["id"])]


def events(store: Store, most: int) -> list[tuple[str, str, str, str]]:
    """Return the newest rows of the audit log, oldest first."""
    with store.read_ops() as connection:
        rows = entries(connection, most=most).rows
    return [(r["event"], r["actor"], r["object"], r["detail"]) for r in reversed(rows)]


def is_refused(client: FlaskClient, answer: TestResponse, status: int, title: str) -> None:
    """Check that a page says so, that nobody is signed in, and that the cookie is gone."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert f"<h1>{title}</h1>" in answer.get_data(as_text=True).replace("&#x27;", "'")
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get_cookie("ligtas") is None
    assert client.get_cookie(COOKIE) is None


DOUBTED = (403, "This sign-in could not be verified")
STALE = (400, "This sign-in has run out")
AWAY = (503, "Your office's sign-in does not answer")


def test_without_an_issuer_there_is_nothing(settings: Settings) -> None:
    server = create_app(settings)
    assert "identity" not in server.blueprints
    assert "Sign in with your office" not in server.test_client().get("/sign-in").text
    assert server.test_client().get(START).status_code == 404


def test_somebody_with_a_group_comes_in_and_lands_where_they_were_going(
    server: flask.Flask, kept: Store, provider: Provider
) -> None:
    provider.person = person("ana", "ligtas-analysts", "choir", name="Ana Santos")
    client = browser(server)
    page = client.get("/sign-in?next=/account").text
    assert 'href="/sign-in/office?next=%2Faccount"' in page
    sent = begin(client, f"{START}?next=%2Faccount")
    asked = parse_qs(urlsplit(sent.location).query)
    assert asked["redirect_uri"] == ["http://localhost/sign-in/office/arrived"]
    assert asked["scope"] == ["openid profile email groups"]
    assert len(asked["state"][0]) >= 20
    assert len(asked["nonce"][0]) >= 20
    answer = finish(client)
    assert (answer.status_code, answer.location) == (303, "/account")
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get_cookie(COOKIE) is None
    shown = client.get("/account").text
    assert "Analyst" in shown
    assert "Ana Santos" in shown or "ana" in shown
    row = account(kept, provider, "ana")
    assert row is not None
    assert (row["name"], row["full_name"], row["password_hash"]) == ("ana", "Ana Santos", None)
    assert events(kept, 3) == [
        ("account.create", "identity provider", "ana", ""),
        ("role.grant", "identity provider", "ana", "analyst"),
        ("sign_in", "ana", "ana", "identity provider"),
    ]
    verify(kept)


def test_the_cookie_is_for_this_alone_and_lasts_ten_minutes(
    server: flask.Flask, provider: Provider
) -> None:
    client = browser(server)
    (cookie,) = client.get(START).headers.getlist("Set-Cookie")
    assert cookie.startswith("ligtas-identity=")
    for flag in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie
    held = client.get_cookie(COOKIE)
    assert held is not None
    assert held.expires is not None
    assert abs(held.expires.timestamp() - time.time() - 600) < 20
    assert client.get("/").headers.getlist("Set-Cookie") == []


def test_with_tls_the_cookie_is_bound_to_the_host_and_the_way_back_to_our_address(
    small: Callable[..., FlaskClient], provider: Provider
) -> None:
    site = "https://ligtas.example.ph"
    provider.arrival = f"{site}{ARRIVED}"
    client = small(public_url=site, trusted_hosts="other.example.ph", trusted_proxy="10.0.0.0/8")
    forged = {"X-Forwarded-Host": "other.example.ph", "X-Forwarded-Proto": "https"}
    provider.person = person("tls", "ligtas-analysts")
    try:
        sent = begin(client, base_url=site, headers=forged)
    finally:
        provider.arrival = f"http://localhost{ARRIVED}"
    assert parse_qs(urlsplit(sent.location).query)["redirect_uri"] == [f"{site}{ARRIVED}"]
    (cookie,) = sent.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-ligtas-identity=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    answer = finish(client, base_url=site)
    assert answer.status_code == 303
    assert any(c.startswith("__Host-ligtas=") for c in answer.headers.getlist("Set-Cookie"))


def test_the_verifier_and_our_secret_go_to_the_provider_alone(
    server: flask.Flask, provider: Provider
) -> None:
    provider.person = person("pkce", "ligtas-analysts")
    client = browser(server)
    sent = begin(client)
    assert "code_verifier" not in sent.location
    assert SECRET.replace(" ", "+") not in sent.location
    assert finish(client).status_code == 303
    assert len(provider.sent[0]["code_verifier"]) >= 43


def test_a_code_without_its_verifier_is_refused_by_the_provider(
    server: flask.Flask, provider: Provider
) -> None:
    provider.person = person("stolen", "ligtas-analysts")
    victim, thief = browser(server), browser(server)
    begin(victim)
    begin(thief)
    codes = [parse_qs(urlsplit(c.environ_base["BACK"]).query) for c in (victim, thief)]
    forged = f"{ARRIVED}?code={codes[0]['code'][0]}&state={codes[1]['state'][0]}"
    is_refused(thief, thief.get(forged), *STALE)


@pytest.mark.parametrize("methods", [["client_secret_post"], None])
def test_our_secret_is_sent_the_way_the_provider_takes_it(
    small: Callable[..., FlaskClient], provider: Provider, methods: list[str] | None
) -> None:
    provider.person = person("post", "ligtas-analysts")
    before = provider.methods
    provider.faults.document = {"token_endpoint_auth_methods_supported": methods}
    provider.methods = methods or before
    try:
        assert come(small()).status_code == 303
    finally:
        provider.methods = before


def test_a_client_without_the_right_secret_is_told_to_come_later(
    small: Callable[..., FlaskClient], provider: Provider
) -> None:
    for secret in ("another", ""):
        client = small(oidc_client_secret=secret)
        is_refused(client, come(client), *AWAY)


def test_groups_that_are_not_listed_give_nothing_whatever_the_address(
    server: flask.Flask, kept: Store, provider: Provider
) -> None:
    for groups in ([], ["Ligtas-Analysts"], ["analyst"], [["ligtas-analysts"], 7, None]):
        mail = "head@doh.gov.ph"
        provider.person = {**person("outsider", email=mail, roles=["admin"]), "groups": groups}
        client = browser(server)
        is_refused(client, come(client), 403, "Your office's account has no role here")
        assert account(kept, provider, "outsider") is None
        refusal = ("sign_in.refused", "", "", "identity provider: no_role")
        assert events(kept, 1) == [refusal]


def test_a_single_group_may_be_told_as_a_text(server: flask.Flask, provider: Provider) -> None:
    provider.person = {**person("single"), "groups": "ligtas-analysts"}
    assert come(browser(server)).status_code == 303


def test_roles_follow_the_groups_at_each_arrival(
    server: flask.Flask, kept: Store, provider: Provider
) -> None:
    provider.person = person("rosa", "ligtas-analysts", "ligtas-stewards")
    first = browser(server)
    come(first)
    assert roles(kept, "rosa") == ["analyst", "steward"]
    assert first.get("/admin/users").status_code == 200
    provider.person = person("rosa", "ligtas-analysts")
    second = browser(server)
    assert come(second).status_code == 303
    assert roles(kept, "rosa") == ["analyst"]
    assert events(kept, 2) == [
        ("role.revoke", "identity provider", "rosa", "steward"),
        ("sign_in", "rosa", "rosa", "identity provider"),
    ]
    assert first.get("/account").status_code == 303, "a session with other rights has ended"
    assert second.get("/account").status_code == 200
    assert second.get("/admin/users").status_code == 403
    come(browser(server))
    assert second.get("/account").status_code == 200, "nothing changed, nothing ended"
    provider.person = person("rosa", "ligtas-analysts", "ligtas-admins")
    come(browser(server))
    assert roles(kept, "rosa") == ["analyst", "admin"]


def test_somebody_whose_groups_are_gone_loses_everything(
    server: flask.Flask, kept: Store, provider: Provider
) -> None:
    provider.person = person("leaver", "ligtas-stewards")
    before = browser(server)
    come(before)
    firm = Grant("committee", establishment="EST-7")
    people.give_role(kept, "leaver", firm, origin=OPERATOR, at=now())
    provider.person = person("leaver")
    client = browser(server)
    is_refused(client, come(client), 403, "Your office's account has no role here")
    assert roles(kept, "leaver") == []
    assert before.get("/account").status_code == 303
    assert [event for event, *_ in events(kept, 3)] == ["role.revoke"] * 2 + ["sign_in.refused"]
    assert events(kept, 1)[0][2] == "leaver"


def test_a_limit_an_admin_set_outlives_the_next_arrival(
    server: flask.Flask, kept: Store, provider: Provider
) -> None:
    provider.person = person("limited", "ligtas-analysts", "ligtas-stewards")
    come(browser(server))
    near, firm = Grant("analyst", area="13"), Grant("committee", establishment="EST-7")
    people.take_role(kept, "limited", Grant("analyst"), origin=OPERATOR, at=now())
    for grant in (near, firm, Grant("inspector")):
        people.give_role(kept, "limited", grant, origin=OPERATOR, at=now())
    assert come(browser(server)).status_code == 303
    assert sorted(roles(kept, "limited")) == [
        "analyst (area 13)", "committee (firm EST-7)", "steward"
    ]  # fmt: skip
    provider.person = person("limited", "ligtas-stewards")
    come(browser(server))
    assert sorted(roles(kept, "limited")) == ["committee (firm EST-7)", "steward"]


def test_arrivals_are_kept_by_both_databases(both: Store) -> None:
    told = {"iss": "https://id.example", "sub": "x", "preferred_username": "pilar", "groups": ["g"]}
    found = identity.person_of(told, "groups")
    for given in ({"analyst", "steward"}, {"viewer"}, {"viewer"}):
        kept_as = identity.arrive(both, found, given, address="10.1.1.1", at=now())
        with both.read_ops() as connection:
            held = accounts.grants_of(connection, kept_as)
        assert {grant.role for grant in held} == given
    with pytest.raises(AccessError, match=r"not let in here \(no_role\)"):
        identity.arrive(both, found, set(), address="10.1.1.1", at=now())
    assert [event for event, *_ in events(both, 20)] == [
        "account.create", "role.grant", "role.grant", "sign_in",
        "role.revoke", "role.revoke", "role.grant", "sign_in", "sign_in",
        "role.revoke", "sign_in.refused",
    ]  # fmt: skip
    verify(both)


def test_a_token_of_an_account_shrinks_with_its_roles(
    server: flask.Flask, kept: Store, provider: Provider
) -> None:
    provider.person = person("robot", "ligtas-analysts")
    come(browser(server))
    row = account(kept, provider, "robot")
    assert row is not None
    who = Principal(account=row["id"], name="robot", grants=(Grant("analyst"),))
    made = tokens.make_token(
        kept, who, label="", scopes=["figures"], days=9, origin=OPERATOR, at=now()
    )
    provider.person = person("robot")
    come(browser(server))
    found = tokens.resolve(kept, made, now())
    assert found is not None
    assert found.grants == ()


def test_a_disabled_account_stays_out(server: flask.Flask, kept: Store, provider: Provider) -> None:
    provider.person = person("closed", "ligtas-analysts")
    come(browser(server))
    people.set_state(kept, "closed", accounts.DISABLED, origin=OPERATOR, at=now())
    client = browser(server)
    is_refused(client, come(client), 403, "Your account here is closed")
    assert roles(kept, "closed") == ["analyst"]
    assert events(kept, 1) == [("sign_in.refused", "", "closed", "identity provider: closed")]
    people.set_state(kept, "closed", accounts.ACTIVE, origin=OPERATOR, at=now())
    assert come(browser(server)).status_code == 303


def test_nobody_becomes_another_by_bearing_the_same_name(
    server: flask.Flask, kept: Store, provider: Provider
) -> None:
    make_person(kept, "boss", Grant("admin"))
    for number, sub in enumerate(("first", "second"), 2):
        provider.person = person(sub, "ligtas-analysts", preferred_username="Boss")
        come(browser(server))
        row = account(kept, provider, sub)
        assert row is not None
        assert row["name"] == f"boss-{number}"
    assert roles(kept, "boss") == ["admin"]
    assert roles(kept, "boss-2") == ["analyst"]
    signed_in(server, "boss")


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "DOH\\Niño Peña"}, "doh.nino.pena"),
        ({"preferred_username": "", "email": "Lito@doh.gov.ph"}, "lito@doh.gov.ph"),
        ({"preferred_username": "李雷", "email": "..x"}, "user"),
        ({"preferred_username": 7, "email": None, "name": ["x"]}, "user"),
        ({"preferred_username": "a" * 500}, "a" * 100),
        ({"preferred_username": "tidy\ud800\x00\n'; drop"}, "tidy.drop"),
    ],
)
def test_names_are_made_tidy(
    small: Callable[..., FlaskClient],
    provider: Provider,
    store: Store,
    claims: dict[str, Any],
    name: str,
) -> None:
    provider.person = person("named", "ligtas-analysts", **claims)
    assert come(small()).status_code == 303
    row = account(store, provider, "named")
    assert row is not None
    assert row["name"] == name


def test_many_may_bear_one_name(
    small: Callable[..., FlaskClient], provider: Provider, store: Store
) -> None:
    client = small()
    with store.write_ops() as connection:
        for number in range(1, 100):
            name = "juan" if number == 1 else f"juan-{number}"
            values = {"id": name, "name": name, "full_name": "", "created_at": now()}
            accounts.add_account(connection, values)
    provider.person = person("another", "ligtas-analysts", preferred_username="juan")
    assert come(client).status_code == 303
    row = account(store, provider, "another")
    assert row is not None
    assert len(row["name"]) == len("juan-") + 8


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": ["another-client", "and-one-more"]},
        {"aud": "another-client", "azp": CLIENT},
        {"aud": [CLIENT, "another-client"]},
        {"aud": [CLIENT, "another-client"], "azp": "another-client"},
        {"aud": None},
        {"iss": "https://another.example"},
        {"iss": None},
        {"exp": 1_700_000_000},
        {"exp": "tomorrow"},
        {"exp": None},
        {"iat": 9_999_999_999},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "line\nbreak"},
        {"at_hash": "of another token"},
        {"at_hash": {"not": "a text"}},
        {"amr": "not a list"},
    ],
    ids=str,
)
def test_claims_that_are_not_for_this_sign_in_are_refused(
    server: flask.Flask, kept: Store, provider: Provider, claims: dict[str, Any]
) -> None:
    provider.person = person("claimant", "ligtas-admins")
    provider.faults.claims = claims
    client = browser(server)
    is_refused(client, come(client), *DOUBTED)
    assert account(kept, provider, "claimant") is None


def test_a_token_nobody_signed_is_refused(server: flask.Flask, provider: Provider) -> None:
    provider.person = person("nobody", "ligtas-admins")
    provider.faults.header = {"alg": "none"}
    client = browser(server)
    is_refused(client, come(client), *DOUBTED)


def test_a_token_signed_with_our_secret_is_refused(server: flask.Flask, provider: Provider) -> None:
    provider.person = person("hmac", "ligtas-admins")
    provider.faults.header = {"alg": "HS256"}
    provider.faults.signed_with = hmac_key()
    client = browser(server)
    is_refused(client, come(client), *DOUBTED)


@pytest.mark.parametrize("kid", ["k1", "k9"])
def test_a_token_signed_by_another_key_is_refused(
    server: flask.Flask, provider: Provider, kid: str
) -> None:
    provider.person = person("forger", "ligtas-admins")
    provider.faults.signed_with = OTHER_KEY
    provider.faults.header = {"kid": kid}
    client = browser(server)
    is_refused(client, come(client), *DOUBTED)


def test_a_key_that_is_new_is_fetched(
    small: Callable[..., FlaskClient], provider: Provider
) -> None:
    client = small()
    provider.person = person("early", "ligtas-analysts")
    assert come(client).status_code == 303
    provider.faults.keys = [NEW_KEY.as_dict(private=False)]
    provider.faults.signed_with, provider.faults.header = NEW_KEY, {"kid": "k2"}
    assert come(client).status_code == 303
    assert provider.asked.count("jwks") == 2
    assert provider.asked.count("document") == 1


@pytest.mark.parametrize(
    "token",
    [
        {"id_token": None},
        {"id_token": 7},
        {"id_token": "a.b.c"},
        {"id_token": ["x"]},
        {"expires_in": "soon"},
        {"expires_in": {"in": "a while"}},
    ],
    ids=str,
)
def test_an_answer_without_a_readable_token_is_refused(
    server: flask.Flask, provider: Provider, token: dict[str, Any]
) -> None:
    provider.person = person("garbled", "ligtas-admins")
    provider.faults.token = token
    client = browser(server)
    is_refused(client, come(client), *DOUBTED)


@pytest.mark.parametrize("keys", [[], "none", [{"kty": "oct", "k": "AAAA"}], [{"kty": "RSA"}]])
def test_keys_that_cannot_check_a_signature_let_nobody_in(
    small: Callable[..., FlaskClient], provider: Provider, keys: Any
) -> None:
    provider.person = person("keyless", "ligtas-admins")
    provider.faults.keys = keys
    client = small()
    answer = come(client)
    assert answer.status_code in (403, 503)
    is_refused(client, answer, *(AWAY if answer.status_code == 503 else DOUBTED))


def test_an_arrival_that_does_not_fit_its_cookie_is_refused_unasked(
    server: flask.Flask, provider: Provider
) -> None:
    provider.person = person("stale", "ligtas-analysts")
    client = browser(server)
    begin(client)
    good = client.environ_base["BACK"]
    wrong = good.split("state=")[0] + "state=another"
    is_refused(client, finish(client, wrong), *STALE)
    is_refused(client, finish(client, good), *STALE)  # the first arrival has ended it
    for address in (good, ARRIVED, f"{ARRIVED}?code=x", f"{ARRIVED}?state=x"):
        other = browser(server)
        is_refused(other, finish(other, address), *STALE)
    assert "token" not in provider.asked


def test_a_code_works_once_even_with_the_cookie_of_then(
    server: flask.Flask, provider: Provider
) -> None:
    provider.person = person("replay", "ligtas-analysts")
    client, other = browser(server), browser(server)
    begin(client)
    held = client.get_cookie(COOKIE)
    assert held is not None
    assert finish(client).status_code == 303
    other.set_cookie(COOKIE, held.value)
    is_refused(other, finish(other, client.environ_base["BACK"]), *STALE)


def test_a_cookie_older_than_ten_minutes_or_changed_is_not_believed(
    server: flask.Flask, provider: Provider
) -> None:
    provider.person = person("slow", "ligtas-analysts")
    client = browser(server)
    begin(client)
    server.config["PERMANENT_SESSION_LIFETIME"] = timedelta(seconds=-1)
    is_refused(client, finish(client), *STALE)
    server.config["PERMANENT_SESSION_LIFETIME"] = timedelta(minutes=10)
    begin(client)
    held = client.get_cookie(COOKIE)
    assert held is not None
    client.set_cookie(COOKIE, held.value[:-4] + "AAAA")
    answer = finish(client)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        ("access_denied", 403, "Your office's sign-in did not let you in"),
        ("<script>private", 403, "Your office's sign-in did not let you in"),
        ("temporarily_unavailable", *AWAY),
        ("server_error", *AWAY),
    ],
)
def test_an_error_of_the_provider_is_told_in_our_words(
    server: flask.Flask, provider: Provider, error: str, status: int, title: str
) -> None:
    provider.faults.error = error
    client = browser(server)
    answer = come(client)
    is_refused(client, answer, status, title)
    assert "private" not in answer.text
    assert ("Retry-After" in answer.headers) == (status == 503)


@pytest.mark.parametrize("status", [429, 500, 502])
def test_a_provider_that_fails_midway_is_away(
    server: flask.Flask, provider: Provider, status: int
) -> None:
    provider.person = person("midway", "ligtas-analysts")
    provider.faults.status = status
    client = browser(server)
    is_refused(client, come(client), *AWAY)


def test_a_provider_that_is_down_is_not_asked_at_every_request(
    small: Callable[..., FlaskClient], caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    client = small(address=f"http://127.0.0.1:{port}")
    for _ in range(2):
        answer = client.get(START)
        is_refused(client, answer, *AWAY)
        assert answer.headers["Retry-After"] == "10"
    said = [record.getMessage() for record in caplog.records if record.name == "kms.web.identity"]
    assert "ConnectionError" in said[0]
    assert "was away a moment ago" in said[1]


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "http://127.0.0.1:1"},
        {"issuer": None},
        {"token_endpoint": None},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": ["x"]},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"id_token_signing_alg_values_supported": ["none", "HS256"]},
    ],
    ids=str,
)
def test_a_provider_that_says_strange_things_of_itself_is_away(
    small: Callable[..., FlaskClient], provider: Provider, document: dict[str, Any]
) -> None:
    provider.faults.document = document
    client = small()
    is_refused(client, client.get(START), *AWAY)


def test_a_provider_that_lists_no_algorithms_signs_with_rs256(
    small: Callable[..., FlaskClient], provider: Provider
) -> None:
    provider.person = person("silent", "ligtas-analysts")
    listed = {"id_token_signing_alg_values_supported": None, "scopes_supported": "groups"}
    provider.faults.document = listed
    assert come(small()).status_code == 303


def test_a_provider_that_points_elsewhere_is_not_followed(
    small: Callable[..., FlaskClient], provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.faults.moved = True
    client = small()
    is_refused(client, client.get(START), *AWAY)
    assert "with a redirect (302), which is not followed" in caplog.text


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1"]
)
def test_nobody_is_led_to_another_site(
    server: flask.Flask, provider: Provider, elsewhere: str
) -> None:
    provider.person = person("led", "ligtas-analysts")
    client = browser(server)
    begin(client, f"{START}?next={elsewhere}")
    assert finish(client).location == "/"


def test_the_language_chosen_is_kept(server: flask.Flask, provider: Provider) -> None:
    provider.person = person("reader", "ligtas-analysts")
    assert come(browser(server), f"{START}?lang=fil").location == "/?lang=fil"
    shown = browser(server).get(f"{ARRIVED}?lang=fil").text
    assert texts("fil").gettext(STALE[1]) in shown
    assert 'href="/sign-in?lang=fil"' in shown


def test_arrivals_that_fail_are_counted_and_those_that_succeed_forgiven(
    small: Callable[..., FlaskClient], provider: Provider
) -> None:
    client = small()
    provider.person = person("often", "ligtas-analysts")
    for _ in range(40):
        assert come(client).status_code == 303
    provider.faults.claims = {"nonce": "another"}
    statuses = [come(client).status_code for _ in range(31)]
    assert statuses == [403] * 30 + [429]
    answer = come(client)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 31


def test_nothing_of_a_token_is_logged(
    server: flask.Flask, kept: Store, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    private = {"email": "private@doh.gov.ph", "name": "Private Name", "phone": "0917-private"}
    provider.person = person("secret-sub", "ligtas-analysts", preferred_username="known", **private)
    client = browser(server)
    begin(client)
    seen = parse_qs(urlsplit(client.environ_base["BACK"]).query)
    assert finish(client).status_code == 303
    for claims in ({"nonce": "private"}, {"exp": 1_700_000_000}):
        provider.faults.claims = claims
        assert come(browser(server)).status_code == 403
    provider.person = person("secret-sub", "private-group")
    provider.faults.claims = {}
    assert come(browser(server)).status_code == 403
    provider.faults.status = 400
    assert come(browser(server)).status_code == 503
    ours = [r for r in caplog.records if "/authorize?" not in r.getMessage()]  # the browser's
    logged = "\n".join(f"{r.getMessage()} {r.__dict__}" for r in ours)
    logged += "\n".join(str(row) for row in events(kept, 20))
    assert "InvalidClaimError: invalid_claim nonce" in logged
    assert "ExpiredTokenError: expired_token" in logged
    hidden = [*provider.issued, *seen["code"], *seen["state"], SECRET, "secret-sub"]
    hidden += [form["code_verifier"] for form in provider.sent]
    for text in [*hidden, "private", "Private", "private-group"]:
        assert text not in logged


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"address": "id.example.ph"}, "KMS_OIDC_ISSUER is 'id.example.ph'; write the provider's"),
        ({"address": "https://["}, "write the provider's address"),
        ({"address": "https://id.example.ph/?realm=1"}, "write the provider's address"),
        ({"address": "https://id.example.ph/" + "x" * 140}, "write the provider's address"),
        ({"oidc_client_id": ""}, "KMS_OIDC_CLIENT_ID is not set and KMS_OIDC_ISSUER is; register"),
        ({"oidc_roles": {}}, "KMS_OIDC_ROLES is not set .* nobody could sign in"),
        ({"oidc_roles": {"x": "chief"}}, "the group 'x' the role 'chief'; name a group, and one"),
        ({"oidc_roles": {"x": "committee"}}, "the role 'committee'; name a group"),
        ({"oidc_roles": {" ": "admin"}}, "gives the group ' ' the role 'admin'; name a group"),
        ({"trusted_proxy": "127.0.0.1"}, "KMS_PUBLIC_URL is not set, and KMS_TRUSTED_PROXY"),
        ({"oidc_client_secret": "", "oidc_client_secret_file": "/none"}, "cannot be read"),
        (
            {"env": "production", "public_url": "https://ligtas.example.ph",
             "secret_key": "kQ8v2Lz7Xw4Tn9Bc5Rm1Yp6Hd3Js0Fg-ab"},
            "and KMS_ENV is production; over http anybody can pose",
        ),
    ],
)  # fmt: skip
def test_settings_with_which_it_cannot_work_are_refused_at_the_start(
    small: Callable[..., FlaskClient], wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        small(**wrong)
