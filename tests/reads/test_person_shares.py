"""Traced cases, deaths and clusters of a published store, as the public and an analyst see them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from ingest.load import load
from ingest.source import source_named
from kms.access.disclosure import DisclosureRule
from kms.api.server import create_api
from kms.config import Settings
from kms.domain.principal import ANALYST, SESSION, Grant, Principal
from kms.reads.area import read_area
from kms.reads.request import Request
from kms.reads.series import SeriesQuery, read_newest, read_series_view
from kms.reads.views import ContactsView
from kms.store.engine import Store
from tests.compute.test_tracing import COLUMNS
from tests.published import CAR, DAVAO, NATION, NCR, NOW, make_published_store, publish_now

LAST = date(2021, 3, 20)  # a Saturday
FIRST = LAST - timedelta(days=55)
RELEASED = date(2021, 3, 21)
TRACED = {"NCR": (20, 8), "Region XI: Davao Region": (12, 6), "CAR": (1, 1)}  # a day: cases, traced
PROVINCES = {"NCR": "NCR", "Region XI: Davao Region": "DAVAO DEL SUR", "CAR": "BENGUET"}
CODES = {NCR: "NCR", DAVAO: "Region XI: Davao Region"}
ANALYST_OF_ALL = Principal("a1", grants=(Grant(ANALYST),), via=SESSION)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    opened = make_published_store(settings, with_inspections=False)
    path = settings.home / "incoming" / f"doh_case_investigation_{RELEASED:%Y%m%d}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows())
    load(opened, settings, source_named("doh_case_investigation"), [path], fetched_at=NOW)
    publish_now(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client(store: Store) -> FlaskClient:
    client: FlaskClient = create_api(store).test_client()
    return client


def rows() -> Iterator[dict[str, str]]:
    for region, (cases, traced) in TRACED.items():
        for n in range((LAST - FIRST).days + 1):
            for k in range(cases):
                row = {
                    "case_id": f"{region[-3:]}{n:03d}-{k}", "disease": "covid19",
                    "classification": "confirmed", "region": region,
                    "province": PROVINCES[region],
                    "report_date": (FIRST + timedelta(days=n)).isoformat(),
                    "investigation_status": "complete",
                    # More are traced on some days, so that days could be told apart.
                    "exposure": "known_contact" if k < traced + n % 3 else "unknown",
                }  # fmt: skip
                if region == "NCR" and k < 2 and n > 45:
                    row |= {
                        "exposure": "cluster", "cluster_id": f"CL-{n}",
                        "cluster_setting": "workplace", "psic": "10711",
                    }  # fmt: skip
                if region[-3:] == "ion" and k < 2 and n == 50:
                    row |= {"cluster_id": "CL-900", "cluster_setting": "workplace", "psic": "86121"}
                yield row


def points(client: FlaskClient, **asked: str) -> list[dict[str, Any]]:
    answer: Any = client.get("/api/v1/series", query_string=asked)
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json["data"]
    return told


def contacts(store: Store, area: str, who: Principal | None = None) -> ContactsView:
    request = Request(area=area) if who is None else Request(area=area, who=who)
    found = read_area(store, request).contacts
    assert found is not None
    return found


def test_the_public_gets_saturdays_in_steps_and_nothing_between(client: FlaskClient) -> None:
    told = points(client, indicator="traced_share", area=NCR)
    shown = {p["ref_date"]: p for p in told if p["value"] is not None}
    assert shown
    assert all(date.fromisoformat(day).isoweekday() == 6 for day in shown)
    assert {p["state"] for p in told if p["ref_date"] not in shown} == {"suppressed"}
    for point in shown.values():
        # 280 cases in two weeks: steps of two percent hold five of them.
        for name in ("value", "low", "high"):
            assert round(point[name] * 50, 6) == round(point[name] * 50)
        assert point["low"] < point["value"] < point["high"]
        assert point["completeness"] == 1.0
    assert 0.42 < list(shown.values())[-1]["value"] < 0.52  # 9 of 20, and clusters


def test_page_interface_and_list_say_the_same(client: FlaskClient, store: Store) -> None:
    latest: Any = client.get("/api/v1/latest?indicator=traced_share").json
    by_area = {row["area"]: row for row in latest["data"]}
    for area in (NATION, NCR, DAVAO, CAR):
        reading, row = contacts(store, area).traced, by_area[area]
        assert (reading.value, reading.low, reading.high) == (row["value"], row["low"], row["high"])
        assert (reading.state, str(reading.ref_date)) == (row["state"], row["ref_date"])
        last = next(
            p for p in points(client, indicator="traced_share", area=area)
            if p["ref_date"] == row["ref_date"]
        )  # fmt: skip
        assert last["value"] == row["value"]


def test_shares_and_their_complements_add_up(client: FlaskClient) -> None:
    pairs = zip(
        points(client, indicator="traced_share", area=NCR),
        points(client, indicator="untraceable_share", area=NCR),
        strict=True,
    )
    told = [(a, b) for a, b in pairs if a["value"] is not None]
    assert told
    for share, rest in told:
        assert share["value"] + rest["value"] == pytest.approx(1)
        assert share["low"] + rest["high"] == pytest.approx(1)


def test_an_analyst_sees_the_newest_day_as_it_is(store: Store) -> None:
    exact = contacts(store, NCR, ANALYST_OF_ALL).traced
    public = contacts(store, NCR).traced
    as_it_is = read_series_view(store, SeriesQuery("traced_share", NCR), rule=None).points[-1]
    assert exact.ref_date == as_it_is.ref_date == LAST - timedelta(days=6)  # cut of 7 from the 21st
    assert exact.value == as_it_is.value
    assert public.ref_date == LAST - timedelta(days=7)
    assert exact.value is not None
    cases = [r for r in rows() if r["region"] == "NCR"]
    window = [
        r["exposure"] != "unknown" for r in cases
        if LAST - timedelta(days=20) < date.fromisoformat(r["report_date"]) <= exact.ref_date
    ]  # fmt: skip
    assert exact.value == pytest.approx(sum(window) / len(window))


def test_few_cases_are_not_told(store: Store) -> None:
    assert contacts(store, CAR).traced.state == "too_few"
    assert contacts(store, CAR).bounds is None


def test_what_shares_are_judged_by_is_not_readable(client: FlaskClient) -> None:
    for name in ("traced_known", "traced_unknown", "traced_design_effect", "cfr_deaths"):
        answer = client.get(f"/api/v1/series?indicator={name}&area={NCR}")
        assert answer.status_code in {400, 422}, answer.text


def test_clusters_of_few_workplaces_are_hidden_and_others_rounded(
    client: FlaskClient, store: Store
) -> None:
    cut = RELEASED - timedelta(days=13)
    true = sum(FIRST + timedelta(days=n) >= cut for n in range(46, 56))
    assert true == 10
    told = points(client, indicator="workplace_clusters", area=NCR)
    assert [p["value"] for p in told] == [10.0]
    (country,) = points(client, indicator="workplace_clusters", area=NATION)
    assert country["value"] == 10.0  # 11, rounded
    # One of health in Davao: hidden, and another with it, or it were the rest.
    assert points(client, indicator="workplace_clusters", area=DAVAO)[0]["state"] == "suppressed"
    sections = {
        letter: points(client, indicator="workplace_clusters", area=NATION, sector=letter)[0]
        for letter in "ACQ"
    }
    assert sections["Q"]["state"] == "suppressed"
    assert sections["C"]["value"] == 10.0
    hidden = [r for r in contacts(store, NATION).sections if r[1].value is None]
    assert not hidden
    exact = contacts(store, DAVAO, ANALYST_OF_ALL)
    assert exact.clusters.value == 1.0
    assert [reading.value for _, reading in exact.sections] == [1.0]
    assert contacts(store, "1102400000").clusters.state == "suppressed"  # of a province


def test_the_newest_values_of_every_cell_follow_the_same_rule(store: Store) -> None:
    public = read_newest(store, "workplace_clusters", None, rule=DisclosureRule()).rows
    assert {p.value for _, _, p in public} == {None, 0.0, 10.0}
    assert all(
        p.value is None
        for area, sector, p in public
        if area != NATION and sector not in ("", "ALL")
    )


def test_a_store_without_deaths_tells_no_fatality(store: Store) -> None:
    assert contacts(store, NATION).fatality.state == "missing"
