"""Delays by area and weekday of report, and their stretching."""

import numpy as np
import pytest
from scipy.optimize import minimize

from metrics.delays.completeness import observed_part, reverse_hazard_cdf
from metrics.delays.reporting_delay import (
    reporting_delay,
    scale_draws,
    scaled_pmf,
    share_known,
)
from metrics.states import State

H = np.arange(15)
PMF = (H + 0.5) * np.exp(-H / 2.5)
PMF = PMF / PMF.sum()
FLAT = np.ones(7)
WEEK = np.array([1.5, 1.3, 1.0, 1.0, 1.0, 0.8, 0.4])


def _triangle(
    rng: np.random.Generator, level: float, *, days: int = 60, week: np.ndarray = FLAT
) -> np.ndarray:
    weights = PMF * week[(np.arange(days)[:, None] + H) % 7]
    weights /= weights.sum(axis=1, keepdims=True)
    return np.stack([rng.multinomial(rng.poisson(level), w) for w in weights]).astype(float)


def _true_share(days: int, week: np.ndarray) -> np.ndarray:
    result = np.ones(days)
    for t in range(days):
        weights = PMF * week[(t + H) % 7]
        result[t] = weights[: days - t].sum() / weights.sum()
    return result


def test_without_weekdays_it_is_the_reverse_hazard() -> None:
    triangle = _triangle(np.random.default_rng(1), 50)
    delay = reporting_delay(triangle, weekday=False, training_days=60)
    cdf = reverse_hazard_cdf(observed_part(triangle))
    np.testing.assert_allclose(delay.pmf.cumsum(), cdf, atol=1e-12)


def test_the_fit_is_the_mode_of_the_likelihood() -> None:
    """Second route: the same Poisson model and priors by a general optimiser."""
    rng = np.random.default_rng(2)
    triangle = _triangle(rng, 40, days=40, week=WEEK)[:, :6]
    parent = np.full(6, 1 / 6)
    got = reporting_delay(triangle, parent=parent, training_days=40)
    t, d = np.nonzero(np.arange(40)[:, None] + np.arange(6) < 40)
    n, j = observed_part(triangle)[t, d], (t + d) % 7

    def loss(x: np.ndarray) -> float:
        log_p = x[40:46] - np.logaddexp.reduce(x[40:46])
        g = x[46:53] - np.log(np.exp(x[46:53]).mean())
        mu = x[t] + log_p[d] + g[j]
        prior = 50 * (parent @ log_p) + 50 * (g - np.exp(g)).sum()
        return float(np.exp(mu).sum() - n @ mu - prior)

    start = np.concatenate([np.full(40, 3.0), np.zeros(13)])
    fit = minimize(loss, start, method="L-BFGS-B", options={"maxiter": 3000, "maxfun": 10**6})
    pmf = np.exp(fit.x[40:46] - np.logaddexp.reduce(fit.x[40:46]))
    factors = np.exp(fit.x[46:53]) / np.exp(fit.x[46:53]).mean()
    np.testing.assert_allclose(got.pmf, pmf, atol=3e-3)
    np.testing.assert_allclose(got.weekday, factors, atol=1.5e-2)


def test_weekdays_of_report_change_the_share_known() -> None:
    triangle = _triangle(np.random.default_rng(3), 400, week=WEEK)
    truth = _true_share(60, WEEK)
    fitted = share_known(reporting_delay(triangle), 60)[:, 0, 0]
    blind = share_known(reporting_delay(triangle, weekday=False), 60)[:, 0, 0]
    assert np.abs(fitted - truth).max() < 0.02
    assert np.abs(blind - truth).max() > 0.03


def test_small_areas_lean_on_the_sum_of_all() -> None:
    rng = np.random.default_rng(4)
    large, small = _triangle(rng, 300), np.zeros((60, 15))
    small[20, 0] = 2.0
    both = reporting_delay(np.stack([large, small], axis=2))
    np.testing.assert_allclose(both.pmf[:, 1], both.pmf[:, 0], atol=0.05)
    assert both.own_weight[1] == pytest.approx(2 / 52, abs=0.04)
    labels = [State(int(code)).label for code in both.state]
    assert labels == ["final", "provisional"]


def test_batch_is_loop_and_order_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    tables = np.stack([_triangle(rng, m) for m in (5, 50, 200)], axis=2)
    parent = reporting_delay(tables.sum(axis=2))
    batch = reporting_delay(tables, parent=parent)
    for a in range(3):
        one = reporting_delay(tables[..., a], parent=parent)
        np.testing.assert_allclose(batch.pmf[:, a], one.pmf)
        np.testing.assert_allclose(batch.weekday[:, a], one.weekday)
    flipped = reporting_delay(tables[..., ::-1], parent=parent)
    np.testing.assert_allclose(flipped.pmf[:, ::-1], batch.pmf)


def test_short_history_takes_the_parent_or_says_nothing() -> None:
    short = _triangle(np.random.default_rng(6), 200, days=20)
    alone = reporting_delay(short)
    assert State(int(alone.state)) == State.TOO_FEW
    assert np.isnan(alone.pmf).all()
    assert np.isnan(share_known(alone, 20)[-1]).all()
    borrowed = reporting_delay(short, parent=PMF)
    assert State(int(borrowed.state)) == State.PROVISIONAL
    np.testing.assert_allclose(borrowed.pmf.cumsum(), PMF.cumsum(), atol=0.05)


def test_stretching_multiplies_the_mean_time() -> None:
    for scale in (0.7, 1.0, 1.15):
        stretched = scaled_pmf(PMF[:9] / PMF[:9].sum(), [scale])[:, 0, 0]
        assert stretched.sum() == pytest.approx(1)
        if scale <= 1:
            mean, before = stretched @ (H[:9] + 0.5), (PMF[:9] / PMF[:9].sum()) @ (H[:9] + 0.5)
            assert mean == pytest.approx(scale * before, rel=0.02)
    shares = share_known(
        reporting_delay(PMF[:9] * np.ones((30, 1)) * 9), 30, scale=[0.8, 1.0, 1.25]
    )
    assert (np.diff(shares[-5:, 0], axis=1) < 0).all()


def test_scale_draws_have_the_stated_spread_and_are_shared() -> None:
    draws = scale_draws(np.random.default_rng(7), 400, 0.2)
    assert np.log(draws).std() == pytest.approx(0.2, rel=0.05)
    assert draws.mean() == pytest.approx(1, abs=0.01)
    by_area = scale_draws(np.random.default_rng(7), 20, np.array([0.0, 0.1, 0.3]))
    assert by_area.shape == (3, 20)
    assert (by_area[0] == 1).all()
    deviation = np.log(by_area) + np.array([0.0, 0.1, 0.3])[:, None] ** 2 / 2
    np.testing.assert_allclose(deviation[2], 3 * deviation[1])


@pytest.mark.parametrize(
    ("parent", "message"),
    [
        (np.ones(4) / 4, r"parent's delay: shape \(4, 1\)"),
        (np.ones(15), "is no pmf"),
        (np.append(-0.5, np.full(14, 1.5 / 14)), "is no pmf"),
    ],
)
def test_an_unusable_parent_is_refused(parent: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reporting_delay(np.ones((40, 15)), parent=parent)


def test_unusable_counts_and_scales_are_refused() -> None:
    table = np.ones((40, 15, 2))
    table[3, 2, 1] = -1
    with pytest.raises(ValueError, match=r"reporting triangle\[3, 2, 1\]: -1.0 is no count"):
        reporting_delay(table)
    with pytest.raises(ValueError, match=r"delay scale 0.0"):
        scaled_pmf(PMF, [0.0])
