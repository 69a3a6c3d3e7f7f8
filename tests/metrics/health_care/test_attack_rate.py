"""Two-week growth and attack rate: spread lent by the parent, chance of lying below a limit."""

import logging

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import gamma

from metrics.states import State
from metrics.trend.two_week import chance_attack_below, two_week

LOG = logging.getLogger(__name__)
WEEK = np.array([1.3, 1.2, 1.1, 1.05, 0.95, 0.7, 0.7])
GROWTH = 0.2


def simulate(level: float, size: float, areas: int, *, weekday: bool) -> NDArray[np.float64]:
    rng = np.random.default_rng(8)
    t = np.arange(84)[:, None]
    mean = level * np.where(t >= 70, 1 + GROWTH, 1.0) * (WEEK[t % 7] if weekday else 1.0)
    return rng.poisson(mean * rng.gamma(size, 1 / size, (84, areas))).astype(float)


def coverage(
    cases: NDArray[np.float64], level: float, alpha: float | None
) -> tuple[float, float, float]:
    found = two_week(cases, 1e5, alpha_parent=alpha)
    rated = found.state[-1] == State.FINAL
    growth = (found.growth_low[-1] <= GROWTH) & (found.growth_high[-1] >= GROWTH)
    rate = level * (1 + GROWTH)
    attack = (found.attack_low[-1] <= rate) & (found.attack_high[-1] >= rate)
    sure = chance_attack_below(found, 1e5, rate)[-1] >= 0.9
    return float(growth[rated].mean()), float(attack.mean()), float(sure.mean())


@pytest.mark.parametrize(("level", "size"), [(100.0, 5.0), (10.0, 1.0), (3.0, 1e6)])
def test_intervals_cover_over_dispersed_cases(level: float, size: float) -> None:
    growth, attack, sure = coverage(simulate(level, size, 800, weekday=False), level, 1 / size)
    LOG.info("%s a day, k %s: %.3f, %.3f, %.3f", level, size, growth, attack, sure)
    assert 0.92 <= growth <= 0.98
    assert 0.90 <= attack <= 0.98
    assert sure <= 0.16


@pytest.mark.calibrate
@pytest.mark.parametrize("weekday", [False, True])
@pytest.mark.parametrize(
    ("level", "size"), [(100.0, 5.0), (10.0, 1.0), (10.0, 5.0), (3.0, 1.0), (3.0, 1e6)]
)
def test_two_week_intervals_pass_their_gate(level: float, size: float, weekday: bool) -> None:
    cases = simulate(level, size, 5_000, weekday=weekday)
    for alpha in (None, 1 / size):
        growth, attack, sure = coverage(cases, level, alpha)
        LOG.info("%s a day, k %s, weekday %s, parent %s: growth %.3f, rate %.3f, P>=.9 %.3f",
                 level, size, weekday, alpha, growth, attack, sure)  # fmt: skip
        assert 0.91 <= growth <= 0.98
        assert 0.90 <= attack <= 0.98


def test_half_of_the_parents_spread_is_lent() -> None:
    cases = simulate(20.0, 1e6, 3, weekday=False)
    own, lent = two_week(cases, 1e5), two_week(cases, 1e5, alpha_parent=0.5)
    np.testing.assert_allclose(own.phi, np.maximum(1, own.phi))
    mean = np.stack([cases[t - 27 : t + 1].mean(axis=0) for t in range(40, 84)])
    expected = 1 + mean * (0.5 * own.alpha[40:] + 0.25)
    np.testing.assert_allclose(lent.phi[40:], np.maximum(1, expected), rtol=0.1)
    assert (lent.growth_high[-1] > own.growth_high[-1]).all()
    np.testing.assert_array_equal(lent.growth, own.growth)


def test_the_chance_belongs_to_the_interval() -> None:
    found = two_week(simulate(20.0, 5.0, 4, weekday=True), 2e5)
    for bound, chance in ((found.attack_low, 0.025), (found.attack_high, 0.975)):
        for area in range(4):
            limit = float(bound[-1, area])
            got = chance_attack_below(found, 2e5, limit)[-1, area]
            assert got == pytest.approx(chance, abs=1e-9)


def test_the_chance_of_plain_counts_is_a_gamma_posterior() -> None:
    found = two_week(np.full(40, 5.0), 1e5)
    got = chance_attack_below(found, 1e5, 6.0)
    assert got[-1] == pytest.approx(gamma.cdf(84, 70.5))
    assert np.isnan(got[:13]).all()
    many = two_week(np.full((40, 2), 5.0), [1e5, 2e5])
    np.testing.assert_allclose(
        chance_attack_below(many, [1e5, 2e5], 6.0)[-1], gamma.cdf([84, 168], 70.5)
    )


@pytest.mark.parametrize(("population", "limit"), [(0, 1.0), (1e5, 0.0), (1e5, np.nan)])
def test_unusable_limits_are_refused(population: float, limit: float) -> None:
    found = two_week(np.full(40, 5.0), 1e5)
    with pytest.raises(ValueError, match=r"population|limit"):
        chance_attack_below(found, population, limit)


@pytest.mark.parametrize("alpha", [-0.1, np.nan, [0.1, 0.2, 0.3]])
def test_an_unusable_parent_is_refused(alpha: float | list[float]) -> None:
    with pytest.raises(ValueError, match="alpha_parent"):
        two_week(np.ones((40, 2)), 1e5, alpha_parent=alpha)
