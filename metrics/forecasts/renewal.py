"""Counts of the next two weeks, if R goes on wandering as it did.

Each draw takes one past (a draw of the nowcast) and one R of today, lets R wander, and every
day's cases infect those of the days after. Behaviour, policy and immunity stay as they are.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.forecasts.innovation import Innovation
from metrics.forecasts.start import Start
from metrics.gamma_mixture import weighted_sum
from metrics.incidence import Counts, checked_counts
from metrics.kernel import kernel
from metrics.quantiles import Floats, Levels, checked_levels
from metrics.scores.interval_score import LEVELS
from metrics.states import State, StateCodes
from metrics.transmission.serial_interval import Pmf, checked_pmf
from metrics.weekday import weekday_factors

Axis = Literal["onset", "report"]
LARGEST_MEAN = 1e9  # cases a day: no draw beyond it means anything, and it must not overflow


@dataclass(frozen=True, slots=True)
class Course:
    """How the forecast runs: ``horizon`` days, ``draws`` per area, ``levels`` of the quantiles.

    ``damping`` multiplies today's log R each day, so that below 1 R drifts towards 1;
    ``weekday`` says whether the counts carry a weekday pattern.
    """

    horizon: int = 14
    draws: int = 500
    damping: float = 0.95
    levels: Levels = LEVELS
    weekday: bool = True


TWO_WEEKS = Course()


@dataclass(frozen=True, slots=True)
class Forecast:
    """Predictive quantiles of daily counts.

    ``horizon_days`` 1 … H after the last day, shape (H,); ``quantiles`` (Q, H, A), NaN where
    ``state``, shape (A,), is not final; ``draws`` (H, A, D) where kept; ``axis`` the kind of
    date counted; ``innovation`` how far R was let wander, and where that was learned.
    """

    horizon_days: NDArray[np.int64]
    levels: Levels
    quantiles: Floats
    state: StateCodes
    axis: Axis
    innovation: Innovation
    draws: Floats | None


def renewal_forecast(
    total: ArrayLike,
    pmf: ArrayLike,
    start: Start,
    *,
    innovation: Innovation,
    axis: Axis,
    rng: np.random.Generator,
    course: Course = TWO_WEEKS,
    imports_per_day: ArrayLike = 0.0,
    keys: ArrayLike | None = None,
    keep_draws: bool = False,
) -> Forecast:
    """Forecast daily counts of the days after the last one.

    Parameters
    ----------
    total
        All cases per day up to the last day that may be used, shape (T, A), or (T, A, M) with
        M draws of the nowcast; T at least 21 days.
    pmf
        Serial interval w_0 = 0, w_1, …, shape (K,).
    start
        R on the last day (``start_from``; or pooled with the parent area), shapes (A, M).
    innovation
        How far log R wanders per day, of the country.
    axis
        Kind of date in ``total``. Forecasts by onset count cases as known 28 days after.
    rng
        Source of the streams; each area has its own, so that it does not matter which other
        areas are in the batch.
    course
        Horizon, draws, damping, levels, weekdays.
    imports_per_day
        Expected cases from elsewhere, broadcast to (A,).
    keys
        Whole numbers that name the areas' streams, shape (A,); their position by default.
    keep_draws
        Whether to return the draws.

    Returns
    -------
    Forecast
        Estimand: count of reference day t + h as known 28 days after it, were nothing but
        chance to change R. Daily counts are negative binomial with variance phi times mean.
        State final where R is final in at least half of the draws of the past, else too_few.

    Raises
    ------
    ValueError
        If shapes do not fit, the series is under 21 days, or a number is impossible; names it.

    References
    ----------
    Cori et al. 2013, Am J Epidemiol 178:1505, doi:10.1093/aje/kwt133 (renewal equation);
    projections from it: Nouvellet et al. 2018, Epidemics 22:3,
    doi:10.1016/j.epidem.2017.02.012.
    """
    counts, weights = _checked_past(total, start), checked_pmf(pmf)
    _check_course(course, axis)
    days, areas, pasts = counts.shape
    factors = np.ones((days, areas))
    if course.weekday:
        factors = weekday_factors(counts.mean(axis=2))
    ahead = _coming_factors(factors, course.horizon)
    past = _infectivity_left(counts / factors[:, :, None], weights, course.horizon)
    imports = checked_counts(np.broadcast_to(imports_per_day, (areas,)), "imports_per_day")[:, 0]
    enough = np.asarray(2 * (start.state == State.FINAL).sum(axis=1) >= pasts)
    drawn = np.full((course.horizon, areas, course.draws), np.nan)
    names = np.arange(areas) if keys is None else _checked_keys(keys, areas)
    entropy = int(rng.integers(2**63))
    for a in np.flatnonzero(enough):  # one call per area: each has its own stream of numbers
        seed = np.random.SeedSequence(entropy, spawn_key=(int(names[a]),))
        one = np.empty((course.horizon, course.draws))
        _run(
            np.random.Generator(np.random.PCG64(seed)),
            np.ascontiguousarray(past[:, a]),
            ahead[:, a].copy(),
            weights,
            np.stack([start.log_r[a], np.sqrt(start.variance[a]), start.phi[a]]),
            np.array([course.damping, innovation.sd_per_day, imports[a]]),
            one,
        )
        drawn[:, a] = one
    quantiles = np.full((len(course.levels), course.horizon, areas), np.nan)
    quantiles[:, :, enough] = np.quantile(drawn[:, enough], course.levels, axis=2)
    return Forecast(
        horizon_days=np.arange(1, course.horizon + 1),
        levels=checked_levels(course.levels),
        quantiles=quantiles,
        state=np.where(enough, np.int8(State.FINAL), np.int8(State.TOO_FEW)).astype(np.int8),
        axis=axis,
        innovation=innovation,
        draws=drawn if keep_draws else None,
    )


def _checked_past(total: ArrayLike, start: Start) -> Counts:
    given = np.asarray(total, dtype=np.float64)
    if given.ndim not in (2, 3):
        raise ValueError(f"total: shape {given.shape} is neither (T, A) nor (T, A, M)")
    flat = checked_counts(given.reshape(given.shape[0], -1), "total")
    counts = flat.reshape(*given.shape[:2], -1)
    if counts.shape[0] < 21:
        raise ValueError(f"total: {counts.shape[0]} days; a forecast needs 21 at least")
    if start.log_r.shape != counts.shape[1:]:
        raise ValueError(
            f"start: shape {start.log_r.shape}; the counts have (A, M) = {counts.shape[1:]}"
        )
    return counts


def _checked_keys(keys: ArrayLike, areas: int) -> NDArray[np.int64]:
    names = np.asarray(keys)
    whole = names.dtype.kind in "iu" and names.shape == (areas,)
    if not whole or np.unique(names).size < areas or np.any(names < 0):
        raise ValueError(f"keys: {names.tolist()}; {areas} areas need distinct whole numbers")
    return names.astype(np.int64)


def _check_course(course: Course, axis: Axis) -> None:
    if axis not in ("onset", "report"):
        raise ValueError(f"axis '{axis}'; say onset or report, they are never mixed")
    if not (course.horizon >= 1 and course.draws >= 2 and 0 < course.damping <= 1):
        raise ValueError(
            f"forecast over {course.horizon} days with {course.draws} draws and damping"
            f" {course.damping}; at least 1, at least 2, above 0 and at most 1"
        )


def _coming_factors(factors: Counts, horizon: int) -> Counts:
    """The last week's factors, one mean, repeated over the coming days, shape (H, A)."""
    week = factors[-7:] / factors[-7:].mean(axis=0)
    return np.asarray(week[np.arange(horizon) % 7])


