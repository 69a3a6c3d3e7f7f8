"""Which share of what was asked of establishments is not met, cell by cell.

Items of one visit resemble each other, so a visit tells less than its items; shares between 0 and
1 scatter less than yes and no, so it tells more than one answer. How much it tells is measured.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaln

from metrics.gamma_mixture import weighted_sum
from metrics.quantiles import Floats
from metrics.states import State, StateCodes, choose
from metrics.workplaces.checked import amounts, checked_level, refuse, same_shape, whole_counts

HALF_LIFE_DAYS = 180.0
PERIOD_DAYS = 365.0
LEAST_VISITS = 5.0  # effective ones; below it the figure is that of all cells
LEAST_PAIRS = 10.0  # degrees of freedom that tell how visits of a cell scatter
RELATIVE_SPREADS = np.linspace(0.08, 0.80, 25)  # sd of cells over that of yes and no
_STEPS = np.linspace(-3.5, 3.5, 11)  # of the mean, in standard errors
_NEGLIGIBLE = 1e-5  # weight of a component
_HALVINGS = 32  # of the bracket of a quantile


@dataclass(frozen=True, slots=True)
class ControlGap:
    """Share not met at first visits in each of C cells, arrays of shape (C,), fractions.

    ``value`` with ``low`` and ``high`` leans on all cells; ``local_weight`` is how much of it is
    the cell's own, 0 to 1; ``raw`` the decayed mean of its own visits, NaN without any.
    ``visits`` counts those in the period, ``effective`` what is left of them by age. ``state``:
    final, too_few (under 5 effective visits) or missing (none). ``mean`` is the share of all
    cells, ``spread`` the standard deviation of cells about it, ``visit_variance`` the variance
    of visits within a cell over that of yes and no.
    """

    value: Floats
    low: Floats
    high: Floats
    local_weight: Floats
    raw: Floats
    visits: Floats
    effective: Floats
    state: StateCodes
    mean: float
    spread: float
    visit_variance: float


@dataclass(frozen=True, slots=True)
class _Decayed:
    """Sums over the visits of each cell, shape (C,): n visits, n_eff, mean, and scatter."""

    visits: Floats
    effective: Floats
    mean: Floats
    squares: Floats  # weighted squared deviations from the cell's mean
    freedom: Floats  # their expectation over the variance of a visit


def control_gap(
    not_met: ArrayLike,
    cell: ArrayLike,
    age_days: ArrayLike,
    cells: int,
    *,
    half_life_days: float = HALF_LIFE_DAYS,
    period_days: float = PERIOD_DAYS,
    level: float = 0.90,
) -> ControlGap:
    """Beta-binomial share of requirements not met, older visits counting less.

    Parameters
    ----------
    not_met
        Severity-weighted share of applicable items not met at each first visit, before
        anything was mended, shape (N,), 0 to 1: ``visit_shares``.
    cell
        Position of each visit's cell, shape (N,), whole numbers 0 to C - 1.
    age_days
        Days from the visit to the day looked at, shape (N,), at least 0.
    cells
        Number of cells C.
    half_life_days
        Days after which a visit counts half.
    period_days
        Visits older than this are left out.
    level
        Probability of the intervals.

    Returns
    -------
    ControlGap
        With weights d = 0.5^(age / half-life), a cell has n = (sum d)² / sum d² effective
        visits. Visits of a cell vary by phi p (1 - p), phi shared by all cells, so that it
        holds n / phi answers; p ~ Beta, whose mean (even on 0 to 1) and standard deviation
        (even on 0.08 to 0.8 of the largest) are averaged over by the likelihood of all cells.
        It is the share among establishments that were visited.

    Raises
    ------
    ValueError
        If an argument is unusable, no visit lies in the period, or cells hold too few visits
        to tell how they scatter; names argument, index and value.

    References
    ----------
    Scaled binomial: Williams 1982, J R Stat Soc C 31:144, doi:10.2307/2347977. Effective
    number: Kish 1965, Survey Sampling, 11.7. Shrinkage: Kleinman 1973, J Am Stat Assoc 68:46,
    doi:10.1080/01621459.1973.10481332.
    """
    share, place, weight = _checked_visits(not_met, cell, age_days, cells)
    half_life = float(amounts(half_life_days, "half_life_days", above_zero=True))
    period = float(amounts(period_days, "period_days", above_zero=True))
    checked_level(level)
    kept = weight <= period
    if not kept.any():
        raise ValueError(f"age_days: no visit is {period:g} days old or younger")
    decayed = _decayed(share[kept], place[kept], 0.5 ** (weight[kept] / half_life), cells)
    phi = _visit_variance(decayed)
    n = decayed.effective / phi
    x = n * np.nan_to_num(decayed.mean)
    a, b, w = _components(x, n)
    low, high = (_quantiles((a, b, w), x, n, p) for p in ((1 - level) / 2, (1 + level) / 2))
    size, mean = a + b, a / (a + b)
    visited = decayed.visits > 0
    state = choose(decayed.effective >= LEAST_VISITS, State.FINAL, State.TOO_FEW)
    state[~visited] = State.MISSING
    return ControlGap(
        value=weighted_sum(w, (a[:, None] + x) / (size[:, None] + n)),
        low=low,
        high=high,
        local_weight=weighted_sum(w, n / (size[:, None] + n)),
        raw=decayed.mean,
        visits=decayed.visits,
        effective=decayed.effective,
        state=state,
        mean=float(w @ mean),
        spread=float(w @ np.sqrt(mean * (1 - mean) / (1 + size))),
        visit_variance=phi,
    )


def visit_shares(not_met: ArrayLike, severity: ArrayLike, visit: ArrayLike, visits: int) -> Floats:
    """Severity-weighted share of applicable items not met at each visit.

    Parameters
    ----------
    not_met
        Of each applicable item, 1 where it was not met at first and 0 where it was, shape (M,).
    severity
        Weight of each item, above 0, as its statutory fine; shape (M,).
    visit
        Position of each item's visit, shape (M,), whole numbers 0 to N - 1.
    visits
        Number of visits N.

    Returns
    -------
    Floats
        Shape (N,), 0 to 1; NaN where nothing applied.

    Raises
    ------
    ValueError
        If an argument is unusable; names argument, index and value.

    References
    ----------
    Fines as weights: Department of Labor and Employment, Department Order 198-18, section 29.
    """
    failed, weight = (
        whole_counts(not_met, "not_met"),
        amounts(severity, "severity", above_zero=True),
    )
    refuse(failed > 1, failed, "not_met", "is neither 0 nor 1")
    same_shape(failed, weight, ("not_met", "severity"))
    place = _positions(visit, failed, "visit", visits)
    asked = np.bincount(place, weight, visits)
    missed = np.bincount(place, weight * failed, visits)
    return np.asarray(np.divide(missed, asked, out=np.full(visits, np.nan), where=asked > 0))


def _decayed(share: Floats, place: NDArray[np.int64], d: Floats, cells: int) -> _Decayed:
    total, squared = np.bincount(place, d, cells), np.bincount(place, d**2, cells)
    some = total > 0
    mean = np.divide(
        np.bincount(place, d * share, cells), total, out=np.full(cells, np.nan), where=some
    )
    effective = np.divide(total**2, squared, out=np.zeros(cells), where=some)
    squares = np.asarray(np.bincount(place, d * (share - mean[place]) ** 2, cells), np.float64)
    freedom = np.asarray(total, np.float64)
    freedom = freedom - np.divide(squared, total, out=np.zeros(cells), where=some)
    visits = np.bincount(place, minlength=cells).astype(np.float64)
    return _Decayed(visits, effective, mean, squares, freedom)


def _visit_variance(cells: _Decayed) -> float:
    """Variance of visits within a cell over p (1 - p) of the cell.

    Over m (1 - m) of all cells together it would come out too small where cells differ, and
    intervals too short. The square of a cell's mean holds the mean's own variance, which is
    added again.
    """
    several = cells.visits > 1
    if (cells.effective[several] - 1).sum() < LEAST_PAIRS:
        raise ValueError(
            f"cell: {int(cells.visits.sum())} visits in {int((cells.visits > 0).sum())} cells do"
            " not tell how visits of one cell scatter; join cells"
        )
    within = cells.squares[several].sum() / cells.freedom[several].sum()
    mean, weight = cells.mean[several], cells.freedom[several]
    answers = (weight * (mean * (1 - mean) + within / cells.effective[several])).sum()
    # Visits that are all alike would leave no interval: a hundredth of the scatter is kept.
    phi = within / (answers / weight.sum()) if answers > 0 else 1.0
    return float(np.clip(phi, 0.01, 1.0))


def _components(x: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Both parameters and the weight of the beta priors that the cells allow, each (K,)."""
    size = RELATIVE_SPREADS**-2.0 - 1.0
    some = n > 0
    x, n = x[some], n[some]
    mean = (x.sum() + 1) / (n.sum() + 2)
    # A cell of n answers tells n (1 + size) / (n + size) independent cells' worth of the mean.
    worth = (n / (1 + (n - 1) / (1 + size[:, None])).clip(min=1e-9)).sum(axis=1)
    error = 1.5 / np.sqrt(worth * mean * (1 - mean))
    logit = np.log(mean / (1 - mean)) + error[:, None] * _STEPS
    m = 1 / (1 + np.exp(-logit))
    a, b = m * size[:, None], (1 - m) * size[:, None]
    # The mean is even on 0 to 1: even in its logit, cells that all met everything would tell of
    # a mean of 0 for certain.
    chance = np.log(error)[:, None] + np.log(m * (1 - m))
    for seen, asked in zip(x, n, strict=True):
        chance += betaln(a + seen, b + asked - seen) - betaln(a, b)
    weight = np.exp(chance - chance.max())
    kept = weight > _NEGLIGIBLE
    return a[kept], b[kept], weight[kept] / weight[kept].sum()


