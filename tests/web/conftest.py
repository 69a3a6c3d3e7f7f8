"""Two servers behind the door: the whole product, and a small one that fails on purpose."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import flask
import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from app import create_app
from kms.config import Settings
from kms.errors import AccessError, ConfigError, DataError, NoDataError
from kms.store.engine import Store
from kms.web.door import open_door
from tests.published import published, published_home

__all__ = ["published", "published_home"]

SECRET = "Juan-Dela-Cruz"
FAILURES: dict[str, Exception] = {
    "value": ValueError(f"/srv/kms/secret.py: {SECRET}"),
    "depth": RecursionError(SECRET),
    "data": DataError("the publication is damaged"),
    "absent": NoDataError("no area 9"),
    "config": ConfigError("as_of is too late"),
    "access": AccessError("not yours"),
}


def small(settings: Settings) -> flask.Flask:
    """Return a server with one route for each way to answer or to fail."""
    server = flask.Flask("small")
    open_door(server, settings)
    engine = create_engine("sqlite://")

    def sql(kind: str = "") -> str:
        with engine.connect() as connection:
            connection.execute(text("SELECT :name FROM people"), {"name": SECRET + kind})
        return ""

    def failing(kind: str) -> str:
        raise FAILURES[kind]

    def given(status: int) -> str:
        flask.abort(status)

    for prefix in ("", "/api"):
        name = prefix.strip("/")
        server.add_url_rule(f"{prefix}/sql", f"{name}sql", sql)
        server.add_url_rule(f"{prefix}/fail/<kind>", f"{name}fail", failing)
        server.add_url_rule(f"{prefix}/status/<int:status>", f"{name}status", given)
        server.add_url_rule(f"{prefix}/form", f"{name}form", _form, methods=["GET", "POST", "PUT"])
    server.add_url_rule("/", "here", lambda: flask.Response("<p>here</p>"))
    server.add_url_rule("/to", "to", lambda: flask.redirect("/"))
    server.add_url_rule("/slash/", "slash", lambda: "slash")
    server.add_url_rule("/healthz", "healthz", lambda: {"status": "ok"})
    server.add_url_rule("/pdf", "pdf", lambda: flask.Response(b"", mimetype="application/pdf"))
    server.add_url_rule("/who", "who", lambda: {"from": flask.request.remote_addr,
                                                "at": flask.request.host_url})  # fmt: skip
    server.add_url_rule("/busy", "busy", _busy)
    return server


def _form() -> str:
    return str(len(flask.request.get_data()) + len(flask.request.form))


def _busy() -> str:
    from werkzeug.exceptions import TooManyRequests

    raise TooManyRequests(retry_after=17)


@pytest.fixture(scope="session")
def product(published: Store, published_home: Path) -> flask.Flask:
    """Give the product on the published store, made as `kms serve` makes it."""
    return create_app(Settings(home=published_home))


@pytest.fixture
def client(product: flask.Flask) -> FlaskClient:
    """Give a browser without cookies."""
    return product.test_client()


@pytest.fixture
def door(tmp_path: Path) -> Callable[..., FlaskClient]:
    """Return what makes a client of the small server with settings."""
    logging.getLogger("kms.web.errors").setLevel("CRITICAL")

    def opened(**settings: object) -> FlaskClient:
        return small(Settings(home=tmp_path, **settings)).test_client()  # type: ignore[arg-type]

    return opened
