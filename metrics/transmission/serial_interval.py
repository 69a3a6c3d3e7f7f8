"""Serial interval as a probability per whole day."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainc

Pmf = NDArray[np.float64]


def discretise_gamma(mean: float, sd: float, k_max: int) -> Pmf:
    """Discretise a gamma serial interval that is at least one day.

    The interval is 1 + Gamma; a case has its onset at a uniform time of its day, so the
    probability of k days is the gamma density integrated against a triangle of half-width 1.

    Parameters
    ----------
    mean, sd
        Mean (> 1) and standard deviation (> 0) of the serial interval, days.
    k_max
        Last lag, days.

    Returns
    -------
    Pmf
        Probability of lags 0 to k_max, shape (k_max + 1,). Lag 0 is 0. Not renormalised:
        what lies beyond k_max is missing from the sum.

    Raises
    ------
    ValueError
        If the mean is not above 1, the sd not above 0, or k_max negative; names the value.

    References
    ----------
    Cori et al. 2013, Am J Epidemiol 178:1505, web appendix 11, doi:10.1093/aje/kwt133.
    """
    if not (np.isfinite(mean) and mean > 1):
        raise ValueError(f"serial interval: mean {mean} days; it must be above 1 day")
    if not (np.isfinite(sd) and sd > 0):
        raise ValueError(f"serial interval: sd {sd} days; it must be above 0")
    if k_max < 0:
        raise ValueError(f"serial interval: last lag {k_max}; it must not be negative")
    shape, scale = ((mean - 1) / sd) ** 2, sd**2 / (mean - 1)
    # Values at -2, -1, 0, …: the distribution function is 0 up to 0.
    edges = np.maximum(np.arange(-2, k_max + 1), 0) / scale
    share, moment = gammainc(shape, edges), gammainc(shape + 1, edges)
    k = np.arange(k_max + 1)
    pmf = (
        k * share[2:]
        + (k - 2) * share[:-2]
        - 2 * (k - 1) * share[1:-1]
        + shape * scale * (2 * moment[1:-1] - moment[:-2] - moment[2:])
    )
    pmf[0] = 0.0
    checked: Pmf = np.maximum(pmf, 0.0)
    return checked


def checked_pmf(values: ArrayLike, tolerance: float = 0.01) -> Pmf:
    """Take a serial interval given by the day; it is used as it stands, not rescaled.

    Parameters
    ----------
    values
        Probability of lags 0, 1, …, shape (K,).
    tolerance
        Largest accepted distance of the sum from 1. Published tables are rounded to three
        digits.

    Raises
    ------
    ValueError
        If the shape is wrong, a value is negative or not finite, lag 0 is not 0 or the sum
        is not 1; names the value.
    """
    pmf = np.asarray(values, dtype=np.float64)
    if pmf.ndim != 1 or pmf.size < 2:
        raise ValueError(f"serial interval: shape {pmf.shape}; give lags 0, 1, … as one row")
    wrong = np.flatnonzero(~(np.isfinite(pmf) & (pmf >= 0)))
    if wrong.size:
        k = int(wrong[0])
        raise ValueError(f"serial interval: w_{k} = {pmf[k]} is no probability")
    if pmf[0] != 0:
        raise ValueError(f"serial interval: w_0 = {pmf[0]}; lag 0 must be 0 in a daily model")
    if abs(pmf.sum() - 1) > tolerance:
        raise ValueError(
            f"serial interval: the probabilities add up to {pmf.sum():.6g}, not to 1"
            f" (± {tolerance}); check for missing lags"
        )
    return pmf


def mean_interval(pmf: Pmf) -> float:
    """Mean of the discretised serial interval, days."""
    return float(np.arange(pmf.size) @ pmf)
