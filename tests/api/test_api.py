"""The interface for programs: its contract, its refusals, and what it never gives away."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from ingest.load import load
from ingest.source import source_named
from kms.access.disclosure import DisclosureRule
from kms.api.server import create_api
from kms.briefs.web import create_briefs
from kms.compute.publish import publish
from kms.config import Settings
from kms.domain.areas import COUNTRY
from kms.domain.indicators import BEDS, CLUSTERS, POSITIVITY, WEEKLY
from kms.reads.board import read_board
from kms.reads.request import Request
from kms.reads.series import INDICATORS
from kms.reads.shares.shown import SHARES
from kms.store.engine import Store, open_store
from kms.store.migrate import migrate
from kms.store.publications import current_issue
from tests.published import (
    CAR,
    DAVAO,
    LEYTE_REGION,
    NCR,
    NOW,
    PLANTED_ON,
    RELEASED,
    make_published_store,
    write_inspections,
)

V1 = "/api/v1"
LEYTE = "0803700000"
ADDRESSES = (
    f"{V1}/areas",
    f"{V1}/series?indicator=r_t",
    f"{V1}/latest?indicator=r_t",
    f"{V1}/publications",
)


@pytest.fixture(scope="session")
def client(published: Store, published_home: Path) -> FlaskClient:
    server = create_api(published)
    server.register_blueprint(create_briefs(published, published_home))
    made: FlaskClient = server.test_client()
    return made


def series(client: FlaskClient, **asked: str) -> Any:
    """Return a series as JSON."""
    answer = client.get(f"{V1}/series", query_string=asked)
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_says_which_publication_it_is_from(
    client: FlaskClient, published: Store, address: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    with published.read() as connection:
        issue = current_issue(connection)
    told: Any = answer.json
    assert told["publication"] == issue.id
    assert told["as_of"] == "2021-03-21T08:00:00Z"
    assert told["synthetic"] is True
    assert told["is_latest"] is True
    assert told["data"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_who_has_an_answer_is_not_sent_it_again(client: FlaskClient, address: str) -> None:
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_different_questions_have_different_tags(client: FlaskClient) -> None:
    questions = [
        *ADDRESSES,
        f"{V1}/series?indicator=r_t&area={NCR}",
        f"{V1}/series?indicator=r_t&format=csv",
        f"{V1}/latest?indicator=adar_per_100k",
    ]
    tags = {client.get(question).headers["ETag"] for question in questions}
    assert len(tags) == len(questions)


def test_a_new_publication_changes_the_tag(settings: Settings) -> None:
    store = make_published_store(settings, with_inspections=False)
    client = create_api(store).test_client()
    before = client.get(f"{V1}/series?indicator=r_t").headers["ETag"]
    path = write_inspections(settings.home / "incoming")
    later = RELEASED + timedelta(hours=1)
    load(store, settings, source_named("dole_inspections"), [path], fetched_at=NOW, at=later)
    publish(store, as_of=later, published_at=NOW, current=True)
    after = client.get(f"{V1}/series?indicator=r_t", headers={"If-None-Match": before})
    listed: Any = client.get(f"{V1}/publications").json
    store.close()
    assert after.status_code == 200
    assert after.headers["ETag"] != before
    assert [row["is_current"] for row in listed["data"]] == [True, False]


def test_the_document_is_openapi_31_and_lists_every_address(client: FlaskClient) -> None:
    document: Any = client.get(f"{V1}/openapi.json").json
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        f"{V1}/{n}" for n in ("areas", "series", "latest", "publications")
    }
    for path in document["paths"].values():
        assert set(path) == {"get"}
        assert {"200", "400", "404", "422"} <= set(path["get"]["responses"])
    names = {p["name"] for p in document["paths"][f"{V1}/series"]["get"]["parameters"]}
    assert names == {
        "indicator",
        "area",
        "sector",
        "from",
        "to",
        "as_of",
        "format",
        "exact",
        "why",
        "disease",
    }


def test_no_page_needs_another_host(client: FlaskClient) -> None:
    for address in ("/openapi", "/openapi/", "/openapi/openapi.json", "/static/x.js"):
        assert client.get(address).status_code == 404


def test_csv_has_the_columns_of_the_contract_and_empty_cells(client: FlaskClient) -> None:
    answer = client.get(f"{V1}/series?indicator=r_t&area={DAVAO}&format=csv")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert list(rows[0]) == ["ref_date", "value", "low", "high", "state", "completeness"]
    hidden = [row for row in rows if row["state"] == "hidden"]
    assert hidden
    assert {row["value"] for row in hidden} == {""}
    assert answer.headers["X-Ligtas-Synthetic"] == "true"
    assert answer.headers["X-Ligtas-Publication"] in answer.headers["Content-Disposition"]
    assert "synthetic" in answer.headers["Content-Disposition"]


def test_json_and_csv_say_the_same(client: FlaskClient) -> None:
    told = series(client, indicator="cases_report", area=NCR)["data"]
    text = client.get(f"{V1}/series?indicator=cases_report&area={NCR}&format=csv").text
    rows = list(csv.DictReader(StringIO(text)))
    assert [row["value"] for row in rows] == [
        "" if day["value"] is None else str(day["value"]) for day in told
    ]


def test_days_can_be_chosen(client: FlaskClient) -> None:
    asked = {"indicator": "cases_report", "from": "2021-03-01", "to": "2021-03-05"}
    days = [day["ref_date"] for day in series(client, **asked)["data"]]
    assert days == [f"2021-03-0{day}" for day in range(1, 6)]


def test_every_indicator_of_the_country_can_be_read(client: FlaskClient) -> None:
    unsent = (*BEDS, POSITIVITY, *WEEKLY, *SHARES, CLUSTERS)
    made = [name for name in INDICATORS if name not in unsent]
    for indicator in (*made, "not_met.COV-01"):
        told = series(client, indicator=indicator)
        assert told["data"], indicator
        latest: Any = client.get(f"{V1}/latest?indicator={indicator}").json
        assert COUNTRY in {row["area"] for row in latest["data"]}, indicator


def test_the_newest_values_come_as_csv_too(client: FlaskClient) -> None:
    rows = list(csv.DictReader(StringIO(client.get(f"{V1}/latest?indicator=r_t&format=csv").text)))
    assert list(rows[0])[:3] == ["area", "sector", "ref_date"]
    assert rows[0]["area"] == COUNTRY


def test_shares_are_fractions(client: FlaskClient) -> None:
    told = series(client, indicator="compliance_initial", area=NCR, sector="I")
    assert 0 < told["data"][0]["value"] < 1
    assert told["data"][0]["completeness"] is None
    assert series(client, indicator="compliance_initial", area=NCR)["sector"] == "ALL"


def test_a_planted_count_of_three_never_appears(client: FlaskClient) -> None:
    for area in (LEYTE_REGION, LEYTE):
        told = series(client, indicator="cases_report", area=area)["data"]
        assert {day["value"] for day in told} == {0, None}
        (planted,) = [day for day in told if day["ref_date"] == PLANTED_ON.isoformat()]
        assert planted["state"] == "suppressed"
        for indicator in ("cases_onset", "adar_per_100k", "two_week_growth_rate", "r_t"):
            values = {
                day["value"] for day in series(client, indicator=indicator, area=area)["data"]
            }
            assert values <= {0, None}, indicator


def test_shown_counts_are_rounded_and_never_small(client: FlaskClient) -> None:
    for area in (COUNTRY, NCR, CAR, DAVAO):
        told = series(client, indicator="cases_report", area=area)["data"]
        shown = [day["value"] for day in told if day["value"]]
        assert all(value % 5 == 0 and value > 7 for value in shown)


def test_an_attack_rate_does_not_give_the_count_back(client: FlaskClient) -> None:
    for day in series(client, indicator="adar_per_100k", area=NCR)["data"]:
        for figure in (day["value"], day["low"], day["high"]):
            # Two digits leave several counts possible, whatever the population.
            assert figure is None or figure == float(f"{figure:.2g}")


def test_the_newest_values_are_those_of_the_board(client: FlaskClient, published: Store) -> None:
    board = read_board(published, Request())
    for indicator, field in (("r_t", "r"), ("adar_per_100k", "adar_per_100k")):
        latest: Any = client.get(f"{V1}/latest?indicator={indicator}").json
        found = {row["area"]: row for row in latest["data"]}
        for row in board.rows:
            reading = getattr(row, field)
            assert found[row.code]["value"] == reading.value, (indicator, row.code)
            assert found[row.code]["state"] == reading.state, (indicator, row.code)


def test_another_rule_of_disclosure_is_obeyed(published: Store) -> None:
    strict = create_api(published, DisclosureRule(threshold=50, base=10)).test_client()
    told = series(strict, indicator="cases_report", area=NCR)["data"]
    assert {day["value"] for day in told} <= {0, None}


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        (f"{V1}/series", 422, "indicator is required"),
        (f"{V1}/series?indicator=nonsense", 400, "indicator is 'nonsense'; choose one of"),
        (f"{V1}/series?indicator=not_met.XYZ-99", 400, "indicator is 'not_met.XYZ-99'"),
        (f"{V1}/series?indicator=r_t&area=13", 422, "area is '13'"),
        (f"{V1}/series?indicator=r_t&area=1234567890", 400, "area is '1234567890'"),
        (f"{V1}/series?indicator=r_t&sector=I", 400, "not made by sector"),
        (f"{V1}/series?indicator=compliance_after&sector=Z", 400, "sector is 'Z'"),
        (f"{V1}/series?indicator=compliance_after&sector=A", 404, "has no compliance_after"),
        (f"{V1}/series?indicator=r_t&from=yesterday", 422, "from is 'yesterday'"),
        (f"{V1}/series?indicator=r_t&from=2021-03-05&to=2021-03-01", 400, "after to"),
        (f"{V1}/series?indicator=r_t&format=xml", 422, "format is 'xml'"),
        (f"{V1}/series?indicator=r_t&indicatr=r_t", 422, "indicatr is not a parameter here"),
        (f"{V1}/series?indicator=r_t&as_of=2001-01-01", 404, "nothing had been published by"),
        (f"{V1}/areas?level=planet", 422, "level is 'planet'"),
        (f"{V1}/nothing", 404, "there is no /api/v1/nothing"),
        ("/api", 404, "there is no /api"),
        ("/api/v2/series", 404, "openapi.json"),
    ],
)
def test_refusals_are_json_with_a_reason(
    client: FlaskClient, address: str, status: int, said: str
) -> None:
    answer = client.get(address)
    told: Any = answer.json
    assert answer.status_code == status
    assert set(told) == {"error"}
    assert set(told["error"]) == {"code", "message"}
    assert said in told["error"]["message"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_other_methods_are_refused_and_pages_keep_their_own_404(client: FlaskClient) -> None:
    posted = client.post(f"{V1}/series")
    assert posted.status_code == 405
    assert posted.headers["Allow"] == "GET, HEAD"
    assert posted.json == {
        "error": {"code": "method_not_allowed", "message": "/api/v1/series answers GET only"}
    }
    assert client.get("/elsewhere").mimetype == "text/html"


def test_health_says_whether_there_is_something_to_show(
    client: FlaskClient, settings: Settings
) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").status_code == 200
    store = open_store(settings)
    migrate(store)
    empty = create_api(store).test_client()
    assert empty.get("/healthz").status_code == 200
    unready = empty.get("/readyz")
    nothing = empty.get(f"{V1}/series?indicator=r_t")
    store.close()
    assert unready.status_code == 503
    assert "nothing has been published yet" in unready.text
    assert nothing.status_code == 404


def test_a_store_that_cannot_be_read_is_not_ready(settings: Settings) -> None:
    store = open_store(settings)  # without its tables
    answer = create_api(store).test_client().get("/readyz")
    store.close()
    assert answer.status_code == 503
    told: Any = answer.json
    assert told["error"]["code"] == "no_store"


def test_a_failure_is_json_without_a_trace(settings: Settings) -> None:
    store = open_store(settings)  # without its tables
    answer = create_api(store).test_client().get(f"{V1}/publications")
    store.close()
    assert answer.status_code == 500
    told: Any = answer.json
    assert told["error"]["code"] == "failed"
    assert "sqlite" not in answer.text.lower()
