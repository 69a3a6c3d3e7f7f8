"""Addresses of briefs: one that always shows the newest, one for each publication."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import flask
from werkzeug.wrappers import Response

from kms.access.disclosure import DisclosureRule
from kms.briefs.shelf import Brief, Shelf
from kms.errors import DataError, NoDataError
from kms.reads.request import Request
from kms.store.engine import Store
from kms.web.errors import FAILED, N_, NOT_FOUND, UNAVAILABLE, Words, page, words_of

log = logging.getLogger(__name__)

A_YEAR = 365 * 24 * 3600
NO_BRIEF = Words(N_("No brief here"), N_("The code may be mistyped, or there is no brief for it."))
ONWARD = ("/sectors", N_("Sectors and their briefs"))


def create_briefs(
    store: Store, home: Path, rule: DisclosureRule | None = None, language: str = "en"
) -> flask.Blueprint:
    """Return the blueprint of `/briefs`; PDFs are kept under `home`/briefs."""
    shelf = Shelf(store, home, rule or DisclosureRule())
    pages = flask.Blueprint("briefs", __name__, url_prefix="/briefs")

    def asked(area: str, sector: str) -> Request:
        wanted = flask.request.args.get("lang", language)
        return Request(area=area, sector=sector, language=wanted)

    @pages.get("/<area>/<sector>/latest.pdf")
    def latest(area: str, sector: str) -> Response:
        return _answer(
            lambda: shelf.latest(asked(area, sector), only_about=_only_about()), "no-cache"
        )

    @pages.get("/<area>/<sector>/<publication>.pdf")
    def of_publication(area: str, sector: str, publication: str) -> Response:
        kept = f"public, max-age={A_YEAR}, immutable"
        return _answer(
            lambda: shelf.of(publication, asked(area, sector), only_about=_only_about()), kept
        )

    return pages


def _only_about() -> bool:
    """Tell whether the headers alone are wanted: nothing is set in type or kept for that."""
    return flask.request.method == "HEAD"


def _answer(read: Callable[[], Brief], cache_control: str) -> Response:
    try:
        brief = read()
    except NoDataError as error:
        return page(NOT_FOUND, words=NO_BRIEF, detail=str(error), onward=ONWARD)
    except DataError as error:
        log.exception("a brief could not be made")
        return page(UNAVAILABLE, words=words_of(FAILED), detail=str(error), onward=ONWARD)
    response = flask.Response(brief.content, mimetype="application/pdf")
    # A length of 0 would be a lie about a document that was not made.
    response.automatically_set_content_length = brief.content is not None
    response.headers["Content-Disposition"] = f'inline; filename="{brief.file_name}"'
    response.headers["Cache-Control"] = cache_control
    response.set_etag(brief.etag)
    return response.make_conditional(flask.request)
