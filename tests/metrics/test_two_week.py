"""Two-week growth and attack rate."""

import numpy as np
import pytest

from metrics.states import State
from metrics.trend.two_week import two_week


def test_growth_and_attack_rate_are_those_of_the_definition() -> None:
    cases = np.concatenate([np.full(14, 10.0), np.full(14, 15.0)])
    result = two_week(cases, 50_000)
    assert result.growth[-1] == pytest.approx(0.5)
    assert result.attack_per_100k[-1] == pytest.approx(15 / 50_000 * 1e5)
    assert result.growth_low[-1] < 0.5 < result.growth_high[-1]
    assert result.attack_low[-1] < 30 < result.attack_high[-1]
    assert result.state[-1] == State.FINAL


def test_days_without_enough_past_are_missing() -> None:
    result = two_week(np.full(30, 9.0), 1e5)
    assert (result.state[:27] == State.MISSING).all()
    assert np.isnan(result.growth[:27]).all()
    assert np.isnan(result.attack_per_100k[:13]).all()
    assert np.isfinite(result.attack_per_100k[13:]).all()
    assert (two_week(np.full(5, 9.0), 1e5).state == State.MISSING).all()


def test_an_empty_earlier_fortnight_has_no_growth_but_an_attack_rate() -> None:
    result = two_week(np.concatenate([np.zeros(14), np.full(14, 9.0)]), 1e5)
    assert np.isnan(result.growth[-1])
    assert result.state[-1] == State.TOO_FEW
    assert result.attack_per_100k[-1] == pytest.approx(9.0)


def test_a_mean_below_twenty_is_too_few_and_twenty_is_enough() -> None:
    few = np.zeros(28)
    few[[3, 17]] = [19.0, 20.0]
    enough = np.zeros(28)
    enough[[3, 17]] = 20.0
    assert two_week(few, 1e5).state[-1] == State.TOO_FEW
    assert two_week(few, 1e5).growth[-1] == pytest.approx(1 / 19)
    assert two_week(enough, 1e5).state[-1] == State.FINAL


def test_areas_stand_alone_and_zeros_hold_no_warning() -> None:
    cases = np.random.default_rng(1).poisson([0.0, 3.0, 30.0], (60, 3)).astype(float)
    batch = two_week(cases, [1e4, 1e5, 1e6])
    alone = two_week(cases[:, 1], 1e5)
    np.testing.assert_array_equal(batch.growth_low[:, 1], alone.growth_low)
    np.testing.assert_array_equal(batch.attack_per_100k[13:, 0], 0.0)


@pytest.mark.parametrize(("size", "share"), [(1e9, 0.2), (5.0, 0.2)])
def test_the_growth_interval_covers_the_true_ratio(size: float, share: float) -> None:
    rng = np.random.default_rng(8)
    mean = np.repeat([[30.0], [30.0 * (1 + share)]], 14, axis=0)
    noise = rng.gamma(size, 1 / size, (28, 3_000)) if size < 1e6 else 1.0
    result = two_week(rng.poisson(mean * noise, (28, 3_000)).astype(float), 1e5)
    inside = (result.growth_low[-1] <= share) & (share <= result.growth_high[-1])
    assert 0.92 <= inside.mean() <= 0.98


@pytest.mark.parametrize("population", [0, -5, np.nan, [1.0, 2.0]])
def test_an_unusable_population_is_refused(population: object) -> None:
    with pytest.raises(ValueError, match="population"):
        two_week(np.ones(30), population)  # type: ignore[arg-type]  # what users may pass
