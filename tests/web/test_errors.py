from __future__ import annotations

import json
import logging
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.http import HTTP_STATUS_CODES

from kms.config import ROOT
from kms.web.errors import SAID, STYLE_SHEETS
from tests.web.conftest import FAILURES, SECRET

Door = Callable[..., FlaskClient]
INSIDE = (
    SECRET, str(ROOT), ".py", "Traceback", "SELECT", "sqlite", "sqlalchemy", "OperationalError",
    "ValueError", "werkzeug", "kms.", "site-packages",
)  # fmt: skip
STATUSES = sorted(set(SAID) | {409, 418, 501, 504})


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_a_page_that_says_what_to_do(door: Door, status: int) -> None:
    answer = door().get(f"/status/{status}")
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert "<h1>" in answer.text
    assert '<a href="/">Go to the board</a>' in answer.text
    assert "<script" not in answer.text
    assert HTTP_STATUS_CODES[status] not in answer.text or status == 404
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_json_for_programs(door: Door, status: int) -> None:
    answer = door().get(f"/api/status/{status}")
    assert answer.status_code == status
    assert set(answer.get_json()["error"]) == {"code", "message"}


def test_pages_come_in_the_language_of_the_address_or_of_the_server(door: Door) -> None:
    filipino = door().get("/status/503?lang=fil")
    assert '<html lang="fil">' in filipino.text
    assert "Hindi mabasa ang datos sa ngayon" in filipino.text
    assert 'href="/?lang=fil"' in filipino.text
    default = door(language="fil")
    assert "Hindi mabasa ang datos" in default.get("/status/503").text
    assert "cannot be read just now" in default.get("/status/503?lang=en").text
    assert '<html lang="en">' in door().get("/status/503?lang=../../etc").text


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize("kind", ["sql", *(f"fail/{kind}" for kind in FAILURES)])
def test_no_failure_shows_the_inside(door: Door, prefix: str, kind: str) -> None:
    wanted = {"sql": 503, "fail/absent": 404, "fail/config": 400, "fail/access": 403}
    answer = door().get(f"{prefix}/{kind}")
    assert answer.status_code == wanted.get(kind, 500)
    assert answer.is_json is bool(prefix)
    assert [word for word in INSIDE if word in answer.text] == []


def test_a_store_that_cannot_be_read_says_when_to_come_again(door: Door) -> None:
    assert door().get("/sql").headers["Retry-After"] == "30"
    assert door().get("/api/sql").get_json()["error"]["code"] == "unavailable"


def test_the_log_has_the_place_of_a_store_s_failure_and_never_the_value(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    client = door()
    with caplog.at_level(logging.ERROR, logger="kms.web.errors"):
        client.get("/sql")
    (record,) = caplog.records
    assert "in sql" in "".join(record.__dict__["stack"])
    assert record.__dict__["sqlstate"] == "OperationalError"
    assert SECRET not in json.dumps(record.__dict__, default=str)


def test_the_log_has_the_traceback_of_a_fault_on_one_line(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    client = door()
    with caplog.at_level(logging.ERROR, logger="kms.web.errors"):
        client.get("/fail/value%E2%80%A8forged")
        client.get("/fail/value")
    forged, plain = caplog.records
    assert forged.getMessage() == r"GET '/fail/value\u2028forged' failed"
    assert plain.exc_info is not None


def test_when_to_come_again_and_what_is_allowed_are_kept(door: Door) -> None:
    client = door()
    busy = client.get("/busy")
    assert (busy.status_code, busy.headers["Retry-After"]) == (429, "17")
    refused = client.put("/to")
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_redirects_are_left_alone(door: Door) -> None:
    client = door()
    assert client.get("/to").location == "/"
    assert client.get("/slash").status_code == 308


def test_a_body_nested_too_deeply_is_the_sender_s_fault(door: Door) -> None:
    assert door().open("/fail/depth", method="GET", data=b"[").status_code == 400


def test_pages_wear_the_product_s_style(product: object, client: FlaskClient) -> None:
    answer = client.post("/areas")
    assert answer.status_code == 405
    sheets = client.application.config[STYLE_SHEETS]
    assert len(sheets) == len(list((ROOT / "layouts" / "assets").glob("*.css")))
    for sheet in sheets:
        assert f'href="{sheet}"' in answer.text
        with client.get(sheet) as style:
            assert style.mimetype == "text/css"
