"""Weighted interval score: how far forecasts lay from what came, in units of cases.

A proper score: nobody gains by stating a narrower or a wider range than believed. It splits
into the price of width and the price of lying above or below, so that it can be read.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from metrics.quantiles import Floats, Levels, checked_levels

LEVELS: Levels = (0.01, 0.025, *(step / 20 for step in range(1, 20)), 0.975, 0.99)


@dataclass(frozen=True, slots=True)
class WeightedIntervalScore:
    """Scores, arrays of the shape of the observations, in the unit observed; less is better.

    ``total`` is ``dispersion`` (width), ``overprediction`` (stated too high) and
    ``underprediction`` added up.
    """

    total: Floats
    dispersion: Floats
    overprediction: Floats
    underprediction: Floats


def weighted_interval_score(
    observed: ArrayLike, quantiles: ArrayLike, levels: Levels = LEVELS
) -> WeightedIntervalScore:
    """Score predictive quantiles against what was observed.

    Parameters
    ----------
    observed
        Later known values, any shape S, finite.
    quantiles
        Predictive quantiles, shape (Q, *S), not falling along the first axis.
    levels
        Their Q levels, rising, symmetric about 0.5; the 23 of the forecast hubs by default.

    Returns
    -------
    WeightedIntervalScore
        Mean over levels of twice the quantile (pinball) loss, the same as the weighted sum of
        interval scores and the median's absolute error with weights alpha / 2 and 1 / 2.

    Raises
    ------
    ValueError
        If values, quantiles or levels are unusable; names place and value.

    References
    ----------
    Bracher, Ray, Gneiting & Reich 2021, PLoS Comput Biol 17:e1008618,
    doi:10.1371/journal.pcbi.1008618.
    """
    y, q = checked_forecasts(observed, quantiles, levels)
    pairs, odd = divmod(len(levels), 2)
    lower, upper = q[:pairs], q[: -pairs - 1 : -1]  # widest interval first
    weights = np.array(levels[:pairs]).reshape(-1, *[1] * y.ndim)  # alpha / 2
    dispersion = (weights * (upper - lower)).sum(axis=0)
    over = np.maximum(lower - y, 0.0).sum(axis=0)
    under = np.maximum(y - upper, 0.0).sum(axis=0)
    if odd:
        over += 0.5 * np.maximum(q[pairs] - y, 0.0)
        under += 0.5 * np.maximum(y - q[pairs], 0.0)
    scale = 2.0 / len(levels)
    parts = [np.asarray(part * scale) for part in (dispersion, over, under)]
    return WeightedIntervalScore(parts[0] + parts[1] + parts[2], *parts)


def log_weighted_interval_score(
    observed: ArrayLike, quantiles: ArrayLike, levels: Levels = LEVELS
) -> WeightedIntervalScore:
    """Score log(1 + cases): errors in growth count alike in small and large areas.

    Parameters
    ----------
    observed, quantiles, levels
        As for ``weighted_interval_score``; counts, not below 0.

    Returns
    -------
    WeightedIntervalScore
        Without unit: 0.1 is an error of about 10 %.

    Raises
    ------
    ValueError
        As there, and if a value lies below 0; names place and value.

    References
    ----------
    Bosse et al. 2023, PLoS Comput Biol 19:e1011393, doi:10.1371/journal.pcbi.1011393.
    """
    y, q = checked_forecasts(observed, quantiles, levels)
    for name, values in (("observed", y), ("quantiles", q)):
        _refuse(name, values, values < 0, "counts are not below 0")
    return weighted_interval_score(np.log1p(y), np.log1p(q), levels)


def checked_forecasts(
    observed: ArrayLike, quantiles: ArrayLike, levels: Levels
) -> tuple[Floats, Floats]:
    """Observations of shape S and their quantiles of shape (Q, *S).

    Raises
    ------
    ValueError
        If shapes do not fit, a value is not finite, quantiles fall as levels rise, or levels
        are not rising and symmetric about 0.5; names place and value.
    """
    y, q = np.asarray(observed, dtype=np.float64), np.asarray(quantiles, dtype=np.float64)
    given = np.array(checked_levels(levels))
    if (
        given.size == 0
        or np.any(np.diff(given) <= 0)
        or np.any(abs(given + given[::-1] - 1) > 1e-9)
    ):
        raise ValueError(f"quantile levels {tuple(levels)}: they must rise, symmetric about 0.5")
    if q.shape != (given.size, *y.shape):
        raise ValueError(
            f"quantiles: shape {q.shape}; {given.size} levels of observations of shape {y.shape}"
            f" need {(given.size, *y.shape)}"
        )
    for name, values in (("observed", y), ("quantiles", q)):
        _refuse(name, values, ~np.isfinite(values), "values are finite; leave out what is missing")
    _refuse("quantiles", q[1:], np.diff(q, axis=0) < 0, "it lies below the quantile before it")
    return y, q


def _refuse(name: str, values: Floats, wrong: np.typing.NDArray[np.bool_], rule: str) -> None:
    if wrong.any():
        place = [int(i) for i in np.argwhere(wrong)[0]]
        raise ValueError(f"{name}{place}: {values[tuple(place)]}; {rule}")
