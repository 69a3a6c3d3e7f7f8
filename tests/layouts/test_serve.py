from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request

from flask import Flask
from typer.testing import CliRunner

from layouts.cli import PortTakenError, serve_command

PROGRAM = """
from flask import Flask
from layouts.cli import serve_command
def create():
    app = Flask("tests")
    app.add_url_rule("/", view_func=lambda: "here")
    return app
serve_command(create)()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_taken_port_is_raised_in_one_clear_line_with_exit_code_4() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = serve_command(lambda: Flask("tests"))
        result = CliRunner().invoke(command, ["--host", "127.0.0.1", "--port", str(port)])
    assert isinstance(result.exception, PortTakenError)
    assert result.exception.exit_code == 4
    said = str(result.exception)
    assert len(said.splitlines()) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in said
    assert "--port" in said


def test_it_serves_says_where_and_stops_when_told() -> None:
    port = free_port()
    started = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--port", str(port), "--workers", "1"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout
        assert f"http://127.0.0.1:{port}" in started.stdout.readline()
        for _ in range(100):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    assert answer.read() == b"here"
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise AssertionError("nothing answered")
    finally:
        started.terminate()
        assert started.wait(timeout=20) == 0
        if started.stdout:
            started.stdout.close()
