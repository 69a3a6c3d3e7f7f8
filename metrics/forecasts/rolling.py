"""Forecasts as they would have been made in the past, beside what came."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.forecasts.innovation import HISTORY_DAYS, Innovation, innovation
from metrics.forecasts.persistence import persistence_forecast
from metrics.forecasts.renewal import TWO_WEEKS, Axis, Course, renewal_forecast
from metrics.forecasts.start import start_from
from metrics.incidence import checked_counts
from metrics.quantiles import Floats, Levels
from metrics.states import State
from metrics.transmission.reproduction import Reproduction, reproduction

FIRST_ORIGIN = 70  # days: eight weeks of errors of the baseline behind a two-week horizon


@dataclass(frozen=True, slots=True)
class PastForecasts:
    """Forecasts from N origins over H days for A areas.

    ``origin_day`` is the last day known, 1-based, shape (N,); ``observed`` (N, H, A);
    ``model`` and ``baseline`` quantiles (Q, N, H, A); ``rated`` (N, A) where both exist;
    ``size`` mean daily cases of the 28 days up to the origin, (N, A); ``innovations`` the pace
    of R used at each origin.
    """

    origin_day: NDArray[np.int64]
    levels: Levels
    observed: Floats
    model: Floats
    baseline: Floats
    rated: NDArray[np.bool_]
    size: Floats
    innovations: tuple[Innovation, ...]


def rolling_origin(
    total: ArrayLike,
    pmf: ArrayLike,
    *,
    axis: Axis,
    rng: np.random.Generator,
    every: int = 7,
    first: int = FIRST_ORIGIN,
    course: Course = TWO_WEEKS,
    history_days: int = HISTORY_DAYS,
    paces: Sequence[Innovation] | None = None,
    keys: ArrayLike | None = None,
) -> PastForecasts:
    """Forecast from every ``every``-th day of the past, each time blind to what followed.

    Parameters
    ----------
    total
        Cases per day, shape (T, A), as known now. Later revision of counts is therefore not
        part of the test: with nowcasts, judge the published forecasts instead.
    pmf
        Serial interval w_0 = 0, w_1, …, shape (K,).
    axis, rng, course
        As for ``renewal_forecast``.
    every
        Days between origins; the last one leaves a whole horizon to compare with.
    first
        First day that may be an origin, 28 at least.
    history_days
        As for ``innovation``.
    paces
        From ``past_paces`` of all areas, where ``total`` holds some of them only.
    keys
        As for ``renewal_forecast``.

    Returns
    -------
    PastForecasts
        No origin where the series is too short.

    Raises
    ------
    ValueError
        If counts or serial interval are unusable or a number impossible; names it.
    """
    counts = checked_counts(total, "total")
    origins = origin_days(counts.shape[0], every=every, first=first, horizon=course.horizon)
    # Causal: the windows up to an origin are those of the series cut there.
    r = reproduction(counts, counts, pmf, weekday=course.weekday)
    shape = (len(course.levels), origins.size, course.horizon, counts.shape[1])
    model, baseline = np.full(shape, np.nan), np.full(shape, np.nan)
    rated = np.zeros((origins.size, counts.shape[1]), dtype=np.bool_)
    if paces is None:
        paces = _paces(r, origins, history_days)
    for i, (day, pace) in enumerate(zip(origins, paces, strict=True)):
        known = counts[:day]
        start = start_from(up_to(r, int(day)), pace, damping=course.damping)
        forecast = renewal_forecast(
            known, pmf, start, innovation=pace, axis=axis, rng=rng, course=course, keys=keys
        )
        rule = persistence_forecast(
            known, horizon=course.horizon, levels=course.levels, weekday=course.weekday
        )
        model[:, i], baseline[:, i] = forecast.quantiles, rule.quantiles
        rated[i] = (forecast.state == State.FINAL) & (rule.state == State.FINAL)
    return PastForecasts(
        origin_day=origins,
        levels=course.levels,
        observed=_following(counts, origins, course.horizon),
        model=model,
        baseline=baseline,
        rated=rated,
        size=_recent_mean(counts, origins),
        innovations=tuple(paces),
    )


def origin_days(days: int, *, every: int, first: int, horizon: int) -> NDArray[np.int64]:
    """Origins within so many days, 1-based; the last one leaves a whole horizon.

    Raises
    ------
    ValueError
        If a number is impossible; names it.
    """
    if every < 1 or first < 28:
        raise ValueError(f"origins every {every} days from day {first}; at least 1 and 28")
    return np.arange(days - horizon, first - 1, -every)[::-1]


def past_paces(
    total: ArrayLike,
    pmf: ArrayLike,
    origins: NDArray[np.int64],
    *,
    weekday: bool = True,
    history_days: int = HISTORY_DAYS,
) -> tuple[Innovation, ...]:
    """How far log R wandered as known on each origin, from all areas of a country together.

    Parameters
    ----------
    total, pmf
        As for ``rolling_origin``.
    origins
        From ``origin_days``.
    weekday, history_days
        As for ``reproduction`` and ``innovation``.

    Returns
    -------
    tuple of Innovation
        One for each origin. Given to ``rolling_origin``, areas may be judged in several calls.

    Raises
    ------
    ValueError
        If counts or serial interval are unusable; names place and value.

    References
    ----------
    See ``metrics.forecasts.innovation``.
    """
    counts = checked_counts(total, "total")
    return _paces(reproduction(counts, counts, pmf, weekday=weekday), origins, history_days)


def _paces(
    r: Reproduction, origins: NDArray[np.int64], history_days: int
) -> tuple[Innovation, ...]:
    return tuple(innovation(up_to(r, int(day)), history_days=history_days) for day in origins)


def up_to(r: Reproduction, day: int) -> Reproduction:
    """The estimate of R as it stood on a 1-based day.

    Raises
    ------
    ValueError
        If no window had ended by then; names the day.
    """
    kept = int(np.searchsorted(r.t_end, day, side="right"))
    if kept == 0:
        raise ValueError(f"R on day {day}: the first window ends on day {r.t_end[0]}")
    return replace(r, **{field.name: getattr(r, field.name)[:kept] for field in fields(r)})


def _following(counts: Floats, origins: NDArray[np.int64], horizon: int) -> Floats:
    ahead = origins[:, None] + np.arange(horizon)
    return counts[ahead.astype(np.int64)]


def _recent_mean(counts: Floats, origins: NDArray[np.int64]) -> Floats:
    behind = origins[:, None] - np.arange(1, 29)
    return np.asarray(counts[behind.astype(np.int64)].mean(axis=1))
