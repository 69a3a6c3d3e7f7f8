"""What comes in by a form: its token, the policy map, the page's own action, then an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import flask
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.wrappers import Response

from kms.access.policy import Answer, ask
from kms.config import now
from kms.domain.intake import Intake
from kms.errors import AccessError, ThrottledError
from kms.web.cookies import Cookies
from kms.web.errors import N_, Words, reader_texts, refuse
from kms.web.errors import page as error_page
from kms.web.gate import current_principal, own_address, refusal
from kms.web.origin import LARGEST_BODY, one_line, writable
from kms.web.parcel import MULTIPART, Parcel
from layouts.components.forms.notices import problem
from layouts.page import Action, Form, Outcome, Page, Said
from layouts.routing import BAD, OK, day_before, first_look, match, may_open, query_of, request_of
from layouts.routing import answer as answer_of

if TYPE_CHECKING:
    from layouts.server import ReadableDash

TOO_OLD = Words(
    N_("This form cannot be used any more"),
    N_("You have been signed out, or the page was open for too long. Nothing was changed."),
    N_("Open the page again; sign in if it asks for that."),
)
SEE_OTHER, TOO_LARGE, UNUSABLE, THROTTLED = 303, 413, 422, 429
ENDPOINT = "layouts.forms"
DO, TOKEN = "do", "form_token"  # fields of every form
LONGEST_FIELD, LONGEST_TEXT = 2_000, 32_000
TEXTS = frozenset({"toml"})  # of several lines
AS_TYPED = TEXTS | {"password", "again", "current"}  # every sign of these counts


def serve_forms(server: flask.Flask, dash: ReadableDash) -> None:
    """Take the forms of every page that has some, at the page's own address."""

    def take(**_fields: str) -> Response:
        return _take(dash)

    for page in dash.pages:
        if page.forms:
            server.add_url_rule(page.path, ENDPOINT, take, methods=["POST"])


def _take(dash: ReadableDash) -> Response:
    page, fields = match(dash.pages, flask.request.path.rstrip("/") or "/")
    if page is None:
        return refuse(BAD)
    try:
        parcel = _parcel(page)
    except RequestEntityTooLarge:
        return _too_large(dash)
    given = parcel.fields if parcel else flask.request.form
    sent = {name: value[: _longest(name)] for name, value in given.items()}
    name = sent.pop(DO, "")
    cookies: Cookies = flask.current_app.extensions["cookies"]
    if name not in page.forms or not writable(*sent.keys(), *sent.values()):
        return refuse(BAD)
    if not cookies.fits(sent.pop(TOKEN, "")):
        return error_page(BAD, words=TOO_OLD, onward=(flask.request.path, N_("Open it again")))
    form = _form(dash, page, fields, sent)
    if parcel and name == page.receives:
        form = replace(form, files=parcel.files())
    shut = may_open(dash.store, page, form.request, f"form:{page.path}:{name}")
    if shut is not None:
        return refusal(shut) or refuse(BAD)
    return _act(dash, page.forms[name], form, cookies)


def _act(dash: ReadableDash, action: Action, form: Form, cookies: Cookies) -> Response:
    try:
        outcome = action(dash.store, form)
    except ThrottledError as error:
        answer = _again(dash, problem(form.text, error), THROTTLED)
        answer.headers["Retry-After"] = str(error.seconds)
        return answer
    except AccessError as error:
        return _again(dash, problem(form.text, error), UNUSABLE)
    return _answer(dash, outcome, cookies)


def _parcel(page: Page[Any]) -> Parcel | None:
    """Return a form with files; who may not send any may send no more than by another form."""
    if not page.receives or flask.request.mimetype != MULTIPART:
        return None
    intake: Intake | None = flask.current_app.extensions.get("intake")
    may = ask(current_principal(), f"form:{page.path}:{page.receives}") is Answer.OPEN
    most = intake.uploads.largest + LARGEST_BODY if may and intake else LARGEST_BODY
    return Parcel(flask.request, most=most)


def _too_large(dash: ReadableDash) -> Response:
    """Say so on the page, which also says where larger files go in."""
    if current_principal().is_public:
        return refuse(TOO_LARGE)
    text = reader_texts()
    return _again(
        dash, Said("problem", text.gettext("The files are too large to upload.")), TOO_LARGE
    )


def _longest(name: str) -> int:
    return LONGEST_TEXT if name in TEXTS else LONGEST_FIELD


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
        status = UNUSABLE if outcome.said.kind == "problem" else OK
        answer = _again(dash, outcome.said, status, at=outcome.at)
    else:
        here = flask.request.full_path.rstrip("?")
        answer = flask.redirect(own_address(outcome.go) or here, SEE_OTHER)
    if outcome.session_id:
        cookies.open(answer, outcome.session_id)
    if outcome.ended:
        cookies.close(answer)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _again(dash: ReadableDash, said: Said, status: int, *, at: str = "") -> Response:
    """Show the page the form stands on, or `at`, with what the form came to.

    A link or token that is told only once would otherwise stand in an address.
    """
    search = flask.request.query_string.decode("utf-8", "replace")
    page, _fields = match(dash.pages, flask.request.path.rstrip("/") or "/")
    if page is not None and not page.plain:  # its charts need Dash: back there by a link
        here = flask.request.full_path.rstrip("?")
        return error_page(status, words=Words(said.words, ""), onward=(here, N_("Go back")))
    asked = dash.asked(at or flask.request.path, search, said=said)
    shown = answer_of(dash.store, dash.pages, asked)
    answer = flask.Response(dash.document(shown), status, mimetype="text/html")
    answer.headers["Cache-Control"] = "no-store"
    return answer
