"""Files put in by hand: who may, what is refused before a byte is written, the look, the word."""

from __future__ import annotations

import fcntl
import gzip
import io
import os
import re
import stat
import time
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ingest.desk.uploads import kept_name
from ingest.load import load
from ingest.source import source_named
from kms.access import retention
from kms.config import Settings, now
from kms.store.audit import entries
from kms.store.engine import Store
from kms.store.open import SYNTHETIC, set_store_fact
from kms.store.vintages import fault_counts, vintages
from tests.ingest.test_tripwires import FETCHED, FIRST, people, written
from tests.web.people import OPERATOR, send, signed_in, token_on

SOURCE = source_named("doh_case_information")
PATH = "/data/upload"
DAY = FIRST + timedelta(days=40)
NAME = f"DOH COVID Data Drop_ {DAY:%Y%m%d} - 04 Case Information.csv"
NEXT = NAME.replace(f"{DAY:%Y%m%d}", f"{DAY + timedelta(days=1):%Y%m%d}")
CASES = written(people(40)).encode()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", upload_mb=1)


def upload(
    client: FlaskClient, *files: tuple[str, bytes], token: str | None = None, **fields: str
) -> Any:
    """Send files as a browser does: fields first, then the files."""
    given = {
        "do": "upload",
        "form_token": token_on(client, PATH) if token is None else token,
        "source": SOURCE.source_id,
        "day": "",
        "hour": "",
        **fields,
    }
    data: dict[str, Any] = {**given, "file": [(io.BytesIO(content), n) for n, content in files]}
    return client.post(PATH, data=data, content_type="multipart/form-data")


def arrived(answer: Any) -> str:
    """Return the address of an upload's preview."""
    assert answer.status_code == 303, unescape(answer.get_data(as_text=True))
    return str(answer.location).partition("?")[0]


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def take(client: FlaskClient, where: str) -> Any:
    """Press the button of a preview."""
    page = client.get(where).get_data(as_text=True)
    found = re.search(r'name="sha256" value="([0-9a-f]+)"', page)
    assert found, page
    return send(client, where, "take", sha256=found[1])


def on_disk(settings: Settings) -> list[Path]:
    return sorted(path for path in settings.uploads.rglob("*") if path.is_file())


def names(store: Store) -> list[tuple[str, str]]:
    with store.read() as connection:
        return [(row["source_id"], row["state"]) for row in vintages(connection)]


def logged(store: Store) -> list[str]:
    with store.read_ops() as connection:
        return [row["event"] for row in entries(connection, most=50).rows]


def test_a_file_is_looked_at_and_taken_in(steward: FlaskClient, store: Store) -> None:
    where = arrived(upload(steward, (NAME, CASES)))
    page = text_of(steward.get(where))
    assert "These files can be taken in" in page
    assert "the first issue of this source" in page
    assert "case_count" in page
    assert names(store) == []
    answer = take(steward, where)
    assert answer.status_code == 200
    assert "is taken in: 600 of 600 rows" in text_of(answer)
    assert names(store) == [(SOURCE.source_id, "accepted")]
    assert {"upload.receive", "upload.preview", "upload.take"} <= set(logged(store))


def test_a_look_writes_nothing_to_the_store_and_no_snapshot(
    steward: FlaskClient, settings: Settings
) -> None:
    where = arrived(upload(steward, (NAME, CASES)))
    before = (settings.home / "data.sqlite").read_bytes()
    assert steward.get(where).status_code == 200
    assert (settings.home / "data.sqlite").read_bytes() == before
    assert not settings.snapshots.exists()


def test_what_lies_there_is_for_its_owner_alone_and_goes_when_taken(
    steward: FlaskClient, settings: Settings
) -> None:
    where = arrived(upload(steward, (NAME, CASES)))
    for path in settings.uploads.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE(settings.uploads.stat().st_mode) == 0o700
    take(steward, where)
    assert list(settings.uploads.iterdir()) == []


def test_what_was_looked_at_is_what_is_taken_in(
    steward: FlaskClient, settings: Settings, store: Store
) -> None:
    where = arrived(upload(steward, (NAME, CASES)))
    steward.get(where)
    part = next(path for path in on_disk(settings) if path.name == NAME)
    part.write_bytes(written(people(41)).encode())
    answer = take(steward, where)
    assert answer.status_code == 422
    assert "are not those of the preview" in text_of(answer)
    assert send(steward, where, "take", sha256="0" * 64).status_code == 422
    assert names(store) == []


def test_an_upload_is_thrown_away(steward: FlaskClient, settings: Settings, store: Store) -> None:
    where = arrived(upload(steward, (NAME, CASES)))
    assert "The upload is thrown away." in text_of(send(steward, where, "discard"))
    assert on_disk(settings) == []
    assert steward.get(where).status_code == 404
    assert send(steward, PATH, "upload").status_code == 422  # and no file was chosen
    assert "upload.discard" in logged(store)


