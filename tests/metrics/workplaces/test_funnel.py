"""Control limits against exact tails, and who is told to stand out."""

import logging
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, poisson

from metrics.workplaces.funnel import (
    binomial_funnel,
    binomial_limits,
    poisson_funnel,
    poisson_limits,
    winsorised_scatter,
)
from tests.conftest import FULL

LOG = logging.getLogger(__name__)


def test_limits_at_four_expected_are_those_of_the_reference() -> None:
    """The gamma interval of a mean, often drawn instead, is 1.09 to 10.24 and 14.8."""
    found = poisson_limits(4.0, 1.0)
    np.testing.assert_allclose(found.low * 4, [0.0909, 0.0], atol=5e-4)
    np.testing.assert_allclose(found.high * 4, [7.88, 10.96], atol=5e-3)


@given(
    mean=st.floats(0.01, 500.0),
    target=st.floats(0.01, 50.0),
    level=st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.998]),
)
def test_poisson_limits_lie_where_the_exact_tails_say(
    mean: float, target: float, level: float
) -> None:
    found = poisson_limits(mean / target, target, levels=(level,))
    for count, line, p in (
        (found.low_count[0], found.low[0], (1 - level) / 2),
        (found.high_count[0], found.high[0], (1 + level) / 2),
    ):
        assert poisson.cdf(count, mean) >= p - 1e-12
        assert poisson.cdf(count - 1, mean) <= p + 1e-12
        assert max(count - 1, 0) - 1e-6 <= line * mean / target <= count + 1e-6
    assert found.low[0] <= target * (1 + 1e-9)


@given(
    total=st.integers(1, 400),
    target=st.floats(0.01, 0.99),
    level=st.sampled_from([0.5, 0.9, 0.95, 0.998]),
)
def test_binomial_limits_lie_where_the_exact_tails_say(
    total: int, target: float, level: float
) -> None:
    found = binomial_limits(total, target, levels=(level,))
    for count, p in (
        (found.low_count[0], (1 - level) / 2),
        (found.high_count[0], (1 + level) / 2),
    ):
        assert binom.cdf(count, total, target) >= p - 1e-10
        assert binom.cdf(count - 1, total, target) <= p + 1e-10
    assert 0 <= found.low[0] <= found.high[0] <= 1


@pytest.mark.parametrize("mean", [0.1, 0.7, 1.0, 4.0, 23.0, 150.0])
def test_a_unit_on_target_is_told_no_more_often_than_its_level_says(mean: float) -> None:
    counts = np.arange(0, 600)
    found = poisson_funnel(counts, np.full(600, mean), target=1.0, overdispersed=False)
    chance = poisson.pmf(counts, mean)
    for signal, level in zip(found.signal, found.levels, strict=True):
        assert chance[signal == 1].sum() <= (1 - level) / 2 + 1e-12
        assert chance[signal == -1].sum() <= (1 - level) / 2 + 1e-12


def test_the_smooth_line_alone_would_tell_of_too_many() -> None:
    """At 4 expected 11 lies over the 99.8 % line, and comes by chance in 2.8 of 1,000."""
    found = poisson_funnel([11, 12], [4.0, 4.0], target=1.0, overdispersed=False)
    assert (found.figure > found.limits.high[1]).all()
    assert found.signal[1].tolist() == [0, 1]
    assert poisson.sf(10, 4.0) == pytest.approx(0.0028, abs=5e-5)


def test_shares_are_told_by_exact_tails_too() -> None:
    counts = np.arange(31)
    found = binomial_funnel(counts, np.full(31, 30), target=0.3, overdispersed=False)
    chance = binom.pmf(counts, 30, 0.3)
    for signal, level in zip(found.signal, found.levels, strict=True):
        assert 0 < chance[signal == 1].sum() <= (1 - level) / 2
        assert 0 < chance[signal == -1].sum() <= (1 - level) / 2


def test_scatter_widens_the_half_width_by_its_root() -> None:
    plain, wide = (poisson_limits([5.0, 80.0], 1.2, phi=phi) for phi in (1.0, 4.0))
    np.testing.assert_allclose(wide.high - 1.2, 2 * (plain.high - 1.2), rtol=1e-12)
    np.testing.assert_allclose(wide.low, np.maximum(1.2 + 2 * (plain.low - 1.2), 0), atol=1e-12)


def test_limits_are_widened_only_for_scatter_told_from_chance() -> None:
    rng = np.random.default_rng(5)
    size = rng.uniform(5, 60, 40)
    calm = poisson_funnel(rng.poisson(size), size)
    assert calm.phi_seen <= 1 + 2 * math.sqrt(2 / 40)
    assert calm.phi == 1.0
    stirred = poisson_funnel(rng.poisson(size * rng.gamma(4, 0.25, 40)), size)
    assert stirred.phi == stirred.phi_seen > 1 + 2 * math.sqrt(2 / 40)
    assert (stirred.limits.high > poisson_limits(size, stirred.target).high).all()
    assert poisson_funnel(rng.poisson(size), size, overdispersed=False).phi == 1.0


