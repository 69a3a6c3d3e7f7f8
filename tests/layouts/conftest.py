from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kms.errors import NoDataError
from kms.reads.request import Request
from layouts.page import Page
from layouts.routing import discover
from layouts.server import create_dash
from tests.layouts import view_factory
from tests.published import published, published_home

__all__ = ["published", "published_home"]

KNOWN = {region[0] for region in view_factory.REGIONS} | {"0000000000"}
VIEWS: dict[str, Callable[..., Any]] = {
    "/": view_factory.board_view,
    "/areas": view_factory.areas_view,
    "/areas/<area>": view_factory.area_view,
    "/signals": view_factory.signals_view,
    "/sectors": view_factory.sectors_view,
    "/library": view_factory.library_view,
    "/library/<entry>": view_factory.library_view,
    "/data": view_factory.data_view,
}


def pages_with(views: dict[str, Callable[..., Any]]) -> list[Page[Any]]:
    """Pages that read hand-made views; what they show and how they route is the product's."""

    def reader(path: str) -> Callable[[Any, Request], Any]:
        def read(_store: Any, request: Request) -> Any:
            if request.area and request.area not in KNOWN:
                raise NoDataError(f"area {request.area!r} is not known; see /areas")
            return views[path](frame=view_factory.frame(is_latest=request.as_of is None))

        return read

    return [replace(page, read=reader(page.path)) for page in discover()]


def server_of(pages: Iterable[Page[Any]]) -> Flask:
    server = Flask("tests")
    create_dash(server, object(), pages=pages)
    return server


@pytest.fixture(scope="session")
def server() -> Flask:
    return server_of(pages_with(VIEWS))


@pytest.fixture
def client(server: Flask) -> FlaskClient:
    return server.test_client()
