"""Probability integral transform of counts: whether the whole forecast is honest.

Where forecasts are honest, the rank of what came among what was thought possible is uniform.
A U-shaped histogram means too narrow, a hump too wide, a slope a bias.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from metrics.quantiles import Floats
from metrics.states import State

LEAST_PER_BIN = 5.0  # expected; below it the chi-square distribution is no guide


@dataclass(frozen=True, slots=True)
class RankTest:
    """Departure of a histogram of ranks from uniform.

    ``histogram`` holds shares per bin, shape (B,), 1 / B each if honest; ``statistic`` is
    chi-square with B - 1 degrees of freedom, ``p_value`` its upper tail; both NaN where
    ``state`` is too_few.
    """

    histogram: Floats
    statistic: float
    p_value: float
    state: State


def rank_bounds(observed: ArrayLike, draws: ArrayLike) -> tuple[Floats, Floats]:
    """Place observations among draws from their forecast.

    Parameters
    ----------
    observed
        Later known counts, any shape S, finite.
    draws
        Draws, shape (*S, M), finite.

    Returns
    -------
    tuple
        Ends of the rank, shape S: draws below the observation over M + 1, and one more than
        the draws up to it over M + 1. They differ by ties and by 1 / (M + 1).

    Raises
    ------
    ValueError
        If shapes do not fit or a value is not finite; names it.
    """
    y, x = np.asarray(observed, dtype=np.float64), np.asarray(draws, dtype=np.float64)
    if x.ndim != y.ndim + 1 or x.shape[:-1] != y.shape or x.shape[-1] == 0:
        raise ValueError(f"draws: shape {x.shape}; observations have {y.shape}, draws come last")
    for name, values in (("observed", y), ("draws", x)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name}: {values[~np.isfinite(values)][0]}; values are finite")
    size = x.shape[-1] + 1.0
    below = (x < y[..., None]).sum(axis=-1) / size
    return below, ((x <= y[..., None]).sum(axis=-1) + 1) / size


def randomised_pit(below: ArrayLike, upto: ArrayLike, rng: np.random.Generator) -> Floats:
    """Draw the transform between its two ends; uniform where the forecast is honest.

    Parameters
    ----------
    below, upto
        Predictive probability of less than the observed count, and of no more; one shape,
        0 <= below <= upto <= 1. For draws: ``rank_bounds``.
    rng
        Source of the draw that breaks the jump.

    Returns
    -------
    Floats
        Same shape, 0 to 1.

    Raises
    ------
    ValueError
        If the ends are no probabilities in order; names the first pair.

    References
    ----------
    Czado, Gneiting & Held 2009, Biometrics 65:1254, doi:10.1111/j.1541-0420.2009.01191.x.
    """
    low, high = _checked(below, upto)
    return np.asarray(low + rng.random(low.shape) * (high - low))


def pit_histogram(below: ArrayLike, upto: ArrayLike, bins: int = 10) -> Floats:
    """Histogram of the transform without drawing: each count is spread over its jump.

    Parameters
    ----------
    below, upto
        As for ``randomised_pit``.
    bins
        Bins of equal width, B >= 2.

    Returns
    -------
    Floats
        Shares, shape (B,), adding up to 1; NaN without observations.

    Raises
    ------
    ValueError
        As there, or for fewer than two bins.

    References
    ----------
    Czado, Gneiting & Held 2009, Biometrics 65:1254, doi:10.1111/j.1541-0420.2009.01191.x.
    """
    low, high = (ends.ravel() for ends in _checked(below, upto))
    if bins < 2:
        raise ValueError(f"histogram of {bins} bins; at least 2 are needed")
    if low.size == 0:
        return np.full(bins, np.nan)
    edges = np.linspace(0, 1, bins + 1)[:, None]
    width = high - low
    reached = np.divide(edges - low, width, out=(edges > low).astype(np.float64), where=width > 0)
    reached[-1] = 1.0
    return np.diff(np.clip(reached, 0, 1).mean(axis=1))


def rank_test(pit: ArrayLike, *, bins: int = 10, design_effect: float = 1.0) -> RankTest:
    """Test whether transforms are uniform.

    Parameters
    ----------
    pit
        Values of ``randomised_pit``, any shape.
    bins
        Bins of equal width, at least 2.
    design_effect
        Variance over that of independent values, at least 1; the statistic is divided by it.
        Horizons of one forecast and neighbouring areas are not independent.

    Returns
    -------
    RankTest
        Too few where fewer than 5 effective values are expected per bin.

    Raises
    ------
    ValueError
        If a value lies outside 0 to 1, or bins or design effect are impossible; names it.

    References
    ----------
    Pearson's test; scaled as Rao & Scott 1984, Ann Stat 12:46, doi:10.1214/aos/1176346391.
    """
    values = np.asarray(pit, dtype=np.float64).ravel()
    if (wrong := values[~((values >= 0) & (values <= 1))]).size:
        raise ValueError(f"transform {wrong[0]}; it lies between 0 and 1")
    if bins < 2 or not 1 <= design_effect < np.inf:
        raise ValueError(f"{bins} bins, design effect {design_effect}; at least 2 and at least 1")
    found = np.bincount(np.minimum((values * bins).astype(np.int64), bins - 1), minlength=bins)
    due = values.size / bins
    shares = found / values.size if values.size else np.full(bins, np.nan)
    if due / design_effect < LEAST_PER_BIN:
        return RankTest(shares, np.nan, np.nan, State.TOO_FEW)
    statistic = float(((found - due) ** 2).sum() / due / design_effect)
    return RankTest(shares, statistic, float(chdtrc(bins - 1, statistic)), State.FINAL)


def _checked(below: ArrayLike, upto: ArrayLike) -> tuple[Floats, NDArray[np.float64]]:
    low, high = np.asarray(below, dtype=np.float64), np.asarray(upto, dtype=np.float64)
    if low.shape != high.shape:
        raise ValueError(f"ends of the transform: shapes {low.shape} and {high.shape} differ")
    wrong = np.flatnonzero(
        ~((low.ravel() >= 0) & (low.ravel() <= high.ravel()) & (high.ravel() <= 1))
    )
    if wrong.size:
        pair = low.ravel()[wrong[0]], high.ravel()[wrong[0]]
        raise ValueError(f"ends of the transform {pair}; they are probabilities in order")
    return low, high
