"""Small areas lean on their siblings: as far as needed, never on themselves, and it is shown."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import gamma

from metrics.states import State
from metrics.transmission.pooling import KAPPAS, PooledReproduction, pooled_reproduction
from metrics.transmission.reproduction import Reproduction, reproduction
from metrics.transmission.serial_interval import discretise_gamma

Floats = NDArray[np.float64]
PMF = discretise_gamma(5.0, 3.0, 30)
FIELDS = ("value", "low", "high", "q25", "q75", "mean", "sd", "p_above_1", "own_weight", "kappa")
counts = arrays(np.float64, (40, 5), elements=st.integers(0, 15).map(float))


def own(cases: Floats, **options: Any) -> Reproduction:
    return reproduction(cases, cases, PMF, alpha_parent=0.0, weekday=False, **options)


def drawn(*levels: float, days: int = 60, seed: int = 1) -> Floats:
    rng = np.random.default_rng(seed)
    return rng.poisson(levels, (days, len(levels))).astype(float)


def sums(cases: list[float], expected: list[float], state: State = State.TOO_FEW) -> Reproduction:
    """Estimates of one window with these totals, phi 1."""
    one = own(np.full((40, len(cases)), 5.0), last=1)
    given_state = np.full((1, len(cases)), np.int8(state))
    return replace(
        one,
        cases=np.array([cases]), expected=np.array([expected]),
        phi=np.ones((1, len(cases))), state=given_state,
    )  # fmt: skip


def prior_median(r: PooledReproduction) -> Floats:
    shape, rate = (r.prior_mean / r.prior_sd) ** 2, r.prior_mean / r.prior_sd**2
    return np.asarray(gamma.ppf(0.5, shape, scale=1 / rate))


def known_of_parent(y: Floats, due: Floats, area: int, kappa: float) -> tuple[float, float]:
    """Cases and infectiousness that the siblings' parent is known by, one by one."""
    mean = (1 + y.sum()) / (np.log(2) + due.sum())
    pairs = [(y[j], due[j]) for j in range(y.size) if j != area]
    told = [(c / (1 + mean * e / kappa), e / (1 + mean * e / kappa)) for c, e in pairs]
    return sum(c for c, _ in told), sum(e for _, e in told)


def mixed(
    y: Floats, due: Floats, joint: Callable[[int, float], tuple[Floats, Floats]]
) -> tuple[Floats, float]:
    """Posterior mean of every area and of kappa, given points of R and their joint density."""
    logs, means = np.zeros(KAPPAS.size), np.zeros((KAPPAS.size, y.size))
    for k, kappa in enumerate(KAPPAS):
        for area in range(y.size):
            r, density = joint(area, float(kappa))
            logs[k] += np.log(np.trapezoid(density, r))
            means[k, area] = np.trapezoid(density * r, r) / np.trapezoid(density, r)
    weight = np.exp(logs - logs.max()) / np.sqrt(KAPPAS)
    weight /= weight.sum()
    return weight @ means, float(weight @ KAPPAS)


def test_the_posterior_is_that_of_own_and_borrowed_cases() -> None:
    """Second route: density of R on a grid, siblings and values of kappa one by one."""
    result = own(drawn(9.0, 4.0, 2.0, 1.0))
    pooled = pooled_reproduction(result, [0, 0, 0, 0])
    y, due = (result.cases / result.phi)[-1], (result.expected / result.phi)[-1]
    r = np.linspace(1e-4, 8, 20_001)

    def joint(area: int, kappa: float) -> tuple[Floats, Floats]:
        c, e = known_of_parent(y, due, area, kappa)
        lent = 1 / (1 + (1 + c) / (np.log(2) + e) * e / kappa)
        prior = gamma.pdf(r, 1 + lent * c, scale=1 / (np.log(2) + lent * e))
        return r, prior * np.exp(y[area] * np.log(r) - due[area] * r)

    means, kappa = mixed(y, due, joint)
    np.testing.assert_allclose(pooled.mean[-1], means, rtol=1e-4)
    np.testing.assert_allclose(pooled.kappa[-1], kappa, rtol=1e-3)


