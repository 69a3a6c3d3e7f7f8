"""Fetching over http(s): from checked machines only, every redirect checked again."""

from __future__ import annotations

import base64
import ssl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx

from ingest.connect.feeds import TOKEN, Feed
from ingest.connect.reach.bounds import LONGEST_WAIT, Bounds, NotServedError, Sink
from ingest.connect.reach.hosts import Resolve, checked_addresses
from ingest.connect.reach.line import Line
from ingest.opening.archive import MOST_RATIO, SMALL
from kms.errors import ConfigError, ContractError, FetchError, KmsError

MOST_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LATER = frozenset({408, 425, 429})
_CHUNK = 1 << 16
_ADVICE = {
    401: "the server wants a sign-in; check the token or password named in the feeds file",
    403: "the server refuses us; check the token, or ask the publisher to let this machine in",
    404: "nothing is there; the publisher may have moved it, check the address",
    410: "it was removed for good; ask the publisher for the new address",
}


@dataclass(frozen=True)
class Validators:
    """What the server said of the bytes we have, sent back to ask whether they changed."""

    etag: str = ""
    modified: str = ""

    def headers(self) -> dict[str, str]:
        """Return the headers of a conditional request; none without validators."""
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True)
class Answer:
    """What a server gave: bytes in the file asked for, or word that nothing changed."""

    changed: bool
    validators: Validators = field(default_factory=Validators)
    sha256: str = ""


def fetch_web(
    feed: Feed, target: Path, *, known: Validators, bounds: Bounds, resolve: Resolve
) -> Answer:
    """Fetch the feed's address into `target`; `known` asks for it only if it changed.

    Raises
    ------
    FetchError
        If it cannot be had now, or not like this (`NotServedError`).
    ContractError
        If what came is not whole, too large, or a redirect leads elsewhere.
    """
    context = _trusted(feed)
    start = url = httpx.URL(feed.address.replace(TOKEN, quote(feed.secret("token"), safe="")))
    for hop in range(MOST_REDIRECTS + 1):
        asked = known if hop == 0 else Validators()
        headers = {**_signed(feed, start, url), **asked.headers()}
        with _sent(bounds, _Hop(feed, url, headers, context), resolve) as response:
            if response.status_code in REDIRECTS:
                url = _next(feed, url, response, bounds)
                continue
            if response.status_code == 304 and asked.headers():
                return Answer(changed=False, validators=_validators(response, known))
            _check_status(response, bounds)
            sha256 = _take(feed, response, target, bounds)
            # Of another address they would tell nothing about this one.
            fresh = _validators(response, Validators()) if hop == 0 else Validators()
            return Answer(changed=True, validators=fresh, sha256=sha256)
    raise ContractError(
        f"{bounds.where} redirects more than {MOST_REDIRECTS} times; write the address it leads "
        "to in the feeds file",
        "bad_redirect",
    )


@dataclass(frozen=True)
class _Hop:
    """One request: where to, with which headers, and whom to trust."""

    feed: Feed
    url: httpx.URL
    headers: dict[str, str]
    context: ssl.SSLContext


def _trusted(feed: Feed) -> ssl.SSLContext:
    """Return the certificate authorities believed: the usual ones, and the feed's own."""
    context = httpx.create_ssl_context(trust_env=False)
    if feed.ca_file is not None:
        try:
            context.load_verify_locations(feed.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"{feed.source}: {feed.place}: ca_file is '{feed.ca_file}', which holds no "
                "certificates that can be read; check it"
            ) from error
    return context


def _signed(feed: Feed, start: httpx.URL, url: httpx.URL) -> dict[str, str]:
    """Return the headers of a request; secrets go to the feed's own machine only."""
    headers = {
        "Accept": "*/*",
        "Accept-Encoding": "gzip",
        "Connection": "close",
        "User-Agent": "Ligtas",
    }
    if _authority(url) != _authority(start) or url.scheme != start.scheme:
        return headers
    if "password" in feed.secret_kinds:
        pair = f"{feed.user}:{feed.secret('password')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"
    if "token" in feed.secret_kinds and TOKEN not in feed.address:
        bearer = "Bearer " if feed.header.lower() == "authorization" else ""
        headers[feed.header] = bearer + _plain_token(feed)
    return headers


