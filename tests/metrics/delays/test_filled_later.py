"""Onsets entered after the report: seen from two issues, and carried into the nowcast."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.delays.filled_later import filled_share, known_later
from metrics.delays.nowcast import nowcast
from metrics.delays.reporting_delay import reporting_delay, share_known

Floats = NDArray[np.float64]
FILLED = np.minimum(0.9 + 0.01 * np.arange(29), 1.0)  # a tenth is blank at first, for ten days


def test_shares_never_fall_with_age_and_are_one_where_nothing_is_known() -> None:
    then, now = np.array([8.0, 0, 30, 21, 11]), np.array([10.0, 0, 30, 24, 10])
    found = filled_share(then, now)
    # 30 of 30 before 21 of 24: together 51 of 54. More than there are now is all.
    assert found == pytest.approx([0.8, 0.8, 51 / 54, 51 / 54, 1.0])
    assert filled_share(np.zeros(3), np.zeros(3)).tolist() == [1.0, 1.0, 1.0]


def test_both_delays_add_up(delay_pmf: Floats, as_delay: Callable[..., Any]) -> None:
    found = known_later(as_delay(), FILLED)
    steps = np.diff(FILLED, prepend=0.0)
    plain = np.zeros(29)
    for d in range(29):
        for age in range(29 - d):
            plain[d + age] += delay_pmf[d] * steps[age]
    assert found.pmf == pytest.approx(plain / plain.sum())
    assert share_known(found, 60)[-10, 0, 0] < share_known(as_delay(), 60)[-10, 0, 0]
    same = known_later(as_delay(), np.ones(29))
    assert same.pmf == pytest.approx(as_delay().pmf)


def test_a_nowcast_that_knows_of_them_is_not_too_low(
    delay_pmf: Floats, spread: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(8)
    final = rng.poisson(400.0, (90, 30))
    reported = spread(rng, final)
    days = np.arange(90)[:, None] + np.arange(29)  # of report
    age = np.clip(89 - days, 0, 28)
    shown = rng.binomial(reported.astype(np.int64), FILLED[age][:, :, None]).astype(float)
    shown[days > 89] = 0.0
    delay = reporting_delay(shown)
    blind = nowcast(shown.sum(axis=1), delay)
    aware = nowcast(shown.sum(axis=1), known_later(delay, FILLED))
    recent = slice(-15, -5)
    error = [(n.value[recent].sum() / final[recent].sum() - 1) for n in (blind, aware)]
    assert error[0] < -0.03
    assert abs(error[1]) < 0.015


def test_impossible_shares_are_refused(as_delay: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="at age"):
        known_later(as_delay(), np.array([0.9, 0.8]))
    with pytest.raises(ValueError, match="at age"):
        known_later(as_delay(), np.array([0.9, 1.2]))
    with pytest.raises(ValueError, match="then: 2 ages"):
        filled_share(np.ones(2), np.ones(3))
