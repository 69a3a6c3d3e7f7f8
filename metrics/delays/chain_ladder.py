"""Reporting triangles by the textbook: chain ladder and flat-prior nowcast, for comparison.

The published nowcast is ``metrics.delays.nowcast``: the flat prior here adds (1 - F) / F cases
to every cell whatever the truth, which over a thousand quiet municipalities is a wave.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.quantiles import Floats


@dataclass(frozen=True, slots=True)
class PointNowcast:
    """Expected final counts without interval.

    ``observed`` and ``expected`` cases by onset day, shape (T,); ``delay_pmf``, shape (D + 1,),
    of the filled triangle; ``filled`` the whole triangle, shape (T, D + 1).
    """

    observed: Floats
    expected: Floats
    delay_pmf: Floats
    filled: Floats


def chain_ladder(triangle: ArrayLike) -> PointNowcast:
    """Fill a reporting triangle with volume-weighted development factors.

    Parameters
    ----------
    triangle
        Cases by onset day and delay, shape (T, D + 1). NaN marks what is not known yet; in each
        row and each column it fills the end.

    Returns
    -------
    PointNowcast
        Estimand: the count of each onset day once delay D has passed. Delay d is filled with
        the row's sum so far times sum(top) / max(sum(top left), 1), where top is the known part
        of column d. Equal to the overdispersed Poisson model onset day + delay.

    Raises
    ------
    ValueError
        If it is no reporting triangle; names place and value.

    References
    ----------
    Mack 1993, ASTIN Bull 23:213, doi:10.2143/AST.23.2.2005092.
    """
    table, known = _checked(triangle)
    filled = np.where(known, table, 0.0)
    for d in range(1, table.shape[1]):
        seen = known[:, d]
        so_far = filled[:, :d].sum(axis=1)
        factor = filled[seen, d].sum() / max(so_far[seen].sum(), 1.0)
        filled[~seen, d] = factor * so_far[~seen]
    return _summary(table, known, filled)


def flat_prior_nowcast(triangle: ArrayLike) -> PointNowcast:
    """Nowcast whose expected total is (x + 1 - F) / F, delay by delay.

    x is the row's sum so far, F the share known by then under the delay of the triangle that
    ``chain_ladder`` filled: the posterior mean under a flat prior on the total. Parameters,
    errors: as there.

    References
    ----------
    The point nowcast of the package baselinenowcast.
    """
    table, known = _checked(triangle)
    pmf = chain_ladder(triangle).delay_pmf
    cdf = pmf.cumsum()
    filled = np.where(known, table, 0.0)
    for d in range(1, table.shape[1]):
        unseen = ~known[:, d]
        so_far = filled[unseen, :d].sum(axis=1)
        if cdf[d - 1] > 0:
            filled[unseen, d] = pmf[d] * (so_far + 1.0 - cdf[d - 1]) / cdf[d - 1]
    return _summary(table, known, filled, pmf)


def _summary(
    table: Floats, known: NDArray[np.bool_], filled: Floats, pmf: Floats | None = None
) -> PointNowcast:
    total = filled.sum()
    return PointNowcast(
        observed=np.where(known, table, 0.0).sum(axis=1),
        expected=filled.sum(axis=1),
        delay_pmf=filled.sum(axis=0) / (total if total > 0 else np.nan) if pmf is None else pmf,
        filled=filled,
    )


def _checked(triangle: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    table = np.asarray(triangle, dtype=np.float64)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"reporting triangle: shape {table.shape}, not onset days by delays")
    known = ~np.isnan(table)
    wrong = np.argwhere(known & ~((table >= 0) & (table < np.inf)))
    if wrong.size:
        row, d = (int(i) for i in wrong[0])
        raise ValueError(f"reporting triangle[{row}, {d}]: {table[row, d]} is no count")
    again = np.argwhere(known[:, 1:] & ~known[:, :-1])
    if again.size or not known[:, 0].all():
        row = int(again[0, 0]) if again.size else int(np.argmin(known[:, 0]))
        raise ValueError(
            f"reporting triangle[{row}]: known after unknown; only the longest delays of a row"
            " may be missing"
        )
    if not known[0].all():
        raise ValueError("reporting triangle[0]: the first onset day must be complete")
    return table, known