def test_the_same_file_twice_changes_nothing(steward: FlaskClient, store: Store) -> None:
    take(steward, arrived(upload(steward, (NAME, CASES))))
    where = arrived(upload(steward, (NAME, CASES)))
    assert "This issue is known already" in text_of(steward.get(where))
    assert "was known already; nothing changed" in text_of(take(steward, where))
    assert len(names(store)) == 1


def test_a_later_issue_is_compared_with_the_one_before(steward: FlaskClient) -> None:
    take(steward, arrived(upload(steward, (NAME, CASES))))
    more = written(people(41)).encode()
    page = text_of(steward.get(arrived(upload(steward, (NEXT, more)))))
    assert "compared with the issue of" in page
    counts = re.search(r"case_count</code></th>(.*?)</tr>", page, re.DOTALL)
    assert counts
    added, changed, withdrawn = re.findall(r">([\d,]+)</td>", counts[1])
    assert (int(added) + int(changed) > 0, withdrawn) == (True, "0")


def test_an_issue_that_a_tripwire_holds_says_so_before_and_after(
    steward: FlaskClient, store: Store
) -> None:
    take(steward, arrived(upload(steward, (NAME, CASES))))
    where = arrived(upload(steward, (NEXT, CASES)))
    page = text_of(steward.get(where))
    assert "A tripwire would hold this issue" in page
    assert "The issue says exactly what the one before it said." in page
    assert "is held by a tripwire" in text_of(take(steward, where))
    assert (SOURCE.source_id, "held") in names(store)


def test_two_parts_are_one_issue(steward: FlaskClient, store: Store) -> None:
    head, *rows = CASES.decode().splitlines(keepends=True)
    first, second = head + "".join(rows[:20]), head + "".join(rows[20:])
    parts = [
        (NAME.replace(".csv", f" batch {n}.csv"), part.encode())
        for n, part in enumerate((first, second))
    ]
    where = arrived(upload(steward, *parts))
    assert "is taken in: 600 of 600 rows" in text_of(take(steward, where))
    assert len(names(store)) == 1


def test_the_instant_can_be_given(steward: FlaskClient, store: Store) -> None:
    where = arrived(upload(steward, ("cases.csv", CASES), day=DAY.isoformat()[:10], hour="09:30"))
    assert f"{DAY.day} " in text_of(steward.get(where))
    take(steward, where)
    with store.read() as connection:
        assert vintages(connection)[0]["published_at"].hour == 1  # 09:30 in Manila


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"<html>sign in first</html>", "is a web page"),
        (b'{"error": "expired"}', "is JSON"),
        (b"%PDF-1.7\n", "cannot|PDF|not"),
        (b"CaseCode,Age\n\xff\xfe\x00\n", "UTF-8|NUL"),
        (b"a,b\n1,2\n", "is missing|column"),
        (gzip.compress(b"0" * 3_000_000), "not_csv|unpack|column|size|larger"),
        (CASES.splitlines()[0] + b"\n", "has a header and no rows"),
    ],
)
def test_a_wrong_file_is_refused_with_its_reason(
    steward: FlaskClient, store: Store, content: bytes, words: str
) -> None:
    where = arrived(upload(steward, (NAME, content)))
    page = text_of(steward.get(where))
    assert "These files would be refused" in page
    assert re.search(words, page), page
    assert 'name="sha256"' not in page
    assert names(store) == []


def test_faults_are_told_by_place_and_no_cell_is_shown(steward: FlaskClient) -> None:
    content = CASES.replace(b",2021-01-10,", b",Juan Dela Cruz,", 1)
    page = text_of(steward.get(arrived(upload(steward, (NAME, content)))))
    assert "Where they stand" in page
    assert "Juan" not in page


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\fakepath\\cases.csv", "cases.csv"),
        ("a[1]*?.csv", "a_1___.csv"),
        ('"><img src=x>.csv', "___img src=x_.csv"),
        ("..", "file"),
        (".hidden", "hidden"),
        ("Las Piñas 20200420.csv", "Las Piñas 20200420.csv"),
        ("x" * 300 + ".csv", "x" * 116 + ".csv"),
        ("a\u202egnp.csv", "a_gnp.csv"),
    ],
)
def test_a_file_is_kept_under_a_harmless_name(given: str, kept: str) -> None:
    assert kept_name(given) == kept


