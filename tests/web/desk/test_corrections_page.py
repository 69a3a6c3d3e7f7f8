"""Rejected rows by the page: who may download and correct them, what is said and logged."""

from __future__ import annotations

import csv
import io
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ingest.load import load
from kms.config import Settings
from kms.reads.people.log import LogRow, read_log
from kms.reads.request import Request
from kms.store.engine import Store
from kms.store.vintages import vintage_named, vintages
from tests.ingest.test_corrections import FETCHED, HEADER, PART, SOURCE, right, rows, written
from tests.web.people import send, signed_in, token_on

WHY = "the office told the right code"


@pytest.fixture
def store(store: Store, settings: Settings, tmp_path: Path) -> Store:
    path = tmp_path / PART
    path.write_text(written([HEADER, *rows()]), encoding="utf-8")
    load(store, settings, SOURCE, [path], fetched_at=FETCHED)
    return store


@pytest.fixture
def address(store: Store) -> str:
    """Return the address of the issue's faulty rows."""
    with store.read() as connection:
        return f"/data/faults?vintage={vintages(connection)[0]['name']}"


def logged(store: Store, event: str) -> list[LogRow]:
    """Return what was logged of a kind."""
    return [row for row in read_log(store, Request()).listed.rows if row.event == event]


def upload(client: FlaskClient, address: str, content: bytes, **fields: str) -> tuple[int, str]:
    """Send a corrected file; return the status and what the page says."""
    data = {"do": "correct", "form_token": token_on(client, address), **fields}
    sent = {**data, "file": (io.BytesIO(content), "corrected.csv")}
    answer = client.post(address, data=sent, content_type="multipart/form-data")
    return answer.status_code, unescape(answer.get_data(as_text=True))


def corrected(client: FlaskClient, address: str) -> bytes:
    """Download the rejected rows, correct two and return the file."""
    answer = send(client, address, "download")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    text = answer.get_data().decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(text, newline="")))
    right(table)
    return written(table).encode()


def test_a_steward_downloads_corrects_and_sends(server: Flask, store: Store, address: str) -> None:
    steward = signed_in(server, "steward")
    name = address.partition("=")[2]
    assert "Download 3 rejected rows" in steward.get(address).get_data(as_text=True)
    answer = send(steward, address, "download")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}-rejects.csv"'
    assert answer.mimetype == "text/csv"
    assert answer.headers["Cache-Control"] == "no-store"
    assert [(r.actor, r.object, r.rows) for r in logged(store, "rejects.download")] == [
        ("steward", name, 3)
    ]
    content = corrected(steward, address)
    status, page = upload(steward, address, content, check="yes")
    assert status == 200
    assert "2 rows corrected; 1 of 303 are still left out, 3 were before." in page
    assert "Nothing was changed yet." in page
    assert logged(store, "vintage.correct") == []
    status, page = upload(steward, address, content, why=WHY)
    assert status == 200
    (row,) = logged(store, "vintage.correct")
    assert (row.actor, row.object, row.rows) == ("steward", name, 2)
    with store.read() as connection:
        assert vintage_named(connection, name)["state"] == "withdrawn"
        new = next(v["name"] for v in vintages(connection) if v["state"] == "accepted")
    assert f"The issue in use is now {new}" in page
    assert "Send the corrected file" not in steward.get(address).get_data(as_text=True)


@pytest.mark.parametrize(
    ("content", "fields", "said"),
    [
        (b"a,b\n1,2\n", {"why": WHY}, "column '_part' is missing"),
        (b"", {"why": WHY}, "column '_part' is missing"),
        (None, {"why": "no"}, "The reason has 2 characters"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_changed(
    server: Flask,
    store: Store,
    address: str,
    content: bytes | None,
    fields: dict[str, str],
    said: str,
) -> None:
    steward = signed_in(server, "steward")
    sent = corrected(steward, address) if content is None else content
    status, page = upload(steward, address, sent, **fields)
    assert (status, said in page) == (422, True)
    with store.read() as connection:
        assert [v["state"] for v in vintages(connection)] == ["accepted"]


def test_without_a_file_it_asks_for_one(server: Flask, store: Store, address: str) -> None:
    steward = signed_in(server, "steward")
    answer = send(steward, address, "correct", why=WHY)
    assert answer.status_code == 422
    assert "Choose one file: the corrected one." in answer.get_data(as_text=True)


@pytest.mark.parametrize("do", ["download", "correct"])
def test_nobody_else_may(server: Flask, store: Store, address: str, do: str) -> None:
    maria = signed_in(server, "maria")
    data = {"do": do, "form_token": token_on(maria, "/account"), "why": WHY}
    answer = maria.post(address, data=data)
    assert answer.status_code == 403
    assert "@Leyte" not in answer.get_data(as_text=True)
    assert logged(store, "rejects.download") == []
    public = server.test_client()
    assert public.post(address, data={"do": do}).status_code in {303, 400, 401, 403}


def test_an_issue_that_is_not_there_is_said(server: Flask, store: Store, address: str) -> None:
    steward = signed_in(server, "steward")
    token = token_on(steward, address)
    answer = steward.post("/data/faults?vintage=none", data={"do": "download", "form_token": token})
    assert answer.status_code in {404, 422}
    assert b"_record" not in answer.get_data()
