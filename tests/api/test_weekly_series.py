"""Weekly diseases through the interface and the command line."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from kms.api.server import create_api
from kms.cli.console import run
from kms.cli.series import series_app
from kms.domain.indicators import CASES_WEEKLY
from kms.errors import DONE, USAGE
from kms.store.engine import Store
from kms.store.publications import current_issue, read_series
from tests.weekly import NATION, Written

V1 = "/api/v1"
CAGAYAN, CEBU = "0201500000", "0702200000"


@pytest.fixture(scope="module")
def client(weekly: Store) -> FlaskClient:
    made: FlaskClient = create_api(weekly).test_client()
    return made


def test_weeks_are_named_by_their_sunday_and_counts_are_disclosed(
    client: FlaskClient, weekly: Store
) -> None:
    answer: Any = client.get(f"{V1}/series?indicator=cases_weekly&disease=dengue&area={CEBU}").json
    assert (answer["disease"], answer["indicator"]) == ("dengue", "cases_weekly")
    days = [row["ref_date"] for row in answer["data"]]
    assert all(np.diff(np.array(days, "datetime64[D]")).astype(int) == 7)
    assert days[-1] == "2026-11-01"
    told = {row["value"] for row in answer["data"]} - {None}
    assert all(n % 5 == 0 for n in told)
    with weekly.read() as connection:
        issue = current_issue(connection)
        exact = read_series(connection, issue.id, CASES_WEEKLY, CEBU, disease="dengue")
    assert exact is not None
    for row, count in zip(answer["data"], exact.value, strict=True):
        if row["value"] is not None:
            assert abs(row["value"] - count) <= 2


def test_the_newest_values_of_a_disease(client: FlaskClient) -> None:
    answer: Any = client.get(f"{V1}/latest?indicator=signal_q&disease=leptospirosis").json
    by_area = {row["area"]: row for row in answer["data"]}
    assert len(by_area) > 90
    assert by_area[CAGAYAN]["value"] == 0.001  # the outbreak that is going on
    assert {row["state"] for row in answer["data"]} <= {
        "final", "provisional", "too_few", "suppressed", "hidden", "missing",
    }  # fmt: skip
    text = client.get(f"{V1}/latest?indicator=cases_weekly&disease=measles&format=csv")
    assert "cases_weekly-measles-latest" in text.headers["Content-Disposition"]
    assert len(list(csv.DictReader(StringIO(text.text)))) > 90


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("indicator=cases_weekly&disease=plague", "disease is 'plague'; give one of covid19"),
        ("indicator=r_t&disease=dengue", "r_t is not made for dengue"),
        ("indicator=r_t&disease=dengue", "of dengue there is cases_weekly, cases_expected"),
        ("indicator=cases_weekly", "but for dengue, influenza, leptospirosis, measles"),
        ("indicator=compliance_initial&disease=dengue", "is told of workplaces; leave it out"),
    ],
)
def test_a_disease_without_the_figure_says_what_there_is(
    client: FlaskClient, query: str, said: str
) -> None:
    for name in ("series", "latest"):
        answer: Any = client.get(f"{V1}/{name}?{query}")
        assert answer.status_code == 400
        assert said in answer.json["error"]["message"]


def test_the_operator_sees_exact_weeks(
    written_weekly: tuple[Store, Written],
    weekly_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    written = written_weekly[1]
    monkeypatch.setenv("KMS_HOME", str(weekly_home))
    words = ["--indicator", "cases_weekly", "--disease", "leptospirosis", "--area", CAGAYAN]
    assert run(series_app, words) == DONE
    rows = {r["ref_date"]: r["value"] for r in csv.DictReader(StringIO(capsys.readouterr().out))}
    place = written.places.index(CAGAYAN)
    for sunday, count in zip(written.sundays, written.reported[2, place], strict=True):
        if sunday.isoformat() in rows:
            assert rows[sunday.isoformat()] == ("" if count < 0 else str(count))
    assert run(series_app, ["--indicator", "r_t", "--disease", "dengue"]) == USAGE
    assert "r_t is not made for dengue" in capsys.readouterr().err


def test_other_figures_are_of_the_main_disease_with_and_without_its_name(
    client: FlaskClient,
) -> None:
    plain: Any = client.get(f"{V1}/series?indicator=r_t&area={NATION}").json
    named: Any = client.get(f"{V1}/series?indicator=r_t&area={NATION}&disease=covid19").json
    assert plain == named
    assert plain["disease"] == "covid19"
