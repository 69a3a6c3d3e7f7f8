"""Injury rates in natural units, with exact intervals.

No denominator, no rate: where nobody worked there is none, and injuries that stand over nobody
are refused.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincinv, ndtri

from metrics.quantiles import Floats
from metrics.states import State, StateCodes, choose
from metrics.workplaces.checked import (
    amounts,
    checked_level,
    events_without_exposure,
    refuse,
    same_shape,
    whole_counts,
)

PER_1000_WORKERS = 1e3
PER_100K_WORKERS = 1e5
PER_MILLION_HOURS = 1e6
HOURS_A_YEAR = 2_000.0  # of a worker whose hours nobody told
DAYS_CHARGED = 6_000.0  # for a death or a permanent total disability; not verified in the rule
LEAST_CASES = 20  # fewer do not tell how days scatter: their intervals are too short


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per so many units of exposure, arrays of one shape, with their interval.

    ``state``: final, missing (no exposure: value and bounds are NaN) or, of lost days only,
    too_few.
    """

    value: Floats
    low: Floats
    high: Floats
    state: StateCodes


@dataclass(frozen=True, slots=True)
class SeverityRate:
    """Days lost per million hours, shape (C,), without and with days charged.

    ``lost`` counts days that passed, ``charged`` those plus the days charged for deaths and
    permanent total disability, as statistics of the rule have it; ``cases`` all cases with
    days, ``charges`` those charged among them.
    """

    lost: Rate
    charged: Rate
    cases: Floats
    charges: Floats


def event_rate(
    events: ArrayLike,
    exposure: ArrayLike,
    *,
    per: float,
    design_effect: ArrayLike = 1.0,
    level: float = 0.95,
) -> Rate:
    """Events over exposure with the exact Poisson interval.

    Parameters
    ----------
    events
        Whole numbers, any shape: injured per 1,000 workers, deaths per 100,000.
    exposure
        Worker-years or hours, same shape; 0 only where there are no events.
    per
        Units of exposure the rate is told for, as ``PER_1000_WORKERS``.
    design_effect
        Variance over Poisson's, at least 1, as by ``proportions.cluster_design_effect`` of the
        persons injured in each accident; events and exposure are divided by it.
    level
        Probability of the interval.

    Returns
    -------
    Rate
        Holds the true rate with at least the level's probability for whole events; the lower
        end is 0 without events. An upper end of 0 events over a small exposure is wide: no
        report is no proof of safety.

    Raises
    ------
    ValueError
        If an argument is unusable, or events stand over no exposure; names argument, index and
        value.

    References
    ----------
    Garwood 1936, Biometrika 28:437, doi:10.1093/biomet/28.3-4.437.
    """
    y, size = whole_counts(events, "events"), amounts(exposure, "exposure")
    return _poisson_rate(y, size, ("events", "exposure"), (per, design_effect, level))


def frequency_rate(
    injuries: ArrayLike,
    hours: ArrayLike,
    *,
    accidents: ArrayLike | None = None,
    design_effect: ArrayLike = 1.0,
    level: float = 0.95,
) -> Rate:
    """Disabling injuries per million hours worked.

    Parameters
    ----------
    injuries
        Persons with a disabling injury (death, permanent or temporary disability), whole.
    hours
        Hours worked by all, same shape (``hours_worked``).
    accidents
        Accidents that injured them, whole, same shape, at most as many. Persons hurt together
        are one piece of evidence: the interval is that of accidents, times persons an accident.
    design_effect
        Where sizes of accidents are known, their ``proportions.cluster_design_effect``, which
        counts that sizes differ, too; the larger of both is taken.
    level
        Probability of the interval.

    Returns
    -------
    Rate
        As from ``event_rate``.

    Raises
    ------
    ValueError
        If an argument is unusable, injuries stand over no hours, or accidents and injuries
        contradict each other; names argument, index and value.

    References
    ----------
    Rate: ILO 1998, Resolution concerning statistics of occupational injuries, 16th ICLS.
    Interval: Garwood 1936, Biometrika 28:437, doi:10.1093/biomet/28.3-4.437.
    """
    y, size = whole_counts(injuries, "injuries"), amounts(hours, "hours")
    effect = np.asarray(design_effect, dtype=np.float64)
    if accidents is not None:
        n = whole_counts(accidents, "accidents")
        same_shape(y, n, ("injuries", "accidents"))
        refuse(n > y, n, "accidents", "is more than the persons injured in them")
        refuse((n == 0) & (y > 0), n, "accidents", "cannot be, since persons were injured")
        effect = np.maximum(effect, np.divide(y, n, out=np.ones_like(y), where=n > 0))
    return _poisson_rate(y, size, ("injuries", "hours"), (PER_MILLION_HOURS, effect, level))


