"""Weekly counts made daily, and R from them.

Many diseases are reported by week, but infection goes from day to day. Each week's cases are
spread over its days as exponential growth would spread them, at the rate that its own R implies;
R and the spread are found by turns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincc

from metrics.dispersion import dispersion
from metrics.incidence import Counts, Scalar, as_given, checked_counts, trailing_sum
from metrics.quantiles import Floats, gamma_quantiles
from metrics.states import State, StateCodes
from metrics.transmission.cori import GammaPrior
from metrics.transmission.infectivity import add_lags, trimmed
from metrics.transmission.reproduction import NEUTRAL_PRIOR
from metrics.transmission.serial_interval import Pmf, checked_pmf, mean_interval

TEXTBOOK_PRIOR = GammaPrior(5.0, 5.0)
RATES = np.arange(-1000, 1001) / 1000.0  # growth per day that can be told apart
LEAST_WEEKS = 3
LEAST_INTERVALS = 3.0  # serial intervals per window
LEAST_EXPECTED = 11.0  # a posterior coefficient of variation of 0.3
LEAST_CASES = 10.0
HISTORY_WEEKS = 8


@dataclass(frozen=True, slots=True)
class DailyCounts:
    """Counts by day that add up to those given by period.

    ``daily`` has shape (T,) or (T, A); ``t_start``, ``t_end`` are the periods' 1-based days, shape
    (P,); ``growth_per_day`` the rate each was spread with, shape (P,) or (P, A), NaN where it was
    spread evenly: the first period, those within the mean serial interval of the first day, and
    those without infectious past.
    """

    daily: Floats
    t_start: NDArray[np.int64]
    t_end: NDArray[np.int64]
    growth_per_day: Floats


@dataclass(frozen=True, slots=True)
class WeeklyR:
    """R over windows of whole weeks, W windows (and A areas).

    ``t_start``, ``t_end`` are 1-based days, shape (W,); the rest as in ``Reproduction``.
    """

    t_start: NDArray[np.int64]
    t_end: NDArray[np.int64]
    value: Floats
    low: Floats
    high: Floats
    q25: Floats
    q75: Floats
    mean: Floats
    sd: Floats
    p_above_1: Floats
    phi: Floats
    alpha: Floats
    expected: Floats
    cases: Floats
    state: StateCodes


def daily_counts(
    counts: ArrayLike,
    pmf: ArrayLike,
    *,
    days: int | Sequence[int] = 7,
    iterations: int = 10,
    first: Literal["naive", "match"] = "naive",
    prior: GammaPrior = TEXTBOOK_PRIOR,
) -> DailyCounts:
    """Spread the counts of consecutive periods over their days.

    Parameters
    ----------
    counts
        All cases per period, shape (P,) or (P, A), no period missing.
    pmf
        Serial interval by day, w_0 = 0, w_1, …, shape (K,).
    days
        Length of each period, or of all.
    iterations
        Rounds of estimating R and spreading anew.
    first
        The first period has no past: spread it evenly (``naive``), or like the next (``match``).
    prior
        Gamma prior of the periods' R; the default is that of the reference tool.

    Returns
    -------
    DailyCounts
        Fractional; the counts of days are an interpolation, not observed. They carry no
        information on weekdays or on scatter from day to day.

    Raises
    ------
    ValueError
        If counts, lengths, serial interval or iterations are unusable; names the value.

    References
    ----------
    Nash et al. 2023, PLoS Comput Biol 19:e1011439, doi:10.1371/journal.pcbi.1011439; growth
    from R: Wallinga & Lipsitch 2007, Proc R Soc B 274:599, doi:10.1098/rspb.2006.3754.
    """
    table = checked_counts(counts, "counts by period")
    lengths = _checked_lengths(days, table.shape[0])
    if iterations < 1:
        raise ValueError(f"iterations {iterations}; at least one is needed")
    if first not in {"naive", "match"}:
        raise ValueError(f"first period '{first}'; it must be 'naive' or 'match'")
    weights = trimmed(checked_pmf(pmf))
    starts = np.r_[0, np.cumsum(lengths)[:-1]]
    place = np.repeat(np.arange(lengths.size), lengths)
    since = (np.arange(place.size) - starts[place])[:, None].astype(np.float64)
    # As in the reference tool, R begins with the second period, after the mean interval.
    begin = max(1, int((starts + lengths <= mean_interval(weights)).sum()))
    implied = _implied_r(weights)
    daily = table[place] / lengths[place][:, None]
    rates = np.full(table.shape, np.nan)
    for _ in range(iterations):
        past = np.zeros_like(daily)
        add_lags(daily, weights, past)
        due = np.add.reduceat(past, starts, axis=0)
        r = (prior.shape + table) / (prior.rate + due)
        rates = np.where(due > 0, RATES[_nearest(implied, r)], np.nan)
        rates[:begin] = rates[begin] if first == "match" and begin < lengths.size else np.nan
        spread = np.exp(np.nan_to_num(rates)[place] * since)
        daily = table[place] * spread / np.add.reduceat(spread, starts, axis=0)[place]
    single = np.ndim(counts) == 1
    return DailyCounts(
        daily=as_given(daily, single=single),
        t_start=starts + 1,
        t_end=starts + lengths,
        growth_per_day=as_given(rates, single=single),
    )


def weekly_reproduction(
    counts: ArrayLike,
    pmf: ArrayLike,
    *,
    weeks: int = 3,
    prior: GammaPrior = NEUTRAL_PRIOR,
    alpha_parent: float | None = None,
) -> WeeklyR:
    """Estimate R over every run of ``weeks`` weeks, the first starting with the second week.

    Estimand: the infectiousness-weighted mean of R over the window, by the axis of the input.

    Parameters
    ----------
    counts
        All cases per week, shape (P,) or (P, A), no week missing.
    pmf
        Serial interval by day, shape (K,).
    weeks
        Weeks per window, 2 to P - 1.
    prior
        Gamma prior of R; the default has P(R > 1) = 0.5.
    alpha_parent
        Overdispersion of the parent area (1/k of a week's count); half of alpha is taken from it.

    Returns
    -------
    WeeklyR
        Gamma posterior as in ``reproduction``, with the dispersion of the weekly counts about
        R x infectiousness in the last 8 weeks: interpolated days cannot show it. Withheld
        where the window is under three weeks or under three mean serial intervals; else final
        or too few as in ``reproduction``.

    Raises
    ------
    ValueError
        If counts, serial interval or window are unusable; names the value.

    References
    ----------
    Nash et al. 2023, PLoS Comput Biol 19:e1011439, doi:10.1371/journal.pcbi.1011439.
    """
    table = checked_counts(counts, "counts by week")
    if not 2 <= weeks <= table.shape[0] - 1:
        raise ValueError(
            f"window {weeks} weeks: with {table.shape[0]} weeks it must be 2 to one less"
        )
    weights = trimmed(checked_pmf(pmf))
    daily = daily_counts(table, weights).daily
    past = np.zeros_like(daily)
    add_lags(daily, weights, past)
    due = past.reshape(-1, 7, table.shape[1]).sum(axis=1)
    spread = dispersion(table, due, first=1, window=weeks, history=HISTORY_WEEKS)
    phi = spread.shrunk(alpha_parent)[weeks:]
    cases, expected = trailing_sum(table[1:], weeks), trailing_sum(due[1:], weeks)
    shape, rate = prior.shape + cases / phi, prior.rate + expected / phi
    low, q25, median, q75, high = gamma_quantiles(shape, (0.025, 0.25, 0.5, 0.75, 0.975)) / rate
    state = np.full(shape.shape, np.int8(State.TOO_FEW))
    enough = (expected / phi >= LEAST_EXPECTED) & (cases >= LEAST_CASES) & (shape >= 4.0)
    state[enough] = np.int8(State.FINAL)
    if weeks < LEAST_WEEKS or 7 * weeks < LEAST_INTERVALS * mean_interval(weights):
        state[:] = np.int8(State.WITHHELD)
    starts = 7 * np.arange(1, table.shape[0] - weeks + 1) + 1
    single = np.ndim(counts) == 1

    def given(values: NDArray[Scalar]) -> NDArray[Scalar]:
        return as_given(values, single=single)

    return WeeklyR(
        t_start=starts,
        t_end=starts + 7 * weeks - 1,
        value=given(median),
        low=given(low),
        high=given(high),
        q25=given(q25),
        q75=given(q75),
        mean=given(shape / rate),
        sd=given(np.sqrt(shape) / rate),
        p_above_1=given(gammaincc(shape, rate)),
        phi=given(phi),
        alpha=given(spread.alpha[weeks:]),
        expected=given(expected),
        cases=given(cases),
        state=given(state),
    )


def _checked_lengths(days: int | Sequence[int], periods: int) -> NDArray[np.int64]:
    lengths = np.full(periods, days) if isinstance(days, int) else np.asarray(days)
    if lengths.shape != (periods,) or not np.issubdtype(lengths.dtype, np.integer):
        raise ValueError(f"period lengths: shape {lengths.shape}, {periods} whole days are needed")
    if (lengths < 1).any():
        i = int(np.flatnonzero(lengths < 1)[0])
        raise ValueError(f"period lengths[{i}]: {lengths[i]} days; at least 1 is needed")
    return lengths.astype(np.int64)


def _implied_r(pmf: Pmf) -> Floats:
    """R by growth rate, rising, shape of `RATES`.

    The serial interval is spread evenly over each of its days: 1/R = Σ w_k (e^(-r(k-½)) -
    e^(-r(k+½))) / r, the histogram form of Wallinga and Lipsitch that the paper uses.
    """
    with np.errstate(over="ignore"):
        at_lags = np.exp(-np.outer(RATES, np.arange(pmf.size))) @ pmf
    half = RATES / 2
    spread = np.divide(np.sinh(half), half, out=np.ones_like(half), where=half != 0)
    return np.asarray(1.0 / (at_lags * spread))


def _nearest(grid: Floats, values: Counts) -> NDArray[np.int64]:
    """Index of the nearest value of a rising grid, the lower one if two are equally near."""
    right = np.clip(np.searchsorted(grid, values), 1, grid.size - 1)
    return np.asarray(right - (values - grid[right - 1] <= grid[right] - values))
