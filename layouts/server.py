"""Dash on a Flask server: every page as HTML first, then taken over by the same component tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import flask
from dash import Dash, Input, Output, dcc, html

from kms.access.disclosure import DisclosureRule
from layouts.delivery import Kept, compress_responses
from layouts.page import Page
from layouts.render import condensed, to_html
from layouts.routing import OK, Answer, answer, discover

PLOTLY = Path(__file__).parent / "vendor" / "plotly-basic.min.js"
PLOTLY_ADDRESS = "/_dash-component-suites/plotly/package_data/<name>"

DOCUMENT = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title>
<link rel="preload" href="{assets}fonts/Inter-400.woff2" as="font" type="font/woff2" crossorigin>
<link rel="preload" href="{assets}fonts/Inter-600.woff2" as="font" type="font/woff2" crossorigin>
<link rel="icon" type="image/svg+xml" href="{assets}favicon.svg">
{css}
<noscript><style>.graph{{display:none}}</style></noscript>
</head>
<body>
<div id="ssr">{content}</div>
{app_entry}
{config}
{scripts}
{renderer}
</body>
</html>"""


class ReadableDash(Dash):  # type: ignore[misc]  # dash ships no types
    """A Dash whose index holds the whole page as HTML, with the page's own status."""

    store: Any
    pages: tuple[Page[Any], ...]
    language: str
    edition: Callable[[], str] | None
    kept: Kept[Answer]

    def at(self, pathname: str, search: str) -> Answer:
        """Answer an address, for HTML and for Dash alike; kept while the edition stays the same."""
        edition = self.edition() if self.edition else ""
        key = f"{pathname}?{search.lstrip('?')}"
        found = self.kept.find(edition, key) if self.edition else None
        if found is not None:
            return found
        made = answer(self.store, self.pages, pathname, search, default_language=self.language)
        found = replace(made, content=condensed(made.content))
        if self.edition and found.status == OK:
            self.kept.keep(edition, key, found)
        return found

    def interpolate_index(self, **parts: str) -> str:
        """Write the document; called by Dash for every address it serves."""
        shown = self.at(flask.request.path, flask.request.query_string.decode("utf-8", "replace"))
        flask.g.page_status = shown.status
        return DOCUMENT.format(
            language=escape(shown.language),
            title=escape(shown.title),
            assets=self.get_asset_url(""),
            css=parts["css"],
            content=to_html(shown.content),
            app_entry=parts["app_entry"],
            config=parts["config"],
            scripts=parts["scripts"],
            renderer=parts["renderer"],
        )


def create_dash(
    server: flask.Flask,
    store: Any,
    *,
    language: str = "en",
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
        assets_folder=str(Path(__file__).parent / "assets"),
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
    dash.edition, dash.kept = edition, Kept()
    dash.pages = _under(rule, discover() if pages is None else tuple(pages))
    dash.layout = html.Div(
        [dcc.Location(id="shell-address", refresh=False), html.Div(id="shell-page")]
    )

    @dash.callback(  # type: ignore[untyped-decorator]  # dash ships no types
        Output("shell-page", "children"),
        Input("shell-address", "pathname"),
        Input("shell-address", "search"),
    )
    def show(pathname: str | None, search: str | None) -> Any:
        return dash.at(pathname or "/", search or "").content

    server.add_url_rule(PLOTLY_ADDRESS, "layouts.plotly", _plotly)
    compress_responses(server)
    server.after_request(_with_page_status)  # runs before the one registered above
    _warm(server)
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


def _plotly(name: str) -> flask.Response:
    """Serve plotly's basic bundle in place of the full one: a quarter of it, and all we draw."""
    if not name.endswith(".js"):
        flask.abort(404)
    return flask.send_file(PLOTLY, mimetype="text/javascript", max_age=86_400)


def _with_page_status(response: flask.Response) -> flask.Response:
    status = flask.g.pop("page_status", None)
    if status is not None and response.status_code == 200:
        response.status_code = status
    return response


def _warm(server: flask.Flask) -> None:
    """Ask for the first page once, so that no thread finds Dash half registered (dash #3971)."""
    server.test_client().get("/")
