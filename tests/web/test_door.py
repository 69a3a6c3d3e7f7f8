from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from kms.errors import ConfigError

Door = Callable[..., FlaskClient]
RELAYED = {
    "X-Forwarded-For": "198.51.100.9, 203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "ligtas.example.ph",
}


def ask(client: FlaskClient, peer: str) -> dict[str, str]:
    answer = client.get("/who", headers=RELAYED, environ_base={"REMOTE_ADDR": peer})
    return dict(answer.get_json())


@pytest.mark.parametrize(("proxy", "peer"), [("10.0.0.2", "10.0.0.2"), ("10.0.0.0/8", "10.9.9.9")])
def test_the_proxy_is_believed_about_its_last_hop_only(door: Door, proxy: str, peer: str) -> None:
    told = ask(door(trusted_proxy=proxy), peer)
    assert told == {"from": "203.0.113.7", "at": "https://ligtas.example.ph/"}


@pytest.mark.parametrize(
    ("proxy", "peer"), [("10.0.0.2", "10.0.0.3"), ("", "127.0.0.1"), ("10.0.0.2", "")]
)
def test_nobody_else_is_believed(door: Door, proxy: str, peer: str) -> None:
    told = ask(door(trusted_proxy=proxy), peer)
    assert told == {"from": peer, "at": "http://localhost/"}


def test_a_host_forged_past_the_proxy_is_still_refused(door: Door) -> None:
    client = door(trusted_proxy="10.0.0.2", public_url="https://ligtas.example.ph")
    from_proxy = {"REMOTE_ADDR": "10.0.0.2"}
    forged = RELAYED | {"X-Forwarded-Host": "evil.example"}
    assert client.get("/who", headers=RELAYED, environ_base=from_proxy).status_code == 200
    assert client.get("/who", headers=forged, environ_base=from_proxy).status_code == 400


def test_a_proxy_that_is_no_address_stops_the_start(door: Door) -> None:
    with pytest.raises(ConfigError, match="KMS_TRUSTED_PROXY is 'nginx'; write the proxy's addr"):
        door(trusted_proxy="nginx")
