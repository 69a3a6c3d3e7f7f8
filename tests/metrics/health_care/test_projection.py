"""Days until beds are full: is what is told of them honest?"""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.stats import gamma

from metrics.health_care.projection import (
    CaseOutlook,
    Projection,
    project,
    project_by_trend,
)
from metrics.states import State
from metrics.transmission.serial_interval import discretise_gamma

Floats = NDArray[np.float64]
LOG = logging.getLogger(__name__)
SI = discretise_gamma(5.0, 3.0, 25)
NOW, AHEAD = 160, 28


def pmf(mean: float, sd: float, days: int) -> Floats:
    steps = np.diff(
        gamma.cdf(np.arange(-0.5, days), (mean / sd) ** 2, scale=sd**2 / mean), prepend=0
    )
    return np.asarray(steps / steps.sum())


ADMISSION = pmf(6, 4, 25)


@dataclass(frozen=True)
class World:
    """An epidemic whose R wanders, over-dispersed cases, and the beds they fill."""

    cases: Floats
    stock: Floats

    def truth(self) -> Floats:
        """Mean of seven days ending on each day ahead, shape (28, A)."""
        days = [self.stock[NOW + i - 6 : NOW + i + 1].mean(axis=0) for i in range(AHEAD)]
        return np.stack(days)


def simulate(
    areas: int, *, seed: int = 3, level: float = 150.0, admitted: float = 0.08,
    stay: tuple[float, float] = (10.0, 7.0), wander: float = 0.03,
) -> World:  # fmt: skip
    rng = np.random.default_rng(seed)
    days = NOW + AHEAD
    cases, log_r = np.zeros((days, areas)), np.zeros(areas)
    admissions = np.zeros((days + ADMISSION.size, areas))
    leaving = np.concatenate([[0.0], pmf(*stay, 80)[1:]])
    leaving /= leaving.sum()
    for t in range(days):
        lags = np.arange(1, min(SI.size - 1, t) + 1)
        past = SI[lags] @ cases[t - lags] if t else np.zeros(areas)
        log_r = 0.98 * log_r + rng.normal(0, wander, areas)
        held = np.clip((level / np.maximum(past, 1)) ** 0.15, 0.5, 1.5)
        mean = np.exp(log_r) * held * past + 0.02 * level if t >= 14 else np.full(areas, level)
        cases[t] = rng.poisson(mean * rng.gamma(10, 0.1, areas))
        coming = rng.multinomial(rng.binomial(cases[t].astype(int), admitted), ADMISSION).T
        admissions[t : t + coming.shape[0]] += coming
    return World(cases, _stock(rng, admissions, leaving)[:days])


def _stock(rng: Generator, admissions: Floats, leaving: Floats) -> Floats:
    change = np.concatenate([admissions, np.zeros((leaving.size, admissions.shape[1]))])
    for t in range(admissions.shape[0]):
        going = rng.multinomial(admissions[t].astype(int), leaving).T
        change[t : t + leaving.size] -= going
    return np.asarray(change.cumsum(axis=0))


def forecast(world: World, draws: int, seed: int = 5) -> Floats:
    """Renewal forecast from R of the last week, log R a random walk, counts over-dispersed."""
    rng = np.random.default_rng(seed)
    cases = world.cases[:NOW]
    lags = np.arange(1, SI.size)
    past = np.stack([SI[lags] @ cases[t - lags] for t in range(NOW - 34, NOW)])
    seen, due = (np.lib.stride_tricks.sliding_window_view(x, 7, axis=0).sum(axis=-1)
                 for x in (cases[-34:], past))  # fmt: skip
    mean = past[-28:] * (seen / np.maximum(due, 1e-9))
    spread = np.maximum(1.0, ((cases[-28:] - mean) ** 2 / mean).mean(axis=0) * 7 / 6) - 1 + 1e-6
    phi = 1 + spread
    size = (draws, cases.shape[1])
    log_r = np.log(rng.gamma(1 + seen[-1] / phi, 1.0, size) / (np.log(2) + due[-1] / phi))
    course = list(np.repeat(cases[-SI.size :, None], draws, axis=1))
    for _ in range(AHEAD):
        log_r = log_r + rng.normal(0, 0.035, size)
        behind = sum(SI[k] * course[-k] for k in lags)
        expected = np.minimum(np.exp(log_r) * behind, 1e7)
        course.append(rng.poisson(rng.gamma(np.maximum(expected / spread, 1e-9)) * spread) * 1.0)
    return np.stack(course[-AHEAD:])


def coverage(found: Projection, truth: Floats, day: int) -> tuple[float, float]:
    """Share of areas inside the 95 % and the 80 % range on a day ahead."""
    q, x = found.quantiles[:, day - 1], truth[day - 1]
    inside = [((q[a] <= x) & (x <= q[-1 - a])).mean() for a in (0, 1)]
    return float(inside[0]), float(inside[1])


def outlook(world: World, draws: int, stay_days: float = 10.0) -> CaseOutlook:
    return CaseOutlook(world.cases[:NOW], forecast(world, draws), ADMISSION, stay_days)


