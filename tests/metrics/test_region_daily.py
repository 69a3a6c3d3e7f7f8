"""Seventeen regions over 640 days by report date: the known waves are found."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.forecasts.counts import forecast_counts
from metrics.signals.false_discovery import false_discovery
from metrics.signals.p_values import p_values
from metrics.states import State
from metrics.transmission.cohort import cohort_reproduction
from metrics.transmission.pooling import pooled_reproduction
from metrics.transmission.random_walk.smoother import SmoothReproduction, smooth_reproduction
from metrics.transmission.reproduction import Reproduction, reproduction
from metrics.transmission.serial_interval import discretise_gamma
from metrics.trend.doubling import doubling_time
from metrics.trend.growth import growth
from metrics.trend.two_week import two_week

Floats = NDArray[np.float64]
FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "doh_region_daily"
# By report date, about two weeks after the infections.
RISING = (date(2020, 7, 20), date(2021, 3, 15), date(2021, 8, 10))
FALLING = (date(2020, 9, 25), date(2021, 5, 5), date(2021, 10, 5))


@dataclass(frozen=True)
class Country:
    start: date
    regions: tuple[str, ...]
    cases: Floats  # (T, A)
    people: Floats

    @property
    def nation(self) -> Floats:
        return np.asarray(self.cases.sum(axis=1))


@pytest.fixture(scope="module")
def country() -> Country:
    path = FOLDER / "case_daily_region_to_2021-10.csv"
    if not path.is_file():
        pytest.skip(f"the daily counts of regions are not at {path}")
    counts: dict[str, dict[date, float]] = defaultdict(dict)
    people: dict[str, float] = {}
    with path.open(encoding="utf-8") as source:
        for row in csv.DictReader(source):
            counts[row["region"]][date.fromisoformat(row["date"])] = float(row["cases"])
            people[row["region"]] = float(row["pop"])
    start = min(min(days) for days in counts.values())
    last = max(max(days) for days in counts.values())
    days = [start + timedelta(days=n) for n in range((last - start).days + 1)]
    regions = tuple(sorted(counts))
    # The list has one row for each day with cases: it was counted from a complete line list.
    table = np.array([[counts[region].get(day, 0.0) for region in regions] for day in days])
    return Country(start, regions, table, np.array([people[region] for region in regions]))


@pytest.fixture(scope="module")
def pmf() -> Floats:
    return discretise_gamma(4.7, 2.9, 30)


@pytest.fixture(scope="module")
def by_window(country: Country, pmf: Floats) -> tuple[Reproduction, Reproduction]:
    whole = reproduction(country.nation, country.nation, pmf)
    parts = reproduction(
        country.cases, country.cases, pmf, windows=(7, 14), alpha_parent=whole.alpha[:, None]
    )
    return whole, parts


@pytest.fixture(scope="module")
def by_day(country: Country, pmf: Floats) -> SmoothReproduction:
    return smooth_reproduction(country.cases, country.cases, pmf)


def test_the_data_are_those_counted_before(country: Country) -> None:
    assert country.cases.shape == (641, 17)
    assert country.nation.max() > 20_000


def test_r_rises_before_each_wave_and_falls_after_it(
    country: Country, by_window: tuple[Reproduction, Reproduction]
) -> None:
    whole, _ = by_window
    for days, above in ((RISING, True), (FALLING, False)):
        for day in days:
            at = (day - country.start).days - int(whole.t_end[0]) + 1
            weeks = slice(at - 27, at + 1)
            assert (whole.state[weeks] == State.FINAL).all()
            chance = whole.p_above_1[weeks] if above else 1 - whole.p_above_1[weeks]
            # In 2020 whole weeks of reports came on one day, and R jumped up and down with them.
            assert chance.max() > 0.95, day
            assert np.median(chance) > (0.8 if day.year > 2020 else 0.5), day


def test_dispersion_is_far_from_poisson_and_alike_in_alpha(
    by_window: tuple[Reproduction, Reproduction],
) -> None:
    _, parts = by_window
    late = parts.phi[-450:]
    median = np.median(late, axis=0)
    assert 10 < np.median(median) < 40  # 22 was found, 6 to 70 in single regions
    assert median.min() > 3
    assert median.max() < 120
    alpha = np.median(parts.alpha[-450:], axis=0)
    assert 0.03 < np.median(alpha) < 0.25  # about 0.10


def test_every_region_is_rated_in_the_waves_and_nothing_is_not_finite(
    country: Country, by_window: tuple[Reproduction, Reproduction]
) -> None:
    _, parts = by_window
    told = parts.state == State.FINAL
    assert told[-90:].mean() > 0.95
    for column in (parts.value, parts.low, parts.high, parts.p_above_1):
        assert np.isfinite(column).all()
    assert not told[: (date(2020, 3, 1) - country.start).days].any()


def test_r_of_the_day_and_of_the_window_tell_the_same_story(
    by_window: tuple[Reproduction, Reproduction], by_day: SmoothReproduction
) -> None:
    _, parts = by_window
    middle = parts.t_end - 4  # of seven days, 0-based
    both = parts.state == State.FINAL
    day = by_day.value[middle - int(by_day.day[0]) + 1]
    gap = np.log(day[both]) - np.log(parts.value[both])
    assert abs(np.median(gap)) < 0.03
    assert np.quantile(np.abs(gap), 0.9) < 0.35


def test_the_other_figures_are_made_in_one_call_each(country: Country, pmf: Floats) -> None:
    cases = country.cases
    trend = growth(cases)
    times = doubling_time(trend.rate_per_day, trend.low, trend.high)
    assert np.isin(times.state, (State.FINAL, State.WITHHELD, State.TOO_FEW)).all()
    fortnight = two_week(cases, country.people)
    assert np.nanmax(fortnight.attack_per_100k) > 25
    own = reproduction(cases, cases, pmf)
    pooled = pooled_reproduction(own, np.zeros(17, dtype=np.int64))
    assert ((pooled.own_weight >= 0) & (pooled.own_weight <= 1)).all()
    cohort = cohort_reproduction(cases, cases, pmf, offspring_k=0.43)
    assert np.nanmedian(cohort.value[100:-40]) == pytest.approx(1.0, abs=0.15)
    tails = p_values(cases, last=550)
    found = false_discovery(tails.p_value)
    assert found.signal.any(axis=1).mean() < 0.6
    outlook = forecast_counts(
        cases, pmf, axis="report", rng=np.random.default_rng(3), keys=np.arange(17)
    )
    assert outlook.quantiles.shape == (23, 14, 17)
    told = outlook.state == State.FINAL
    assert told.sum() >= 16  # of one region nobody can say how it goes on
    assert (np.diff(outlook.quantiles[:, :, told], axis=0) >= 0).all()
    assert np.isnan(outlook.quantiles[:, :, ~told]).all()
