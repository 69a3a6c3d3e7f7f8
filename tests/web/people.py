"""People with accounts, and a browser each: for tests of who may open what."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from kms.access.accounts import people
from kms.access.audit import Origin
from kms.config import now
from kms.domain.principal import COMMAND, Grant, Principal
from kms.store.engine import Store

OPERATOR = Origin(Principal(account="operator", name="operator", via=COMMAND))
PASSWORD = "kalabaw sa ilog 42"
TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


def make_person(store: Store, name: str, *grants: Grant) -> str:
    """Open an account and return its id."""
    return people.create(
        store, name, full_name="", password=PASSWORD, grants=grants, origin=OPERATOR, at=now()
    )


def token_on(client: FlaskClient, path: str) -> str:
    """Return the form token of a page as this browser sees it."""
    found = TOKEN.search(client.get(path).get_data(as_text=True))
    assert found, f"{path} shows no form"
    return found[1]


def send(client: FlaskClient, path: str, do: str, **fields: str) -> Any:
    """Send a form of a page, with its token."""
    data = {"do": do, "form_token": token_on(client, path), **fields}
    return client.post(path, data=data)


def signed_in(server: Flask, name: str, password: str = PASSWORD) -> FlaskClient:
    """Return a browser in which somebody has signed in."""
    client = server.test_client()
    answer = send(client, "/sign-in", "sign-in", name=name, password=password)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return client
