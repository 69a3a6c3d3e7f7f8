"""The published estimator: its invariants and what it says when it knows little."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.special import gammaincinv

from metrics.states import State
from metrics.transmission.cori import GammaPrior
from metrics.transmission.infectivity import infectivity
from metrics.transmission.reproduction import NEUTRAL_PRIOR, Reproduction, reproduction
from metrics.transmission.serial_interval import discretise_gamma

Floats = NDArray[np.float64]
PMF = discretise_gamma(5.0, 3.0, 30)
counts = arrays(np.float64, (60, 3), elements=st.integers(0, 40).map(float))
FIELDS = ("value", "low", "high", "q25", "q75", "p_above_1", "p_above_1_2", "phi", "alpha")


def of(cases: Floats, **options: object) -> Reproduction:
    return reproduction(cases, cases, PMF, **options)  # type: ignore[arg-type]  # test options


def test_the_neutral_prior_says_neither_growing_nor_falling() -> None:
    empty = of(np.zeros(40))
    np.testing.assert_allclose(empty.p_above_1, 0.5)
    np.testing.assert_allclose(empty.value, 1.0, rtol=1e-10)


def test_areas_without_cases_are_too_few_and_hold_numbers() -> None:
    empty = of(np.zeros((60, 4)))
    assert (empty.state == State.TOO_FEW).all()
    assert all(np.isfinite(getattr(empty, name)).all() for name in FIELDS)


def test_constant_incidence_has_a_reproduction_number_of_one() -> None:
    result = of(np.full(120, 200.0))
    np.testing.assert_allclose(result.value[-40:], 1.0, atol=2e-3)
    np.testing.assert_allclose(result.p_above_1[-40:], 0.5, atol=0.02)
    assert (result.state[-40:] == State.FINAL).all()


def test_growth_is_above_one_and_decline_below() -> None:
    t = np.arange(100)
    rising, falling = of(np.round(50 * np.exp(0.04 * t))), of(np.round(9e4 * np.exp(-0.04 * t)))
    assert (rising.low[40:] > 1).all()
    assert (falling.high[40:] < 1).all()


def test_without_corrections_it_is_the_conjugate_posterior() -> None:
    cases = np.tile([9.0, 10.0, 11.0, 10.0], 15)  # scatters less than Poisson: phi = 1
    result = of(cases, weekday=False, prior=GammaPrior(2.0, 1.0))
    shape, rate = 4 + cases[-7:].sum(), 2 + infectivity(cases, PMF)[-7:].sum()
    assert result.phi[-1] == 1.0
    assert result.high[-1] == pytest.approx(gammaincinv(shape, 0.975) / rate, rel=1e-10)
    assert result.mean[-1] == pytest.approx(shape / rate, rel=1e-12)


@given(counts)
@settings(max_examples=40, deadline=None)
def test_probability_and_range_agree_and_the_numbers_are_in_order(cases: Floats) -> None:
    r = of(cases)
    excluded = (r.low > 1) | (r.high < 1)
    np.testing.assert_array_equal(excluded, (r.p_above_1 > 0.975) | (r.p_above_1 < 0.025))
    np.testing.assert_array_equal(r.value > 1, r.p_above_1 > 0.5)
    assert (r.low <= r.q25).all()
    assert (r.q25 <= r.value).all()
    assert (r.value <= r.q75).all()
    assert (r.q75 <= r.high).all()
    assert (r.p_above_1_2 <= r.p_above_1).all()
    assert (r.phi >= 1).all()


@given(counts)
@settings(max_examples=25, deadline=None)
def test_a_batch_equals_a_loop_in_any_order_of_areas(cases: Floats) -> None:
    batch, turned = of(cases), of(cases[:, ::-1])
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(turned, name)[:, ::-1], getattr(batch, name))
    for a in range(3):
        alone = of(cases[:, a])
        np.testing.assert_allclose(alone.low, batch.low[:, a], rtol=1e-9)
        np.testing.assert_array_equal(alone.state, batch.state[:, a])


@given(counts)
@settings(max_examples=25, deadline=None)
def test_a_new_day_changes_nothing_before_it(cases: Floats) -> None:
    now, before = of(cases), of(cases[:-1])
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(now, name)[:-1], getattr(before, name))


def test_only_the_last_windows_are_the_same_windows() -> None:
    cases = np.random.default_rng(3).poisson(20.0, (90, 2)).astype(float)
    few, every = of(cases, last=10), of(cases)
    np.testing.assert_array_equal(few.t_end, every.t_end[-10:])
    np.testing.assert_array_equal(few.high, every.high[-10:])


def test_imports_count_as_infectious_but_not_as_infected() -> None:
    total = np.full(80, 30.0)
    result = reproduction(total * 0.5, total, PMF)
    np.testing.assert_allclose(result.value[-20:], 0.5, atol=5e-3)


def test_overdispersion_widens_the_range_by_its_square_root() -> None:
    rng = np.random.default_rng(11)
    cases = rng.negative_binomial(5, 5 / 105, (200, 40)).astype(float)  # phi = 21
    result = of(cases)
    assert 14 < np.median(result.phi[-60:]) < 24
    width = np.median((result.high - result.low)[-60:])
    assert 3.5 < width / np.median(3.92 / np.sqrt(result.cases[-60:])) < 5.5


def test_half_of_alpha_comes_from_the_parent() -> None:
    cases = np.random.default_rng(5).poisson(40.0, (90, 2)).astype(float)
    alone = of(cases)
    pooled = of(cases, alpha_parent=0.5)
    borrowed = 1 + 40 * 0.5 * (0.5 + alone.alpha[-1])
    np.testing.assert_allclose(pooled.phi[-1], borrowed, rtol=0.06)
    assert (pooled.high > alone.high)[20:].all()


def test_too_few_expected_or_observed_cases_are_said_to_be_too_few() -> None:
    small = of(np.tile([1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0], 12))
    assert (small.state[-20:] == State.TOO_FEW).all()
    enough = of(np.full(84, 3.0))
    assert (enough.state[-20:] == State.FINAL).all()
    vanished = np.concatenate([np.full(84, 30.0), np.zeros(7)])
    assert of(vanished).state[-1] == State.TOO_FEW


def test_a_weekday_pattern_neither_moves_nor_widens_the_estimate(
    epidemic: Callable[..., object],
) -> None:
    t = np.arange(150)
    share = np.array([1.3, 1.2, 1.1, 1.05, 0.95, 0.7, 0.7])[t % 7]
    cases = np.round(1000 * np.exp(0.01 * t) * share)
    corrected, left = of(cases), of(cases, weekday=False)
    truth = of(np.round(1000 * np.exp(0.01 * t)))
    np.testing.assert_allclose(corrected.value[-60:], truth.value[-60:], rtol=5e-3)
    assert np.median((corrected.high - corrected.low)[-60:]) < 0.5 * np.median(
        (left.high - left.low)[-60:]
    )


def test_the_neutral_prior_is_worth_one_case() -> None:
    assert NEUTRAL_PRIOR.shape == pytest.approx(1.0)
    assert NEUTRAL_PRIOR.rate == pytest.approx(np.log(2))


def test_a_window_longer_than_the_series_is_refused() -> None:
    with pytest.raises(ValueError, match="window 7 days: with 7 days of data"):
        of(np.ones(7))
