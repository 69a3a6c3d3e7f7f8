"""R from imputed and nowcast counts: every way the counts could be gives one posterior.

Onsets that are missing, reports still to come, the stretch of the delay and the serial interval
are drawn together, once per imputation; what is published is the mixture over imputations.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from metrics.delays.completeness import lowered
from metrics.incidence import checked_counts
from metrics.quantiles import Floats
from metrics.transmission.cori import GammaPrior
from metrics.transmission.dated_interval import dated_reproduction
from metrics.transmission.mixture import pooled
from metrics.transmission.reproduction import NEUTRAL_PRIOR, Reproduction


def stacked_reproduction(
    local: ArrayLike,
    total: ArrayLike,
    pmf: ArrayLike,
    *,
    share: ArrayLike | None = None,
    period_of_day: ArrayLike | None = None,
    changeover_days: int = 0,
    window: int = 7,
    windows: Sequence[int] | None = None,
    prior: GammaPrior = NEUTRAL_PRIOR,
    alpha_parent: ArrayLike | None = None,
    weekday: bool = True,
    last: int | None = None,
) -> Reproduction:
    """Estimate R over M imputations of the complete counts, as an equal-weight mixture.

    Parameters
    ----------
    local, total
        Draws of the final local and of all cases, shape (T, A, M) or (T, M), for example from
        ``metrics.delays.nowcast.complete_draws``; imputation m is one joint path of all days.
    pmf
        Serial interval from lag 0, shape (L,), or one drawn with each imputation, shape (M, L);
        with ``period_of_day`` that of each period, shape (P, L) or (M, P, L).
    share
        Share of each day's cases known by now, shape (T, A) or (T,). A window is no better
        than its worst day: final from 0.9, provisional from 0.5, else hidden.
    period_of_day, changeover_days
        As for ``dated_reproduction``; one period throughout if left out.
    window, windows, prior, alpha_parent, weekday, last
        As for ``reproduction``.

    Returns
    -------
    Reproduction
        Estimand: the infectiousness-weighted mean R of the window by onset date, of the cases
        known D days later. Shapes (W, A) or (W,).

    Raises
    ------
    ValueError
        If shapes do not agree or a value is unusable; names it.

    References
    ----------
    Mixture of posteriors over imputations: Rubin 1987, Multiple Imputation for Nonresponse in
    Surveys, doi:10.1002/9780470316696.
    """
    every = _paths(total, "total")
    own = every if local is total else _paths(local, "local")
    if own.shape != every.shape:
        raise ValueError(f"local: shape {own.shape}; total has {every.shape}")
    draws = every.shape[-1]
    pmfs = _intervals(pmf, draws, dated=period_of_day is not None)
    periods = np.zeros(every.shape[0], int) if period_of_day is None else period_of_day
    results = [
        dated_reproduction(
            own[..., m],
            every[..., m],
            pmfs[m],
            periods,
            changeover_days=changeover_days,
            window=window,
            windows=windows,
            prior=prior,
            alpha_parent=alpha_parent,
            weekday=weekday,
            last=last,
        )
        for m in range(draws)
    ]
    mixed = pooled(results, prior=prior)
    return mixed if share is None else _rated(mixed, share, every.shape[:-1])


def _intervals(pmf: ArrayLike, draws: int, *, dated: bool) -> Floats:
    """Serial intervals of each imputation and period, shape (M, P, L)."""
    pmfs = np.asarray(pmf, dtype=np.float64)
    shared, drawn = (2, 3) if dated else (1, 2)
    if pmfs.ndim not in (shared, drawn):
        raise ValueError(f"serial intervals: shape {pmfs.shape}, neither of all nor of each draw")
    if pmfs.ndim == drawn and pmfs.shape[0] != draws:
        raise ValueError(f"serial intervals: {pmfs.shape[0]} for {draws} imputations")
    one = pmfs if dated else pmfs[..., None, :]
    return np.broadcast_to(one, (draws, *one.shape[-2:]))


def _paths(values: ArrayLike, name: str) -> Floats:
    table = np.asarray(values, dtype=np.float64)
    if table.ndim not in (2, 3) or 0 in table.shape:
        raise ValueError(f"{name}: shape {table.shape}, neither (T, M) nor (T, A, M)")
    checked_counts(table.reshape(table.shape[0], -1), name)
    return table


def _rated(mixed: Reproduction, share: ArrayLike, shape: tuple[int, ...]) -> Reproduction:
    """Lower the states to what the completeness of the window's days allows."""
    known = np.asarray(share, dtype=np.float64)
    if known.shape != shape:
        raise ValueError(f"share: shape {known.shape}; the counts have {shape}")
    return replace(mixed, state=lowered(mixed.state, known, mixed.t_end))
