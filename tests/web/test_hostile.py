"""Hostile texts in every place of every address: nothing fails, runs, leaks or is written back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from random import Random
from urllib.parse import quote

import flask
import pytest
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from kms.config import ROOT
from layouts.routing import discover
from tests.conftest import FULL
from tests.published import DAVAO
from tests.web.test_guard import CALL, shell_call

MARK = "zq7"  # names of tags and attributes that only a text sent by us could bring about
SUM = "50337"  # 7 * 7191, which nobody writes unless told to calculate

SQL = (
    "' OR '1'='1", "'; DROP TABLE issue;--", '" UNION SELECT sql FROM sqlite_master--', "1;--",
    "%' AND 1=CAST((SELECT version()) AS int)--", "0000000000'/**/OR/**/1=1", "\\'; SELECT 1",
)  # fmt: skip
SCRIPTS = (
    f"<script {MARK}>alert(1)</script>", f'"><img src=x onerror=alert(1) {MARK}>',
    f"'><svg/onload=alert(1) {MARK}=1>", f'" {MARK}=1 onfocus=alert(1) autofocus="',
    f"</title><{MARK}>", f"</script><{MARK}>", "javascript:alert(1)", "data:text/html,<script>",
    f"<!--<{MARK}>-->", f"&lt;{MARK}&gt;", f"＜{MARK}＞",
)  # fmt: skip
TEMPLATES = (
    "{{7*7191}}", "${7*7191}", "#{7*7191}", "<%= 7*7191 %>", "{frame.__class__}", "{0.__class__}",
    "{self.__init__.__globals__}", "%(frame)s", "%s%s%n", "{", "}", "{}", "{path!r:>9999999}",
)  # fmt: skip
PATHS = (
    "../../../../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/app.py",
    "..\\..\\windows\\win.ini", "....//....//app.py", "/etc/passwd", "//etc/passwd",
    "file:///etc/passwd", "../app.py", "..%252f..%252fapp.py", "..%c0%af..%c0%afapp.py",
    ".../.../app.py", "~root", ".git/config",
    "../../pyproject.toml", "..;/app.py", "con", "secret_key", "../secret_key", "data.sqlite",
)  # fmt: skip
HEADERS = (
    "x\r\nX-Injected: yes", "x\nSet-Cookie: a=b", "x\r\n\r\n<h1>hello</h1>",
    "%0d%0aX-Injected:%20yes", "x\u2028X-Injected: yes",
)  # fmt: skip
ODD = (
    "\x00", "a\x00b.pdf", "\u202egnp.exe", "\ufeff", "\U0001f9a0" * 40, "é" * 300, "x" * 1_900,
    "-1", "0", "1e999", "NaN", "null", "true", "[]", "9" * 400, "0001-01-01", "9999-12-31",
    "2021-02-30", "2021-W01-1", "٢٠٢١-٠٣-٢٠", "2021-03-20T00:00:00Z",
    "+", " ", "%", "%zz", "&&=&", ";",
)  # fmt: skip
CORPUS = SQL + SCRIPTS + TEMPLATES + PATHS + HEADERS + ODD
RAW = (
    "%ED%A0%80",
    "%ff%fe",
    "%c3%28",
    "%00",
    "%0d%0aX-Injected:yes",
    "%u003c",
    "%2e%2e%2f%2e%2e%2f",
)
LEAKS = (
    b"root:x:0:0", b"[build-system]", b"SQLite format 3", b"def create_app", b"site-packages",
    b"Traceback (most", b"<class '", b" object at 0x", b"sqlalchemy", str(ROOT).encode(),
    SUM.encode(), b"repositoryformatversion",
)  # fmt: skip
EXAMPLES = {"area": DAVAO, "sector": "I", "publication": "latest", "filename": "favicon.svg"}
ALSO = ("as_of", "lang", "next", "unknown", "as_of[]", "lang.x")
ASKED = ("/", "/api/v1/areas", f"/briefs/{DAVAO}/I/latest.pdf", "/assets/4-pages.css")
HERE = "@"  # where the hostile text goes


def places(server: flask.Flask) -> Iterator[str]:
    """Every address of the server with one place open, in its path and in its query."""
    document = server.test_client().get("/api/v1/openapi.json").get_json()
    for path, methods in document["paths"].items():
        for parameter in methods["get"].get("parameters", ()):
            start = "indicator=r_t&" if path.endswith(("series", "latest")) else ""
            yield f"{path}?{start}{parameter['name']}={HERE}"
        yield f"{path}?{HERE}=1"
    for page in discover():
        sample = re.sub(r"<\w+>", DAVAO, page.path)
        for name in {*page.query, *page.lists, *ALSO}:
            yield f"{sample}?{name}={HERE}"
    rules = {rule.rule for rule in server.url_map.iter_rules()} | {p.path for p in discover()}
    for rule in rules:
        path = re.sub(r"<(?:\w+:)?", "<", rule)
        names = re.findall(r"<(\w+)>", path)
        for name in names:
            fixed = {other: EXAMPLES.get(other, "x") for other in names if other != name}
            yield re.sub(r"<(\w+)>", lambda m, fixed=fixed: fixed.get(m[1], HERE), path)  # type: ignore[misc]
    yield f"/briefs/{DAVAO}/I/latest.pdf?lang={HERE}"
    yield f"/{HERE}/{HERE}"


class Written(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if MARK in name or name.startswith("on"):
                self.bad.append(f"{tag} {name}")
            if name in {"href", "src", "action", "formaction"} and not _is_ours(value or ""):
                self.bad.append(f"{tag} {name}={value}")
        if MARK in tag:
            self.bad.append(tag)


def _is_ours(address: str) -> bool:
    return address.startswith(("/", "#", "?")) and not address.startswith(("//", "/\\"))


def check(answer: Response, asked: str) -> None:
    assert answer.status_code < 500, (answer.status_code, asked)
    assert "X-Injected" not in answer.headers, asked
    assert "a=b" not in answer.headers.get_all("Set-Cookie"), asked
    assert _is_ours(answer.headers.get("Location", "/")), asked
    assert [leak for leak in LEAKS if leak in answer.data] == [], asked
    if answer.mimetype == "text/html":
        written = Written()
        written.feed(answer.get_data(as_text=True))
        assert written.bad == [], asked


def cases(server: flask.Flask, most: int) -> list[str]:
    """Up to `most` texts in every place: encoded whole, or with slashes and dots as they are."""
    texts = sorted(
        {quote(text, safe=safe, errors="surrogatepass") for text in CORPUS for safe in ("", "/.%")}
        | set(RAW)
    )
    draw = Random(20261122)  # noqa: S311 - repeatable, not secret
    return [
        place.replace(HERE, text)
        for place in sorted(set(places(server)))
        for text in draw.sample(texts, min(most, len(texts)))
    ]


@pytest.mark.torture
def test_no_address_makes_the_server_fail_leak_or_repeat(product: flask.Flask) -> None:
    client = product.test_client()
    asked = cases(product, 10_000 if FULL else 4)
    counted: dict[int, int] = {}
    for address in asked:
        with client.get(address) as answer:
            check(answer, address)
            counted[answer.status_code] = counted.get(answer.status_code, 0) + 1
    print(f"\n{len(asked)} addresses: {dict(sorted(counted.items()))}")
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("text", CORPUS, ids=lambda text: ascii(text)[:30])
def test_no_call_makes_the_server_fail_leak_or_repeat(client: FlaskClient, text: str) -> None:
    encoded = quote(text, errors="surrogatepass")
    for pathname, search in (
        (text, ""), (f"/areas/{text}", ""), ("/", f"?as_of={text}"), ("/", f"?lang={text}"),
        (f"/areas/{encoded}", ""), ("/areas", f"?as_of={encoded}&lang={encoded}"), ("//", text),
    ):  # fmt: skip
        answer = client.post(CALL, data=json.dumps(shell_call(pathname, search)),
                             content_type="application/json")  # fmt: skip
        check(answer, f"{pathname!r} {search!r}")
        if answer.status_code == 200:
            written = Written()
            written.feed(" ".join(_markup(answer.get_json())))
            assert written.bad == []


def _markup(value: object) -> Iterator[str]:
    """Give every text that is put into the page as HTML."""
    if isinstance(value, dict):
        for key, held in value.items():
            if key == "markup":
                yield str(held)
            else:
                yield from _markup(held)
    elif isinstance(value, list):
        for held in value:
            yield from _markup(held)


@pytest.mark.parametrize("name", ["User-Agent", "Referer", "Accept", "Accept-Language", "Cookie",
                                  "If-None-Match", "Range", "Authorization", "X-Forwarded-For",
                                  "X-Forwarded-Host", "Forwarded", "Sec-Fetch-Site", "Origin",
                                  "If-Modified-Since", "Content-Type", "Accept-Encoding"],
)  # fmt: skip
def test_no_header_makes_the_server_fail_leak_or_repeat(client: FlaskClient, name: str) -> None:
    for number, text in enumerate(CORPUS):
        sent = re.sub(r"[\r\n]", "", text).encode().decode("latin-1")
        for address in ASKED if FULL else ASKED[number % len(ASKED) :][:1]:
            with client.get(address, headers={name: sent}) as answer:
                check(answer, f"{address} {name}: {sent!r}")


@pytest.mark.parametrize("path", ["/..%2f", "/%2e%2e/", "//", "/./", "/;/"])
@pytest.mark.parametrize("root", ["/assets", "/assets/fonts", "/briefs", "/api/v1",
                                  "/_dash-component-suites/dash"])  # fmt: skip
@pytest.mark.parametrize("wanted", ["app.py", "pyproject.toml", "server.py", "secret_key"])
def test_no_way_leads_out_of_a_folder(
    client: FlaskClient, root: str, path: str, wanted: str
) -> None:
    for depth in range(5):
        with client.get(root + path * (depth + 1) + wanted) as answer:
            check(answer, root + path)
            assert answer.status_code in {301, 308, 400, 404}