def test_few_units_do_not_tell_their_scatter() -> None:
    found = poisson_funnel([0, 90, 3, 70], [20.0, 20.0, 20.0, 20.0])
    assert found.phi_seen > 10
    assert found.phi == 1.0


def test_winsorised_scatter_is_one_of_chance_alone_and_blind_to_a_few() -> None:
    z = np.random.default_rng(6).normal(size=200_000)
    assert winsorised_scatter(z) == pytest.approx(1.0, abs=0.01)
    assert winsorised_scatter(3 * z, 0.2) == pytest.approx(9.0, abs=0.1)
    assert winsorised_scatter(z, 0.0) == pytest.approx(np.mean(z**2))
    few = z[:200].copy()
    few[:10] = 40.0
    assert np.mean(few**2) > 50
    assert winsorised_scatter(few) < 1.6


def told(units: int, mean: float, *, runs: int, widen: bool = True) -> dict[str, float]:
    """Units of one course, scatter twice chance's: how many are told to stand out."""
    rng = np.random.default_rng(7)
    beyond, phi, falsely = [], [], 0
    for _ in range(runs):
        size = mean * rng.lognormal(0, 0.5, units)
        calm = poisson_funnel(rng.poisson(size), size, overdispersed=widen)
        falsely += calm.phi > 1
        y = rng.poisson(size * rng.gamma(mean, 1 / mean, units))
        found = poisson_funnel(y, size, overdispersed=widen)
        beyond.append((found.signal != 0).mean(axis=1))
        phi.append(found.phi_seen)
    outer, inner = np.mean(beyond, axis=0)
    got = {"95": float(outer), "99.8": float(inner), "phi": float(np.mean(phi))}
    got["widened by chance"] = falsely / runs
    LOG.info("%s units of %s, widened %s: %s", units, mean, widen, got)
    return got


def test_widened_limits_hold_units_that_differ_by_more_than_chance() -> None:
    plain, wide = (told(60, 10.0, runs=150, widen=widen) for widen in (False, True))
    assert plain["95"] > 0.12
    assert plain["99.8"] > 0.02
    assert 0.03 <= wide["95"] <= 0.075
    assert wide["99.8"] <= 0.012
    assert wide["phi"] == pytest.approx(2.0, rel=0.1)
    assert wide["widened by chance"] <= 0.12


@pytest.mark.calibrate
@pytest.mark.parametrize("units", [17, 60, 300])
@pytest.mark.parametrize("mean", [1.0, 3.0, 10.0, 30.0])
def test_funnels_tell_of_few_that_are_on_target(units: int, mean: float) -> None:
    got = told(units, mean, runs=500 if FULL else 60)
    slack = 0.0 if FULL else 0.02
    assert 0.03 - slack <= got["95"] <= 0.07 + slack
    assert got["99.8"] <= 0.013 + slack / 2
    assert got["widened by chance"] <= 0.08 + 3 * slack


def test_where_nothing_is_expected_there_is_no_figure() -> None:
    found = poisson_funnel([0, 3, 5], [0.0, 4.0, 4.0])
    assert np.isnan(found.figure[0])
    assert np.isnan(found.limits.high[:, 0]).all()
    assert (found.signal[:, 0] == 0).all()
    assert found.target == 1.0
    nobody = binomial_funnel([0, 3, 5], [0, 9, 9])
    assert np.isnan(nobody.limits.low[:, 0]).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: poisson_funnel([1, -2], [1, 1]), r"counts\[1\]: -2.0 is no count"),
        (lambda: poisson_funnel([1, 1.5], [1, 1]), r"counts\[1\]: 1.5 is no count"),
        (lambda: poisson_funnel([1, math.nan], [1, 1]), r"counts\[1\]: nan is no count"),
        (lambda: poisson_funnel([1, 2], [1, math.inf]), r"expected\[1\]: inf is unusable"),
        (lambda: poisson_funnel([1, 2], [1, 0]), r"counts\[1\]: 2.0 stands over expected of 0"),
        (lambda: poisson_funnel([1, 2], [1]), r"expected: shape \(1,\); counts has \(2,\)"),
        (lambda: poisson_funnel([], []), r"counts: shape \(0,\)"),
        (lambda: poisson_funnel([0, 0], [1, 1]), "all 2 are 0 and no target"),
        (lambda: poisson_funnel([1], [1], target=-1.0), "target: -1.0 is unusable"),
        (lambda: poisson_funnel([1], [1], levels=(1.0,)), "quantile level 1.0"),
        (lambda: binomial_funnel([3], [2]), r"counts\[0\]: 3.0 is more than its total"),
        (lambda: binomial_funnel([1], [2.5]), r"totals\[0\]: 2.5 is no count"),
        (lambda: binomial_funnel([2], [2]), "target: 1.0 is no share"),
        (lambda: poisson_limits(1.0, 1.0, phi=0.5), "phi: 0.5"),
        (lambda: winsorised_scatter([1.0], 0.5), "share 0.5 to winsorise"),
        (lambda: winsorised_scatter([]), r"z: shape \(0,\)"),
        (lambda: winsorised_scatter([1, math.nan]), r"z\[1\]: nan"),
    ],
)
def test_unusable_units_are_refused_by_name(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
