"""What a reader can make the server keep by asking for briefs: little, and not for ever."""

from __future__ import annotations

import os
from pathlib import Path

import flask
import pytest
from flask.testing import FlaskClient

from kms.access.disclosure import DisclosureRule
from kms.briefs.shelf import Shelf
from kms.briefs.web import create_briefs
from kms.reads.request import Request
from kms.store.engine import Store
from tests.published import DAVAO

LATEST = f"/briefs/{DAVAO}/I/latest.pdf"


@pytest.fixture
def client(published: Store, tmp_path: Path) -> FlaskClient:
    server = flask.Flask("test")
    server.register_blueprint(create_briefs(published, tmp_path))
    return server.test_client()


def kept(home: Path) -> set[Path]:
    return {path for path in (home / "briefs").rglob("*") if path.is_file()}


def test_asking_about_a_brief_keeps_none_and_tells_what_a_reader_would_get(
    client: FlaskClient, tmp_path: Path
) -> None:
    about = client.head(LATEST)
    assert (about.status_code, about.mimetype) == (200, "application/pdf")
    assert "Content-Length" not in about.headers
    assert kept(tmp_path) == set()
    whole = client.get(LATEST)
    for name in ("ETag", "Content-Disposition", "Cache-Control"):
        assert whole.headers[name] == about.headers[name]
    assert int(client.head(LATEST).headers["Content-Length"]) == len(whole.data)
    assert client.head(f"/briefs/{DAVAO}/Z/latest.pdf").status_code == 404
    assert client.head(f"/briefs/{DAVAO}/I/2001-01-01-ffffff.pdf").status_code == 404


def test_kept_briefs_are_bounded_and_the_one_used_longest_ago_goes(
    published: Store, tmp_path: Path
) -> None:
    ample = Shelf(published, tmp_path, DisclosureRule())
    asked = [Request(area=DAVAO, sector=sector) for sector in "CFI"]
    sizes = []
    for request in asked[:2]:
        before = kept(tmp_path)
        content = ample.latest(request).content
        assert content is not None
        sizes.append(len(content))
        (path,) = kept(tmp_path) - before
        os.utime(path, (1e9, 1e9))
    first, second = sorted(kept(tmp_path))
    assert ample.latest(asked[0]).content == first.read_bytes()  # used again
    Shelf(published, tmp_path, DisclosureRule(), most_bytes=int(2.5 * max(sizes))).latest(asked[2])
    assert first.exists()
    assert not second.exists()
    assert len(kept(tmp_path)) == 2
    assert ample.latest(asked[1]).content == second.read_bytes()  # made again when asked for
