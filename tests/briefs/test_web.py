"""Addresses and files of briefs, and the command that writes one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import flask
import pytest
from flask.testing import FlaskClient

from ingest.load import load
from ingest.source import source_named
from kms.access.disclosure import DisclosureRule
from kms.briefs.shelf import Shelf
from kms.briefs.web import create_briefs
from kms.cli.brief import brief_app
from kms.cli.console import run
from kms.compute.publish import publish
from kms.config import Settings
from kms.errors import DONE, REFUSED, UNREACHABLE, USAGE
from kms.reads.request import Request
from kms.store.engine import Store
from kms.store.publications import current_issue, roll_back
from tests.published import DAVAO, NOW, RELEASED, make_published_store, write_inspections

LATEST = f"/briefs/{DAVAO}/I/latest.pdf"


@pytest.fixture
def client(published: Store, tmp_path: Path) -> FlaskClient:
    server = flask.Flask("test")
    server.register_blueprint(create_briefs(published, tmp_path))
    return server.test_client()


@pytest.fixture(scope="session")
def publication(published: Store) -> str:
    with published.read() as connection:
        return current_issue(connection).id


def test_the_newest_brief_is_a_pdf_with_a_readable_name(
    client: FlaskClient, publication: str
) -> None:
    answer = client.get(LATEST)
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF-")
    name = f"ligtas-davao-region-I-{publication}-en.pdf"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{name}"'
    assert answer.headers["Cache-Control"] == "no-cache"


def test_a_reader_who_has_it_gets_no_second_copy(client: FlaskClient) -> None:
    tag = client.get(LATEST).headers["ETag"]
    again = client.get(LATEST, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get(LATEST, query_string={"lang": "fil"}, headers={"If-None-Match": tag})
    assert other.status_code == 200


def test_the_address_of_a_publication_can_be_kept_for_ever(
    client: FlaskClient, publication: str
) -> None:
    kept = client.get(f"/briefs/{DAVAO}/I/{publication}.pdf")
    assert kept.data == client.get(LATEST).data
    assert "immutable" in kept.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/briefs/9999999999/I/latest.pdf", "no area"),
        (f"/briefs/{DAVAO}/Z/latest.pdf", "no sector"),
        (f"/briefs/{DAVAO}/I/2001-01-01-ffffff.pdf", "no publication"),
        (f"/briefs/{DAVAO}/I/latest.pdf?lang=xx", "no brief in language"),
        (f"/briefs/{DAVAO}/<b>/latest.pdf", "&lt;b&gt;"),
        ("/briefs/..%2f..%2fetc/I/latest.pdf", ""),
    ],
)
def test_unknown_codes_get_a_page_and_no_traceback(
    client: FlaskClient, address: str, said: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert said in answer.text
    assert "Traceback" not in answer.text


def test_a_brief_is_made_once_and_then_read_from_disk(published: Store, tmp_path: Path) -> None:
    shelf = Shelf(published, tmp_path, DisclosureRule())
    request = Request(area=DAVAO, sector="F")
    made = shelf.latest(request)
    (path,) = (tmp_path / "briefs" / made.publication_id).iterdir()
    path.write_bytes(b"%PDF-kept")
    assert shelf.latest(request).content == b"%PDF-kept"


def test_another_rule_of_disclosure_is_another_file(published: Store, tmp_path: Path) -> None:
    request = Request(area=DAVAO, sector="F")
    tags = {
        Shelf(published, tmp_path, rule).latest(request).etag
        for rule in (DisclosureRule(), DisclosureRule(threshold=20))
    }
    assert len(tags) == 2


def publish_again(store: Store, settings: Settings) -> str:
    """Publish once more on the same day, with inspections that came an hour later."""
    path = write_inspections(settings.home / "incoming")
    later, source = RELEASED + timedelta(hours=1), source_named("dole_inspections")
    load(store, settings, source, [path], fetched_at=NOW, at=later)
    issue, is_new = publish(store, as_of=later, published_at=NOW, current=True)
    assert is_new
    return issue.id


def test_kept_briefs_outlive_their_day_and_those_rolled_back_do_not(settings: Settings) -> None:
    store = make_published_store(settings, with_inspections=False)
    server = flask.Flask("test")
    server.register_blueprint(create_briefs(store, settings.home))
    client = server.test_client()
    with store.read() as connection:
        first = current_issue(connection).id
    kept = client.get(LATEST).data
    second = publish_again(store, settings)
    newest = client.get(LATEST)
    assert newest.data != kept
    assert client.get(f"/briefs/{DAVAO}/I/{first}.pdf").data == kept
    not_kept = client.get(f"/briefs/{DAVAO}/F/{first}.pdf")
    assert not_kept.status_code == 404
    assert "was replaced on its own day" in not_kept.text
    roll_back(store)
    assert client.get(f"/briefs/{DAVAO}/I/{second}.pdf").status_code == 404
    assert client.get(LATEST).data == kept
    store.close()


def test_the_command_writes_the_file(
    published_home: Path, published: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KMS_HOME", str(published_home))
    path = tmp_path / "brief.pdf"
    words = ["--area", DAVAO, "--sector", "I", "--lang", "fil", "-o", str(path)]
    assert run(brief_app, words) == DONE
    shelf = Shelf(published, tmp_path, DisclosureRule())
    wanted = shelf.latest(Request(area=DAVAO, sector="I", language="fil"))
    assert path.read_bytes() == wanted.content


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--area", "9999999999", "--sector", "I", "-o", "x.pdf"], REFUSED),
        (["--area", DAVAO, "--sector", "I", "-o", "x.pdf", "--format", "gif"], USAGE),
        (["--area", DAVAO, "--sector", "I", "-o", "missing/x.pdf"], UNREACHABLE),
        (["--area", DAVAO], USAGE),
    ],
)
def test_the_command_refuses_with_its_exit_code(
    published_home: Path,
    published: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: int,
) -> None:
    monkeypatch.setenv("KMS_HOME", str(published_home))
    monkeypatch.chdir(tmp_path)
    assert run(brief_app, words) == code
