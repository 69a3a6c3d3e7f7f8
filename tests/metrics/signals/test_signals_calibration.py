"""Are the false alarms as many as stated? Constant series, mixtures, and known outbreaks.

The reduced run always happens and allows for its few series; `-m calibrate` runs the gates.
`--log-cli-level=INFO` shows what was measured.
"""

import logging
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.signals.ears import ears
from metrics.signals.false_discovery import false_discovery, false_signals_per_week
from metrics.signals.farrington import farrington_1996, farrington_flexible
from metrics.signals.p_values import p_values

Floats = NDArray[np.float64]
LOG = logging.getLogger(__name__)
MEANS = [0.2, 1.0, 3.0, 10.0, 100.0]
AREAS = {0.2: 3_000, 1.0: 900, 3.0: 700, 10.0: 500, 100.0: 250}
LEAST_EVENTS = 60  # below, a ratio of counts says nothing


def simulated(
    seed: int, mean: float | Floats, size: float, days: int, areas: int | None = None
) -> Floats:
    rng = np.random.default_rng(seed)
    shape = (days, np.size(mean) if areas is None else areas)
    return np.asarray(rng.poisson(mean * rng.gamma(size, 1 / size, shape)), dtype=np.float64)


def compare(
    what: str, signal: NDArray[np.bool_], chance: Floats, looks: float
) -> tuple[float, float]:
    """False signals per area-year, measured and stated."""
    known = ~np.isnan(chance)
    measured, stated = looks * signal[known].mean(), looks * chance[known].mean()
    LOG.info("%s: measured %.4g, stated %.4g a year", what, measured, stated)
    return float(measured), float(stated)


def check(signal: NDArray[np.bool_], measured: float, stated: float, slack: float) -> None:
    if signal.sum() >= LEAST_EVENTS:
        assert 0.7 - slack <= measured / stated <= 1.3 + slack
    else:
        assert abs(measured - stated) < 0.1


def daily(mean: float, size: float, level: float, factor: int, slack: float) -> None:
    cases = simulated(11, mean, size, 75 + 60, AREAS[mean] * factor)
    found = p_values(cases, level=level, last=60)
    name = f"daily, mean {mean:g}, k {size:g}, level {level:g}"
    measured, stated = compare(name, found.signal, found.chance, 365)
    check(found.signal, measured, stated, slack)
    assert measured <= 1.3 * level * 365 + slack
    week = false_signals_per_week(found.chance) / cases.shape[1]
    assert week == pytest.approx(stated * 7 / 365)


@pytest.mark.parametrize("mean", MEANS)
def test_daily_false_signals_are_about_as_many_as_stated(mean: float) -> None:
    daily(mean, 10.0, 0.01, 1, slack=0.15)


@pytest.mark.calibrate
@pytest.mark.parametrize("level", [0.01, 0.001])
@pytest.mark.parametrize("size", [2.0, 10.0, 1e6])
@pytest.mark.parametrize("mean", MEANS)
def test_daily_false_signals_are_as_many_as_stated(mean: float, size: float, level: float) -> None:
    daily(mean, size, level, 12, slack=0.0)


def weekly(mean: float, size: float, areas: int, weeks: int, slack: float) -> None:
    cases = simulated(12, mean, size, 5 * 52 + 3 + weeks, areas)
    found = farrington_flexible(cases, last=weeks)
    name = f"weekly, mean {mean:g}, k {size:g}"
    measured, stated = compare(name, found.signal, found.chance, 52)
    check(found.signal, measured, stated, slack)


@pytest.mark.parametrize("mean", [3.0, 10.0])
def test_weekly_false_signals_are_about_as_many_as_stated(mean: float) -> None:
    weekly(mean, 10.0, 900, 2, slack=0.4)


@pytest.mark.calibrate
@pytest.mark.parametrize("size", [2.0, 10.0, 1e6])
@pytest.mark.parametrize("mean", MEANS)
def test_weekly_false_signals_are_as_many_as_stated(mean: float, size: float) -> None:
    # At k = 2 a dispersion learned from five years is itself too uncertain for the last 10 %.
    weekly(mean, size, 3_000, 8, slack=0.1 if size == 2.0 else 0.0)


@pytest.mark.calibrate
@pytest.mark.parametrize("mean", MEANS)
def test_false_signals_of_the_published_rules_are_logged(mean: float) -> None:
    """What the methods page says of EARS and of Farrington as published: their level is not met."""
    cases = simulated(13, mean, 10.0, 160, 4_000)
    for method in ("c1", "c2", "c3"):
        signal = ears(cases, method=method).signal
        LOG.info("%s, mean %g: %.2f a year", method, mean, 365 * signal.mean())
        assert 365 * signal.mean() < 40
    years = simulated(14, mean, 10.0, 5 * 52 + 3 + 4, 2_000)
    plugin = farrington_flexible(years, last=4, reweight_above=2.58, threshold="negative_binomial")
    compare(f"as published, weekly mean {mean:g}", plugin.signal, plugin.chance, 52)
    old = farrington_1996(years, last=4)
    compare(f"1996, weekly mean {mean:g}", old.signal, old.chance, 52)


