"""The last weeks: what is still to be reported reaches R, growth and the nowcast."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from kms.compute.cases.late_reports import DRAWS, late_reports
from kms.compute.cases.reproduction import NODES, intervals
from kms.compute.cases.transmission import Transmission, transmission
from kms.domain.areas import COUNTRY
from kms.domain.series import Series
from kms.reference import load_areas, load_diseases
from metrics.states import State
from tests.compute.cases.simulated import AREAS, DAYS, START, Simulated, at_once, simulated

LEVELS = ([0], [1, 2], [3, 4, 5])
COVID = load_diseases()["covid19"]
TRUE_GROWTH = 0.02


@pytest.fixture(scope="module")
def given() -> Simulated:
    return simulated(3, growth=TRUE_GROWTH)


@pytest.fixture(scope="module")
def found(given: Simulated) -> Transmission:
    return transmission(given.inputs, load_areas(), COVID)


def series_of(found: Transmission, indicator: str, area: str) -> Series:
    (series,) = [e.series for e in found.entries if (e.indicator, e.area) == (indicator, area)]
    return series


def test_draws_are_never_below_what_is_known_and_end_where_all_is(given: Simulated) -> None:
    late = late_reports(given.inputs, LEVELS)
    observed = given.inputs.counts["onset"][-84:]
    assert late.draws.shape == (84, len(AREAS), DRAWS)
    assert (late.draws >= observed[:, :, None]).all()
    assert late.draws[:50] == pytest.approx(np.repeat(observed[:50, :, None], DRAWS, axis=2))
    share = late.share[:, 0]
    assert (np.diff(share) <= 0).all()
    assert share[0] == 1.0
    assert share[-1] < 0.1
    total = late.draws[-14:, 0].sum(axis=0)
    truth = given.final[-14:, 0].sum()
    assert np.quantile(total, 0.0) <= truth <= np.quantile(total, 1.0)


def test_the_nowcast_holds_the_final_counts_where_reports_have_just_come(
    given: Simulated, found: Transmission
) -> None:
    inside, shown = 0, 0
    for index, area in enumerate(AREAS):
        series = series_of(found, "nowcast_cases", area)
        told = series.state == State.PROVISIONAL
        truth = given.final[-len(series) :, index]
        inside += int(((series.low <= truth) & (truth <= series.high))[told].sum())
        shown += int(told.sum())
        known = given.inputs.counts["onset"][-len(series) :, index]
        assert (series.value[told] >= known[told]).all()
        assert np.isnan(series.value[series.state == State.HIDDEN]).all()
    assert shown > 20
    assert inside / shown > 0.85


def test_r_of_the_last_days_is_provisional_and_holds_the_truth(found: Transmission) -> None:
    # Growth at a rate for long: R = 1 / sum of w exp(-r k), for the mean serial interval.
    interval = COVID.serial_interval_on(START + timedelta(days=DAYS - 1))
    assert interval is not None
    from metrics.transmission.serial_interval import discretise_gamma

    w = discretise_gamma(interval.mean_days, interval.sd_days, 40)
    truth = 1 / (w * np.exp(-TRUE_GROWTH * np.arange(len(w)))).sum()
    for area in AREAS[:3]:
        series = series_of(found, "r_t", area)
        provisional = series.state == State.PROVISIONAL
        assert 2 <= provisional.sum() <= 12
        shown = provisional | (series.state == State.FINAL)
        last = np.flatnonzero(shown)[-20:]
        assert (series.low[last] <= truth).mean() > 0.8
        assert (series.high[last] >= truth).mean() > 0.8
        # Without the nowcast counts of these days are 10 to 50 % short, and R with them.
        assert series.value[provisional].mean() > truth - 0.15
        assert series.state[-1] == State.HIDDEN
        rate = series_of(found, "growth_rate_per_day", area)
        assert rate.state[np.flatnonzero(np.isfinite(rate.value))[-1]] == State.PROVISIONAL


def test_the_completeness_of_a_figure_is_that_of_its_last_day(found: Transmission) -> None:
    for area in AREAS:
        counted = series_of(found, "cases_onset", area)
        for indicator in ("r_t", "growth_rate_per_day", "nowcast_cases"):
            series = series_of(found, indicator, area)
            assert series.end == counted.end
            assert series.completeness[-28:] == pytest.approx(counted.completeness[-28:], abs=0.01)
            assert series.completeness[-1] < 0.2


def test_where_all_is_reported_at_once_nothing_is_provisional(given: Simulated) -> None:
    found = transmission(at_once(given.inputs), load_areas(), COVID)
    for indicator in ("r_t", "growth_rate_per_day"):
        series = series_of(found, indicator, COUNTRY)
        assert not (series.state == State.PROVISIONAL).any()
        assert series.state[-1] == State.FINAL
    nowcast = series_of(found, "nowcast_cases", COUNTRY)
    assert nowcast.low == pytest.approx(nowcast.value, abs=0.2)


def test_onsets_entered_after_the_report_are_expected_too(given: Simulated) -> None:
    ages = np.clip(0.9 + 0.02 * np.arange(29), 0.0, 1.0)[:, None]
    now = np.full((29, len(AREAS)), 1000.0)
    entered = replace(given.inputs, entered=(now * ages, now))
    aware, blind = late_reports(entered, LEVELS), late_reports(given.inputs, LEVELS)
    assert (aware.share[-20:-1] < blind.share[-20:-1]).all()
    assert aware.draws[-10:, 0].sum() > 1.02 * blind.draws[-10:, 0].sum()
    none = replace(given.inputs, entered=(now, now))
    assert late_reports(none, LEVELS).share == pytest.approx(blind.share)


def test_the_same_counts_give_the_same_draws(given: Simulated) -> None:
    first, again = (late_reports(given.inputs, LEVELS).draws for _ in range(2))
    assert (first == again).all()


def test_each_day_has_the_serial_interval_of_its_variant(given: Simulated) -> None:
    early = replace(given.inputs, start=date(2021, 7, 1), cases_to=date(2022, 1, 16))
    found = intervals(COVID, early)
    names = [COVID.serial_interval_on(date(2021, 7, 1) + timedelta(days=d)) for d in range(DAYS)]
    assert found.pmfs.shape[:2] == (NODES, 3)
    assert len(found.weights) == NODES
    assert found.newest == names[-1]
    lags = np.arange(found.pmfs.shape[2])
    for period, day in ((0, 0), (1, 20), (2, DAYS - 1)):
        assert found.period_of_day[day] == period
        interval = names[day]
        assert interval is not None
        means = found.pmfs[:, period] @ lags
        assert found.weights @ means == pytest.approx(interval.mean_days, abs=0.05)
        spread = np.sqrt(found.weights @ (means - interval.mean_days) ** 2)
        assert spread == pytest.approx(interval.mean_sd_days, rel=0.1)


def test_a_disease_without_serial_interval_has_no_r(given: Simulated) -> None:
    with pytest.raises(ValueError, match="dengue has no serial interval"):
        intervals(load_diseases()["dengue"], given.inputs)
