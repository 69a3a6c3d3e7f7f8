"""What is kept for the public: never one person's, never another host's, never an old one."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from kms.config import Settings
from kms.domain.principal import ANALYST, Grant
from kms.library.entries import load_entries
from kms.store.engine import Store
from kms.store.open import CLOCK, set_store_fact
from layouts.delivery.addresses import address_of
from layouts.delivery.files import asset_address, plotly_address
from layouts.delivery.replay import Replay
from layouts.routing import discover
from tests.published import DAVAO, LEYTE_REGION, NOW, make_published_store
from tests.web.people import make_person, send, signed_in
from tests.web.test_guard import CALL, shell_call

EXAMPLES = {"area": DAVAO, "entry": min(load_entries())}
PUBLIC_PAGES = sorted(
    re.sub(r"<(\w+)>", lambda place: EXAMPLES[place[1]], page.path)
    for page in discover()
    if not page.plain
)
WHOLE_WAY = {"Cookie": "other=1"}  # somebody might be told by it: answered by the server itself
EVIL = "evil.example"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Store]]:
    settings = Settings(home=Path(tmp_path_factory.mktemp("kept")))
    store = make_published_store(settings)
    yield create_app(settings), store
    store.close()


@pytest.fixture
def server(place: tuple[Flask, Store]) -> Flask:
    return place[0]


@pytest.fixture
def client(server: Flask) -> FlaskClient:
    return server.test_client()


def replay(server: Flask) -> Replay:
    kept: Any = server.wsgi_app
    assert isinstance(kept, Replay)
    return kept


def kept_answers(server: Flask) -> int:
    return len(replay(server).bare.entries) + len(replay(server).chosen.entries)


def is_kept(client: FlaskClient, path: str) -> bool:
    """Tell whether asking once more reaches the server."""
    reached: list[str] = []
    kept = replay(client.application)
    whole = kept.whole
    kept.whole = lambda environ, start: (reached.append(path), whole(environ, start))[1]  # type: ignore[func-returns-value]
    try:
        client.get(path)
    finally:
        kept.whole = whole
    return not reached


@pytest.mark.parametrize("path", PUBLIC_PAGES)
@pytest.mark.parametrize("language", ["", "?lang=fil"])
def test_what_is_kept_is_what_the_whole_way_says(
    client: FlaskClient, path: str, language: str
) -> None:
    client.get(path + language)
    assert is_kept(client, path + language)
    kept = client.get(path + language)
    whole = client.get(path + language, headers=WHOLE_WAY)
    assert kept.data == whole.data
    assert {**kept.headers} == {**whole.headers, "ETag": kept.headers["ETag"]}


@pytest.mark.parametrize("path", PUBLIC_PAGES)
def test_a_call_is_kept_and_gives_what_the_whole_way_gives(client: FlaskClient, path: str) -> None:
    first, kept = (client.post(CALL, json=shell_call(path)) for _ in range(2))
    whole = client.post(CALL, json=shell_call(path), headers=WHOLE_WAY)
    assert first.data == kept.data == whole.data
    assert kept.headers["Cache-Control"] == "no-store"
    assert "ETag" not in kept.headers


@pytest.mark.parametrize("path", PUBLIC_PAGES)
def test_what_a_page_does_not_ask_for_changes_nothing_and_fills_nothing(
    client: FlaskClient, path: str
) -> None:
    known = client.get(path)
    before = kept_answers(client.application)
    for number in range(5):
        asked = f"{path}?utm_source={number}&fbclid={number}"
        assert client.get(asked).data == known.data
        assert client.get(asked, headers=WHOLE_WAY).data == known.data
    assert kept_answers(client.application) == before


def test_whatever_a_page_listens_to_is_told_apart(place: tuple[Flask, Store]) -> None:
    pages = place[0].extensions["dash"].pages
    for page in pages:
        if page.plain or "<" in page.path:
            continue
        for name in ("as_of", "lang", *page.query, *page.lists):
            values = ("2026-01-01", "2026-01-02") if name == "as_of" else ("en", "fil")
            keys = {address_of(pages, page.path, f"?{name}={value}", "en") for value in values}
            assert len(keys) == 2, (page.path, name)


def test_a_list_somebody_asked_for_is_not_the_page(client: FlaskClient) -> None:
    asked = client.get("/areas?sort=-name&lang=fil&find=a").data
    plain = client.get("/areas?lang=fil").data
    assert asked != plain
    assert b'value="a"' not in plain
    assert client.get("/areas?sort=-name&lang=fil&find=a").data == asked
    first = client.post(CALL, json=shell_call("/library", "?find=zzzz")).data
    assert client.post(CALL, json=shell_call("/library")).data != first


def test_nobody_gets_what_was_made_for_somebody(place: tuple[Flask, Store]) -> None:
    server, store = place
    make_person(store, "lorna.reyes", Grant(ANALYST))
    lorna, nobody = signed_in(server, "lorna.reyes"), server.test_client()
    path = f"/areas/{LEYTE_REGION}"
    public, call = nobody.get(path).data, nobody.post(CALL, json=shell_call(path)).data
    for _ in range(2):
        hers = lorna.get(path, headers={"If-None-Match": nobody.get(path).headers["ETag"]})
        assert hers.status_code == 200
        assert b"lorna.reyes" in hers.data
        assert hers.headers["Cache-Control"] == "no-store"
        assert b"lorna.reyes" in lorna.post(CALL, json=shell_call(path)).data
        assert nobody.get(path).data == public
        assert nobody.post(CALL, json=shell_call(path)).data == call
        assert b"lorna.reyes" not in public + call
    assert send(lorna, "/account", "sign-out").status_code == 303
    assert lorna.get(path).data == public


def test_a_wrong_token_is_refused_for_what_is_kept_too(client: FlaskClient) -> None:
    client.get("/")
    answer = client.get("/", headers={"Authorization": "Bearer kms_none"})
    assert answer.status_code == 401
    assert client.get("/").status_code == 200


def test_a_cookie_of_forms_comes_from_the_server_and_tells_nothing(client: FlaskClient) -> None:
    assert "ligtas-form" in client.get("/sign-in").headers["Set-Cookie"]
    assert not is_kept(client, "/sign-in")
    client.get("/")
    assert is_kept(client, "/")
    assert "Set-Cookie" not in client.get("/").headers


@pytest.mark.parametrize("path", ["/", asset_address("4-pages.css"), plotly_address()])
def test_another_host_is_refused_whatever_is_kept(client: FlaskClient, path: str) -> None:
    with client.get(path) as known:
        content = known.data
    for host in (EVIL, f"localhost.{EVIL}", "localhost@" + EVIL, "", "localhost:80:80", "a b"):
        with client.get(path, headers={"Host": host}) as answer:
            assert answer.status_code == 400, host
    call = client.post(CALL, json=shell_call(), headers={"Host": EVIL})
    assert call.status_code == 400
    relayed = {"X-Forwarded-Host": EVIL, "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/x"}
    with client.get(path, headers=relayed) as answer:
        assert answer.data == content


def test_no_host_is_written_into_what_is_kept(published_anywhere: Flask) -> None:
    client = published_anywhere.test_client()
    asked = {"Host": EVIL, "X-Forwarded-Host": EVIL, "X-Forwarded-For": "198.51.100.7"}
    first = client.get("/areas", headers=asked)
    assert first.status_code == 200
    assert EVIL not in first.text + str(first.headers)
    assert is_kept(client, "/areas")
    assert client.get("/areas").data == first.data


@pytest.fixture
def published_anywhere(place: tuple[Flask, Store]) -> Flask:
    """Serve the same store where every host is ours."""
    home = Path(str(place[1].data.url.database)).parent
    return create_app(Settings(home=home, host="0.0.0.0"))  # noqa: S104


def test_behind_a_proxy_its_word_on_the_host_is_looked_at_each_time(
    place: tuple[Flask, Store],
) -> None:
    home = Path(str(place[1].data.url.database)).parent
    site = "https://ligtas.example.ph"
    server = create_app(Settings(home=home, public_url=site, trusted_proxy="127.0.0.1"))
    client = server.test_client()
    told = {"X-Forwarded-Host": "ligtas.example.ph", "X-Forwarded-Proto": "https"}
    known = client.get("/", headers=told)
    assert known.status_code == client.get("/", headers=told).status_code == 200
    assert client.get("/", headers=told | {"X-Forwarded-Host": EVIL}).status_code == 400
    assert client.get("/").status_code == 400  # itself, it is no name of ours
    stranger = client.get("/", headers=told, environ_base={"REMOTE_ADDR": "198.51.100.7"})
    assert stranger.status_code == 400
    assert known.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"headers": {"Sec-Fetch-Site": "cross-site"}}, 403),
        ({"headers": {"Sec-Fetch-Site": "same-site"}}, 403),
        ({"headers": {"Origin": f"http://{EVIL}"}}, 403),
        ({"headers": {"Origin": "null"}}, 403),
        ({"headers": {"Content-Type": "text/plain"}}, 415),
        ({"headers": {"Transfer-Encoding": "chunked"}}, 411),
        ({"headers": {"Authorization": "Bearer kms_none"}}, 401),
        ({"method": "GET"}, 404),
        ({"json": shell_call() | {"more": 1}}, 400),
        ({"json": shell_call("//evil.example")}, 400),
        ({"json": shell_call("/sign-in")}, 404),
        ({"json": shell_call("/account")}, 404),
    ],
    ids=range(12),
)
def test_a_call_that_is_refused_is_refused_when_kept_too(
    client: FlaskClient, sent: dict[str, Any], status: int
) -> None:
    client.post(CALL, json=shell_call())
    asked = {"method": "POST", "json": shell_call()} | sent
    assert client.open(CALL, **asked).status_code == status


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "br", "gzip;q=0, *", "x" * 400])
def test_who_takes_nothing_compressed_gets_it_plain(client: FlaskClient, accepted: str) -> None:
    for path in ("/", asset_address("4-pages.css")):
        for _ in range(2):
            with client.get(path, headers={"Accept-Encoding": "gzip, br"}) as packed:
                assert packed.headers["Content-Encoding"] == "gzip"
                assert "Accept-Encoding" in packed.headers["Vary"]
            with client.get(path, headers={"Accept-Encoding": accepted}) as plain:
                assert "Content-Encoding" not in plain.headers
                assert "Accept-Encoding" in plain.headers["Vary"]
                assert plain.data == gzip.decompress(packed.data)
                assert plain.headers["ETag"] != packed.headers["ETag"]


def test_head_tells_what_get_sends_and_keeps_nothing(client: FlaskClient) -> None:
    before = kept_answers(client.application)
    assert client.head("/sectors?area=" + DAVAO).status_code == 200
    assert kept_answers(client.application) == before
    known = client.get("/")
    told = client.head("/")
    assert told.data == b""
    assert {**told.headers} == {**known.headers}


def test_what_did_not_change_is_not_sent_again(client: FlaskClient) -> None:
    for path in ("/", "/areas?lang=fil", asset_address("favicon.svg"), plotly_address()):
        with client.get(path) as known:
            tag = known.headers["ETag"]
        for held in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again = client.get(path, headers={"If-None-Match": held})
            assert (again.status_code, again.data) == (304, b"")
            for name in ("Content-Security-Policy", "Vary", "ETag", "Cache-Control"):
                assert again.headers.get(name) == known.headers.get(name)
        with client.get(path, headers={"If-None-Match": '"other"'}) as other:
            assert other.status_code == 200
    fil = client.get("/areas?lang=fil").headers["ETag"]
    assert client.get("/areas", headers={"If-None-Match": fil}).status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        "/?lang=en&lang=fil", "/?as_of=x", "/?as_of=2999-01-01", "/nowhere", "/areas/9", "/areas/",
        "//", "/?lang=%66il", "/?x=%00", "/sectors?area=%3Cscript%3E", "/privacy", "/sign-in",
        "/?" + "x" * 400, "/areas/1100000000/..", "/%2e", "/api/v1/areas", "/healthz",
    ],
)  # fmt: skip
def test_what_is_no_plain_page_is_never_kept(client: FlaskClient, asked: str) -> None:
    before = kept_answers(client.application)
    with client.get(asked):
        pass
    assert kept_answers(client.application) == before


def test_a_part_is_asked_of_the_server(client: FlaskClient) -> None:
    client.get("/")
    whole = client.get("/", headers={"Range": "bytes=0-9"})
    assert whole.status_code in {200, 206}
    assert client.get("/").data.startswith(b"<!doctype html>")
    with client.get(asset_address("4-pages.css"), headers={"Range": "bytes=0-9"}) as part:
        assert (part.status_code, len(part.data)) == (206, 10)


def test_choices_without_number_drive_out_no_page(client: FlaskClient) -> None:
    client.get("/library")
    kept = replay(client.application)
    kept.chosen.most = 200_000
    for number in range(30):
        client.get(f"/library?kind=x{number}")
    assert kept.chosen.held <= 200_000
    assert is_kept(client, "/library")


def clock_on(page: str) -> str:
    found = re.search(r"Clock set to ([^<]+)<", page)
    assert found
    return found[1]


def test_another_day_empties_it_even_when_another_process_set_the_clock(
    place: tuple[Flask, Store],
) -> None:
    server, store = place
    client = server.test_client()
    first = client.get("/").text
    assert is_kept(client, "/")
    set_store_fact(store, CLOCK, (NOW + timedelta(days=1)).isoformat())
    later = client.get("/").text
    assert clock_on(later) != clock_on(first)
    set_store_fact(store, CLOCK, NOW.isoformat())
    assert client.get("/").text == first


def test_files_are_kept_by_browsers_for_ever_and_named_by_their_content(
    client: FlaskClient,
) -> None:
    files = replay(client.application).files
    linked = re.findall(r'(?:src|href)="(/(?:assets|_dash-)[^"]+)"', client.get("/").text)
    assert len(linked) > 15
    assert not any("?" in address for address in linked)
    for address in {*linked, plotly_address()}:
        with client.get(address) as answer:
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert files[address][1].size <= files[address][0].size


def test_an_old_address_of_a_file_gives_it_as_it_is_and_for_once(client: FlaskClient) -> None:
    with client.get("/assets/v-0123456789ab/4-pages.css") as answer:
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-cache"
    assert client.get("/assets/v-0123456789ab/../../server.py").status_code == 404


def test_no_callback_runs_in_the_background(server: Flask) -> None:
    calls = server.extensions["dash"].callback_map.values()
    assert [call for call in calls if call.get("background")] == []
    assert "end_id" not in server.test_client().get("/").text