def _quantiles(
    prior: tuple[Floats, Floats, Floats], x: Floats, n: Floats, probability: float
) -> Floats:
    """Quantile of each cell's mixture of betas by bisection, shape (C,)."""
    a, b, w = prior
    low, high = np.zeros(x.shape), np.ones(x.shape)
    first, second = a[:, None] + x, b[:, None] + n - x
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = weighted_sum(w, betainc(first, second, middle)) < probability
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def _checked_visits(
    not_met: ArrayLike, cell: ArrayLike, age_days: ArrayLike, cells: int
) -> tuple[Floats, NDArray[np.int64], Floats]:
    share, age = amounts(not_met, "not_met"), amounts(age_days, "age_days")
    refuse(share > 1, share, "not_met", "is more than 1; a share is needed")
    same_shape(share, age, ("not_met", "age_days"))
    return share, _positions(cell, share, "cell", cells), age


def _positions(values: ArrayLike, like: Floats, name: str, size: int) -> NDArray[np.int64]:
    place = whole_counts(values, name)
    if size < 1 or like.ndim != 1 or like.size == 0:
        raise ValueError(f"not_met: shape {like.shape} for {size} places; both must hold some")
    same_shape(like, place, ("not_met", name))
    refuse(place >= size, place, name, f"is no place; there are 0 to {size - 1}")
    return place.astype(np.int64)
