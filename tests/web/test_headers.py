from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import flask
import pytest
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from kms.domain.principal import PUBLIC, SESSION, Principal
from kms.web.headers import ALWAYS, SCRIPT_HASHES
from tests.published import DAVAO

Door = Callable[..., FlaskClient]
BRIEF = f"/briefs/{DAVAO}/I/latest.pdf"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
EXAMPLES = {
    "area": DAVAO, "sector": "I", "publication": "2021-03-22-abcdef", "package_name": "dash",
    "entry": "GL-0112", "name": "plotly.min.js", "filename": "favicon.svg",
}  # fmt: skip


def addresses(server: flask.Flask) -> Iterator[str]:
    """Every address the server has, with an example in each place."""
    for rule in server.url_map.iter_rules():
        yield re.sub(
            r"<(?:\w+:)?(\w+)>", lambda place: EXAMPLES.get(place.group(1), "x"), rule.rule
        )


def check(answer: Response) -> None:
    headers = answer.headers
    assert {name: headers.get(name) for name in ALWAYS} == ALWAYS
    (policy,) = headers.get_all("Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "*" not in policy
    assert "'unsafe-inline'" not in policy.replace("style-src 'self' 'unsafe-inline'", "").replace(
        "style-src 'unsafe-inline'", ""
    )


def test_every_answer_of_every_address_to_every_method_carries_the_headers(
    product: flask.Flask,
) -> None:
    client = product.test_client()
    statuses: dict[int, str] = {}
    for address in sorted({*addresses(product), "/", "/nowhere", "/areas/9", "/?as_of=x"}):
        for method in METHODS:
            with client.open(address, method=method) as answer:
                check(answer)
                statuses[answer.status_code] = f"{method} {address}"
    assert {200, 404, 405} <= set(statuses)
    assert {status: asked for status, asked in statuses.items() if status >= 500} == {}


@pytest.mark.parametrize(
    ("address", "sent", "wanted"),
    [
        ("/?" + "x" * 3000, {}, 414),
        ("/_dash-update-component", {"method": "POST", "json": {}}, 400),
        ("/_dash-update-component", {"method": "POST", "data": "x" * 70_000,
                                     "content_type": "application/json"}, 413),
        ("/_dash-update-component", {"method": "POST", "data": "x"}, 415),
        ("/_dash-update-component", {"method": "POST", "headers": {"Origin": "null"}}, 403),
        ("/_dash-component-suites/none/x.js", {}, 404),
        ("/api/v1/areas?level=none", {}, 422),
        ("/assets/none.css", {}, 404),
        ("/_reload-hash", {}, 404),
    ],
)  # fmt: skip
def test_refusals_carry_them_too(
    client: FlaskClient, address: str, sent: dict[str, object], wanted: int
) -> None:
    answer = client.open(address, **sent)  # type: ignore[arg-type]
    assert answer.status_code == wanted
    check(answer)


@pytest.mark.parametrize("path", ["/fail/value", "/sql", "/to", "/slash", "/form", "/healthz"])
def test_failures_and_redirects_carry_them_too(door: Door, path: str) -> None:
    check(door().get(path))


@pytest.mark.parametrize("address", [BRIEF, "/api/v1/areas", "/assets/4-pages.css"])
def test_what_did_not_change_keeps_its_own_policy(client: FlaskClient, address: str) -> None:
    with client.get(address) as first:
        tag, policy = first.headers["ETag"], first.headers["Content-Security-Policy"]
    with client.get(address, headers={"If-None-Match": tag}) as again:
        assert again.status_code == 304
        check(again)
        assert again.headers["Content-Security-Policy"] == policy


def test_only_our_own_scripts_and_the_hashed_ones_may_run(client: FlaskClient) -> None:
    hashes = client.application.config[SCRIPT_HASHES]
    assert len(hashes) == 2  # the theme before anything is drawn; Dash's own start
    policy = client.get("/").headers["Content-Security-Policy"]
    assert f"script-src 'self' {' '.join(hashes)};" in policy
    assert all(each.startswith("'sha256-") for each in hashes)


@pytest.mark.parametrize("address", ["/", "/areas?lang=fil", "/library", "/nowhere", "/?as_of=x"])
def test_no_page_has_an_inline_script_of_its_own(client: FlaskClient, address: str) -> None:
    from layouts.server import INLINE, _hash

    found = {_hash(script) for script in INLINE.findall(client.get(address).text)}
    assert found == set(client.application.config[SCRIPT_HASHES])


def test_data_may_do_nothing_and_a_pdf_may_be_shown(client: FlaskClient) -> None:
    for address in ("/api/v1/areas", "/api/v1/latest?indicator=r_t&format=csv", "/api/v1/none"):
        policy = client.get(address).headers["Content-Security-Policy"]
        assert policy == "default-src 'none'; frame-ancestors 'none'; sandbox"
    printed = client.get(BRIEF).headers["Content-Security-Policy"]
    assert "script-src" not in printed
    assert "sandbox" not in printed


def test_only_https_is_asked_for_where_we_are_reached_over_it(door: Door) -> None:
    over = door(public_url="https://ligtas.example.ph")
    plain = door(public_url="http://ligtas.example.ph")
    for path in ("/", "/fail/value"):
        answer = over.get(path, base_url="https://ligtas.example.ph")
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        answer = plain.get(path, base_url="http://ligtas.example.ph")
        assert "Strict-Transport-Security" not in answer.headers


def as_if(client: FlaskClient, who: Principal | None) -> FlaskClient:
    """Say who asks, where the gate will."""

    def asks() -> None:
        if who is not None:
            flask.g.principal = who

    client.application.before_request(asks)
    return client


@pytest.mark.parametrize(
    ("who", "path", "kept"),
    [
        (None, "/", "no-cache"),
        (PUBLIC, "/", "no-cache"),
        (PUBLIC, "/healthz", None),
        (Principal(account="a1", via=SESSION), "/", "no-store"),
        (Principal(account="a1", via=SESSION), "/healthz", "no-store"),
        (Principal(account="a1", via=SESSION), "/pdf", "no-store"),
        (Principal(account="a1", via=SESSION), "/assets/none.css", "no-store"),
        (PUBLIC, "/_dash-layout", "no-store"),
    ],
)
def test_nobody_keeps_what_was_made_for_one_person(
    door: Door, who: Principal | None, path: str, kept: str | None
) -> None:
    answer = as_if(door(), who).get(path)
    assert answer.headers.get("Cache-Control") == kept
    if who is not None and not path.startswith("/assets"):
        assert "Cookie" in answer.headers["Vary"]


def test_layout_and_callbacks_are_never_kept_and_files_are(client: FlaskClient) -> None:
    for address in ("/_dash-layout", "/_dash-dependencies"):
        assert client.get(address).headers["Cache-Control"] == "no-store"
    page = client.get("/")
    (script,) = re.findall(r'src="(/_dash-component-suites/dash/deps/react@[^"]+)"', page.text)
    with client.get(script) as answer:
        assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_no_protocol_of_developers_is_open(product: flask.Flask) -> None:
    rules = " ".join(rule.rule for rule in product.url_map.iter_rules())
    assert "_mcp" not in rules
    assert "_alive" not in rules
    assert "ws" not in rules
