"""R when something it rests on is uncertain: the serial interval, or counts that are imputed.

Each way the unknown could be gives one gamma posterior; what is published is their weighted
mixture (``metrics.gamma_mixture``), computed and not drawn at random. The weights are those held
before the counts were seen: counts do not teach the serial interval (a cut posterior).
Averaging quantiles instead would leave out the spread between the components.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.gamma_mixture import (
    checked_weights,
    mixture_moments,
    mixture_quantiles,
    mixture_tail,
    weighted_sum,
)
from metrics.quantiles import Floats
from metrics.states import State, choose
from metrics.transmission.cori import GammaPrior
from metrics.transmission.reproduction import NEUTRAL_PRIOR, Reproduction, reproduction
from metrics.transmission.serial_interval import discretise_gamma

LARGEST_CV = 0.5  # beyond it a range says nothing


def pooled(
    results: Sequence[Reproduction],
    weights: ArrayLike | None = None,
    *,
    prior: GammaPrior = NEUTRAL_PRIOR,
) -> Reproduction:
    """Pool estimates of the same windows that differ in what was assumed or imputed.

    Parameters
    ----------
    results
        K estimates with the same windows and areas, from `reproduction` with ``prior``.
    weights
        Shape (K,), adding up to 1; equal if left out, as for imputations.
    prior
        The prior the estimates were made with.

    Returns
    -------
    Reproduction
        ``value``, ``low``, ``high``, ``q25``, ``q75`` are quantiles of the mixture, the
        probabilities and moments its own; ``phi``, ``alpha``, ``expected``, ``cases`` weighted
        means; ``t_start`` the earliest, should the estimates have chosen several. Final where
        at least half of the weight is final and the mixture's coefficient of variation is at
        most a half.

    Raises
    ------
    ValueError
        If there is no estimate, windows differ or a weight is unusable.
    """
    if not results:
        raise ValueError("pooling: no estimate given; pass at least one")
    first = results[0]
    for k, one in enumerate(results):
        if one.cases.shape != first.cases.shape or (one.t_end != first.t_end).any():
            raise ValueError(f"pooling: estimate {k} has other windows or areas than estimate 0")
    w = checked_weights(
        np.full(len(results), 1 / len(results)) if weights is None else weights, len(results)
    )
    phi, cases, expected = (
        np.stack([getattr(one, name) for one in results]) for name in ("phi", "cases", "expected")
    )
    shape, rate = prior.shape + cases / phi, prior.rate + expected / phi
    low, q25, median, q75, high = mixture_quantiles(shape, rate, w, (0.025, 0.25, 0.5, 0.75, 0.975))
    mean, sd = mixture_moments(shape, rate, w)
    final = weighted_sum(w, np.stack([one.state == State.FINAL for one in results]))
    enough = (final >= 0.5 - 1e-9) & (sd <= LARGEST_CV * mean)
    return replace(
        first,
        t_start=np.min([one.t_start for one in results], axis=0),
        value=median,
        low=low,
        high=high,
        q25=q25,
        q75=q75,
        mean=mean,
        sd=sd,
        p_above_1=mixture_tail(shape, rate, w, 1.0),
        p_above_1_2=mixture_tail(shape, rate, w, 1.2),
        phi=weighted_sum(w, phi),
        alpha=weighted_sum(w, np.stack([one.alpha for one in results])),
        expected=weighted_sum(w, expected),
        cases=weighted_sum(w, cases),
        state=choose(enough, State.FINAL, State.TOO_FEW),
    )


def interval_nodes(
    mean: float, sd: float, mean_sd: float, sd_sd: float, *, n: int = 5
) -> tuple[NDArray[np.float64], Floats]:
    """Serial intervals that stand for an uncertain mean and sd, with their weights.

    Mean - 1 and sd are independent and log-normal with the given means and sds, so that no node
    lies at or below one day; a product of two Gauss-Hermite rules.

    Parameters
    ----------
    mean, sd
        Best estimates of the serial interval's mean (> 1) and sd (> 0), days.
    mean_sd, sd_sd
        How uncertain each is, as a standard deviation in days; 0 for known.
    n
        Nodes per uncertain number, 2 to 32.

    Returns
    -------
    tuple
        Pmfs from lag 0, shape (K, L), each adding up to 1, and weights, shape (K,); K is n²,
        n or 1. With the same n, and the same numbers uncertain, row k means the same deviation
        (in logarithms) for any other interval: rows of several variants can be paired.

    Raises
    ------
    ValueError
        If a number is unusable; names it.
    """
    if not 2 <= n <= 32:
        raise ValueError(f"serial interval: {n} nodes; 2 to 32 are possible")
    for name, value in (("mean_sd", mean_sd), ("sd_sd", sd_sd)):
        if not 0 <= value < math.inf:
            raise ValueError(f"serial interval: {name} {value} days; it must be 0 or more")
    discretise_gamma(mean, sd, 1)  # names a mean or sd that cannot be
    means, of_mean = _log_normal_nodes(mean - 1.0, mean_sd, n)
    sds, of_sd = _log_normal_nodes(sd, sd_sd, n)
    longest = math.ceil(1.0 + means.max() + 15.0 * sds.max())
    pmfs = np.stack([discretise_gamma(1.0 + m, s, longest) for m in means for s in sds])
    pmfs /= pmfs.sum(axis=1, keepdims=True)
    return pmfs, np.outer(of_mean, of_sd).ravel()


def uncertain_reproduction(
    local: ArrayLike,
    total: ArrayLike,
    nodes: tuple[ArrayLike, ArrayLike],
    *,
    window: int = 7,
    prior: GammaPrior = NEUTRAL_PRIOR,
    alpha_parent: ArrayLike | None = None,
    weekday: bool = True,
    last: int | None = None,
) -> Reproduction:
    """`reproduction` when the serial interval is known only roughly.

    Parameters
    ----------
    nodes
        Pmfs, shape (K, L), and weights, shape (K,), as `interval_nodes` returns them; or draws
        with equal weights.
    local, total, window, prior, alpha_parent, weekday, last
        As for `reproduction`.

    Returns
    -------
    Reproduction
        The mixture of the nodes' posteriors (see `pooled`): weekday factors, dispersion and
        prior as in `reproduction`, once per node. The counts do not change the weights.

    Raises
    ------
    ValueError
        If counts, a serial interval, a weight or the window are unusable.

    References
    ----------
    Cori et al. 2013, Am J Epidemiol 178:1505, web appendix, doi:10.1093/aje/kwt133 (drawn
    there); cut posteriors: Plummer 2015, Stat Comput 25:37, doi:10.1007/s11222-014-9503-z.
    """
    pmfs = np.asarray(nodes[0], dtype=np.float64)
    if pmfs.ndim != 2:
        raise ValueError(f"serial interval nodes: shape {pmfs.shape}, not nodes by lags")
    weights = checked_weights(nodes[1], pmfs.shape[0])
    results = [
        reproduction(
            local,
            total,
            pmf,
            window=window,
            prior=prior,
            alpha_parent=alpha_parent,
            weekday=weekday,
            last=last,
        )
        for pmf in pmfs
    ]
    return pooled(results, weights, prior=prior)


def _log_normal_nodes(mean: float, sd: float, n: int) -> tuple[Floats, Floats]:
    if sd == 0:
        return np.array([mean]), np.ones(1)
    points, weights = np.polynomial.hermite_e.hermegauss(n)
    variance = math.log1p((sd / mean) ** 2)
    values = mean * np.exp(math.sqrt(variance) * points - variance / 2)
    return np.asarray(values), np.asarray(weights / weights.sum())
