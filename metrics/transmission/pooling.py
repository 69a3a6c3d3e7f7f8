"""R of small areas, leaning on the area around them as far as their own cases are few.

City < province < region < country: R of an area is drawn around that of its parent, the parent's
is learned from the siblings without the area itself, and how alike siblings are is learned from
how much they differ beyond chance. The weight of the area's own data is always shown.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincc, gammaln

from metrics.quantiles import Floats, gamma_quantiles
from metrics.states import State, StateCodes, choose
from metrics.transmission.reproduction import (
    LEAST_CASES,
    LEAST_SHAPE,
    NEUTRAL_PRIOR,
    Reproduction,
)
from metrics.transmission.windows import LEAST_EXPECTED

KAPPAS = np.geomspace(1.0, 200.0, 10)
LEAST_OWN = 0.2  # weight of own data below which a figure is the parent's
_NOTHING = 1e-9  # borrowed cases that are rounding only
_BLOCK = 64  # windows at a time, for the memory of 40,000 areas


@dataclass(frozen=True, slots=True)
class PooledReproduction:
    """Posterior of R of A areas in W windows, given their own data and their siblings'.

    ``t_end`` is a 1-based day, shape (W,). The rest has shape (W, A): ``value`` the median,
    ``low``, ``high`` bound 95 %, ``q25``, ``q75`` 50 %; ``mean``, ``sd``; ``p_above_1`` is
    P(R > 1), ``p_above_1_2`` P(R > 1.2); ``own_weight`` the share that own data have in the
    estimate, 0 to 1; ``leans_on_parent`` where it is below 0.2 and something is borrowed, so
    that the figure is the parent's value; ``kappa`` how alike the siblings are (a coefficient
    of variation of their R of 1 / sqrt(kappa)); ``prior_mean``, ``prior_sd`` what the area would
    get without data of its own; ``state`` codes of ``metrics.states.State``.
    """

    t_end: NDArray[np.int64]
    value: Floats
    low: Floats
    high: Floats
    q25: Floats
    q75: Floats
    mean: Floats
    sd: Floats
    p_above_1: Floats
    p_above_1_2: Floats
    own_weight: Floats
    leans_on_parent: NDArray[np.bool_]
    kappa: Floats
    prior_mean: Floats
    prior_sd: Floats
    state: StateCodes


def pooled_reproduction(
    own: Reproduction, group: ArrayLike, *, parent: PooledReproduction | None = None
) -> PooledReproduction:
    """Shrink R of every area towards its parent's, leave-one-out.

    Parameters
    ----------
    own
        Estimates of A areas in the same fixed windows, from `reproduction`; best with the
        parent's alpha.
    group
        Index of each area's parent, shape (A,): a column of ``parent``; any whole numbers
        from 0 where ``parent`` is not given.
    parent
        The level above, same windows, already pooled. What it says of a parent without the
        parent's own data is what the siblings' data are added to; without it, the neutral
        prior is.

    Returns
    -------
    PooledReproduction
        Mixture over kappa (1 to 200, even in 1 / sqrt(kappa), weighted by the negative binomial
        likelihood of every area given its siblings) of Gamma(prior shape + borrowed cases +
        cases / phi, prior rate + borrowed infectiousness + expected / phi), by its first two
        moments. What is borrowed is what the parent knows without the area, n cases, times
        kappa / (kappa + n): never more than it knows, and never more than kappa cases. Without
        siblings and parent it is nothing, and the area keeps its own estimate and state.
        Final where the area is final alone, or where own and borrowed infectiousness reach 11,
        own and borrowed cases 10, and the coefficient of variation is at most a half; else
        too_few.

    Raises
    ------
    ValueError
        If the areas have no axis of their own, windows differ in length, or a group is no
        column of the parent; names the value.

    References
    ----------
    Clayton & Kaldor 1987, Biometrics 43:671, doi:10.2307/2532003 (gamma-Poisson empirical
    Bayes of areas); windows: Cori et al. 2013, Am J Epidemiol 178:1505, doi:10.1093/aje/kwt133.
    """
    columns, size = _checked_groups(own, group, parent)
    cases, expected = own.cases / own.phi, own.expected / own.phi
    above = _above(parent, cases.shape[0], size)
    moments = np.empty((8, *cases.shape))
    for start in range(0, cases.shape[0], _BLOCK):
        rows = slice(start, start + _BLOCK)
        moments[:, rows] = _moments(cases[rows], expected[rows], columns, above[:, rows])
    return _posterior(own, moments)


def _checked_groups(
    own: Reproduction, group: ArrayLike, parent: PooledReproduction | None
) -> tuple[NDArray[np.int64], int]:
    columns = np.asarray(group)
    if own.cases.ndim != 2 or columns.shape != own.cases.shape[1:]:
        raise ValueError(
            f"pooling: estimates of shape {own.cases.shape} and groups of shape {columns.shape};"
            " give (W, A) and (A,)"
        )
    if np.unique(own.window_days).size > 1:
        lengths = [int(days) for days in np.unique(own.window_days)]
        raise ValueError(f"pooling: windows of {lengths} days; siblings need the same window")
    if not np.issubdtype(columns.dtype, np.integer) or columns.min(initial=0) < 0:
        raise ValueError(f"pooling: groups {columns.tolist()[:8]}; give whole numbers from 0")
    size = int(columns.max(initial=0)) + 1
    if parent is not None:
        if parent.mean.shape[0] != own.cases.shape[0] or (parent.t_end != own.t_end).any():
            raise ValueError("pooling: the parent's windows end on other days than the areas'")
        if size > parent.mean.shape[1]:
            raise ValueError(
                f"pooling: group {size - 1}, but the parent has columns 0 to"
                f" {parent.mean.shape[1] - 1}"
            )
        size = parent.mean.shape[1]
    return columns.astype(np.int64), size


def _above(parent: PooledReproduction | None, windows: int, size: int) -> Floats:
    """Cases and infectiousness told of each parent without its own data, shape (2, W, G).

    The prior is no knowledge and is taken off.
    """
    if parent is None:
        return np.zeros((2, windows, size))
    rate = parent.prior_mean / parent.prior_sd**2
    told = rate * parent.prior_mean - NEUTRAL_PRIOR.shape, rate - NEUTRAL_PRIOR.rate
    return np.maximum(np.stack(told), 0.0)


def _group_sums(values: Floats, columns: NDArray[np.int64], size: int) -> Floats:
    """Sums over the areas of each group, shape (W, G)."""
    order = np.argsort(columns, kind="stable")
    present, first = np.unique(columns[order], return_index=True)
    result = np.zeros((values.shape[0], size))
    result[:, present] = np.add.reduceat(values[:, order], first, axis=1)
    return result


def _borrowed(
    cases: Floats, expected: Floats, columns: NDArray[np.int64], above: Floats, *, kappa: float
) -> tuple[Floats, Floats]:
    """Cases and infectiousness an area has from its siblings and the level above, (W, A).

    n cases know their own area's R to a relative variance of 1 / n, and another area's to
    1 / n + 1 / kappa, as n kappa / (kappa + n) cases of its own would. It is so from sibling to
    parent, whence a large sibling does not count by its size alone, and from parent to area.
    """
    size = above.shape[2]
    crude = (NEUTRAL_PRIOR.shape + _group_sums(cases, columns, size)) / (
        NEUTRAL_PRIOR.rate + _group_sums(expected, columns, size)
    )
    share = kappa / (kappa + crude[:, columns] * expected)
    known = []
    for values, told in ((share * cases, above[0]), (share * expected, above[1])):
        others = _group_sums(values, columns, size)[:, columns] - values
        known.append(told[:, columns] + np.maximum(others, 0.0))
    mean = (NEUTRAL_PRIOR.shape + known[0]) / (NEUTRAL_PRIOR.rate + known[1])
    share = kappa / (kappa + mean * known[1])
    return share * known[0], share * known[1]


def _moments(cases: Floats, expected: Floats, columns: NDArray[np.int64], above: Floats) -> Floats:
    """Mean, mean square, own weight, borrowed both, kappa, prior mean and square, (8, W, A)."""
    parts = np.empty((KAPPAS.size, 8, *cases.shape))
    likelihood = np.empty((KAPPAS.size, cases.shape[0], above.shape[2]))
    for place, kappa in enumerate(KAPPAS):
        lent_cases, lent = _borrowed(cases, expected, columns, above, kappa=float(kappa))
        prior_shape, prior_rate = NEUTRAL_PRIOR.shape + lent_cases, NEUTRAL_PRIOR.rate + lent
        shape, rate = prior_shape + cases, prior_rate + expected
        # Gamma functions, since counts are divided; what does not depend on kappa is left out.
        told = prior_shape * np.log(prior_rate) - shape * np.log(rate)
        told += gammaln(shape) - gammaln(prior_shape)
        likelihood[place] = _group_sums(told, columns, above.shape[2])
        parts[place] = (
            shape / rate,
            shape * (shape + 1.0) / rate**2,
            expected / rate,
            lent_cases,
            lent,
            np.full(cases.shape, kappa),
            prior_shape / prior_rate,
            prior_shape * (prior_shape + 1.0) / prior_rate**2,
        )
    likelihood -= 0.5 * np.log(KAPPAS)[:, None, None]  # the prior: even in 1 / sqrt(kappa)
    weight = np.exp(likelihood - likelihood.max(axis=0))
    weight /= weight.sum(axis=0)
    return np.asarray((weight[:, None, :, columns] * parts).sum(axis=0))


def _posterior(own: Reproduction, moments: Floats) -> PooledReproduction:
    mean, square, weight, lent_cases, lent, kappa, prior_mean, prior_square = moments
    variance = square - mean**2
    shape, rate = mean**2 / variance, mean / variance
    low, q25, median, q75, high = gamma_quantiles(shape, (0.025, 0.25, 0.5, 0.75, 0.975)) / rate
    borrows = np.maximum(lent_cases, lent) > _NOTHING
    enough = (own.expected / own.phi + lent >= LEAST_EXPECTED) & (shape >= LEAST_SHAPE)
    enough &= borrows & (own.cases + lent_cases >= LEAST_CASES)
    enough |= own.state == State.FINAL
    return PooledReproduction(
        t_end=own.t_end,
        value=median, low=low, high=high, q25=q25, q75=q75,
        mean=mean,
        sd=np.sqrt(variance),
        p_above_1=gammaincc(shape, rate),
        p_above_1_2=gammaincc(shape, 1.2 * rate),
        own_weight=weight,
        leans_on_parent=borrows & (weight < LEAST_OWN),
        kappa=kappa,
        prior_mean=prior_mean,
        prior_sd=np.sqrt(prior_square - prior_mean**2),
        state=choose(enough, State.FINAL, State.TOO_FEW),
    )  # fmt: skip
