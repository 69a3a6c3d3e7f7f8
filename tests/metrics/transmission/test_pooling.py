"""Small areas lean on their siblings: as far as needed, never on themselves, and it is shown."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import norm

from metrics.states import State
from metrics.transmission.pooling import KAPPAS, _siblings, pooled_reproduction
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


def test_the_posterior_is_that_of_the_two_level_model() -> None:
    """Second route: numerical integration over the parent's R for each kappa, one group."""
    result = own(drawn(9.0, 4.0, 2.0, 1.0))
    pooled = pooled_reproduction(result, [0, 0, 0, 0])
    y, due = (result.cases / result.phi)[-1], (result.expected / result.phi)[-1]
    above = np.array([1 / np.log(2), 1 / np.log(2) ** 2])[:, None, None]
    groups = np.zeros(4, dtype=np.int64)
    logs, means = np.zeros(KAPPAS.size), np.zeros((KAPPAS.size, 4))
    for k, kappa in enumerate(KAPPAS):
        middle, variance = _siblings(y[None], due[None], groups, above, kappa=float(kappa))
        spread = np.sqrt(np.log1p(variance[0] / middle[0] ** 2))
        z = np.linspace(-7, 7, 4001)[:, None]
        parent = middle[0] * np.exp(-(spread**2) / 2 + spread * z)
        rate = kappa / parent
        # Counts over phi need not be whole: the negative binomial by its gamma functions.
        like = (
            gammaln(y + kappa) - gammaln(kappa)
            + kappa * np.log(rate / (rate + due)) - y * np.log(rate + due)
        )  # fmt: skip
        joint = norm.pdf(z) * np.exp(like)
        logs[k] = np.log(joint.sum(axis=0)).sum()
        means[k] = (joint * (kappa + y) / (rate + due)).sum(axis=0) / joint.sum(axis=0)
    weight = np.exp(logs - logs.max()) / np.sqrt(KAPPAS)
    weight /= weight.sum()
    np.testing.assert_allclose(pooled.mean[-1], weight @ means, rtol=2e-3)
    np.testing.assert_allclose(pooled.kappa[-1], weight @ KAPPAS, rtol=0.02)


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
    assert after.prior_mean[-1, 3] == pytest.approx(before.prior_mean[-1, 3], rel=0.02)
    assert after.kappa[-1, 0] < before.kappa[-1, 0]


def test_a_lone_child_leans_on_the_level_above_its_parent() -> None:
    cases = drawn(100.0, 100.0, 100.0, 2.0)
    top = pooled_reproduction(own(cases[:, :3]), [0, 0, 0])
    nested = pooled_reproduction(own(cases[:, 3:]), [1], parent=top)
    alone = pooled_reproduction(own(cases[:, 3:]), [0])
    assert (nested.prior_sd < alone.prior_sd)[-20:].all()
    assert nested.prior_mean[-1, 0] == pytest.approx(top.prior_mean[-1, 1])
    assert nested.prior_sd[-1, 0] > top.prior_sd[-1, 1]


def test_areas_without_any_cases_hold_numbers_and_are_too_few() -> None:
    empty = pooled_reproduction(own(np.zeros((40, 3))), [0, 0, 2])
    assert all(np.isfinite(getattr(empty, name)).all() for name in FIELDS)
    assert (empty.state == State.TOO_FEW).all()
    np.testing.assert_allclose(empty.p_above_1, 0.5, atol=0.1)


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
