"""A small OpenID Connect provider on 127.0.0.1, with what can be wrong about one to be chosen."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import flask
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey
from joserfc.jws import JWSRegistry
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

CLIENT, SECRET = "ligtas", "a secret of the client alone"
KEY, OTHER_KEY = (RSAKey.generate_key(2048, {"kid": "k1"}) for _ in range(2))
NEW_KEY = RSAKey.generate_key(2048, {"kid": "k2"})
LIFE_SECONDS = 300


@dataclass
class Faults:
    """What is wrong, or just different; `None` among the claims or the document takes one out."""

    claims: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    token: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    signed_with: Any = field(default_factory=lambda: KEY)
    keys: Any = None
    error: str = ""  # instead of a code
    moved: bool = False  # the document has moved to another host
    status: int = 0  # of the answer at the token endpoint, with a page as gateways send them


class Provider:
    """One person is signed in here, and whoever is sent comes back as that person."""

    def __init__(self) -> None:
        self.app = flask.Flask("provider")
        self.address = ""
        self.methods = ["client_secret_basic", "client_secret_post"]
        self.arrival = "http://localhost/sign-in/office/arrived"
        for path, view in (
            ("/.well-known/openid-configuration", self.document),
            ("/authorize", self.authorize),
            ("/jwks", self.jwks),
        ):
            self.app.add_url_rule(path, path, view)
        self.app.add_url_rule("/token", "token", self.token, methods=["POST"])
        self.reset()

    def reset(self) -> None:
        """Forget what was asked, and let everything be right."""
        self.faults = Faults()
        self.person: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.sent: list[dict[str, str]] = []  # to the token endpoint
        self.issued: list[str] = []  # codes and tokens: what no log may hold

    def document(self) -> Response:
        self.asked.append("document")
        if self.faults.moved:
            return flask.redirect("http://localhost:1/.well-known/openid-configuration")
        told = {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "token_endpoint_auth_methods_supported": self.methods,
            "scopes_supported": ["openid", "profile", "email", "groups"],
            "verify": False,  # an option of the library, which must not be taken from here
        }
        return flask.jsonify(_with(told, self.faults.document))

    def authorize(self) -> Response:
        given = flask.request.args
        self.asked.append("authorize")
        assert (given["client_id"], given["response_type"]) == (CLIENT, "code")
        assert given["code_challenge_method"] == "S256"
        assert given["redirect_uri"] == self.arrival
        assert given["scope"].split()[:3] == ["openid", "profile", "email"]
        if self.faults.error:
            back = {"error": self.faults.error, "error_description": "<script>private</script>"}
        else:
            back = {"code": secrets.token_urlsafe(24)}
            self.codes[back["code"]] = dict(given)
            self.issued.append(back["code"])
        query = urlencode({**back, "state": given["state"]})
        return flask.redirect(f"{given['redirect_uri']}?{query}")

    def token(self) -> Response:
        form = dict(flask.request.form)
        self.asked.append("token")
        self.sent.append(form)
        if self.faults.status:
            return flask.Response("<h1>Bad gateway</h1>", self.faults.status)
        if not self._is_client(form):
            return _refused("invalid_client", 401)
        begun = self.codes.pop(form.get("code", ""), None)  # good once
        if begun is None or form.get("redirect_uri") != begun["redirect_uri"]:
            return _refused("invalid_grant")
        hashed = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
        if challenge != begun["code_challenge"]:
            return _refused("invalid_grant")
        access = secrets.token_urlsafe(24)
        id_token = self._id_token(begun["nonce"])
        self.issued += [access, id_token]
        told = {"access_token": access, "token_type": "Bearer", "expires_in": LIFE_SECONDS}
        return flask.jsonify(_with({**told, "id_token": id_token}, self.faults.token))

    def jwks(self) -> Response:
        self.asked.append("jwks")
        given = self.faults.keys
        unknown = {"kty": "of a kind to come", "kid": "x"}
        keys = [KEY.as_dict(private=False), unknown] if given is None else given
        return flask.jsonify({"keys": keys})

    def _is_client(self, form: dict[str, str]) -> bool:
        basic = flask.request.authorization
        if basic is not None and "client_secret_basic" in self.methods:
            return (basic.username, basic.password) == (CLIENT, SECRET)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.address,
            "aud": CLIENT,
            "iat": now,
            "exp": now + LIFE_SECONDS,
            "nonce": nonce,
            **self.person,
        }
        header = {"alg": "RS256", "kid": "k1", **self.faults.header}
        told = _with(claims, self.faults.claims)
        if header["alg"] == "none":
            parts = (base64.urlsafe_b64encode(flask.json.dumps(p).encode()) for p in (header, told))
            return ".".join([*(part.rstrip(b"=").decode() for part in parts), ""])
        registry = JWSRegistry(algorithms=["RS256", "HS256"], strict_check_header=False)
        written = json.dumps(told)  # in ASCII, so that it can hold what UTF-8 cannot
        return jws.serialize_compact(header, written, self.faults.signed_with, registry=registry)


def hmac_key() -> OctKey:
    """Return the key with which HS256 would be checked: the client's secret."""
    return OctKey.import_key(SECRET * 2)


@contextmanager
def running() -> Iterator[Provider]:
    """Give a provider that answers on 127.0.0.1 while the block runs."""
    provider = Provider()
    server = make_server("127.0.0.1", 0, provider.app, threaded=True, request_handler=_QuietHandler)
    provider.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _QuietHandler(WSGIRequestHandler):
    def log(self, *args: Any, **kwargs: Any) -> None:
        """Write nothing: what is in the log is to be ours."""


def _with(told: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**told, **changes}.items() if value is not None}


def _refused(code: str, status: int = 400) -> Response:
    return flask.make_response({"error": code, "error_description": "private"}, status)
