"""Tail probabilities against SciPy's beta-binomial and against simulated definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import betabinom, binom, nbinom

from metrics.signals.p_values import p_values, student_p_values
from metrics.signals.scatter import pooled_alpha
from metrics.signals.tails import fill_least, fill_tails
from metrics.states import State

Floats = NDArray[np.float64]
counts = arrays(np.float64, (45, 3), elements=st.integers(0, 12).map(float))


def negative_binomial(
    rng: np.random.Generator, mean: float | Floats, size: float, shape: tuple[int, int]
) -> Floats:
    return np.asarray(rng.poisson(mean * rng.gamma(size, 1 / size, shape)), dtype=np.float64)


def tails(y: Floats, before: Floats, size: float, exposure: float) -> Floats:
    p = np.empty(y.shape)
    fill_tails(y, before, np.full(y.shape, size), np.full(y.shape, exposure), p)
    return p


@pytest.mark.parametrize("size", [0.5, 10.0, np.inf])
@pytest.mark.parametrize("exposure", [7.0, 3.3])
def test_tails_are_those_of_the_beta_binomial(size: float, exposure: float) -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 80, (40, 20)).astype(float)
    before = rng.integers(0, 400, (40, 20)).astype(float)
    if np.isinf(size):
        expected = binom.sf(y - 1, y + before, 1 / (1 + exposure))
    else:
        expected = betabinom.sf(y - 1, (y + before).astype(int), size, size * exposure)
    np.testing.assert_allclose(tails(y, before, size, exposure), expected, rtol=1e-8, atol=1e-11)


def test_tails_of_large_counts_do_not_underflow() -> None:
    y, before = np.array([[20_000.0, 19_000.0, 21_000.0]]), np.full((1, 3), 140_000.0)
    expected = binom.sf(y - 1, y + before, 1 / 8)
    np.testing.assert_allclose(tails(y, before, np.inf, 7.0), expected, rtol=1e-7)


def test_the_tail_is_a_probability_over_all_ways_to_spread_the_cases() -> None:
    """Second route: draw eight days, keep the draws with the same sum, count."""
    rng = np.random.default_rng(3)
    for mean in (1.0, 2.0):  # whatever the mean: that is the point
        draws = negative_binomial(rng, mean, 3.0, (8, 200_000))
        same = draws[:, draws.sum(axis=0) == 12]
        seen = (same[0] >= 5).mean()
        exact = tails(np.array([[5.0]]), np.array([[7.0]]), 3.0, 7.0)[0, 0]
        assert seen == pytest.approx(exact, abs=4 * np.sqrt(exact / same.shape[1]))


def test_the_least_count_is_the_first_that_signals() -> None:
    rng = np.random.default_rng(5)
    before = rng.integers(0, 90, (10, 10)).astype(float)
    size, exposure, least = np.full((10, 10), 4.0), np.full((10, 10), 7.0), np.empty((10, 10))
    fill_least(before, size, exposure, (0.001, 3.0), least)
    assert (tails(least, before, 4.0, 7.0) <= 0.001).all()
    assert ((tails(least - 1, before, 4.0, 7.0) > 0.001) | (least == 3)).all()


@pytest.mark.parametrize("size", [2.0, 10.0])
@pytest.mark.parametrize("mean", [0.5, 5.0, 80.0])
def test_overdispersion_is_found_at_every_level(mean: float, size: float) -> None:
    cases = negative_binomial(np.random.default_rng(7), mean, size, (120, 1_500))
    assert pooled_alpha(cases)[-1] == pytest.approx(1 / size, rel=0.15)


def test_overdispersion_is_not_taken_from_trends_or_one_outbreak() -> None:
    rng = np.random.default_rng(8)
    rising = negative_binomial(rng, 10 * np.exp(0.05 * np.arange(60))[:, None], 10.0, (60, 800))
    assert pooled_alpha(rising)[-1] == pytest.approx(0.1, rel=0.15)
    cases = negative_binomial(rng, 3.0, 10.0, (60, 500))
    calm = pooled_alpha(cases)[-1]
    cases[-1, :5] = 2_000.0
    assert pooled_alpha(cases)[-1] < calm + 0.01


def test_with_nothing_to_learn_from_the_prior_stands() -> None:
    np.testing.assert_allclose(pooled_alpha(np.zeros((30, 4))), 0.1)


def test_expected_cases_follow_the_weekday() -> None:
    week = np.array([1.6, 1.2, 1.0, 1.0, 1.0, 0.6, 0.6])[np.arange(140) % 7]
    cases = negative_binomial(np.random.default_rng(2), 30 * week[:, None], 10.0, (140, 300))
    at = slice(-14, None)
    plain, aware = p_values(cases, weekday="none"), p_values(cases, weekday="pooled")
    monday = week[9:][at] == 1.6
    assert plain.signal[at][monday].mean() > 4 * aware.signal[at][monday].mean()
    np.testing.assert_allclose(aware.expected[at].mean(axis=1), 30 * week[-14:], rtol=0.06)


def test_expected_cases_follow_a_known_course() -> None:
    course = np.exp(0.08 * np.arange(40.0))
    cases = np.round(50.0 * course)
    plain = p_values(cases, weekday="none", alpha=0.0)
    aware = p_values(cases, weekday="none", alpha=0.0, course=course[:, None])
    assert plain.p_value[-1] < 1e-6
    assert aware.p_value[-1] > 0.4
    assert aware.expected[-1] == pytest.approx(cases[-1], rel=0.02)
    # Halves of one course, and its scale, change nothing.
    both = np.stack([course, 7.0 * course], axis=1)
    twice = p_values(np.stack([cases, cases], axis=1), weekday="none", alpha=0.0, course=both)
    np.testing.assert_allclose(twice.p_value[:, 0], aware.p_value)
    np.testing.assert_allclose(twice.p_value[:, 1], aware.p_value)


@pytest.mark.parametrize(
    ("course", "message"),
    [
        (np.ones(20), r"course: shape \(20,\); give \(20, 1\)"),
        (np.zeros((20, 1)), r"course\[0, 0\]: 0.0; it is finite and above 0"),
    ],
)
def test_an_unusable_course_is_named(course: Floats, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        p_values(np.ones(20), weekday="none", course=course)


@given(counts)
@settings(max_examples=40, deadline=None)
def test_any_counts_give_probabilities_that_fall_with_the_count(cases: Floats) -> None:
    found = p_values(cases, weekday="none", alpha=0.1)
    assert ((found.p_value >= 0) & (found.p_value <= 1)).all()
    np.testing.assert_array_equal(found.signal, cases[9:] >= found.least_count)
    assert (found.p_value[cases[9:] < 3] == 1).all()
    assert (found.state[cases[9:] < 3] == State.TOO_FEW).all()
    more = cases.copy()
    more[-1] += 1
    again = p_values(more, weekday="none", alpha=0.1)
    assert (again.p_value[-1] <= found.p_value[-1]).all()


@given(counts)
@settings(max_examples=25, deadline=None)
def test_a_new_day_and_the_order_of_areas_change_nothing(cases: Floats) -> None:
    found, before = p_values(cases), p_values(cases[:-1])
    np.testing.assert_array_equal(found.p_value[:-1], before.p_value)
    np.testing.assert_allclose(p_values(cases[:, ::-1]).p_value, found.p_value[:, ::-1], rtol=1e-9)
    np.testing.assert_array_equal(p_values(cases, last=3).p_value, found.p_value[-3:])
    for a in range(3):
        alone = p_values(cases[:, a], weekday="none", alpha=0.2)
        together = p_values(cases, weekday="none", alpha=0.2)
        np.testing.assert_array_equal(alone.p_value, together.p_value[:, a])


def test_areas_without_cases_are_too_few_and_never_signal() -> None:
    found = p_values(np.zeros((80, 2)))
    assert not found.signal.any()
    assert (found.state == State.TOO_FEW).all()
    assert (found.chance[-1] == 0).all()
    assert np.isnan(found.chance[0]).all()


def test_the_chance_is_unbiased_where_a_plug_in_is_not() -> None:
    rng = np.random.default_rng(21)
    cases = negative_binomial(rng, 0.2, 10.0, (70, 60_000))
    found = p_values(cases, weekday="none", alpha=0.1, level=0.01, last=1)
    true = nbinom.sf(found.least_count - 1, 10.0, 10.0 / 10.2)
    assert found.chance.mean() == pytest.approx(true.mean(), rel=0.12)


def test_student_tails_are_wrong_for_overdispersed_counts() -> None:
    """Why they are not the default, even at means of ten and more."""
    rng = np.random.default_rng(6)
    for size, at_least in ((10.0, 2.0), (2.0, 6.0)):
        cases = negative_binomial(rng, 30.0, size, (100, 300))
        student = (student_p_values(cases) <= 0.001).mean() / 0.001
        exact = (p_values(cases, weekday="none").p_value <= 0.001).mean() / 0.001
        assert student > at_least
        assert 0.5 < exact < 1.5


@pytest.mark.parametrize(
    ("cases", "setting", "message"),
    [
        ([1.0] * 9, {}, "the 9 days of data must be more"),
        ([1.0] * 29 + [1.5], {}, r"incidence\[29, 0\]: 1.5 is not whole"),
        ([1.0] * 29 + [-1.0], {}, r"incidence\[29\]: -1.0 is no count"),
        ([1.0] * 30, {"baseline": 2}, "baseline 2 and guard 2"),
        ([1.0] * 30, {"least_cases": 0}, "least_cases is 0"),
        ([1.0] * 30, {"alpha": -1.0}, "alpha is -1.0"),
        ([1.0] * 30, {"level": 1.0}, "level is 1.0"),
    ],
)
def test_wrong_input_is_named(cases: list[float], setting: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        p_values(cases, **setting)  # type: ignore[arg-type]
