"""How much of each onset day has been reported by now.

The last days always look like a fall, because their cases are still on the way. Without the
adjustment for that, the delay itself looks too short, too: long delays of recent onsets are
not in the data yet.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.quantiles import Floats
from metrics.states import State, StateCodes

TRAINING_DAYS = 56
SPARE_DAYS = 10  # onset days beyond the longest delay, so that long delays rest on several


@dataclass(frozen=True, slots=True)
class Completeness:
    """Reporting delay and what it means for each onset day, seen from the last day.

    ``delay_cdf`` F(h), shape (D + 1,), is the share known h days after onset of what is known
    after D days; ``delay_pmf`` its steps; ``share`` F of each onset day, shape (T,); ``state``
    codes of ``metrics.states.State``: final, provisional or hidden; ``source`` says whether
    the delay is the area's own or pooled; ``training_cases`` the cases it was learned from.
    """

    delay_cdf: Floats
    delay_pmf: Floats
    share: Floats
    state: StateCodes
    source: Literal["own", "pooled"]
    training_cases: float


def completeness(
    triangle: ArrayLike,
    *,
    training_days: int = TRAINING_DAYS,
    pooled_cdf: ArrayLike | None = None,
    least_cases: float = 50.0,
) -> Completeness | None:
    """Estimate the reporting delay from a reporting triangle, adjusted for right truncation.

    Parameters
    ----------
    triangle
        Cases by onset day and delay, shape (T, D + 1), the last row being the as-of day. Cells
        beyond it (row + delay >= T) are ignored.
    training_days
        Last onset days used, so that the delay may drift.
    pooled_cdf
        F of a larger area or of the past, shape (D + 1,), used when the triangle has fewer
        than D + 10 days or its training part fewer than ``least_cases`` cases.
    least_cases
        Fewest cases for an own delay.

    Returns
    -------
    Completeness or None
        None where the triangle teaches too little and no pooled delay is given.

    Raises
    ------
    ValueError
        If a count or the pooled delay is unusable; names the value.

    References
    ----------
    Lawless 1994, Can J Stat 22:15, doi:10.2307/3315826 (reverse-time hazard); the same
    numbers as the chain ladder of Mack 1993, ASTIN Bull 23:213, doi:10.2143/AST.23.2.2005092.
    """
    counts = observed_part(triangle)
    if counts.ndim != 2:
        raise ValueError(f"reporting triangle: shape {counts.shape}, not onset days by delays")
    days, delays = counts.shape
    recent = counts[-training_days:]
    training_cases = float(recent.sum())
    enough = min(days, training_days) >= delays - 1 + SPARE_DAYS and training_cases >= least_cases
    if not enough and pooled_cdf is None:
        return None
    cdf = reverse_hazard_cdf(recent) if enough else _checked_cdf(pooled_cdf, delays)
    share = cdf[np.minimum(np.arange(days)[::-1], delays - 1)]
    return Completeness(
        delay_cdf=cdf,
        delay_pmf=np.diff(cdf, prepend=0.0),
        share=share,
        state=completeness_state(share),
        source="own" if enough else "pooled",
        training_cases=training_cases,
    )


def observed_part(triangle: ArrayLike) -> Floats:
    """The triangle with 0 in the cells that lie beyond the as-of day.

    Parameters
    ----------
    triangle
        Cases by onset day and delay, shape (T, D + 1), or (T, D + 1, A) for A areas.

    Returns
    -------
    Floats
        A copy, same shape.

    Raises
    ------
    ValueError
        If it is no table of counts; names the place and value.
    """
    table = np.array(triangle, dtype=np.float64)
    if table.ndim not in (2, 3) or 0 in table.shape:
        raise ValueError(f"reporting triangle: shape {table.shape}, not onset days by delays")
    days, delays = table.shape[:2]
    table[np.arange(days)[:, None] + np.arange(delays) >= days] = 0.0
    if not table.min() >= 0.0 or table.max() == np.inf:
        place = [int(i) for i in np.argwhere(~((table >= 0.0) & (table < np.inf)))[0]]
        raise ValueError(
            f"reporting triangle{place}: {table[tuple(place)]} is no count; counts are finite"
            " and not negative, and a missing day is not 0"
        )
    return table


def reverse_hazard_cdf(
    triangle: Floats, prior_pmf: ArrayLike | None = None, prior_cases: ArrayLike = 0.0
) -> Floats:
    """F(h) from the share of cases with delay d among those with delay <= d that could show it.

    Parameters
    ----------
    triangle
        Cases by onset day and delay, shape (T, D + 1) or (T, D + 1, A), zeros beyond the last
        day.
    prior_pmf, prior_cases
        Delay, shape (D + 1,) or (D + 1, A), of so many further cases, shape () or (A,), known
        completely. Reverse
        hazards of a Dirichlet delay are independent betas, so that this is its exact posterior.

    Returns
    -------
    Floats
        Shape (D + 1,) or (D + 1, A), non-decreasing, F(D) = 1.
    """
    days, delays = triangle.shape[:2]
    so_far = triangle.cumsum(axis=1)
    cdf = np.ones(triangle.shape[1:])
    borrowed = np.zeros_like(cdf)
    if prior_pmf is not None:
        pmf = np.asarray(prior_pmf, dtype=np.float64)
        borrowed += np.asarray(prior_cases) * (pmf if pmf.ndim == cdf.ndim else pmf[:, None])
    borrowed_so_far = borrowed.cumsum(axis=0)
    for d in range(delays - 1, 0, -1):
        seen = slice(0, max(days - d, 0))
        cases = triangle[seen, d].sum(axis=0) + borrowed[d]
        known = so_far[seen, d].sum(axis=0) + borrowed_so_far[d]
        hazard = np.divide(cases, known, out=np.zeros_like(cases), where=known > 0)
        cdf[d - 1] = cdf[d] * (1.0 - hazard)
    return cdf


def completeness_state(share: Floats) -> StateCodes:
    """Final from 0.9, provisional from 0.5, hidden below; the shape of ``share``."""
    state = np.full(share.shape, np.int8(State.HIDDEN))
    state[share >= 0.5] = np.int8(State.PROVISIONAL)
    state[share >= 0.9] = np.int8(State.FINAL)
    return state


def lowered(state: StateCodes, share: Floats, t_end: NDArray[np.int64]) -> StateCodes:
    """States of windows, (W,) or (W, A), no better than their worst day's completeness allows.

    ``share`` of each day's cases known by now, (T,) or (T, A); ``t_end`` the windows' 1-based
    last days. Days only get less complete towards today, so the running least is the window's.
    """
    worst = np.minimum.accumulate(np.nan_to_num(share), axis=0)[t_end - 1]
    allowed = completeness_state(worst)
    result = np.where(state == State.FINAL, allowed, state)
    return np.where(allowed == State.HIDDEN, allowed, result).astype(np.int8)


def _checked_cdf(values: ArrayLike | None, delays: int) -> NDArray[np.float64]:
    cdf = np.asarray(values, dtype=np.float64)
    if cdf.shape != (delays,):
        raise ValueError(f"pooled delay: shape {cdf.shape}; the triangle has {delays} delays")
    steps = np.diff(cdf, prepend=0.0)
    if not np.all(steps >= 0) or abs(cdf[-1] - 1) > 1e-6:
        raise ValueError(f"pooled delay: {cdf.tolist()} does not rise to 1")
    return cdf