def severity_rate(
    days: ArrayLike,
    cell: ArrayLike,
    hours: ArrayLike,
    *,
    charged: ArrayLike | None = None,
    days_charged: float = DAYS_CHARGED,
    level: float = 0.95,
) -> SeverityRate:
    """Days lost per million hours worked, from the days of each case.

    Parameters
    ----------
    days
        Calendar days lost by each case, shape (N,), whole.
    cell
        Position of each case's cell, shape (N,), whole numbers 0 to C - 1.
    hours
        Hours worked in each cell, shape (C,).
    charged
        True where the case is a death or a permanent total disability, shape (N,).
    days_charged
        Days such a case counts in place of its own.
    level
        Probability of the intervals.

    Returns
    -------
    SeverityRate
        Log-normal interval with SE(log) = sqrt(sum of squared days) / sum of days, the
        variance of a sum of Poisson many cases. Too few: under 20 cases, or, with days
        charged, where charges are under 20 and make more than half of the days.

    Raises
    ------
    ValueError
        If an argument is unusable, or cases stand over no hours; names argument, index and
        value.

    References
    ----------
    Compound Poisson sum: Bohm & Zech 2014, Nucl Instrum Methods A 748:1,
    doi:10.1016/j.nima.2014.02.021.
    """
    lost, size = whole_counts(days, "days"), amounts(hours, "hours")
    place = _checked_cells(cell, lost, size)
    dead = np.zeros(lost.shape, dtype=np.bool_) if charged is None else np.asarray(charged)
    if dead.shape != lost.shape or dead.dtype != np.bool_:
        raise ValueError(
            f"charged: shape {dead.shape} of {dead.dtype}; truth values of shape {lost.shape}"
            " are needed"
        )
    fee = float(amounts(days_charged, "days_charged", above_zero=True))
    cases = np.bincount(place, minlength=size.size).astype(np.float64)
    charges = np.asarray(np.bincount(place, dead, size.size), dtype=np.float64)
    events_without_exposure(cases, size, ("cases", "hours"))
    few = cases < LEAST_CASES
    plain = _sum_rate(lost, place, size, level=level, few=few)
    counted = np.where(dead, fee, lost)
    total = np.bincount(place, counted, size.size)
    few = few | ((charges > 0) & (charges < LEAST_CASES) & (charges * fee > total / 2))
    return SeverityRate(
        plain, _sum_rate(counted, place, size, level=level, few=few), cases, charges
    )


def hours_worked(
    hours: ArrayLike, workers: ArrayLike, *, a_worker: float = HOURS_A_YEAR
) -> tuple[Floats, NDArray[np.bool_]]:
    """Hours of a year, guessed where nobody told them.

    Parameters
    ----------
    hours
        Hours told, any shape; NaN where not.
    workers
        Workers, same shape.
    a_worker
        Hours of a worker in the period.

    Returns
    -------
    tuple
        Hours, and where they are guessed: a rate over them is to be marked.

    Raises
    ------
    ValueError
        If hours or workers are unusable, or hours of 0 stand beside workers; names argument,
        index and value.

    References
    ----------
    ILO 1998, Resolution concerning statistics of occupational injuries, 16th ICLS.
    """
    told = np.asarray(hours, dtype=np.float64)
    guessed = np.isnan(told)
    known = amounts(np.where(guessed, 0.0, told), "hours")
    people = amounts(workers, "workers")
    same_shape(known, people, ("hours", "workers"))
    refuse(
        ~guessed & (known == 0) & (people > 0),
        people,
        "workers",
        "stands beside 0 hours; hours not told are NaN",
    )
    each = float(amounts(a_worker, "a_worker", above_zero=True))
    return np.where(guessed, people * each, known), guessed


def _poisson_rate(
    y: Floats, size: Floats, names: tuple[str, str], rule: tuple[float, ArrayLike, float]
) -> Rate:
    per = float(amounts(rule[0], "per", above_zero=True))
    effect = np.asarray(rule[1], dtype=np.float64)
    tail = (1 - checked_level(rule[2])) / 2
    same_shape(y, size, names)
    events_without_exposure(y, size, names)
    refuse(~((effect >= 1) & np.isfinite(effect)), effect, "design_effect", "is not 1 or more")
    if effect.shape not in ((), y.shape):
        raise ValueError(f"design_effect: shape {effect.shape}; {names[0]} has {y.shape}")
    told = size > 0
    n, unit = y / effect, np.where(told, size / effect, np.nan) / per
    low = np.where(y > 0, gammaincinv(np.where(y > 0, n, 1.0), tail), 0.0)
    high = gammaincinv(n + 1.0, 1 - tail)
    return Rate(n / unit, low / unit, high / unit, choose(told, State.FINAL, State.MISSING))


def _sum_rate(
    days: Floats, place: NDArray[np.int64], hours: Floats, *, level: float, few: NDArray[np.bool_]
) -> Rate:
    """Sums of days over hours; without days the interval has no upper end."""
    z = float(ndtri(0.5 + checked_level(level) / 2))
    total = np.bincount(place, days, hours.size)
    squares = np.bincount(place, days**2, hours.size)
    unit = np.where(hours > 0, hours, np.nan) / PER_MILLION_HOURS
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.exp(z * np.sqrt(squares) / total)
    value, some = total / unit, total > 0
    low = np.where(some, value / np.where(some, spread, 1.0), value)
    high = np.where(some, value * np.where(some, spread, 1.0), np.nan)
    state = choose(few, State.TOO_FEW, State.FINAL)
    state[hours == 0] = State.MISSING
    return Rate(value, low, high, state)


def _checked_cells(cell: ArrayLike, days: Floats, hours: Floats) -> NDArray[np.int64]:
    place = whole_counts(cell, "cell")
    if days.ndim != 1 or hours.ndim != 1 or hours.size == 0:
        raise ValueError(f"days: shape {days.shape}, hours {hours.shape}; (N,) and (C,) are needed")
    same_shape(days, place, ("days", "cell"))
    refuse(place >= hours.size, place, "cell", f"is no cell; there are 0 to {hours.size - 1}")
    return place.astype(np.int64)
