"""R over imputations: mixture of posteriors, states by completeness."""

from typing import Any

import numpy as np
import pytest

from metrics.states import State
from metrics.transmission.reproduction import reproduction
from metrics.transmission.serial_interval import discretise_gamma
from metrics.transmission.stacked import stacked_reproduction

PMF = discretise_gamma(5.0, 3.0, 30)


def _draws(m: int = 6, areas: int = 2) -> np.ndarray:
    return np.random.default_rng(41).poisson(40.0, (80, areas, m)).astype(float)


def test_equal_draws_give_the_plain_estimate() -> None:
    counts = _draws(1)
    same = np.repeat(counts, 5, axis=2)
    mixed, plain = (
        stacked_reproduction(same, same, PMF),
        reproduction(counts[..., 0], counts[..., 0], PMF),
    )
    for name in ("value", "low", "high", "p_above_1", "sd"):
        np.testing.assert_allclose(getattr(mixed, name), getattr(plain, name), rtol=1e-6)
    np.testing.assert_array_equal(mixed.state, plain.state)


def test_moments_are_pooled_within_and_between() -> None:
    counts = _draws()
    mixed = stacked_reproduction(counts, counts, PMF)
    each = [reproduction(counts[..., m], counts[..., m], PMF) for m in range(6)]
    means, sds = np.stack([r.mean for r in each]), np.stack([r.sd for r in each])
    np.testing.assert_allclose(mixed.mean, means.mean(axis=0))
    np.testing.assert_allclose(mixed.sd**2, (sds**2).mean(axis=0) + means.var(axis=0))


def test_each_imputation_may_have_its_own_serial_interval() -> None:
    counts = _draws(4)
    pmfs = np.stack([discretise_gamma(m, 3.0, 30) for m in (4.0, 5.0, 6.0, 7.0)])
    mixed = stacked_reproduction(counts, counts, pmfs)
    each = [reproduction(counts[..., m], counts[..., m], pmfs[m]).mean for m in range(4)]
    np.testing.assert_allclose(mixed.mean, np.mean(each, axis=0))


def test_a_window_is_no_better_than_its_worst_day() -> None:
    counts = _draws()
    share = np.ones((80, 2))
    share[-4:, 0] = 0.95, 0.85, 0.6, 0.3
    result = stacked_reproduction(counts, counts, PMF, share=share)
    labels = [State(int(code)).label for code in result.state[-4:, 0]]
    assert labels == ["final", "provisional", "provisional", "hidden"]
    assert (result.state[-4:, 1] == State.FINAL).all()


def test_one_series_and_its_batch_agree() -> None:
    counts = _draws()
    one = stacked_reproduction(counts[:, 0], counts[:, 0], PMF, last=10)
    both = stacked_reproduction(counts, counts, PMF, last=10)
    np.testing.assert_allclose(one.value, both.value[:, 0])


def test_areas_without_cases_are_too_few() -> None:
    counts = np.zeros((60, 1, 3))
    result = stacked_reproduction(counts, counts, PMF)
    assert (result.state == State.TOO_FEW).all()
    assert np.isfinite(result.value).all()


@pytest.mark.parametrize(
    ("local", "total", "options", "message"),
    [
        (np.ones(60), np.ones(60), {}, r"total: shape \(60,\)"),
        (np.ones((60, 2)), np.ones((60, 3)), {}, r"local: shape \(60, 2\)"),
        (-np.ones((60, 2)), -np.ones((60, 2)), {}, "-1.0 is no count"),
        (np.ones((60, 2)), np.ones((60, 2)), {"share": np.ones(59)}, r"share: shape \(59,\)"),
    ],
)
def test_unusable_input_is_refused(
    local: np.ndarray, total: np.ndarray, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        stacked_reproduction(local, total, PMF, **options)


def test_serial_intervals_and_imputations_must_agree() -> None:
    with pytest.raises(ValueError, match="serial intervals: 3 for 6 imputations"):
        stacked_reproduction(_draws(), _draws(), np.stack([PMF] * 3))
