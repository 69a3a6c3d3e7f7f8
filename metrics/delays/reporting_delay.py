"""How long cases take to be reported: by area, report weekday and period.

Learned from the reporting triangle with adjustment for right truncation, small areas leaning on
their parent. Laboratories that close on Sundays make the share known by now depend on the
weekday, not on the days passed alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from metrics.delays.completeness import (
    SPARE_DAYS,
    observed_part,
    reverse_hazard_cdf,
)
from metrics.incidence import as_given
from metrics.kernel import kernel
from metrics.quantiles import Floats
from metrics.states import State, StateCodes, choose

PARENT_CASES = 50.0  # a parent's delay counts as so many cases of the area's own
WEEKDAY_CASES = 50.0  # and so many cases a weekday speak for the parent's weekday factors
LEAST_CASES = 50.0
LEAST_COMPLETE = 10.0  # of them on days old enough to show the longest delay
SCALE_SD = 0.2  # of the log delay scale, where the past does not say


@dataclass(frozen=True, slots=True)
class ReportingDelay:
    """Delay from onset to report of the cases known within D days.

    ``pmf``, shape (D + 1,) or (D + 1, A), is the delay apart from the weekday; ``weekday``,
    shape (7,) or (7, A), how much more each weekday of report reports, entry j for the days
    with index j mod 7 of the triangle, mean 1: a case with onset on day t has delay d with
    probability proportional to pmf_d weekday_{(t + d) mod 7}. ``training_cases`` were used,
    ``own_weight`` is their weight against the parent's delay. ``state``: final; provisional
    where history or cases are too few and the parent's delay speaks; too_few where there is no
    parent either (pmf NaN).
    """

    pmf: Floats
    weekday: Floats
    training_cases: Floats
    own_weight: Floats
    state: StateCodes


@dataclass(frozen=True, slots=True)
class _Parent:
    """Delay (D + 1, A), weekday factors (7, A), and how many cases the delay counts for (A,)."""

    pmf: Floats
    weekday: Floats
    cases: Floats


def reporting_delay(
    triangle: ArrayLike,
    *,
    parent: ReportingDelay | ArrayLike | None = None,
    training_days: int | None = None,
    weekday: bool = True,
) -> ReportingDelay:
    """Estimate the delay from onset to report.

    Parameters
    ----------
    triangle
        Cases by onset day and delay, shape (T, D + 1) or (T, D + 1, A), the last row being the
        as-of day; cells beyond it are ignored.
    parent
        Delay of the area above, of one area or one per area; or the pmf, shape (D + 1,), of the
        past or the literature. Without it, areas lean on the sum of all given.
    training_days
        Last onset days used, so that the delay may drift; by default D + 10. In Toronto 2020,
        38 days gave nowcasts a tenth closer than 56 and a quarter closer than 84.
    weekday
        Whether reports follow a weekday pattern.

    Returns
    -------
    ReportingDelay
        Mode of the Poisson model onset day x delay x weekday of report over the observed cells,
        which is the reverse-time hazard where no weekday differs; the parent's delay counts as
        50 cases. Own (final) from D + 10 days and 50 cases, 10 of them on days that could show
        the longest delay.

    Raises
    ------
    ValueError
        If a count or the parent's delay is unusable; names the value.

    References
    ----------
    Lawless 1994, Can J Stat 22:15, doi:10.2307/3315826.
    """
    counts = observed_part(triangle)
    single = counts.ndim == 2
    counts = counts.reshape(*counts.shape[:2], -1)
    used = training_days or counts.shape[1] - 1 + SPARE_DAYS
    first = max(0, counts.shape[0] - used)
    if parent is None and counts.shape[2] > 1:
        whole = counts.sum(axis=2)
        parent = reporting_delay(whole, training_days=training_days, weekday=weekday)
    above = _parent(parent, counts.shape[1:])
    recent = counts[first:]
    cases = recent.sum(axis=(0, 1))
    complete = recent[: max(0, recent.shape[0] - counts.shape[1] + 1)].sum(axis=(0, 1))
    enough = (cases >= LEAST_CASES) & (complete >= LEAST_COMPLETE)
    enough &= recent.shape[0] >= counts.shape[1] - 1 + SPARE_DAYS
    pmf, factors = _fitted(recent, first, above, weekday=weekday)
    orphan = np.asarray(np.isnan(above.pmf).any(axis=0))
    pmf[:, orphan & ~enough], factors[:, orphan & ~enough] = np.nan, 1.0
    lacking = choose(orphan, State.TOO_FEW, State.PROVISIONAL)
    return ReportingDelay(
        pmf=as_given(pmf, single=single),
        weekday=as_given(factors, single=single),
        training_cases=as_given(cases, single=single),
        own_weight=as_given(cases / np.maximum(cases + above.cases, 1.0), single=single),
        state=as_given(
            np.where(enough, np.int8(State.FINAL), lacking).astype(np.int8), single=single
        ),
    )


def scaled_pmf(pmf: ArrayLike, scale: ArrayLike) -> Floats:
    """The delay stretched in time by a factor, within the same longest delay.

    Parameters
    ----------
    pmf
        Delay, shape (D + 1,) or (D + 1, A).
    scale
        Factors above 0, shape (M,) or (A, M): 1.2 makes every delay a fifth longer.

    Returns
    -------
    Floats
        Shape (D + 1, A, M). Delay d stands for the time from d to d + 1 days.

    Raises
    ------
    ValueError
        If a factor is not positive and finite.
    """
    factor = np.atleast_1d(np.asarray(scale, dtype=np.float64))
    if not (np.isfinite(factor).all() and (factor > 0).all()):
        raise ValueError(f"delay scale {factor.min()}: factors must be positive and finite")
    table = np.asarray(pmf, dtype=np.float64)
    table = table.reshape(table.shape[0], -1)
    delays, areas = table.shape
    at = np.broadcast_to(factor, (areas, factor.shape[-1]))
    # Knots at 0, 1, … D + 1 days: what is reported with delay d is known from d to d + 1 on.
    knots = np.concatenate([np.zeros((1, areas)), table.cumsum(axis=0)])
    position = np.minimum(np.arange(1, delays + 1)[:, None, None] / at, float(delays))
    below = np.minimum(position.astype(np.int64), delays - 1)
    area = np.arange(areas)[None, :, None]
    part = position - below
    cdf = knots[below, area] * (1.0 - part) + knots[below + 1, area] * part
    cdf /= cdf[-1]
    return np.diff(cdf, prepend=0.0, axis=0)


def share_known(delay: ReportingDelay, days: int, *, scale: ArrayLike = 1.0) -> Floats:
    """Share of each onset day's cases that is known on the last of ``days`` days.

    Parameters
    ----------
    delay
        Of one area or of A areas.
    days
        Onset days T of the triangle the delay was learned from (the weekday needs it).
    scale
        Factors of the delay, shape (M,) or (A, M).

    Returns
    -------
    Floats
        F, shape (T, A, M); 1 for days more than D days back, NaN where no delay is known.
    """
    pmf = scaled_pmf(delay.pmf, scale)
    delays = pmf.shape[0]
    week = delay.weekday.reshape(7, -1)[..., None]
    share = np.ones((days, *pmf.shape[1:]))
    share[:, np.isnan(pmf[0])] = np.nan
    for ago in range(min(delays - 1, days)):
        row = days - 1 - ago
        weighted = pmf * week[(row + np.arange(delays)) % 7]
        known = weighted[: ago + 1].sum(axis=0)
        share[row] = known / weighted.sum(axis=0)
    return share


def scale_draws(rng: np.random.Generator, draws: int, sd: ArrayLike = SCALE_SD) -> Floats:
    """Log-normal factors of the delay, one per imputation, the same for all days and areas.

    Returns
    -------
    Floats
        Shape (M,), or (A, M) where ``sd`` (of the logarithm) has one entry an area; mean 1.
        Stratified, so that few draws still span the whole distribution.
    """
    strata = (rng.permutation(draws) + rng.random(draws)) / draws
    spread = np.asarray(sd, dtype=np.float64)[..., None]
    return np.asarray(np.exp(spread * ndtri(strata) - spread**2 / 2))


def _parent(parent: ReportingDelay | ArrayLike | None, shape: tuple[int, ...]) -> _Parent:
    """What the areas lean on; NaN where nothing is given."""
    weekday = np.ones((7, 1))
    if parent is None:
        return _Parent(np.full(shape, np.nan), np.ones((7, shape[1])), np.zeros(shape[1]))
    if isinstance(parent, ReportingDelay):
        pmf, weekday = np.asarray(parent.pmf), parent.weekday.reshape(7, -1)
    else:
        pmf = np.asarray(parent, dtype=np.float64)
    pmf = pmf.reshape(pmf.shape[0] if pmf.ndim else 1, -1)
    if pmf.shape not in (shape, (shape[0], 1)):
        raise ValueError(f"parent's delay: shape {pmf.shape}; the triangle has {shape}")
    unknown = np.isnan(pmf).all(axis=0)
    usable = (pmf >= 0).all(axis=0) & (np.abs(pmf.sum(axis=0) - 1.0) <= 1e-6)
    wrong = np.flatnonzero(~unknown & ~usable)
    if wrong.size:
        raise ValueError(f"parent's delay: {pmf[:, wrong[0]].tolist()} is no pmf")
    cases = np.broadcast_to(np.where(unknown, 0.0, PARENT_CASES), shape[1:])
    return _Parent(np.broadcast_to(pmf, shape), np.broadcast_to(weekday, (7, shape[1])), cases)


def _fitted(recent: Floats, first: int, above: _Parent, *, weekday: bool) -> tuple[Floats, Floats]:
    prior = np.nan_to_num(above.pmf)
    cdf = reverse_hazard_cdf(recent, prior, above.cases)
    pmf = np.diff(cdf, prepend=0.0, axis=0)
    factors = above.weekday.copy()
    if weekday:
        rows = np.ascontiguousarray(np.moveaxis(recent, 2, 0))
        strength = np.ascontiguousarray(above.cases)
        _fit_weekdays(rows, first, (prior, strength, WEEKDAY_CASES), pmf, factors)
    return pmf, factors


@kernel
def _tally(
    n: Floats, first: int, pmf: Floats, week: Floats, due_delay: Floats, due_week: Floats
) -> None:
    """Cases due by delay and by weekday for unit pmf and weekday factor."""
    days, delays = n.shape
    due_delay[:] = 0.0
    due_week[:] = 0.0
    for t in range(days):
        seen = min(delays, days - t)
        cases, unit = 0.0, 0.0
        for d in range(seen):
            cases += n[t, d]
            unit += pmf[d] * week[(first + t + d) % 7]
        if cases > 0.0 and unit > 0.0:
            for d in range(seen):
                j = (first + t + d) % 7
                due_delay[d] += cases / unit * week[j]
                due_week[j] += cases / unit * pmf[d]


@kernel
def _fit_weekdays(
    rows: Floats,
    first: int,
    prior: tuple[Floats, Floats, float],
    pmf: Floats,
    factors: Floats,
) -> None:
    """Fit delay and weekday in turn until they settle, for each area, in place."""
    prior_pmf, prior_cases, week_cases = prior
    areas, days, delays = rows.shape
    due_delay, due_week = np.zeros(delays), np.zeros(7)
    by_delay, by_week = np.zeros(delays), np.zeros(7)
    for a in range(areas):
        n, p, g = rows[a], pmf[:, a].copy(), factors[:, a].copy()
        g0 = g.copy()
        by_delay[:] = 0.0
        by_week[:] = 0.0
        for t in range(days):
            for d in range(min(delays, days - t)):
                by_delay[d] += n[t, d]
                by_week[(first + t + d) % 7] += n[t, d]
        for _ in range(300):
            _tally(n, first, p, g, due_delay, due_week)
            for j in range(7):
                g[j] = (by_week[j] + week_cases * g0[j]) / (due_week[j] + week_cases)
            g *= 7.0 / g.sum()
            _tally(n, first, p, g, due_delay, due_week)
            change = 0.0
            for d in range(delays):
                due = due_delay[d] + prior_cases[a]
                lent = prior_cases[a] * prior_pmf[d, a]
                new = (by_delay[d] + lent) / due if due > 0.0 else 0.0
                change = max(change, abs(new - p[d]))
                p[d] = new
            total = p.sum()
            if total > 0.0:
                p /= total
            if change < 1e-9:
                break
        pmf[:, a] = p
        factors[:, a] = g
