"""Held issues: what the steward sees, releases, withdraws and lets pass, and what others see."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ingest.load import load
from ingest.source import source_named
from kms.config import Settings, now
from kms.store.engine import Store
from kms.store.vintages import vintage_named, vintages
from kms.store.waivers import waivers
from tests.ingest.test_tripwires import FETCHED, FIRST, people, written
from tests.web.people import send, signed_in

SOURCE = source_named("doh_case_information")
WHY = "the Bureau confirms it"


@pytest.fixture
def store(store: Store, settings: Settings, tmp_path: Path) -> Store:
    for day in (40, 42):
        released = FIRST + timedelta(days=day)
        path = tmp_path / f"DOH COVID Data Drop_ {released:%Y%m%d} - 04 Case Information.csv"
        path.write_text(written(people(40)), encoding="utf-8")
        load(store, settings, SOURCE, [path], fetched_at=FETCHED)
    return store


def held(store: Store) -> str:
    """Return the name of the issue that is held."""
    with store.read() as connection:
        return next(str(v["name"]) for v in vintages(connection) if v["state"] == "held")


def state(store: Store, name: str) -> tuple[str, str]:
    """Return what became of an issue, and why."""
    with store.read() as connection:
        row = vintage_named(connection, name)
    return row["state"], row["note"]


def test_a_steward_sees_what_waits_and_why(steward: FlaskClient, store: Store) -> None:
    page = unescape(steward.get("/data/held").get_data(as_text=True))
    assert "1 issue is held" in page
    assert held(store) in page
    assert "The issue says exactly what the one before it said." in page


def test_nobody_else_does(server: Flask, store: Store) -> None:
    assert server.test_client().get("/data/held").status_code != 200
    assert signed_in(server, "maria").get("/data/held").status_code == 403


def test_a_steward_releases_an_issue_with_a_reason(steward: FlaskClient, store: Store) -> None:
    name = held(store)
    answer = send(steward, "/data/held", "release", vintage=name, why=WHY)
    assert answer.status_code == 200
    assert "The issue is released" in answer.get_data(as_text=True)
    assert state(store, name) == ("accepted", WHY)


@pytest.mark.parametrize(("why", "vintage"), [("no", ""), (WHY, "nothing-like-it")])
def test_no_reason_or_no_such_issue_changes_nothing(
    steward: FlaskClient, store: Store, why: str, vintage: str
) -> None:
    name = held(store)
    answer = send(steward, "/data/held", "release", vintage=vintage or name, why=why)
    assert answer.status_code == 422
    assert state(store, name) == ("held", "")


def test_a_steward_withdraws_an_issue(steward: FlaskClient, store: Store) -> None:
    name = held(store)
    assert send(steward, "/data/held", "withdraw", vintage=name, why=WHY).status_code == 200
    assert state(store, name) == ("withdrawn", WHY)
    assert "No issue is held" in steward.get("/data/held").get_data(as_text=True)


def test_a_tripwire_passes_until_it_is_taken_back(steward: FlaskClient, store: Store) -> None:
    until = (now() + timedelta(days=9)).date()
    sent = {"source": SOURCE.source_id, "code": "frozen_copy", "until": until.isoformat()}
    answer = send(steward, "/data/held", "waive", subject="", why=WHY, **sent)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    today = datetime.now(UTC).date()
    assert [w["code"] for w in in_force(store, today)] == ["frozen_copy"]
    page = steward.get("/data/held").get_data(as_text=True)
    assert WHY in unescape(page)
    number = str(in_force(store, today)[0]["id"])
    assert send(steward, "/data/held", "unwaive", waiver=number).status_code == 200
    assert in_force(store, today) == []
    assert send(steward, "/data/held", "unwaive", waiver=number).status_code == 422


@pytest.mark.parametrize("wrong", [{"code": "no_such"}, {"until": "tomorrow"}, {"why": "no"}])
def test_a_waiver_that_says_too_little_is_refused(
    steward: FlaskClient, store: Store, wrong: dict[str, str]
) -> None:
    until = (now() + timedelta(days=9)).date().isoformat()
    sent = {"source": SOURCE.source_id, "code": "spike", "until": until, "why": WHY, **wrong}
    assert send(steward, "/data/held", "waive", subject="", **sent).status_code == 422
    assert in_force(store, date.min) == []


def in_force(store: Store, day: date) -> list[dict[str, object]]:
    """Return the waivers in force on a day."""
    with store.read() as connection:
        return [dict(row) for row in waivers(connection, day)]