def mixture(days: int, times: float, rate: float) -> tuple[float, float, float, float]:
    """Share of false signals a day; false a week: at most, expected and seen. 1 % are true."""
    rng = np.random.default_rng(15)
    mean = np.exp(rng.normal(0.5, 1.5, 1_740))
    figures = []
    for _ in range(days):
        level = np.repeat(mean[None], 66, axis=0)
        true = rng.random(1_740) < 0.01
        level[-1, true] *= times
        cases = rng.poisson(level * rng.gamma(10.0, 0.1, level.shape)).astype(float)
        found = false_discovery(p_values(cases, weekday="none", last=1).p_value, rate=rate)
        at_level = p_values(cases, weekday="none", last=1, level=float(found.level[0]))
        wrong = int((found.signal[0] & ~true).sum())
        share = wrong / max(1, found.found[0])
        figures.append((share, 7 * found.expected_false[0], 7 * at_level.chance.sum(), 7 * wrong))
    share, most, expected, seen = np.mean(figures, axis=0).tolist()
    numbers = f"false share {share:.3f}; a week at most {most:.2f}, expected {expected:.2f}"
    LOG.info("mixture x%g at %g: %s, seen %.2f", times, rate, numbers, seen)
    return share, most, expected, seen


def test_the_false_discovery_rate_is_roughly_kept() -> None:
    share, most, expected, seen = mixture(20, 6.0, 0.2)
    assert share <= 0.2
    assert seen <= most
    assert seen == pytest.approx(expected, rel=0.5)


@pytest.mark.calibrate
@pytest.mark.parametrize("rate", [0.05, 0.2])
@pytest.mark.parametrize("times", [2.0, 6.0, 20.0])
def test_the_false_discovery_rate_is_kept(times: float, rate: float) -> None:
    share, most, expected, seen = mixture(600, times, rate)
    assert share <= rate
    assert seen <= most
    # At the 2-fold and 5 % a dozen false signals are seen in all: no ratio can be told.
    assert seen == pytest.approx(expected, rel=0.3, abs=0.15)


def found_within_a_week(mean: float, areas: int, times: float = 2.0) -> dict[str, float]:
    """Share of areas that signal in the first seven days after the mean is multiplied."""
    course = np.where(np.arange(90) >= 83, times, 1.0)[:, None] * mean
    cases = simulated(16, course, 10.0, 90, areas)
    cut = slice(-7, None)
    rules = {
        "p 0.01": p_values(cases, level=0.01, last=7).signal,
        "p 0.001": p_values(cases, level=0.001, last=7).signal,
        "p 0.01, 28 days": p_values(cases, level=0.01, baseline=28, last=7).signal,
        "p 0.001, 28 days": p_values(cases, level=0.001, baseline=28, last=7).signal,
        "c2": ears(cases, method="c2").signal[cut],
        "c3": ears(cases, method="c3").signal[cut],
    }
    shares = {name: float(signal.any(axis=0).mean()) for name, signal in rules.items()}
    LOG.info("x%g, mean %g: %s", times, mean, {k: round(v, 3) for k, v in shares.items()})
    return shares


def test_a_large_rise_is_found_within_a_week() -> None:
    shares = found_within_a_week(10.0, 400, times=5.0)
    assert shares["p 0.001"] > 0.95
    assert found_within_a_week(10.0, 400)["p 0.01"] > 0.4


@pytest.mark.calibrate
@pytest.mark.parametrize("times", [2.0, 3.0, 5.0])
@pytest.mark.parametrize("mean", MEANS)
def test_sensitivity_is_logged(mean: float, times: float) -> None:
    shares = found_within_a_week(mean, 3_000, times)
    assert shares["p 0.001"] <= shares["p 0.01"]


def test_an_outbreak_of_known_date_is_found_and_quiet_areas_are_not() -> None:
    """Sixty areas of all sizes, three outbreaks: the demonstration's question."""
    rng = np.random.default_rng(17)
    mean = np.exp(rng.normal(1.0, 1.2, 60))
    cases = simulated(18, mean, 10.0, 140)
    begins = {5: 110, 20: 118, 41: 125}
    for area, day in begins.items():
        size = 6 * mean[area] + 8
        cases[day : day + 7, area] += rng.poisson(size, 7)
    signal = false_discovery(p_values(cases).p_value).signal  # rows are days 10 to 140
    for area, day in begins.items():
        days = np.flatnonzero(signal[:, area]) + 9
        assert day <= days[days >= 100].min() <= day + 2
    quiet = np.setdiff1d(np.arange(60), list(begins))
    assert signal[-45:, quiet].sum() <= 3


def test_a_weekly_outbreak_of_known_date_is_found(golden: Path) -> None:
    """The series with outbreaks injected at weeks 238 to 243 and 286 to 290."""
    path = golden / "inputs" / "weekly_seasonal.csv"
    table = np.genfromtxt(path, delimiter=",", names=True)
    found = farrington_flexible(table["cases"], last=312 - 231)
    weeks = set(found.t[found.signal].tolist())
    assert weeks & {238, 239, 240}
    assert weeks & {286, 287}
    assert weeks <= set(range(238, 244)) | set(range(286, 291))
