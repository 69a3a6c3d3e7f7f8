"""The one gate: before every request, who asks is found out and the policy map is asked.

What the map does not know stays shut. Pages, callbacks and forms have lines of their own,
asked where they are found; this gate keeps the endpoints behind which they lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

import flask
from werkzeug.wrappers import Response

from kms.access import audit
from kms.access.accounts import sessions, tokens
from kms.access.accounts.sessions import Lifetime
from kms.access.audit import Event, Origin
from kms.access.policy import RULES, Answer, ask
from kms.api.faults import for_programs
from kms.config import Settings, now
from kms.domain.principal import PUBLIC, Principal
from kms.store.engine import Store
from kms.web.cookies import Cookies
from kms.web.door import open_door
from kms.web.errors import refuse

UNAUTHORISED, FORBIDDEN, SEE_OTHER = 401, 403, 303
BEARER = "bearer "
DEVELOPMENT = "DEVELOPMENT"  # in the server's configuration: pages for developers are there, too
PUBLIC_URL = "PUBLIC_URL"  # in the server's configuration: for links in invitations
LONGEST_NEXT = 300


@dataclass(frozen=True, slots=True)
class Gate:
    """Finds out who asks, and lets through what the map opens to them."""

    store: Store
    cookies: Cookies
    lifetime: Lifetime

    def __call__(self) -> Response | None:
        """Let a request through, or answer it; called before every request."""
        entry = f"endpoint:{flask.request.endpoint}"
        flask.g.principal = PUBLIC
        if flask.request.endpoint is None:
            return None  # no such address: the error page says so
        rule = RULES.get(entry)
        if rule is not None and rule.file:
            return None
        who = self._who()
        if who is None:
            return _unknown_token()
        flask.g.principal = who
        return refusal(ask(who, entry))

    def _who(self) -> Principal | None:
        """Return who asks; None for a token that opens nothing."""
        written = flask.request.headers.get("Authorization", "")
        if written[: len(BEARER)].lower() == BEARER:
            return tokens.resolve(self.store, written[len(BEARER) :].strip(), now())
        session_id = self.cookies.session_id()
        return sessions.resolve(self.store, session_id, self.lifetime, now())


def front_door(server: flask.Flask, store: Store, settings: Settings) -> None:
    """Put the whole door before a server: hosts, headers and error pages, then the gate."""
    settings.check_for_serving()
    open_door(server, settings)
    keep_gate(server, store, settings)
    if settings.oidc_issuer:
        from kms.web.identity import add_identity  # its library is loaded only where it is used

        add_identity(server, store, settings)


def keep_gate(server: flask.Flask, store: Store, settings: Settings) -> Cookies:
    """Put the gate before every request of a server; return the cookies it goes by."""
    server.secret_key = settings.signing_key()
    cookies = Cookies(https=settings.https, secret=server.secret_key)
    lifetime = Lifetime(
        idle=timedelta(minutes=settings.session_idle_minutes),
        longest=timedelta(hours=settings.session_hours),
    )
    server.before_request(Gate(store, cookies, lifetime))
    server.after_request(cookies.keep)
    server.after_request(partial(_log_refused, store))
    server.extensions["cookies"] = cookies
    server.config[DEVELOPMENT] = settings.env == "development"
    server.config[PUBLIC_URL] = settings.public_url.rstrip("/")
    return cookies


def refusal(answer: Answer) -> Response | None:
    """Return what a shut door says: sign in first, or not open to you; None when it is open."""
    if answer is Answer.OPEN:
        return None
    if answer is Answer.CLOSED:
        return refuse(FORBIDDEN)
    if for_programs(flask.request.path) or flask.request.method not in ("GET", "HEAD"):
        return refuse(UNAUTHORISED)
    return flask.redirect(sign_in_address(), SEE_OTHER)


def sign_in_address() -> str:
    """Return where to sign in and come back to this address from."""
    here = flask.request.full_path.rstrip("?")
    query = {"next": own_address(here)}
    if flask.request.args.get("lang"):
        query["lang"] = flask.request.args["lang"]
    return f"/sign-in?{urlencode({key: value for key, value in query.items() if value})}"


def own_address(address: str) -> str:
    """Return an address if it is on this site, else nothing: no link leads people elsewhere."""
    safe = (
        address.startswith("/")
        and not address.startswith(("//", "/\\"))
        and len(address) <= LONGEST_NEXT
        and address.isprintable()
        and "\\" not in address
    )
    return address if safe else ""


def current_principal() -> Principal:
    """Return who asks, for the reads behind the gate."""
    who: Principal = flask.g.get("principal", PUBLIC) if flask.has_request_context() else PUBLIC
    return who


def _log_refused(store: Store, response: Response) -> Response:
    """Write down when somebody known tries what is not theirs; unknown ones could fill the log."""
    who = current_principal()
    if response.status_code == FORBIDDEN and not who.is_public:
        origin = Origin(who, flask.request.remote_addr or "")
        audit.record(store, origin, Event("access.refused", flask.request.path))
    return response


def _unknown_token() -> Response:
    answer = refuse(UNAUTHORISED)
    answer.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return answer
