"""Serial interval from linked pairs: a case and the one that infected it.

Estimand: distribution of the days from first symptoms of a case to those of a case it infected,
among linked pairs whose two onsets are known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import ndtri

from metrics.contacts.intervals import Family, Spans, chances, impossible, seen_by
from metrics.quantiles import Floats
from metrics.states import State

LEAST_PAIRS = 20.0
SMALLEST_SD = 0.05  # days; dates by day cannot tell a smaller one from none
WIDEST = 0.5  # half width of the mean's interval over the mean; beyond it the fit says little


@dataclass(frozen=True, slots=True)
class Pairs:
    """Onset days of linked pairs, shape (N,), whole days on one calendar.

    ``source`` fell ill between ``source_first`` and ``source_last``, both included; the one it
    infected between ``infected_first`` and ``infected_last``. A known day has first = last.
    ``pairs`` counts pairs of the same days; None: one each.
    """

    source_first: ArrayLike
    source_last: ArrayLike
    infected_first: ArrayLike
    infected_last: ArrayLike
    pairs: ArrayLike | None = None


@dataclass(frozen=True, slots=True)
class SerialInterval:
    """Fitted distribution, days.

    ``mean`` and ``sd`` with their intervals; for ``gamma`` and ``lognormal`` the distribution is
    that of the interval + ``shift_days``, moved back. ``log_likelihood`` and ``aic`` compare
    families on the same pairs; ``negative_share`` is the share of pairs whose middle interval is
    below 0. ``state``: final, too_few (under 20 pairs, or the mean known to less than ± 50 %) or
    withheld (no clear peak of the likelihood, or all intervals alike; intervals are NaN).
    """

    family: Family
    shift_days: float
    mean: float
    mean_low: float
    mean_high: float
    sd: float
    sd_low: float
    sd_high: float
    log_likelihood: float
    aic: float
    pairs: float
    negative_share: float
    state: State


def serial_interval(
    pairs: Pairs,
    family: Family = "gamma",
    *,
    shift_days: float = 0.0,
    last_day: float | None = None,
    level: float = 0.95,
) -> SerialInterval:
    """Fit a serial interval by maximum likelihood, both dates censored.

    Parameters
    ----------
    pairs
        Linked pairs. The source is taken as uniform within its span.
    family
        ``normal`` allows negative intervals; ``gamma`` and ``lognormal`` only above
        -``shift_days``.
    shift_days
        Days added before fitting, at least 0; to be fixed beforehand, not from the data.
    last_day
        Last onset day that could be seen. Each pair's chance is divided by the chance that
        the infected fell ill by then, given the source's day: in growth most sources are
        recent and only their short intervals are there yet. None: no truncation.
    level
        Probability of the intervals.

    Returns
    -------
    SerialInterval
        Intervals from the curvature of the likelihood in log mean (normal: mean) and log sd.

    Raises
    ------
    ValueError
        If days are unusable, a pair is impossible in the family, or falls after the last day;
        names the pair and its days.

    References
    ----------
    Reich et al. 2009, Stat Med 28:2769, doi:10.1002/sim.3659 (doubly censored); Park et al.
    2021, PNAS 118:e2011548118, doi:10.1073/pnas.2011548118 (intervals in growth).
    """
    spans = _checked(pairs, family, shift_days, last_day)
    total = float(spans.weight.sum())
    z = float(ndtri(0.5 + level / 2))
    end = None if last_day is None else last_day + 1.0 + shift_days
    estimate, covariance, likelihood = _maximum(family, spans, end)
    mean, sd = _natural(family, estimate)
    clear = covariance is not None and sd >= SMALLEST_SD
    error = np.full(2, np.nan)
    if covariance is not None and clear:
        error = np.sqrt(np.diag(covariance))
    mean_low, sd_low = _natural(family, estimate - z * error)
    mean_high, sd_high = _natural(family, estimate + z * error)
    known = total >= LEAST_PAIRS and (mean_high - mean_low) / 2 <= WIDEST * abs(mean - shift_days)
    told = State.FINAL if known else State.TOO_FEW
    middle = spans.middle - shift_days
    return SerialInterval(
        family=family,
        shift_days=shift_days,
        mean=mean - shift_days,
        mean_low=mean_low - shift_days,
        mean_high=mean_high - shift_days,
        sd=sd,
        sd_low=sd_low,
        sd_high=sd_high,
        log_likelihood=likelihood,
        aic=4.0 - 2.0 * likelihood,
        pairs=total,
        negative_share=float(spans.weight[middle < 0].sum() / total),
        state=told if clear else State.WITHHELD,
    )


def best_serial_interval(
    pairs: Pairs, *, last_day: float | None = None, level: float = 0.95
) -> SerialInterval:
    """Fit every family that allows all pairs and return the one with the lowest AIC.

    Parameters
    ----------
    pairs, last_day, level
        As for ``serial_interval``.

    Returns
    -------
    SerialInterval
        With a pair of a surely negative interval this is the normal distribution.

    Raises
    ------
    ValueError
        If days are unusable or fall after the last day; names the pair and its days.

    References
    ----------
    Akaike 1974, IEEE Trans Autom Control 19:716, doi:10.1109/TAC.1974.1100705.
    """
    spans = _checked(pairs, "normal", 0.0, last_day)
    families = [f for f in get_args(Family) if not impossible(f, spans).any()]
    fits = [serial_interval(pairs, f, last_day=last_day, level=level) for f in families]
    return min(fits, key=lambda fit: (fit.state == State.WITHHELD, fit.aic))


def _checked(pairs: Pairs, family: Family, shift: float, last_day: float | None) -> Spans:
    if family not in get_args(Family):
        raise ValueError(f"family '{family}'; known are {', '.join(get_args(Family))}")
    if not 0 <= shift < np.inf:
        raise ValueError(f"shift of {shift} days; it must be at least 0")
    names = ("source_first", "source_last", "infected_first", "infected_last")
    days = [np.asarray(getattr(pairs, name), dtype=np.float64) for name in names]
    count = pairs.pairs
    weight = np.ones(days[0].shape) if count is None else np.asarray(count, dtype=np.float64)
    for name, values in zip((*names, "pairs"), (*days, weight), strict=True):
        if values.ndim != 1 or values.shape != days[0].shape or values.size == 0:
            raise ValueError(f"{name}: shape {values.shape}; all are (N,) with N > 0")
        wrong = ~np.isfinite(values) | (values != np.floor(values))
        if name == "pairs":
            wrong |= values < 0
        if wrong.any():
            i = int(np.argmax(wrong))
            raise ValueError(f"{name}[{i}]: {values[i]}; whole days and counts are needed")
    for (earlier, first), (later, last) in list(pairwise(zip(names, days, strict=True)))[::2]:
        if (first > last).any():
            i = int(np.argmax(first > last))
            raise ValueError(f"pair {i}: {earlier} {first[i]} lies after {later} {last[i]}")
    _check_order(days, family, shift, last_day)
    if weight.sum() == 0:
        raise ValueError("pairs: all counts are 0")
    return Spans(days[0], days[1] + 1.0, days[2] + shift, days[3] + 1.0 + shift, weight)


def _check_order(
    days: list[NDArray[np.float64]], family: Family, shift: float, last_day: float | None
) -> None:
    if last_day is not None and (days[3] > last_day).any():
        i = int(np.argmax(days[3] > last_day))
        raise ValueError(f"pair {i}: infected_last {days[3][i]} lies after last_day {last_day}")
    spans = Spans(days[0], days[1] + 1.0, days[2] + shift, days[3] + 1.0 + shift, days[0])
    if (wrong := impossible(family, spans)).any():
        i = int(np.argmax(wrong))
        raise ValueError(
            f"pair {i}: infected on {days[2][i]} to {days[3][i]}, source on {days[0][i]} to"
            f" {days[1][i]}: a {family} interval with a shift of {shift} days cannot be that"
            " negative; use 'normal' or a larger shift"
        )


def _natural(family: Family, parameters: Floats) -> tuple[float, float]:
    mean = parameters[0] if family == "normal" else np.exp(parameters[0])
    return float(mean), float(np.exp(parameters[1]))


def _maximum(
    family: Family, spans: Spans, end: float | None
) -> tuple[Floats, Floats | None, float]:
    """Estimate, its covariance (None without a clear peak) and the log likelihood."""

    def loss(parameters: Floats, *_: object) -> float:
        if np.abs(parameters).max() > 25:  # e^25 days; keeps the search where numbers exist
            return 1e12
        mean, sd = _natural(family, parameters)
        each = np.log(chances(family, spans, mean, sd))
        if end is not None:
            each -= np.log(seen_by(family, spans, end, (mean, sd)))
        return -float(spans.weight @ each)

    middle, weight = spans.middle, spans.weight / spans.weight.sum()
    mean = float(weight @ middle)
    sd = max(float(np.sqrt(weight @ (middle - mean) ** 2)), 0.5)
    start = np.array([mean if family == "normal" else np.log(max(mean, 0.5)), np.log(sd)])
    found = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
    best = np.asarray(found.x, dtype=np.float64)
    return best, _covariance(loss, best) if found.success else None, -float(found.fun)


def _covariance(loss: Callable[[Floats], float], best: Floats) -> Floats | None:
    """Inverse curvature at the peak, by central differences; None where there is no peak."""
    h = 1e-3 * np.maximum(1.0, np.abs(best))
    curvature = np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            a, b = np.eye(2)[i] * h[i], np.eye(2)[j] * h[j]
            four = loss(best + a + b) - loss(best + a - b) - loss(best - a + b) + loss(best - a - b)
            curvature[i, j] = four / (4 * h[i] * h[j])
    if not (curvature[0, 0] > 0 and np.linalg.det(curvature) > 1e-6):
        return None
    return np.asarray(np.linalg.inv(curvature))
