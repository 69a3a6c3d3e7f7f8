"""What a page is: a value with an address, a read and a layout, found by `discover()`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

from dash.development.base_component import Component

from kms.access.audit import Origin
from kms.domain.intake import Intake
from kms.domain.principal import Principal
from kms.reads.request import Request
from kms.texts import Texts

API = "/api/v1"
View = TypeVar("View")
Files = Iterable[tuple[str, Iterator[bytes]]]  # the name each was sent under, and its content


@dataclass(frozen=True, slots=True)
class Said:
    """What a form came to: a problem, done, or something told only once."""

    kind: str  # problem, done, secret
    words: str
    secret: str = ""  # a link or a token; never in an address, never kept
    typed: Mapping[str, str] = field(default_factory=dict)  # what was sent, to be shown again
    beside: Mapping[str, str] = field(default_factory=dict)  # field of the form -> what is wrong


@dataclass(frozen=True, slots=True)
class File:
    """A file to be saved in answer to a form."""

    name: str
    content: str
    media_type: str = "text/csv"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from a form: another page, this page with words, or a file."""

    go: str = ""
    said: Said | None = None
    at: str = ""  # the page that says it, where it is not the form's own
    file: File | None = None
    session_id: str = ""  # of a session that was opened
    ended: bool = False  # the session was closed


@dataclass(frozen=True, slots=True)
class Form:
    """What a form sent, by whom, from where."""

    values: Mapping[str, str]
    request: Request
    text: Texts
    address: str
    at: datetime
    secret: str  # the server's own, under which what was typed can be counted but not read
    site: str  # our public address, for links
    intake: Intake | None = None  # how files get in, where this server takes any
    files: Files = ()  # sent with it, not read yet

    def get(self, name: str) -> str:
        """Return a field; empty when it was not sent."""
        return self.values.get(name, "")

    @property
    def origin(self) -> Origin:
        """Who acts, and from where, for the audit log."""
        return Origin(self.request.who, self.address)


Action = Callable[[Any, Form], Outcome]  # the store is opaque here


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at a page: what was asked for, in which language, and how to link from it."""

    request: Request
    text: Texts
    path: str
    default_language: str = "en"
    kept: tuple[tuple[str, str], ...] = ()  # the page's own query, as given
    form_token: str = ""  # stands in every form of this page
    said: Said | None = None  # what the form before came to
    identity_provider: bool = False  # people may sign in through one

    @property
    def who(self) -> Principal:
        """Who looks."""
        return self.request.who

    def here(self, **query: str) -> str:
        """Return this page's address with some of its query changed; an empty value removes."""
        return self.link(self.path, **(dict(self.kept) | query))

    def link(self, path: str, **query: str) -> str:
        """Return an internal address that keeps the day and the language."""
        kept: dict[str, str] = {}
        if self.request.as_of is not None:
            kept["as_of"] = self.request.as_of.isoformat()
        if self.text.language != self.default_language:
            kept["lang"] = self.text.language
        kept |= query
        written = urlencode({key: value for key, value in kept.items() if value})
        address = quote("/" + path.lstrip("/\\"), safe="/:@~+")  # never another host
        return f"{address}?{written}" if written else address

    def series(self, indicator: str, area: str, disease: str = "") -> str:
        """Return where a series of this day can be had as CSV."""
        return self._csv("series", indicator=indicator, area=area, disease=disease)

    def newest(self, indicator: str, disease: str = "") -> str:
        """Return where an indicator's newest values of this day can be had as CSV."""
        return self._csv("latest", indicator=indicator, disease=disease)

    def _csv(self, name: str, **query: str) -> str:
        if self.request.as_of is not None:
            query["as_of"] = self.request.as_of.isoformat()
        asked = {key: value for key, value in query.items() if value}
        return f"{API}/{name}?{urlencode(asked | {'format': 'csv'})}"


@dataclass(frozen=True, slots=True)
class Page(Generic[View]):
    """A page: `layout` and `title` are pure functions of what `read` returns."""

    path: str  # "/areas/<area>": names in angle brackets fill fields of the request
    read: Callable[[Any, Request], View]  # the store is opaque here
    title: Callable[[View, Visit], str]
    layout: Callable[[View, Visit], Component]
    nav: Callable[[Texts], str] | None = None  # its words in the navigation; none: not in it
    order: int = 0  # place in the navigation
    group: int = 0  # navigation entries of one group stand together
    section: str = ""  # the path of the navigation entry it belongs to; empty: its own
    query: tuple[str, ...] = ()  # request fields that may be given as ?name=
    lists: tuple[str, ...] = ()  # what else may be: order, filter and page of lists it arranges
    place: Callable[[View], str] | None = None  # the area it is about; none: the country
    discloses: bool = False  # its read takes the disclosure rule as the keyword `rule`
    forms: Mapping[str, Action] = field(default_factory=dict)  # what its forms do, by name
    receives: str = ""  # the form that takes files, read in pieces
    asks_intake: bool = False  # its read takes how files get in as the keyword `intake`
    plain: bool = False  # forms and tables only: served without Dash, opened with a full load
    scope: Callable[[Any, Request], Mapping[str, str]] | None = None  # area, section or firm asked
    pattern: re.Pattern[str] = field(init=False, repr=False)

    @property
    def entry(self) -> str:
        """Its line in the policy map."""
        return f"page:{self.path}"

    def __post_init__(self) -> None:
        """Compile the address once."""
        pattern = re.sub(r"<(\w+)>", r"(?P<\1>[A-Za-z0-9:._-]{1,80})", self.path)
        object.__setattr__(self, "pattern", re.compile(pattern))
