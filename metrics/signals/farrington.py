"""Farrington: a week far above the same season of earlier years.

Estimand: the mean count of the current week had the season and trend of earlier years gone on,
and the bound that a week without an outbreak passes with the stated probability.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit
from scipy.stats import nbinom, norm, poisson

from metrics.incidence import Counts, as_given, checked_counts
from metrics.quantiles import Floats
from metrics.signals import farrington_fit as fit
from metrics.states import State, StateCodes, choose

Threshold = Literal["predictive", "negative_binomial", "delta", "delta_reweighted"]
YEAR = 52
LEAST_YEARS = 3
RECENT_WEEKS, RECENT_CASES = 4, 5.0


@dataclass(frozen=True, slots=True)
class Farrington:
    """Comparison of W weeks (and A areas) with earlier years.

    ``t`` are 1-based weeks and ``years`` the years of history used, shape (W,). The rest has
    shape (W,) or (W, A): ``expected`` count; ``bound`` the count beyond which the week signals;
    ``phi`` dispersion; ``trend_per_week`` of the log count, 0 where none was kept; ``p_value``
    of a count this high or higher; ``score`` (count - expected) / (bound - expected);
    ``chance`` that a week without an outbreak signals; ``signal``; ``state`` codes of
    ``metrics.states.State``: too_few under three years of history or under five cases in the
    last four weeks, and then never a signal. NaN where nothing is fitted.
    """

    t: NDArray[np.int64]
    expected: Floats
    bound: Floats
    phi: Floats
    trend_per_week: Floats
    p_value: Floats
    score: Floats
    chance: Floats
    years: NDArray[np.int64]
    signal: NDArray[np.bool_]
    state: StateCodes


@dataclass(frozen=True, slots=True)
class _Rule:
    years: int
    half_window: int
    periods: int
    weeks_left_out: int
    reweight_above: float
    trend_level: float


def farrington_flexible(
    weekly: ArrayLike,
    *,
    years: int = 5,
    half_window: int = 3,
    periods: int = 10,
    weeks_left_out: int = 26,
    reweight_above: float = 3.5,
    level: float = 0.01,
    threshold: Threshold = "predictive",
    last: int | None = None,
) -> Farrington:
    """Compare weeks with a seasonal regression on up to ``years`` earlier years.

    Parameters
    ----------
    weekly
        Cases per week, shape (T,) or (T, A), consecutive weeks, 52 to a year.
    years
        Most years looked back, 3 at least; where there are fewer but three, all of them.
    half_window
        Weeks on either side of the current one that count as the same season.
    periods
        Seasons of the year: the current one, and the rest of the year in equal parts.
    weeks_left_out
        Last weeks not learned from, lest a running outbreak become the norm.
    reweight_above
        Standardised residual above which past weeks count less (as residual^-2). As published
        it is 2.58, which also cuts ordinary high weeks, makes the dispersion too small and
        gives up to twice the stated false signals; 3.5 keeps nearer to the level and still
        sees past outbreaks (both measured).
    level
        Probability that a week without an outbreak signals.
    threshold
        ``negative_binomial`` takes the fitted mean as known, as published; ``predictive``, the
        default, adds its uncertainty to the variance and keeps to the level; ``delta`` is the
        normal interval on the 2/3 power scale; ``delta_reweighted`` the same with a standard
        error scaled as one package does, for comparison only.
    last
        Only the last so many weeks.

    Returns
    -------
    Farrington
        Causal: a week is compared with weeks at least ``weeks_left_out`` + 1 back.

    Raises
    ------
    ValueError
        If a count or setting is unusable; names it.

    References
    ----------
    Noufaily et al. 2013, Stat Med 32:1206, doi:10.1002/sim.5595.
    """
    rule = _Rule(years, half_window, periods, weeks_left_out, reweight_above, trend_level=1.0)
    return _compare(weekly, rule, level=level, threshold=threshold, last=last)


def farrington_1996(
    weekly: ArrayLike,
    *,
    years: int = 5,
    half_window: int = 3,
    level: float = 0.005,
    last: int | None = None,
) -> Farrington:
    """The original algorithm: same weeks of earlier years, trend if significant.

    Only the 2 ``half_window`` + 1 weeks around the current week of each earlier year are used,
    past weeks count less from a residual of 1, the trend is kept at 5 % and if it does not
    exceed every past count, and the bound is the 2/3 power interval. ``level`` is one-sided;
    the others are as in ``farrington_flexible``.

    Raises
    ------
    ValueError
        If a count or setting is unusable; names it.

    References
    ----------
    Farrington et al. 1996, J R Stat Soc A 159:547, doi:10.2307/2983331.
    """
    rule = _Rule(years, half_window, 1, half_window, reweight_above=1.0, trend_level=0.05)
    return _compare(weekly, rule, level=level, threshold="delta", last=last)


def _compare(
    weekly: ArrayLike, rule: _Rule, *, level: float, threshold: Threshold, last: int | None
) -> Farrington:
    counts = checked_counts(weekly, "weekly counts")
    _check(rule, level)
    total, areas = counts.shape
    weeks = np.arange(total - min(last or total, total), total)
    used = np.minimum(rule.years, (weeks - rule.half_window) // YEAR)
    fitted = np.full((weeks.size, areas, fit.COLUMNS), np.nan)
    for n_years in range(LEAST_YEARS, rule.years + 1):
        at = np.flatnonzero(used == n_years)
        offsets, design = _reference(rule, n_years)
        free = offsets.size - design.shape[1]
        least_t = float(stdtrit(free, 1.0 - rule.trend_level / 2.0))
        # An area that never had a case is taken to have had less than one.
        floor = 1.0 / (n_years * (2 * rule.half_window + 1))
        part = np.full((at.size, areas, fit.COLUMNS), np.nan)
        setting = rule.reweight_above, least_t, floor
        fit.fit_weeks(counts, weeks[at], offsets, design, setting, part)
        part[..., fit.MEAN] = np.maximum(part[..., fit.MEAN], floor)
        fitted[at] = part
    return _judged(counts, weeks, used, fitted, level=level, threshold=threshold, weekly=weekly)


def _judged(
    counts: Counts,
    weeks: NDArray[np.int64],
    used: NDArray[np.int64],
    fitted: Counts,
    *,
    level: float,
    threshold: Threshold,
    weekly: ArrayLike,
) -> Farrington:
    y = counts[weeks]
    mean, phi = fitted[..., fit.MEAN], fitted[..., fit.PHI]
    earlier = np.zeros_like(y)
    for back in range(1, RECENT_WEEKS):
        earlier += np.where((weeks >= back)[:, None], counts[np.maximum(weeks - back, 0)], 0.0)
    bound, p_value, chance = _bounds(
        y, RECENT_CASES - earlier, fitted, level=level, threshold=threshold
    )
    rated = np.isfinite(bound) & (earlier + y >= RECENT_CASES)
    single = np.ndim(weekly) == 1
    return Farrington(
        t=weeks + 1,
        expected=as_given(mean, single=single),
        bound=as_given(bound, single=single),
        phi=as_given(phi, single=single),
        trend_per_week=as_given(fitted[..., fit.TREND] / YEAR, single=single),
        p_value=as_given(p_value, single=single),
        score=as_given((y - mean) / (bound - mean), single=single),
        chance=as_given(chance, single=single),
        years=np.where(used >= LEAST_YEARS, used, 0),
        signal=as_given(rated & (y > bound), single=single),
        state=as_given(choose(rated, State.FINAL, State.TOO_FEW), single=single),
    )


def _bounds(
    y: Counts, lacking: Counts, fitted: Counts, *, level: float, threshold: Threshold
) -> tuple[Counts, Counts, Counts]:
    """Bound, p-value and chance of a signal, shape (W, A) each.

    ``lacking`` is what the week must count for the last weeks to hold enough cases.
    """
    mean, phi = fitted[..., fit.MEAN], fitted[..., fit.PHI]
    scale = fitted[..., fit.PHI_REWEIGHTED] if threshold == "delta_reweighted" else phi
    spread = phi + scale * fitted[..., fit.VARIANCE] * mean
    if threshold in ("delta", "delta_reweighted"):
        sd = np.sqrt(4.0 / 9.0 * np.cbrt(mean) * spread)
        power = np.cbrt(mean) ** 2
        bound = (power + float(ndtri(1.0 - level)) * sd) ** 1.5

        def above(count: Counts) -> Counts:
            return np.asarray(norm.sf((np.cbrt(count) ** 2 - power) / sd))

        return bound, above(y), above(np.maximum(bound, lacking))
    wide = phi if threshold == "negative_binomial" else spread
    scattered = wide > 1.0 + 1e-9
    size = np.divide(mean, wide - 1.0, out=np.ones_like(mean), where=scattered)
    p = 1.0 / np.where(scattered, wide, 2.0)
    bound = np.where(scattered, nbinom.isf(level, size, p), poisson.isf(level, mean))
    bound[np.isnan(mean)] = np.nan

    def beyond(count: Counts) -> Counts:
        tail = np.where(scattered, nbinom.sf(count, size, p), poisson.sf(count, mean))
        return np.asarray(np.where(np.isnan(mean), np.nan, tail))

    return bound, beyond(y - 1.0), beyond(np.maximum(bound, lacking - 1.0))


def _reference(rule: _Rule, years: int) -> tuple[NDArray[np.int64], Counts]:
    """Reference weeks counted from the current one, and their columns: level, seasons, trend."""
    first = -(YEAR * years + rule.half_window)
    offsets = np.arange(first, -rule.weeks_left_out)
    week_of_year = (offsets + rule.half_window) % YEAR
    width = 2 * rule.half_window + 1
    if rule.periods == 1:  # only the current season is looked at
        offsets = offsets[week_of_year < width]
        season = np.zeros(offsets.size, dtype=np.int64)
    else:
        rest = (week_of_year - width) * (rule.periods - 1) // (YEAR - width)
        season = np.where(week_of_year < width, 0, 1 + rest)
    columns = [np.ones(offsets.size)]
    columns += [(season == s).astype(np.float64) for s in range(1, rule.periods)]
    return offsets, np.column_stack([*columns, offsets / YEAR])


def _check(rule: _Rule, level: float) -> None:
    named = [
        ("years", rule.years, LEAST_YEARS, 20),
        ("half_window", rule.half_window, 0, 12),
        ("periods", rule.periods, 1, 12),
        ("weeks_left_out", rule.weeks_left_out, 0, YEAR - rule.half_window - 1),
    ]
    for name, value, least, most in named:
        if not least <= value <= most:
            raise ValueError(f"{name} is {value}; it must be {least} to {most}")
    if not 0.0 < level < 0.5:
        raise ValueError(f"level is {level}; give a probability above 0 and below 0.5")
