"""Case fatality while cases are under way."""

import logging
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import gamma

from metrics.health_care.severity import case_fatality, gamma_delay, standardised_fatality
from metrics.states import State

Floats = NDArray[np.float64]
LOG = logging.getLogger(__name__)
DELAY = gamma_delay(17.8, 8.0)
FATALITY = 0.03


def epidemic(
    growth: float, areas: int, *, seed: int = 1, days: int = 100, told: float = 1.0
) -> tuple[Floats, Floats]:
    """Cases that grow or fall, about 4,000 in 100 days, and the deaths among them."""
    rng = np.random.default_rng(seed)
    course = np.exp(growth * np.arange(days))
    cases = rng.poisson((4_000 * course / course.sum())[:, None], (days, areas))
    deaths = np.zeros((days + DELAY.size, areas))
    for day in range(days):
        dying = rng.binomial(cases[day], FATALITY * told)
        deaths[day : day + DELAY.size] += rng.multinomial(dying, DELAY).T
    return cases.astype(float), deaths[:days]


@pytest.mark.parametrize(("growth", "factor"), [(0.06, 0.37), (-0.05, 0.99), (0.0, 0.83)])
def test_the_factor_is_that_of_the_definition(growth: float, factor: float) -> None:
    cases, deaths = epidemic(growth, 1)
    got = case_fatality(cases[:, 0], deaths[:, 0], DELAY)
    ages = np.arange(cases.shape[0])[::-1]
    u = cases[:, 0] @ DELAY.cumsum()[np.minimum(ages, DELAY.size - 1)] / cases.sum()
    assert got.factor[-1] == pytest.approx(u)
    assert u == pytest.approx(factor, abs=0.02)
    assert got.value[-1] == pytest.approx(deaths.sum() / (u * cases.sum()))
    assert got.naive[-1] == pytest.approx(deaths.sum() / cases.sum())


def coverage(growth: float, areas: int, *, window: int | None = None) -> dict[str, float]:
    got = case_fatality(*epidemic(growth, areas), DELAY, window=window)
    inside = (got.low[-1] <= FATALITY) & (got.high[-1] >= FATALITY)
    naive = (got.naive_low[-1] <= FATALITY) & (got.naive_high[-1] >= FATALITY)
    return {
        "coverage": float(inside.mean()),
        "mean": float(got.value[-1].mean()),
        "naive coverage": float(naive.mean()),
        "naive mean": float(got.naive[-1].mean()),
    }


@pytest.mark.parametrize("window", [None, 28])
@pytest.mark.parametrize("growth", [0.06, 0.0, -0.05])
def test_intervals_cover_in_growth_flat_and_decline(growth: float, window: int | None) -> None:
    got = coverage(growth, 600, window=window)
    LOG.info("growth %s, window %s: %s", growth, window, got)
    assert 0.92 <= got["coverage"] <= 0.98
    assert got["mean"] == pytest.approx(FATALITY, rel=0.02)


@pytest.mark.calibrate
@pytest.mark.parametrize("growth", [0.06, 0.0, -0.05])
def test_case_fatality_passes_its_gate(growth: float) -> None:
    got = coverage(growth, 10_000)
    LOG.info("growth %s: %s", growth, got)
    assert 0.90 <= got["coverage"] <= 0.98


def test_the_naive_share_is_far_too_low_in_growth() -> None:
    got = coverage(0.06, 300)
    assert got["naive mean"] == pytest.approx(0.37 * FATALITY, rel=0.05)
    assert got["naive coverage"] < 0.05


def test_a_wrong_delay_is_outside_the_interval_and_its_size_is_known() -> None:
    """A delay 20 % too short in growth of 0.06 a day makes the share about a fifth too low."""
    short = gamma_delay(0.8 * 17.8, 0.8 * 8.0)
    cases, deaths = epidemic(0.06, 300)
    got = case_fatality(cases, deaths, short)
    assert got.value[-1].mean() == pytest.approx(0.82 * FATALITY, rel=0.05)


def test_deaths_not_reported_yet_are_allowed_for() -> None:
    cases, deaths = epidemic(0.0, 600, told=0.6)
    got = case_fatality(cases, deaths, DELAY, death_completeness=0.6)
    inside = (got.low[-1] <= FATALITY) & (got.high[-1] >= FATALITY)
    assert 0.92 <= inside.mean() <= 0.98
    by_day = np.full(cases.shape[0], 0.6)
    same = case_fatality(cases, deaths, DELAY, death_completeness=by_day)
    np.testing.assert_array_equal(same.low, got.low)


def test_states_say_what_a_share_rests_on() -> None:
    cases, deaths = np.zeros((60, 6)), np.zeros((60, 6))
    cases[0] = [0, 40, 5_000, 5_000, 60, 5_000]
    cases[59, 3] = 50_000
    cases[45, 2] = 90_000
    deaths[59, 4] = 61
    cases[:, 5], deaths[40, 5] = 100, 5
    got = case_fatality(cases, deaths, DELAY)
    states = [State(int(s)) for s in got.state[-1]]
    assert states == [
        State.MISSING, State.TOO_FEW, State.PROVISIONAL, State.HIDDEN, State.WITHHELD, State.FINAL,
    ]  # fmt: skip
    assert np.isnan(got.value[-1, 4])
    assert np.isnan(got.naive[-1, 0])


