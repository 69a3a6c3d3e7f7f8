"""Objects of an S3 store: taken once, whole, from the endpoint named and no other machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ingest.connect.fetch import FETCHED, UNCHANGED, Failed, Fetched
from kms.config import now
from kms.domain.intake import IntakeReport
from kms.errors import ConfigError, ContractError, FetchError
from kms.store.vintages import vintages
from tests.ingest.connect import web_server
from tests.ingest.connect.conftest import SAMPLE, SOURCE, Feeds, edited
from tests.ingest.connect.web_server import Request

HOST, REGION = "localhost", "ap-southeast-1"
FIRST, SECOND = "in/measures_20260126.csv", "in/ncr-measures_20260126.csv"
LATER = now() + timedelta(hours=1)  # the store dates objects by the clock


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Give a store of objects on this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str) -> Iterator[Any]:
    """Give an empty bucket."""
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name=REGION, aws_access_key_id="a",
        aws_secret_access_key="b",
    )  # fmt: skip
    where = {"LocationConstraint": REGION}
    client.create_bucket(Bucket="doh", CreateBucketConfiguration=where)
    yield _Bucket(client)
    for one in client.list_objects_v2(Bucket="doh").get("Contents", []):
        client.delete_object(Bucket="doh", Key=one["Key"])
    client.delete_bucket(Bucket="doh")
    client.close()


class _Bucket:
    """A bucket files are put into."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def put(self, key: str, body: bytes = SAMPLE) -> None:
        """Put an object there."""
        self._client.put_object(Bucket="doh", Key=key, Body=body)


