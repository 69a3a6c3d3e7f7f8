"""The infector's date decides the serial interval: against a direct sum, and known courses."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from metrics.states import State
from metrics.transmission.cori import cori
from metrics.transmission.dated_interval import (
    dated_cori,
    dated_infectivity,
    dated_reproduction,
    period_shares,
)
from metrics.transmission.infectivity import infectivity
from metrics.transmission.reproduction import reproduction
from metrics.transmission.serial_interval import discretise_gamma

Floats = NDArray[np.float64]
SLOW, FAST = (discretise_gamma(m, s, 60) for m, s in ((7.0, 4.0), (3.0, 1.8)))
PMFS = np.stack([SLOW / SLOW.sum(), FAST / FAST.sum()])
counts = arrays(np.float64, (60, 2), elements=st.integers(0, 40).map(float))
FIELDS = ("value", "low", "high", "q25", "q75", "mean", "sd", "p_above_1", "p_above_1_2", "phi",
          "alpha", "expected", "cases", "state", "t_start", "t_end")  # fmt: skip


def switch(days: int, at: int) -> NDArray[np.int64]:
    return (np.arange(days) >= at).astype(np.int64)


@given(counts, st.integers(1, 59), st.integers(0, 30))
@settings(max_examples=25, deadline=None)
def test_equal_intervals_give_the_plain_infectivity(
    cases: Floats, at: int, changeover: int
) -> None:
    same = np.stack([SLOW, SLOW])
    found = dated_infectivity(cases, same, switch(60, at), changeover_days=changeover)
    np.testing.assert_allclose(found, infectivity(cases, SLOW), rtol=1e-10, atol=1e-12)


@given(counts, st.integers(1, 59), st.integers(0, 20))
@settings(max_examples=10, deadline=None)
def test_it_is_the_sum_over_infectors(cases: Floats, at: int, changeover: int) -> None:
    shares = np.array([min(max((t - at + 1) / (changeover + 1), 0.0), 1.0) for t in range(60)])
    direct = np.zeros(60)
    for t in range(1, 60):
        for j in range(t):
            pmf = (1 - shares[j]) * PMFS[0] + shares[j] * PMFS[1]
            direct[t] += pmf[t - j] * cases[j, 0]
    found = dated_infectivity(cases, PMFS, switch(60, at), changeover_days=changeover)
    np.testing.assert_allclose(found[1:, 0], direct[1:], rtol=1e-10, atol=1e-12)
    assert np.isnan(found[0]).all()


@given(
    st.lists(st.integers(0, 3), min_size=2, max_size=8),
    st.integers(1, 12),
    st.integers(0, 40),
)
@settings(max_examples=60, deadline=None)
def test_shares_are_shares_whatever_the_periods(
    periods: list[int], each: int, changeover: int
) -> None:
    of_day = np.repeat(periods, each)
    shares = period_shares(of_day, 4, changeover_days=changeover)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert (shares > -1e-12).all()
    if changeover == 0:
        np.testing.assert_array_equal(shares.argmax(axis=1), of_day)
    earlier = period_shares(of_day[:-1], 4, changeover_days=changeover)
    np.testing.assert_array_equal(shares[:-1], earlier)


def test_the_new_share_rises_by_equal_steps_from_the_first_day() -> None:
    shares = period_shares(switch(12, 4), 2, changeover_days=3)
    np.testing.assert_allclose(shares[2:9, 1], [0, 0, 0.25, 0.5, 0.75, 1, 1])


@given(counts)
@settings(max_examples=15, deadline=None)
def test_with_equal_intervals_both_estimators_are_the_plain_ones(cases: Floats) -> None:
    same, at = np.stack([SLOW, SLOW]), switch(60, 30)
    plain, dated = cori(cases, cases, SLOW), dated_cori(cases, cases, same, at)
    np.testing.assert_allclose(dated.quantiles, plain.quantiles, rtol=1e-9)
    np.testing.assert_allclose(dated.sd, plain.sd, rtol=1e-9)
    assert dated.mean_interval_days == pytest.approx(plain.mean_interval_days)
    for options in ({"alpha_parent": 0.2}, {"windows": (7, 14, 21)}, {"last": 9, "weekday": False}):
        given_: Any = options
        one = reproduction(cases, cases, SLOW, **given_)
        two = dated_reproduction(cases, cases, same, at, **given_)
        for name in FIELDS:
            np.testing.assert_allclose(
                getattr(two, name), getattr(one, name), rtol=1e-8, atol=1e-10
            )


def test_the_true_r_is_found_across_a_change_of_variant() -> None:
    """Deterministic course: R stays 1.3 while the interval shortens, so growth speeds up."""
    days, at, period = 140, 80, switch(140, 80)
    shares = period_shares(period, 2, changeover_days=14)
    cases = np.full(days, 100.0)
    for t in range(30, days):
        past = sum(
            (shares[t - k] @ PMFS[:, k]) * cases[t - k] for k in range(1, min(PMFS.shape[1], t + 1))
        )
        cases[t] = 1.3 * past
    dated = dated_reproduction(
        cases, cases, PMFS, period, changeover_days=14, weekday=False, last=60
    )
    np.testing.assert_allclose(dated.value, 1.3, rtol=2e-3)
    assert (dated.state == State.FINAL).all()
    old = reproduction(cases, cases, PMFS[0], weekday=False)
    assert old.value[-1] > 1.7  # the old interval mistakes speed for transmissibility
    found = dated_cori(cases, cases, PMFS, period, changeover_days=14)
    np.testing.assert_allclose(found.mean[at:], 1.3, rtol=2e-2)


def test_a_batch_equals_a_loop_and_a_new_day_changes_nothing_before_it() -> None:
    cases = np.random.default_rng(2).poisson(20.0, (80, 3)).astype(float)
    period = switch(80, 70)

    def of(x: Floats, of_day: NDArray[np.int64]) -> Any:
        return dated_reproduction(x, x, PMFS, of_day, changeover_days=14)

    batch, before = of(cases, period), of(cases[:-1], period[:-1])
    for name in ("value", "low", "phi", "state"):
        np.testing.assert_array_equal(getattr(batch, name)[:-1], getattr(before, name))
        for a in range(3):
            np.testing.assert_allclose(
                getattr(of(cases[:, a], period), name), getattr(batch, name)[:, a], rtol=1e-9
            )
    np.testing.assert_array_equal(of(cases[:, ::-1], period).high[:, ::-1], batch.high)


def test_areas_without_cases_are_too_few_and_hold_numbers() -> None:
    empty = dated_reproduction(np.zeros((50, 2)), np.zeros((50, 2)), PMFS, switch(50, 25))
    assert (empty.state == State.TOO_FEW).all()
    np.testing.assert_allclose(empty.p_above_1, 0.5)


@pytest.mark.parametrize(
    ("pmfs", "period", "changeover", "message"),
    [
        (PMFS, np.full(30, 2), 0, r"period of day\[0\]: 2; there are 2 periods"),
        (PMFS, np.r_[np.zeros(29, int), -1], 0, r"period of day\[29\]: -1"),
        (PMFS, np.zeros(30), 0, "float64; give one index a day"),
        (PMFS, np.zeros(29, int), 0, "29 days, the counts have 30"),
        (PMFS, np.zeros(30, int), -1, "change-over of -1 days"),
        (PMFS[0], np.zeros(30, int), 0, "not periods by lags"),
        (np.array([[0.0, 1.0], [0.5, 0.5]]), np.zeros(30, int), 0, r"period 1: serial .* w_0"),
    ],
)
def test_unusable_periods_and_intervals_are_refused(
    pmfs: Floats, period: NDArray[np.int64], changeover: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        dated_infectivity(np.ones(30), pmfs, period, changeover_days=changeover)
    with pytest.raises(ValueError, match=message):
        dated_reproduction(np.ones(30), np.ones(30), pmfs, period, changeover_days=changeover)


def test_unusable_counts_are_refused() -> None:
    with pytest.raises(ValueError, match=r"total\[1\]: nan"):
        dated_cori(np.ones(2), np.array([1.0, np.nan]), PMFS, switch(2, 1), window=1)
    with pytest.raises(ValueError, match="window 30 days"):
        dated_cori(np.ones(30), np.ones(30), PMFS, switch(30, 1), window=30)
