"""Growth over imputations: what Rubin's rules give, and whether its range is honest."""

import numpy as np
import pytest
from scipy.stats import t as student

from metrics.states import State
from metrics.trend.growth import growth
from metrics.trend.stacked import stacked_growth


def draws(
    rng: np.random.Generator, late: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Forty days of two areas, the last ten incomplete: 20 ways they could end."""
    mean = 60 * np.exp(0.03 * np.arange(40))[:, None] * np.array([1.0, 0.5])
    counts = rng.poisson(mean)
    paths = np.repeat(counts[:, :, None], 20, axis=2).astype(float)
    stretch = np.exp(late * rng.normal(size=(1, 1, 20)))
    paths[-10:] = np.round(paths[-10:] * stretch)
    return paths


def test_equal_imputations_give_the_growth_of_one() -> None:
    same = draws(np.random.default_rng(1), late=0.0)
    one, stacked = growth(same[:, :, 0]), stacked_growth(same)
    assert stacked.rate_per_day == pytest.approx(one.rate_per_day)
    assert stacked.standard_error == pytest.approx(one.standard_error)
    # Small samples lose a little of their degrees of freedom: (13 / 15) of 12.
    factor = student.ppf(0.975, 12 * 13 / 15) / student.ppf(0.975, 12)
    assert stacked.high - stacked.rate_per_day == pytest.approx(
        (one.high - one.rate_per_day) * factor
    )


def test_variances_within_and_between_imputations_add_up() -> None:
    paths = draws(np.random.default_rng(2), late=0.3)
    fits = [growth(paths[:, 0, m]) for m in range(20)]
    rates = np.array([fit.rate_per_day[-1] for fit in fits])
    within = np.mean([fit.standard_error[-1] ** 2 for fit in fits])
    total = within + (1 + 1 / 20) * rates.var(ddof=1)
    found = stacked_growth(paths)
    assert found.rate_per_day[-1, 0] == pytest.approx(rates.mean())
    assert found.standard_error[-1, 0] == pytest.approx(np.sqrt(total))
    assert found.standard_error[-1, 0] > fits[0].standard_error[-1]


def test_areas_do_not_touch_each_other_and_the_last_windows_are_the_same() -> None:
    paths = draws(np.random.default_rng(3), late=0.2)
    both, alone = stacked_growth(paths, last=5), stacked_growth(paths[:, 1], last=5)
    assert both.t_end.tolist() == [36, 37, 38, 39, 40]
    assert both.low[:, 1] == pytest.approx(alone.low)
    assert alone.rate_per_day == pytest.approx(stacked_growth(paths[:, 1]).rate_per_day[-5:])


def test_a_window_is_no_better_than_its_worst_day() -> None:
    share = np.ones(40)
    share[-3:] = [0.95, 0.7, 0.4]
    found = stacked_growth(draws(np.random.default_rng(4), late=0.1)[:, 0], share=share)
    assert found.state[-4:].tolist() == [
        State.FINAL, State.FINAL, State.PROVISIONAL, State.HIDDEN,
    ]  # fmt: skip


def test_few_cases_tell_no_rate() -> None:
    few = np.zeros((40, 20))
    few[::9] = 1.0
    found = stacked_growth(few)
    assert (found.state == State.TOO_FEW).all()
    assert np.isnan(found.rate_per_day).all()


def test_unusable_draws_are_refused() -> None:
    with pytest.raises(ValueError, match=r"draws: shape \(40,\)"):
        stacked_growth(np.ones(40))
    with pytest.raises(ValueError, match="draws"):
        stacked_growth(np.full((40, 5), -1.0))
