"""Which addresses show the same page to everybody: one name for all ways to write one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import BadRequest

from kms.texts import languages
from layouts.page import Page
from layouts.routing import match, query_of

# Signs that mean themselves: whatever must be decoded goes the whole way, each time.
PLAIN_PATH = re.compile(r"/|(?:/[A-Za-z0-9:._~-]+)+")
PLAIN_QUERY = re.compile(r"[A-Za-z0-9:._~+&=-]*")
LONGEST_PATH, LONGEST_QUERY = 200, 300


@dataclass(frozen=True, slots=True)
class Address:
    """A page with all that its content depends on; what it does not know is not in it."""

    path: str
    language: str
    query: tuple[tuple[str, str], ...] = ()

    @property
    def is_bare(self) -> bool:
        """Tell whether it is one of few: a page as it is, without a day or a choice."""
        return not self.query


def address_of(
    pages: Iterable[Page[Any]], pathname: str, search: str, default_language: str
) -> Address | None:
    """Return the address of a page that may be kept; None where each request is for itself."""
    search = search.removeprefix("?")
    if len(pathname) > LONGEST_PATH or len(search) > LONGEST_QUERY:
        return None
    if not PLAIN_PATH.fullmatch(pathname) or not PLAIN_QUERY.fullmatch(search):
        return None
    page, _fields = match(pages, pathname)
    if page is None or page.plain:  # its forms are one reader's
        return None
    if not search:
        return Address(pathname, default_language)
    try:
        query = query_of(search, page)
    except BadRequest:
        return None
    wanted = query.pop("lang", "")
    asks = {"as_of", *page.query, *page.lists}
    own = sorted((name, value) for name, value in query.items() if name in asks)
    return Address(pathname, wanted if wanted in languages() else default_language, tuple(own))
