"""Signing in through an identity provider: two addresses, one to leave by and one to arrive at.

An arrival is checked by the provider's half of this, `kms.web.provider`; what becomes of the
person's account and roles is said in `kms.access.accounts.identity`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import SplitResult, urlencode, urlsplit

import flask
from werkzeug.wrappers import Response

from kms.access.accounts import identity, sessions, throttle
from kms.config import Settings, now
from kms.domain.principal import COMMITTEE, ROLES
from kms.errors import AccessError, ConfigError, ThrottledError
from kms.store.engine import Store
from kms.web.cookies import Cookies
from kms.web.errors import N_, Words, page, words_of
from kms.web.gate import own_address
from kms.web.provider import (
    AWAY,
    DENIED,
    DOUBTED,
    PAUSE_SECONDS,
    STALE,
    Provider,
    ProviderError,
)

log = logging.getLogger(__name__)

START, ARRIVED = "/sign-in/office", "/sign-in/office/arrived"
SEE_OTHER, BAD, FORBIDDEN, THROTTLED, UNAVAILABLE = 303, 400, 403, 429, 503
GO = "go"  # in the cookie: where somebody was going
GOOD_FOR = timedelta(minutes=10)
LONGEST_ISSUER = 140  # the subject, of 255 at most, is kept behind it

SAID = {
    AWAY: (
        UNAVAILABLE,
        Words(
            N_("Your office's sign-in does not answer"),
            N_("The identity provider cannot be reached, or what it says cannot be read."),
            N_("Try again in a minute. Whoever has a password here can sign in with it."),
        ),
    ),
    STALE: (
        BAD,
        Words(
            N_("This sign-in has run out"),
            N_("It is good once, for ten minutes, and only in the browser where it was started."),
            N_("Start it again from the page for signing in."),
        ),
    ),
    DENIED: (
        FORBIDDEN,
        Words(
            N_("Your office's sign-in did not let you in"),
            N_("The identity provider ended it without saying who you are."),
            N_("Start it again, or ask whoever manages your office's accounts."),
        ),
    ),
    DOUBTED: (
        FORBIDDEN,
        Words(
            N_("This sign-in could not be verified"),
            N_("What the identity provider sent does not belong to it. Nobody was signed in."),
            N_("Start it again. If this comes back, tell whoever runs this site."),
        ),
    ),
    identity.NO_ROLE: (
        FORBIDDEN,
        Words(
            N_("Your office's account has no role here"),
            N_("The identity provider knows you, but no group of yours there has a role here."),
            N_("If you need one for your work, ask whoever manages your office's accounts."),
        ),
    ),
    identity.CLOSED: (
        FORBIDDEN,
        Words(
            N_("Your account here is closed"),
            N_("The identity provider knows you, but the account you had here was disabled."),
            N_("If you need it for your work, ask an admin."),
        ),
    ),
}
BACK = ("/sign-in", N_("Back to signing in"))


def add_identity(server: flask.Flask, store: Store, settings: Settings) -> None:
    """Let people sign in through the provider that the settings name; without one, do nothing.

    To be called once the gate is kept: its key signs our cookie, and its cookies hold sessions.
    """
    if not settings.oidc_issuer:
        return
    check_settings(settings)
    # At DEBUG the library writes down the verifier of PKCE.
    logging.getLogger("authlib").setLevel(logging.INFO)
    server.config.update(
        SESSION_COOKIE_NAME="__Host-ligtas-identity" if settings.https else "ligtas-identity",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=GOOD_FOR,
    )
    provider = Provider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.identity_secret(),
        groups_claim=settings.oidc_groups_claim,
    )
    desk = Desk(store, settings, provider, server.extensions["cookies"])
    blueprint = flask.Blueprint("identity", __name__)
    blueprint.add_url_rule(START, "start", desk.start)
    blueprint.add_url_rule(ARRIVED, "arrive", desk.arrive)
    server.register_blueprint(blueprint)


def check_settings(settings: Settings) -> None:
    """Raise `ConfigError` naming the setting with which nobody could sign in, or anybody."""
    issuer = _address(settings.oidc_issuer)
    if issuer is None:
        raise ConfigError(
            f"KMS_OIDC_ISSUER is '{settings.oidc_issuer[:LONGEST_ISSUER]}'; write the provider's "
            "address as its discovery document gives it, such as https://id.example.ph/realms/doh"
        )
    if settings.env == "production" and issuer.scheme != "https":
        raise ConfigError(
            f"KMS_OIDC_ISSUER is '{settings.oidc_issuer}' and KMS_ENV is production; over http "
            "anybody can pose as the provider: use its https address"
        )
    if not settings.oidc_client_id:
        raise ConfigError(
            "KMS_OIDC_CLIENT_ID is not set and KMS_OIDC_ISSUER is; register Ligtas at the "
            "provider and set the id it gives"
        )
    if settings.trusted_proxy and not settings.public_url:
        raise ConfigError(
            "KMS_PUBLIC_URL is not set, and KMS_TRUSTED_PROXY and KMS_OIDC_ISSUER are; set it to "
            "the address users type, so that people come back from the provider to no other host"
        )
    _check_roles(settings.oidc_roles)


def _address(issuer: str) -> SplitResult | None:
    try:
        parts = urlsplit(issuer)
    except ValueError:
        return None
    fits = parts.scheme in ("http", "https") and bool(parts.hostname)
    bare = not (parts.query or parts.fragment or parts.username)
    return parts if fits and bare and len(issuer) <= LONGEST_ISSUER else None


def _check_roles(roles: dict[str, str]) -> None:
    possible = [role for role in ROLES if role != COMMITTEE]  # that one is for one firm
    if not roles:
        raise ConfigError(
            "KMS_OIDC_ROLES is not set and KMS_OIDC_ISSUER is; nobody could sign in: write which "
            'group has which role, such as {"ligtas-analysts": "analyst"}'
        )
    for group, role in roles.items():
        if role not in possible or not group.strip():
            raise ConfigError(
                f"KMS_OIDC_ROLES gives the group '{group[:60]}' the role '{role[:20]}'; name a "
                f"group, and one of {', '.join(possible)}"
            )


@dataclass(frozen=True, slots=True)
class Desk:
    """Sends people to the provider, and takes them in when they come back."""

    store: Store
    settings: Settings
    provider: Provider
    cookies: Cookies

    def start(self) -> Response:
        """Send somebody to the provider; a cookie keeps what must fit when they come back."""
        flask.session.clear()  # one sign-in at a time: the cookie must not grow
        flask.session.permanent = True
        flask.session[GO] = _destination()
        # Our own address as configured, else, on a laptop, as it was typed.
        site = self.settings.public_url or flask.request.host_url
        try:
            address = self.provider.send(f"{site.rstrip('/')}{ARRIVED}")
        except AccessError as error:
            flask.session.clear()
            return _refusal(error)
        return _unkept(flask.redirect(address, SEE_OTHER))

    def arrive(self) -> Response:
        """Sign somebody in who comes back from the provider, or say why not."""
        go = str(flask.session.get(GO, ""))
        try:
            session_id = self._session()
        except AccessError as error:
            return _refusal(error)
        finally:
            flask.session.clear()
        answer = flask.redirect(own_address(go) or "/", SEE_OTHER)
        self.cookies.open(answer, session_id)
        return _unkept(answer)

    def _session(self) -> str:
        """Return a new session of whoever comes back; attempts count as those with passwords do."""
        address, at = flask.request.remote_addr or "", now()
        keys = throttle.keys_of("", address, self.cookies.secret)
        del keys[throttle.ACCOUNT]  # who it is is not known yet
        if flask.session:  # an arrival that was never started costs nothing, nor is it counted
            throttle.count_attempt(self.store, keys, at)
        claims = self.provider.claims()
        try:
            person = identity.person_of(claims, self.settings.oidc_groups_claim)
        except ValueError as error:
            raise ProviderError(str(error), DOUBTED) from error
        roles = person.roles(self.settings.oidc_roles)
        account = identity.arrive(self.store, person, roles, address=address, at=at)
        throttle.forgive(self.store, keys)
        return sessions.open_session(self.store, account, address=address, at=at)


def _destination() -> str:
    """Return where on this site somebody was going, else its first page in their language."""
    language = flask.request.args.get("lang", "")
    home = f"/?{urlencode({'lang': language})}" if language else "/"
    return own_address(flask.request.args.get("next", "")) or own_address(home)


def _refusal(error: AccessError) -> Response:
    """Say why somebody was not signed in, and log it where something is wrong."""
    if isinstance(error, ThrottledError):
        return _later(page(THROTTLED, words=words_of(THROTTLED), onward=BACK), error.seconds)
    if isinstance(error, ProviderError):
        # Anybody can come with a wrong state or an error they made up: that is no warning.
        quiet = error.code == STALE or "error" in flask.request.args
        level = logging.INFO if quiet else logging.WARNING
        log.log(level, "signing in through the identity provider failed: %s", error)
    status, words = SAID.get(error.code) or SAID[DOUBTED]
    answer = page(status, words=words, onward=BACK)
    return _later(answer, int(PAUSE_SECONDS)) if status == UNAVAILABLE else answer


def _later(answer: Response, seconds: int) -> Response:
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _unkept(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer
