"""The identity provider, by OpenID Connect's authorisation code with PKCE.

Authlib does the protocol: state, nonce, PKCE, signature, issuer, audience, times. Done here is
what it leaves open: which addresses are asked and for how long, which algorithms and keys may
sign, and that nothing of a token comes out in an error.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]  # ships none
from authlib.integrations.base_client.errors import (  # type: ignore[import-untyped]  # ships none
    MismatchingStateError,
)
from authlib.integrations.flask_client import (  # type: ignore[import-untyped]  # ships none
    FlaskIntegration,
    FlaskOAuth2App,
)
from authlib.integrations.requests_client import (  # type: ignore[import-untyped]  # ships none
    OAuth2Session,
)
from joserfc.errors import JoseError
from requests import RequestException, Response

from kms.errors import AccessError, ContractError, FetchError, SourceError

CONNECT_SECONDS, READ_SECONDS = 3.0, 7.0
FRESH_SECONDS = 3600.0  # a key the provider withdrew is believed no longer than this
PAUSE_SECONDS = 10.0  # not asked again sooner when it was away: each request would wait
SKEW_SECONDS = 60  # between its clock and ours
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
KEY_TYPES = frozenset({"RSA", "EC"})
# Keys only the provider holds: never `none`, nor HMAC, whose key our own secret would be.
SIGNED_WITH = tuple(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512))
SCOPES = ("openid", "profile", "email")

AWAY, STALE, DENIED, DOUBTED = "away", "stale", "denied", "doubted"
NOT_NOW = frozenset({"server_error", "temporarily_unavailable", "invalid_client"})
# Codes of RFC 6749 and OpenID Connect: others may be anything, and are not logged.
CODES = NOT_NOW | {
    "access_denied", "account_selection_required", "consent_required", "interaction_required",
    "invalid_grant", "invalid_request", "invalid_request_object", "invalid_scope",
    "login_required", "unauthorized_client", "unsupported_grant_type",
    "unsupported_response_type",
}  # fmt: skip
# What comes of wrong answers; the library does not check their shape before it uses them.
FAULTS = (
    AuthlibBaseError, JoseError, RequestException, SourceError,
    ValueError, TypeError, LookupError, AttributeError,
)  # fmt: skip


class ProviderError(AccessError):
    """The provider is away, lets nobody in or cannot be believed; `code` says which.

    The message is fit for the log: it holds no part of an answer but what the provider says of
    itself.
    """


class Line(OAuth2Session):  # type: ignore[misc]  # authlib ships no types
    """How the provider is asked: not for long, and nobody else whom an answer points to."""

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Ask the provider; raise `ContractError` when it points elsewhere."""
        kwargs |= {"timeout": (CONNECT_SECONDS, READ_SECONDS), "allow_redirects": False}
        answer: Response = super().request(method, url, *args, **kwargs)
        if answer.is_redirect:
            raise ContractError(
                f"the identity provider answers {method} {urlsplit(url).path} with a redirect "
                f"({answer.status_code}), which is not followed; set KMS_OIDC_ISSUER to where it is"
            )
        return answer


