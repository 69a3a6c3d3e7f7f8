"""One establishment's inspections: who sees them, who is logged, and what nobody can find out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from kms.config import Settings
from kms.domain.principal import Grant
from kms.reads.people.log import read_log
from kms.reads.request import Request
from kms.store.engine import Store
from tests.published import make_published_store
from tests.web.people import make_person, signed_in

OURS, CEBU, UNKNOWN = "EST-NCR-56101-3", "EST-CEB-56101-3", "EST-NONE-1"
PEOPLE = {
    "ana": Grant("committee", establishment=OURS),
    "gone": Grant("committee", establishment=UNKNOWN),
    "insp.ncr": Grant("inspector", area="13"),
    "insp.food": Grant("inspector", area="13", section="C"),
    "insp.all": Grant("inspector"),
    "steward": Grant("steward"),
    "root": Grant("admin"),
    "maria": Grant("analyst"),
    "boss": Grant("approver"),
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("establishments"))


@pytest.fixture(scope="module")
def inspected(settings: Settings) -> Iterator[Store]:
    store = make_published_store(settings)
    for name, grant in PEOPLE.items():
        make_person(store, name, grant)
    yield store
    store.close()


@pytest.fixture(scope="module")
def server(settings: Settings, inspected: Store) -> Flask:
    return create_app(settings)


def statuses(server: Flask, name: str) -> tuple[int, ...]:
    client = signed_in(server, name) if name else server.test_client()
    return tuple(
        client.get(f"/establishments/{firm}").status_code for firm in (OURS, CEBU, UNKNOWN)
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ana", (200, 403, 403)),
        ("gone", (403, 403, 404)),
        ("insp.ncr", (200, 403, 403)),
        ("insp.food", (403, 403, 403)),
        ("insp.all", (200, 200, 404)),
        ("steward", (200, 200, 404)),
        ("root", (200, 200, 404)),
        ("maria", (403, 403, 403)),
        ("boss", (403, 403, 403)),
        ("", (303, 303, 303)),
    ],
)
def test_who_may_see_an_establishment(server: Flask, name: str, expected: tuple[int, ...]) -> None:
    assert statuses(server, name) == expected


def test_nobody_finds_out_which_establishments_there_are(server: Flask) -> None:
    client = signed_in(server, "insp.ncr")
    known, unknown = (
        re.sub(r"EST-[\w-]+", "", client.get(f"/establishments/{firm}").text)
        for firm in (CEBU, UNKNOWN)
    )
    assert known == unknown


def test_the_committee_sees_its_own_and_is_led_there(server: Flask, inspected: Store) -> None:
    before = len(read_log(inspected, Request(event="rows.view")).listed.rows)
    client = signed_in(server, "ana")
    assert f'href="/establishments/{OURS}"' in client.get("/account").text
    answer = client.get(f"/establishments/{OURS}")
    assert answer.headers["Cache-Control"] == "no-store"
    page = answer.text
    assert f"Establishment {OURS}" in page
    assert "Manila, Metro Manila" in page
    assert "I Hotels and food" in page
    assert "35: 15 women, 20 men" in page
    assert "Labour inspection" in page
    assert "JMC 20-04-A" in page or "DO 198-18" in page
    assert "written to the audit log" not in page
    assert "routine" not in page  # why an inspection was held may point at who complained
    assert len(read_log(inspected, Request(event="rows.view")).listed.rows) == before


def test_a_look_by_others_is_logged_with_the_number_of_inspections(
    server: Flask, inspected: Store
) -> None:
    page = signed_in(server, "insp.ncr").get(f"/establishments/{OURS}").text
    assert "That you looked at it was written to the audit log." in page
    (row,) = read_log(inspected, Request(event="rows.view", actor="insp.ncr")).listed.rows[:1]
    assert (row.object, row.rows) == (OURS, 1)
    assert row.publication


def test_the_navigation_and_public_pages_do_not_lead_there(server: Flask) -> None:
    client = server.test_client()
    for path in ("/", "/areas/1300000000", "/sectors?sector=I", "/data"):
        assert "/establishments/" not in client.get(path).text, path
        assert OURS not in client.get(path).text, path


def test_filipino_says_it_too(server: Flask) -> None:
    page = signed_in(server, "ana").get(f"/establishments/{OURS}?lang=fil").text
    assert f"Establisimyento {OURS}" in page
    assert "35: 15 babae, 20 lalaki" in page