@pytest.fixture
def s3(feeds: Feeds, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Feeds:
    """Give feeds that may sign in to the store, and know its name."""
    monkeypatch.setenv("STORE_KEY", "a")
    monkeypatch.setenv("STORE_SECRET", "s3cr3t")
    feeds.hosts[HOST] = ["127.0.0.1"]
    return feeds


def entry(endpoint: str, address: str = "s3://doh/in/*.csv", **more: object) -> dict[str, object]:
    """Return an entry of the feeds file."""
    return {
        "source": SOURCE, "address": address, "private": True, "insecure": True,
        "endpoint": f"http://{HOST}:{urlsplit(endpoint).port}",
        "key_env": "STORE_KEY", "secret_env": "STORE_SECRET", **more,
    }  # fmt: skip


def renamed(text: bytes) -> bytes:
    """Return the sample as another part: other measures."""
    return text.replace(b"SAMPLE-M", b"SAMPLE-N")


def test_objects_are_taken_in_once_by_issue(s3: Feeds, bucket: _Bucket, endpoint: str) -> None:
    bucket.put(FIRST)
    bucket.put(SECOND, renamed(SAMPLE))
    bucket.put("in/measures_20260119.csv", edited())
    bucket.put("in/measures_20260202.csv.part", b"half")
    bucket.put("in/other.txt", b"no")
    s3.write(entry(endpoint))
    told = s3.night(LATER)
    assert [state for state, _ in told] == [FETCHED, FETCHED]
    reports = [report for _, report in told if isinstance(report, IntakeReport)]
    assert [report.vintage[:17] for report in reports] == ["measures-20260119", "measures-20260126"]
    rows = SAMPLE.count(b"SAMPLE-M")
    assert [report.rows_read for report in reports] == [rows, 2 * rows]
    assert s3.night(LATER) == [(UNCHANGED, None), (UNCHANGED, None)]


def test_a_changed_part_brings_its_whole_issue_again(
    s3: Feeds, bucket: _Bucket, endpoint: str
) -> None:
    bucket.put(FIRST)
    s3.write(entry(endpoint))
    s3.night(LATER)
    bucket.put(SECOND, renamed(SAMPLE))  # a part that came a day late
    (item,) = s3.items(LATER)
    assert isinstance(item, Fetched)
    assert [path.name for path in item.files] == [FIRST[3:], SECOND[3:]]
    ((_, error),) = s3.night(LATER)
    assert isinstance(error, ContractError)
    assert error.code == "rival_issue"
    with s3.store.read() as connection:
        assert len(vintages(connection)) == 1


def test_the_same_bytes_put_again_are_unchanged(s3: Feeds, bucket: _Bucket, endpoint: str) -> None:
    bucket.put(FIRST)
    s3.write(entry(endpoint, f"s3://doh/{FIRST}"))
    assert s3.once(LATER)[0] == FETCHED
    bucket.put(FIRST)
    assert s3.once(LATER) == (UNCHANGED, None)


def test_a_single_object_may_get_another_name(s3: Feeds, bucket: _Bucket, endpoint: str) -> None:
    bucket.put("in/latest.csv")
    s3.write(entry(endpoint, "s3://doh/in/latest.csv", name="measures_{date}.csv"))
    (item,) = s3.items(LATER)
    assert isinstance(item, Fetched)
    assert item.files[0].name.startswith("measures_20")
    assert item.place == "s3://doh/in/latest.csv"


def test_a_young_object_may_still_be_written_to(s3: Feeds, bucket: _Bucket, endpoint: str) -> None:
    bucket.put(FIRST)
    s3.settings = s3.settings.model_copy(update={"inbox_quiet_seconds": 7200})
    s3.write(entry(endpoint))
    failed = s3.failure(LATER)
    assert "1 of 1 objects of an issue changed less than 7200 seconds ago" in str(failed.error)
    assert failed.is_retryable
    assert s3.once(LATER + timedelta(hours=2))[0] == FETCHED


def test_one_bad_issue_does_not_stop_the_next(s3: Feeds, bucket: _Bucket, endpoint: str) -> None:
    bucket.put("in/measures_20260119.csv", b"<html>")
    bucket.put("in/measures_20261399.csv")
    bucket.put("in/measures_20260126.csv", SAMPLE)
    bucket.put("in/measures_20260131.csv", SAMPLE * 200)
    s3.write(entry(endpoint, most_bytes=100_000))
    told = s3.night(LATER)
    states = [(state, getattr(said, "code", "")) for state, said in told]
    assert sorted(states) == [
        (FETCHED, ""), ("not taken in", "bad_name"), ("not taken in", "not_csv"),
        ("refused", "too_large"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says", "retryable"),
    [
        ({"address": "s3://doh/none.csv"}, "nothing is there; check the bucket", False),
        ({"address": "s3://nobucket/none.csv"}, "nothing is there; check the bucket", False),
        ({"address": "s3://doh/none*.csv"}, "no object is there", False),
        ({"endpoint": f"http://{HOST}:1"}, "cannot be reached", True),
        ({"endpoint": "http://unknown.example:1"}, "the host 'unknown.example' is not known", True),
    ],
)
def test_what_is_not_there_says_so(
    change: dict[str, object], says: str, retryable: bool,
    s3: Feeds, bucket: _Bucket, endpoint: str,
) -> None:  # fmt: skip
    s3.write({**entry(endpoint), **change})
    failed = s3.failure(LATER)
    assert isinstance(failed.error, FetchError), failed.error
    assert says in str(failed.error)
    assert failed.is_retryable is retryable
    assert "s3cr3t" not in str(failed.error)


@pytest.mark.parametrize("host", [HOST, "127.0.0.1", "127.1", "2130706433", "0x7f.1"])
def test_an_endpoint_on_a_private_network_must_be_named_as_such(
    host: str, s3: Feeds, bucket: _Bucket, endpoint: str
) -> None:
    bucket.put(FIRST)
    port = urlsplit(endpoint).port
    told: dict[str, object] = {"private": False, "insecure": False}
    s3.hosts[host] = ["127.0.0.1"]
    s3.write(entry(endpoint) | told | {"endpoint": f"https://{host}:{port}"})
    failed = s3.failure(LATER)
    assert isinstance(failed.error, ConfigError)
    assert "stands for 127.0.0.1, an address of a private network" in str(failed.error)


def test_sign_ins_and_proxies_of_the_machine_are_not_used(
    s3: Feeds, bucket: _Bucket, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put(FIRST)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    s3.write(entry(endpoint))
    assert s3.once(LATER)[0] == FETCHED


def test_amazons_own_hosts_are_checked_like_any_other(feeds: Feeds) -> None:
    told = {"source": SOURCE, "address": "s3://doh/in/x.csv", "anonymous": True}
    feeds.hosts[f"doh.s3.{REGION}.amazonaws.com"] = ["10.0.0.7"]
    feeds.write(told)
    (item,) = feeds.items(LATER)
    assert isinstance(item, Failed)
    assert f"'doh.s3.{REGION}.amazonaws.com' stands for 10.0.0.7" in str(item.error)


def answering(*pieces: bytes, pause: float = 0.0) -> Callable[[Request], Iterator[bytes]]:
    """Return a route that gives these pieces, the last one for ever if it is to pause."""

    def answer(request: Request) -> Iterator[bytes]:
        if HEAD in pieces and not request["If-Match"]:  # only asked what there is
            yield HEAD
            return
        yield from pieces
        while pause:
            time.sleep(pause)
            yield pieces[-1]

    return answer


HEAD = (
    b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\nETag: "a"\r\n'
    b"Last-Modified: Mon, 26 Jan 2026 08:00:00 GMT\r\n\r\n"
)  # fmt: skip


@pytest.mark.parametrize(
    ("route", "says", "retryable"),
    [
        (answering(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"), "the store refuses us", False),
        (answering(b"HTTP/1.1 200 OK\r\nX-A: ", b"x", pause=0.05), "not there whole after 2", True),
        (answering(HEAD, b"x", pause=0.05), "not there whole after 2", True),
        (answering(HEAD, b"x" * 400), "cannot be reached", True),
        (answering(b"HTTP/1.1 412 No\r\nContent-Length: 0\r\n\r\n"), "cannot be reached", True),
    ],
)
def test_a_store_that_misbehaves_is_left(
    route: Callable[[Request], Iterator[bytes]], says: str, retryable: bool,
    s3: Feeds, tmp_path: Path,
) -> None:  # fmt: skip
    patience = 2 if "after 2" in says else 60
    with web_server.running(tmp_path, tls=False) as server:
        server.routes["/doh/in/measures_20260126.csv"] = route
        told = entry(server.address("/"), f"s3://doh/{FIRST}", deadline_seconds=patience)
        s3.write(told)
        begun = time.monotonic()
        failed = s3.failure(LATER)
        lasted = time.monotonic() - begun
    assert says in str(failed.error)
    assert failed.is_retryable is retryable
    assert lasted < 10 * patience


def test_an_object_replaced_while_it_is_fetched_is_taken_the_next_time(
    s3: Feeds, tmp_path: Path
) -> None:
    with web_server.running(tmp_path, tls=False) as server:

        def answer(request: Request) -> Iterator[bytes]:
            if request["If-Match"]:
                yield b"HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n"
            else:
                yield HEAD

        server.routes["/doh/in/measures_20260126.csv"] = answer
        s3.write(entry(server.address("/"), f"s3://doh/{FIRST}"))
        failed = s3.failure(LATER)
    assert "changed while it was read" in str(failed.error)
    assert failed.is_retryable
