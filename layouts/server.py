"""Dash on a Flask server: every page as HTML first, then taken over by the same component tree."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any

import flask
from dash import Dash, Input, Output, dcc, html
from werkzeug.wrappers import Response

from kms.access import policy
from kms.access.disclosure import DisclosureRule
from kms.domain.principal import PUBLIC
from kms.errors import DataError
from kms.reads.request import Request
from kms.web.cookies import Cookies
from kms.web.door import OWN_ADDRESS, wrap_inside
from kms.web.errors import STYLE_SHEETS
from kms.web.gate import DEVELOPMENT, PUBLIC_URL, current_principal, refusal
from kms.web.headers import SCRIPT_HASHES
from kms.web.origin import DOORPLATE, Doorplate
from layouts.delivery.addresses import Address, address_of
from layouts.delivery.compression import compress_responses
from layouts.delivery.files import (
    ASSETS,
    asset_address,
    named_by_content,
    packed_files,
    plotly_address,
    serve_files,
)
from layouts.delivery.kept import Kept
from layouts.delivery.replay import KEEPABLE, Replay
from layouts.document import DOCUMENT, PLAIN_DOCUMENT, THEME, THEME_SCRIPT
from layouts.guard import guard_callbacks
from layouts.page import Page, Said
from layouts.posting import serve_forms
from layouts.render import condensed, to_html
from layouts.routing import (
    FORBIDDEN,
    NOT_FOUND,
    OK,
    UNAUTHORISED,
    Answer,
    Asked,
    answer,
    discover,
    match,
    may_open,
)

CALLBACK_ENDPOINT = "/_dash-update-component"
SHOWN = "shell-page.children"  # what the callback writes that gives a page
PAGE_ENDPOINTS = ("/", "/<path:path>")
INLINE = re.compile(r"<script(?![^>]*(?:\ssrc=|application/json))[^>]*>(.*?)</script>", re.DOTALL)
STYLED = re.compile(r'<link rel="stylesheet" href="([^"]+)"')


class ReadableDash(Dash):  # type: ignore[misc]  # dash ships no types
    """A Dash whose index holds the whole page as HTML, with the page's own status."""

    store: Any
    pages: tuple[Page[Any], ...]
    language: str
    edition: Callable[[], str] | None
    kept: Kept[Answer]
    around: Mapping[str, str]  # what Dash writes into every document, once it has
    site: str  # our public address, if one is set
    identity_provider: bool

    def at(self, pathname: str, search: str) -> Answer:
        """Answer an address, for HTML and for Dash alike.

        What the public sees is kept while the edition stays the same; what was made for one
        person is never kept, nor is a page with a form of its own.
        """
        asked = self.asked(pathname, search)
        key = self.address(pathname, search) if asked.who.is_public else None
        edition = self.edition() if key and self.edition else ""
        bare = edition and key and key.is_bare  # choices are many, and kept by their bytes alone
        found = self.kept.find(edition, key) if bare else None
        if found is None:
            made = answer(self.store, self.pages, asked)
            found = replace(made, content=condensed(made.content))
            if bare and found.status == OK:
                self.kept.keep(edition, key, found)
        if edition and found.status == OK and flask.has_request_context():
            flask.request.environ[KEEPABLE] = True
        return found

    def address(self, pathname: str, search: str) -> Address | None:
        """Return what an address shows to everybody, if what it shows may be kept."""
        if self.edition is None:
            return None
        return address_of(self.pages, pathname, search, self.language)

    def asked(self, pathname: str, search: str = "", said: Said | None = None) -> Asked:
        """Return an address with who asks for it, from the request being answered."""
        who = current_principal()
        cookies: Cookies | None = self.server.extensions.get("cookies")
        page, _fields = match(self.pages, pathname.rstrip("/") or "/")
        needs_token = page is not None and bool(page.forms) and page.plain
        is_request = flask.has_request_context()  # else the map of pages is being written
        token = cookies.form_token(make=needs_token) if cookies and is_request else ""
        if token and (needs_token or not who.is_public):
            flask.g.uncompressed = True  # beside what is repeated, its length would tell a token
        return Asked(
            pathname,
            search,
            self.language,
            who=who,
            form_token=token if needs_token or not who.is_public else "",
            said=said,
            identity_provider=self.identity_provider,
            address=(flask.request.remote_addr or "") if is_request else "",
        )

    def document(self, shown: Answer) -> str:
        """Write a page without Dash: forms and tables need no scripts."""
        return PLAIN_DOCUMENT.format(
            language=escape(shown.language),
            title=escape(shown.title),
            assets=self.get_asset_url(""),
            css=self.around["css"],
            content=to_html(shown.content),
            theme=THEME,
            switch=f'<script src="{self.get_asset_url(THEME_SCRIPT)}"></script>',
        )

    def _config(self) -> Any:
        """Tell the browser what Dash needs, and not which Python runs here.

        Nor a token of this page load: it guards callbacks that run in the background, of which
        there are none, and would make every document another.
        """
        told = super()._config()
        told.pop("python_version", None)
        told.pop("end_id", None)
        # Dash names the drawing library by its content only where it is not its own to serve.
        return told | {"serve_locally": False, "plotlyjs_url": plotly_address()}

    def get_asset_url(self, path: str) -> str:
        """Return the address of one of our own files."""
        return asset_address(path)

    def _collect_and_register_resources(self, *given: Any, **named: Any) -> list[str]:
        """List files as Dash does, each under the name of its content; called by Dash."""
        found = super()._collect_and_register_resources(*given, **named)
        return [named_by_content(address) for address in found]

    def index(self, *args: Any, **kwargs: Any) -> Any:
        """Answer an address with its page; called by Dash for every one it does not know."""
        shown = self.at(flask.request.path, flask.request.query_string.decode("utf-8", "replace"))
        if shown.plain:
            return flask.Response(self.document(shown), shown.status, mimetype="text/html")
        flask.g.shown, flask.g.page_status = shown, shown.status
        if self.around:
            return self.interpolate_index(**self.around)
        return super().index(*args, **kwargs)

    def interpolate_index(self, **parts: str) -> str:
        """Write the document around a page; called by Dash's own `index` the first time."""
        self.around = parts
        shown: Answer = flask.g.shown
        return DOCUMENT.format(
            language=escape(shown.language),
            title=escape(shown.title),
            assets=self.get_asset_url(""),
            css=parts["css"],
            content=to_html(shown.content),
            theme=THEME,
            app_entry=parts["app_entry"],
            config=parts["config"],
            scripts=parts["scripts"],
            renderer=parts["renderer"],
        )


