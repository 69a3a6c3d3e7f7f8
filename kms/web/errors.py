"""What a refusal looks like: a page in the reader's language, or JSON where programs ask.

Nothing of the inside is shown: no path of ours, no name of a module, no query, no value.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from html import escape

import flask
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from kms.api.faults import CODES, fault, fault_of, for_programs, keep_headers
from kms.errors import AccessError, ConfigError, DataError, NoDataError
from kms.texts import Texts, languages, texts

log = logging.getLogger(__name__)

LANGUAGE = "LANGUAGE"  # in the server's configuration: of a reader who chose none
STYLE_SHEETS = "STYLE_SHEETS"  # there, too: addresses, put there by who writes the pages
BAD_REQUEST, FORBIDDEN, NOT_FOUND, FAILED, UNAVAILABLE = 400, 403, 404, 500, 503
N_ = str  # marks a text for the catalogues
SOON = 30  # seconds after which a database that was away may be asked again


DOCUMENT = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title} · Ligtas</title>
<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
{styles}
</head>
<body>
<div class="page">
<header class="head"><a class="brand" href="{board}">Ligtas</a></header>
<main class="main" id="main">
<div class="lead"><h1>{title}</h1></div>
<div class="empty gap-t">
{paragraphs}
<p><a href="{onward}">{label}</a></p>
</div>
</main>
</div>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Words:
    """What happened, in a line and in a sentence, and what to do; untranslated."""

    title: str
    what: str
    todo: str = ""


AGAIN = N_("Go back and try again, or start from the board.")
SAID = {
    400: Words(
        N_("This request could not be understood"),
        N_("Part of the address, or of what was sent, cannot be read."),
        AGAIN,
    ),
    401: Words(
        N_("Sign in to see this"),
        N_("This address is open to people with an account."),
        N_("Sign in, then open the address again."),
    ),
    403: Words(
        N_("This is not open to you"),
        N_("Your account does not include it, or the request came from another site."),
        N_(
            "Open it from Ligtas itself. If your password was set for you, first choose one of "
            "your own under your name. Otherwise ask an admin."
        ),
    ),
    404: Words(
        N_("There is no page at this address"),
        N_("The address may be mistyped, or the page may have moved."),
    ),
    405: Words(
        N_("This address does not take such a request"),
        N_("It may be open for reading only."),
        AGAIN,
    ),
    408: Words(
        N_("The request took too long"),
        N_("The connection was slow or was interrupted."),
        N_("Try again."),
    ),
    413: Words(
        N_("What was sent is too large"),
        N_("The server takes less than that at once."),
        N_("Send less, or in parts."),
    ),
    414: Words(
        N_("The address is too long"),
        N_("The server does not read addresses of this length."),
        AGAIN,
    ),
    415: Words(
        N_("What was sent has the wrong form"),
        N_("The server expects another type of content here."),
        AGAIN,
    ),
    429: Words(
        N_("There were too many requests"),
        N_("The server takes only so many in a short time."),
        N_("Wait a little, then try again."),
    ),
    500: Words(
        N_("This page could not be made"),
        N_("The fault is ours and was recorded. The other pages are not affected."),
    ),
    503: Words(
        N_("The data cannot be read just now"),
        N_("The store of figures does not answer. Nothing was lost."),
        N_("Try again in a minute."),
    ),
}


def error_pages(server: flask.Flask, *, language: str = "en") -> None:
    """Answer every failure on the server; `language` is for readers who chose none."""
    server.config[LANGUAGE] = language
    server.register_error_handler(HTTPException, _of_http)
    server.register_error_handler(SQLAlchemyError, _of_store)
    server.register_error_handler(RecursionError, _of_depth)
    server.register_error_handler(AccessError, lambda error: _of_ours(FORBIDDEN, error))
    server.register_error_handler(NoDataError, lambda error: _of_ours(NOT_FOUND, error))
    server.register_error_handler(ConfigError, lambda error: _of_ours(BAD_REQUEST, error))
    server.register_error_handler(DataError, lambda error: _of_ours(FAILED, error))
    server.register_error_handler(Exception, _of_anything)


def reader_texts() -> Texts:
    """Return the language of ?lang=, or the server's."""
    wanted = flask.request.args.get("lang", "")
    default = str(flask.current_app.config.get(LANGUAGE, "en"))
    return texts(wanted if wanted in languages() else default)


