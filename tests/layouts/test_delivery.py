from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client

from kms.reads.request import Request
from kms.web.origin import Doorplate
from layouts.delivery.addresses import Address, address_of
from layouts.delivery.kept import Kept
from layouts.delivery.replay import KEEPABLE, Replay
from layouts.routing import discover
from layouts.server import create_dash
from tests.layouts.conftest import VIEWS, pages_with


def test_texts_are_compressed_for_those_who_accept_it(client: FlaskClient) -> None:
    plain = client.get("/areas/9999999999")
    packed = client.get("/areas/9999999999", headers={"Accept-Encoding": "gzip"})
    assert plain.headers.get("Content-Encoding") is None
    assert packed.status_code == 404
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.data)[:15] == b"<!doctype html>"


def test_a_file_is_compressed_once_and_a_font_never(client: FlaskClient) -> None:
    for _ in range(2):
        with client.get("/assets/4-pages.css", headers={"Accept-Encoding": "gzip"}) as response:
            assert response.headers["Content-Encoding"] == "gzip"
            assert b".rank" in gzip.decompress(response.data)
    with client.get(
        "/assets/fonts/Inter-400.woff2", headers={"Accept-Encoding": "gzip"}
    ) as response:
        assert "Content-Encoding" not in response.headers


def test_pages_are_kept_until_the_edition_changes() -> None:
    reads: list[Request] = []
    editions = ["one"]

    def counted(**given: Any) -> Any:
        reads.append(Request())
        return VIEWS["/"](**given)

    server = Flask("tests")
    pages = pages_with(VIEWS | {"/": counted})
    create_dash(server, object(), pages=pages, edition=lambda: editions[-1])
    client = server.test_client()
    client.get("/")
    made = len(reads)
    assert "7 of 18 regions" in client.get("/").text
    assert len(reads) == made
    client.get("/?lang=fil")
    assert len(reads) == made + 1
    editions.append("two")
    client.get("/")
    assert len(reads) == made + 2


def test_the_longest_unasked_goes_first() -> None:
    kept: Kept[int] = Kept(most=2)
    assert kept.find("e", "a") is None
    for number, key in enumerate("abc"):
        kept.keep("e", key, number)
    assert kept.find("e", "a") is None
    assert kept.find("e", "c") == 2
    kept.keep("late", "d", 4)
    assert kept.find("e", "d") is None


def test_what_is_too_large_together_goes_and_one_thing_counts_once() -> None:
    kept: Kept[bytes] = Kept(most=10, size=len)
    for key, thing in (("a", b"1234"), ("b", b"1234"), ("a", b"123456"), ("c", b"1")):
        kept.keep("", key, thing)
    assert list(kept.entries) == ["a", "c"]
    assert kept.held == 7
    kept.keep("", "d", b"x" * 11)
    assert (dict(kept.entries), kept.held) == ({}, 0)


def test_many_at_once_get_their_own_page_and_never_an_earlier_edition() -> None:
    editions = [0]

    def whole(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        shown = editions[0]
        environ[KEEPABLE] = True
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{shown} {environ['PATH_INFO']} {environ['QUERY_STRING']}".encode()]

    pages = discover()
    replay = Replay(
        whole,
        lambda path, search: address_of(pages, path, search, "en"),
        lambda: str(editions[0]),
        plate=Doorplate(),
        cookie="",
        callbacks={},
        output="",
    )

    def ask(number: int) -> int:
        path = f"/areas/{number % 7}"
        at_least, reader = editions[0], Client(replay)
        edition, shown, _query = reader.get(path).text.split(" ")
        assert shown == path
        assert int(edition) >= at_least
        if number % 5 == 0:
            editions[0] += 1
        return len(replay.bare.entries)

    with ThreadPoolExecutor(8) as readers:
        assert max(readers.map(ask, range(2_000))) <= 7


def test_the_language_is_in_the_name_and_what_a_page_does_not_know_is_not() -> None:
    pages = discover()

    def name(path: str, search: str, language: str = "en") -> Address | None:
        return address_of(pages, path, search, language)

    assert name("/sectors", "?sector=I&x=1&lang=xx") == Address(
        "/sectors", "en", (("sector", "I"),)
    )
    assert name("/areas", "lang=fil") == name("/areas", "", "fil") != name("/areas", "")
    assert name("/areas", "lang=en") == name("/areas", "")
    assert name("/areas", "lang=en&lang=fil") is None
    assert name("/areas", "x=%41") is None
    assert name("/areas/", "") is None
    assert name("/sign-in", "") is None
    assert name("/areas", "as_of=2021-03-01") != name("/areas", "as_of=2021-03-02")
