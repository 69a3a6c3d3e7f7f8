"""Errors of past nowcasts: their size is found again, and a changed delay is noticed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from metrics.delays.nowcast import ALPHA, GROUPS
from metrics.delays.reporting_delay import SCALE_SD, scaled_pmf
from metrics.delays.retrospective import retrospective


def test_a_known_and_steady_delay_needs_little_widening(
    spread: Callable[..., Any], as_delay: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(31)
    result = retrospective(spread(rng, rng.poisson(200, (100, 20))), delay=as_delay())
    assert result.error.measured
    assert result.snapshots == 20
    assert np.median(result.error.scale_sd) < 0.03
    assert np.median(result.error.alpha[1]) < 0.005
    z = result.stretch / result.stretch_sd
    assert 0.8 < z.std() < 1.2
    assert result.warning.mean() <= 0.1


def test_the_spread_of_the_delay_is_found_again(
    spread: Callable[..., Any], delay_pmf: Any, as_delay: Callable[..., Any]
) -> None:
    """Areas whose delay differs from the assumed one by a factor with log sd 0.15."""
    rng = np.random.default_rng(32)
    scales = np.exp(0.15 * rng.normal(size=30))
    cases = rng.poisson(300, (90, 30))
    one_each = [
        spread(rng, cases[:, [a]], scaled_pmf(delay_pmf, [scales[a]])[:, 0, 0]) for a in range(30)
    ]
    result = retrospective(np.concatenate(one_each, axis=2), delay=as_delay())
    found = np.sqrt((result.error.scale_sd**2).mean())
    assert found == pytest.approx(np.sqrt((np.log(scales) ** 2).mean()), rel=0.25)


def test_reports_in_lumps_are_overdispersion(
    spread: Callable[..., Any], as_delay: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(33)
    table = spread(rng, rng.poisson(60, (100, 20)))
    lumps = rng.gamma(2.0, 0.5, table.shape)
    result = retrospective(rng.poisson(table * lumps).astype(float), delay=as_delay())
    assert np.median(result.error.alpha[2]) > 0.01


@pytest.mark.parametrize(("scale", "sign"), [(0.8, 1.0), (1.25, -1.0)])
def test_a_delay_taken_wrong_is_noticed_with_its_direction(
    spread: Callable[..., Any],
    delay_pmf: Any,
    as_delay: Callable[..., Any],
    scale: float,
    sign: float,
) -> None:
    rng = np.random.default_rng(34)
    wrong = as_delay(scaled_pmf(delay_pmf, [scale])[:, 0, 0])
    result = retrospective(spread(rng, rng.poisson(60, (90, 40))), delay=wrong)
    assert result.warning.mean() > 0.8
    assert (np.sign(result.drift) == sign).mean() > 0.95


@pytest.mark.parametrize("days", [6, 12])
def test_a_jump_of_the_level_is_no_change_of_the_delay(
    spread: Callable[..., Any], as_delay: Callable[..., Any], days: int
) -> None:
    """What came is compared with what was there, not with what a quiet level would bring."""
    rng = np.random.default_rng(38)
    level = np.where(np.arange(90) < 90 - days, 1.0, 30.0)
    table = spread(rng, rng.poisson(np.repeat(level[:, None], 60, axis=1)))
    assert retrospective(table, delay=as_delay()).warning.mean() <= 0.05


def test_an_area_without_delay_leaves_the_others_alone(
    spread: Callable[..., Any], as_delay: Callable[..., Any], delay_pmf: Any
) -> None:
    rng = np.random.default_rng(39)
    table = spread(rng, rng.poisson(60, (90, 2)))
    partly = as_delay(np.stack([delay_pmf, np.full_like(delay_pmf, np.nan)], axis=1))
    both = retrospective(table, delay=partly)
    alone = retrospective(table[..., 0], delay=as_delay())
    assert both.snapshots == alone.snapshots == 20
    np.testing.assert_allclose(both.drift[0], alone.drift)
    np.testing.assert_allclose(both.stretch[:10, 0], alone.stretch[:10], atol=0.02)
    assert np.isfinite(both.error.alpha).all()
    assert not both.warning[1]


def test_too_short_a_past_gives_prior_values(spread: Callable[..., Any], delay_pmf: Any) -> None:
    rng = np.random.default_rng(35)
    table = spread(rng, rng.poisson(60, (30, 1)))
    result = retrospective(table[..., 0], parent=delay_pmf)
    assert not result.error.measured
    assert float(result.error.scale_sd) == SCALE_SD
    assert (result.error.alpha == ALPHA).all()
    assert result.snapshots < 10


def test_batch_has_the_shapes_of_its_input(spread: Callable[..., Any]) -> None:
    rng = np.random.default_rng(36)
    table = spread(rng, rng.poisson(50, (100, 3)))
    many, one = retrospective(table), retrospective(table[..., 0])
    assert many.error.alpha.shape == (len(GROUPS), 3)
    assert many.drift.shape == (3,)
    assert one.error.alpha.shape == (len(GROUPS),)
    assert np.shape(one.drift) == ()
    flipped = retrospective(table[..., ::-1])
    np.testing.assert_allclose(flipped.drift[::-1], many.drift, rtol=1e-6)


def test_areas_may_share_the_delay_of_their_region(spread: Callable[..., Any]) -> None:
    rng = np.random.default_rng(37)
    table = spread(rng, rng.poisson(np.full((100, 6), [0.0, 0.3, 1, 3, 10, 30])))
    result = retrospective(table, source=table.sum(axis=2))
    assert np.isfinite(result.error.alpha).all()
    assert np.isfinite(result.drift_z).all()
    assert not result.warning[0]


def test_no_case_at_all_is_no_error(as_delay: Callable[..., Any]) -> None:
    result = retrospective(np.zeros((90, 29)), delay=as_delay())
    assert np.isfinite(result.error.alpha).all()
    assert not bool(result.warning)


def test_unusable_triangles_are_refused() -> None:
    with pytest.raises(ValueError, match=r"reporting triangle\[0, 0\]: -1.0"):
        retrospective(np.full((60, 29), -1.0))
