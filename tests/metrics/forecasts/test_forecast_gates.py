"""Do forecasts keep their promise? Simulated epidemics and real regions.

The gates: the 90 % interval holds 80 to 97 % of what came, and the score relative to last week's
persistence is told by horizon and size. `-m calibrate` runs them in full;
`--log-cli-level=INFO` shows what was measured.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from metrics.forecasts.judgement import Judgement, judge
from metrics.forecasts.renewal import Course
from metrics.forecasts.rolling import PastForecasts, rolling_origin
from metrics.scores.interval_score import LEVELS
from metrics.scores.pit import pit_histogram
from metrics.states import State
from metrics.transmission.serial_interval import discretise_gamma

Floats = NDArray[np.float64]
LOG = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[3]
REGIONS = ROOT.parent / "shared" / "data" / "doh_region_daily"
SCENARIOS: list[dict[str, Any]] = [
    {},
    {"kind": "sine"},
    {"kind": "random"},
    {"kind": "random", "size": 5.0},
    {"kind": "random", "weekday": True},
    {"kind": "random", "level": 10.0},
]


def told(name: str, found: tuple[Judgement, ...]) -> None:
    for j in found:
        wis, log_wis = j.relative_wis, j.relative_log_wis
        LOG.info(
            "%s days %s size %s: %d dates, %d values, WIS %.3f (%.3f-%.3f), log %.3f (%.3f-%.3f),"
            " coverage %s, bias %.2f, %s",
            *(name, j.horizon, j.size, j.dates, j.forecasts),
            *(wis.value, wis.low, wis.high, log_wis.value, log_wis.low, log_wis.high),
            *(np.round(j.coverage.inside.value, 3), j.bias, j.state.name),
        )


def simulated(epidemic: Callable[..., Any], scenario: dict[str, Any], series: int) -> PastForecasts:
    sim = epidemic(series=series, days=420, seed=20_261_121, **scenario)
    return rolling_origin(
        sim.cases,
        sim.pmf / sim.pmf.sum(),
        axis="onset",
        rng=np.random.default_rng(1),
        every=11,  # no divisor of the sine's 70 or the blocks' 28 days
        first=90,
        course=Course(draws=200),
    )


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_intervals_hold_on_simulated_epidemics(
    epidemic: Callable[..., Any], scenario: dict[str, Any]
) -> None:
    past = simulated(epidemic, scenario, series=6)
    (both,) = judge(past, window_days=None, horizons=((1, 14),), sizes=())
    told(str(scenario), (both,))
    assert 0.78 <= both.coverage.inside.value[1] <= 0.98


@pytest.mark.calibrate
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_simulated_epidemics_pass_their_gates(
    epidemic: Callable[..., Any], scenario: dict[str, Any]
) -> None:
    past = simulated(epidemic, scenario, series=120)
    found = judge(past, window_days=None, horizons=((1, 7), (8, 14), (1, 14)), sizes=())
    told(str(scenario), found)
    assert 0.80 <= found[-1].coverage.inside.value[1] <= 0.97
    if scenario.get("kind") and "size" not in scenario:
        assert found[-1].relative_wis.high < 1
    if not scenario:  # flat: nothing beats last week's mean, and that is said
        assert found[-1].state == State.WITHHELD


def regions() -> Floats:
    """Cases by report date of 17 regions, 641 days."""
    path = REGIONS / "case_daily_region_to_2021-10.csv"
    if not path.is_file():
        pytest.skip(f"daily cases of Philippine regions are not at {path}")
    table = pd.read_csv(path).pivot_table(index="date", columns="region", values="cases")
    return table.to_numpy(dtype=np.float64)


def past_of_regions(every: int, draws: int) -> PastForecasts:
    pmf = discretise_gamma(5.2, 4.0, 40)
    return rolling_origin(
        regions(),
        pmf / pmf.sum(),
        axis="report",
        rng=np.random.default_rng(1),
        every=every,
        first=150,
        course=Course(draws=draws),
    )


def test_intervals_hold_on_real_regions() -> None:
    found = judge(past_of_regions(every=14, draws=100), window_days=None)
    told("regions", found)
    for j in found:
        if j.forecasts >= 500:
            assert 0.80 <= j.coverage.inside.value[1] <= 0.97
        if j.size is None:
            assert j.relative_wis.value < 1


@pytest.mark.calibrate
def test_real_regions_pass_their_gates() -> None:
    past = past_of_regions(every=7, draws=500)
    found = judge(past, window_days=None)
    told("regions", found)
    own = [pace.sd_per_day for pace in past.innovations if pace.source == "own"]
    LOG.info("log R wanders by %.3f to %.3f a day, %d dates", min(own), max(own), len(own))
    week, fortnight = (j for j in found if j.size is None)
    for j in (week, fortnight):
        assert j.dates >= 60
        assert 0.80 <= j.coverage.inside.value[1] <= 0.97
        assert j.relative_wis.high < 1
    assert week.relative_wis.value < 0.95
    shown = [_as_of(past, n) for n in range(13, past.origin_day.size + 1)]
    for horizon in (0, 1):
        LOG.info(
            "shown in %.2f of weeks, days %s",
            np.mean([found[horizon].state == State.FINAL for found in shown]),
            shown[0][horizon].horizon,
        )
    cells = np.broadcast_to(past.rated[:, None], past.observed.shape)
    y, q = past.observed[cells], past.model[:, cells]
    below = np.array([0.0, *LEVELS])[(q < y).sum(axis=0)]
    upto = np.array([*LEVELS, 1.0])[(q <= y).sum(axis=0)]
    histogram = pit_histogram(below, upto)
    LOG.info("PIT %s", histogram.round(3))
    assert np.all((histogram > 0.05) & (histogram < 0.15))


def _as_of(past: PastForecasts, dates: int) -> tuple[Judgement, ...]:
    """The judgement as it would have been after so many dates."""
    kept = slice(None, dates)
    return judge(
        PastForecasts(
            origin_day=past.origin_day[kept],
            levels=past.levels,
            observed=past.observed[kept],
            model=past.model[:, kept],
            baseline=past.baseline[:, kept],
            rated=past.rated[kept],
            size=past.size[kept],
            innovations=past.innovations[kept],
        ),
        sizes=(),
    )
