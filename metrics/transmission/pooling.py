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
from metrics.transmission.reproduction import LEAST_SHAPE, NEUTRAL_PRIOR, Reproduction
from metrics.transmission.windows import LEAST_EXPECTED

KAPPAS = np.geomspace(1.0, 200.0, 10)
LEAST_OWN = 0.2  # weight of own data below which a figure is the parent's
# Gauss-Hermite rule of three points for the logarithm of the parent's R.
_NODES, _SHARES = np.array([-np.sqrt(3.0), 0.0, np.sqrt(3.0)]), np.array([1, 4, 1]) / 6.0
_BLOCK = 64  # windows at a time, for the memory of 40,000 areas


@dataclass(frozen=True, slots=True)
class PooledReproduction:
    """Posterior of R of A areas in W windows, given their own data and their siblings'.

    ``t_end`` is a 1-based day, shape (W,). The rest has shape (W, A): ``value`` the median,
    ``low``, ``high`` bound 95 %, ``q25``, ``q75`` 50 %; ``mean``, ``sd``; ``p_above_1`` is
    P(R > 1), ``p_above_1_2`` P(R > 1.2); ``own_weight`` the share that own data have in the
    estimate, 0 to 1; ``leans_on_parent`` where it is below 0.2, so that the figure is the
    parent's value; ``kappa`` how alike the siblings are (a coefficient of variation of their
    R of 1 / sqrt(kappa)); ``prior_mean``, ``prior_sd`` what the area would get without data of
    its own; ``state`` codes of ``metrics.states.State``.
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
        Mixture over kappa (1 to 200, even on the log scale, weighted by the negative binomial
        marginal likelihood of all siblings) and over the parent's R of Gamma(kappa + cases /
        phi, rate kappa / R_parent + expected / phi), by its first two moments. Final where
        kappa / R_parent + expected / phi reaches 11 on average and the coefficient of variation
        is at most a half, else too_few.

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
    moments = np.empty((7, *cases.shape))
    for start in range(0, cases.shape[0], _BLOCK):
        rows = slice(start, start + _BLOCK)
        moments[:, rows] = _moments(cases[rows], expected[rows], columns, above[:, rows])
    return _posterior(own.t_end, moments)


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
    """Mean and variance of each parent's R without its own data, shape (2, W, G)."""
    if parent is not None:
        return np.stack([parent.prior_mean, parent.prior_sd**2])
    neutral = np.array([NEUTRAL_PRIOR.mean, NEUTRAL_PRIOR.sd**2])
    return np.broadcast_to(neutral[:, None, None], (2, windows, size))


def _group_sums(values: Floats, columns: NDArray[np.int64], size: int) -> Floats:
    """Sums over the areas of each group, shape (W, G)."""
    order = np.argsort(columns, kind="stable")
    present, first = np.unique(columns[order], return_index=True)
    result = np.zeros((values.shape[0], size))
    result[:, present] = np.add.reduceat(values[:, order], first, axis=1)
    return result


def _siblings(
    cases: Floats, expected: Floats, columns: NDArray[np.int64], above: Floats, *, kappa: float
) -> tuple[Floats, Floats]:
    """Mean and variance of the parent's R as the siblings and the level above tell it, (W, A).

    A sibling's ratio scatters by mean / expected through chance and by mean² / kappa because
    areas differ, so that a large sibling does not count by its size alone.
    """
    size = above.shape[2]
    crude = (NEUTRAL_PRIOR.shape + _group_sums(cases, columns, size)) / (
        NEUTRAL_PRIOR.rate + _group_sums(expected, columns, size)
    )
    mean = crude[:, columns]
    share = 1.0 / (mean * (1.0 + mean * expected / kappa))
    precision, weighted = share * expected, share * cases
    told = 1.0 / above[1][:, columns]
    told_mean = above[0][:, columns] * told
    others = _group_sums(precision, columns, size)[:, columns] - precision
    seen = _group_sums(weighted, columns, size)[:, columns] - weighted
    total = told + np.maximum(others, 0.0)
    return (told_mean + np.maximum(seen, 0.0)) / total, 1.0 / total


def _moments(cases: Floats, expected: Floats, columns: NDArray[np.int64], above: Floats) -> Floats:
    """Mean, mean square, own weight, support, kappa, prior mean and mean square, (7, W, A)."""
    parts = np.empty((KAPPAS.size, 7, *cases.shape))
    likelihood = np.empty((KAPPAS.size, cases.shape[0], above.shape[2]))
    for place, kappa in enumerate(KAPPAS):
        mean, variance = _siblings(cases, expected, columns, above, kappa=float(kappa))
        logs = np.log1p(variance / mean**2)
        nodes = mean * np.exp(-0.5 * logs + np.sqrt(logs) * _NODES[:, None, None])
        rate = kappa / nodes
        log_chance = kappa * np.log(rate) - (kappa + cases) * np.log(rate + expected)
        most = log_chance.max(axis=0)
        chance = _SHARES[:, None, None] * np.exp(log_chance - most)
        marginal = chance.sum(axis=0)
        chance /= marginal
        # Gamma functions, since counts are divided; what does not depend on kappa is left out.
        told = np.log(marginal) + most + gammaln(cases + kappa) - gammaln(kappa)
        likelihood[place] = _group_sums(told, columns, above.shape[2])
        shape, total = kappa + cases, rate + expected
        parts[place] = (
            (chance * shape / total).sum(axis=0),
            (chance * shape * (shape + 1.0) / total**2).sum(axis=0),
            (chance * expected / total).sum(axis=0),
            (chance * total).sum(axis=0),
            np.full(cases.shape, kappa),
            mean,
            (variance + mean**2) * (1.0 + 1.0 / kappa),
        )
    likelihood -= 0.5 * np.log(KAPPAS)[:, None, None]  # the prior: even in 1 / sqrt(kappa)
    weight = np.exp(likelihood - likelihood.max(axis=0))
    weight /= weight.sum(axis=0)
    return np.asarray((weight[:, None, :, columns] * parts).sum(axis=0))


def _posterior(t_end: NDArray[np.int64], moments: Floats) -> PooledReproduction:
    mean, square, weight, support, kappa, prior_mean, prior_square = moments
    variance = square - mean**2
    shape, rate = mean**2 / variance, mean / variance
    low, q25, median, q75, high = gamma_quantiles(shape, (0.025, 0.25, 0.5, 0.75, 0.975)) / rate
    enough = (support >= LEAST_EXPECTED) & (shape >= LEAST_SHAPE)
    return PooledReproduction(
        t_end=t_end,
        value=median, low=low, high=high, q25=q25, q75=q75,
        mean=mean,
        sd=np.sqrt(variance),
        p_above_1=gammaincc(shape, rate),
        p_above_1_2=gammaincc(shape, 1.2 * rate),
        own_weight=weight,
        leans_on_parent=weight < LEAST_OWN,
        kappa=kappa,
        prior_mean=prior_mean,
        prior_sd=np.sqrt(prior_square - prior_mean**2),
        state=choose(enough, State.FINAL, State.TOO_FEW),
    )  # fmt: skip