def both(world: World, draws: int) -> dict[str, Projection]:
    stock, rng = world.stock[:NOW], np.random.default_rng(9)
    return {
        "stock and flow": project(stock, 200.0, outlook(world, draws), rng=rng),
        "trend": project_by_trend(stock, 200.0, rng=rng, draws=draws),
    }


def test_ranges_cover_the_beds_of_two_weeks_ahead() -> None:
    world = simulate(150)
    for name, found in both(world, 150).items():
        wide, narrow = coverage(found, world.truth(), 14)
        assert 0.88 <= wide <= 0.99, name
        assert 0.68 <= narrow <= 0.92, name


@pytest.mark.calibrate
@pytest.mark.parametrize(
    "changed",
    [{}, {"stay": (10.0, 10.0)}, {"level": 20.0}, {"admitted": 0.02}, {"wander": 0.01}],
    ids=["base", "exponential stay", "small", "few admitted", "calm"],
)
def test_projections_pass_their_gate(changed: dict[str, Any]) -> None:
    world = simulate(800, **changed)
    for name, found in both(world, 400).items():
        figures = {day: coverage(found, world.truth(), day) for day in (7, 14, 28)}
        error = np.median(np.abs(found.quantiles[3, 13] - world.truth()[13]))
        line = np.median(np.abs(found.line[13] - world.truth()[13]))
        LOG.info("%s %s: %s, error %.1f, line %.1f", name, changed, figures, error, line)
        wide, narrow = figures[14]
        assert 0.90 <= wide <= 0.99
        assert 0.72 <= narrow <= 0.90


@pytest.mark.calibrate
@pytest.mark.parametrize("stay_days", [8.0, 12.5])
def test_a_stay_off_by_a_fifth_keeps_the_gate(stay_days: float) -> None:
    """It is refitted with the admissions, and its uncertainty is drawn."""
    world = simulate(800)
    found = project(world.stock[:NOW], 200.0, outlook(world, 400, stay_days),
                    rng=np.random.default_rng(2))  # fmt: skip
    wide, narrow = coverage(found, world.truth(), 14)
    LOG.info("stay %s: %.3f, %.3f", stay_days, wide, narrow)
    assert 0.90 <= wide <= 0.99
    assert 0.72 <= narrow <= 0.90


@pytest.mark.calibrate
def test_a_line_through_the_stock_is_worse_and_its_textbook_range_far_too_narrow() -> None:
    world = simulate(800)
    stock, truth = world.stock[NOW - 14 : NOW], world.truth()[13]
    day = np.arange(14) - 6.5
    slope, centre = day @ stock / (day @ day), stock.mean(axis=0)
    rest = ((stock - centre - day[:, None] * slope) ** 2).sum(axis=0) / 12
    error = np.sqrt(rest * (1 + 1 / 14 + 20.5**2 / (day @ day)))
    inside = np.abs(centre + 20.5 * slope - truth) <= 2.18 * error
    LOG.info("line through the stock: %.3f", inside.mean())
    assert inside.mean() < 0.85


def steady(stock: float = 100.0, days: int = 70, areas: int = 2) -> tuple[Floats, CaseOutlook]:
    """Beds in balance: a tenth leaves each day, as many come, all admitted on the day."""
    cases = np.full((days, areas), 100.0)
    forecast = np.full((AHEAD, 200, areas), 100.0)
    return np.full((days, areas), stock), CaseOutlook(cases, forecast, [1.0], 10.0, 0.0)


def test_beds_in_balance_stay_where_they_are() -> None:
    stock, flow = steady()
    got = project(stock, 1_000.0, flow, rng=np.random.default_rng(1))
    np.testing.assert_allclose(got.quantiles[3], 100, rtol=0.06)
    assert (got.chance == 0).all()
    assert (got.state == State.WITHHELD).all()
    assert np.isnan(got.days).all()


def test_more_cases_fill_beds_as_the_stock_equation_says() -> None:
    """Twice the admissions: the stock goes to twice itself by 1 - (1 - 1/L)^h."""
    stock, flow = steady()
    doubled = CaseOutlook(flow.cases, np.full((AHEAD, 400, 2), 200.0), [1.0], 10.0, 0.0)
    got = project(stock, 160.0, doubled, rng=np.random.default_rng(1))
    daily = 100 * (2 - 0.9 ** np.arange(-5, AHEAD + 1))
    daily[:6] = 100
    expected = np.convolve(daily, np.ones(7) / 7, "valid")
    np.testing.assert_allclose(got.quantiles[3, :, 0], expected, rtol=0.06)
    crossing = np.argmax(expected >= 0.85 * 160) + 1
    assert got.days[1, 0] == pytest.approx(crossing, abs=2)
    assert got.days_low[1, 0] <= got.days[1, 0]
    assert got.state[1, 0] == State.FINAL