def test_a_hostile_name_leads_nowhere_and_is_no_markup(
    steward: FlaskClient, settings: Settings
) -> None:
    where = arrived(upload(steward, ("../../<b>x.csv", CASES)))
    assert [path.name for path in on_disk(settings) if path.suffix == ".csv"] == ["_b_x.csv"]
    assert "<b>x" not in steward.get(where).get_data(as_text=True)


def test_two_parts_of_one_name_are_refused(steward: FlaskClient, settings: Settings) -> None:
    answer = upload(steward, ("a/x.csv", CASES), ("b/x.csv", CASES))
    assert answer.status_code == 422
    assert "two parts are both named" in text_of(answer)
    assert on_disk(settings) == []


def test_nobody_else_writes_a_byte(server: Flask, store: Store, settings: Settings) -> None:
    nobody = server.test_client()
    token = token_on(nobody, "/sign-in")
    assert upload(nobody, (NAME, CASES), token=token).status_code == 401
    maria = signed_in(server, "maria")
    assert upload(maria, (NAME, CASES), token=token_on(maria, "/account")).status_code == 403
    assert not settings.uploads.exists()


def test_a_wrong_token_writes_nothing(steward: FlaskClient, settings: Settings) -> None:
    assert upload(steward, (NAME, CASES), token="0" * 64).status_code == 400
    assert upload(steward, (NAME, CASES), token="").status_code == 400
    assert not settings.uploads.exists()


def test_a_token_after_the_file_comes_too_late(steward: FlaskClient, settings: Settings) -> None:
    boundary = "xyz"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
        f'a\r\n--{boundary}\r\nContent-Disposition: form-data; name="form_token"\r\n\r\n'
        f"{token_on(steward, PATH)}\r\n--{boundary}--\r\n"
    )
    answer = steward.post(PATH, data=body, content_type=f"multipart/form-data; boundary={boundary}")
    assert answer.status_code == 400
    assert not settings.uploads.exists()


def test_another_site_uploads_nothing(steward: FlaskClient, settings: Settings) -> None:
    steward.environ_base["HTTP_SEC_FETCH_SITE"] = "cross-site"
    token = "0" * 64
    assert upload(steward, (NAME, CASES), token=token).status_code == 403
    assert not settings.uploads.exists()


def test_more_than_the_limit_is_refused_in_words(
    steward: FlaskClient, settings: Settings, server: Flask
) -> None:
    # As plain bytes: the client would keep a large form in a file of its own.
    kind = "multipart/form-data; boundary=xyz"
    answer = steward.post(PATH, data=b"0" * (2 << 20), content_type=kind)
    assert answer.status_code == 413
    assert "The files are too large to upload." in text_of(answer)
    assert "kms ingest" in text_of(answer)
    assert not settings.uploads.exists()
    assert upload(server.test_client(), (NAME, b"0" * (1 << 17)), token="").status_code == 413


def test_a_form_without_files_keeps_the_small_limit(steward: FlaskClient) -> None:
    assert steward.post("/data/held", data={"why": "0" * 100_000}).status_code == 413


def test_a_body_that_breaks_off_leaves_nothing(steward: FlaskClient, settings: Settings) -> None:
    boundary = "xyz"
    fields = {"form_token": token_on(steward, PATH), "do": "upload", "source": SOURCE.source_id}
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    body += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
        "CaseCode,Age\r\n1,"
    )
    answer = steward.post(PATH, data=body, content_type=f"multipart/form-data; boundary={boundary}")
    assert answer.status_code == 400
    assert on_disk(settings) == []
    assert list(settings.uploads.iterdir()) == []


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary="])
def test_a_body_without_parts_is_refused(steward: FlaskClient, kind: str) -> None:
    assert steward.post(PATH, data=b"nothing", content_type=kind).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": ""},
        {"source": "no_such"},
        {"source": "measures.entered"},
        {"day": "yesterday"},
        {"day": "2026-01-01", "hour": "25:99"},
    ],
)
def test_a_form_that_says_too_little_keeps_nothing(
    steward: FlaskClient, settings: Settings, wrong: dict[str, str]
) -> None:
    assert upload(steward, (NAME, CASES), **wrong).status_code == 422
    assert on_disk(settings) == []


def test_a_demonstration_takes_no_real_file_and_says_so_first(
    steward: FlaskClient, store: Store, settings: Settings
) -> None:
    token = token_on(steward, PATH)
    set_store_fact(store, SYNTHETIC, "yes")
    page = text_of(steward.get(PATH))
    assert "holds synthetic demonstration data" in page
    assert 'type="file"' not in page
    assert upload(steward, (NAME, CASES), token=token).status_code == 422
    assert on_disk(settings) == []


