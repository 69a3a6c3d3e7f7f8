"""From counts to a forecast in one call: R, how it changes, where it stands, what comes."""

import numpy as np
from numpy.typing import ArrayLike

from metrics.forecasts.innovation import HISTORY_DAYS, Innovation, innovation
from metrics.forecasts.renewal import TWO_WEEKS, Axis, Course, Forecast, renewal_forecast
from metrics.forecasts.start import WEEKS_BACK, start_from
from metrics.incidence import checked_counts
from metrics.transmission.reproduction import reproduction

WINDOW = 7  # days


def forecast_counts(
    total: ArrayLike,
    pmf: ArrayLike,
    *,
    axis: Axis,
    rng: np.random.Generator,
    course: Course = TWO_WEEKS,
    pace: Innovation | None = None,
    keys: ArrayLike | None = None,
    keep_draws: bool = False,
) -> Forecast:
    """Forecast daily counts of the areas of one country.

    Parameters
    ----------
    total
        All cases per day, shape (T, A), or (T, A, M) with M draws of the nowcast. By onset
        without a nowcast the last days are short of cases and the forecast is too low: cut
        them off first.
    pmf
        Serial interval w_0 = 0, w_1, …, shape (K,).
    axis, rng, course, keys, keep_draws
        As for ``renewal_forecast``.
    pace
        How far log R wanders, if already known of the country; else learned from ``total``.

    Returns
    -------
    Forecast
        Cases of all origins are taken for local and none are expected from elsewhere; where
        imports matter, give ``renewal_forecast`` an R of local cases.

    Raises
    ------
    ValueError
        If counts or serial interval are unusable; names place and value.

    References
    ----------
    See ``metrics.forecasts.renewal``.
    """
    given = np.asarray(total, dtype=np.float64)
    if given.ndim not in (2, 3):
        raise ValueError(f"total: shape {given.shape} is neither (T, A) nor (T, A, M)")
    draws = given.shape[2] if given.ndim == 3 else 1
    flat = checked_counts(given.reshape(given.shape[0], -1), "total")
    if pace is None:
        mean = flat.reshape(*given.shape[:2], draws).mean(axis=2)
        pace = pace_of(mean, pmf, weekday=course.weekday)
    r = reproduction(
        flat, flat, pmf, window=WINDOW, weekday=course.weekday, last=WEEKS_BACK * WINDOW
    )
    start = start_from(r, pace, damping=course.damping, past_draws=draws)
    return renewal_forecast(
        given,
        pmf,
        start,
        innovation=pace,
        axis=axis,
        rng=rng,
        course=course,
        keys=keys,
        keep_draws=keep_draws,
    )


def pace_of(total: ArrayLike, pmf: ArrayLike, *, weekday: bool = True) -> Innovation:
    """How far log R wanders per day, learned from all areas of a country together.

    Parameters
    ----------
    total
        Cases per day, shape (T, A).
    pmf, weekday
        As for ``metrics.transmission.reproduction``.

    Returns
    -------
    Innovation
        What ``forecast_counts`` uses where it is given no pace: with it, areas may be forecast
        in several calls.

    Raises
    ------
    ValueError
        If counts or serial interval are unusable; names place and value.

    References
    ----------
    See ``metrics.forecasts.innovation``.
    """
    r = reproduction(total, total, pmf, window=WINDOW, weekday=weekday, last=HISTORY_DAYS)
    return innovation(r)
