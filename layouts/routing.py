"""From an address to a page's content, title and status; one way for HTML and for Dash."""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from dash.development.base_component import Component
from werkzeug.exceptions import BadRequest

from kms.access import policy
from kms.domain.principal import PUBLIC, Principal
from kms.errors import AccessError, NoDataError
from kms.reads.frame import UnreadableError, today
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.texts import languages, manila_day, texts
from kms.web.origin import writable
from layouts import failures, shell
from layouts.page import Page, Said, Visit

log = logging.getLogger(__name__)

OK, BAD, UNAUTHORISED, FORBIDDEN, NOT_FOUND, FAILED = 200, 400, 401, 403, 404, 500
LONGEST_VALUE = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """An address, who asks, and what their forms need."""

    pathname: str
    search: str = ""
    default_language: str = "en"
    who: Principal = PUBLIC
    form_token: str = ""
    said: Said | None = None
    identity_provider: bool = False
    address: str = ""  # of the reader on the network


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address gives: the whole page, ready for HTML or for Dash."""

    status: int
    title: str
    language: str
    content: Component
    plain: bool = False  # without Dash


@cache
def discover(*, gallery: bool = False) -> tuple[Page[Any], ...]:
    """Find every `PAGE` in `layouts.pages`; two with one address, or none at all, is an error.

    With `gallery`, that of all charts and states is there, too; it is for development.
    """
    package = importlib.import_module("layouts.pages")
    pages: dict[str, Page[Any]] = {}
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if module.ispkg:
            continue
        page: Page[Any] = importlib.import_module(module.name).PAGE
        if page.path in pages:
            raise ValueError(f"{module.name}: a second page has the address {page.path}")
        pages[page.path] = page
    if gallery:
        shown: Page[Any] = importlib.import_module("layouts.gallery.gallery").PAGE
        pages[shown.path] = shown
    if not pages:
        raise ValueError("layouts.pages holds no page; at least the board belongs there")
    return tuple(sorted(pages.values(), key=lambda page: (page.group, page.order, page.path)))


def answer(store: Any, pages: Iterable[Page[Any]], asked: Asked) -> Answer:
    """Return the page at an address, or the page that says why there is none."""
    pages = tuple(pages)
    page, fields = match(pages, asked.pathname.rstrip("/") or "/")
    query = query_of(asked.search, page)
    visit = first_look(asked, query)
    if page is None:
        return _failure(NOT_FOUND, failures.unknown_address(visit), visit, pages)
    try:
        request = request_of(visit.request, page, fields, query)
    except ValueError as error:
        return _failure(BAD, failures.bad_day(visit, str(error)), visit, pages)
    kept = _own(query, (*page.query, *page.lists))
    visit = replace(visit, request=request, kept=tuple(kept.items()))
    return _opened(store, page, visit, pages)


def _opened(store: Any, page: Page[Any], visit: Visit, pages: tuple[Page[Any], ...]) -> Answer:
    try:
        if (ahead := day_before(store, visit.request)) is not None:
            return _failure(BAD, failures.day_ahead(visit, ahead), visit, pages)
        if (shut := may_open(store, page, visit.request)) is not None:
            return _failure(*shut_out(shut, visit), visit, pages)
        return _read(store, page, visit, pages)
    except NoDataError as error:
        return _absent(store, visit, pages, str(error))
    except AccessError:
        return _failure(*shut_out(policy.Answer.CLOSED, visit), visit, pages)
    except UnreadableError:  # no fault of the page: the whole server says when to come again
        raise
    except Exception:  # the page boundary: recorded, and shown as a state
        log.exception("page %s failed", page.path)
        return _failure(FAILED, failures.broken(visit), visit, pages)


def first_look(asked: Asked, query: Mapping[str, str]) -> Visit:
    """Return who looks, in which language, before it is known at what."""
    wanted = query.get("lang", "")
    language = wanted if wanted in languages() else asked.default_language
    return Visit(
        Request(language=language, who=asked.who, address=asked.address),
        texts(language),
        asked.pathname.rstrip("/") or "/",
        asked.default_language,
        form_token=asked.form_token,
        said=asked.said,
        identity_provider=asked.identity_provider,
    )


def may_open(
    store: Any, page: Page[Any], request: Request, entry: str = ""
) -> policy.Answer | None:
    """Return what the policy map says against opening a page or its form; None if nothing."""
    limits = page.scope(store, request) if page.scope else {"area": request.area}
    said = policy.ask(request.who, entry or page.entry, **limits)
    return None if said is policy.Answer.OPEN else said


def shut_out(said: policy.Answer, visit: Visit) -> tuple[int, failures.Failure]:
    """Return the status and the words for somebody who is not let in."""
    if said is policy.Answer.SIGN_IN:
        return UNAUTHORISED, failures.sign_in_first(visit)
    if visit.request.who.must_change:
        return FORBIDDEN, failures.password_first(visit)
    return FORBIDDEN, failures.not_open(visit)


def match(pages: Iterable[Page[Any]], path: str) -> tuple[Page[Any] | None, dict[str, str]]:
    """Find the page of a path, and the request fields that stand in it."""
    for page in pages:
        found = page.pattern.fullmatch(path)
        if found:
            return page, found.groupdict()
    return None, {}


def query_of(search: str, page: Page[Any] | None) -> dict[str, str]:
    """Return what the query of an address gives, for a page and for its forms alike.

    Raises `BadRequest` where one of the page's own stands twice, since what is shown and what is
    done could then be two things, and where one could not be stored.
    """
    given = parse_qs(search.lstrip("?"), keep_blank_values=True)
    own = {"as_of", "lang", *((*page.query, *page.lists) if page else ())}
    if any(len(values) > 1 for name, values in given.items() if name in own):
        raise BadRequest
    if not all(writable(name, *values) for name, values in given.items()):
        raise BadRequest
    return {name: values[-1] for name, values in given.items() if values[-1]}


def request_of(
    request: Request, page: Page[Any], fields: Mapping[str, str], query: Mapping[str, str]
) -> Request:
    """Return what an address asks of a page. Raises ValueError with a day that cannot be read."""
    as_of = day_of(query.get("as_of", ""))
    return replace(request.filled({**fields, **_own(query, page.query)}), as_of=as_of)


def _own(query: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: query[name][:LONGEST_VALUE] for name in names if name in query}


def day_before(store: Any, request: Request) -> date | None:
    """Return the store's day where the day asked for has not come; None where it has."""
    if request.as_of is None:
        return None
    here = today(store)
    return here if here is not None and request.as_of > here else None


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


