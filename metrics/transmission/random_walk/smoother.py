"""R of every single day, given all data: a Bayesian filter and smoother on a grid.

Estimand ``r_smooth``: the instantaneous reproduction number of reported cases on day t. R takes a
random walk of size eta * sqrt(R) a day, so the square root of R takes one of constant size: on a
grid of square roots the transition is one short row of weights. Each row is normalised where the
grid ends; left unnormalised, probability gathers at R = 0 while nothing happens.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.dispersion import dispersion
from metrics.incidence import Counts, Scalar, as_given, checked_counts, trailing_sum
from metrics.quantiles import Floats
from metrics.states import State, StateCodes, choose
from metrics.transmission.cori import check_pair
from metrics.transmission.infectivity import infectivity
from metrics.transmission.random_walk.filtering import ETA, fill_posterior, step_rows
from metrics.transmission.windows import LEAST_EXPECTED
from metrics.weekday import weekday_factors

ETAS = (0.02, 0.05, 0.1, 0.2)
LARGEST_R = 10.0
LEAST_R = 0.01
SUPPORT_DAYS = 14
BURN_IN_DAYS = 90
HALF_LIFE_DAYS = 56.0  # of what a day says about the size of the walk on another one


@dataclass(frozen=True, slots=True)
class SmoothReproduction:
    """Posterior of R on each of D days (and A areas).

    ``day`` is 1-based, shape (D,). The rest has shape (D,) or (D, A): ``value`` the median,
    ``low``, ``high`` bound 95 %, ``q25``, ``q75`` 50 %; ``mean``; ``p_above_1`` is P(R > 1);
    ``phi`` the overdispersion used; ``expected`` the infectiousness of the 14 days up to it;
    ``eta`` the mean size of the daily step; ``state`` codes of ``metrics.states.State``.
    """

    day: NDArray[np.int64]
    value: Floats
    low: Floats
    high: Floats
    q25: Floats
    q75: Floats
    mean: Floats
    p_above_1: Floats
    phi: Floats
    expected: Floats
    state: StateCodes
    eta: Floats


def smooth_reproduction(
    local: ArrayLike,
    total: ArrayLike,
    pmf: ArrayLike,
    *,
    etas: tuple[float, ...] = ETAS,
    points: int = 256,
    alpha_parent: ArrayLike | None = None,
    weekday: bool = True,
    causal: bool = False,
    last: int | None = None,
) -> SmoothReproduction:
    """Estimate R of each day from day 2 on, in the light of all days.

    Parameters
    ----------
    local, total
        Cases infected in the area, and all cases, per day, shape (T,) or (T, A), consecutive
        days; whole or imputed.
    pmf
        Serial interval w_0 = 0, w_1, …, shape (K,).
    etas
        Sizes of the daily step of R at R = 1. The result mixes them by how well they foretold
        the counts of the days around, each from the day before it, so that a calm course gets
        a narrow range and a fast one does not lag.
    points
        Grid points, 256 at least: fewer realise a step of 0.01 at three quarters of its size.
    alpha_parent
        Overdispersion of the parent area, broadcast to (T, A); half of alpha is taken from it.
    weekday
        Whether the counts carry a weekday pattern; it enters the expected counts.
    causal
        Only use days up to each day (the filter): such values never change later.
    last
        Only the last so many days; the walk then starts 90 days before them, and earlier days
        still inform infectiousness, weekdays and dispersion.

    Returns
    -------
    SmoothReproduction
        State final where infectiousness / phi of the last 14 days reaches 11, else too_few.
        The newest week still changes as days are added, unless ``causal``.

    Raises
    ------
    ValueError
        If counts or serial interval are unusable, or a size or the grid is out of range; names
        place and value.

    References
    ----------
    Parag 2021, PLoS Comput Biol 17:e1009347, doi:10.1371/journal.pcbi.1009347; quasi-
    likelihood: Wedderburn 1974, Biometrika 61:439, doi:10.1093/biomet/61.3.439.
    """
    every = checked_counts(total, "total")
    own = every if local is total else checked_counts(local, "local")
    check_pair(own, every, 1)
    steps = _checked_steps(etas, points)
    days, areas = every.shape
    shown = days - 1 if last is None else min(last, days - 1)
    first = 1 if last is None else max(1, days - shown - BURN_IN_DAYS)
    expected, phi = _course(own, every, pmf, alpha_parent=alpha_parent, weekday=weekday)
    root = np.linspace(np.sqrt(LEAST_R), np.sqrt(LARGEST_R), points)
    rows = step_rows(steps, float(root[1] - root[0]))
    figures = np.empty((ETA + 1, shown, areas))
    course = (own[first:], expected[first:], phi[first:])
    setting = (
        0.5 ** (1 / HALF_LIFE_DAYS),
        float(causal),
        max(_unclear_days(pmf) - first, 0),
        steps,
    )
    fill_posterior(course, root, rows, setting, figures)
    support = _support(expected)
    kept = slice(days - shown, None)
    enough = (support / phi)[kept] >= LEAST_EXPECTED

    def given(values: NDArray[Scalar]) -> NDArray[Scalar]:
        return as_given(values, single=np.ndim(total) == 1)

    low, q25, median, q75, high, mean, above, eta = (given(figure) for figure in figures)
    return SmoothReproduction(
        day=np.arange(days - shown + 1, days + 1),
        value=median, low=low, high=high, q25=q25, q75=q75, mean=mean, p_above_1=above,
        phi=given(phi[kept]),
        expected=given(support[kept]),
        state=given(choose(enough, State.FINAL, State.TOO_FEW)),
        eta=eta,
    )  # fmt: skip


def _checked_steps(etas: tuple[float, ...], points: int) -> Floats:
    steps = np.asarray(etas, dtype=np.float64)
    if steps.ndim != 1 or steps.size == 0 or not ((steps > 0) & (steps <= 1)).all():
        raise ValueError(f"sizes of the walk of R: {etas}; give numbers above 0, at most 1")
    if points < 256:
        raise ValueError(f"grid of R: {points} points; 256 at least, or small steps shrink")
    return steps


def _unclear_days(pmf: ArrayLike) -> int:
    """First days whose infectiousness misses 5 % or more, as it lies before the series."""
    return int((np.cumsum(np.asarray(pmf, dtype=np.float64)) < 0.95).sum())


def _course(
    local: Counts,
    total: Counts,
    pmf: ArrayLike,
    *,
    alpha_parent: ArrayLike | None,
    weekday: bool,
) -> tuple[Counts, Counts]:
    """Expected cases at R = 1 and overdispersion of each day, shape (T, A)."""
    factors = weekday_factors(total) if weekday else np.ones_like(total)
    expected = factors * infectivity(total / factors, pmf)
    spread = dispersion(local, expected, first=1)
    parent = None
    if alpha_parent is not None:
        parent = np.broadcast_to(np.asarray(alpha_parent, dtype=np.float64), total.shape)
    return expected, spread.shrunk(parent)


def _support(expected: Counts) -> Counts:
    """Infectiousness of the 14 days up to each one, fewer at the start, shape (T, A)."""
    padded = np.zeros((expected.shape[0] + SUPPORT_DAYS - 2, expected.shape[1]))
    padded[SUPPORT_DAYS - 1 :] = expected[1:]
    result = np.zeros_like(expected)
    result[1:] = trailing_sum(padded, SUPPORT_DAYS)
    return result
