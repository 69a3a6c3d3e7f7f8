"""Headers of every response, refusals included: what a browser may do with it, who may keep it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import flask

from kms.api.faults import for_programs

SCRIPT_HASHES = "SCRIPT_HASHES"  # in the server's configuration, put there by who writes the pages
A_YEAR = 365 * 24 * 3600

# Styles stay open: Dash and plotly write them into the page; a style cannot run anything.
PAGE = (
    "default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "worker-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)
DATA = "default-src 'none'; frame-ancestors 'none'; sandbox"
# No sandbox: a browser may show a PDF with a viewer of its own, which runs and styles itself.
PRINTED = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), "
        "microphone=(), payment=(), usb=()"
    ),
}
FILES = ("/assets/", "/_dash-component-suites/")  # the same for everybody, signed in or not
CALLS = ("/_dash-layout", "/_dash-dependencies", "/_dash-update-component")


def secure_headers(
    server: flask.Flask, *, csp_scripts: Callable[[], Sequence[str]], https: bool
) -> None:
    """Put the headers on every response; to be called first, so that nothing comes after it.

    `csp_scripts` gives the hashes of the inline scripts that may run, each as the browser's
    policy writes it; it is asked at each response, because pages are mounted after this.
    """

    def put(response: flask.Response) -> flask.Response:
        for name, value in ALWAYS.items():
            response.headers[name] = value
        response.headers["Content-Security-Policy"] = _policy(response, csp_scripts())
        if https:
            response.headers["Strict-Transport-Security"] = f"max-age={A_YEAR}"
        _limit_keeping(response)
        return response

    server.after_request(put)


def _policy(response: flask.Response, scripts: Sequence[str]) -> str:
    """Return what a response may do; a 304 must carry the policy of what the browser holds."""
    if response.mimetype == "application/pdf":
        return PRINTED
    if response.mimetype == "text/html" and not for_programs(flask.request.path):
        return PAGE.format(scripts=" ".join(["'self'", *scripts]))
    return DATA


def _limit_keeping(response: flask.Response) -> None:
    """Let nobody keep what was made for one person, and nobody show a page without asking us."""
    path = flask.request.path
    if path.startswith(FILES):
        return
    who = flask.g.get("principal")
    if who is not None:
        response.vary.add("Cookie")
    if path.startswith(CALLS) or (who is not None and not who.is_public):
        response.headers["Cache-Control"] = "no-store"
    elif response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "no-cache")