def _infectivity_left(counts: Floats, pmf: Pmf, horizon: int) -> Floats:
    """Infectiousness on each coming day from the cases known today, shape (H, A, M)."""
    past = np.zeros((horizon, *counts.shape[1:]))
    for h in range(1, horizon + 1):
        reach = min(pmf.size - h, counts.shape[0])
        if reach > 0:  # added up day by day, so that the other areas do not matter
            past[h - 1] = weighted_sum(pmf[h : h + reach][::-1], counts[-reach:])
    return past


@kernel
def _run(
    rng: np.random.Generator,
    past: Counts,
    factors: Floats,
    pmf: Pmf,
    start: Counts,
    setting: Floats,
    result: Counts,
) -> None:
    """Draws of one area, into shape (H, D); ``start`` holds log R, its sd and phi per past."""
    damping, sd, imports = setting
    horizon, draws = result.shape
    made = np.zeros(horizon)
    for d in range(draws):
        m = d % past.shape[1]
        spread = start[2, m] - 1.0
        drift = start[0, m] + start[1, m] * rng.normal()
        walk = 0.0
        for h in range(horizon):
            drift *= damping
            walk += sd * rng.normal()
            log_r = drift + walk
            due = past[h, m]
            for k in range(1, min(h + 1, pmf.size)):
                due += pmf[k] * made[h - k]
            mean = min(factors[h] * (np.exp(log_r) * due + imports), LARGEST_MEAN)
            if spread > 0.0 and mean > 0.0:
                mean = rng.gamma(mean / spread, spread)
            result[h, d] = rng.poisson(mean)
            made[h] = result[h, d] / factors[h]
