"""Continuous ranked probability score: the whole forecast against the value that came."""

import numpy as np
from numpy.typing import ArrayLike

from metrics.quantiles import Floats, Levels
from metrics.scores.interval_score import LEVELS, checked_forecasts


def crps_of_draws(observed: ArrayLike, draws: ArrayLike, *, fair: bool = True) -> Floats:
    """Score draws from a forecast.

    Parameters
    ----------
    observed
        Later known values, any shape S, finite.
    draws
        Draws, shape (*S, M), finite.
    fair
        Whether M draws stand for the distribution behind them (M >= 2): the mean distance
        between draws is divided by M (M - 1), so that the expected score does not depend on
        M. Otherwise the draws are the forecast: divided by M².

    Returns
    -------
    Floats
        E|X - y| - E|X - X'| / 2, shape S, in the unit observed; less is better. The fair form
        can fall below 0.

    Raises
    ------
    ValueError
        If shapes do not fit or a value is not finite; names place and value.

    References
    ----------
    Gneiting & Raftery 2007, J Am Stat Assoc 102:359, doi:10.1198/016214506000001437.
    """
    y, x = np.asarray(observed, dtype=np.float64), np.asarray(draws, dtype=np.float64)
    least = 2 if fair else 1
    if x.ndim != y.ndim + 1 or x.shape[:-1] != y.shape or x.shape[-1] < least:
        raise ValueError(
            f"draws: shape {x.shape}; observations of shape {y.shape} need {(*y.shape, 'M')}"
            f" with M at least {least}"
        )
    for name, values in (("observed", y), ("draws", x)):
        if not np.isfinite(values).all():
            place = [int(i) for i in np.argwhere(~np.isfinite(values))[0]]
            raise ValueError(f"{name}{place}: {values[tuple(place)]}; values are finite")
    size = x.shape[-1]
    # Sorted, the i-th draw is the larger one of i - 1 pairs and the smaller one of M - i.
    rank = 2.0 * np.arange(1, size + 1) - size - 1.0
    pairs = (np.sort(x, axis=-1) * rank).sum(axis=-1) / (size * (size - least + 1))
    return np.asarray(np.abs(x - y[..., None]).mean(axis=-1) - pairs)


def crps_of_quantiles(observed: ArrayLike, quantiles: ArrayLike, levels: Levels = LEVELS) -> Floats:
    """Score predictive quantiles as the distribution that runs straight between them.

    Parameters
    ----------
    observed, quantiles, levels
        As for ``metrics.scores.interval_score.weighted_interval_score``. What lies beyond the
        outermost levels is put on the outermost quantiles.

    Returns
    -------
    Floats
        Integral of (F(x) - 1{x >= y})², exact for that distribution, shape of ``observed``.

    Raises
    ------
    ValueError
        As there.

    References
    ----------
    Gneiting & Raftery 2007, J Am Stat Assoc 102:359, doi:10.1198/016214506000001437.
    """
    y, q = checked_forecasts(observed, quantiles, levels)
    share = np.array(levels).reshape(-1, *[1] * y.ndim)
    score = np.maximum(q[0] - y, 0.0) + np.maximum(y - q[-1], 0.0)
    for i in range(len(levels) - 1):
        left, right, low, high = q[i], q[i + 1], share[i], share[i + 1]
        cut = np.clip(y, left, right)
        width = right - left
        part = np.divide(cut - left, width, out=np.zeros_like(width), where=width > 0)
        middle = low + part * (high - low)
        score += (cut - left) * (low**2 + low * middle + middle**2) / 3
        above, rest = 1 - middle, 1 - high
        score += (right - cut) * (above**2 + above * rest + rest**2) / 3
    return np.asarray(score)
