"""Ranges as they are printed: they agree with the chance beside them, and leave nothing out.

What is stored leaves R = 1 out exactly where the chance is above 97.5 or below 2.5 %. Printed,
that holds for every chance and range but those of which an end lies a billionth of a step beyond
1, which the estimators themselves do not tell from it. No whole percent is 97.5 or 2.5: 98 %
begins at 97.5 %, 2 % ends at 2.5 %. A written end of 1.00 stands for one further inside.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma

from kms.access.bands import EDGES, Banded, bands
from kms.access.disclosure import EXACT, DisclosureRule
from kms.access.figures import DECIMALS, EXPECTED, printed, printed_range, rounded
from kms.access.shown import STEPS, Shown, _in_steps, shown_figures
from kms.access.weeks import ShownCounts, shown_counts
from kms.domain.series import Series, make_series
from kms.reads.area import series_view
from kms.reads.views import Reading
from kms.rounding import nearest, outwards
from kms.texts import texts
from kms.wording import chance
from metrics.states import State

RULE = DisclosureRule()
START = date(2026, 1, 4)  # a Sunday
DAYS = 70
EN = texts("en")
LEVELS = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
COLUMNS = ("low", "low50", "value", "high50", "high")
NEAREST_TO_ONE = 1e-7  # ten billionths of the widest step
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


def drawn_counts(draw: np.random.Generator) -> ShownCounts:
    """Draw daily counts, from none or few a day to many."""
    size = np.exp(draw.uniform(-1.0, 5.0) + np.cumsum(draw.normal(0, 0.15, DAYS)))
    return shown_counts(make_series(START, draw.poisson(size).astype(float)), RULE, None)


def drawn_r(draw: np.random.Generator) -> tuple[Series, Series]:
    """Draw ranges of R, many with an end next to 1, and chances that agree with them."""
    p = np.where(draw.random(DAYS) < 0.5, draw.random(DAYS), draw.choice([0.02, 0.97], DAYS))
    p = np.clip(p + draw.normal(0, 0.005, DAYS), 1e-6, 1 - 1e-6)
    off = 10.0 ** draw.uniform(np.log10(NEAREST_TO_ONE), 1.2, DAYS)
    below = np.minimum(off, 0.999)
    low = np.where(p > EDGES[3], 1 + off, 1 - below)
    wide = 10.0 ** draw.uniform(-2, 1.3, DAYS)
    high = np.where(p < EDGES[0], 1 - below, np.maximum(low, 1.0) + wide)
    low = np.where(p < EDGES[0], high * draw.random(DAYS), low)
    inside = np.sort(low + (high - low) * draw.random((3, DAYS)), axis=0)
    columns = {"low": low, "high": high, "low50": inside[0], "high50": inside[2]}
    return make_series(START, inside[1], **columns), make_series(START, p)


def drawn_growth(draw: np.random.Generator) -> Series:
    """Draw ranges of growth, many with an end next to 0."""
    ends = np.sort(draw.normal(0, 10.0 ** draw.uniform(-4, -0.5), (3, DAYS)), axis=0)
    ends = np.where(draw.random((1, DAYS)) < 0.3, ends - ends[0] + 1e-6, ends)
    return make_series(START, ends[1], low=ends[0], high=ends[2])


def certain(label: str) -> int:
    """Return which side of 2.5 to 97.5 % a written chance lies on: -1, 0, 1."""
    if label in (">97.5%", ">99%"):
        return 1
    if label in ("<2.5%", "<1%"):
        return -1
    if "–" in label:
        return 0
    percent = float(label.removesuffix("%"))
    return int(percent > 97.5) - int(percent < 2.5)


def side(low: float, high: float, decimals: int = 2) -> int:
    """Return which side of 1 a range lies on as it is written."""
    ends = [float(end) for end in EN.between(low, high, decimals).split("–")]
    return int(ends[0] >= 1) - int(ends[1] <= 1)


def told(shown: Shown, place: int) -> str:
    """Return a chance as it is written."""
    value = float(shown.series.value[place])
    banded = shown.series.state[place] == State.SUPPRESSED
    return chance(EN, Banded(value) if banded else value)


@pytest.mark.parametrize("rule", [RULE, EXACT], ids=["public", "exact"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_written_range_leaves_one_out_where_the_written_chance_is_certain(
    rule: DisclosureRule, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    counts, (r, p) = drawn_counts(draw), drawn_r(draw)
    ranges = shown_figures(r, counts, "r_t", rule)
    chances = shown_figures(p, counts, "p_r_above_1", rule)
    plain = series_view(ranges.series)
    assert ranges.origin.tolist() == chances.origin.tolist()
    for place in range(DAYS):
        low, high = ranges.series.low[place], ranges.series.high[place]
        assert np.isfinite(low) == np.isfinite(chances.series.value[place])
        if np.isfinite(low):
            assert side(low, high) == certain(told(chances, place))
            on_page = plain.low[place], plain.high[place]
            assert side(*on_page) == side(low, high)  # type: ignore[arg-type]  # never None


def test_every_chance_agrees_with_every_range_beside_it() -> None:
    """The whole grid: each tenth of a permille of the chance, and ends in each step next to 1."""
    chances = np.arange(1, 10_000) / 10_000
    for few in (False, True):
        written = bands(chances) if few else printed("p_r_above_1", chances)
        for p, shown in zip(chances, written, strict=True):
            of = certain(chance(EN, Banded(shown) if few else float(shown)))
            assert of == int(p >= EDGES[3]) - int(p <= EDGES[0])
            assert few or of == certain(chance(EN, float(p)))
    ends = 1 + np.array([-0.5, -0.0101, -0.01, -0.0099, -0.004, -1e-7, 0, 1e-7, 0.004, 0.01, 0.5])
    for low in ends:
        for high in ends[ends > low]:
            exact = int(low >= 1) - int(high <= 1)
            least, most = printed_range("r_t", low, high)
            assert exact == side(low, high) == side(float(least), float(most))
            for step in STEPS:
                least, most = outwards(low, high, 1 / step, through=1.0)
                assert exact == side(max(float(least), 0.0), float(most))


@pytest.mark.parametrize("indicator", ["r_t", "growth_rate_per_day", "doubling_time_days"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_public_range_holds_its_value_and_the_exact_range(indicator: str, seed: int) -> None:
    draw = np.random.default_rng(seed)
    counts, exact, neutral = drawn_counts(draw), drawn_growth(draw), 0.0
    if indicator == "r_t":
        exact, neutral = drawn_r(draw)[0], 1.0
    if indicator == "doubling_time_days":
        apart = (exact.low > 0) | (exact.high < 0)
        days = [np.where(apart, np.log(2) / getattr(exact, n), np.nan) for n in COLUMNS[::2]]
        exact = make_series(START, days[1], low=days[2], high=days[0])
    shown = shown_figures(exact, counts, indicator, RULE)
    at, public = shown.origin, shown.series
    kept = np.isfinite(public.value)
    unbounded = indicator == "doubling_time_days"
    for name, sign in (("low", 1), ("high", -1), ("low50", 1), ("high50", -1)):
        end, known = getattr(public, name)[kept], getattr(exact, name)[at][kept]
        open_end = np.isnan(end) & (unbounded | np.isnan(known))
        slack = 1e-9
        assert (open_end | (sign * (known - end) >= -slack)).all()
        assert (open_end | (sign * (public.value[kept] - end) >= -slack)).all()
        if not unbounded:
            assert np.array_equal(sign * (end - neutral) >= 0, sign * (known - neutral) >= 0)
    assert not (public.low[kept & (exact.low[at] >= 0)] < 0).any()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_figure_of_which_a_range_is_printed_keeps_all_of_it(seed: int) -> None:
    draw = np.random.default_rng(seed)
    ends = np.sort(draw.normal(0, 10.0 ** draw.uniform(-4, 3), (5, DAYS)), axis=0)
    series = make_series(START, ends[2], low=ends[0], low50=ends[1], high50=ends[3], high=ends[4])
    for indicator in (*DECIMALS.keys() - EXPECTED, "adar_per_100k", "not_met.ppe", "cfr"):
        found = rounded(series, indicator)
        assert (found.low <= series.low + 1e-9).all()
        assert (found.high >= series.high - 1e-9).all()
        assert (np.diff([getattr(found, name) for name in COLUMNS], axis=0) >= 0).all()
        again = rounded(found, indicator)
        assert np.array_equal(found.low, again.low)
        assert np.array_equal(found.high, again.high)


def test_steps_run_through_no_change_however_wide_a_range_is() -> None:
    source = {name: np.array([end]) for name, end in zip(COLUMNS, (0.9, 5, 9, 20, 45), strict=True)}
    found = _in_steps(source, 1.0, inverse=False)
    assert [float(found[name][0]) for name in COLUMNS] == [0.0, 1.0, 11.0, 21.0, 46.0]


def test_counts_to_come_are_rounded_as_their_value_is() -> None:
    """Beside a value rounded to the nearest, ends rounded outwards would halve its interval."""
    known = np.arange(8.0, 78.0)
    counts = shown_counts(make_series(START, known), RULE, None)
    nowcast = make_series(START, known, low=known, high=known, state=float(State.PROVISIONAL))
    public = shown_figures(nowcast, counts, "nowcast_cases", RULE).series
    assert np.array_equal(public.low, public.value)
    assert np.array_equal(public.high, public.value)
    assert public.value.tolist() == [RULE.count(int(n)) for n in known]


def test_few_cases_that_surely_grow_are_rising_whether_a_low_end_is_rounded_or_not() -> None:
    state, on = "final", START
    assert Reading(0.03, 0.004, 0.06, state, on).is_positive
    assert Reading(0.03, 0.0, 0.06, state, on).is_positive
    assert not Reading(0.03, -0.01, 0.06, state, on).is_positive
    assert not Reading(0.0, 0.0, 0.0, state, on).is_positive
    assert not Reading(None, None, None, state, on).is_positive


def left_over(draw: np.random.Generator, *, outward: bool) -> int:
    """Draw a range of few cases; count how many numbers of cases it leaves, however attacked.

    The attacker knows how R's range is made from the cases (no real one knows how clustered they
    are), and uses all five quantiles and the band of the chance.
    """
    cases, candidates = int(draw.integers(11, 99)), np.arange(8, 101)
    scale = np.exp(draw.normal(0, 0.5)) / (1 + cases)
    ends = gamma.ppf(LEVELS, 1 + cases) * scale
    source = {name: np.array([end]) for name, end in zip(COLUMNS, ends, strict=True)}
    step = STEPS[np.searchsorted(STEPS, (ends[4] - ends[0]) / 10)]
    if outward:
        shown = np.array([_in_steps(source, 1.0, inverse=False)[name][0] for name in COLUMNS])
        least = shown - np.array([0, 0, 0.5, 1, 1]) * step
    else:
        least = nearest(ends, 1 / step) - step / 2
    of_one = gamma.ppf(LEVELS[:, None], 1 + candidates)
    smallest = (np.maximum(least, 1e-9)[:, None] / of_one).max(axis=0)
    largest = ((least + step)[:, None] / of_one).min(axis=0)
    edges = np.array([0, *EDGES, 1])
    band = np.searchsorted(EDGES, gamma.sf(1, 1 + cases, scale=scale), side="right")
    possible = smallest <= largest
    possible &= gamma.sf(1, 1 + candidates, scale=largest) >= edges[band]
    possible &= gamma.sf(1, 1 + candidates, scale=smallest) <= edges[band + 1]
    assert possible[candidates == cases].all(), "the attack itself is wrong"
    return int(possible.sum())


def test_ranges_rounded_outwards_tell_no_more_of_few_cases_than_to_the_nearest() -> None:
    left = {
        outward: np.array(
            [left_over(np.random.default_rng(seed), outward=outward) for seed in range(300)]
        )
        for outward in (True, False)
    }
    means = {outward: found.mean() for outward, found in left.items()}
    print(f"numbers of cases left: {means[True]:.1f} outwards, {means[False]:.1f} to the nearest")
    assert left[True].min() > 1
    assert means[True] > 0.95 * means[False]
