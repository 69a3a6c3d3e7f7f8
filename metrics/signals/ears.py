"""EARS: a day far above the last few days.

Needs no history beyond nine days, and knows neither season nor weekday. Its thresholds sound
rarer than they are: with seven days of baseline, "three standard deviations" is passed by
chance about every seventieth day (see ``metrics.signals.p_values``).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.incidence import Counts, as_given, checked_counts, trailing_sum
from metrics.quantiles import Floats

Method = Literal["c1", "c2", "c3"]
GUARD = {"c1": 0, "c2": 2, "c3": 2}
LIMIT = {"c1": 3.09, "c2": 3.09, "c3": 2.0}


@dataclass(frozen=True, slots=True)
class Ears:
    """Comparison of W days (and A areas) with the days before.

    ``t`` are 1-based days, shape (W,). The rest has shape (W,) or (W, A): ``statistic`` C1, C2
    or C3; ``bound`` the count beyond which the day signals, 0 where the two days before make
    C3 signal whatever the count; ``mean`` and ``sd`` of the
    baseline, the sd not below its floor; ``signal``. With a floor of 0 and a baseline without
    scatter the statistic is infinite for any excess and 0 without one.
    """

    t: NDArray[np.int64]
    statistic: Floats
    bound: Floats
    mean: Floats
    sd: Floats
    signal: NDArray[np.bool_]


def ears(
    counts: ArrayLike,
    *,
    method: Method = "c2",
    baseline: int = 7,
    limit: float | None = None,
    least_sd: float = 1.0,
    quiet_days_only: bool = False,
) -> Ears:
    """Compare each day with the mean and scatter of the days before.

    Estimand: none; a rule. C1 and C2 are (count - mean) / sd of the ``baseline`` days that end
    the day before (C1) or three days before (C2), so that an outbreak's first two days do not
    raise its own bar. C3 adds max(0, C2 - 1) of the day and the two before it.

    Parameters
    ----------
    counts
        Cases per day (or week), shape (T,) or (T, A), consecutive.
    method
        ``c1``, ``c2`` or ``c3``.
    baseline
        Days compared with, 3 at least.
    limit
        The day signals above it: 3.09 for C1 and C2, 2 for C3 unless given.
    least_sd
        Floor of the standard deviation in cases. At 0 a single case after a week of none
        would signal.
    quiet_days_only
        Of C3: leave out earlier days that were themselves above the C2 limit of 3, as some
        versions of the system do.

    Returns
    -------
    Ears
        W = T - baseline - guard days (two fewer for C3).

    Raises
    ------
    ValueError
        If a count, the baseline or the floor is unusable or the series too short; names it.

    References
    ----------
    Hutwagner et al. 2003, J Urban Health 80(Suppl 1):i89, doi:10.1007/PL00022319.
    """
    table = checked_counts(counts)
    limit = LIMIT[method] if limit is None else limit
    mean, sd = _baseline(table, method, baseline, least_sd)
    today = table[-mean.shape[0] :]
    c = _standardised(today, mean, sd)
    if method == "c3":
        excess = np.maximum(0.0, c - 1.0)
        earlier = np.where(c > 3.0, 0.0, excess) if quiet_days_only else excess
        before = earlier[:-2] + earlier[1:-1]
        today, mean, sd = today[2:], mean[2:], sd[2:]
        c = excess[2:] + before
        room = limit - before
        bound = np.where(room >= 0.0, mean + sd * (1.0 + room), 0.0)
    else:
        bound = mean + limit * sd
    days = table.shape[0]
    single = np.ndim(counts) == 1
    return Ears(
        t=np.arange(days - c.shape[0] + 1, days + 1),
        statistic=as_given(c, single=single),
        bound=as_given(bound, single=single),
        mean=as_given(mean, single=single),
        sd=as_given(sd, single=single),
        signal=as_given(c > limit, single=single),
    )


def c3_without_today(
    counts: ArrayLike, *, limit: float, baseline: int = 7, least_sd: float = 1.0
) -> tuple[NDArray[np.int64], Floats, NDArray[np.bool_]]:
    """C3 as a widely used package computes it, for comparison only.

    There the bound is today's count plus sd x (limit - the two earlier excesses), so today's
    count cancels: the day signals when yesterday and the day before were high.

    Returns
    -------
    tuple
        1-based days, shape (W,); bound and signal, shape (W,) or (W, A). The bound is NaN
        where a baseline without scatter leaves it undefined.
    """
    table = checked_counts(counts)
    mean, sd = _baseline(table, "c3", baseline, least_sd)
    today = table[-mean.shape[0] :]
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.maximum(0.0, (today - mean) / sd - 1.0)
        room = limit - excess[1:-1] - excess[:-2]
        bound = np.maximum(0.0, today[2:] + sd[2:] * room)
    days = table.shape[0]
    single = np.ndim(counts) == 1
    signal = today[2:] > bound
    t = np.arange(days - bound.shape[0] + 1, days + 1)
    return t, as_given(bound, single=single), as_given(signal, single=single)


def _baseline(
    table: Counts, method: Method, baseline: int, least_sd: float
) -> tuple[Counts, Counts]:
    """Mean and sd of each day's baseline, first day that has one first, shape (n, A)."""
    guard = GUARD[method]
    needed = baseline + guard + (3 if method == "c3" else 1)
    if baseline < 3 or needed > table.shape[0]:
        raise ValueError(
            f"baseline of {baseline} days: it must be 3 at least, and {method} then needs"
            f" {needed} days; there are {table.shape[0]}"
        )
    if not 0.0 <= least_sd < np.inf:
        raise ValueError(f"least_sd is {least_sd}; give a finite number of cases, 0 or more")
    past = table[: table.shape[0] - guard - 1]
    mean = trailing_sum(past, baseline) / baseline
    square = np.zeros_like(mean)
    for shift in range(baseline):
        square += (past[shift : shift + mean.shape[0]] - mean) ** 2
    return mean, np.maximum(least_sd, np.sqrt(square / (baseline - 1)))


def _standardised(today: Counts, mean: Counts, sd: Counts) -> Counts:
    difference = today - mean
    without_scatter = np.where(difference == 0.0, 0.0, np.copysign(np.inf, difference))
    return np.divide(difference, sd, out=without_scatter, where=sd > 0.0)
