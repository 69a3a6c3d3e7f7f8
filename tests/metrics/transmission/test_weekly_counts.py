"""Weekly counts: spread as the reference tool does, and honest ranges of R."""

import csv
import logging
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from metrics.states import State
from metrics.transmission.cori import cori
from metrics.transmission.infectivity import infectivity
from metrics.transmission.serial_interval import discretise_gamma
from metrics.transmission.weekly_counts import WeeklyR, daily_counts, weekly_reproduction

Floats = NDArray[np.float64]
LOG = logging.getLogger(__name__)
PMF = discretise_gamma(5.0, 3.0, 40) / discretise_gamma(5.0, 3.0, 40).sum()
weekly = arrays(np.float64, (12, 3), elements=st.integers(0, 200).map(float))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def interval(golden: Path, method: str, days: int) -> Floats:
    if method == "parametric_si":
        return discretise_gamma(4.7, 2.9, days - 1)
    table = rows(golden / "inputs" / "si_pmf.csv")
    return np.array([float(r["w"]) for r in table if r["mean_si"] == "4.7"])


def test_reconstruction_and_r_meet_the_reference_tool(golden: Path) -> None:
    counts = np.array(
        [float(r["cases"]) for r in rows(golden / "inputs" / "weekly_smooth_wave.csv")]
    )
    expected = rows(golden / "golden" / "estimate_r_agg.csv")
    daily = rows(golden / "golden" / "estimate_r_agg_recon.csv")
    assert (len(expected), len(daily)) == (60, 140)
    for method in ("parametric_si", "non_parametric_si"):
        pmf = interval(golden, method, 7 * counts.size)
        firsts: tuple[Literal["naive", "match"], ...] = ("naive", "match")
        for first in firsts:
            found = daily_counts(counts, pmf, first=first)
            for r in daily:
                if (r["method"], r["recon_opt"]) == (method, first):
                    assert found.daily[int(r["t"]) - 1] == pytest.approx(
                        float(r["cases_recon"]), rel=1e-8
                    )
            result = cori(found.daily, found.daily, pmf, window=7)
            for r in expected:
                if (r["method"], r["recon_opt"]) == (method, first):
                    i = int(r["t_start"]) - 2
                    got = [result.mean[i], result.sd[i], *result.quantiles[:, i]]
                    wanted = [
                        float(r[name])
                        for name in ("mean", "sd", "q0025", "q025", "median", "q075", "q0975")
                    ]
                    np.testing.assert_allclose(got, wanted, rtol=1e-8)


INTERVALS = {"Flu1918": (2.6, 1.5), "SARS2003": (8.4, 3.8)}