def _plain_token(feed: Feed) -> str:
    token = feed.secret("token")
    if not (token.isascii() and token.isprintable()):
        raise ConfigError(
            f"{feed.source}: {feed.place}: the token holds signs that no header may hold; copy it "
            "again"
        )
    return token


def _authority(url: httpx.URL) -> tuple[str, int]:
    host = url.raw_host.decode("ascii").lower().rstrip(".")
    return host, url.port or (443 if url.scheme == "https" else 80)


@contextmanager
def _sent(bounds: Bounds, hop: _Hop, resolve: Resolve) -> Iterator[httpx.Response]:
    """Send a request to the first of the checked addresses that takes connections."""
    host, port = _authority(hop.url)
    try:
        found = checked_addresses(
            bounds.where, host, port, private=hop.feed.private, resolve=resolve
        )
    except ConfigError as error:
        if hop.url.host == httpx.URL(hop.feed.address).host:
            raise
        raise ContractError(str(error), "bad_redirect") from error
    line = Line()
    with bounds.cut_off(line.cut):
        try:
            with _transport(hop) as transport:
                response = _first_taken(transport, hop, found, line=line, bounds=bounds)
                try:
                    yield response
                finally:
                    response.close()
        except httpx.RemoteProtocolError as error:
            raise _lost(bounds, line) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if line.was_cut or bounds.is_over():
                raise bounds.too_slow() from error
            raise FetchError(f"{bounds.where} {_why(error)}") from error


def _transport(hop: _Hop) -> httpx.HTTPTransport:
    """Return a line for one request: a kept connection could belong to another name."""
    # Not a client: that would read proxies, follow and log addresses, and keep cookies.
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.HTTPTransport(verify=hop.context, trust_env=False, limits=limits)


def _first_taken(
    transport: httpx.HTTPTransport, hop: _Hop, found: list[str], *, line: Line, bounds: Bounds
) -> httpx.Response:
    host = hop.url.raw_host.decode("ascii").rstrip(".")
    failure: httpx.TransportError | None = None
    for address in found:
        wait = bounds.wait()
        timeout = httpx.Timeout(wait, connect=min(wait, LONGEST_WAIT / 2))
        request = httpx.Request(
            "GET",
            hop.url.copy_with(host=address),
            headers={**hop.headers, "Host": hop.url.netloc.decode("ascii")},
            extensions={
                "sni_hostname": host,
                "timeout": timeout.as_dict(),
                "trace": line.trace,
            },
        )
        try:
            return transport.handle_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            failure = error
    raise failure or httpx.ConnectError("no address")


def _lost(bounds: Bounds, line: Line) -> KmsError:
    """Tell apart why an answer broke off."""
    if line.was_cut:
        return bounds.too_slow()
    if line.body:
        return ContractError(
            f"{bounds.where} broke off before the end the server had announced; fetch it again",
            "truncated",
        )
    return FetchError(f"{bounds.where} gave an answer that is not HTTP; try again later")


def _why(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"has a certificate that is not believed ({cause.verify_message}); ask the "
                "publisher, or name the agency's own authority with ca_file"
            )
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TimeoutException):
        return "did not answer in time; try again later"
    return f"cannot be reached ({type(error).__name__}); check the network, and try again later"


def _next(feed: Feed, url: httpx.URL, response: httpx.Response, bounds: Bounds) -> httpx.URL:
    """Return where a redirect leads; refuse all but https to hosts the feeds file names."""
    try:
        target = url.join(response.headers.get("Location", ""))
        host, port = _authority(target)
        joined = target.host + (f":{target.port}" if target.port else "")
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise ContractError(
            f"{bounds.where} redirects to an address that cannot be read; ask the publisher",
            "bad_redirect",
        ) from error
    start = httpx.URL(feed.address)
    named = [_authority(httpx.URL(f"{target.scheme}://{entry}")) for entry in feed.also_hosts]
    upgrade = (url.scheme, target.scheme, url.port, port) == ("http", "https", None, 443)
    allowed = (host, port) in [_authority(start), _authority(url), *named] or (
        upgrade and host == _authority(url)[0]
    )
    scheme = target.scheme == "https" or (target.scheme == "http" and feed.insecure)
    if not allowed or not scheme or target.userinfo or not host:
        raise ContractError(
            f"{bounds.where} redirects to '{target.scheme}://{joined}', which is not allowed; if "
            "that is right, add the host to also_hosts in the feeds file (https only)",
            "bad_redirect",
        )
    return target


