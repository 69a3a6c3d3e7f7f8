"""Ratio of observed to expected events of many cells, each leaning on all as far as it is small.

A cell of three expected injuries that had six is hardly twice as dangerous. How much cells truly
differ is learned from all of them, and what is not known of that is part of each cell's interval.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from metrics.gamma_mixture import mixture_moments, mixture_quantiles, mixture_tail, weighted_sum
from metrics.quantiles import Floats
from metrics.workplaces.checked import (
    amounts,
    checked_level,
    events_without_exposure,
    refuse,
    same_shape,
    whole_counts,
)

SPREADS = np.linspace(0.10, 1.50, 29)  # of the cells' true ratios; below 0.1 none is ever known
FEW_SPREAD = 0.2**0.5  # a gamma of shape 5, where too few cells tell how much they differ
LEAST_CELLS = 30
_STEPS = np.linspace(-3.5, 3.5, 15)  # of the mean, in standard errors
_NEGLIGIBLE = 1e-6  # weight of a component


@dataclass(frozen=True, slots=True)
class Shrunken:
    """Posterior of the ratio of each cell, arrays of shape (C,).

    ``value`` is the mean, with ``low`` and ``high``; ``p_above`` the chance that the ratio lies
    above that of all cells together; ``local_weight`` how much of the value is the cell's own
    data, 0 to 1; ``raw`` observed over expected, NaN where nothing is expected. ``mean`` and
    ``spread`` are what was learned of all cells: the mean ratio, and the coefficient of
    variation of true ratios; ``spread_learned`` False where cells were too few to tell it.
    """

    value: Floats
    low: Floats
    high: Floats
    p_above: Floats
    local_weight: Floats
    raw: Floats
    mean: float
    spread: float
    spread_learned: bool

    def as_rate(self, expected: ArrayLike, exposure: ArrayLike, per: float) -> "CellRate":
        """Rates of the cells: ratio x expected over exposure.

        Parameters
        ----------
        expected
            Events expected, as given to ``shrunken_ratios``, shape (C,).
        exposure
            Workers or hours of each cell, shape (C,).
        per
            Units of exposure the rate is told for.

        Returns
        -------
        CellRate
            NaN where nobody is exposed: no denominator, no rate.

        Raises
        ------
        ValueError
            If an argument is unusable, or events are expected over no exposure; names argument,
            index and value.

        References
        ----------
        Clayton & Kaldor 1987, Biometrics 43:671, doi:10.2307/2532003.
        """
        due, size = amounts(expected, "expected"), amounts(exposure, "exposure")
        same_shape(self.value, due, ("ratios", "expected"))
        same_shape(due, size, ("expected", "exposure"))
        events_without_exposure(due, size, ("expected", "exposure"))
        unit = float(amounts(per, "per", above_zero=True))
        some = (size > 0) & (due > 0)
        each = np.divide(due * unit, size, out=np.full(due.shape, np.nan), where=some)
        return CellRate(self.value * each, self.low * each, self.high * each)


@dataclass(frozen=True, slots=True)
class CellRate:
    """Events per so many units of exposure, shape (C,), with their interval."""

    value: Floats
    low: Floats
    high: Floats


def shrunken_ratios(
    events: ArrayLike,
    expected: ArrayLike,
    *,
    design_effect: ArrayLike = 1.0,
    level: float = 0.90,
) -> Shrunken:
    """Gamma-Poisson ratios of cells, not knowing how much cells differ.

    Parameters
    ----------
    events
        Whole events of each cell, shape (C,).
    expected
        Events expected of each, shape (C,), in any proportion to the truth; where it is 0 the
        cell has no data and gets what is known of all.
    design_effect
        Variance over Poisson's where events come in clusters, at least 1, a number or shape
        (C,): ``proportions.cluster_design_effect``. Events and expected are divided by it.
    level
        Probability of the intervals.

    Returns
    -------
    Shrunken
        y ~ Poisson(theta E), theta ~ Gamma(a, b): the posterior Gamma(a + y, b + E) averaged
        over the mean a/b and the coefficient of variation 1/sqrt(a), which is even on 0.1 to
        1.5, weighted by the negative binomial likelihood of all cells; counts over a design
        effect enter it as they are. Under 30 cells with data the coefficient is that of a = 5.

    Raises
    ------
    ValueError
        If an argument is unusable, events stand where none are expected, or no cell has events;
        names argument, index and value.

    References
    ----------
    Clayton & Kaldor 1987, Biometrics 43:671, doi:10.2307/2532003; averaging over what is not
    known of all cells: Kass & Steffey 1989, J Am Stat Assoc 84:717,
    doi:10.1080/01621459.1989.10478825.
    """
    counts, due = _checked_cells(events, expected)
    effect = _checked_effect(design_effect, counts)
    checked_level(level)
    y, e = counts / effect, due / effect
    learned = int((e > 0).sum()) >= LEAST_CELLS
    a, b, w = _components(y, e, SPREADS if learned else np.array([FEW_SPREAD]))
    shape, rate = a[:, None] + y, b[:, None] + e
    low, high = mixture_quantiles(shape, rate, w, ((1 - level) / 2, (1 + level) / 2))
    together = float(counts.sum() / due.sum())
    return Shrunken(
        value=mixture_moments(shape, rate, w)[0],
        low=low,
        high=high,
        p_above=mixture_tail(shape, rate, w, together),
        local_weight=weighted_sum(w, e / rate),
        raw=np.divide(counts, due, out=np.full(due.shape, np.nan), where=due > 0),
        mean=float(w @ (a / b)),
        spread=float(w @ a**-0.5),
        spread_learned=learned,
    )


def _components(y: Floats, e: Floats, spreads: Floats) -> tuple[Floats, Floats, Floats]:
    """Shape a, rate b and weight of the priors that the cells allow, each (K,)."""
    shapes = spreads**-2.0
    centre, error = _likely_means(y, e, shapes)
    log_mean = centre[:, None] + error[:, None] * _STEPS
    a = np.broadcast_to(shapes[:, None], log_mean.shape)
    chance = _log_likelihood(y, e, a, log_mean) + np.log(error)[:, None]
    weight = np.exp(chance - chance.max()).ravel()
    kept = weight > _NEGLIGIBLE
    w = weight[kept] / weight[kept].sum()
    flat = a.ravel()[kept]
    return flat, flat * np.exp(-log_mean.ravel()[kept]), w


def _likely_means(y: Floats, e: Floats, shapes: Floats) -> tuple[Floats, Floats]:
    """Most likely log of the mean ratio under each shape, and its standard error, (S,)."""
    centre = np.full(shapes.size, np.log(y.sum() / e.sum()))
    a = shapes[:, None]
    for _ in range(60):
        mean = e * np.exp(centre)[:, None]
        slope = (a * (y - mean) / (a + mean)).sum(axis=1)
        information = (a * mean / (a + mean)).sum(axis=1)
        step = np.clip(slope / information, -1.0, 1.0)
        centre = centre + step
        if np.abs(step).max() < 1e-12:
            break
    return centre, information**-0.5


def _log_likelihood(y: Floats, e: Floats, a: Floats, log_mean: Floats) -> Floats:
    """Negative binomial likelihood of all cells for each pair of shape and mean."""
    total = np.zeros(a.shape)
    for seen, due in zip(y, e, strict=True):
        mean = due * np.exp(log_mean)
        total += gammaln(a + seen) - gammaln(a) - (a + seen) * np.log1p(mean / a)
        total += seen * (log_mean - np.log(a))
    return total


def _checked_cells(events: ArrayLike, expected: ArrayLike) -> tuple[Floats, Floats]:
    y, e = whole_counts(events, "events"), amounts(expected, "expected")
    if y.ndim != 1 or y.size == 0:
        raise ValueError(f"events: shape {y.shape}; one count a cell is needed, (C,) with C > 0")
    same_shape(y, e, ("events", "expected"))
    events_without_exposure(y, e, ("events", "expected"))
    if y.sum() == 0:
        raise ValueError(f"events: all {y.size} are 0; there is no ratio to lean on")
    return y, e


def _checked_effect(design_effect: ArrayLike, like: Floats) -> Floats:
    effect = np.asarray(design_effect, dtype=np.float64)
    refuse(~((effect >= 1) & np.isfinite(effect)), effect, "design_effect", "is not 1 or more")
    if effect.shape not in ((), like.shape):
        raise ValueError(f"design_effect: shape {effect.shape}; events has {like.shape}")
    return effect
