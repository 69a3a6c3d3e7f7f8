"""The two cookies, and the token that proves a form came from our own page.

The session's cookie holds an opaque id. Somebody who is not signed in gets, on a page with a
form, a random one whose only use is to be the other half of that form's token.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

import flask
from werkzeug.wrappers import Response

NEW_FORM_COOKIE = "new_form_cookie"  # in flask.g
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Cookies:
    """Names and flags; `__Host-` binds a cookie to this host, and works over TLS only."""

    https: bool
    secret: str

    @property
    def session_name(self) -> str:
        """The session's cookie; another name without TLS, else nobody could sign in there."""
        return "__Host-ligtas" if self.https else "ligtas"

    @property
    def form_name(self) -> str:
        """The cookie of forms for people who are not signed in."""
        return "__Host-ligtas-form" if self.https else "ligtas-form"

    def session_id(self) -> str:
        """Return what the browser says its session is; not yet checked."""
        return flask.request.cookies.get(self.session_name, "")[: LONGEST + 1]

    def form_token(self, *, make: bool) -> str:
        """Return the token for the forms of this response; empty when it needs a cookie first.

        With `make` a browser without either cookie gets one.
        """
        if not self._signed_in() and not self._form_id() and make:
            flask.g.setdefault(NEW_FORM_COOKIE, secrets.token_urlsafe(24))
        mine = self._mine()
        return self._token(mine) if mine else ""

    def fits(self, token: str) -> bool:
        """Tell whether a form that came in holds the token of its browser."""
        mine = self._mine()
        right = self._token(mine).encode() if mine else b""
        return bool(right) and hmac.compare_digest(right, token.encode("utf-8", "replace"))

    def open(self, response: Response, session_id: str) -> None:
        """Give the browser a new session."""
        self._set(response, self.session_name, session_id)
        self._drop(response, self.form_name)

    def close(self, response: Response) -> None:
        """Let the browser forget its session."""
        self._drop(response, self.session_name)

    def keep(self, response: Response) -> Response:
        """Send the cookie that a form of this response needs."""
        made = flask.g.get(NEW_FORM_COOKIE)
        if made:
            self._set(response, self.form_name, made)
            response.headers["Cache-Control"] = "no-store"
        return response

    def _mine(self) -> str:
        """Return what this browser's tokens are bound to: its session, else its form cookie."""
        return self._signed_in() or self._form_id()

    def _signed_in(self) -> str:
        who = flask.g.get("principal")
        return self.session_id() if who is not None and not who.is_public else ""

    def _form_id(self) -> str:
        made: str = flask.g.get(NEW_FORM_COOKIE) or flask.request.cookies.get(self.form_name, "")
        return made[:LONGEST]

    def _token(self, mine: str) -> str:
        return hmac.new(self.secret.encode(), f"form {mine}".encode(), hashlib.sha256).hexdigest()

    def _set(self, response: Response, name: str, value: str) -> None:
        response.set_cookie(name, value, path="/", secure=self.https, httponly=True, samesite="Lax")

    def _drop(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self.https, httponly=True, samesite="Lax")
