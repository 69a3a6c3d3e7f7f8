"""What reaches the server before the door does: lines, heads and bodies that are no HTTP."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from kms.config import ROOT

PROGRAM = """
import sys
from pathlib import Path
from flask import Flask, request
from kms.config import Settings
from kms.web.door import open_door
from layouts.cli import serve_app

def create():
    app = Flask("tests")
    open_door(app, Settings(home=Path(sys.argv[2])))
    app.add_url_rule("/", "here", lambda: "here", methods=["GET", "POST"])
    app.add_url_rule("/read", "read", lambda: str(len(request.get_data())), methods=["POST"])
    app.add_url_rule("/scheme", "scheme", lambda: request.url)
    return app

serve_app(create, "127.0.0.1", int(sys.argv[1]), workers=1)
"""
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve a small application with gunicorn, as `kms serve` does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    home = str(tmp_path_factory.mktemp("home"))
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(free), home],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not _listens(free):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield free
    process.terminate()
    assert process.wait(30) == 0


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def say(port: int, sent: bytes) -> bytes:
    """Send bytes as they are; return what comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        told = b""
        with contextlib.suppress(OSError):  # the server may close without reading all of it
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
            while part := line.recv(65_536):
                told += part
    return told


def status(told: bytes) -> int:
    found = re.match(rb"HTTP/1\.[01] (\d{3}) ", told)
    return int(found[1]) if found else 0


def test_a_plain_request_is_answered_without_a_version(port: int) -> None:
    told = say(port, HEAD + b"Connection: close\r\n\r\n")
    assert status(told) == 200
    (server,) = re.findall(rb"(?im)^server: (.*)\r$", told)
    assert server == b"gunicorn"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"x" * 8_200 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        HEAD + b"".join(b"X-%d: 1\r\n" % number for number in range(80)) + b"\r\n",
        HEAD + b"X: " + b"y" * 9_000 + b"\r\n\r\n",
        HEAD + b"Bad Header: x\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
        b"get / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        HEAD + b"Host: evil.example\x00\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=range(14),
)
def test_what_is_no_request_is_refused_and_the_next_is_answered(port: int, sent: bytes) -> None:
    told = say(port, sent)
    assert status(told) in {0, *range(400, 432), 501, 505}
    assert b"here" not in told
    assert b"Traceback" not in told
    assert status(say(port, HEAD + b"\r\n")) == 200


def test_nobody_s_word_on_the_scheme_is_taken_without_a_proxy(port: int) -> None:
    told = say(
        port,
        b"GET /scheme HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n"
        b"X-Forwarded-Host: evil.example\r\nX-Forwarded-Ssl: on\r\nConnection: close\r\n\r\n",
    )
    assert told.endswith(b"http://localhost/scheme")


def test_a_body_must_say_how_long_it_is(port: int) -> None:
    head = b"POST /read HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    chunk = b"800\r\n" + b"x" * 2_048 + b"\r\n"
    told = say(port, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n")
    assert status(told) in {0, 411}  # 0: closed before we heard
    assert status(say(port, head + b"Content-Length: 5\r\n\r\nhello")) == 200
