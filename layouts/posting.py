"""What comes in by a form: its token, the policy map, the page's own action, then an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import flask
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from kms.config import now
from kms.errors import AccessError, ThrottledError
from kms.web.cookies import Cookies
from kms.web.errors import N_, Words, refuse
from kms.web.errors import page as error_page
from kms.web.gate import own_address, refusal
from kms.web.origin import one_line, writable
from layouts.components.forms.notices import problem
from layouts.page import Form, Outcome, Page, Said
from layouts.routing import BAD, OK, day_before, first_look, match, may_open, query_of, request_of
from layouts.routing import answer as answer_of

if TYPE_CHECKING:
    from layouts.server import ReadableDash

TOO_OLD = Words(
    N_("This form cannot be used any more"),
    N_("You have been signed out, or the page was open for too long. Nothing was changed."),
    N_("Open the page again; sign in if it asks for that."),
)
SEE_OTHER, UNUSABLE, THROTTLED = 303, 422, 429
ENDPOINT = "layouts.forms"
DO, TOKEN = "do", "form_token"  # fields of every form
LONGEST_FIELD = 2_000
AS_TYPED = frozenset({"password", "again", "current"})  # every sign of these counts


def serve_forms(server: flask.Flask, dash: ReadableDash) -> None:
    """Take the forms of every page that has some, at the page's own address."""

    def take(**_fields: str) -> Response:
        return _take(dash)

    for page in dash.pages:
        if page.forms:
            server.add_url_rule(page.path, ENDPOINT, take, methods=["POST"])


def _take(dash: ReadableDash) -> Response:
    page, fields = match(dash.pages, flask.request.path.rstrip("/") or "/")
    sent = {name: value[:LONGEST_FIELD] for name, value in flask.request.form.items()}
    name = sent.pop(DO, "")
    cookies: Cookies = flask.current_app.extensions["cookies"]
    if page is None or name not in page.forms or not writable(*sent.keys(), *sent.values()):
        return refuse(BAD)
    if not cookies.fits(sent.pop(TOKEN, "")):
        return error_page(BAD, words=TOO_OLD, onward=(flask.request.path, N_("Open it again")))
    form = _form(dash, page, fields, sent)
    shut = may_open(dash.store, page, form.request, f"form:{page.path}:{name}")
    if shut is not None:
        return refusal(shut) or refuse(BAD)
    try:
        outcome = page.forms[name](dash.store, form)
    except ThrottledError as error:
        answer = _again(dash, problem(form.text, error), THROTTLED)
        answer.headers["Retry-After"] = str(error.seconds)
        return answer
    except AccessError as error:
        return _again(dash, problem(form.text, error), UNUSABLE)
    return _answer(dash, outcome, cookies)


def _form(
    dash: ReadableDash, page: Page[Any], fields: Mapping[str, str], sent: Mapping[str, str]
) -> Form:
    query = query_of(flask.request.query_string.decode("utf-8", "replace"), page)
    visit = first_look(dash.asked(flask.request.path), query)
    try:
        request = request_of(visit.request, page, fields, query)
    except ValueError as error:
        raise BadRequest from error
    if day_before(dash.store, request) is not None:
        raise BadRequest
    return Form(
        values={name: _as_kept(name, value) for name, value in sent.items()},
        request=request,
        text=visit.text,
        address=flask.request.remote_addr or "",
        at=now(),
        secret=str(flask.current_app.secret_key),
        site=dash.site or flask.request.host_url.rstrip("/"),
        intake=flask.current_app.extensions.get("intake"),
    )


def _as_kept(name: str, value: str) -> str:
    return value if name in AS_TYPED else one_line(value)


def _answer(dash: ReadableDash, outcome: Outcome, cookies: Cookies) -> Response:
    answer: Response
    if outcome.file is not None:
        answer = flask.Response(outcome.file.content, mimetype=outcome.file.media_type)
        answer.headers["Content-Disposition"] = f'attachment; filename="{outcome.file.name}"'
    elif outcome.said is not None:
        answer = _again(dash, outcome.said, OK)
    else:
        here = flask.request.full_path.rstrip("?")
        answer = flask.redirect(own_address(outcome.go) or here, SEE_OTHER)
    if outcome.session_id:
        cookies.open(answer, outcome.session_id)
    if outcome.ended:
        cookies.close(answer)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _again(dash: ReadableDash, said: Said, status: int) -> Response:
    """Show the page the form stands on, with what the form came to; nothing was redirected.

    A link or token that is told only once would otherwise stand in an address.
    """
    search = flask.request.query_string.decode("utf-8", "replace")
    page, _fields = match(dash.pages, flask.request.path.rstrip("/") or "/")
    if page is not None and not page.plain:  # its charts need Dash: back there by a link
        here = flask.request.full_path.rstrip("?")
        return error_page(status, words=Words(said.words, ""), onward=(here, N_("Go back")))
    shown = answer_of(dash.store, dash.pages, dash.asked(flask.request.path, search, said=said))
    answer = flask.Response(dash.document(shown), status, mimetype="text/html")
    answer.headers["Cache-Control"] = "no-store"
    return answer