def test_reconstruction_meets_the_reference_tool_on_public_data(reference_tools: Path) -> None:
    daily = rows(reference_tools / "epiestim_agg_reconstructed_incidence.csv")
    for key in {(r["dataset"], r["dt"], r["recon"]) for r in daily}:
        name, dt, first = key
        expected = np.array(
            [float(r["I_recon"]) for r in daily if (r["dataset"], r["dt"], r["recon"]) == key]
        )
        lengths = [3, 4] * (expected.size // 7) if dt == "3-4" else [7] * (expected.size // 7)
        series = rows(reference_tools / "inputs" / f"{name}_incidence.csv")
        cases = np.array([float(r["I"]) for r in series])[: expected.size]
        counts = np.add.reduceat(cases, np.r_[0, np.cumsum(lengths)[:-1]])
        pmf = discretise_gamma(*INTERVALS[name], expected.size - 1)
        way: Any = first
        found = daily_counts(counts, pmf, days=lengths, first=way)
        np.testing.assert_allclose(found.daily, expected, rtol=1e-8)


@given(weekly)
@settings(max_examples=25, deadline=None)
def test_days_add_up_to_their_weeks(counts: Floats) -> None:
    found = daily_counts(counts, PMF)
    assert (found.daily >= 0).all()
    back = found.daily.reshape(-1, 7, 3).sum(axis=1)
    np.testing.assert_allclose(back, counts, rtol=1e-12, atol=1e-12)


@given(weekly)
@settings(max_examples=15, deadline=None)
def test_a_batch_equals_a_loop_in_any_order_of_areas(counts: Floats) -> None:
    batch = weekly_reproduction(counts, PMF)
    turned = weekly_reproduction(counts[:, ::-1], PMF)
    np.testing.assert_array_equal(turned.high[:, ::-1], batch.high)
    for a in range(3):
        alone = weekly_reproduction(counts[:, a], PMF)
        np.testing.assert_allclose(alone.low, batch.low[:, a], rtol=1e-9)
        np.testing.assert_array_equal(alone.state, batch.state[:, a])


@given(weekly)
@settings(max_examples=15, deadline=None)
def test_a_new_week_changes_nothing_before_it(counts: Floats) -> None:
    now, before = weekly_reproduction(counts, PMF), weekly_reproduction(counts[:-1], PMF)
    for name in ("value", "low", "high", "phi", "state"):
        np.testing.assert_allclose(getattr(now, name)[:-1], getattr(before, name), rtol=1e-9)


def test_exponential_growth_is_found_again() -> None:
    """Second route: exact exponential days, summed, come back with their growth and their R."""
    t = np.arange(140)
    days = 5.0 * np.exp(0.03 * t)
    found = daily_counts(days.reshape(-1, 7).sum(axis=1), PMF, first="match")
    np.testing.assert_allclose(found.growth_per_day[8:], 0.03, atol=0.001)
    np.testing.assert_allclose(found.daily[70:], days[70:], rtol=5e-3)
    result = weekly_reproduction(days.reshape(-1, 7).sum(axis=1), PMF)
    exact = 1 / float(np.exp(-0.03 * np.arange(PMF.size)) @ PMF)
    assert result.value[-1] == pytest.approx(exact, rel=0.005)
    np.testing.assert_array_equal(result.t_end, 7 * np.arange(4, 21))


def test_periods_may_differ_in_length() -> None:
    t = np.arange(84)
    days = 20.0 * np.exp(0.02 * t)
    lengths = [3, 4] * 12
    counts = np.add.reduceat(days, np.r_[0, np.cumsum(lengths)[:-1]])
    found = daily_counts(counts, PMF, days=lengths, first="match")
    np.testing.assert_allclose(found.daily[40:], days[40:], rtol=5e-3)
    assert found.t_end[-1] == 84
    one = daily_counts(days, PMF, days=1)
    np.testing.assert_allclose(one.daily, days)


def test_without_infectious_past_a_week_is_spread_evenly() -> None:
    counts = np.zeros((11, 2))
    counts[:, 0] = np.r_[70.0, np.zeros(8), 35.0, 35.0]
    found = daily_counts(counts, PMF[:15] / PMF[:15].sum())
    np.testing.assert_allclose(found.daily[:7, 0], 10.0)
    assert (found.daily[:, 1] == 0).all()
    assert np.isnan(found.growth_per_day[0]).all()
    assert np.isnan(found.growth_per_day[:, 1]).all()
    # A week's first cases infect within the week, so that they are put at its end.
    assert found.daily[69, 0] > found.daily[63, 0]


def test_overdispersion_of_weekly_counts_widens_the_range() -> None:
    rng = np.random.default_rng(4)
    counts = rng.negative_binomial(5, 5 / 205, (30, 40)).astype(float)
    result = weekly_reproduction(counts, PMF)
    assert np.median(result.phi[-1]) > 10
    assert (weekly_reproduction(counts, PMF, alpha_parent=1.0).phi > result.phi).mean() > 0.9


@pytest.mark.parametrize(
    ("mean", "weeks", "state"),
    [
        (5.0, 3, State.FINAL),
        (5.0, 2, State.WITHHELD),
        (11.5, 4, State.WITHHELD),
        (11.5, 5, State.FINAL),
    ],
)
def test_r_is_withheld_where_the_serial_interval_is_long_for_the_window(
    mean: float, weeks: int, state: State
) -> None:
    pmf = discretise_gamma(mean, 2.0, 40)
    result = weekly_reproduction(np.full(14, 200.0), pmf, weeks=weeks)
    assert (result.state[-3:] == state).all()


def test_weeks_without_cases_are_too_few_and_hold_numbers() -> None:
    result = weekly_reproduction(np.zeros((12, 2)), PMF)
    assert (result.state == State.TOO_FEW).all()
    np.testing.assert_allclose(result.p_above_1, 0.5)
    assert np.isfinite(result.high).all()


@pytest.mark.parametrize(
    ("counts", "options", "message"),
    [
        ([10.0, np.nan, 12.0], {}, r"counts by period\[1\]: nan is no count"),
        ([10.0, -1.0, 12.0], {}, r"counts by period\[1\]: -1.0"),
        ([10.0, 11.0, 12.0], {"days": [7, 7]}, "3 whole days are needed"),
        ([10.0, 11.0], {"days": [7, 0]}, r"period lengths\[1\]: 0 days"),
        ([10.0, 11.0], {"days": [7.0, 7.0]}, "whole days"),
        ([10.0, 11.0], {"iterations": 0}, "iterations 0"),
        ([10.0, 11.0], {"first": "even"}, "first period 'even'"),
    ],
)
def test_unusable_periods_are_refused(counts: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        daily_counts(counts, PMF, **options)


def test_a_window_longer_than_the_series_is_refused() -> None:
    with pytest.raises(ValueError, match="window 3 weeks: with 3 weeks"):
        weekly_reproduction(np.ones(3), PMF)


SCENARIOS: list[tuple[str, float, float, float | None]] = [
    ("sine", 5.0, 30.0, None),
    ("step", 5.0, 30.0, None),
    ("NB k=5", 5.0, 30.0, 5.0),
    ("3/day", 5.0, 3.0, None),
    ("short interval", 2.6, 30.0, None),
]


def coverage(scenario: tuple[str, float, float, float | None], series: int) -> float:
    """Share of 95 % ranges that hold the true R of the window, series added up by week."""
    kind, mean, level, size = scenario
    rng = np.random.default_rng(91)
    pmf = discretise_gamma(mean, 0.6 * mean, 40)
    days = 168
    t = np.arange(days)
    r = np.exp(0.25 * np.sin(2 * np.pi * t / 70))
    if kind == "step":
        r = np.where(t < 92, 1.06, 0.85)
    cases, past, used = (np.zeros((days, series)) for _ in range(3))
    cases[:14] = rng.poisson(level, (14, series))
    for d in range(14, days):
        past[d] = sum(pmf[k] * cases[d - k] for k in range(1, min(40, d) + 1))
        used[d] = np.clip(r[d] * (level / np.maximum(past[d], 1e-9)) ** 0.1, 0.4, 2.5)
        noise = rng.gamma(size, 1 / size, series) if size else 1.0
        cases[d] = rng.poisson(used[d] * past[d] * noise)
    result: WeeklyR = weekly_reproduction(cases.reshape(-1, 7, series).sum(axis=1), pmf)
    inside, rated = [], []
    for i in (6, 10, 14, 18):
        window = slice(result.t_start[i] - 1, result.t_end[i])
        target = (past * used)[window].sum(axis=0) / np.maximum(past[window].sum(axis=0), 1e-9)
        ok = result.state[i] == State.FINAL
        inside.append(((result.low[i] <= target) & (target <= result.high[i]))[ok])
        rated.append(ok)
    found = float(np.concatenate(inside).mean())
    LOG.info("%s: coverage %.3f, rated %.2f", scenario, found, np.mean(rated))
    return found


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s[0])
def test_ranges_are_roughly_honest(scenario: tuple[str, float, float, float | None]) -> None:
    assert coverage(scenario, 120) >= 0.90


@pytest.mark.calibrate
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s[0])
def test_ranges_pass_their_gates(scenario: tuple[str, float, float, float | None]) -> None:
    assert 0.92 <= coverage(scenario, 1_500) <= 0.99


def test_interpolated_days_bias_r_less_than_even_ones() -> None:
    t = np.arange(105)
    counts = np.round(200 * np.exp(0.06 * t)).reshape(-1, 7).sum(axis=1)
    exact = 1 / float(np.exp(-0.06 * np.arange(PMF.size)) @ PMF)
    even = np.repeat(counts / 7, 7)
    naive = even[-21:].sum() / infectivity(even, PMF)[-21:].sum()
    assert abs(weekly_reproduction(counts, PMF).value[-1] - exact) < 0.5 * abs(naive - exact)
