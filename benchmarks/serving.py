"""Pages: what they cost the server beside raw Flask that returns the same bytes.

Three servers of one process, each as `kms serve` starts it, on a small published line list: the
product, the product with nothing kept (every request reads, draws, writes and compresses its page),
and Flask with two routes that return the headers and bodies the product sent. One reader on one
connection asks each in turn, in rounds; shown is the median round: CPU milliseconds of the server
for one answer (user and system, over the loopback, HTTP included) and its ratio to Flask's.
Budgets: a kept page at most 1.2 times Flask, one made anew at most 5 times and 3 ms. The exit code
is 1 when an answer is not what it must be.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from ingest.load import load
from ingest.nightly.refresh import refresh
from ingest.source import source_named
from kms.access.accounts import people, sessions
from kms.access.audit import Origin
from kms.config import Settings, now
from kms.domain.principal import ANALYST, COMMAND, Grant, Principal
from kms.store.open import CLOCK, opened, set_store_fact

ROOT = Path(__file__).resolve().parents[1]
INPUT_WRITER = Path(__file__).parent / "case_release" / "write_input.py"
ROWS, RELEASED = 200_000, datetime(2023, 6, 11, tzinfo=UTC)
CALL, NAME = "/_dash-update-component", "bench.analyst"
KEPT_BUDGET, ANEW_BUDGET, ANEW_MS = 1.2, 5.0, 3.0
PRODUCT = """
import sys
import kms.reads.frame
from app import create_app
from layouts.cli import serve_app
if sys.argv[2] == "anew":
    kms.reads.frame.Edition = lambda store: None  # nothing is kept without one
serve_app(create_app, "127.0.0.1", int(sys.argv[1]), workers=1)
"""
RAW = """
import json, sys
import flask
from layouts.cli import serve_app
def create():
    server = flask.Flask("raw")
    for name, sent in json.load(open(sys.argv[2])).items():
        body, headers = bytes.fromhex(sent["body"]), [tuple(each) for each in sent["headers"]]
        def answer(body=body, headers=headers):
            return flask.Response(body, headers=headers)
        server.add_url_rule(sent["path"], name, answer, methods=[sent["method"]])
    return server
