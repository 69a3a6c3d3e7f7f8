from __future__ import annotations

import gzip
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from kms.reads.request import Request
from layouts.delivery.kept import Kept
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
