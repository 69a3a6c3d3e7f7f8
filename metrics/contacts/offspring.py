"""How unevenly cases infect others: reproduction number and dispersion of the offspring.

Estimand: distribution of the number of further reported cases linked to a case, over cases
whose own time of infecting others has passed and whose contacts were traced.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq, minimize_scalar
from scipy.special import chdtri, gammaincc, gammainccinv, gammaln, xlogy

from metrics.incidence import Counts, checked_counts
from metrics.quantiles import Floats
from metrics.states import State

LEAST_SOURCES = 20.0
LEAST_OFFSPRING = 10.0
MOST_OFFSPRING = 1e4  # a mean whose likelihood has not fallen by then has no upper bound
K_RANGE = (1e-4, 1e4)  # searched on the log scale; above it a count cannot be told from Poisson


@dataclass(frozen=True, slots=True)
class Offspring:
    """Negative binomial of the offspring: mean ``r``, dispersion ``k``, profile intervals.

    ``k`` and ``k_high`` are NaN where the counts cannot be told from Poisson (k unbounded):
    then ``k_low`` alone says how uneven they may be. ``r_high`` is NaN where one large outbreak
    among few sources leaves the mean unbounded. ``top_share`` is the share of cases that
    causes 80 % of transmission, with its interval from that of k; 0.8 would be all alike.
    ``sources``, ``offspring`` are the cases behind it. ``state``: final, or too_few (under 20
    sources or 10 offspring).
    """

    r: float
    r_low: float
    r_high: float
    k: float
    k_low: float
    k_high: float
    top_share: float
    top_share_low: float
    top_share_high: float
    sources: float
    offspring: float
    log_likelihood: float
    state: State


def offspring(infected: ArrayLike, *, level: float = 0.95, top: float = 0.8) -> Offspring:
    """Fit a negative binomial to the number each case infected, zeros included.

    Parameters
    ----------
    infected
        Cases infected by each case, shape (N,), whole numbers; a case that infected nobody is
        a 0. Leaving zeros out makes r too high and k too large. Only cases whose infectious
        time and reporting delay have passed, else their counts are too low.
    level
        Probability of the profile-likelihood intervals.
    top
        Share of transmission in ``top_share``.

    Returns
    -------
    Offspring
        r is the mean of the counts; k maximises the likelihood given r, which is its
        maximum over both.

    Raises
    ------
    ValueError
        If a count is negative or no whole number, or a level lies outside 0 to 1; names it.

    References
    ----------
    Lloyd-Smith et al. 2005, Nature 438:355, doi:10.1038/nature04153.
    """
    for name, value in (("level", level), ("top", top)):
        if not 0 < value < 1:
            raise ValueError(f"{name} {value}; it must lie between 0 and 1")
    numbers, how_many = _tally(infected)
    sources, total = float(how_many.sum()), float(numbers @ how_many)
    state = State.FINAL if sources >= LEAST_SOURCES and total >= LEAST_OFFSPRING else State.TOO_FEW
    if total == 0:
        return _nobody(sources, state)

    def likelihood(r: float, log_k: float) -> float:
        return _log_likelihood(numbers, how_many, r, float(np.exp(log_k)))

    mean = total / sources
    log_k, best = _best(lambda x: likelihood(mean, x))
    drop = best - float(chdtri(1, 1 - level)) / 2
    k, k_low, k_high = _profile_k(lambda x: likelihood(mean, x) - drop, log_k)
    r_low, r_high = _profile_r(lambda r: _best(lambda x: likelihood(r, x))[1] - drop, mean)
    return Offspring(
        r=mean,
        r_low=r_low,
        r_high=r_high,
        k=k,
        k_low=k_low,
        k_high=k_high,
        top_share=_or_all(k, top),
        top_share_low=_or_all(k_low, top),
        top_share_high=_or_all(k_high, top),
        sources=sources,
        offspring=total,
        log_likelihood=best,
        state=state,
    )


def share_of_cases(k: ArrayLike, transmission: ArrayLike = 0.8) -> Floats:
    """Share of cases, the most infectious first, that causes a share of all transmission.

    Parameters
    ----------
    k
        Dispersion of the offspring, positive, any shape.
    transmission
        Share of transmission, between 0 and 1.

    Returns
    -------
    Floats
        Of expected transmission: individual reproduction numbers are gamma with shape k.

    Raises
    ------
    ValueError
        If k is not positive or the share lies outside 0 to 1; names the value.

    References
    ----------
    Lloyd-Smith et al. 2005, Nature 438:355, doi:10.1038/nature04153.
    """
    shape, share = np.asarray(k, dtype=np.float64), np.asarray(transmission, dtype=np.float64)
    if (wrong := shape[~((shape > 0) & np.isfinite(shape))]).size:
        raise ValueError(f"dispersion k {wrong[0]}; it must be positive")
    if (wrong := share[~((share > 0) & (share < 1))]).size:
        raise ValueError(f"share of transmission {wrong[0]}; it must lie between 0 and 1")
    # Weighted by infectiousness, Gamma(k) becomes Gamma(k + 1).
    return np.asarray(gammaincc(shape, gammainccinv(shape + 1.0, share)))


def _nobody(sources: float, state: State) -> Offspring:
    """No offspring at all: nothing can be said of how uneven they are."""
    x = float("nan")
    return Offspring(0.0, 0.0, x, x, x, x, x, x, x, sources, 0.0, 0.0, state)


def _or_all(k: float, top: float) -> float:
    """Share of cases; without overdispersion all are alike and it is the share itself."""
    return top if np.isnan(k) else float(share_of_cases(k, top))


def _tally(infected: ArrayLike) -> tuple[Counts, Counts]:
    if np.ndim(infected) != 1:
        raise ValueError(f"infected: shape {np.shape(infected)}; one number a case is needed")
    given = checked_counts(infected, "infected")[:, 0]
    if (parts := np.flatnonzero(given != np.floor(given))).size:
        i = int(parts[0])
        raise ValueError(f"infected[{i}]: {given[i]}; whole numbers are needed")
    numbers, how_many = np.unique(given, return_counts=True)
    return numbers, how_many.astype(np.float64)


def _log_likelihood(numbers: Counts, how_many: Counts, r: float, k: float) -> float:
    each = (
        gammaln(numbers + k)
        - gammaln(k)
        - gammaln(numbers + 1.0)
        - k * np.log1p(r / k)
        + xlogy(numbers, r / (r + k))
    )
    return float(how_many @ each)


def _best(function: Callable[[float], float]) -> tuple[float, float]:
    """Place and height of the maximum over log k; one peak, so a bounded search finds it."""
    bounds = (float(np.log(K_RANGE[0])), float(np.log(K_RANGE[1])))
    found = minimize_scalar(lambda x: -function(x), bounds=bounds, method="bounded",
                            options={"xatol": 1e-9})  # fmt: skip
    ends = [(x, function(x)) for x in (*bounds, float(found.x))]
    return max(ends, key=lambda pair: pair[1])


def _profile_k(above: Callable[[float], float], peak: float) -> tuple[float, float, float]:
    """K with its bounds, NaN where the likelihood stays high up to Poisson."""
    lowest, highest = (float(np.log(x)) for x in K_RANGE)
    nan = float("nan")
    low = float(brentq(above, lowest, peak)) if above(lowest) < 0 < above(peak) else lowest
    high = nan if above(highest) > 0 else float(brentq(above, peak, highest))
    k = nan if peak > highest - 1.0 else float(np.exp(peak))
    return k, float(np.exp(low)), float(np.exp(high))


def _profile_r(above: Callable[[float], float], mean: float) -> tuple[float, float]:
    bottom, top = mean / 2, mean * 2
    while above(bottom) > 0:
        bottom /= 2
    while above(top) > 0 and top < MOST_OFFSPRING:
        top *= 2
    high = float(brentq(above, mean, top)) if above(top) < 0 else float("nan")
    return float(brentq(above, bottom, mean)), high