serve_app(create, "127.0.0.1", int(sys.argv[1]), workers=1)
"""
SHELL = "shell-address"
BODY = json.dumps(
    {
        "output": "shell-page.children",
        "outputs": {"id": "shell-page", "property": "children"},
        "inputs": [
            {"id": SHELL, "property": "pathname", "value": "/"},
            {"id": SHELL, "property": "search", "value": ""},
        ],
        "changedPropIds": [f"{SHELL}.pathname", f"{SHELL}.search"],
    }
)


@dataclass
class Asked:
    """One kind of request, and what it cost in each round."""

    label: str
    port: int
    pid: int
    count: int
    against: str = ""  # the label of what returns the same bytes
    budget: float = 0.0
    is_call: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    spent: list[float] = field(default_factory=list)

    @property
    def ms(self) -> float:
        """CPU milliseconds of the median round, for one answer."""
        return statistics.median(self.spent)


def main() -> int:
    options = argparse.ArgumentParser(description="The cost of pages")
    options.add_argument(
        "--home", type=Path, help="a store to copy instead, such as the demonstration's"
    )
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--requests", type=int, default=1_500, help="in a round, of kept pages")
    given = options.parse_args()
    with TemporaryDirectory(prefix="kms-bench-") as folder:
        home = Path(folder) / "home"
        fill(home, given.home)
        return measure(home, given.rounds, given.requests)


def fill(home: Path, copied: Path | None) -> None:
    """Publish a small line list as the scheduler does, or copy a store."""
    if copied is not None:
        shutil.copytree(copied, home)
        return
    parts = home.parent / "parts"
    parts.mkdir()
    subprocess.run([sys.executable, INPUT_WRITER, parts, str(ROWS)], check=True)
    settings = Settings(home=home, log_level="ERROR")
    with opened(settings) as store:
        set_store_fact(store, CLOCK, RELEASED.isoformat())
        source = source_named("doh_case_information")
        load(store, settings, source, [parts], fetched_at=RELEASED)
        refresh(store, settings)


def surroundings(home: Path) -> dict[str, str]:
    """Return the environment of the servers."""
    return os.environ | {"KMS_HOME": str(home), "PYTHONPATH": str(ROOT), "KMS_LOG_LEVEL": "ERROR"}


def analyst(home: Path) -> str:
    """Open an account and a session; return its cookie."""
    at, grants = now(), [Grant(ANALYST)]
    origin = Origin(Principal(account="operator", name="operator", via=COMMAND))
    with opened(Settings(home=home)) as store:
        account = people.create(
            store, NAME, full_name="", password=secrets.token_urlsafe(24), grants=grants,
            origin=origin, at=at,
        )  # fmt: skip
        return f"ligtas={sessions.open_session(store, account, address='', at=at)}"


def measure(home: Path, rounds: int, requests: int) -> int:
    """Ask all servers in turn and print what it cost."""
    hers = {"Cookie": analyst(home)}
    with (
        serving(PRODUCT, "kept", home) as (kept, kept_pid),
        serving(PRODUCT, "anew", home) as (anew, anew_pid),
    ):
        record = home / "recorded.json"
        record.write_text(json.dumps({"page": recorded(kept), "call": recorded(kept, BODY)}))
        with serving(RAW, str(record), home) as (raw, raw_pid):
            few = max(10, requests // 100)
            kinds = [
                Asked("Flask, page", raw, raw_pid, requests),
                Asked("kept page", kept, kept_pid, requests, "Flask, page", KEPT_BUDGET),
                Asked("Flask, call", raw, raw_pid, requests, is_call=True),
                Asked("kept call", kept, kept_pid, requests, "Flask, call", KEPT_BUDGET,
                      is_call=True),
                Asked("page anew", anew, anew_pid, few, "Flask, page", ANEW_BUDGET),
                Asked("call anew", anew, anew_pid, few, "Flask, call", ANEW_BUDGET, is_call=True),
                Asked("analyst's page", kept, kept_pid, few, "Flask, page", headers=hers),
            ]  # fmt: skip
            for number in range(rounds + 1):
                for kind in kinds:
                    spent = cost(kind)
                    if number:  # the first round warms
                        kind.spent.append(spent)
            return told(kinds, are_right=right(kept, anew, raw, hers))


@contextmanager
def serving(program: str, what: str, home: Path) -> Iterator[tuple[int, int]]:
    """Serve a program with one worker; give its port and the worker's process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-c", program, str(port), what]
    served = subprocess.Popen(command, cwd=ROOT, env=surroundings(home), stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            workers = psutil.Process(served.pid).children()
            if workers and answers(port):
                break
            time.sleep(0.1)
        else:
            raise RuntimeError(f"serving: {what} does not answer within a minute; see above")
        yield port, workers[0].pid
    finally:
        served.terminate()
        served.wait(30)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(
    line: http.client.HTTPConnection, body: str, headers: dict[str, str]
) -> tuple[http.client.HTTPResponse, bytes]:
    """Ask for the front page, or call for it with a body."""
    sent = {"Accept-Encoding": "gzip", **headers}
    if body:
        line.request("POST", CALL, body, sent | {"Content-Type": "application/json"})
    else:
        line.request("GET", "/", headers=sent)
    answer = line.getresponse()
    return answer, answer.read()


def recorded(port: int, body: str = "") -> dict[str, object]:
    """Return an answer of the product, for Flask to return."""
    answer, content = ask(http.client.HTTPConnection("127.0.0.1", port), body, {})
    server_s = {"server", "date", "connection", "content-length"}
    headers = [each for each in answer.getheaders() if each[0].lower() not in server_s]
    method, path = ("POST", CALL) if body else ("GET", "/")
    return {"method": method, "path": path, "headers": headers, "body": content.hex()}


def cost(kind: Asked) -> float:
    """Return the CPU milliseconds of a server for one of many answers."""
    process = psutil.Process(kind.pid)
    line = http.client.HTTPConnection("127.0.0.1", kind.port)
    body = BODY if kind.is_call else ""
    before = process.cpu_times()
    for _ in range(kind.count):
        ask(line, body, kind.headers)
    after = process.cpu_times()
    line.close()
    spent = float(after.user + after.system - before.user - before.system)
    return spent * 1000 / kind.count


def right(kept: int, anew: int, raw: int, hers: dict[str, str]) -> bool:
    """Tell whether all servers say the same to the public, and only she is named to herself."""
    said = [
        [ask(http.client.HTTPConnection("127.0.0.1", port), body, {}) for body in ("", BODY)]
        for port in (kept, anew, raw)
    ]
    plain = [[gzip.decompress(content) for _answer, content in each] for each in said]
    calls = [json.loads(call) for _page, call in plain]  # Dash orders a component's parts anew
    _own, named = ask(http.client.HTTPConnection("127.0.0.1", kept), "", hers)
    return (
        plain[0][0] == plain[1][0] == plain[2][0]
        and calls[0] == calls[1] == calls[2]
        and all(answer.status == 200 for each in said for answer, _content in each)
        and NAME.encode() in named
        and NAME.encode() not in b"".join(plain[0])
    )


def told(kinds: list[Asked], *, are_right: bool) -> int:
    """Print every kind beside its budget; return the exit code."""
    by_label = {kind.label: kind for kind in kinds}
    print("pages over HTTP, one worker, one reader: server CPU ms for one answer, median round")
    for kind in kinds:
        spread = f"({min(kind.spent):.2f} to {max(kind.spent):.2f})"
        line = f"  {kind.label:16}{kind.ms:8.3f} {spread:18}"
        if kind.against:
            ratio = kind.ms / by_label[kind.against].ms
            line += f"{ratio:7.2f} x Flask"
            if kind.budget:
                verdict = "met" if ratio <= kind.budget else "NOT MET"
                line += f"   budget <= {kind.budget:g}   {verdict}"
            if kind.budget == ANEW_BUDGET:
                line += f"; <= {ANEW_MS:g} ms   {'met' if kind.ms <= ANEW_MS else 'NOT MET'}"
        print(line)
    if not are_right:
        print("an answer is NOT what it must be")
    return 0 if are_right else 1


if __name__ == "__main__":
    sys.exit(main())
