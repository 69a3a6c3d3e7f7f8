"""For which host, from which page and in what size a request may come."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import flask
from werkzeug.datastructures import MultiDict
from werkzeug.sansio.utils import host_is_trusted

from kms.api.faults import for_programs
from kms.web.errors import N_, Words, refuse

DOORPLATE = "doorplate"  # in the server's extensions
LONGEST = 2_000  # characters of a path, and of a query
LARGEST_BODY = 64 * 1024  # bytes; a route that takes files says its own
MOST_PARTS = 50  # fields of a form
READING = frozenset({"GET", "HEAD", "OPTIONS"})
HEALTH = ("/healthz", "/readyz")  # asked by address, by whatever watches the machine
# Browsers take a backslash for / and skip line breaks: a link to such a path leads elsewhere.
MISLEADING = re.compile(r"[\x00-\x1f\x7f\\]")
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")  # what no store and no UTF-8 text can hold
# Signs that show nothing, or turn the order of those around them.
HIDDEN = re.compile(r"(?!\s)[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
OURS = frozenset({None, "same-origin", "none"})  # Sec-Fetch-Site; "none": typed or a bookmark
FOREIGN_HOST = Words(
    N_("This server does not answer to that name"),
    N_("The address in the browser names another host than this server is set up for."),
    N_(
        "Use the address you were given. Whoever runs the server can add a name with "
        "KMS_TRUSTED_HOSTS."
    ),
)


@dataclass(frozen=True, slots=True)
class Doorplate:
    """The names we answer to; without any, every host is ours, as on a laptop."""

    hosts: tuple[str, ...] = ()  # without ports; a leading dot takes every name below
    origins: tuple[str, ...] = ()  # such as https://ligtas.example.ph

    def answers_to(self, host: str | None) -> bool:
        """Tell whether a Host header names us."""
        if not self.hosts:
            return True
        if not host_is_trusted(host):  # characters no host has
            return False
        name = _bare(host or "")
        return any(
            name == known.lstrip(".") or (known.startswith(".") and name.endswith(known))
            for known in self.hosts
        )

    def is_own(self, origin: str, host: str) -> bool:
        """Tell whether a page of this origin is one of ours, given the host it asks.

        Where an origin is configured for a host, another scheme or port there is foreign.
        """
        if origin in self.origins:
            return True
        pinned = {urlsplit(each).hostname for each in self.origins}
        scheme, _, name = origin.partition("://")
        return scheme in {"http", "https"} and name == host and _bare(name) not in pinned


def same_origin(
    server: flask.Flask, *, hosts: Sequence[str] = (), origins: Sequence[str] = ()
) -> None:
    """Refuse other hosts' requests, other sites' changes, and what is too large to read."""
    plate = Doorplate(tuple(hosts), tuple(origins))
    server.extensions[DOORPLATE] = plate
    server.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    server.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_BODY
    server.config["MAX_FORM_PARTS"] = MOST_PARTS

    def refused() -> flask.Response | None:
        asked = flask.request
        if asked.path in HEALTH and asked.method in READING:
            return None
        if not plate.answers_to(asked.headers.get("Host")):
            return refuse(400, FOREIGN_HOST)
        if max(len(asked.path), len(asked.query_string)) > LONGEST:
            return refuse(414)
        if MISLEADING.search(asked.path) or not writable(asked.path, *_texts_of(asked.args)):
            return refuse(400)
        if asked.method in READING:
            return None
        return _refused_change(plate, asked)

    server.before_request(refused)


def writable(*texts: str) -> bool:
    """Tell whether a store could hold these texts; PostgreSQL takes no NUL."""
    return not any(UNWRITABLE.search(text) for text in texts)


def one_line(written: str) -> str:
    """Return a text as it looks: on one line, without signs that hide or reorder others."""
    return " ".join(HIDDEN.sub("", written).split())


def _texts_of(fields: MultiDict[str, str]) -> list[str]:
    return [text for field in fields.items(multi=True) for text in field]


def _refused_change(plate: Doorplate, asked: flask.Request) -> flask.Response | None:
    """Refuse what another site's page sends with the reader's cookies; browsers tell the origin.

    A cross-site form cannot say application/json without asking us first, hence the last rule.
    """
    if asked.headers.get("Sec-Fetch-Site") not in OURS:
        return refuse(403)
    origin = asked.headers.get("Origin")
    if origin is not None and not plate.is_own(origin, asked.host):
        return refuse(403)
    if "Transfer-Encoding" in asked.headers:  # werkzeug cuts such a body at the limit, unsaid
        return refuse(411)
    is_json = asked.mimetype == "application/json"
    if asked.content_length and for_programs(asked.path) and not is_json:
        return refuse(415)
    return None


def _bare(name: str) -> str:
    """Return a host without its port."""
    return urlsplit(f"//{name}").hostname or ""