def test_it_is_near_the_two_level_model() -> None:
    """R of the area gamma around the parent's, the parent's gamma: integrated over both."""
    result = own(drawn(9.0, 7.0, 5.0, 6.0))
    pooled = pooled_reproduction(result, [0, 0, 0, 0])
    y, due = (result.cases / result.phi)[-1], (result.expected / result.phi)[-1]
    r, parent = np.linspace(1e-3, 5, 1_001), np.linspace(0.005, 5, 400)[:, None]

    def joint(area: int, kappa: float) -> tuple[Floats, Floats]:
        c, e = known_of_parent(y, due, area, kappa)
        above = gamma.pdf(parent, 1 + c, scale=1 / (np.log(2) + e))
        prior = (above * gamma.pdf(r, kappa, scale=parent / kappa)).sum(axis=0)
        return r, prior * np.exp(y[area] * np.log(r) - due[area] * r)

    means, _ = mixed(y, due, joint)
    np.testing.assert_allclose(pooled.mean[-1], means, rtol=0.03)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0, 3.0, 11.0, 35.0, 100.0])
@pytest.mark.parametrize("areas", [1, 2, 8])
def test_as_many_cases_as_expected_say_neither_growing_nor_falling(
    level: float, areas: int
) -> None:
    pooled = pooled_reproduction(sums([level] * areas, [level] * areas), [0] * areas)
    near = 1e-12 if level == 0 else 0.01
    np.testing.assert_allclose(pooled.p_above_1, 0.5, atol=near)
    np.testing.assert_allclose(pooled.value, 1.0, atol=near)


@pytest.mark.parametrize("level", [0.3, 1.0, 3.0, 200.0])
def test_an_area_on_its_own_keeps_its_estimate_and_state(level: float) -> None:
    alone = own(drawn(level))
    nobody = pooled_reproduction(own(np.zeros((60, 2))), [0, 1])
    for parent in (None, nobody):
        pooled = pooled_reproduction(alone, [1], parent=parent)
        for name in ("value", "low", "high", "q25", "q75", "mean", "sd", "p_above_1"):
            np.testing.assert_allclose(getattr(pooled, name), getattr(alone, name), rtol=1e-7)
        np.testing.assert_array_equal(pooled.state, alone.state)
        assert not pooled.leans_on_parent.any()
    three = pooled_reproduction(sums([3.0], [3.0]), [0])
    assert three.state[0, 0] == State.TOO_FEW


def test_a_parent_supports_by_what_it_knows_and_no_more() -> None:
    few = pooled_reproduction(sums([1.0] * 8, [1.0] * 8), [0] * 8)
    assert (few.state == State.TOO_FEW).all()
    assert (few.prior_mean**2 / few.prior_sd**2 < 8 + 1e-9).all()  # the prior's one and seven
    many = pooled_reproduction(sums([40.0] * 8, [40.0] * 8), [0] * 8)
    child = sums([4.0], [4.0])
    assert pooled_reproduction(child, [0], parent=few).state[0, 0] == State.TOO_FEW
    assert pooled_reproduction(child, [0], parent=many).state[0, 0] == State.FINAL
    enough_alone = sums([12.0], [12.0], State.FINAL)
    assert pooled_reproduction(enough_alone, [0], parent=few).state[0, 0] == State.FINAL


def test_an_area_without_cases_takes_its_siblings_value_and_says_so() -> None:
    cases = drawn(60.0, 60.0, 60.0, 60.0, 0.0)
    result = pooled_reproduction(own(cases), [0] * 5)
    assert result.own_weight[-1, 4] == 0.0
    assert result.leans_on_parent[-1].tolist() == [False] * 4 + [True]
    assert result.value[-1, 4] == pytest.approx(1.0, abs=0.1)
    assert result.state[-1, 4] == State.FINAL
    assert (result.high - result.low)[-1, 4] > 2 * (result.high - result.low)[-1, 0]