def test_old_uploads_go_with_the_next_and_by_the_retention(
    steward: FlaskClient, settings: Settings, store: Store
) -> None:
    old = settings.home / arrived(upload(steward, (NAME, CASES))).removeprefix("/data/upload/")
    old = settings.uploads / old.name
    yesterday = (now() - timedelta(days=2)).timestamp()
    os.utime(old, (yesterday, yesterday))
    told = retention.apply(store, settings, at=now(), origin=OPERATOR, dry_run=True)
    assert told["uploads nobody took in"] == 1
    upload(steward, (NAME, CASES))
    assert not old.exists()
    newest = next(settings.uploads.iterdir())
    os.utime(newest, (yesterday, yesterday))
    retention.apply(store, settings, at=now(), origin=OPERATOR, dry_run=False)
    assert not newest.exists()


@pytest.mark.parametrize("where", ["none", "0" * 32, "..", "upload.json"])
def test_an_upload_that_is_not_there_is_not_found(steward: FlaskClient, where: str) -> None:
    assert steward.get(f"{PATH}/{where}").status_code == 404


def test_a_preview_counts_what_a_load_counts(
    steward: FlaskClient, store: Store, tmp_path: Path, settings: Settings
) -> None:
    """The look and the load share their code; this holds them to the same figures."""
    where = arrived(upload(steward, (NAME, CASES)))
    steward.get(where)
    from ingest.desk.uploads import UploadDesk

    desk = UploadDesk(store, settings)
    seen = desk.preview(where.rpartition("/")[2]).issues[0]
    path = tmp_path / NAME
    path.write_bytes(CASES)
    report = load(store, settings, SOURCE, [path], fetched_at=FETCHED)[0]
    assert dict(seen.changes) == dict(report.changes)
    assert (seen.rows_read, seen.rows_accepted) == (report.rows_read, report.rows_accepted)
    with store.read() as connection:
        row = vintages(connection)[0]
        counted = {(f["grade"], f["code"], f["field"]): f["rows"] for f in
                   fault_counts(connection, row["id"])}  # fmt: skip
    assert {(f.grade, f.code, f.field): f.rows for f in seen.faults} == counted
    assert seen.published_at == row["published_at"]


@pytest.mark.parametrize("day", ["0202-11-16", "0001-01-01", "1969-12-31", "9999-12-31"])
def test_a_day_with_a_digit_missing_is_refused(
    steward: FlaskClient, settings: Settings, day: str
) -> None:
    answer = upload(steward, (NAME, CASES), day=day)
    assert answer.status_code == 422
    assert "published on is" in text_of(answer).lower()
    assert on_disk(settings) == []


def test_an_hour_of_another_zone_is_not_taken_for_manila(steward: FlaskClient) -> None:
    answer = upload(steward, (NAME, CASES), day="2021-02-19", hour="16:00+00:00")
    assert answer.status_code == 422


def test_two_words_at_once_about_one_upload_never_both_count(
    steward: FlaskClient, settings: Settings, store: Store
) -> None:
    where = arrived(upload(steward, (NAME, CASES)))
    page = steward.get(where).get_data(as_text=True)
    found = re.search(r'name="sha256" value="([0-9a-f]+)"', page)
    assert found
    with (settings.uploads / where.rpartition("/")[2] / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        taken = send(steward, where, "take", sha256=found[1])
        thrown = send(steward, where, "discard")
    for answer in (taken, thrown):
        assert answer.status_code == 422
        assert "taken in or thrown away just now" in text_of(answer)
    assert names(store) == []
    assert not {"upload.take", "upload.discard"} & set(logged(store))
    assert "is taken in" in text_of(take(steward, where))


def test_a_name_of_hundreds_of_thousands_of_letters_is_cut_at_once() -> None:
    started = time.process_time()
    name = kept_name("é" * 200_000 + ".csv")
    assert time.process_time() - started < 1
    assert name.endswith("é.csv")
    assert len(name.encode()) <= 120


def test_an_upload_that_is_not_there_is_told_without_a_script(steward: FlaskClient) -> None:
    answer = steward.get(f"{PATH}/{'0' * 32}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 404
    assert "<h1" in page
    assert "react-entry-point" not in page


@pytest.mark.parametrize(("length", "status"), [(71, 303), (200, 303), (201, 400)])
def test_a_boundary_a_little_too_long_is_taken(
    steward: FlaskClient, length: int, status: int
) -> None:
    line = "x" * length
    fields = {"do": "upload", "form_token": token_on(steward, PATH), "day": "", "hour": ""}
    body = "".join(
        f'--{line}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {**fields, "source": SOURCE.source_id}.items()
    )
    body += (
        f'--{line}\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
        f"a\r\n--{line}--\r\n"
    )
    answer = steward.post(PATH, data=body, content_type=f"multipart/form-data; boundary={line}")
    assert answer.status_code == status
