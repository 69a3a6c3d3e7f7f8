"""May the forecasts be shown? Their score against the baseline's, with the doubt about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from metrics.forecasts.rolling import PastForecasts
from metrics.quantiles import Floats
from metrics.scores.coverage import CentralCoverage, central_coverage
from metrics.scores.interval_score import log_weighted_interval_score, weighted_interval_score
from metrics.states import State

LEAST_DAYS = 84  # that dates stand for: twelve weekly ones, or more that lie closer
THREE_MONTHS = 91  # days
HORIZONS = ((1, 7), (8, 14))
SIZES = (0.0, 10.0, 50.0, 200.0, np.inf)  # mean daily cases of the 28 days before
LEAST_SCORE = 0.01  # cases: added to both scores, so that two forecasts of nothing are equal

Group = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Score over the baseline's: geometric mean over dates and its 95 % range; below 1 better."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """One horizon group, for areas of one size group or, where ``size`` is None, for all.

    ``horizon`` first and last day, ``size`` mean daily cases from, below; ``dates`` forecast
    dates, ``forecasts`` values compared; ``relative_wis`` on counts, ``relative_log_wis`` on
    log(1 + count); ``coverage`` of the 50, 90 and 95 % intervals; ``bias`` mean share of
    quantiles above less below what came, -1 to 1, positive where forecasts lie too high.
    ``state``: final, withheld (the upper end of ``relative_wis`` exceeds 1) or too_few dates.
    """

    horizon: tuple[int, int]
    size: Group | None
    dates: int
    forecasts: int
    relative_wis: Ratio
    relative_log_wis: Ratio
    coverage: CentralCoverage
    bias: float
    state: State


@dataclass(frozen=True, slots=True)
class _Scores:
    """Per cell, shape (N, H, A)."""

    model: Floats
    baseline: Floats
    log_model: Floats
    log_baseline: Floats


def judge(
    past: PastForecasts,
    *,
    window_days: int | None = THREE_MONTHS,
    horizons: Sequence[tuple[int, int]] = HORIZONS,
    sizes: Sequence[float] = SIZES,
) -> tuple[Judgement, ...]:
    """Compare past forecasts with the baseline by horizon and size of area.

    Parameters
    ----------
    past
        Forecasts of ``rolling_origin``, or the published ones.
    window_days
        Only origins of the last so many days; None for all. In three months one bad
        month does not withhold a forecast, nor one good one release it.
    horizons
        First and last day of each group.
    sizes
        Rising limits of the size groups.

    Returns
    -------
    tuple of Judgement
        For each horizon group all areas, then each size group that holds a forecast. The score
        of a date is the mean over its areas and days. Under 84 days of dates, twelve weekly
        ones, the state is too_few.

    Raises
    ------
    ValueError
        If a horizon group lies outside the forecast or limits do not rise; names it.

    References
    ----------
    Bracher et al. 2021, PLoS Comput Biol 17:e1008618, doi:10.1371/journal.pcbi.1008618;
    range: Harvey, Leybourne & Newbold 1997, Int J Forecast 13:281,
    doi:10.1016/S0169-2070(96)00719-4; bias: Funk et al. 2019, PLoS Comput Biol 15:e1006785,
    doi:10.1371/journal.pcbi.1006785.
    """
    longest = past.observed.shape[1]
    for first, last in horizons:
        if not 1 <= first <= last <= longest:
            raise ValueError(f"horizon days {first} to {last}; forecasts reach 1 to {longest}")
    if any(b <= a for a, b in pairwise(sizes)):
        raise ValueError(f"size limits {tuple(sizes)}; they must rise")
    recent = np.ones(past.origin_day.shape, dtype=np.bool_)
    if window_days is not None and past.origin_day.size:
        recent = past.origin_day > past.origin_day[-1] - window_days
    usable = past.rated & recent[:, None]
    scores = _scores(past, usable)
    found = []
    for horizon in horizons:
        groups = [None, *pairwise(sizes)]
        for size in groups:
            chosen = usable
            if size is not None:
                chosen = usable & (past.size >= size[0]) & (past.size < size[1])
            if size is None or chosen.any():
                found.append(_judgement(past, scores, chosen, horizon=horizon, size=size))
    return tuple(found)


def relative_score(model: Floats, baseline: Floats, *, overlap: int = 0) -> Ratio:
    """Geometric mean of score ratios over forecast dates, with a 95 % range.

    Parameters
    ----------
    model, baseline
        Score by date, shape (N,), not negative, dates equally far apart.
    overlap
        How many following dates are made before a forecast has come to its end: so far errors
        are correlated.

    Returns
    -------
    Ratio
        NaN without dates; the range also with fewer than overlap + 2 dates. Student's range
        with the long-run variance, never below that of independent dates.

    References
    ----------
    Harvey, Leybourne & Newbold 1997, Int J Forecast 13:281,
    doi:10.1016/S0169-2070(96)00719-4.
    """
    dates = model.size
    if dates == 0:
        return Ratio(np.nan, np.nan, np.nan)
    ratio = np.log((model + LEAST_SCORE) / (baseline + LEAST_SCORE))
    centre = float(ratio.mean())
    if dates < overlap + 2:
        return Ratio(float(np.exp(centre)), np.nan, np.nan)
    rest = ratio - centre
    spread = float(rest @ rest) / dates
    together = sum(float(rest[lag:] @ rest[:-lag]) for lag in range(1, overlap + 1)) / dates
    step = overlap + 1
    small = (dates + 1 - 2 * step + step * (step - 1) / dates) / dates
    error = np.sqrt((spread + 2 * max(0.0, together)) / dates / small)
    reach = float(stdtrit(dates - 1, 0.975)) * error
    return Ratio(*(float(np.exp(centre + side)) for side in (0.0, -reach, reach)))


def _scores(past: PastForecasts, usable: NDArray[np.bool_]) -> _Scores:
    """Scores where usable, NaN elsewhere."""
    cells = np.broadcast_to(usable[:, None], past.observed.shape)
    y = past.observed[cells]
    parts = []
    for score in (weighted_interval_score, log_weighted_interval_score):
        for quantiles in (past.model, past.baseline):
            table = np.full(cells.shape, np.nan)
            table[cells] = score(y, quantiles[:, cells], past.levels).total
            parts.append(table)
    return _Scores(*parts)


def _judgement(
    past: PastForecasts,
    scores: _Scores,
    chosen: NDArray[np.bool_],
    *,
    horizon: tuple[int, int],
    size: Group | None,
) -> Judgement:
    days = slice(horizon[0] - 1, horizon[1])
    dates = np.flatnonzero(chosen.any(axis=1))
    apart = int(np.diff(past.origin_day).min()) if past.origin_day.size > 1 else 1
    overlap = -(-horizon[1] // apart) - 1  # two forecasts share the days between their origins

    def by_date(table: Floats) -> Floats:
        return np.array([table[i, days][:, chosen[i]].mean() for i in dates])

    wis = relative_score(by_date(scores.model), by_date(scores.baseline), overlap=overlap)
    log_wis = relative_score(
        by_date(scores.log_model), by_date(scores.log_baseline), overlap=overlap
    )
    cells = np.broadcast_to(chosen[:, None], past.observed.shape)[:, days]
    y, quantiles = past.observed[:, days][cells], past.model[:, :, days][:, cells]
    date, _, area = np.nonzero(cells)
    side = (quantiles > y).mean(axis=0) - (quantiles < y).mean(axis=0)
    state = State.FINAL if wis.high <= 1 else State.WITHHELD
    return Judgement(
        horizon=horizon,
        size=size,
        dates=dates.size,
        forecasts=y.size,
        relative_wis=wis,
        relative_log_wis=log_wis,
        coverage=central_coverage(y, quantiles, levels=past.levels, clusters=(date, area)),
        bias=float(side.mean()) if y.size else np.nan,
        state=state if dates.size * apart >= LEAST_DAYS else State.TOO_FEW,
    )