def test_a_large_area_keeps_its_own_value() -> None:
    cases = drawn(3000.0, 20.0, 20.0, 20.0)
    cases[-14:, 0] = np.round(3000 * np.exp(0.05 * np.arange(14)))
    alone, pooled = own(cases), pooled_reproduction(own(cases), [0] * 4)
    assert pooled.own_weight[-1, 0] > 0.9
    assert pooled.value[-1, 0] == pytest.approx(alone.value[-1, 0], rel=0.02)


def test_an_area_never_leans_on_itself() -> None:
    calm = drawn(30.0, 30.0, 30.0, 30.0)
    wild = calm.copy()
    wild[-7:, 3] *= 4
    before, after = (pooled_reproduction(own(c), [0] * 4) for c in (calm, wild))
    # Only how alike the siblings are may change what the wild one would get without own data.
    assert prior_median(after)[-1, 3] == pytest.approx(prior_median(before)[-1, 3], rel=0.02)
    assert after.kappa[-1, 0] < before.kappa[-1, 0]


def test_a_lone_child_leans_on_the_level_above_its_parent() -> None:
    cases = drawn(100.0, 100.0, 100.0, 2.0)
    top = pooled_reproduction(own(cases[:, :3]), [0, 0, 0])
    nested = pooled_reproduction(own(cases[:, 3:]), [1], parent=top)
    alone = pooled_reproduction(own(cases[:, 3:]), [0])
    assert (nested.prior_sd < alone.prior_sd)[-20:].all()
    assert prior_median(nested)[-1, 0] == pytest.approx(prior_median(top)[-1, 1], rel=0.02)
    assert nested.prior_sd[-1, 0] > top.prior_sd[-1, 1]


def test_areas_without_any_cases_hold_numbers_and_are_too_few() -> None:
    empty = pooled_reproduction(own(np.zeros((40, 3))), [0, 0, 2])
    assert all(np.isfinite(getattr(empty, name)).all() for name in FIELDS)
    assert (empty.state == State.TOO_FEW).all()
    np.testing.assert_allclose(empty.p_above_1, 0.5, atol=1e-12)


@given(counts)
@settings(max_examples=25, deadline=None)
def test_order_other_groups_and_later_days_change_nothing(cases: Floats) -> None:
    groups = np.array([0, 0, 1, 1, 1])
    whole = pooled_reproduction(own(cases), groups)
    turned = pooled_reproduction(own(cases[:, ::-1].copy()), groups[::-1])
    before = pooled_reproduction(own(cases[:-1]), groups)
    apart = pooled_reproduction(own(cases[:, 2:].copy()), groups[2:] - 1)
    for name in FIELDS:
        values = getattr(whole, name)
        np.testing.assert_allclose(getattr(turned, name)[:, ::-1], values, rtol=1e-9)
        np.testing.assert_allclose(getattr(before, name), values[:-1], rtol=1e-9)
        np.testing.assert_allclose(getattr(apart, name), values[:, 2:], rtol=1e-9)
    assert ((whole.own_weight >= 0) & (whole.own_weight < 1)).all()
    np.testing.assert_array_equal(whole.low > 1, whole.p_above_1 > 0.975)


def test_unusable_groups_are_named() -> None:
    two = own(drawn(5.0, 5.0))
    for groups, message in (
        ([0], r"estimates of shape \(53, 2\) and groups of shape \(1,\)"),
        ([0, -1], r"groups \[0, -1\]; give whole numbers from 0"),
        ([0.5, 1.0], r"groups \[0.5, 1.0\]"),
    ):
        with pytest.raises(ValueError, match=message):
            pooled_reproduction(two, groups)
    parent = pooled_reproduction(two, [0, 0])
    with pytest.raises(ValueError, match="group 2, but the parent has columns 0 to 1"):
        pooled_reproduction(two, [0, 2], parent=parent)
    with pytest.raises(ValueError, match="end on other days"):
        pooled_reproduction(own(drawn(5.0, 5.0, days=50)), [0, 1], parent=parent)
    mixed = own(drawn(1.0, 50.0), windows=(7, 14))
    with pytest.raises(ValueError, match=r"windows of \[7, 14\] days"):
        pooled_reproduction(mixed, [0, 0])
