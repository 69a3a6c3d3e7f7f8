"""Growth rate in other words: doubling or halving time, reproduction number."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.quantiles import Floats
from metrics.states import State, StateCodes
from metrics.transmission.serial_interval import Pmf, checked_pmf

SMALLEST_RATE = 1e-12  # a doubling time of two billion years is no number to store


@dataclass(frozen=True, slots=True)
class DoublingTime:
    """Days to double, or to halve where negative; arrays of one shape.

    ``days``, ``low``, ``high`` are NaN where the rate's interval holds 0 (state ``withheld``:
    not distinguishable from flat) or there is no rate (``too_few``). ``low`` and ``high`` are the
    smaller and the larger number. ``not_faster_than`` is the shortest doubling time that the
    interval allows, NaN where it allows no growth.
    """

    days: Floats
    low: Floats
    high: Floats
    not_faster_than: Floats
    state: StateCodes


def doubling_time(rate: ArrayLike, low: ArrayLike, high: ArrayLike) -> DoublingTime:
    """Turn an exponential growth rate and its interval into a doubling time.

    Parameters
    ----------
    rate, low, high
        Natural-log growth per day and its bounds, any shape; NaN where there is none.

    Returns
    -------
    DoublingTime
        ln 2 / rate, days; never infinite.

    Raises
    ------
    ValueError
        If bounds do not enclose the rate; names the first position (0-based) and values.

    References
    ----------
    Wallinga & Lipsitch 2007, Proc R Soc B 274:599, doi:10.1098/rspb.2006.3754.
    """
    r, lower, upper = (np.asarray(x, dtype=np.float64) for x in (rate, low, high))
    wrong = np.argwhere((lower > r) | (r > upper))
    if wrong.size:
        place = tuple(wrong[0])
        raise ValueError(
            f"growth rate {r[place]} at {[int(i) for i in place]} lies outside its interval"
            f" {lower[place]} to {upper[place]}"
        )
    known = np.isfinite(r) & np.isfinite(lower) & np.isfinite(upper)
    clear = known & ((lower > SMALLEST_RATE) | (upper < -SMALLEST_RATE))
    state = np.full(r.shape, np.int8(State.TOO_FEW))
    state[known] = np.int8(State.WITHHELD)
    state[clear] = np.int8(State.FINAL)
    # The bounds change places: the fastest growth has the shortest doubling time.
    return DoublingTime(
        days=_per(r, clear),
        low=_per(upper, clear),
        high=_per(lower, clear),
        not_faster_than=_per(upper, known & (upper > SMALLEST_RATE)),
        state=state,
    )


def _per(rate: Floats, where: NDArray[np.bool_]) -> Floats:
    result = np.full(rate.shape, np.nan)
    np.divide(np.log(2), rate, out=result, where=where)
    return result


def reproduction_from_growth(rate: ArrayLike, pmf: ArrayLike) -> Floats:
    """Reproduction number of steady exponential growth.

    Parameters
    ----------
    rate
        Growth per day, any shape.
    pmf
        Serial interval w_0 = 0, w_1, …, shape (K,).

    Returns
    -------
    Floats
        R with 1/R = sum of w_k exp(-rate k), same shape: the discrete form, consistent with
        the renewal estimate of R (a histogram form differs by about rate²/24).

    Raises
    ------
    ValueError
        If the serial interval is unusable; names the value.

    References
    ----------
    Wallinga & Lipsitch 2007, Proc R Soc B 274:599, doi:10.1098/rspb.2006.3754.
    """
    weights = checked_pmf(pmf)
    r = np.asarray(rate, dtype=np.float64)
    return np.asarray(1.0 / _transform(r, weights)[0])


def growth_from_reproduction(reproduction: ArrayLike, pmf: ArrayLike) -> Floats:
    """Steady growth rate that belongs to a reproduction number, the inverse of the former.

    Parameters
    ----------
    reproduction
        R > 0, any shape.
    pmf
        Serial interval w_0 = 0, w_1, …, shape (K,).

    Returns
    -------
    Floats
        Growth per day, same shape.

    Raises
    ------
    ValueError
        If R is not positive and finite or the serial interval unusable; names the value.

    References
    ----------
    Wallinga & Lipsitch 2007, Proc R Soc B 274:599, doi:10.1098/rspb.2006.3754.
    """
    weights = checked_pmf(pmf)
    target = np.asarray(reproduction, dtype=np.float64)
    wrong = target[~((target > 0) & np.isfinite(target))]
    if wrong.size:
        raise ValueError(f"reproduction number {wrong[0]}; it must be positive and finite")
    lags = np.arange(weights.size)
    # log of the transform is convex in the rate, so Newton on it converges from any side.
    rate = np.log(target) / (lags @ weights / weights.sum())
    for _ in range(60):
        value, slope = _transform(rate, weights)
        step = (np.log(value) + np.log(target)) * value / slope
        rate = rate - step
        if np.all(np.abs(step) < 1e-14):
            break
    return np.asarray(rate)


def _transform(rate: Floats, weights: Pmf) -> tuple[Floats, Floats]:
    """Sum of w_k exp(-rate k) and its derivative by the rate."""
    lags = np.arange(weights.size)
    terms = weights * np.exp(-rate[..., None] * lags)
    return terms.sum(axis=-1), -(lags * terms).sum(axis=-1)