def test_days_are_told_only_where_reaching_is_likely_and_zero_where_reached() -> None:
    stock, flow = steady()
    got = project(stock, np.array([120.0, 500.0]), flow, rng=np.random.default_rng(3))
    assert got.days[0, 0] == 0.0
    assert (got.chance[0, :, 0] == 1).all()
    told = got.state == State.FINAL
    assert (np.isfinite(got.days) == told).all()
    assert ((got.chance[:, -1] >= 0.5) == told).all()
    assert (np.diff(got.chance, axis=1) >= 0).all()
    assert (np.diff(got.chance, axis=0) <= 0).all()


def test_the_trend_continues_the_growth_of_whole_weeks() -> None:
    week = np.arange(70) // 7
    stock = np.repeat((100 * 1.2**week)[:, None], 3, axis=1)
    got = project_by_trend(stock, 1e4, rng=np.random.default_rng(1), draws=4_000)
    last = stock[-1, 0]
    np.testing.assert_allclose(
        got.quantiles[3, [6, 13, 20], 0], last * 1.2 ** np.arange(1, 4), rtol=0.05
    )
    assert got.quantiles[3, 3, 0] == pytest.approx(last * 1.2 ** (4 / 7), rel=0.05)


def test_the_line_is_the_least_squares_line() -> None:
    stock = np.random.default_rng(2).poisson(80, 70).astype(float)
    got = project_by_trend(stock, 100.0, rng=np.random.default_rng(1), draws=10)
    slope, level = np.polyfit(np.arange(14), stock[-14:], 1)
    np.testing.assert_allclose(got.line, level + slope * (13 + np.arange(1, 29)))


def test_unknown_empty_or_bedless_areas_have_no_projection() -> None:
    stock, flow = steady(areas=4)
    stock[60, 0] = np.nan
    cases = np.asarray(flow.cases).copy()
    cases[:, 1] = 0
    few_cases = CaseOutlook(cases, flow.forecast, [1.0], 10.0)
    beds = np.array([200.0, 200, 0, 200])
    got = project(stock, beds, few_cases, rng=np.random.default_rng(1))
    assert (got.state[:, :3] == State.MISSING).all()
    assert np.isnan(got.quantiles[:, :, :3]).all()
    assert np.isfinite(got.quantiles[:, :, 3]).all()
    trend = project_by_trend(np.column_stack([stock, np.zeros(70)]), 100.0,
                             rng=np.random.default_rng(1), draws=10)  # fmt: skip
    assert [State(int(s)) == State.MISSING for s in trend.state[0]] == [True, *[False] * 3, True]


def test_a_single_series_and_many_areas_say_the_same_but_for_chance() -> None:
    world = simulate(3)
    many = project(world.stock[:NOW], 150.0, outlook(world, 2_000), rng=np.random.default_rng(1))
    draws = forecast(world, 2_000)
    one = project(
        world.stock[:NOW, 1], 150.0,
        CaseOutlook(world.cases[:NOW, 1], draws[:, :, 1], ADMISSION, 10.0),
        rng=np.random.default_rng(2),
    )  # fmt: skip
    assert one.quantiles.shape == (7, AHEAD)
    np.testing.assert_allclose(one.quantiles[3], many.quantiles[3, :, 1], rtol=0.05)
    np.testing.assert_allclose(one.chance, many.chance[:, :, 1], atol=0.06)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"occupied": np.ones(20)}, "20 days; 28 are needed"),
        ({"occupied": -np.ones(70)}, r"occupied\[0\]"),
        ({"beds": -1.0}, "beds -1.0"),
        ({"beds": [1.0, 2.0]}, "beds: shape"),
        ({"cases": np.ones((70, 2))}, "cases: shape"),
        ({"cases": [np.nan] * 70}, r"cases\[0\]"),
        ({"forecast": np.ones((5, 3, 2))}, "forecast: shape"),
        ({"forecast": -np.ones((5, 3))}, r"forecast\[0, 0, 0\]: -1.0"),
        ({"delay": [0.5]}, "admission delay"),
        ({"stay_days": 0.5}, "stay of 0.5 days"),
    ],
)
def test_unusable_input_is_refused(change: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {
        "occupied": np.ones(70), "beds": 10.0, "cases": np.ones(70), "forecast": np.ones((5, 3)),
        "delay": [1.0], "stay_days": 10.0,
    }  # fmt: skip
    given = good | change
    with pytest.raises(ValueError, match=message):
        project(
            given["occupied"],
            given["beds"],
            CaseOutlook(given["cases"], given["forecast"], given["delay"], given["stay_days"]),
            rng=np.random.default_rng(1),
        )


@pytest.mark.parametrize(("draws", "horizon"), [(0, 28), (10, 0)])
def test_a_trend_without_draws_or_days_is_refused(draws: int, horizon: int) -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="at least one of each"):
        project_by_trend(np.ones(70), 10.0, rng=rng, draws=draws, horizon=horizon)
    with pytest.raises(ValueError, match="62 days; 63 are needed"):
        project_by_trend(np.ones(62), 10.0, rng=np.random.default_rng(1))
