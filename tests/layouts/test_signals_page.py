"""The signals page: what is said of signals, of few cases, of nothing; the area page's mention."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import create_app
from kms.config import Settings
from kms.reads.notifiable.rows import WeeksView
from kms.store.engine import Store
from kms.texts import texts
from layouts import charts
from tests.layouts.conftest import VIEWS, pages_with, server_of
from tests.layouts.drawn import days, values
from tests.layouts.test_pages import served, words
from tests.layouts.view_factory import area_view, signals_view


def page(address: str = "/signals", **views: Any) -> str:
    own = {f"/{name.replace('_', '/')}": made for name, made in views.items()}
    return server_of(pages_with(VIEWS | own)).test_client().get(address).text


def rows_of(text: str, caption: str) -> list[str]:
    table = next(t for t in re.findall(r"<table.*?</table>", text, re.DOTALL) if caption in t)
    lines = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", line)).strip() for line in lines]


def test_each_signal_tells_week_cases_expected_and_how_sure() -> None:
    _, dengue, measles = rows_of(served(page()), "Current signals, surest first")
    assert "Dengue in Cebu" in dengue
    assert "Week 44 1 Nov to 7 Nov 2026 60 provisional 25 usually below 45" in dengue
    assert "very sure of such, 1 in 1,000 false 18 Oct epidemic" in dengue
    assert "few, or hidden few, or hidden a signal" in measles
    assert not re.search(r"1,000 false|sure", measles)
    assert "2 signals; on average 0.5 at most would be false." in words(page())


def test_the_course_has_its_table_and_files() -> None:
    text = served(page("/signals?disease=dengue&area=0700000000"))
    newest = rows_of(
        text,
        "60 cases in the week 1 Nov to 7 Nov 2026, 25 expected, a signal, reports still arriving.",
    )[1]
    assert newest == "Week 44, 1 Nov to 7 Nov 2026 60 25 45 20 35 50% signal provisional"
    for indicator in ("cases_weekly", "cases_expected", "cases_channel"):
        assert (
            f"/api/v1/series?indicator={indicator}&amp;area=0730600000&amp;disease=dengue"
            "&amp;format=csv"
        ) in text
    assert '<option value="dengue" selected>' in text
    assert '<option value="0700000000" selected>' in text


def test_without_reports_without_signals_and_with_few_cases_the_page_says_so() -> None:
    nothing: Any = {"rows": (), "tested": (), "disease": "", "course": WeeksView()}
    told = words(page(signals=lambda frame: signals_view(frame=frame, **nothing)))
    assert "No weekly reports were received" in told
    assert "Whether anything is unusual is unknown." in told
    quiet = words(page(signals=lambda frame: signals_view(frame=frame, rows=())))
    assert "No signal in weekly reports" in quiet
    assert "103 the same season of earlier years" in quiet
    course = signals_view().course
    few = replace(course, cases=(None,) * len(course.cases))
    hidden = words(page(signals=lambda frame: signals_view(frame=frame, course=few)))
    assert "No weeks can be drawn. Few cases are not shown" in hidden


def test_the_area_page_names_its_signals() -> None:
    rows = signals_view().rows
    client = server_of(
        pages_with(VIEWS | {"/areas/<area>": lambda frame: area_view(frame=frame, signals=rows)})
    ).test_client()
    text = client.get("/areas/0700000000").text
    assert "/signals?disease=dengue&amp;area=0730600000" in served(text)
    assert "Dengue 1 Nov to 7 Nov 2026, 60 cases, very sure" in words(text)
    assert "Measles 25 Oct to 31 Oct 2026, few cases, or hidden" in words(text)
    assert "Signals in weekly reports" not in words(page("/areas/0700000000"))


def test_the_drawing_marks_signals_and_weeks_still_coming_in() -> None:
    course = signals_view().course
    drawn = charts.weekly(course, texts("en"))
    bars, alert, band, expected, signals = drawn["data"]
    assert values(bars["y"]) == list(course.cases)
    assert days(signals) == list(course.weeks[-3:])
    assert max(y for y in values(alert["y"]) if y is not None) == 35.0
    assert max(y for y in values(band["y"]) if y is not None) == 45.0
    assert values(expected["y"])[-1] == 25.0
    (zone,) = drawn["layout"]["shapes"]
    assert (zone["x0"], zone["x1"]) == ("2026-11-01", "2026-11-01")


@pytest.fixture(scope="module")
def client(weekly: Store, weekly_home: Path) -> FlaskClient:
    assert weekly.data  # it has been made
    return create_app(Settings(home=weekly_home)).test_client()


def test_the_page_of_a_store_is_whole_without_scripts_and_says_what_is_not_there(
    client: FlaskClient,
) -> None:
    text = client.get("/signals").text
    assert "Leptospirosis in Cagayan" in words(text)
    assert "COVID-19" not in words(text)  # not of these figures
    assert len(rows_of(served(text), "What was compared, by disease")) == 5
    assert client.get("/signals?disease=plague").status_code == 404
    assert client.get("/signals?area=9999999999").status_code == 404
    for query in ("disease=measles", "disease=dengue&area=0702200000", "area=1300000000&lang=fil"):
        assert client.get(f"/signals?{query}").status_code == 200
    assert "Trangkaso" in words(client.get("/signals?lang=fil").text)
