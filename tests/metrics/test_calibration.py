"""Are the intervals honest? Simulated epidemics with known R; gates of the estimands page.

The reduced run always happens and allows for its few series; `-m calibrate` runs the gates
themselves on 1,500 series a scenario. `--log-cli-level=INFO` shows what was measured.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import gammaincinv

from metrics.states import State
from metrics.transmission.infectivity import infectivity
from metrics.transmission.reproduction import reproduction
from metrics.trend.growth import growth

Floats = NDArray[np.float64]
WEEK = np.array([1.30, 1.20, 1.10, 1.05, 0.95, 0.70, 0.70])
LOG = logging.getLogger(__name__)
DAYS = np.array([69, 97, 125, 153])  # 1-based window ends, four weeks apart


@dataclass(frozen=True)
class Scenario:
    """What is simulated, and the bands its intervals must keep to."""

    name: str
    simulated: dict[str, Any] = field(default_factory=dict)
    coverage: tuple[float, float] = (0.93, 0.975)
    half: tuple[float, float] = (0.45, 0.62)
    sharpness: float = 1.15
    rated: float = 0.99
    alpha_parent: float | None = None


SCENARIOS = [
    Scenario("constant"),
    Scenario("sine", {"kind": "sine"}),
    Scenario("step", {"kind": "step"}),
    Scenario("weekday", {"weekday": True}, (0.93, 0.98), (0.45, 0.60), 1.6),
    Scenario(
        "weekday 10/day",
        {"weekday": True, "level": 10.0, "held": True},
        (0.93, 0.98),
        sharpness=1.6,
    ),
    Scenario("2/day", {"level": 2.0, "held": True}, (0.92, 0.98), (0.43, 0.59), 1.25, 0.35),
    Scenario("NB k=5", {"size": 5.0, "held": True}, (0.92, 0.98), (0.45, 0.60), 1.25, 0.95),
    Scenario(
        "NB k=5, pooled", {"size": 5.0, "held": True}, (0.92, 0.98), (0.45, 0.60), 1.25, 0.95, 0.2
    ),
]


def measured(
    epidemic: Callable[..., Any], scenario: Scenario, series: int
) -> tuple[dict[str, float], Any]:
    sim = epidemic(series=series, seed=20_261_121, **scenario.simulated)
    local = sim.cases - sim.imported
    r = reproduction(local, sim.cases, sim.pmf, alpha_parent=scenario.alpha_parent)
    at = DAYS - 8
    rated = r.state[at] == State.FINAL
    target = sim.target(7)[at]
    inside = (r.low[at] <= target) & (target <= r.high[at])
    middle = (r.q25[at] <= target) & (target <= r.q75[at])
    width = (r.high - r.low)[at]
    ideal = _oracle_width(sim, local, scenario)[at]
    figures = {
        "coverage": inside[rated].mean(),
        "half": middle[rated].mean(),
        "rated": rated.mean(),
        "width": np.median(width[rated]),
        "sharpness": np.median(width[rated]) / np.median(ideal[rated]),
        "false alarms": (r.p_above_1[at][rated] >= 0.9).mean(),
    }
    LOG.info("%s %s", scenario.name, {k: round(float(v), 3) for k, v in figures.items()})
    return figures, r


def _oracle_width(sim: Any, local: Floats, scenario: Scenario) -> Floats:
    """Width for one who knows the dispersion and the weekday factors."""
    days = np.arange(sim.cases.shape[0])
    share = WEEK[days % 7][:, None] if scenario.simulated.get("weekday") else np.ones((1, 1))
    mean = sim.expected * sim.r_true
    alpha = 1 / scenario.simulated["size"] if "size" in scenario.simulated else 0.0
    phi = 1 + alpha * _sums(mean**2) / np.maximum(_sums(mean), 1e-9)
    shape = 1 + _sums(local) / phi
    rate = np.log(2) + _sums(share * infectivity(sim.cases / share, sim.pmf)) / phi
    return np.asarray((gammaincinv(shape, 0.975) - gammaincinv(shape, 0.025)) / rate)


def _sums(values: Floats) -> Floats:
    runs = np.lib.stride_tricks.sliding_window_view(values[1:], 7, axis=0)
    return np.asarray(runs.sum(axis=-1))


def check(scenario: Scenario, figures: dict[str, float], slack: float) -> None:
    low, high = scenario.coverage
    assert low - slack <= figures["coverage"] <= high + slack
    low, high = scenario.half
    assert low - 2 * slack <= figures["half"] <= high + 2 * slack
    assert figures["sharpness"] <= scenario.sharpness
    assert figures["rated"] >= scenario.rated - slack
    if scenario.name == "constant":
        assert figures["false alarms"] <= 0.12 + slack


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_intervals_of_r_are_roughly_honest(
    epidemic: Callable[..., Any], scenario: Scenario
) -> None:
    check(scenario, measured(epidemic, scenario, 150)[0], slack=0.025)


@pytest.mark.calibrate
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_intervals_of_r_pass_their_gates(epidemic: Callable[..., Any], scenario: Scenario) -> None:
    check(scenario, measured(epidemic, scenario, 1_500)[0], slack=0.0)


@pytest.mark.calibrate
def test_probabilities_of_growth_are_reliable(epidemic: Callable[..., Any]) -> None:
    """In ten bins of P(R > 1), how often R was above 1."""
    rng = np.random.default_rng(77)
    sim = epidemic(kind="random", series=3_000, seed=78)
    r = reproduction(sim.cases - sim.imported, sim.cases, sim.pmf)
    at = rng.choice(np.arange(60, r.t_end.size), 8, replace=False)
    rated = r.state[at] == State.FINAL
    p, above = r.p_above_1[at][rated], (sim.target(7)[at] > 1)[rated]
    bins = np.minimum((p * 10).astype(int), 9)
    size = np.bincount(bins, minlength=10)
    gap = np.abs(np.bincount(bins, p, 10) - np.bincount(bins, above, 10)) / np.maximum(size, 1)
    brier = float(((p - above) ** 2).mean())
    LOG.info("largest gap %.3f, Brier score %.3f", gap[size >= 500].max(), brier)
    assert gap[size >= 500].max() <= 0.05
    assert brier < 0.2


@pytest.mark.parametrize(
    ("size", "weekday"), [(None, False), (5.0, False), (None, True)], ids=["Poisson", "NB", "week"]
)
def test_growth_intervals_cover_the_slope(size: float | None, weekday: bool) -> None:
    rng = np.random.default_rng(31)
    t = np.arange(84)[:, None]
    mean = 40 * np.exp(0.02 * (t - 70)) * (WEEK[t % 7] if weekday else 1.0)
    noise = rng.gamma(size, 1 / size, (84, 1_500)) if size else 1.0
    fit = growth(rng.poisson(mean * noise, (84, 1_500)).astype(float))
    inside = (fit.low[-1] <= 0.02) & (fit.high[-1] >= 0.02)
    assert 0.92 <= inside.mean() <= 0.985
    assert (fit.high[-1] < 0).mean() <= 0.025
