"""Files of pages: addresses that name their content, packed once when the server starts.

A browser that has one never asks again, because other content would have another address. Names
come from content, not from the moment of writing, so that they are the same on every machine.
"""

from __future__ import annotations

import gzip
import hashlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path

import flask
from dash.fingerprint import check_fingerprint

from kms.errors import DataError
from kms.web.door import OWN_ADDRESS
from layouts.delivery.compression import TEXTS, WORTH
from layouts.delivery.sent import Headers, Sent

ASSETS = Path(__file__).parents[1] / "assets"
ICON = ASSETS / "favicon.svg"
PLOTLY = Path(__file__).parents[1] / "vendor" / "plotly.min.js"
SUITES = "/_dash-component-suites/"
PLOTLY_ADDRESS = f"{SUITES}plotly/package_data/<name>"
LATER = (f"{SUITES}dash/dcc/async-graph.js",)  # asked for by scripts, under this name alone
LINKED = re.compile(rf'(?:src|href)="((?:/assets/|{SUITES})[^"]+)"')
LASTING = "public, max-age=31536000, immutable"
UNSENT = frozenset({"cache-control", "content-disposition", "accept-ranges", "vary"})
Packed = dict[str, tuple[Sent, Sent]]


def _name(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


@cache
def assets_version() -> str:
    """Return a name for all of our own files: where one changes, all get another address."""
    names = sorted(path.relative_to(ASSETS).as_posix() for path in _assets())
    whole = b"".join(f"{name} {_name((ASSETS / name).read_bytes())} ".encode() for name in names)
    return _name(whole)


def _assets() -> Iterator[Path]:
    return (path for path in ASSETS.rglob("*") if path.is_file())


def asset_address(path: str) -> str:
    """Return the address of one of our own files, or of their folder."""
    return f"/assets/v-{assets_version()}/{path}"


@cache
def plotly_address() -> str:
    """Return where charts fetch the drawing library."""
    return PLOTLY_ADDRESS.replace("<name>", f"plotly.{_name(PLOTLY.read_bytes())}.js")


@cache
def named_by_content(address: str) -> str:
    """Return Dash's address of a file with the content in place of the moment it was written."""
    if not address.startswith(SUITES):
        return address.partition("?")[0]
    package, _, rest = address.removeprefix(SUITES).partition("/")
    path, has_fingerprint = check_fingerprint(rest)
    content = pkgutil.get_data(package, path) if has_fingerprint else None
    if content is None:
        return address
    return re.sub(r"(\.v[\w-]+m)[0-9a-f]+(?=\.)", rf"\g<1>{_name(content)}", address)


def serve_files(server: flask.Flask) -> None:
    """Serve what Dash does not: our files by their content, plotly's basic bundle, the icon."""
    server.add_url_rule("/assets/v-<version>/<path:name>", "layouts.assets", _asset)
    server.add_url_rule(PLOTLY_ADDRESS, "layouts.plotly", _plotly)
    server.add_url_rule("/favicon.ico", "layouts.favicon", _favicon)


def packed_files(server: flask.Flask, page: str) -> Packed:
    """Return the files that pages link to, as the whole server answers them, by address."""
    own = [asset_address(path.relative_to(ASSETS).as_posix()) for path in _assets()]
    lasting = {*LINKED.findall(page), *own, plotly_address()}
    return dict(_packed(server, sorted(lasting), LASTING)) | dict(_packed(server, LATER, ""))


def _packed(
    server: flask.Flask, addresses: Iterable[str], keeping: str
) -> Iterator[tuple[str, tuple[Sent, Sent]]]:
    client = server.test_client()
    own = server.config.get(OWN_ADDRESS) or None
    for address in addresses:
        with client.get(address, base_url=own) as answer:
            if answer.status_code != 200:
                raise DataError(f"{address}, which pages link to, is not there; install anew")
            content = answer.get_data()
            headers = [each for each in answer.headers if each[0].lower() not in UNSENT]
        headers.append(("Cache-Control", keeping or "no-cache"))
        is_text = (answer.mimetype or "").startswith(TEXTS) and len(content) >= WORTH
        yield address, _both(headers, content) if is_text else (_as_is(headers, content),) * 2


def _both(headers: Headers, content: bytes) -> tuple[Sent, Sent]:
    varied = [*headers, ("Vary", "Accept-Encoding")]
    return _as_is(varied, content), _as_is([*varied, ("Content-Encoding", "gzip")], _small(content))


def _as_is(headers: Headers, content: bytes) -> Sent:
    return Sent.of(headers, content, tagged=True)


@lru_cache(maxsize=64)
def _small(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def _asset(version: str, name: str) -> flask.Response:
    """Serve a file; to a page of another version as it is now, and not to be kept."""
    answer = flask.send_from_directory(ASSETS, name)
    answer.headers["Cache-Control"] = LASTING if version == assets_version() else "no-cache"
    return answer


def _plotly(name: str) -> flask.Response:
    """Serve plotly's basic bundle in place of the full one: a quarter of it, and all we draw."""
    if not name.endswith(".js"):
        flask.abort(404)
    return flask.send_file(PLOTLY, mimetype="text/javascript", max_age=86_400)


def _favicon() -> flask.Response:
    """Answer what browsers ask for beside a PDF."""
    return flask.send_file(ICON, mimetype="image/svg+xml", max_age=86_400)
