"""The product on an empty store, with a steward signed in and an analyst who is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from kms.config import Settings
from kms.domain.principal import Grant
from kms.store.engine import Store
from kms.store.open import opened
from tests.web.people import make_person, signed_in


@pytest.fixture
def server(settings: Settings) -> Flask:
    """Give the product."""
    return create_app(settings)


@pytest.fixture
def store(server: Flask, settings: Settings) -> Iterator[Store]:
    """Give its store, in which two people have accounts."""
    with opened(settings) as store:
        make_person(store, "steward", Grant("steward"))
        make_person(store, "maria", Grant("analyst"))
        yield store


@pytest.fixture
def steward(server: Flask, store: Store) -> FlaskClient:
    """Give the browser of a steward."""
    return signed_in(server, "steward")
