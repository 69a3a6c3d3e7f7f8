"""Who may be shown: judged on made-up forecasts whose worth is known."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from metrics.forecasts.innovation import Innovation
from metrics.forecasts.judgement import judge, relative_score
from metrics.forecasts.renewal import Course
from metrics.forecasts.rolling import PastForecasts, rolling_origin, up_to
from metrics.scores.interval_score import LEVELS, weighted_interval_score
from metrics.states import State
from metrics.transmission.reproduction import reproduction
from metrics.transmission.serial_interval import discretise_gamma

Floats = NDArray[np.float64]
PMF = discretise_gamma(5.0, 3.0, 30)


def past(
    rng: np.random.Generator, *, dates: int = 13, areas: int = 4, wide: float = 1.5, off: float = 0
) -> PastForecasts:
    """Normal values; the model is honest but for ``off``, the baseline ``wide`` times as wide."""
    shape = (dates, 14, areas)
    z = np.reshape(norm.ppf(LEVELS), (-1, 1, 1, 1))
    model = np.broadcast_to(100 + off + 10 * z, (23, *shape))
    return PastForecasts(
        origin_day=100 + 7 * np.arange(dates),
        levels=LEVELS,
        observed=rng.normal(100, 10, shape),
        model=model.copy(),
        baseline=np.broadcast_to(100 + 10 * wide * z, (23, *shape)).copy(),
        rated=np.ones((dates, areas), dtype=np.bool_),
        size=np.full((dates, areas), 100.0),
        innovations=(Innovation(0.03, 52.0, "own"),) * dates,
    )


def test_a_better_forecast_is_shown() -> None:
    first, _, second, _ = judge(past(np.random.default_rng(1), wide=3.0))
    assert (first.horizon, second.horizon) == ((1, 7), (8, 14))
    assert first.size is None
    assert (first.dates, first.forecasts) == (13, 13 * 7 * 4)
    assert first.relative_wis.value < first.relative_wis.high < 1
    assert first.state == second.state == State.FINAL
    np.testing.assert_allclose(first.coverage.inside.value, [0.5, 0.9, 0.95], atol=0.08)
    assert abs(first.bias) < 0.1


def test_the_ratio_is_the_geometric_mean_over_dates() -> None:
    given = past(np.random.default_rng(2))
    ratios: list[float] = []
    for i in range(13):
        scores = [
            weighted_interval_score(given.observed[i, 7:], q[:, i, 7:]).total.mean() + 0.01
            for q in (given.model, given.baseline)
        ]
        ratios.append(np.log(scores[0] / scores[1]))
    second = judge(given, sizes=(0, np.inf))[2]
    assert second.relative_wis.value == pytest.approx(np.exp(np.mean(ratios)))
    # Weekly dates: a fortnight's forecast is made anew before it has come to its end.
    overlapping = relative_score(np.exp(ratios) - 0.01, np.full(13, 0.99), overlap=1)
    assert second.relative_wis.high == pytest.approx(overlapping.high)


def test_forecasts_no_better_than_last_week_are_withheld() -> None:
    equal = past(np.random.default_rng(3), wide=1.0)
    (all_areas, *_) = judge(equal)
    assert all_areas.relative_wis.value == pytest.approx(1.0)
    biased = judge(past(np.random.default_rng(4), off=25.0))[0]
    assert biased.state == State.WITHHELD
    assert biased.bias > 0.8


def test_a_good_mean_over_doubtful_dates_is_withheld() -> None:
    ratios = np.exp(np.array([-0.9, 0.5] * 6 + [-0.9]))
    doubtful = relative_score(ratios, np.ones(13))
    assert doubtful.value < 1 < doubtful.high


def test_one_bad_month_does_not_withhold() -> None:
    rng = np.random.default_rng(5)
    given = past(rng, dates=13, wide=3.0)
    bad = given.model.copy()
    bad[:, 9:] = given.baseline[:, 9:] * 1.02
    assert judge(replace(given, model=bad))[0].state == State.FINAL
    four = judge(replace(given, model=bad), window_days=28)[0]
    assert four.state == State.TOO_FEW


def test_dates_of_fewer_than_twelve_weeks_are_too_few() -> None:
    rng = np.random.default_rng(6)
    assert judge(past(rng, dates=11, wide=3.0))[0].state == State.TOO_FEW
    assert judge(past(rng, dates=12, wide=3.0))[0].state == State.FINAL
    closer = past(rng, dates=28, wide=3.0)
    days = 100 + 3 * np.arange(28)
    assert judge(replace(closer, origin_day=days))[0].state == State.FINAL
    closer = past(rng, dates=27, wide=3.0)
    assert judge(replace(closer, origin_day=days[:27]))[0].state == State.TOO_FEW
    unrated = past(rng)
    none = judge(replace(unrated, rated=np.zeros_like(unrated.rated)))
    assert [j.state for j in none] == [State.TOO_FEW, State.TOO_FEW]
    assert np.isnan(none[0].relative_wis.value)
    assert np.isnan(none[0].bias)


def test_only_the_last_three_months_count() -> None:
    given = past(np.random.default_rng(7), dates=40)
    assert judge(given)[0].dates == 13
    assert judge(given, window_days=None)[0].dates == 40


def test_areas_are_judged_by_size_and_unrated_ones_left_out() -> None:
    given = past(np.random.default_rng(8))
    size = np.tile([2.0, 30.0, 30.0, 900.0], (13, 1))
    rated = given.rated.copy()
    rated[:, 3] = False
    holes = given.model.copy()
    holes[:, :, :, 3] = np.nan
    found = judge(replace(given, size=size, rated=rated, model=holes), horizons=((1, 7),))
    assert [j.size for j in found] == [None, (0.0, 10.0), (10.0, 50.0)]
    assert [j.forecasts for j in found] == [13 * 7 * n for n in (3, 1, 2)]


def test_two_forecasts_of_nothing_are_equal() -> None:
    nothing = relative_score(np.zeros(12), np.zeros(12))
    assert (nothing.value, nothing.high) == (1, 1)
    assert np.isnan(relative_score(np.zeros(0), np.zeros(0)).value)
    assert np.isnan(relative_score(np.ones(2), np.ones(2), overlap=1).low)


@pytest.mark.parametrize(("dates", "overlap"), [(13, 0), (13, 1), (60, 1)])
def test_the_range_covers_the_true_ratio(dates: int, overlap: int) -> None:
    """Errors of neighbouring dates are alike where horizons reach over the next date."""
    rng = np.random.default_rng(9)
    inside = []
    for _ in range(2_000):
        noise = rng.normal(0, 0.2, dates + overlap)
        ratio = np.exp(0.1 + (noise[1:] + noise[:-1] if overlap else noise))
        found = relative_score(ratio - 0.01 + 0.01 * ratio, np.ones(dates), overlap=overlap)
        inside.append(found.low <= np.exp(0.1) <= found.high)
    assert 0.92 <= np.mean(inside) <= 0.975


def epidemic(days: int) -> Floats:
    rng = np.random.default_rng(10)
    level = 60 * np.exp(0.4 * np.sin(np.arange(days)[:, None] / 15 + np.arange(3)))
    return rng.poisson(level).astype(float)


def test_a_day_more_leaves_past_forecasts_alone() -> None:
    cases, course = epidemic(168), Course(draws=60)
    earlier, later = (
        rolling_origin(
            cases[:days], PMF, axis="report", rng=np.random.default_rng(1), course=course
        )
        for days in (161, 168)
    )
    assert list(later.origin_day) == [*earlier.origin_day, 154]
    np.testing.assert_array_equal(later.model[:, :-1], earlier.model)
    np.testing.assert_array_equal(later.baseline[:, :-1], earlier.baseline)
    np.testing.assert_array_equal(later.observed[-1], cases[154:168])
    np.testing.assert_allclose(later.size[-1], cases[126:154].mean(axis=0))


def test_r_up_to_a_day_is_that_of_the_series_cut_there() -> None:
    cases = epidemic(90)
    whole, cut = reproduction(cases, cases, PMF), reproduction(cases[:60], cases[:60], PMF)
    np.testing.assert_array_equal(up_to(whole, 60).mean, cut.mean)
    with pytest.raises(ValueError, match="R on day 5: the first window ends on day 8"):
        up_to(whole, 5)


def test_a_series_too_short_has_no_origin() -> None:
    none = rolling_origin(epidemic(80), PMF, axis="report", rng=np.random.default_rng(1))
    assert none.origin_day.size == 0
    assert [j.state for j in judge(none)] == [State.TOO_FEW, State.TOO_FEW]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: judge(p, horizons=((1, 15),)), "horizon days 1 to 15; forecasts reach 1 to 14"),
        (lambda p: judge(p, horizons=((5, 4),)), "horizon days 5 to 4"),
        (lambda p: judge(p, sizes=(0.0, 0.0)), "they must rise"),
        (
            lambda p: rolling_origin(
                np.ones(90), PMF, axis="report", rng=np.random.default_rng(1), every=0
            ),
            "origins every 0 days",
        ),
    ],
)
def test_unusable_input_is_refused(call: Callable[[PastForecasts], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(past(np.random.default_rng(1)))
