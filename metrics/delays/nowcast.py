"""How many cases each recent onset day will have once all reports are in.

Estimand: the count of an onset day as known D days later (D = 28 as published), of reported
cases. Known cases plus what is still to come: see ``metrics.delays.unreported``. Where the
delay may have changed, all days of an imputation share one stretch of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from metrics.delays.completeness import completeness_state
from metrics.delays.reporting_delay import SCALE_SD, ReportingDelay, share_known
from metrics.delays.unreported import Unreported, mixture_quantiles, recent_level, unreported
from metrics.incidence import Counts, as_given, checked_counts
from metrics.quantiles import Floats, Levels, checked_levels
from metrics.states import State, StateCodes

GROUPS = (0, 3, 6, 10, 15)  # first day of each horizon group, days after onset
ALPHA = 0.05  # overdispersion of what is to come, where the past does not say
LEVELS: Levels = (0.025, 0.25, 0.5, 0.75, 0.975)


@dataclass(frozen=True, slots=True)
class NowcastError:
    """What past nowcasts teach about this one, for all areas together or for each.

    ``alpha``, shape (G,) or (G, A) with G = 5 horizon groups (0-2, 3-5, 6-9, 10-14, 15 days and
    more after onset), is the variance beyond the model's, over the model's times the mean;
    ``scale_sd``, shape () or (A,), the standard deviation of the log delay scale; ``measured``
    whether past nowcasts spoke, or these are prior values.
    """

    alpha: Floats
    scale_sd: Floats
    measured: bool


PRIOR_ERROR = NowcastError(np.full(len(GROUPS), ALPHA), np.array(SCALE_SD), measured=False)


@dataclass(frozen=True, slots=True)
class Nowcast:
    """Final counts of T onset days (and A areas), as expected on the last day.

    ``observed`` is known; ``value`` the expected final count, which adds up over areas; ``low``,
    ``high`` bound 95 %, ``q25``, ``q75`` 50 %, ``median``; ``share`` known by now. ``quantiles``
    has shape (Q, T) or (Q, T, A) for the ``levels`` asked for. ``state``: final where share >=
    0.9, provisional from 0.5, hidden below or without a delay; never better than provisional
    where the delay is borrowed or past errors are not known, except for complete days.
    """

    observed: Floats
    value: Floats
    low: Floats
    q25: Floats
    median: Floats
    q75: Floats
    high: Floats
    levels: Levels
    quantiles: Floats
    share: Floats
    level: Floats
    state: StateCodes


def nowcast(
    observed: ArrayLike,
    delay: ReportingDelay,
    *,
    error: NowcastError = PRIOR_ERROR,
    parent_level: ArrayLike | None = None,
    course: ArrayLike | None = None,
    levels: Levels = LEVELS,
) -> Nowcast:
    """Nowcast every onset day with its interval.

    Parameters
    ----------
    observed
        Cases known by now by onset day, shape (T,) or (T, A), the last row being the as-of day.
    delay
        Of one area (used for all) or one per area, learned from a triangle of the same T days.
    error
        From ``metrics.delays.retrospective``.
    parent_level
        Expected cases per day from the area above, shape (A,).
    course
        Nowcast of the area above over its recent level, shape (T,) or (T, A): lets the trend of
        a province reach municipalities too small to show their own.
    levels
        Quantiles wanted besides 0.025, 0.25, 0.5, 0.75, 0.975.

    Returns
    -------
    Nowcast
        Mean and quantiles of the known count plus the unreported part, mixed over the delay's
        scale (which is not updated by the data: a cut posterior).

    Raises
    ------
    ValueError
        If a count, a level or a shape is unusable; names the value.

    References
    ----------
    Lawless 1994, Can J Stat 22:15, doi:10.2307/3315826.
    """
    wanted = checked_levels(levels)
    counts = checked_counts(observed, "observed")
    nodes, weights = np.polynomial.hermite_e.hermegauss(7)
    weights = weights / weights.sum()
    sd = np.asarray(error.scale_sd, dtype=np.float64)
    scale = np.exp(sd[..., None] * nodes - sd[..., None] ** 2 / 2)
    known = _shares(delay, counts.shape, scale)
    share = _shares(delay, counts.shape, 1.0)[..., 0]
    wave = _course(course, counts)
    level = recent_level(counts, share, parent_level, course=wave)
    expected = np.broadcast_to(level * wave, counts.shape)
    later = unreported(counts[..., None], known, expected[..., None])
    later = later.widened(_alpha(error, counts.shape)[..., None])
    value = counts + later.mean @ weights
    every = tuple(sorted({*LEVELS, *wanted}))
    added = _quantiles(later, weights, np.array(every))
    at = {name: counts + added[every.index(p)] for name, p in zip(_NAMES, LEVELS, strict=True)}
    # A mean of 0.03 lies above the 97.5 % quantile 0: the range shall contain what is published.
    at["low"], at["high"] = np.minimum(at["low"], value), np.maximum(at["high"], value)
    single = np.ndim(observed) == 1
    quantiles = counts + added[[every.index(p) for p in wanted]]
    return Nowcast(
        observed=as_given(counts, single=single),
        value=as_given(value, single=single),
        **{name: as_given(x, single=single) for name, x in at.items()},
        levels=wanted,
        quantiles=as_given(quantiles, single=single),
        share=as_given(share, single=single),
        level=as_given(level, single=single),
        state=as_given(_state(share, delay, error), single=single),
    )


def complete_draws(
    observed: ArrayLike,
    delay: ReportingDelay,
    scale: ArrayLike,
    rng: np.random.Generator,
    *,
    error: NowcastError = PRIOR_ERROR,
    parent_level: ArrayLike | None = None,
    course: ArrayLike | None = None,
) -> Floats:
    """Joint draws of the final counts: one path of all days and areas per imputation.

    Parameters
    ----------
    observed
        Known cases by onset day, shape (T, A), or (T, A, M) where onsets are imputed.
    scale
        Stretch of the delay per imputation, shape (M,) or (A, M), from ``scale_draws``.
    rng
        Source of randomness.
    delay, error, parent_level, course
        As for ``nowcast``.

    Returns
    -------
    Floats
        Shape (T, A, M), never below the observed counts.

    Raises
    ------
    ValueError
        If a count or a shape is unusable; names the value.
    """
    counts = np.asarray(observed, dtype=np.float64)
    factors = np.atleast_1d(np.asarray(scale, dtype=np.float64))
    draws = factors.shape[-1]
    if counts.ndim not in (2, 3) or (counts.ndim == 3 and counts.shape[2] != draws):
        raise ValueError(f"observed: shape {counts.shape}, not (T, A) or (T, A, {draws})")
    flat = checked_counts(counts.reshape(counts.shape[0], -1), "observed")
    paths = flat.reshape(*counts.shape[:2], -1)
    shape = paths.shape[:2]
    known = _shares(delay, shape, factors)
    if np.isnan(known).any():
        which = np.flatnonzero(np.isnan(known).any(axis=(0, 2)))[:5].tolist()
        raise ValueError(
            f"delay: unknown for areas {which}; draws need one, its own or a parent's. Leave"
            " these areas out"
        )
    typical = paths.mean(axis=2)
    wave = _course(course, typical)
    share = _shares(delay, shape, 1.0)[..., 0]
    level = recent_level(typical, share, parent_level, course=wave)
    expected = np.broadcast_to(level * wave, shape)
    later = unreported(paths, known, expected[..., None])
    later = later.widened(_alpha(error, shape)[..., None])
    odds = (1.0 - later.success) / later.success
    return np.asarray(paths + rng.poisson(rng.gamma(later.size, odds)))


_NAMES = ("low", "q25", "median", "q75", "high")


def _shares(delay: ReportingDelay, shape: tuple[int, ...], scale: ArrayLike) -> Floats:
    known = share_known(delay, shape[0], scale=scale)
    if known.shape[1] not in (1, shape[1]):
        raise ValueError(f"delay: of {known.shape[1]} areas; the counts have {shape[1]}")
    return np.broadcast_to(known, (*shape[:2], known.shape[2]))


def _alpha(error: NowcastError, shape: tuple[int, ...]) -> Floats:
    """Overdispersion of each cell by its age, shape (T, A)."""
    ago = np.arange(shape[0])[::-1]
    group = np.searchsorted(GROUPS, ago, side="right") - 1
    return np.broadcast_to(error.alpha.reshape(len(GROUPS), -1)[group], shape)


def _course(course: ArrayLike | None, counts: Counts) -> Floats:
    """Cases of each day over the level, before looking at it, (T, 1) or (T, A)."""
    if course is None:
        return np.ones((counts.shape[0], 1))
    given = np.asarray(course, dtype=np.float64)
    given = given[:, None] if given.ndim == 1 else given
    if given.shape[0] != counts.shape[0] or not (given >= 0).all():
        raise ValueError(
            f"course: shape {given.shape}, least {given.min()}; one value of 0 or more per day"
        )
    return np.asarray(np.maximum(given, 1e-3))


def _quantiles(later: Unreported, weights: Floats, levels: Floats) -> Floats:
    """0 for complete days, walked for the others; shape (Q, T, A)."""
    result = np.zeros((levels.size, *later.mean.shape[:2]))
    open_cells = ~(later.mean.max(axis=2) <= 0)
    part = Unreported(later.mean[open_cells], later.success[open_cells])
    result[:, open_cells] = mixture_quantiles(part, weights, levels)
    return result


def _state(share: Floats, delay: ReportingDelay, error: NowcastError) -> StateCodes:
    state = completeness_state(share)
    borrowed = np.broadcast_to(np.asarray(delay.state) != State.FINAL, share.shape[1:])
    unsure = (borrowed | (not error.measured)) & (share < 1) & (state == State.FINAL)
    state[unsure] = np.int8(State.PROVISIONAL)
    return state
