"""Traced cases, deaths and clusters of a published store, as the public and an analyst see them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
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
from kms.store.engine import Store, open_store
from kms.store.migrate import migrate
from kms.store.open import CLOCK, set_store_fact
from kms.store.publications import current_issue, read_many
from tests.compute.test_tracing import COLUMNS, write
from tests.published import (
    CAR,
    CASE_COLUMNS,
    CEBU_REGION,
    DAVAO,
    NATION,
    NCR,
    NOW,
    publish_now,
    write_cases,
)

LAST = date(2021, 3, 20)  # a Saturday
FIRST = LAST - timedelta(days=55)
RELEASED = date(2021, 3, 21)
TRACED = {"NCR": (20, 8), "Region XI: Davao Region": (12, 6), "CAR": (1, 1)}  # a day: cases, traced
PROVINCES = {"NCR": "NCR", "Region XI: Davao Region": "DAVAO DEL SUR", "CAR": "BENGUET"}
CODES = {NCR: "NCR", DAVAO: "Region XI: Davao Region"}
CUT = 3  # days after which all are closed
ANALYST_OF_ALL = Principal("a1", grants=(Grant(ANALYST),), via=SESSION)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    opened = open_store(settings)
    migrate(opened)
    set_store_fact(opened, CLOCK, NOW.isoformat())
    folder = settings.home / "incoming"
    folder.mkdir(parents=True)
    load(opened, settings, source_named("doh_case_information"), [with_deaths(write_cases(folder))],
         fetched_at=NOW)  # fmt: skip
    for weeks in (2, 1, 0):
        day = RELEASED - timedelta(weeks=weeks)
        path = folder / f"doh_case_investigation_{day:%Y%m%d}.csv"
        write(path, list(rows(day)))
        load(opened, settings, source_named("doh_case_investigation"), [path], fetched_at=NOW)
    publish_now(opened)
    yield opened
    opened.close()


def with_deaths(path: Path) -> Path:
    """Let every 25th case die 16 days after its report."""
    with path.open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    for number, row in enumerate(listed):
        died = date.fromisoformat(row["DateRepConf"]) + timedelta(days=16)
        if number % 25 == 0 and died <= RELEASED:
            row["DateDied"] = died.isoformat()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, CASE_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(listed)
    return path


@pytest.fixture(scope="module")
def client(store: Store) -> FlaskClient:
    client: FlaskClient = create_api(store).test_client()
    return client


def rows(day: date = RELEASED) -> Iterator[dict[str, str]]:
    """Give the cases of all regions as known on a day; those of the last three days are pending."""
    for region, (cases, traced) in TRACED.items():
        for n in range((min(day, LAST) - FIRST).days + 1):
            pending = FIRST + timedelta(days=n) > day - timedelta(days=3)
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
                if pending:
                    row |= {"investigation_status": "pending", "exposure": ""}
                yield dict.fromkeys(COLUMNS, "") | row


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
    assert exact.ref_date is not None
    assert exact.ref_date == as_it_is.ref_date == LAST - timedelta(days=CUT - 1)
    assert exact.value == as_it_is.value
    assert public.ref_date == LAST - timedelta(days=7)
    assert exact.value is not None
    cases = [r for r in rows() if r["region"] == "NCR"]
    since, until = str(exact.ref_date - timedelta(days=13)), str(exact.ref_date)
    window = [r["exposure"] != "unknown" for r in cases if since <= r["report_date"] <= until]
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


def test_the_final_share_is_shown_in_the_steps_of_the_share(
    client: FlaskClient, store: Store
) -> None:
    (told,) = points(client, indicator="traced_share_final", area=NCR)
    assert date.fromisoformat(told["ref_date"]) == LAST - timedelta(days=7)
    for name in ("value", "low", "high"):
        assert round(told[name] * 50, 6) == round(told[name] * 50)
    final = contacts(store, NCR).final
    assert (final.value, final.low, final.high) == (told["value"], told["low"], told["high"])
    exact = contacts(store, NCR, ANALYST_OF_ALL).final
    assert exact.value is not None
    assert told["low"] <= exact.value <= told["high"]
    assert contacts(store, CAR).final.value is None


def test_fatality_is_shown_on_saturdays_in_steps_of_five_persons(
    client: FlaskClient, store: Store
) -> None:
    told = points(client, indicator="cfr", area=NATION)
    shown = [p for p in told if p["value"] is not None]
    assert {date.fromisoformat(p["ref_date"]).isoweekday() for p in shown} == {6}
    exact = contacts(store, NATION, ANALYST_OF_ALL).fatality
    assert exact.state == "provisional"  # of one issue nobody knows which deaths are to come
    assert exact.value == pytest.approx(0.04, abs=0.015)
    assert shown[-1]["low"] < exact.value < shown[-1]["high"]
    assert {round(p["value"] * 200, 6) % 1 for p in shown} == {0}  # of some 1,000 cases: 0.5 %
    page = contacts(store, NATION).fatality
    assert (page.value, page.low, page.high) == tuple(
        shown[-1][n] for n in ("value", "low", "high")
    )
    assert contacts(store, CAR).fatality.value is None
    for area in (NCR, CEBU_REGION, DAVAO):
        deaths = read_many_deaths(store, area)
        public = contacts(store, area).fatality
        assert public.value is None or deaths > 7


def read_many_deaths(store: Store, area: str) -> float:
    """Return the deaths behind the newest public share of an area."""
    with store.read() as connection:
        issue = current_issue(connection)
        (series,) = read_many(
            connection, issue.id, "cfr_deaths", [area], disease=issue.disease
        ).values()
    return float(series.value[[d.isoweekday() == 6 for d in series.dates()]][-1])
