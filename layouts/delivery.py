"""How pages leave: kept while nothing was published, compressed where the reader accepts it."""

from __future__ import annotations

import gzip
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

import flask

MOST_KEPT = 256  # pages of about 80 KB
LEVEL = 5  # 2 ms for a page; 6 saves 1 % more
WORTH = 1_000  # bytes; smaller answers gain nothing
TEXTS = ("text/", "application/json", "application/javascript", "image/svg+xml")
OTHERS = ("/api/", "/briefs/")  # they answer for their own encoding and their own ETag

Thing = TypeVar("Thing")


@dataclass(slots=True)
class Kept(Generic[Thing]):
    """The answers last given from one edition; another edition empties it."""

    most: int = MOST_KEPT
    edition: str = ""
    entries: OrderedDict[str, Thing] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def find(self, edition: str, key: str) -> Thing | None:
        """Return what was kept under a key, if it is of this edition."""
        with self.lock:
            if edition != self.edition:
                self.edition = edition
                self.entries.clear()
            if key in self.entries:
                self.entries.move_to_end(key)
            return self.entries.get(key)

    def keep(self, edition: str, key: str, thing: Thing) -> None:
        """Keep an answer; the one not asked for the longest goes."""
        with self.lock:
            if edition == self.edition:
                self.entries[key] = thing
                while len(self.entries) > self.most:
                    self.entries.popitem(last=False)


def compress_responses(server: flask.Flask) -> None:
    """Compress text answers of pages and their files; files are compressed once."""
    files: Kept[bytes] = Kept()

    def compress(response: flask.Response) -> flask.Response:
        if not _worth(response):
            return response
        etag = response.get_etag()[0]
        response.direct_passthrough = False
        plain = response.get_data()
        if len(plain) < WORTH:
            return response
        key = f"{flask.request.path} {etag}"
        packed = files.find("", key) if etag else None
        if packed is None:
            packed = gzip.compress(plain, LEVEL, mtime=0)
            if etag:
                files.keep("", key, packed)
        response.set_data(packed)
        response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
        return response

    server.after_request(compress)


def _worth(response: flask.Response) -> bool:
    asked = flask.request
    return (
        response.status_code in {200, 404}
        and not flask.g.get("uncompressed")
        and not asked.path.startswith(OTHERS)
        and "Content-Encoding" not in response.headers
        and (response.mimetype or "").startswith(TEXTS)
        and asked.accept_encodings["gzip"] > 0
        and asked.method != "HEAD"
        and "Range" not in asked.headers
    )
