"""Interval of a share, widened for clustered counts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, ndtri

from metrics.quantiles import Floats


@dataclass(frozen=True, slots=True)
class Share:
    """Share with its interval, arrays of one shape, fractions; NaN where nothing was counted."""

    value: Floats
    low: Floats
    high: Floats


def wilson(
    count: ArrayLike, total: ArrayLike, *, design_effect: ArrayLike = 1.0, level: float = 0.95
) -> Share:
    """Score interval of a share.

    Parameters
    ----------
    count, total
        Cases with the property, and all; 0 <= count <= total; any shape.
    design_effect
        Variance over that of independent cases, at least 1: sum of squared cluster sizes over
        the sum of cluster sizes. Count and total are divided by it.
    level
        Probability of the interval, between 0 and 1.

    Returns
    -------
    Share
        The observed share is always inside.

    Raises
    ------
    ValueError
        If counts, design effect or level are impossible; names the values.

    References
    ----------
    Wilson 1927, J Am Stat Assoc 22:209, doi:10.1080/01621459.1927.10502953; design effect:
    Kish 1965, Survey Sampling.
    """
    x, n = _effective(count, total, design_effect, level)
    z2 = float(ndtri(0.5 + level / 2)) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        p = x / n
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        reach = np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    # Rounding must not push the ends off 0 and 1.
    low = np.where(p == 0, 0.0, np.maximum(centre - reach, 0.0))
    high = np.where(p == 1, 1.0, np.minimum(centre + reach, 1.0))
    return Share(p, np.where(np.isnan(p), np.nan, low), np.where(np.isnan(p), np.nan, high))


def jeffreys(
    count: ArrayLike, total: ArrayLike, *, design_effect: ArrayLike = 1.0, level: float = 0.95
) -> Share:
    """Equal-tailed interval of a share under the Beta(½, ½) prior.

    Parameters
    ----------
    count, total, design_effect, level
        As for ``wilson``.

    Returns
    -------
    Share
        The lower end is 0 where the count is 0, the upper end 1 where it is the total.

    Raises
    ------
    ValueError
        If counts, design effect or level are impossible; names the values.

    References
    ----------
    Brown, Cai & DasGupta 2001, Stat Sci 16:101, doi:10.1214/ss/1009213286.
    """
    x, n = _effective(count, total, design_effect, level)
    with np.errstate(invalid="ignore"):
        p = x / n
    tail = (1 - level) / 2
    low = np.where(x == 0, 0.0, betaincinv(x + 0.5, n - x + 0.5, tail))
    high = np.where(x == n, 1.0, betaincinv(x + 0.5, n - x + 0.5, 1 - tail))
    return Share(p, np.where(np.isnan(p), np.nan, low), np.where(np.isnan(p), np.nan, high))


def cluster_design_effect(sizes: ArrayLike) -> float:
    """Design effect of cases that share their property within clusters.

    Parameters
    ----------
    sizes
        Cases per cluster, single cases as 1, shape (C,), all positive.

    Returns
    -------
    float
        Sum of squared sizes over the sum of sizes; 1 without any.

    Raises
    ------
    ValueError
        If a size is not positive; names it.

    References
    ----------
    Kish 1965, Survey Sampling, 5.4.
    """
    m = np.asarray(sizes, dtype=np.float64)
    if (wrong := m[~(m > 0)]).size:
        raise ValueError(f"cluster of {wrong[0]} cases; sizes are positive")
    return float((m**2).sum() / m.sum()) if m.size else 1.0


def _effective(
    count: ArrayLike, total: ArrayLike, design_effect: ArrayLike, level: float
) -> tuple[Floats, Floats]:
    if not 0 < level < 1:
        raise ValueError(f"interval level {level}; it must lie between 0 and 1")
    x, n, effect = np.broadcast_arrays(
        *(np.asarray(v, dtype=np.float64) for v in (count, total, design_effect))
    )
    for wrong, rule in (
        (~((x >= 0) & (x <= n) & np.isfinite(n)), "counts must be 0 to the total"),
        (~((effect >= 1) & np.isfinite(effect)), "a design effect is at least 1"),
    ):
        if wrong.any():
            i = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"share {x.flat[i]} of {n.flat[i]}, design effect {effect.flat[i]}: {rule}"
            )
    return x / effect, n / effect
