"""What the whole server has once answered somebody without an account is sent again as bytes.

Before the server, but behind the proxy's word. Only a request in which nothing tells its sender
from anybody else is answered here: no session, no token, nothing that must be decoded. Everything
else goes the whole way, through the door, the gate and the policy map, and so does the first of
these. What makes answers differ is in their names: the page with the part of the query it reads,
the language, the encoding. The edition empties all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from typing import Any

from kms.reads.frame import UnreadableError
from kms.web.door import Application
from kms.web.origin import Doorplate
from layouts.delivery.addresses import LONGEST_QUERY, PLAIN_QUERY, Address
from layouts.delivery.kept import Kept
from layouts.delivery.sent import Environ, Headers, Sent, takes_gzip
from layouts.guard import CALL, check_call

KEEPABLE = "ligtas.keepable"  # in the environment of a request: made for the public, of one edition
MOST_BYTES, MOST_CHOSEN_BYTES = 24 << 20, 8 << 20
LONGEST_CALL = 4_000
READING = ("GET", "HEAD")
HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")
# Who is told apart by these, or asks for a part, or sends a body, is answered by the server.
OWN = ("HTTP_AUTHORIZATION", "HTTP_RANGE", "HTTP_TRANSFER_ENCODING")


def _shelf(most: int) -> Kept[Sent]:
    return Kept(most=most, size=lambda sent: sent.size)


@dataclass(slots=True)
class Replay:
    """An application around the server's own; keeps what it answered to the public."""

    whole: Application
    address: Callable[[str, str], Address | None]
    edition: Callable[[], str]
    plate: Doorplate
    cookie: str  # the only one with which a request tells nothing of its sender
    callbacks: Mapping[str, Any]
    output: str  # of the callback that gives a page
    files: Mapping[str, tuple[Sent, Sent]] = field(default_factory=dict)  # as they are, compressed
    # Addresses with a choice are without number, and must not drive out the pages themselves.
    bare: Kept[Sent] = field(default_factory=lambda: _shelf(MOST_BYTES))
    chosen: Kept[Sent] = field(default_factory=lambda: _shelf(MOST_CHOSEN_BYTES))
    answers_to: Callable[[str], bool] = field(init=False)

    def __post_init__(self) -> None:
        """Remember of some hosts whether they are ours."""
        plate = self.plate
        self.answers_to = lru_cache(256)(
            lambda host: HOST.fullmatch(host) is not None and plate.answers_to(host)
        )

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer from what is kept, or let the server answer and keep that."""
        if not self._is_anybody_s(environ):
            return self.whole(environ, start_response)
        packed = takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        file = self.files.get(environ["PATH_INFO"])
        if file is not None and environ["REQUEST_METHOD"] in READING:
            return file[packed].send(environ, start_response)
        return self._page(environ, packed=packed)(environ, start_response)

    def _page(self, environ: Environ, *, packed: bool) -> Application:
        """Return what answers a request: a page as it was sent before, or the server."""
        if not self._tells_nothing(environ.get("HTTP_COOKIE", "")):
            return self.whole
        kind, address = self._asked(environ)
        if address is None:
            return self.whole
        try:
            edition = self.edition()
        except UnreadableError:  # the server says so
            return self.whole
        shelf, key = self.bare if address.is_bare else self.chosen, (kind, address, packed)
        kept = shelf.find(edition, key)
        if kept is not None:
            return kept.send
        is_partial = environ["REQUEST_METHOD"] == "HEAD"
        return self.whole if is_partial else self._fill(shelf, edition, key)

    def _fill(self, shelf: Kept[Sent], edition: str, key: Hashable) -> Application:
        """Return the server's answer, and keep it if it was made for anybody, of this edition."""

        def answer(environ: Environ, start_response: Any) -> Iterable[bytes]:
            told: list[tuple[str, Headers]] = []

            def listen(status: str, headers: Headers, _fault: Any = None) -> Callable[..., Any]:
                told[:] = [(status, headers)]
                return lambda _piece: None

            pieces = self.whole(environ, listen)
            try:
                body = b"".join(pieces)
            finally:
                close = getattr(pieces, "close", None)
                if close:
                    close()
            ((status, headers),) = told
            if not _is_for_anybody(environ, status, headers):
                start_response(status, headers)
                return [body]
            sent = Sent.of(headers, body, tagged=environ["REQUEST_METHOD"] != "POST")
            if self._still(edition):
                shelf.keep(edition, key, sent)
            return sent.send(environ, start_response)

        return answer

    def _still(self, edition: str) -> bool:
        try:
            return self.edition() == edition
        except UnreadableError:
            return False

    def _is_anybody_s(self, environ: Environ) -> bool:
        return (
            not any(name in environ for name in OWN)
            and not environ.get("SCRIPT_NAME")
            and len(query := environ.get("QUERY_STRING", "")) <= LONGEST_QUERY
            and PLAIN_QUERY.fullmatch(query) is not None
            and self.answers_to(environ.get("HTTP_HOST", ""))
        )

    def _tells_nothing(self, cookies: str) -> bool:
        names = (part.partition("=")[0].strip() for part in cookies.split(";"))
        return not cookies or all(name == self.cookie for name in names)

    def _asked(self, environ: Environ) -> tuple[str, Address | None]:
        """Return how a page is asked for, and which; None where the server must answer."""
        length = environ.get("CONTENT_LENGTH") or "0"
        if environ["REQUEST_METHOD"] in READING:
            if length != "0":
                return "page", None
            return "page", self.address(environ["PATH_INFO"], environ.get("QUERY_STRING", ""))
        if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] != CALL:
            return "call", None
        return "call", self._called(environ, length) if self._is_own_call(environ) else None

    def _is_own_call(self, environ: Environ) -> bool:
        """Tell whether a call comes from a page of ours, as the door would."""
        origin = environ.get("HTTP_ORIGIN")
        return (
            environ.get("HTTP_SEC_FETCH_SITE") in {None, "same-origin"}
            and (origin is None or self.plate.is_own(origin, environ.get("HTTP_HOST", "")))
            and environ.get("CONTENT_TYPE") == "application/json"
            and not environ.get("QUERY_STRING")
        )

    def _called(self, environ: Environ, length: str) -> Address | None:
        """Return the page a call asks for; it is checked as the guard would check it."""
        if not length.isdecimal() or not 0 < int(length) <= LONGEST_CALL:
            return None
        body = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = BytesIO(body)  # for the server, if it is to answer
        try:
            call = json.loads(body)
            check_call(call, self.callbacks)
        except (ValueError, RecursionError):  # MalformedError, too: the server says what is wrong
            return None
        if call["output"] != self.output:
            return None
        pathname, search = (item.get("value") or "" for item in call["inputs"])
        return self.address(pathname or "/", search)


def _is_for_anybody(environ: Environ, status: str, headers: Headers) -> bool:
    return (
        environ.get(KEEPABLE) is True
        and status.startswith("200 ")
        and not any(name.lower() == "set-cookie" for name, _value in headers)
    )
