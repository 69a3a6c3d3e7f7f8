"""The published nowcast: closed forms, small counts, properties."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import nbinom

from metrics.delays.nowcast import GROUPS, NowcastError, complete_draws, nowcast
from metrics.delays.reporting_delay import reporting_delay, scale_draws, share_known
from metrics.delays.unreported import (
    PRIOR_SHAPE,
    Unreported,
    mixture_quantiles,
    recent_level,
    unreported,
)
from metrics.states import State

NO_ERROR = NowcastError(np.zeros(len(GROUPS)), np.array(0.0), measured=True)


@pytest.mark.parametrize("level", [0.05, 0.2, 1.0, 5.0])
def test_sums_over_many_areas_are_right_at_small_counts(
    spread: Callable[..., Any], seen: Callable[..., Any], as_delay: Callable[..., Any], level: float
) -> None:
    """A flat prior makes 15 times the truth of 0.2 cases a day."""
    rng = np.random.default_rng(20)
    areas = 1_500
    # Real areas differ: a fixed level for each, about the mean.
    truth = rng.poisson(level * rng.gamma(4, 0.25, areas), (70, areas)).astype(float)
    result = nowcast(seen(spread(rng, truth)), as_delay(), error=NO_ERROR)
    recent = slice(-10, -2)  # a fifth and more is known
    assert result.share[-3, 0] > 0.2
    expected, noise = truth[recent].sum(), np.sqrt(truth[recent].sum())
    assert abs(result.value[recent].sum() / expected - 1) < 0.02 + 1.0 * noise / expected
    flat = (result.observed + 1 - result.share) / result.share
    if level < 1:
        assert flat[recent].sum() > 3 * expected


def test_the_posterior_is_that_of_a_brute_force_sum() -> None:
    """Second route: sum over intensities and totals on a grid."""
    x, share, level = 3.0, 0.3, 8.0
    grid = np.linspace(1e-4, 200, 400_000)
    log_prior = (PRIOR_SHAPE - 1) * np.log(grid) - PRIOR_SHAPE / level * grid
    weight = np.exp(log_prior + x * np.log(grid * share) - grid * share)
    weight /= weight.sum()
    part = unreported(np.array(x), np.array(share), np.array(level))
    to_come = grid * (1 - share)
    mean = weight @ to_come
    variance = weight @ to_come + weight @ to_come**2 - mean**2
    assert float(part.mean) == pytest.approx(mean, rel=1e-3)
    assert float(part.mean / part.success) == pytest.approx(variance, rel=1e-3)
    assert float(part.size) == pytest.approx(PRIOR_SHAPE + x)


def test_quantiles_are_those_of_the_negative_binomial() -> None:
    rng = np.random.default_rng(21)
    mean = np.exp(rng.uniform(-4, 9, 200))
    parts = Unreported(mean[:, None], rng.uniform(0.02, 0.98, (200, 1)))
    levels = np.array([0.01, 0.025, 0.5, 0.975, 0.99])
    got = mixture_quantiles(parts, np.ones(1), levels)
    expected = nbinom.ppf(levels[:, None], parts.size[:, 0], parts.success[:, 0])
    np.testing.assert_array_equal(got, expected)


def test_mixture_quantiles_are_those_of_many_draws() -> None:
    rng = np.random.default_rng(22)
    parts = Unreported(np.array([[5.0, 20.0, 60.0]]), np.array([[0.5, 0.3, 0.2]]))
    weights = np.array([0.2, 0.5, 0.3])
    which = rng.choice(3, 400_000, p=weights)
    draws = rng.negative_binomial(parts.size[0][which], parts.success[0][which])
    levels = np.array([0.05, 0.5, 0.95])
    got = mixture_quantiles(parts, weights, levels)[:, 0]
    np.testing.assert_allclose(got, np.quantile(draws, levels), atol=1)


def test_draws_and_quantiles_tell_the_same(
    spread: Callable[..., Any], seen: Callable[..., Any], as_delay: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(23)
    truth = np.full((70, 2), 40.0)
    observed = seen(spread(rng, truth))
    error = NowcastError(np.full(5, 0.05), np.array(0.15), measured=True)
    result = nowcast(observed, as_delay(), error=error)
    draws = complete_draws(observed, as_delay(), scale_draws(rng, 4_000, 0.15), rng, error=error)
    assert (draws >= observed[..., None]).all()
    np.testing.assert_allclose(draws[-8:].mean(axis=2), result.value[-8:], rtol=0.05)
    np.testing.assert_allclose(
        np.quantile(draws[-8:], 0.975, axis=2), result.high[-8:], rtol=0.08, atol=2
    )


def test_days_of_one_draw_share_the_delay(
    spread: Callable[..., Any], seen: Callable[..., Any], as_delay: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(24)
    observed = seen(spread(rng, np.full((70, 2), 2_000.0)))
    scale = scale_draws(rng, 200, 0.2)
    draws = complete_draws(observed, as_delay(), scale, rng, error=NO_ERROR)
    for one, other in ((draws[-4, 0], draws[-6, 0]), (draws[-4, 0], draws[-4, 1])):
        assert np.corrcoef(one, other)[0, 1] > 0.9


def test_states_follow_completeness_and_what_is_known_of_errors(
    spread: Callable[..., Any], seen: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(25)
    triangle = spread(rng, np.full((90, 1), 60.0))
    delay = reporting_delay(triangle)
    sure = nowcast(seen(triangle), delay, error=NO_ERROR)
    assert {State(int(c)).label for c in sure.state[:60, 0]} == {"final"}
    at = sure.share[:, 0]
    assert (sure.state[at < 0.5, 0] == State.HIDDEN).all()
    assert (sure.state[(at >= 0.5) & (at < 0.9), 0] == State.PROVISIONAL).all()
    unsure = nowcast(seen(triangle), delay)
    assert (unsure.state[(at >= 0.9) & (at < 1), 0] == State.PROVISIONAL).all()
    assert (unsure.high - unsure.low)[-5, 0] > (sure.high - sure.low)[-5, 0]
    blind = nowcast(seen(triangle)[:20], reporting_delay(triangle[:20]))
    assert (blind.state == State.HIDDEN).all()
    assert np.isnan(blind.value).all()


def test_batch_is_loop_order_does_not_matter_and_zeros_stay_small(
    spread: Callable[..., Any], seen: Callable[..., Any], as_delay: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(26)
    truth = rng.poisson(np.full((70, 3), [0.0, 5.0, 100.0])).astype(float)
    observed = seen(spread(rng, truth))
    batch = nowcast(observed, as_delay(), parent_level=[0.1, 5.0, 100.0])
    for a, level in enumerate((0.1, 5.0, 100.0)):
        one = nowcast(observed[:, a], as_delay(), parent_level=[level])
        np.testing.assert_allclose(one.value, batch.value[:, a])
        np.testing.assert_allclose(one.high, batch.high[:, a])
    flipped = nowcast(observed[:, ::-1], as_delay(), parent_level=[100.0, 5.0, 0.1])
    np.testing.assert_array_equal(flipped.value[:, ::-1], batch.value)
    assert batch.value[:, 0].sum() < 1
    for name in ("low", "q25", "median", "q75", "high"):
        assert np.isfinite(getattr(batch, name)).all()
    assert (batch.low <= batch.value).all()
    assert (batch.value <= batch.high).all()


def test_quantiles_of_any_level_come_along(as_delay: Callable[..., Any]) -> None:
    observed = np.full(60, 20.0)
    result = nowcast(observed, as_delay(), levels=(0.1, 0.5, 0.9))
    assert result.levels == (0.1, 0.5, 0.9)
    assert result.quantiles.shape == (3, 60)
    np.testing.assert_array_equal(result.quantiles[1], result.median)


def test_the_course_of_the_parent_reaches_a_small_area(as_delay: Callable[..., Any]) -> None:
    observed = np.zeros((60, 1))
    observed[:50] = 1.0
    doubled = np.where(np.arange(60) >= 50, 2.0, 1.0)
    plain = nowcast(observed, as_delay(), error=NO_ERROR)
    lifted = nowcast(observed, as_delay(), error=NO_ERROR, course=doubled)
    assert lifted.value[-1, 0] > 1.5 * plain.value[-1, 0]


def test_the_level_is_that_of_complete_days(as_delay: Callable[..., Any]) -> None:
    share = share_known(as_delay(), 60)[:, :, 0]
    observed = np.full((60, 1), 30.0)
    observed[share[:, 0] < 0.9] = 0.0
    assert recent_level(observed, share)[0] == pytest.approx(30, rel=0.05)


@pytest.mark.parametrize(("quiet", "outbreak"), [(0.05, 30.0), (1.0, 20.0), (5.0, 50.0)])
@pytest.mark.parametrize("days", [6, 12])
def test_an_outbreak_in_a_quiet_area_is_seen(
    spread: Callable[..., Any],
    seen: Callable[..., Any],
    as_delay: Callable[..., Any],
    quiet: float,
    outbreak: float,
    days: int,
) -> None:
    """The last complete days lie before it; a range about their level missed it."""
    rng = np.random.default_rng(28)
    pmf = np.diff(1 - np.exp(-((np.arange(30) / 8.0) ** 1.5)))
    delay = as_delay(pmf / pmf.sum())
    level = np.where(np.arange(80) < 80 - days, quiet, outbreak)
    truth = rng.poisson(np.repeat(level[:, None], 150, axis=1)).astype(float)
    observed = seen(spread(rng, truth, delay.pmf))
    result = nowcast(observed, delay, error=NO_ERROR)
    due = (result.share[:, 0] >= 0.2) & (np.arange(80) >= 80 - days)
    inside = (result.low <= truth) & (truth <= result.high)
    assert inside[due].mean(axis=1).min() >= 0.9
    assert result.value[due].sum() == pytest.approx(truth[due].sum(), rel=0.05)
    draws = complete_draws(observed, delay, np.ones(40), rng, error=NO_ERROR)
    assert draws[due].mean() == pytest.approx(result.value[due].mean(), rel=0.02)


def test_a_rise_the_course_expects_is_not_counted_twice(as_delay: Callable[..., Any]) -> None:
    share = share_known(as_delay(), 60)[:, :, 0]
    course = np.where(share < 0.9, 20.0, 1.0)
    observed = np.round(2.0 * course * share)
    assert recent_level(observed, share, course=course)[0] == pytest.approx(2, rel=0.1)
    assert recent_level(observed, share)[0] == pytest.approx(40, rel=0.1)


def test_an_area_without_delay_leaves_the_others_alone(
    spread: Callable[..., Any], seen: Callable[..., Any], delay_pmf: Any
) -> None:
    rng = np.random.default_rng(29)
    # 20 days are too few for an own delay: what is not borrowed is unknown.
    triangle = spread(rng, np.full((20, 3), 60.0))
    parents = np.repeat(delay_pmf[:, None], 3, axis=1)
    parents[:, 1] = np.nan
    delay = reporting_delay(triangle, parent=parents)
    labels = [State(int(code)).label for code in delay.state]
    assert labels == ["provisional", "too_few", "provisional"]
    others = reporting_delay(triangle[..., [0, 2]], parent=delay_pmf)
    np.testing.assert_array_equal(delay.pmf[:, [0, 2]], others.pmf)
    result = nowcast(seen(triangle), delay)
    expected = nowcast(seen(triangle)[:, [0, 2]], others)
    np.testing.assert_array_equal(result.value[:, [0, 2]], expected.value)
    np.testing.assert_array_equal(result.high[:, [0, 2]], expected.high)
    assert (result.state[:, 1] == State.HIDDEN).all()
    assert np.isnan(result.value[:, 1]).all()


def test_a_list_that_has_just_begun_is_not_taken_for_quiet(as_delay: Callable[..., Any]) -> None:
    share = share_known(as_delay(), 6)[:, 0, 0]
    assert (share < 0.9).all()
    result = nowcast(np.round(200 * share), as_delay(), error=NO_ERROR)
    np.testing.assert_allclose(result.value, 200, rtol=0.1)


@pytest.mark.parametrize(
    ("observed", "options", "message"),
    [
        ([1.0, -1.0], {}, r"observed\[1\]: -1.0"),
        ([1.0, np.nan], {}, r"observed\[1\]: nan"),
        (np.ones(5), {"levels": (1.0,)}, "quantile level 1.0"),
        (np.ones(5), {"course": np.ones(4)}, r"course: shape \(4, 1\)"),
        (np.ones(5), {"course": [1, 1, -1, 1, 1]}, "least -1.0"),
    ],
)
def test_unusable_input_is_refused(
    as_delay: Callable[..., Any], observed: object, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        nowcast(observed, as_delay(), **options)  # type: ignore[arg-type]  # what users may pass


def test_areas_and_draws_must_agree(
    spread: Callable[..., Any], as_delay: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(27)
    delay = reporting_delay(spread(rng, np.full((60, 2), 30.0)))
    with pytest.raises(ValueError, match="delay: of 2 areas; the counts have 3"):
        nowcast(np.ones((60, 3)), delay)
    with pytest.raises(ValueError, match=r"observed: shape \(60, 3, 4\)"):
        complete_draws(np.ones((60, 3, 4)), as_delay(), np.ones(5), rng)
    orphan = reporting_delay(np.ones((20, 29)))
    with pytest.raises(ValueError, match="delay: unknown"):
        complete_draws(np.ones((20, 1)), orphan, np.ones(5), rng)
