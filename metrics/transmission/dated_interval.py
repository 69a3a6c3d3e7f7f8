"""R while the serial interval changes by date, as from one variant to the next.

A case passes the infection on at the pace of the variant it carries, so the date of the infector
decides the serial interval: on the first days of a new period most infectiousness still follows
the old one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from metrics.incidence import Counts, as_given, checked_counts, trailing_sum
from metrics.quantiles import Floats, Levels, checked_levels, gamma_quantiles
from metrics.transmission.cori import FIVE_LEVELS, CoriEstimate, GammaPrior, check_pair
from metrics.transmission.infectivity import infectivity
from metrics.transmission.reproduction import (
    NEUTRAL_PRIOR,
    Reproduction,
    posterior_of,
    window_sums,
)
from metrics.transmission.serial_interval import checked_pmf, mean_interval
from metrics.transmission.windows import checked_lengths
from metrics.weekday import weekday_factors


def period_shares(period_of_day: ArrayLike, periods: int, *, changeover_days: int = 0) -> Floats:
    """Share of each day's cases that belong to each period.

    Parameters
    ----------
    period_of_day
        Index of the period each day lies in, whole numbers 0 to ``periods`` - 1, shape (T,).
    periods
        Number of periods, P.
    changeover_days
        Days from the first of a period to the last that is mixed; the new share rises by equal
        steps, 1 / (days + 1) on the first day. It starts with the period, so that earlier days
        do not depend on a change that had not come yet.

    Returns
    -------
    Floats
        Shape (T, P), rows adding up to 1.

    Raises
    ------
    ValueError
        If a period does not exist or the change-over is negative; names the value.
    """
    given = np.asarray(period_of_day)
    if given.ndim != 1 or not np.issubdtype(given.dtype, np.integer):
        raise ValueError(f"period of day: shape {given.shape}, {given.dtype}; give one index a day")
    wrong = np.flatnonzero((given < 0) | (given >= periods))
    if wrong.size:
        t = int(wrong[0])
        raise ValueError(f"period of day[{t}]: {given[t]}; there are {periods} periods, from 0")
    if changeover_days < 0:
        raise ValueError(f"change-over of {changeover_days} days; it must not be negative")
    day = np.arange(given.size)
    shares = np.zeros((given.size, periods))
    shares[:, given[0]] = 1.0
    for start in np.flatnonzero(np.diff(given)) + 1:
        risen = np.clip((day - start + 1) / (changeover_days + 1), 0.0, 1.0)
        # A later period rises later, so that it never takes more than the one before has.
        shares[:, given[start - 1]] -= risen
        shares[:, given[start]] += risen
    return shares


def dated_infectivity(
    total: ArrayLike, pmfs: ArrayLike, period_of_day: ArrayLike, *, changeover_days: int = 0
) -> Counts:
    """Infectiousness by day when each infector's date decides the serial interval.

    Parameters
    ----------
    total
        All cases per day, local and imported, shape (T,) or (T, A).
    pmfs
        Serial interval of each period from lag 0, shape (P, K).
    period_of_day, changeover_days
        As for `period_shares`.

    Returns
    -------
    Counts
        Σ over periods p and lags k of share_p(t - k) w_p,k I(t - k), the same shape; NaN on the
        first day. With equal pmfs it is `infectivity`.

    Raises
    ------
    ValueError
        If a count, a serial interval or a period is unusable; names the value.

    References
    ----------
    Renewal with an interval by time of infection: Wallinga & Lipsitch 2007, Proc R Soc B
    274:599, doi:10.1098/rspb.2006.3754; windows: Cori et al. 2013, doi:10.1093/aje/kwt133.
    """
    counts = checked_counts(total, "total")
    table = _checked_pmfs(pmfs)
    shares = period_shares(period_of_day, table.shape[0], changeover_days=changeover_days)
    if shares.shape[0] != counts.shape[0]:
        raise ValueError(
            f"period of day: {shares.shape[0]} days, the counts have {counts.shape[0]}"
        )
    result = _infectivity(counts, table, shares)
    return as_given(result, single=np.ndim(total) == 1)


def dated_cori(
    local: ArrayLike,
    total: ArrayLike,
    pmfs: ArrayLike,
    period_of_day: ArrayLike,
    *,
    changeover_days: int = 0,
    window: int = 7,
    prior: GammaPrior | None = None,
    quantiles: Levels = FIVE_LEVELS,
) -> CoriEstimate:
    """`cori` with the serial interval of each infector's date.

    Parameters
    ----------
    local, total, window, quantiles
        As for `cori`; ``prior`` has mean and sd 5 if left out.
    pmfs, period_of_day, changeover_days
        As for `dated_infectivity`.

    Returns
    -------
    CoriEstimate
        ``mean_interval_days`` is the longest of the periods'.

    Raises
    ------
    ValueError
        If an argument is unusable; names the value.

    References
    ----------
    Cori et al. 2013, Am J Epidemiol 178:1505, doi:10.1093/aje/kwt133.
    """
    every = checked_counts(total, "total")
    own = every if local is total else checked_counts(local, "local")
    check_pair(own, every, window)
    levels, prior = checked_levels(quantiles), prior or GammaPrior()
    past = dated_infectivity(every, pmfs, period_of_day, changeover_days=changeover_days)
    shape = prior.shape + trailing_sum(own[1:], window)
    scale = 1.0 / (prior.rate + trailing_sum(past[1:], window))
    single = np.ndim(total) == 1
    starts = np.arange(2, every.shape[0] - window + 2)
    return CoriEstimate(
        t_start=starts,
        t_end=starts + window - 1,
        mean=as_given(shape * scale, single=single),
        sd=as_given(np.sqrt(shape) * scale, single=single),
        levels=levels,
        quantiles=as_given(gamma_quantiles(shape, levels) * scale, single=single),
        mean_interval_days=max(mean_interval(pmf) for pmf in _checked_pmfs(pmfs)),
    )


def dated_reproduction(
    local: ArrayLike,
    total: ArrayLike,
    pmfs: ArrayLike,
    period_of_day: ArrayLike,
    *,
    changeover_days: int = 0,
    window: int = 7,
    windows: Sequence[int] | None = None,
    prior: GammaPrior = NEUTRAL_PRIOR,
    alpha_parent: ArrayLike | None = None,
    weekday: bool = True,
    last: int | None = None,
) -> Reproduction:
    """`reproduction` with the serial interval of each infector's date.

    Parameters
    ----------
    local, total, window, windows, prior, alpha_parent, weekday, last
        As for `reproduction`.
    pmfs, period_of_day, changeover_days
        As for `dated_infectivity`.

    Returns
    -------
    Reproduction
        With equal pmfs the same numbers as `reproduction`.

    Raises
    ------
    ValueError
        If an argument is unusable; names the value.

    References
    ----------
    Cori et al. 2013, Am J Epidemiol 178:1505, doi:10.1093/aje/kwt133.
    """
    every = checked_counts(total, "total")
    own = every if local is total else checked_counts(local, "local")
    lengths = checked_lengths((window,) if windows is None else windows, every.shape[0])
    check_pair(own, every, lengths[0])
    factors = weekday_factors(every) if weekday else np.ones_like(every)
    expected = factors * dated_infectivity(
        every / factors, pmfs, period_of_day, changeover_days=changeover_days
    )
    runs = every.shape[0] - lengths[0]
    kept = slice(runs - min(last or runs, runs), runs)
    sums = window_sums(own, expected, lengths, alpha_parent=alpha_parent, kept=kept)
    return posterior_of(sums, prior, pmfs, single=np.ndim(total) == 1)


def _infectivity(counts: Counts, pmfs: Floats, shares: Floats) -> Counts:
    parts = [infectivity(counts * shares[:, [p]], pmfs[p]) for p in np.flatnonzero(shares.any(0))]
    return np.asarray(sum(parts[1:], parts[0]))


def _checked_pmfs(pmfs: ArrayLike) -> Floats:
    table = np.asarray(pmfs, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] == 0:
        raise ValueError(f"serial intervals: shape {table.shape}, not periods by lags")
    for p in range(table.shape[0]):
        try:
            checked_pmf(table[p])
        except ValueError as error:
            raise ValueError(f"period {p}: {error}") from error
    return table