class Provider(FlaskOAuth2App):  # type: ignore[misc]  # authlib ships no types
    """The identity provider, believed only as far as was agreed."""

    client_cls = Line

    def __init__(self, issuer: str, client: str, secret: str, *, groups_claim: str) -> None:
        super().__init__(
            FlaskIntegration("office"),
            name="office",
            client_id=client,
            client_secret=secret or None,  # without one PKCE alone proves that it is us
            server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"code_challenge_method": "S256"},
        )
        self.issuer, self.groups_claim = issuer, groups_claim
        self.lock = threading.Lock()
        self.loaded = self.failed = float("-inf")

    def send(self, back: str) -> str:
        """Return where to send somebody, who comes back to `back`; keeps what must fit then."""
        with _named():
            made = self.create_authorization_url(back)
        kept = {name: made[name] for name in ("state", "nonce", "code_verifier")}
        self.save_authorize_data(redirect_uri=back, **kept)
        return str(made["url"])

    def claims(self) -> dict[str, Any]:
        """Return the claims about the person who has just come back, everything checked."""
        with _named():
            told = self.authorize_access_token(
                leeway=SKEW_SECONDS,
                claims_options={
                    "iss": {"essential": True, "values": [self.issuer]},
                    "aud": {"essential": True, "values": [self.client_id]},
                },
            )
            if not told.get("userinfo"):
                raise ValueError("the answer holds no ID token; let the client have scope openid")
            return dict(told["userinfo"])

    def load_server_metadata(self) -> dict[str, Any]:
        """Return what the provider says of itself, asked once an hour."""
        with self.lock:  # while it is away, threads wait for one time-out together
            if time.monotonic() - self.loaded > FRESH_SECONDS:
                self.server_metadata = self._agreed(self._asked())
                self.loaded = time.monotonic()
            metadata: dict[str, Any] = self.server_metadata
        return metadata

    def fetch_jwk_set(self, force: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002  # the library's
        """Return the keys with which the provider may sign; kinds we do not know are left out."""
        told = super().fetch_jwk_set(force)
        listed = told.get("keys") if isinstance(told, dict) else None
        keys = [
            key
            for key in (listed if isinstance(listed, list) else [])
            if isinstance(key, dict) and key.get("kty") in KEY_TYPES and key.get("use") != "enc"
        ]
        if not keys:
            raise ContractError(
                "the identity provider publishes no RSA or EC key to check signatures with; see "
                "what it gives at its jwks_uri"
            )
        return {"keys": keys}

    def _asked(self) -> Any:
        if time.monotonic() - self.failed < PAUSE_SECONDS:
            raise FetchError("the identity provider was away a moment ago; it is asked again soon")
        try:
            with self._get_session() as line:
                answer = line.request("GET", self._server_metadata_url, withhold_token=True)
                answer.raise_for_status()
                return answer.json()
        except (RequestException, ContractError):
            self.failed = time.monotonic()
            raise

    def _agreed(self, told: Any) -> dict[str, Any]:
        """Return the part of the provider's document that is used, or raise `ContractError`.

        No more than this part, because the library takes each field as an option of its own,
        whether to verify certificates included.
        """
        told = told if isinstance(told, dict) else {}
        if told.get("issuer") != self.issuer:
            raise ContractError(
                f"the identity provider calls itself {str(told.get('issuer'))[:200]!r} and "
                f"KMS_OIDC_ISSUER is '{self.issuer}'; both must be the same, to the last sign"
            )
        for name in ENDPOINTS:
            if not self._may_be_asked(told.get(name)):
                raise ContractError(
                    f"the identity provider's {name} is {str(told.get(name))[:200]!r}; an https "
                    "address is needed: check its discovery document"
                )
        listed = _texts(told, "id_token_signing_alg_values_supported") or ["RS256"]
        algorithms = [name for name in listed if name in SIGNED_WITH]
        if not algorithms:
            raise ContractError(
                f"the identity provider signs with {', '.join(listed)[:200]}; let it use RS256"
            )
        extra = {self.groups_claim} & {*_texts(told, "scopes_supported")} - {*SCOPES}
        agreed = {name: told[name] for name in ("issuer", *ENDPOINTS)}
        agreed["id_token_signing_alg_values_supported"] = algorithms
        # Groups have a scope of their own at some providers; the others refuse to know it.
        agreed["scope"] = " ".join([*SCOPES, *extra])
        methods = _texts(told, "token_endpoint_auth_methods_supported")
        if self.client_secret and methods and "client_secret_basic" not in methods:
            agreed["token_endpoint_auth_method"] = "client_secret_post"  # noqa: S105  # a method's name
        return agreed

    def _may_be_asked(self, address: object) -> bool:
        """Tell whether an endpoint is no less secure than the issuer."""
        if not isinstance(address, str):
            return False
        parts, secure = urlsplit(address), self.issuer.startswith("https://")
        return bool(parts.hostname) and parts.scheme in (
            ("https",) if secure else ("https", "http")
        )


@contextmanager
def _named() -> Iterator[None]:
    """Raise one kind of error for all that can go wrong, without what the library says in it."""
    try:
        yield
    except FAULTS as error:
        raise _failure(error) from None


def _failure(error: Exception) -> ProviderError:
    told = getattr(error, "error", None) if isinstance(error, AuthlibBaseError) else None
    said = told if isinstance(told, str) and told in CODES else ""
    if isinstance(error, JoseError):
        said = " ".join(part for part in (error.error, getattr(error, "claim", "")) if part)
    if isinstance(error, SourceError):
        said = str(error)  # our own words
    return ProviderError(f"{type(error).__name__}: {said}".removesuffix(": "), _kind(error, said))


def _kind(error: Exception, said: str) -> str:
    if isinstance(error, RequestException | SourceError) or said in NOT_NOW:
        return AWAY
    if isinstance(error, MismatchingStateError) or said == "invalid_grant":
        return STALE
    return DENIED if isinstance(error, AuthlibBaseError) else DOUBTED


def _texts(told: dict[str, Any], name: str) -> list[str]:
    listed = told.get(name)
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
