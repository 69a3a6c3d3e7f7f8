"""Negative binomial overdispersion shared by all areas, learned from neighbouring days."""

import numpy as np
from numpy.typing import NDArray

from metrics.incidence import Counts

# Reported regional cases of the Philippines, 2020 to 2021, scatter by about this much whatever
# their level; it stands in while there is too little to learn from.
PRIOR_ALPHA = 0.1
PRIOR_WEIGHT = 7.0  # as much as four weeks of one area with many cases


def pooled_alpha(
    counts: Counts, factors: Counts | None = None, *, window: int = 56
) -> NDArray[np.float64]:
    """Variance beyond Poisson over the squared mean (1/k), pooled over areas.

    Parameters
    ----------
    counts
        Whole cases per day, shape (T, A).
    factors
        Known course of the mean up to a constant (weekday factors), shape (T, A).
    window
        Days looked back.

    Returns
    -------
    NDArray
        Shape (T,), as known at the end of each day, 0 at least.

    Notes
    -----
    For two days of one mean, D = (y1 - y2)²/2 - (y1 + y2)/2 has expectation alpha mu² and
    y1 y2 has mu², and the ratio is alpha also given the sum s = y1 + y2. So pairs may be
    weighted by 1/(1 + s)², which keeps a large area or an outbreak's first day from deciding
    alone, without bias. Neighbouring days make a trend cancel.
    """
    days = counts.shape[0]
    share = np.ones_like(counts) if factors is None else factors
    level = counts / share
    noise = level / share
    excess = 0.5 * np.diff(level, axis=0) ** 2 - 0.5 * (noise[1:] + noise[:-1])
    product = level[1:] * level[:-1]
    weight = (1.0 + level[1:] + level[:-1]) ** -2.0
    tops, bottoms = np.zeros(days + 1), np.zeros(days + 1)
    tops[2:] = np.cumsum((weight * excess).sum(axis=1))
    bottoms[2:] = np.cumsum((weight * product).sum(axis=1))
    ends = np.arange(1, days + 1)
    starts = np.maximum(ends - window + 1, 0)
    top = tops[ends] - tops[starts] + PRIOR_ALPHA * PRIOR_WEIGHT
    bottom = bottoms[ends] - bottoms[starts] + PRIOR_WEIGHT
    return np.asarray(np.maximum(0.0, top / bottom))
