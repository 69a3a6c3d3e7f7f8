"""Window lengths chosen by infectiousness: long where little is known, never by the outcome."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from metrics.states import State
from metrics.transmission.infectivity import infectivity
from metrics.transmission.reproduction import Reproduction, reproduction
from metrics.transmission.serial_interval import discretise_gamma
from metrics.transmission.windows import (
    checked_lengths,
    choose_windows,
    has_history,
    window_totals,
)

Floats = NDArray[np.float64]
PMF = discretise_gamma(5.0, 3.0, 30)
FIELDS = ("window_days", "value", "low", "high", "p_above_1", "expected", "cases", "state")
counts = arrays(np.float64, (60, 3), elements=st.integers(0, 6).map(float))


def of(cases: Floats, **options: Any) -> Reproduction:
    return reproduction(cases, cases, PMF, windows=(7, 14), **options)


def chosen(*rows: tuple[float, ...]) -> list[int]:
    """Choice for one area, one row a candidate."""
    return [int(i) for i in choose_windows(np.array(rows)[:, :, None])[:, 0]]


@pytest.mark.parametrize(
    ("short", "long", "expected"),
    [
        ((20.0, 20.0), (40.0, 40.0), [0, 0]),
        ((8.0, 8.0), (16.0, 16.0), [1, 1]),
        ((2.0, 2.0), (5.0, 5.0), [1, 1]),  # not enough anywhere: the longest
        ((20.0, 10.9, 12.0, 13.1, 13.2), (30.0,) * 5, [0, 1, 1, 1, 0]),  # back at 11 x 1.2
        ((12.0, 11.0, 12.0), (30.0,) * 3, [0, 0, 0]),
        ((8.0, 8.0, 8.0), (np.nan, np.nan, 9.0), [0, 0, 1]),  # does not fit yet
    ],
)
def test_the_shortest_window_with_enough_is_taken(
    short: tuple[float, ...], long: tuple[float, ...], expected: list[int]
) -> None:
    assert chosen(short, long) == expected


def test_a_shorter_window_is_taken_back_step_by_step() -> None:
    assert chosen((1.0, 12.0, 14.0), (2.0, 13.0, 28.0), (12.0, 40.0, 60.0)) == [2, 2, 0]
    assert chosen((1.0, 5.0), (2.0, 13.3), (12.0, 40.0)) == [2, 1]


def test_totals_are_the_sums_over_each_window() -> None:
    values = np.arange(12.0)[:, None]
    totals = window_totals(values, (3, 5))[:, :, 0]
    assert totals.shape == (2, 9)
    assert totals[0, 0] == 1 + 2 + 3  # the first day is in no window
    assert np.isnan(totals[1, :2]).all()
    assert totals[1, 2] == 1 + 2 + 3 + 4 + 5
    assert totals[1, -1] == values[-5:].sum()


def test_each_cell_is_the_estimate_of_the_window_it_names() -> None:
    rng = np.random.default_rng(4)
    cases = rng.poisson(np.repeat(np.linspace(0.5, 4.0, 90)[:, None], 5, axis=1)).astype(float)
    adaptive = of(cases, weekday=False)
    assert {7, 14} == set(np.unique(adaptive.window_days))
    past = infectivity(cases, PMF)
    for t, a in np.ndindex(adaptive.window_days.shape):
        end, days = adaptive.t_end[t], adaptive.window_days[t, a]
        assert adaptive.t_start[t, a] == end - days + 1
        span = slice(end - days, end)
        assert adaptive.cases[t, a] == cases[span, a].sum()
        assert adaptive.expected[t, a] == pytest.approx(past[span, a].sum())
    few = (adaptive.expected / adaptive.phi < 11) & (adaptive.state == State.FINAL)
    assert not few.any()


def test_one_length_is_the_fixed_window() -> None:
    cases = np.random.default_rng(6).poisson(3.0, (80, 4)).astype(float)
    fixed, chosen_one = (
        reproduction(cases, cases, PMF),
        reproduction(cases, cases, PMF, windows=[7]),
    )
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(fixed, name), getattr(chosen_one, name))


@given(counts)
@settings(max_examples=25, deadline=None)
def test_batch_order_and_later_days_change_nothing(cases: Floats) -> None:
    whole, turned, before = of(cases), of(cases[:, ::-1]), of(cases[:-1])
    few = of(cases, last=9)
    for name in FIELDS:
        values = getattr(whole, name)
        np.testing.assert_array_equal(getattr(turned, name)[:, ::-1], values)
        np.testing.assert_array_equal(getattr(before, name), values[:-1])
        np.testing.assert_array_equal(getattr(few, name), values[-9:])
        np.testing.assert_array_equal(getattr(of(cases[:, 1]), name), values[:, 1])


def test_longer_windows_rate_small_areas_and_do_not_bend_the_estimate(
    epidemic: Callable[..., Any],
) -> None:
    sim = epidemic(series=400, level=1.0, held=True, seed=5)
    short = reproduction(sim.cases - sim.imported, sim.cases, sim.pmf)
    longer = reproduction(sim.cases - sim.imported, sim.cases, sim.pmf, windows=(7, 14))
    final = longer.state[60:] == State.FINAL
    assert final.mean() > 3 * (short.state[60:] == State.FINAL).mean()
    assert abs(np.median(np.log(longer.value[60:][final]))) < 0.12


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ((), r"windows \(\): give one length or several rising ones"),
        ((14, 7), r"windows \(14, 7\): give one length or several rising ones"),
        ((7, 7), r"windows \(7, 7\)"),
        ((1, 7), "window 1 days: with 30 days of data it must be 2 to 29"),
        ((30, 40), "window 30 days: with 30 days of data it must be 2 to 29"),
    ],
)
def test_lengths_that_cannot_be_chosen_from_are_refused(
    lengths: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        checked_lengths(lengths, 30)


def test_cases_before_the_first_day_are_not_taken_for_none() -> None:
    pmf = discretise_gamma(5.0, 3.0, 40)
    steady = np.full(60, 100.0)
    found = reproduction(steady, steady, pmf)
    assert found.value[0] > 1.7  # the textbook's figure, from one day of history
    told = found.state == State.FINAL
    assert not told[: np.searchsorted(np.cumsum(pmf), 0.95) - 1].any()
    assert told[14:].all()
    assert np.abs(found.value[told] - 1).max() < 0.01
    two = np.stack([pmf, discretise_gamma(8.0, 4.0, 40)])
    starts = np.arange(2, 40)
    both = has_history(starts, two)
    assert (both == (has_history(starts, two[0]) & has_history(starts, two[1]))).all()
