"""One answer as bytes, ready to be sent again, with what browsers may ask of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
OF_CONTENT = frozenset({"content-type", "content-length", "content-encoding"})  # not in a 304
OF_MOMENT = frozenset({"date", "expires", "last-modified", "etag", "content-length"})
OVERHEAD = 2_000  # bytes of headers and of what holds them


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer with status 200."""

    headers: Headers
    unchanged: Headers  # of a 304
    body: bytes
    etag: str = ""

    @classmethod
    def of(cls, headers: Headers, body: bytes, *, tagged: bool) -> Sent:
        """Make an answer of what was sent; with `tagged` browsers may ask whether it changed."""
        kept = [each for each in headers if each[0].lower() not in OF_MOMENT]
        etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"' if tagged else ""
        if etag:
            kept.append(("ETag", etag))
        unchanged = [each for each in kept if each[0].lower() not in OF_CONTENT]
        return cls([*kept, ("Content-Length", str(len(body)))], unchanged, body, etag)

    @property
    def size(self) -> int:
        """Bytes it takes to keep."""
        return len(self.body) + OVERHEAD

    def send(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request with it."""
        if self.etag:
            held = environ.get("HTTP_IF_NONE_MATCH")
            if held is not None and (self.etag in held or held.strip() == "*"):
                start_response("304 NOT MODIFIED", self.unchanged[:])
                return []
        start_response("200 OK", self.headers[:])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.body]


@lru_cache(maxsize=256)
def takes_gzip(accept_encoding: str) -> bool:
    """Tell whether a reader takes compressed answers."""
    return parse_accept_header(accept_encoding, Accept)["gzip"] > 0