def create_dash(
    server: flask.Flask,
    store: Any,
    language: str = "en",
    *,
    pages: Iterable[Page[Any]] | None = None,
    edition: Callable[[], str] | None = None,
    rule: DisclosureRule | None = None,
) -> Dash:
    """Mount the pages on a Flask server; `store` is handed to their reads as it is.

    Must be the last thing done to the server: it asks for the first page, after which Flask
    takes no more routes. `edition` names the state of the data cheaply (publication and day);
    pages are kept while it stays the same, and made each time if it is not given. `rule` is the
    disclosure rule for counts of persons; its own default if none is given.
    """
    dash = ReadableDash(
        "layouts",
        server=server,
        assets_folder=str(ASSETS),
        use_pages=False,
        pages_folder="",
        serve_locally=True,
        suppress_callback_exceptions=True,
        update_title=None,
        title="Ligtas",
        add_log_handler=False,
        enable_mcp=False,
    )
    dash.store, dash.language = store, language
    dash.edition, dash.kept, dash.around = edition, Kept(), {}
    dash.site = str(server.config.get(PUBLIC_URL, ""))
    dash.identity_provider = "identity" in server.blueprints
    found = discover(gallery=bool(server.config.get(DEVELOPMENT)))
    known = _asking(server.extensions.get("intake"), found if pages is None else tuple(pages))
    dash.pages = _keeping(edition, _under(rule, known))
    dash.layout = html.Div(
        [dcc.Location(id="shell-address", refresh=False), html.Div(id="shell-page")]
    )

    @dash.callback(  # type: ignore[untyped-decorator]  # dash ships no types
        Output("shell-page", "children"),
        Input("shell-address", "pathname"),
        Input("shell-address", "search"),
    )
    def show(pathname: str | None, search: str | None) -> Any:
        page, _fields = match(dash.pages, (pathname or "/").rstrip("/") or "/")
        if page is not None and page.plain:  # before its read, which may log a look at it
            flask.abort(NOT_FOUND)  # served without Dash; its forms are for that page alone
        shown = dash.at(pathname or "/", search or "")
        if shown.status in (UNAUTHORISED, FORBIDDEN):
            flask.abort(shown.status)
        return shown.content

    server.extensions["dash"] = dash
    guard_callbacks(server, dash)
    serve_files(server)
    server.before_request(partial(_admit, dash))
    serve_forms(server, dash)
    compress_responses(server)
    server.after_request(_with_page_status)  # runs before the one registered above
    _warm(server, dash)
    return dash