def refuse(status: int, words: Words | None = None) -> flask.Response:
    """Return a refusal in the form of the address: JSON for programs, a page for people."""
    words = words or words_of(status)
    if for_programs(flask.request.path):
        return fault(status, CODES.get(status, "refused"), words.what.rstrip("."))
    return page(status, words=words)


def page(
    status: int,
    *,
    words: Words | None = None,
    detail: str = "",
    onward: tuple[str, str] | None = None,
) -> flask.Response:
    """Return a page that says what happened; `detail` is English and is escaped.

    `onward` is where to go instead, an address and its untranslated name; the board if not given.
    """
    text, words = reader_texts(), words or words_of(status)
    default = flask.current_app.config.get(LANGUAGE, "en")
    query = "" if text.language == default else f"?lang={text.language}"
    address, label = onward or ("/", N_("Go to the board"))
    said = [text.gettext(each) for each in (words.what, words.todo) if each]
    paragraphs = [f"<p>{escape(each)}</p>" for each in said]
    if detail:
        paragraphs.append(f'<p class="s q" lang="en">{escape(detail)}</p>')
    sheets = flask.current_app.config.get(STYLE_SHEETS, ())
    written = DOCUMENT.format(
        language=text.language,
        title=escape(text.gettext(words.title)),
        styles="\n".join(f'<link rel="stylesheet" href="{escape(each)}">' for each in sheets),
        board=f"/{query}",
        paragraphs="\n".join(paragraphs),
        onward=escape(address + query),
        label=escape(text.gettext(label)),
    )
    answer = flask.Response(written, status, mimetype="text/html")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def words_of(status: int) -> Words:
    """Return the words of a status, or of the nearest we have words for."""
    return SAID.get(status) or SAID[FAILED if status >= FAILED else BAD_REQUEST]


def _of_http(error: HTTPException) -> Response | HTTPException:
    if error.response is not None or not error.code or error.code < BAD_REQUEST:
        return error
    if for_programs(flask.request.path):
        return fault_of(error)
    answer = page(error.code)
    keep_headers(answer, error)
    return answer


def _of_ours(status: int, error: Exception) -> flask.Response:
    """Tell programs the message, which holds no personal data; people get the plain page."""
    if status == FAILED:
        _record(error)
    if for_programs(flask.request.path):
        codes = CODES | {BAD_REQUEST: "wrong_parameter", NOT_FOUND: "no_data"}
        return fault(status, codes[status], str(error))
    return page(status)


def _of_store(error: SQLAlchemyError) -> flask.Response:
    """Log where, never what: the message of a database repeats the values it was given."""
    cause = getattr(error, "orig", None)
    log.error(
        "the store cannot be read",
        extra={
            "path": flask.request.path,
            "kind": type(error).__name__,
            "sqlstate": getattr(cause, "sqlstate", None) or type(cause).__name__,
            "stack": traceback.format_tb(error.__traceback__),
        },
    )
    answer = refuse(UNAVAILABLE)
    answer.headers["Retry-After"] = str(SOON)
    return answer


def _of_depth(error: RecursionError) -> flask.Response:
    """Blame the sender where something was sent; a body may be nested deeper than can be read."""
    return refuse(BAD_REQUEST) if flask.request.content_length else _of_anything(error)


def _of_anything(error: Exception) -> flask.Response:
    _record(error)
    return refuse(FAILED)


def _record(error: Exception) -> None:
    # repr, because a path may hold line breaks, and one failure must stay one line
    log.error("%s %r failed", flask.request.method, flask.request.path, exc_info=error)