def test_areas_and_later_days_leave_each_other_alone() -> None:
    cases, deaths = epidemic(0.02, 5)
    whole = case_fatality(cases, deaths, DELAY, window=28)
    part = case_fatality(cases[:70, 2], deaths[:70, 2], DELAY, window=28)
    np.testing.assert_allclose(whole.low[:70, 2], part.low, rtol=1e-12)
    np.testing.assert_allclose(whole.value[:70, 2], part.value, rtol=1e-12)
    few = case_fatality(cases, deaths, DELAY, window=28, last=3)
    np.testing.assert_array_equal(few.high, whole.high[-3:])
    assert case_fatality(cases, deaths, DELAY, last=999).low.shape == cases.shape


def test_standardising_takes_the_age_mix_out() -> None:
    by_age = np.array([0.001, 0.01, 0.1])
    young, old = np.array([8e3, 1.5e3, 500.0]), np.array([2e3, 4e3, 4e3])
    resolved = np.column_stack([young, old])
    got = standardised_fatality(resolved, resolved * by_age[:, None], [0.5, 0.3, 0.2])
    np.testing.assert_allclose(got.value, 0.5 * 0.001 + 0.3 * 0.01 + 0.2 * 0.1)
    assert got.crude[1] > 5 * got.crude[0]
    assert (got.low < got.value).all()
    assert (got.value < got.high).all()


def standardised_coverage(areas: int) -> float:
    """Few deaths: 400 cases by age, from 0.1 to 20 % fatal."""
    rng = np.random.default_rng(5)
    fatality = np.array([0.001, 0.01, 0.2])
    resolved = rng.multinomial(400, [0.6, 0.3, 0.1], areas).T.astype(float)
    deaths = rng.binomial(resolved.astype(int), fatality[:, None]).astype(float)
    weights = np.array([0.5, 0.3, 0.2])
    got = standardised_fatality(resolved, deaths, weights)
    return float(((got.low <= weights @ fatality) & (weights @ fatality <= got.high)).mean())


def test_standardised_intervals_are_never_too_narrow() -> None:
    assert standardised_coverage(2_000) >= 0.94


def test_one_age_group_is_the_gamma_interval_of_a_count() -> None:
    got = standardised_fatality([500.0], [7.0], [1.0])
    assert got.low == pytest.approx(gamma.ppf(0.025, 7) / 500)
    assert got.high == pytest.approx(gamma.ppf(0.975, 8) / 500)
    none = standardised_fatality([500.0], [0.0], [1.0])
    np.testing.assert_allclose([none.low, none.value, none.high], [0, 0, 3.6888795 / 500])


def test_ages_without_cases_are_told() -> None:
    got = standardised_fatality([[900.0, 0.0], [0.0, 0.0]], [[9.0, 0.0], [0.0, 0.0]], [0.9, 0.1])
    assert got.weight_covered[0] == pytest.approx(0.9)
    assert (got.state == State.TOO_FEW).all()
    assert got.value[0] == pytest.approx(0.01)
    assert np.isnan(got.value[1])


def test_more_deaths_than_resolved_cases_are_withheld() -> None:
    got = standardised_fatality([40.0, 20.0], [50.0, 15.0], [0.5, 0.5])
    assert got.state == State.WITHHELD
    assert got.value == 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cases": [1.0, -1.0]}, r"cases\[1\]"),
        ({"deaths": [np.nan, 0.0]}, r"deaths\[0\]"),
        ({"deaths": [1.0]}, "deaths: shape"),
        ({"delay_pmf": [0.5, 0.4]}, "delay: shape"),
        ({"delay_pmf": [1.5, -0.5]}, "delay"),
        ({"window": 3}, "window of 3 days"),
        ({"death_completeness": 0.0}, "completeness 0.0"),
        ({"death_completeness": 1.2}, "completeness 1.2"),
        ({"death_completeness": [[1.0], [1.0], [1.0]]}, "completeness: shape"),
        ({"level": 1.0}, "level"),
    ],
)
def test_unusable_input_is_refused(change: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"cases": [1.0, 2.0], "deaths": [0.0, 1.0], "delay_pmf": [0.5, 0.5]}
    with pytest.raises(ValueError, match=message):
        case_fatality(**(good | change))


@pytest.mark.parametrize("weights", [[0.5, 0.4], [1.5, -0.5], [1.0]])
def test_weights_that_are_no_age_mix_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights"):
        standardised_fatality([1.0, 2.0], [0.0, 1.0], weights)


def test_a_gamma_delay_has_its_mean_and_spread() -> None:
    days = np.arange(DELAY.size)
    assert days @ DELAY == pytest.approx(17.8, abs=0.01)
    assert np.sqrt(days**2 @ DELAY - (days @ DELAY) ** 2) == pytest.approx(8.0, abs=0.02)


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (1.0, -1.0), (np.nan, 1.0), (10.0, 1e3)])
def test_an_impossible_delay_is_refused(mean: float, sd: float) -> None:
    with pytest.raises(ValueError, match="delay"):
        gamma_delay(mean, sd)