def _under(rule: DisclosureRule | None, pages: tuple[Page[Any], ...]) -> tuple[Page[Any], ...]:
    """Give the rule to the reads that take one."""
    if rule is None:
        return pages

    def read_under(read: Callable[..., Any]) -> Callable[..., Any]:
        return partial(read, rule=rule)

    return tuple(
        replace(page, read=read_under(page.read)) if page.discloses else page for page in pages
    )


def _asking(intake: Any, pages: tuple[Page[Any], ...]) -> tuple[Page[Any], ...]:
    """Give the reads that ask for it what they may ask of ingestion; None where there is none."""

    def read_asking(read: Callable[..., Any]) -> Callable[..., Any]:
        return partial(read, intake=intake)

    return tuple(
        replace(page, read=read_asking(page.read)) if page.asks_intake else page for page in pages
    )


def _keeping(
    edition: Callable[[], str] | None, pages: tuple[Page[Any], ...]
) -> tuple[Page[Any], ...]:
    """Let people who see the same figures share what was read; pages with forms are read anew."""
    if edition is None:
        return pages
    views: Kept[Any] = Kept()

    def keeping(page: Page[Any]) -> Callable[[Any, Request], Any]:
        def read(store: Any, request: Request) -> Any:
            asked = replace(request, who=PUBLIC, address="")
            key = f"{page.path} {asked!r} {sorted(map(repr, policy.sight(request.who)))}"
            now_shown = edition()
            view = views.find(now_shown, key)
            if view is None:
                view = page.read(store, request)
                views.keep(now_shown, key, view)
            return view

        return read

    return tuple(page if page.plain else replace(page, read=keeping(page)) for page in pages)


def _admit(dash: ReadableDash) -> Response | None:
    """Ask the policy map about the page or callback asked for, before Dash answers it."""
    if flask.request.endpoint == CALLBACK_ENDPOINT:
        if flask.request.method != "POST":  # the guard has looked at no other
            return None
        output = flask.request.get_json()["output"]  # a known one: the guard has looked
        return refusal(policy.ask(current_principal(), f"callback:{output}"))
    if flask.request.endpoint not in PAGE_ENDPOINTS:
        return None
    page, fields = match(dash.pages, flask.request.path.rstrip("/") or "/")
    if page is None:
        return None
    shut = may_open(dash.store, page, Request(who=current_principal()).filled(fields))
    return refusal(shut) if shut else None


def _with_page_status(response: flask.Response) -> flask.Response:
    status = flask.g.pop("page_status", None)
    if status is not None and response.status_code == 200:
        response.status_code = status
    return response


def _warm(server: flask.Flask, dash: ReadableDash) -> None:
    """Ask for the first page once, so that no thread finds Dash half registered (dash #3971).

    Its inline scripts and style sheets are those of every page: the door names the scripts in
    the policy it sends, and links the sheets on pages that say what went wrong. Then files are
    packed and the front page is kept, before workers are forked, so that all share them.
    """
    own = server.config.get(OWN_ADDRESS) or None
    first = server.test_client().get("/", base_url=own)
    inline = INLINE.findall(first.text)
    if not inline:
        raise DataError(f"the first page cannot be made (status {first.status_code}); see the log")
    server.config[SCRIPT_HASHES] = tuple(_hash(script) for script in inline)
    server.config[STYLE_SHEETS] = tuple(STYLED.findall(first.text))
    cookies: Cookies | None = server.extensions.get("cookies")
    files = packed_files(server, first.text)
    wrap_inside(
        server,
        lambda whole: Replay(
            whole,
            dash.address,
            dash.edition or str,
            plate=server.extensions.get(DOORPLATE, Doorplate()),
            cookie=cookies.form_name if cookies else "",
            callbacks=dash.callback_map,
            output=SHOWN,
            files=files,
        ),
    )
    server.test_client().get("/", base_url=own, headers={"Accept-Encoding": "gzip"})


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
