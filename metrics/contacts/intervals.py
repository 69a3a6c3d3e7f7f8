"""Distributions of a serial interval whose two dates are known to the day, or to some days.

Each family is named by its mean and standard deviation, so that fits can be compared.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, ndtr

from metrics.quantiles import Floats

Family = Literal["normal", "gamma", "lognormal"]
LEAST_CHANCE = 1e-13  # differences of integrals carry rounding of this size


@dataclass(frozen=True, slots=True)
class Spans:
    """When source and infected fell ill, days, shape (N,): from (included) to (excluded)."""

    source_from: Floats
    source_to: Floats
    infected_from: Floats
    infected_to: Floats
    weight: Floats

    @property
    def middle(self) -> Floats:
        """Interval between the middles of both spans."""
        return (self.infected_from + self.infected_to - self.source_from - self.source_to) / 2


def integral_of_cdf(family: Family, x: Floats, mean: float, sd: float) -> Floats:
    """Integral of the distribution function up to x: the mean amount by which x exceeds it.

    Parameters
    ----------
    family
        Distribution.
    x
        Days, any shape.
    mean, sd
        Mean and standard deviation, days; positive, save the mean of a normal one.

    Returns
    -------
    Floats
        E[max(x - S, 0)], same shape.
    """
    if family == "normal":
        z = (x - mean) / sd
        return np.asarray((x - mean) * ndtr(z) + sd * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi))
    above = np.maximum(x, 0.0)
    if family == "gamma":
        shape, scale = (mean / sd) ** 2, sd**2 / mean
        y = above / scale
        return np.asarray(above * gammainc(shape, y) - mean * gammainc(shape + 1.0, y))
    s2 = np.log1p((sd / mean) ** 2)
    s, m = np.sqrt(s2), np.log(mean) - s2 / 2
    with np.errstate(divide="ignore"):
        z = (np.log(above) - m) / s
    return np.asarray(above * ndtr(z) - mean * ndtr(z - s))


def chances(family: Family, spans: Spans, mean: float, sd: float) -> Floats:
    """Chance of each pair's dates given the source's span, shape (N,).

    The source is uniform within its span; the chance that the infected falls ill within the
    other, averaged over it, is a second difference of ``integral_of_cdf``.

    References
    ----------
    Reich et al. 2009, Stat Med 28:2769, doi:10.1002/sim.3659.
    """
    a, b = spans.source_from, spans.source_to
    c, d = spans.infected_from, spans.infected_to
    g = integral_of_cdf(family, np.stack([d - a, d - b, c - a, c - b]), mean, sd)
    return np.asarray(np.maximum((g[0] - g[1] - g[2] + g[3]) / (b - a), LEAST_CHANCE))


def seen_by(family: Family, spans: Spans, end: float, parameters: tuple[float, float]) -> Floats:
    """Chance that the infected falls ill before ``end``, given the source's span, shape (N,)."""
    a, b = spans.source_from, spans.source_to
    g = integral_of_cdf(family, np.stack([end - a, end - b]), *parameters)
    return np.asarray(np.clip((g[0] - g[1]) / (b - a), LEAST_CHANCE, 1.0))


def impossible(family: Family, spans: Spans) -> NDArray[np.bool_]:
    """Pairs whose interval cannot be positive, where the family allows only that; shape (N,)."""
    if family == "normal":
        return np.zeros(spans.weight.shape, dtype=np.bool_)
    return np.asarray(spans.infected_to <= spans.source_from)
