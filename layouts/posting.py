"""What comes in by a form: its token, the policy map, the page's own action, then an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import flask
from werkzeug.wrappers import Response

from kms.config import now
from kms.errors import AccessError, ThrottledError
from kms.web.cookies import Cookies
from kms.web.errors import N_, Words, refuse
from kms.web.errors import page as error_page
from kms.web.gate import own_address, refusal
from layouts.components.forms.notices import problem
from layouts.page import Form, Outcome, Page, Said
from layouts.routing import BAD, LONGEST_VALUE, OK, first_look, match, may_open
from layouts.routing import answer as answer_of

if TYPE_CHECKING:
    from layouts.server import ReadableDash

SEE_OTHER, UNUSABLE, THROTTLED = 303, 422, 429
ENDPOINT = "layouts.forms"
DO, TOKEN = "do", "form_token"  # fields of every form
LONGEST_FIELD = 2_000


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
    if page is None or name not in page.forms or not cookies.fits(sent.pop(TOKEN, "")):
        return refuse(BAD)
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
    given = flask.request.args
    visit = first_look(dash.asked(flask.request.path), given)
    named = {name: given[name][:LONGEST_VALUE] for name in page.query if name in given}
    return Form(
        values=sent,
        request=visit.request.filled({**fields, **named}),
        text=visit.text,
        address=flask.request.remote_addr or "",
        at=now(),
        secret=str(flask.current_app.secret_key),
        site=dash.site or flask.request.host_url.rstrip("/"),
    )


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
