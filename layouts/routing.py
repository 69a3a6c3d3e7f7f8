"""From an address to a page's content, title and status; one way for HTML and for Dash."""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from dash.development.base_component import Component

from kms.errors import NoDataError
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.texts import languages, manila_day, texts
from layouts import failures, shell
from layouts.page import Page, Visit

log = logging.getLogger(__name__)

OK, BAD, NOT_FOUND, FAILED = 200, 400, 404, 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address gives: the whole page, ready for HTML or for Dash."""

    status: int
    title: str
    language: str
    content: Component


@cache
def discover() -> tuple[Page[Any], ...]:
    """Find every `PAGE` in `layouts.pages`; two with one address, or none at all, is an error."""
    package = importlib.import_module("layouts.pages")
    pages: dict[str, Page[Any]] = {}
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        page: Page[Any] = importlib.import_module(module.name).PAGE
        if page.path in pages:
            raise ValueError(f"{module.name}: a second page has the address {page.path}")
        pages[page.path] = page
    if not pages:
        raise ValueError("layouts.pages holds no page; at least the board belongs there")
    return tuple(sorted(pages.values(), key=lambda page: (page.group, page.order, page.path)))


def answer(
    store: Any,
    pages: Iterable[Page[Any]],
    pathname: str,
    search: str,
    *,
    default_language: str = "en",
) -> Answer:
    """Return the page at an address, or the page that says why there is none."""
    pages = tuple(pages)
    query = {key: values[-1] for key, values in parse_qs(search.lstrip("?")).items()}
    language = query.get("lang", default_language)
    language = language if language in languages() else default_language
    path = pathname.rstrip("/") or "/"
    text = texts(language)
    visit = Visit(Request(language=language), text, path, default_language)
    page, fields = match(pages, path)
    if page is None:
        return _failure(NOT_FOUND, failures.unknown_address(visit), visit, pages)
    try:
        as_of = day_of(query.get("as_of", ""))
    except ValueError as error:
        return _failure(BAD, failures.bad_day(visit, str(error)), visit, pages)
    kept = {name: query[name][:80] for name in page.query if name in query}
    fields |= kept
    request = Request(as_of=as_of, language=language, **fields)
    visit = Visit(request, text, path, default_language, tuple(kept.items()))
    try:
        view = page.read(store, request)
        today = manila_day(view.frame.clock)
        if as_of is not None and as_of > today:
            failure = failures.day_ahead(visit, today)
            return _failure(BAD, failure, visit, pages, frame=view.frame)
        return _shown(page, view, visit, pages)
    except NoDataError as error:
        return _absent(store, visit, pages, str(error))
    except Exception:  # the page boundary: recorded, and shown as a state
        log.exception("page %s failed", page.path)
        return _failure(FAILED, failures.broken(visit), visit, pages)


def match(pages: Iterable[Page[Any]], path: str) -> tuple[Page[Any] | None, dict[str, str]]:
    """Find the page of a path, and the request fields that stand in it."""
    for page in pages:
        found = page.pattern.fullmatch(path)
        if found:
            return page, found.groupdict()
    return None, {}


def day_of(written: str) -> date | None:
    """Read the day of ?as_of=; empty means the latest. Raises ValueError with what was given."""
    if not written:
        return None
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise ValueError(written[:40]) from None
    if day.isoformat() != written:
        raise ValueError(written[:40])
    return day


def _shown(page: Page[Any], view: Any, visit: Visit, pages: tuple[Page[Any], ...]) -> Answer:
    title = f"{page.title(view, visit)} · Ligtas"
    whole = shell.shell(
        page.layout(view, visit),
        visit,
        title=title,
        frame=view.frame,
        pages=pages,
        current=page,
        place=page.place(view) if page.place else "",
    )
    return Answer(OK, title, visit.text.language, whole)


def _absent(store: Any, visit: Visit, pages: tuple[Page[Any], ...], why: str) -> Answer:
    """Say whether this is not there, or nothing is there at all, as the front page tells."""
    front, _ = match(pages, "/")
    try:
        frame = front.read(store, Request()).frame if front else None
    except NoDataError as error:
        return _failure(OK, failures.nothing_yet(visit, str(error)), visit, pages)
    return _failure(NOT_FOUND, failures.nothing_there(visit, why), visit, pages, frame=frame)


def _failure(
    status: int,
    failure: failures.Failure,
    visit: Visit,
    pages: tuple[Page[Any], ...],
    *,
    frame: Frame | None = None,
) -> Answer:
    title = f"{failure.title} · Ligtas"
    whole = shell.shell(failure.content, visit, title=title, frame=frame, pages=pages, current=None)
    return Answer(status, title, visit.text.language, whole)