def _read(store: Any, page: Page[Any], visit: Visit, pages: tuple[Page[Any], ...]) -> Answer:
    view = page.read(store, visit.request)
    frame, as_of = view.frame, visit.request.as_of
    if frame is not None and as_of is not None and as_of > (here := manila_day(frame.clock)):
        return _failure(BAD, failures.day_ahead(visit, here), visit, pages, frame=frame)
    title = f"{page.title(view, visit)} · Ligtas"
    whole = shell.shell(
        page.layout(view, visit),
        visit,
        title=title,
        frame=frame,
        pages=pages,
        current=page,
        place=page.place(view) if page.place else "",
    )
    return Answer(OK, title, visit.text.language, whole, page.plain)


def _absent(store: Any, visit: Visit, pages: tuple[Page[Any], ...], why: str) -> Answer:
    """Say whether this is not there, or nothing is there at all, as the front page tells."""
    front, _ = match(pages, "/")
    here, _ = match(pages, visit.path)
    if here is not None and here.plain:  # accounts and notices do not wait for figures
        return _failure(NOT_FOUND, failures.nothing_there(visit, why), visit, pages)
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
    meant, _ = match(pages, visit.path)  # what a page without Dash could not show comes so, too
    plain = meant is not None and meant.plain
    return Answer(status, title, visit.text.language, whole, plain)
