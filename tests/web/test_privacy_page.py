"""The privacy notice: for everybody, from every page, with what this site has set."""

from __future__ import annotations

import pytest
from flask import Flask

from app import create_app
from kms.config import Settings


@pytest.fixture
def server(settings: Settings) -> Flask:
    return create_app(settings)


def test_everybody_can_read_it_in_both_languages(server: Flask) -> None:
    client = server.test_client()
    page = client.get("/privacy").text
    for words in ("RA 10173", "National Privacy Commission", "not set by the operator yet",
                  "Public counts of 1 to 7 persons", "multiples of 5", "from 5 establishments on",
                  "after 30 minutes without use, 8 hours at most", "no end set yet"):  # fmt: skip
        assert words in page, words
    assert "<form" not in page
    assert "Set-Cookie" not in client.get("/privacy").headers
    assert "Abiso sa privacy" in client.get("/privacy?lang=fil").text


@pytest.mark.parametrize("path", ["/", "/sign-in", "/privacy", "/nothing", "/?lang=fil"])
def test_every_page_leads_to_it(server: Flask, path: str) -> None:
    wanted = "/privacy?lang=fil" if "fil" in path else "/privacy"
    assert f'href="{wanted}"' in server.test_client().get(path).text


def test_it_names_whom_to_ask_and_the_limits_that_are_set(
    server: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "CONTACT_OFFICE": "DOH <Epidemiology> Bureau", "CONTACT_EMAIL": "dpo@example.ph",
        "CONTACT_OFFICER": "Ana Reyes", "SNAPSHOT_DAYS": "400", "DISCLOSURE_THRESHOLD": "0",
        "DISCLOSURE_BASE": "1", "SESSION_IDLE_MINUTES": "15",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"KMS_{name}", value)
    page = server.test_client().get("/privacy").text
    assert "DOH &lt;Epidemiology&gt; Bureau" in page
    assert 'href="mailto:dpo@example.ph"' in page
    assert "Ana Reyes" in page
    assert "400 days" in page
    assert "after 15 minutes without use" in page
    assert "are not shown" not in page
    assert "multiples" not in page
    assert "not set by the operator" not in page
