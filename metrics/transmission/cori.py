"""Textbook estimate of the instantaneous reproduction number over sliding windows.

Assumes Poisson counts and known serial interval. On overdispersed counts its intervals are
several times too narrow; ``metrics.transmission.reproduction`` corrects that.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.incidence import Counts, as_given, checked_counts, is_whole, trailing_sum
from metrics.quantiles import (
    SERIES_FROM,
    Levels,
    checked_levels,
    count_table,
    gamma_quantiles,
    series_coefficients,
)
from metrics.transmission.infectivity import add_lags, trimmed
from metrics.transmission.serial_interval import Pmf, checked_pmf, mean_interval
from metrics.transmission.whole_counts import fill_posterior, largest_window

FIVE_LEVELS: Levels = (0.025, 0.25, 0.5, 0.75, 0.975)


@dataclass(frozen=True, slots=True)
class CoriEstimate:
    """Gamma posterior of R for W windows (and A areas).

    ``t_start``, ``t_end`` are 1-based days, shape (W,), both inclusive; ``mean``, ``sd`` have
    shape (W,) or (W, A); ``quantiles`` has one more axis in front, one layer per level.
    ``mean_interval_days`` belongs to the serial interval used.
    """

    t_start: NDArray[np.int64]
    t_end: NDArray[np.int64]
    mean: NDArray[Any]
    sd: NDArray[Any]
    levels: Levels
    quantiles: NDArray[Any]
    mean_interval_days: float

    @property
    def reported(self) -> NDArray[np.bool_]:
        """Windows the reference tool reports, shape (W,): those ending after the mean interval."""
        return self.t_end > self.mean_interval_days


@dataclass(frozen=True, slots=True)
class GammaPrior:
    """Gamma prior of R, by mean and standard deviation (both > 0)."""

    mean: float = 5.0
    sd: float = 5.0

    def __post_init__(self) -> None:
        for name, value in (("mean", self.mean), ("sd", self.sd)):
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"prior of R: {name} {value}; it must be above 0")

    @property
    def shape(self) -> float:
        """Shape, the number of cases the prior is worth."""
        return (self.mean / self.sd) ** 2

    @property
    def rate(self) -> float:
        """Rate, the infectiousness the prior is worth."""
        return self.mean / self.sd**2


def cori(
    local: ArrayLike,
    total: ArrayLike,
    pmf: ArrayLike,
    *,
    window: int = 7,
    prior_mean: float = 5.0,
    prior_sd: float = 5.0,
    quantiles: Levels = FIVE_LEVELS,
    dtype: type[np.floating[Any]] = np.float64,
) -> CoriEstimate:
    """Estimate R in every window of ``window`` days, the first one starting on day 2.

    Parameters
    ----------
    local
        Cases infected in the area, per day, shape (T,) or (T, A). Day 1 is never inside a
        window: its cases count as imported whatever is passed.
    total
        Local and imported cases, same shape; they carry the infectiousness.
    pmf
        Serial interval w_0 = 0, w_1, …, shape (K,); used as given, not rescaled.
    window
        Days per window, 1 to T - 1.
    prior_mean, prior_sd
        Gamma prior of R.
    quantiles
        Levels between 0 and 1.
    dtype
        Precision of what is stored; the computation is always in float64.

    Returns
    -------
    CoriEstimate
        W = T - window windows. Posterior shape = prior shape + local cases, rate = prior
        rate + infectiousness; where there is neither, it is the prior.

    Raises
    ------
    ValueError
        If counts, serial interval, prior, window or a level are unusable, or local cases
        exceed all cases; names place and value.

    References
    ----------
    Cori et al. 2013, Am J Epidemiol 178:1505, doi:10.1093/aje/kwt133; imports: Thompson et
    al. 2019, Epidemics 29:100356, doi:10.1016/j.epidem.2019.100356.
    """
    every = checked_counts(total, "total")
    own = every if local is total else checked_counts(local, "local")
    check_pair(own, every, window)
    prior, levels = GammaPrior(prior_mean, prior_sd), checked_levels(quantiles)
    weights = checked_pmf(pmf)
    result = _posterior(
        own, every, trimmed(weights), window=window, prior=prior, levels=levels, dtype=dtype
    )
    single = np.ndim(total) == 1
    starts = np.arange(2, every.shape[0] - window + 2)
    return CoriEstimate(
        t_start=starts,
        t_end=starts + window - 1,
        mean=as_given(result[0], single=single),
        sd=as_given(result[1], single=single),
        levels=levels,
        quantiles=as_given(result[2:], single=single),
        mean_interval_days=mean_interval(weights),
    )


def check_pair(local: Counts, total: Counts, window: int) -> None:
    """Refuse series and windows that do not fit together.

    Raises
    ------
    ValueError
        Naming the shapes, the window or the first day with more local than total cases.
    """
    days = total.shape[0]
    if local.shape != total.shape:
        raise ValueError(f"local cases have shape {local.shape}, all cases {total.shape}")
    if not 1 <= window <= days - 1:
        raise ValueError(
            f"window {window} days: with {days} days of data it must be 1 to {days - 1}"
            " (windows start on day 2)"
        )
    if local is not total and (local > total).any():
        t, a = (int(i) for i in np.argwhere(local > total)[0])
        raise ValueError(f"day {t + 1}, column {a}: {local[t, a]} local of {total[t, a]} cases")


def _posterior(
    local: Counts,
    total: Counts,
    pmf: Pmf,
    *,
    window: int,
    prior: GammaPrior,
    levels: Levels,
    dtype: type[np.floating[Any]],
) -> NDArray[Any]:
    """Mean, sd and quantiles, stacked: shape (2 + Q, W, A)."""
    runs = total.shape[0] - window
    result = np.empty((2 + len(levels), runs, total.shape[1]), dtype=dtype)
    if is_whole(local):
        most = int(largest_window(local, window))
        # Sizes in powers of two, so that similar batches share one table.
        size = min(1 << most.bit_length(), SERIES_FROM)
        table = count_table(prior.shape, max(size, 1), levels)
        setting = (window, prior.shape, prior.rate)
        fill_posterior(local, total, pmf, setting, table, series_coefficients(levels), result)
        return result
    past = np.zeros_like(total)
    add_lags(total, pmf, past)
    shape = prior.shape + trailing_sum(local[1:], window)
    scale = 1.0 / (prior.rate + trailing_sum(past[1:], window))
    result[0], result[1] = shape * scale, np.sqrt(shape) * scale
    result[2:] = gamma_quantiles(shape, levels) * scale
    return result
