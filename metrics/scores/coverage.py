"""How often intervals held what came, and how wide they were.

Neighbouring days and areas are right or wrong together. A share of hits is worth fewer
forecasts than were made, and its own interval says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from metrics.proportions import Share, cluster_design_effect, wilson
from metrics.quantiles import Floats, Levels
from metrics.scores.interval_score import LEVELS, checked_forecasts

CENTRAL: Levels = (0.5, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class CentralCoverage:
    """Hits of central intervals, arrays of shape (C,), one per probability ``central``.

    ``inside`` is the share of values within their interval, bounds counted in, with its own
    95 % range; ``median_width`` the sharpness, in the unit observed; ``count`` the forecasts.
    """

    central: Floats
    inside: Share
    median_width: Floats
    count: int


def central_coverage(
    observed: ArrayLike,
    quantiles: ArrayLike,
    *,
    levels: Levels = LEVELS,
    central: Levels = CENTRAL,
    clusters: Sequence[ArrayLike] = (),
) -> CentralCoverage:
    """Count how often central intervals held the observed value.

    Parameters
    ----------
    observed
        Later known values, any shape S, finite.
    quantiles
        Predictive quantiles, shape (Q, *S).
    levels
        Their Q levels.
    central
        Probabilities of the C central intervals; both ends must be among the levels.
    clusters
        Groupings whose members are right or wrong together, each a label per value, shape S.

    Returns
    -------
    CentralCoverage
        NaN without any forecast.

    Raises
    ------
    ValueError
        If forecasts are unusable or an interval's ends are no levels; names the value.

    References
    ----------
    Gneiting, Balabdaoui & Raftery 2007, J R Stat Soc B 69:243,
    doi:10.1111/j.1467-9868.2007.00587.x.
    """
    y, q = checked_forecasts(observed, quantiles, levels)
    low, high = central_intervals(q, levels, central)
    inside = (low <= y) & (y <= high)
    shares = [share_inside(one.ravel(), [np.ravel(c) for c in clusters]) for one in inside]
    width = (high - low).reshape(len(central), -1)
    return CentralCoverage(
        central=np.array(central),
        inside=Share(*(np.array([float(getattr(s, end)) for s in shares]) for end in _ENDS)),
        median_width=np.median(width, axis=1) if y.size else np.full(len(central), np.nan),
        count=int(y.size),
    )


def central_intervals(quantiles: Floats, levels: Levels, central: Levels) -> tuple[Floats, Floats]:
    """Lower and upper ends of central intervals, each of shape (C, *S).

    Raises
    ------
    ValueError
        If an end is not among the levels; names the interval.
    """
    given = np.array(levels)
    ends: list[list[int]] = [[], []]
    for probability in central:
        for side, level in enumerate((0.5 - probability / 2, 0.5 + probability / 2)):
            at = np.flatnonzero(abs(given - level) < 1e-9)
            if at.size == 0:
                raise ValueError(
                    f"central interval {probability}: level {level:g} is not among {levels}"
                )
            ends[side].append(int(at[0]))
    return quantiles[ends[0]], quantiles[ends[1]]


def share_inside(
    inside: NDArray[np.bool_], clusters: Sequence[ArrayLike] = (), *, level: float = 0.95
) -> Share:
    """Share of hits with an interval that allows for clusters.

    Parameters
    ----------
    inside
        Hits, shape (N,).
    clusters
        Groupings, each a label per hit, shape (N,); the one that widens most is used. A
        grouping with a single label teaches nothing and is passed over.
    level
        Probability of the interval.

    Returns
    -------
    Share
        Wilson interval on the effective number of hits: the design effect is that of the
        ratio of cluster totals, at least 1, and Student's quantile replaces the normal one
        where clusters are few. Where all hit or all miss, clusters are taken as wholly alike.
        NaN without hits.

    Raises
    ------
    ValueError
        If a grouping has another length; names it.

    References
    ----------
    Korn & Graubard 1998, Survey Methodology 24:193; Wilson 1927, J Am Stat Assoc 22:209,
    doi:10.1080/01621459.1927.10502953.
    """
    hits, count = float(np.sum(inside)), int(np.size(inside))
    if count == 0:
        return Share(*(np.asarray(np.nan) for _ in _ENDS))
    effect = max(1.0, *(_design_effect(inside, labels, level) for labels in clusters), 1.0)
    return wilson(hits, count, design_effect=min(effect, float(count)), level=level)


_ENDS = ("value", "low", "high")


def _design_effect(inside: NDArray[np.bool_], labels: ArrayLike, level: float) -> float:
    given = np.asarray(labels)
    if given.shape != inside.shape:
        raise ValueError(f"clusters: shape {given.shape}; the hits have {inside.shape}")
    _, member = np.unique(given, return_inverse=True)
    size = np.bincount(member).astype(np.float64)
    if size.size < 2:
        return 1.0
    n, share = float(size.sum()), float(np.mean(inside))
    student = stdtrit(np.array([size.size - 1.0, n - 1.0]), 0.5 + level / 2)
    few = float((student[0] / student[1]) ** 2)
    if share in (0.0, 1.0):
        return cluster_design_effect(size) * few
    surplus = np.bincount(member, inside) - share * size
    between = size.size / (size.size - 1.0) * float((surplus**2).sum()) / n**2
    return max(1.0, between / (share * (1 - share) / n)) * few
