"""Exact figures leave only to those who may see them, with a reason, after the log was told."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from kms.access.accounts import tokens
from kms.config import Settings, now
from kms.domain.principal import Grant, Principal
from kms.store.audit import entries
from kms.store.engine import Store
from tests.published import LEYTE_REGION, NCR, PLANTED, PLANTED_ON, make_published_store
from tests.web.people import OPERATOR, make_person, send, signed_in

SERIES = "/api/v1/series?indicator=cases_report&format=csv"
WHY = "&exact=true&why=outbreak+team+of+Leyte"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Store]]:
    settings = Settings(home=Path(tmp_path_factory.mktemp("exact")))
    store = make_published_store(settings)
    yield create_app(settings), store
    store.close()


def program(
    place: tuple[Flask, Store], name: str, grant: Grant, scope: str = "figures:exact"
) -> FlaskClient:
    server, store = place
    owner = Principal(make_person(store, name, grant), name, (grant,))
    token = tokens.make_token(
        store, owner, label="t", scopes=[scope], days=1, origin=OPERATOR, at=now()
    )
    client = server.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def count_on(answer: Any, day: str) -> str:
    rows = csv.DictReader(io.StringIO(answer.get_data(as_text=True)))
    return next(row["value"] for row in rows if row["ref_date"] == day)


def newest(store: Store) -> dict[str, Any]:
    with store.read_ops() as connection:
        return entries(connection, most=1).rows[0]


def test_a_token_gets_exact_figures_of_its_area_and_each_time_is_logged(
    place: tuple[Flask, Store],
) -> None:
    client = program(place, "leyte", Grant("analyst", area="08"))
    asked = f"{SERIES}&area={LEYTE_REGION}"
    assert count_on(client.get(asked), PLANTED_ON.isoformat()) == ""
    for _ in range(2):
        answer = client.get(asked + WHY)
        assert float(count_on(answer, PLANTED_ON.isoformat())) == PLANTED
        assert answer.headers["Cache-Control"] == "no-store"
    with place[1].read_ops() as connection:
        rows = entries(connection, most=2).rows
    assert [row["event"] for row in rows] == ["export", "export"]
    assert rows[0]["actor"] == "leyte"
    assert rows[0]["detail"] == "outbreak team of Leyte"
    assert rows[0]["rows"] > 0
    assert rows[0]["publication"]


def test_outside_the_area_and_without_reason_or_scope_it_is_refused(
    place: tuple[Flask, Store],
) -> None:
    exact = program(place, "ncr", Grant("analyst", area="13"))
    assert exact.get(f"{SERIES}&area={LEYTE_REGION}{WHY}").status_code == 403
    assert exact.get(f"{SERIES}{WHY}").status_code == 403  # the country is not in the region
    assert exact.get(f"{SERIES}&area={NCR}&exact=true").status_code == 400
    plain = program(place, "plain", Grant("analyst"), "figures")
    assert plain.get(f"{SERIES}&area={NCR}{WHY}").status_code == 403


def test_a_browser_s_session_is_not_enough_for_the_interface(place: tuple[Flask, Store]) -> None:
    server, store = place
    make_person(store, "browser", Grant("admin"))
    client = signed_in(server, "browser")
    assert client.get(f"{SERIES}&area={NCR}{WHY}").status_code == 403
    assert server.test_client().get(f"{SERIES}&area={NCR}{WHY}").status_code == 403


def test_the_newest_values_are_exact_only_where_the_token_may(place: tuple[Flask, Store]) -> None:
    client = program(place, "newest", Grant("analyst", area="13"))
    answer = client.get(f"/api/v1/latest?indicator=cases_report{WHY}")
    assert {row["area"][:2] for row in answer.get_json()["data"]} == {"13"}


def test_the_form_on_the_area_page_gives_a_file_and_logs_first(
    place: tuple[Flask, Store],
) -> None:
    server, store = place
    make_person(store, "maria", Grant("analyst", area="08"))
    client = signed_in(server, "maria")
    path = f"/areas/{LEYTE_REGION}"
    answer = send(client, path, "export", indicator="cases_report", why="outbreak team")
    assert answer.status_code == 200
    assert "EXACT" in answer.headers["Content-Disposition"]
    assert float(count_on(answer, PLANTED_ON.isoformat())) == PLANTED
    row = newest(store)
    assert (row["event"], row["actor"], row["detail"]) == ("export", "maria", "outbreak team")
    short = send(client, path, "export", indicator="cases_report", why="x")
    assert short.status_code == 422
    assert "Say in ten letters" in short.get_data(as_text=True)
    assert 'value="export"' not in client.get(f"/areas/{NCR}").get_data(as_text=True)
    token = client.get(path).get_data(as_text=True).split('form_token" value="')[1][:64]
    data = {"do": "export", "form_token": token, "indicator": "cases_report", "why": "x" * 20}
    assert client.post(f"/areas/{NCR}", data=data).status_code == 403


def test_pages_are_exact_for_an_analyst_and_never_kept_for_others(
    place: tuple[Flask, Store],
) -> None:
    server, store = place
    make_person(store, "ana", Grant("analyst", area="08"))
    path = f"/areas/{LEYTE_REGION}"

    def seen(answer: Any) -> str:
        return str(answer.get_data(as_text=True).split('<div id="react-entry-point">')[0])

    before = seen(server.test_client().get(path))
    exact = signed_in(server, "ana").get(path)
    assert exact.headers["Cache-Control"] == "no-store"
    assert "Account of ana" in seen(exact)
    assert seen(exact) != before
    assert seen(server.test_client().get(path)) == before
