"""What a server, or somebody between, may try: elsewhere, too slow, too much, too little."""

from __future__ import annotations

import gzip
import logging
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.connect.fetch import FETCHED, Failed, Fetched, fetch_feeds
from kms.domain.intake import IntakeReport
from kms.errors import ConfigError, ContractError, FetchError, KmsError
from tests.ingest.connect import web_server
from tests.ingest.connect.conftest import AT, NAME, SAMPLE, SOURCE, Feeds
from tests.ingest.connect.web_server import OTHER, OWN, Request, WebServer

Entry = Callable[..., dict[str, object]]
PATH = f"/{NAME}"
OK = b"HTTP/1.1 200 OK\r\n"
SHORT = 1  # second
SLACK = 3  # seconds within which a limit of a second must have worked


def code(failed: Failed) -> str:
    """Return the fault's code of a refusal."""
    assert isinstance(failed.error, ContractError)
    return failed.error.code


def taken(feeds: Feeds) -> bool:
    """Tell whether the one feed's file was fetched and taken in."""
    state, report = feeds.once()
    return state == FETCHED and isinstance(report, IntakeReport) and report.status == "accepted"


# Redirects.


def test_a_redirect_on_the_same_host_is_followed(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.serve(PATH, SAMPLE)
    server.redirect("/1", "/2")
    server.redirect("/2", server.address("/3"))
    server.redirect("/3", f"//{OWN}:{server.port}{PATH}")
    feeds.write(web_feed("/1", name=NAME))
    assert taken(feeds)


def test_four_redirects_are_one_too_many(feeds: Feeds, server: WebServer, web_feed: Entry) -> None:
    server.serve(PATH, SAMPLE)
    for hop in range(1, 4):
        server.redirect(f"/{hop}", f"/{hop + 1}")
    server.redirect("/4", PATH)
    feeds.write(web_feed("/1", name=NAME))
    failed = feeds.failure()
    assert code(failed) == "bad_redirect"
    assert [request.path for request in server.asked] == ["/1", "/2", "/3", "/4"]


def test_a_redirect_to_another_host_is_followed_only_if_it_is_named(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.serve(PATH, SAMPLE)
    server.redirect("/1", server.address(PATH, OTHER))
    feeds.hosts[OTHER] = ["127.0.0.1"]
    feeds.write(web_feed("/1", name=NAME))
    failed = feeds.failure()
    assert code(failed) == "bad_redirect"
    assert f"redirects to 'https://{OTHER}:{server.port}'" in str(failed.error)
    feeds.write(web_feed("/1", name=NAME, also_hosts=[OTHER]))  # another port than https's own
    assert code(feeds.failure()) == "bad_redirect"
    feeds.write(web_feed("/1", name=NAME, also_hosts=[f"{OTHER.upper()}:{server.port}"]))
    assert taken(feeds)
    assert server.names[-1] == OTHER  # a handshake of its own, though on the same machine


@pytest.mark.parametrize(
    "target",
    [
        "http://{own}{path}", "ftp://{own}{path}", "file:///etc/passwd", "https://user@{own}{path}",
        "https://feeds.example{path}", "https://feeds.example:22{path}", "https://127.0.0.1/x",
        "https://169.254.169.254/latest/meta-data/", "https://[::1]/x", "https://2130706433/x",
        "https://feeds.example.evil.example{path}", "//evil.example/x", "https://", "https://[", "",
        "https://feeds.example%2eevil.example/", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_a_redirect_elsewhere_is_refused_and_not_followed(
    target: str, feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.serve(PATH, SAMPLE)
    server.redirect("/1", target.format(own=f"{OWN}:{server.port}", path=PATH))
    feeds.write(web_feed("/1", name=NAME))
    failed = feeds.failure()
    assert isinstance(failed.error, ContractError)
    assert code(failed) == "bad_redirect"
    assert {request.path for request in server.asked} <= {"/1"}


def test_a_redirect_to_a_named_host_on_a_private_network_is_refused(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    feeds.hosts[OTHER] = ["169.254.169.254"]
    server.redirect("/1", server.address(PATH, OTHER))
    feeds.write(web_feed("/1", name=NAME, also_hosts=[f"{OTHER}:{server.port}"]))
    failed = feeds.failure()
    assert code(failed) == "bad_redirect"
    assert "169.254.169.254, an address of this machine's surroundings" in str(failed.error)


# Machines.


def test_a_private_machine_is_not_asked_unless_the_feed_says_so(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.serve(PATH, SAMPLE)
    feeds.write(web_feed(private=False))
    failed = feeds.failure()
    assert isinstance(failed.error, ConfigError)
    assert "stands for 127.0.0.1, an address of a private network" in str(failed.error)
    assert not server.asked


def test_one_private_answer_among_public_ones_is_enough(feeds: Feeds, web_feed: Entry) -> None:
    feeds.hosts[OWN] = ["1.1.1.1", "10.0.0.7"]
    feeds.write(web_feed(private=False))
    assert "stands for 10.0.0.7" in str(feeds.failure().error)


@pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2"])
def test_the_next_address_of_a_host_is_tried(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.serve(PATH, SAMPLE)
    feeds.hosts[OWN] = ["127.0.0.2", "127.0.0.1"]  # nobody listens on the first
    feeds.write(web_feed())
    assert taken(feeds)


def test_the_name_server_is_asked_once_so_that_it_cannot_change_its_mind(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.serve(PATH, SAMPLE)
    asked: list[str] = []

    def turncoat(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.7"]

    feeds.write(web_feed())
    (item,) = fetch_feeds(feeds.store, feeds.settings, at=AT, resolve=turncoat)
    assert isinstance(item, Fetched)
    assert asked == [OWN]


def test_the_certificate_must_name_the_host_and_come_from_somebody_believed(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.serve(PATH, SAMPLE)
    feeds.hosts["stranger.example"] = ["127.0.0.1"]
    feeds.write(web_feed(address=server.address(PATH, "stranger.example")))
    assert "not believed (Hostname mismatch" in str(feeds.failure().error)
    entry = web_feed()
    del entry["ca_file"]
    feeds.write(entry)
    assert "not believed (unable to get local issuer" in str(feeds.failure().error)
    assert not server.asked


def test_a_unicode_host_and_an_odd_port_are_asked_in_their_written_form(
    feeds: Feeds, tmp_path: Path
) -> None:
    feeds.hosts["xn--lusg-sqa.example"] = ["127.0.0.1"]
    with web_server.running(tmp_path, tls=False) as server:
        server.serve(PATH, SAMPLE)
        address = server.address(PATH, "lusóg.example")
        feeds.write({"source": SOURCE, "address": address, "private": True, "insecure": True})
        failed_or_not = feeds.once()
        assert failed_or_not[0] == FETCHED, failed_or_not
        assert server.asked[0]["Host"] == f"xn--lusg-sqa.example:{server.port}"


def test_proxies_and_sign_ins_of_the_environment_are_not_used(
    feeds: Feeds, server: WebServer, web_feed: Entry, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    server.serve(PATH, SAMPLE)
    (tmp_path / "netrc").write_text(f"machine {OWN} login a password b\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    feeds.write(web_feed())
    assert taken(feeds)
    assert server.asked[0]["Authorization"] == ""


# Secrets.


def test_a_token_goes_to_its_own_host_only_and_nowhere_else(
    feeds: Feeds, server: WebServer, web_feed: Entry, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("DOH_FEED_TOKEN", "s3cr3t-t0ken")
    feeds.hosts[OTHER] = ["127.0.0.1"]
    server.serve(PATH, b"<html>")
    server.redirect("/1", server.address(PATH, OTHER) + "?signature=abc")
    feeds.write(
        web_feed("/1?api_key={token}", name=NAME, also_hosts=[f"{OTHER}:{server.port}"],
                 token_env="DOH_FEED_TOKEN"),
        web_feed("/2", token_env="DOH_FEED_TOKEN"),
        web_feed("/3", token_env="DOH_FEED_TOKEN", header="X-Key"),
    )  # fmt: skip
    told = feeds.night()
    assert [request.path for request in server.asked] == [
        "/1?api_key=s3cr3t-t0ken", f"{PATH}?signature=abc", "/2", "/3",
    ]  # fmt: skip
    assert [request["Authorization"] for request in server.asked] == [
        "", "", "Bearer s3cr3t-t0ken", "",
    ]  # fmt: skip
    assert [request["X-Key"] for request in server.asked][-1] == "s3cr3t-t0ken"
    said = caplog.text + "".join(f"{error}" for _, error in told)
    assert "s3cr3t" not in said
    assert "signature" not in said


def test_a_redirect_to_another_host_gets_no_token_and_no_password(
    feeds: Feeds, server: WebServer, web_feed: Entry, tmp_path: Path
) -> None:
    (tmp_path / "word").write_text("pässword\n", encoding="utf-8")
    feeds.hosts[OTHER] = ["127.0.0.1"]
    server.serve(PATH, SAMPLE)
    server.redirect("/1", "/2")
    server.redirect("/2", server.address(PATH, OTHER))
    feeds.write(
        web_feed("/1", name=NAME, also_hosts=[f"{OTHER}:{server.port}"], user="ligtas",
                 password_file=tmp_path / "word")
    )  # fmt: skip
    assert taken(feeds)
    given = [request["Authorization"] for request in server.asked]
    assert given == ["Basic bGlndGFzOnDDpHNzd29yZA==", "Basic bGlndGFzOnDDpHNzd29yZA==", ""]


@pytest.mark.parametrize("token", ["two\nlines", "tókén"])
def test_a_token_no_header_can_hold_is_refused_without_showing_it(
    token: str, feeds: Feeds, server: WebServer, web_feed: Entry, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(token, encoding="utf-8")
    feeds.write(web_feed(token_file=tmp_path / "token"))
    failed = feeds.failure()
    assert "no header may hold" in str(failed.error)
    assert token not in str(failed.error)


def test_what_is_stored_of_an_address_holds_nothing_of_its_query(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.serve(PATH, SAMPLE)
    feeds.write(web_feed(f"{PATH}?x=private-word"), web_feed(f"{PATH}?x=other"))
    places = [item.place for item in feeds.items()]
    assert len(set(places)) == 2
    assert all(place.startswith(server.address(PATH) + "?…") for place in places)
    assert "private-word" not in "".join(places)


# Answers.


@pytest.mark.parametrize(
    ("status", "retryable", "says"),
    [
        ("500 Oops", True, "answered 500"), ("503 Busy", True, "answered 503"),
        ("429 Slow", True, "answered 429"), ("408 Late", True, "answered 408"),
        ("401 Who", False, "wants a sign-in; check the token"), ("403 No", False, "refuses us"),
        ("404 Gone", False, "moved it, check the address"), ("410 Gone", False, "new address"),
        ("206 Part", False, "answered 206"), ("204 None", False, "answered 204"),
        ("418 Tea", False, "answered 418"), ("300 Many", False, "answered 300"),
    ],
)  # fmt: skip
def test_any_other_status_is_no_file(
    status: str, retryable: bool, says: str, feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.serve(PATH, b"" if status[0:3] == "204" else SAMPLE, status=status)
    feeds.write(web_feed())
    failed = feeds.failure()
    assert isinstance(failed.error, FetchError)
    assert failed.is_retryable is retryable
    assert says in str(failed.error)


@pytest.mark.parametrize(
    "pieces",
    [
        (OK + b"Content-Length: 5000\r\n\r\n", SAMPLE[:700]),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"2bc\r\n" + SAMPLE[:700] + b"\r\n"),
        (OK + b"\r\n", SAMPLE),  # nobody could tell
        (OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(SAMPLE)[:-9]),
        (OK + b"Content-Length: 300\r\nContent-Encoding: gzip\r\n\r\n",
         gzip.compress(SAMPLE)[:300]),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",),
    ],
)  # fmt: skip
def test_a_body_cut_off_is_refused(
    pieces: tuple[bytes, ...], feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.raw(PATH, *pieces)
    feeds.write(web_feed())
    assert code(feeds.failure()) == "truncated"


@pytest.mark.parametrize(
    "pieces",
    [
        (OK + b"Transfer-Encoding: chunked\r\n\r\n",
         f"{len(SAMPLE):x}\r\n".encode() + SAMPLE + b"\r\n0\r\n\r\n"),
        (OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(SAMPLE)),
        (OK + b"Content-Encoding: x-gzip\r\n\r\n",
         gzip.compress(SAMPLE[:400]) + gzip.compress(SAMPLE[400:])),
    ],
)  # fmt: skip
def test_other_ways_to_send_a_whole_body_are_read(
    pieces: tuple[bytes, ...], feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.raw(PATH, *pieces)
    feeds.write(web_feed())
    (item,) = feeds.items()
    assert not isinstance(item, Failed), item.error
    assert server.asked[0]["Accept-Encoding"] == "gzip"
    assert taken(feeds)


def test_an_answer_without_its_length_is_taken_where_the_feed_allows_it(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.raw(PATH, b"HTTP/1.0 200 OK\r\n\r\n", SAMPLE)
    feeds.write(web_feed(unsized=True))
    assert taken(feeds)


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (b"Content-Encoding: br", b"x", "unsupported"),
        (b"Content-Encoding: gzip, gzip", gzip.compress(gzip.compress(SAMPLE)), "unsupported"),
        (b"Content-Encoding: gzip", SAMPLE, "damaged"),
        (b"Content-Encoding: gzip", gzip.compress(SAMPLE) + b"rubbish", "damaged"),
    ],
)
def test_what_the_transport_packed_wrongly_is_refused(
    head: bytes, body: bytes, expected: str, feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.raw(PATH, OK + head + f"\r\nContent-Length: {len(body)}\r\n\r\n".encode(), body)
    feeds.write(web_feed())
    assert code(feeds.failure()) == expected


def test_an_answer_that_is_not_http_says_so(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.raw(PATH, b"220 ftp ready\r\n\r\n")
    feeds.write(web_feed())
    failed = feeds.failure()
    assert "an answer that is not HTTP" in str(failed.error)
    assert failed.is_retryable


def endless(head: bytes, chunk: bytes, pause: float = 0.0) -> Callable[[Request], Iterator[bytes]]:
    """Return a route that never ends."""

    def answer(_request: Request) -> Iterator[bytes]:
        yield head
        while True:
            time.sleep(pause)
            yield chunk

    return answer


@pytest.mark.parametrize(
    "head", [b"\r\n", b"Content-Length: 999999999\r\n\r\n", b"Content-Encoding: gzip\r\n\r\n"]
)
def test_an_endless_body_ends_at_the_limit(
    head: bytes, feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    packer = zlib.compressobj(0, wbits=31)
    chunk = packer.compress(SAMPLE * 99) if b"gzip" in head else SAMPLE * 99
    server.routes[PATH] = endless(OK + head, chunk)
    feeds.write(web_feed(unsized=True, most_bytes=1_000_000))
    failed = feeds.failure()
    assert "sends more than 1,000,000 bytes" in str(failed.error) or code(failed) == "damaged"
    assert not list((feeds.settings.home / "tmp").iterdir())


def test_a_bomb_in_what_the_transport_packed_is_refused(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    bomb = gzip.compress(bytes(60 << 20))
    assert len(bomb) < 70_000
    server.serve(PATH, bomb, "Content-Encoding: gzip")
    feeds.write(web_feed())
    assert code(feeds.failure()) == "bomb"
    feeds.write(web_feed(most_bytes=1 << 20))
    assert code(feeds.failure()) == "too_large"


@pytest.mark.parametrize(
    ("head", "chunk"),
    [
        (OK + b"Content-Length: 5000\r\n\r\n", b"x"),
        (OK + b"X-Filler: ", b"x"),  # the head itself drips
        (b"", b"H"),
        (OK + b"Content-Length: 5000\r\n\r\n", b""),  # silence
    ],
)
def test_a_slow_drip_ends_when_the_time_is_up(
    head: bytes, chunk: bytes, feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.routes[PATH] = endless(head, chunk, 0.05)
    feeds.write(web_feed(deadline_seconds=SHORT))
    begun = time.monotonic()
    failed = feeds.failure()
    lasted = time.monotonic() - begun
    assert "was not there whole after 1 seconds" in str(failed.error)
    assert failed.is_retryable
    assert SHORT * 0.9 <= lasted < SHORT + SLACK
    assert not [t for t in threading.enumerate() if isinstance(t, threading.Timer)]


def test_nobody_at_home_is_a_failure_that_may_pass(feeds: Feeds, web_feed: Entry) -> None:
    feeds.write(web_feed(address=f"https://{OWN}:1/{NAME}"))
    failed = feeds.failure()
    assert "cannot be reached (ConnectError)" in str(failed.error)
    assert (failed.is_retryable, failed.state) == (True, "unreachable")
    assert isinstance(failed.error, KmsError)


def test_an_authority_that_cannot_be_read_says_so(
    feeds: Feeds, server: WebServer, web_feed: Entry, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("no certificate", encoding="utf-8")
    for name in ("ca.pem", "none.pem"):
        feeds.write(web_feed(ca_file=tmp_path / name))
        failed = feeds.failure()
        assert isinstance(failed.error, ConfigError)
        assert "holds no certificates that can be read" in str(failed.error)


@pytest.mark.parametrize(
    "target", ["https://feeds.example:99999/x", "https://[::1/x", "https://xn--/"]
)
def test_a_redirect_nobody_can_read_is_refused(
    target: str, feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.redirect("/1", target)
    feeds.write(web_feed("/1", name=NAME))
    assert code(feeds.failure()) == "bad_redirect"


def test_a_fault_of_ours_stops_only_its_own_feed(
    feeds: Feeds, server: WebServer, web_feed: Entry
) -> None:
    server.serve(PATH, SAMPLE)

    def broken(host: str, port: int) -> list[str]:
        if host == OTHER:
            raise RuntimeError("s3cr3t")
        return ["127.0.0.1"]

    feeds.write(web_feed(address=server.address(PATH, OTHER)), web_feed())
    failed, fetched = fetch_feeds(feeds.store, feeds.settings, at=AT, resolve=broken)
    assert isinstance(failed, Failed)
    assert isinstance(fetched, Fetched)
    assert "cannot be fetched (RuntimeError); the log has the details" in str(failed.error)
    assert "s3cr3t" not in str(failed.error)
