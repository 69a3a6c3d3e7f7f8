"""The forecast to beat: the coming days are like last week.

A model that does not do better than this tells nothing and is not shown.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.incidence import Counts, checked_counts, trailing_sum
from metrics.quantiles import Floats, Levels, checked_levels
from metrics.scores.interval_score import LEVELS
from metrics.states import State, StateCodes
from metrics.weekday import weekday_factors

LEAST_ERRORS = 28  # past origins; the outer levels rest on the largest few of them


@dataclass(frozen=True, slots=True)
class Persistence:
    """Quantiles of the baseline, shape (Q, H, A); NaN where ``state`` (A,) is too_few."""

    horizon_days: NDArray[np.int64]
    levels: Levels
    quantiles: Floats
    state: StateCodes


def persistence_forecast(
    total: ArrayLike,
    *,
    horizon: int = 14,
    levels: Levels = LEVELS,
    history: int = 56,
    weekday: bool = True,
) -> Persistence:
    """Forecast last week's mean with its weekday pattern, as wrong as it was before.

    Parameters
    ----------
    total
        Cases per day up to the last day that may be used, shape (T, A).
    horizon
        Days ahead, H.
    levels
        Q quantile levels.
    history
        Past origins whose errors give the width, 28 at least.
    weekday
        Whether counts carry a weekday pattern.

    Returns
    -------
    Persistence
        exp of (log(1 + last week's mean x weekday factor) + quantile of the errors) - 1, the
        errors being those of the same rule at the last ``history`` origins at that horizon, on
        the same scale and with both signs, so that the median is last week. Too few with fewer
        than 28 past origins.

    Raises
    ------
    ValueError
        If a count is unusable or a number impossible; names it.

    References
    ----------
    The hubs' baseline: Cramer et al. 2022, PNAS 119:e2113561119,
    doi:10.1073/pnas.2113561119; here on the log scale and for days.
    """
    counts = checked_counts(total, "total")
    if horizon < 1 or history < LEAST_ERRORS:
        raise ValueError(f"baseline over {horizon} days from {history} origins; at least 1 and 28")
    given = np.array(checked_levels(levels))
    areas = counts.shape[1]
    quantiles = np.full((given.size, horizon, areas), np.nan)
    enough = counts.shape[0] - 7 - horizon + 1 >= LEAST_ERRORS
    if enough:
        factors = weekday_factors(counts) if weekday else np.ones_like(counts)
        for h in range(1, horizon + 1):
            expected = _last_week(counts, factors, h)
            error = np.log1p(counts[6 + h :]) - expected[:-h]
            error = error[-history:]
            either = np.concatenate([error, -error])
            spread = np.quantile(either, given, axis=0)
            quantiles[:, h - 1] = np.maximum(np.expm1(expected[-1] + spread), 0.0)
    state = State.FINAL if enough else State.TOO_FEW
    return Persistence(
        horizon_days=np.arange(1, horizon + 1),
        levels=tuple(levels),
        quantiles=quantiles,
        state=np.full(areas, np.int8(state)),
    )


def _last_week(counts: Counts, factors: Counts, h: int) -> Floats:
    """log(1 + forecast) made on day 7 … T for h days ahead, shape (T - 6, A)."""
    mean, share = trailing_sum(counts, 7) / 7, trailing_sum(factors, 7) / 7
    same_weekday = factors[(h - 1) % 7 :][: mean.shape[0]]
    return np.asarray(np.log1p(mean * same_weekday / share))