def _check_status(response: httpx.Response, bounds: Bounds) -> None:
    status = response.status_code
    if status == 200:
        return
    if status in _LATER or status >= 500:
        raise FetchError(f"{bounds.where} answered {status}; the server is not well, try later")
    if status == 304:
        raise FetchError(
            f"{bounds.where} answered 304, not changed, though it was not asked whether; try "
            "again later, or ask the publisher"
        )
    advice = _ADVICE.get(status, "a file comes with 200; check the address")
    raise NotServedError(f"{bounds.where} answered {status}: {advice}")


def _validators(response: httpx.Response, known: Validators) -> Validators:
    etag = response.headers.get("ETag", known.etag)
    modified = response.headers.get("Last-Modified", known.modified)
    return Validators(
        etag if len(etag) <= 400 and etag.isascii() else "",
        modified if len(modified) <= 80 and modified.isascii() else "",
    )


def _take(feed: Feed, response: httpx.Response, target: Path, bounds: Bounds) -> str:
    """Write the body into a file, unpacked where the transport packed it; return its hash."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise ContractError(
            f"{bounds.where} comes packed as '{encoding[:40]}', which was not asked for; ask the "
            "publisher to send it plain",
            "unsupported",
        )
    packed = encoding in ("gzip", "x-gzip")
    told = "Content-Length" in response.headers or "Transfer-Encoding" in response.headers
    if not told and not packed and not feed.unsized:
        raise ContractError(
            f"{bounds.where} does not tell its length, so nobody could see that it was cut off; "
            "ask the publisher to send it, or write unsized = true in the feeds file",
            "truncated",
        )
    if int(response.headers.get("Content-Length", "0")) > bounds.most_bytes:
        raise bounds.too_large()
    with Sink(target, bounds) as sink:
        chunks = _counted(response, bounds)
        for chunk in _gunzipped(chunks, bounds) if packed else chunks:
            sink.write(chunk)
        return sink.sha256()


def _counted(response: httpx.Response, bounds: Bounds) -> Iterator[bytes]:
    size = 0
    for chunk in response.iter_raw(_CHUNK):
        size += len(chunk)
        bounds.left()
        if size > bounds.most_bytes:
            raise bounds.too_large()
        yield chunk


def _gunzipped(chunks: Iterator[bytes], bounds: Bounds) -> Iterator[bytes]:
    """Unpack what the transport packed, a little at a time; refuse bombs and cut-off ends."""
    packed = unpacked = 0
    inflate = zlib.decompressobj(31)
    try:
        for chunk in chunks:
            packed += len(chunk)
            rest = chunk
            while rest:
                if inflate.eof:
                    inflate = zlib.decompressobj(31)  # gzip may have several members
                out = inflate.decompress(rest, _CHUNK)
                unpacked += len(out)
                if unpacked > max(SMALL, packed * MOST_RATIO):
                    raise ContractError(
                        f"{bounds.where} unpacks to more than {MOST_RATIO} times its size; no "
                        "table does. Ask the publisher",
                        "bomb",
                    )
                yield out
                rest = inflate.unconsumed_tail or inflate.unused_data
        yield inflate.flush()
    except zlib.error as error:
        raise ContractError(
            f"{bounds.where} says it is packed with gzip and is not, or is damaged; fetch it again",
            "damaged",
        ) from error
    if not inflate.eof:
        raise ContractError(
            f"{bounds.where} was cut off inside what the transport packed; fetch it again",
            "truncated",
        )
