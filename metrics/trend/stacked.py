"""Growth from nowcast counts: chance, delay and what is still to be reported in one range."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from metrics.delays.completeness import lowered
from metrics.incidence import checked_counts
from metrics.quantiles import Floats
from metrics.states import State, choose
from metrics.trend.growth import Growth, Weekday, growth

TREND_TERMS = 2  # level and rate


def stacked_growth(
    draws: ArrayLike,
    *,
    share: ArrayLike | None = None,
    window: int = 14,
    weekday: Weekday = "offset",
    last: int | None = None,
) -> Growth:
    """Fit the growth rate in each of M imputations of the complete counts and combine them.

    Parameters
    ----------
    draws
        Final counts, shape (T, M) or (T, A, M); imputation m is one joint path of all days.
    share
        Share of each day's cases known by now, shape (T,) or (T, A). A window is no better
        than its worst day: final from 0.9, provisional from 0.5, else hidden.
    window, weekday
        As for ``growth``.
    last
        Only the last so many windows; the days before them still inform.

    Returns
    -------
    Growth
        Rate: mean of the imputations'. Variance: mean of their variances plus (1 + 1/M) times
        the variance between them; Student interval with the degrees of freedom for small
        samples. Too few where more than half of the imputations are.

    Raises
    ------
    ValueError
        If a count, a shape or the window is unusable; names the value.

    References
    ----------
    Rubin 1987, Multiple Imputation for Nonresponse in Surveys, doi:10.1002/9780470316696;
    degrees of freedom: Barnard & Rubin 1999, Biometrika 86:948, doi:10.1093/biomet/86.4.948.
    """
    paths = np.asarray(draws, dtype=np.float64)
    if paths.ndim not in (2, 3) or 0 in paths.shape:
        raise ValueError(f"draws: shape {paths.shape}, neither (T, M) nor (T, A, M)")
    days, imputed = paths.shape[0], paths.shape[-1]
    checked_counts(paths.reshape(days, -1), "draws")
    single = paths.ndim == 2
    table = paths[:, None] if single else paths
    found = growth(table.reshape(days, -1), window=window, weekday=weekday)
    kept = slice(max(0, days - window + 1 - (last or days)), None)

    def of(values: Floats) -> Floats:
        return values.reshape(values.shape[0], table.shape[1], imputed)[kept]

    told = of((found.state == State.FINAL).astype(np.float64)) > 0
    enough = told.mean(axis=2) >= 0.5
    rate, error, degrees = _combined(
        of(found.rate_per_day), of(found.standard_error), told, float(window - TREND_TERMS)
    )
    reach = stdtrit(degrees, 0.975) * error
    state = choose(enough, State.FINAL, State.TOO_FEW)
    ends = found.t_end[kept]
    if share is not None:
        state = lowered(state, np.asarray(share, dtype=np.float64).reshape(days, -1), ends)

    def given(values: Floats) -> Floats:
        told = np.where(enough, values, np.nan)
        return told[:, 0] if single else told

    return Growth(
        t_start=found.t_start[kept],
        t_end=ends,
        rate_per_day=given(rate),
        standard_error=given(error),
        low=given(rate - reach),
        high=given(rate + reach),
        phi=given(of(found.phi).mean(axis=2)),
        deviance=given(of(found.deviance).mean(axis=2)),
        cases=(of(found.cases).mean(axis=2)[:, 0] if single else of(found.cases).mean(axis=2)),
        state=state[:, 0] if single else state,
    )


def _combined(
    rates: Floats, errors: Floats, told: NDArray[np.bool_], complete: float
) -> tuple[Floats, Floats, Floats]:
    """Rate, its standard error and degrees of freedom, shape (W, A), of imputations with a rate.

    ``complete`` are the degrees of freedom that a single fit has.
    """
    count = np.maximum(told.sum(axis=2), 1)
    rate = np.where(told, rates, 0.0).sum(axis=2) / count
    within = np.where(told, errors**2, 0.0).sum(axis=2) / count
    apart = np.where(told, (rates - rate[..., None]) ** 2, 0.0).sum(axis=2)
    between = apart / np.maximum(count - 1, 1) * (1 + 1 / count)
    total = np.maximum(within + between, 1e-300)
    imputed = between / total  # the share of the variance that is due to imputing
    observed = (complete + 1) / (complete + 3) * complete * (1 - imputed)
    between_degrees = np.maximum(count - 1, 1) / np.maximum(imputed, 1e-6) ** 2
    return rate, np.sqrt(total), 1 / (1 / between_degrees + 1 / np.maximum(observed, 1e-6))
