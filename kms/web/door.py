"""The front door: everything a request passes before a page, the API or a brief sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import flask
from werkzeug.middleware.proxy_fix import ProxyFix

from kms.config import Settings
from kms.errors import ConfigError
from kms.web.errors import error_pages
from kms.web.headers import SCRIPT_HASHES, secure_headers
from kms.web.origin import same_origin

OWN_ADDRESS = "OWN_ADDRESS"  # in the server's configuration: one it answers to; empty: any
LOOPBACK = ("127.0.0.1", "localhost", "::1")
Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


def open_door(server: flask.Flask, settings: Settings) -> None:
    """Put the door before a server; to be called before anything else is mounted on it.

    The headers come first because what is registered first runs last on a response.
    """
    public = settings.public_url.rstrip("/")
    named = [name.strip().lower() for name in settings.trusted_hosts.split(",") if name.strip()]
    hosts = ([urlsplit(public).hostname or ""] if public else []) + named
    if not hosts and settings.host in LOOPBACK and not settings.trusted_proxy:
        hosts = list(LOOPBACK)  # another name that leads here is another site's trick
    secure_headers(
        server, csp_scripts=lambda: server.config.get(SCRIPT_HASHES, ()), https=settings.https
    )
    error_pages(server, language=settings.language)
    same_origin(server, hosts=hosts, origins=[public] if public else [])
    server.config[OWN_ADDRESS] = public or (f"http://{hosts[0].lstrip('.')}" if hosts else "")
    if settings.trusted_proxy:
        behind = BehindProxy(server.wsgi_app, settings.trusted_proxy)
        server.wsgi_app = behind  # type: ignore[method-assign]  # Flask's own way to wrap it


def wrap_inside(server: flask.Flask, wrap: Callable[[Application], Application]) -> None:
    """Put something around an application that sees a request as the proxy tells it."""
    outer: Application = server.wsgi_app
    wrapped = outer.around(wrap) if isinstance(outer, BehindProxy) else wrap(outer)
    server.wsgi_app = wrapped  # type: ignore[method-assign, assignment]  # Flask's own way


class BehindProxy:
    """Believe what a proxy says of the reader, where it is that proxy who says it."""

    def __init__(self, direct: Application, proxy: str) -> None:
        """Raise `ConfigError` if the proxy is not an address or a network."""
        self.direct = direct
        self.relayed = ProxyFix(direct, x_for=1, x_proto=1, x_host=1)
        self.proxy = _network(proxy)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request, as relayed if it comes from the proxy."""
        chosen = self.relayed if self._is_proxy(environ.get("REMOTE_ADDR", "")) else self.direct
        return chosen(environ, start_response)

    def around(self, wrap: Callable[[Application], Application]) -> BehindProxy:
        """Return the same with something between it and the application."""
        return BehindProxy(wrap(self.direct), str(self.proxy))

    def _is_proxy(self, peer: str) -> bool:
        try:
            return ip_address(peer) in self.proxy
        except ValueError:  # a socket file has no address
            return False


def _network(written: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(written, strict=False)
    except ValueError as error:
        raise ConfigError(
            f"KMS_TRUSTED_PROXY is '{written}'; write the proxy's address, such as 127.0.0.1, or "
            "its network, such as 172.18.0.0/16"
        ) from error
