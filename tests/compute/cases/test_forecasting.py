"""Forecasts and the beds they fill: on the same axis, judged, and withheld where they are worse."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from kms.compute.cases import forecasting
from kms.compute.cases.forecasting import Outlook, outlook
from kms.compute.health_care.bed_outlook import bed_outlook
from kms.compute.health_care.capacity import BedsInUse
from kms.domain.areas import COUNTRY
from kms.domain.series import Series
from kms.reference import load_diseases
from metrics.states import State
from tests.compute.cases.simulated import AREAS, DAYS, simulated

COVID = load_diseases()["covid19"]
GIVEN = simulated(5, level=40.0, growth=0.03)


@pytest.fixture(scope="module")
def ahead() -> Outlook:
    interval = COVID.serial_interval_on(GIVEN.inputs.cases_to)
    assert interval is not None
    found = outlook(GIVEN.inputs, interval)
    assert found is not None
    return found


def of(ahead: Outlook, area: str) -> Series:
    (series,) = [e.series for e in ahead.entries if e.area == area]
    return series


def test_the_two_weeks_after_the_last_report_are_forecast(ahead: Outlook) -> None:
    series = of(ahead, COUNTRY)
    assert series.start == GIVEN.inputs.cases_to + timedelta(days=1)
    assert len(series) == 14
    assert {e.indicator for e in ahead.entries} == {"forecast_cases"}
    assert ahead.draws.shape[:2] == (28, len(AREAS))


def test_steady_growth_goes_on_and_the_range_widens(ahead: Outlook) -> None:
    middle = np.median(ahead.draws[:14, 0], axis=1)
    last = GIVEN.inputs.counts["report"][-7:, 0].mean()
    # From the middle of the last week to that of the next two: 11 days at 3 %.
    assert middle.mean() == pytest.approx(last * np.exp(0.03 * 11), rel=0.25)
    width = np.ptp(np.quantile(ahead.draws[:14, 0], (0.025, 0.975), axis=1), axis=0)
    assert width[10:].mean() > width[:4].mean()


def test_only_judged_days_ahead_are_shown(ahead: Outlook) -> None:
    size = GIVEN.inputs.counts["report"][-28:].mean(axis=0)
    for index, area in enumerate(AREAS):
        series = of(ahead, area)
        for first, last in ((1, 7), (8, 14)):
            (score,) = [
                s
                for s in ahead.scores
                if s.horizon == (first, last) and s.size and s.size[0] <= size[index] < s.size[1]
            ]
            shown = np.isfinite(series.value[first - 1 : last])
            assert shown.all() == shown.any() == (score.state == State.FINAL)
            assert (series.state[first - 1 : last] == State.WITHHELD).all() != shown.all()


def test_forecasts_that_are_not_better_are_withheld(
    ahead: Outlook, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = tuple(replace(score, state=State.WITHHELD) for score in ahead.scores)
    monkeypatch.setattr(forecasting, "judge", lambda _past: worse)
    interval = COVID.serial_interval_on(GIVEN.inputs.cases_to)
    assert interval is not None
    again = outlook(GIVEN.inputs, interval)
    assert again is not None
    assert all(np.isnan(e.series.value).all() for e in again.entries)
    assert np.isfinite(again.draws[:, 0]).all(), "beds are projected all the same"


def test_short_series_have_no_forecast() -> None:
    interval = COVID.serial_interval_on(GIVEN.inputs.cases_to)
    assert interval is not None
    counts = {name: table[-60:] for name, table in GIVEN.inputs.counts.items()}
    short = replace(
        GIVEN.inputs, start=GIVEN.inputs.start + timedelta(days=DAYS - 60), counts=counts
    )
    assert outlook(short, interval) is None


def beds(
    total: float, *, behind: int = 0, share: float = 0.3, state: State = State.FINAL
) -> dict[str, BedsInUse]:
    """A third of each day's cases lie in beds for a week."""
    reported = GIVEN.inputs.counts["report"]
    stock = np.zeros_like(reported)
    for day in range(1, DAYS):
        stock[day] = stock[day - 1] * (1 - 1 / 7) + share * reported[day]
    end = GIVEN.inputs.cases_to - timedelta(days=behind)
    occupied = np.round(stock)[: DAYS - behind]
    every, known = np.full_like(occupied, total), np.ones_like(occupied)
    states = np.full_like(occupied, float(state))
    return {"bed_occupancy": BedsInUse(end, AREAS, occupied, every, states, 0.9 * known)}


def told(ahead: Outlook, given: dict[str, BedsInUse]) -> dict[str, Series]:
    ahead = replace(ahead, good=np.ones(len(AREAS), dtype=np.bool_))
    entries = bed_outlook(GIVEN.inputs, ahead, given, COVID)
    return {e.indicator: e.series for e in entries if e.area == COUNTRY}


def test_growing_cases_fill_the_beds_in_about_the_time_their_growth_needs(ahead: Outlook) -> None:
    now = beds(1.0)["bed_occupancy"].occupied[-1, 0]
    # Growth of 3 % today, 5 % less of it each day: ln 1.5 after 22 days, and the mean of seven
    # days is three days behind.
    found = told(ahead, beds(now * 1.5 / 0.85))
    days = found["days_to_capacity"]
    assert days.value[0] == pytest.approx(25, abs=4)
    assert days.low[0] < days.value[0]
    assert found["p_capacity_21d"].value[0] == pytest.approx(0.45, abs=0.15)  # before day 25


def test_ample_beds_have_a_chance_and_no_day(ahead: Outlook) -> None:
    found = told(ahead, beds(100_000.0))
    assert found["days_to_capacity"].state[0] == State.WITHHELD
    assert np.isnan(found["days_to_capacity"].value[0])
    assert found["p_capacity_21d"].value[0] == 0.0


def test_full_beds_are_full_today(ahead: Outlook) -> None:
    now = beds(1.0)["bed_occupancy"].occupied[-1, 0]
    found = told(ahead, beds(now))
    assert found["days_to_capacity"].value[0] == 0
    assert found["p_capacity_21d"].value[0] == 1


def test_beds_told_of_some_days_ago_are_projected_from_then(ahead: Outlook) -> None:
    now = beds(1.0)["bed_occupancy"].occupied[-1, 0]
    total = now * 1.5 / 0.85
    late = told(ahead, beds(total, behind=4))["days_to_capacity"]
    assert late.start == GIVEN.inputs.cases_to - timedelta(days=4)
    assert late.value[0] > told(ahead, beds(total))["days_to_capacity"].value[0]
    assert told(ahead, beds(total, behind=8)) == {}, "older beds say nothing of today"


def test_what_rests_on_uncertain_beds_is_no_surer_than_they_are(ahead: Outlook) -> None:
    now = beds(1.0)["bed_occupancy"].occupied[-1, 0]
    found = told(ahead, beds(now, state=State.PROVISIONAL))
    assert {series.state[0] for series in found.values()} == {State.PROVISIONAL}
    assert found["p_capacity_21d"].completeness[0] == 0.9
    assert told(ahead, beds(now, state=State.STALE)) == {}


def test_beds_are_withheld_with_the_forecasts_they_rest_on(ahead: Outlook) -> None:
    now = beds(1.0)["bed_occupancy"].occupied[-1, 0]
    blind = replace(ahead, good=np.zeros(len(AREAS), dtype=np.bool_))
    entries = bed_outlook(GIVEN.inputs, blind, beds(now * 1.2), COVID)
    assert entries
    for entry in entries:
        assert entry.series.state[0] == State.WITHHELD
        assert np.isnan(entry.series.value[0])
