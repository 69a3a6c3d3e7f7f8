"""Occupied share of beds of an area: sums first, then the quotient.

Estimand: occupied beds over all beds that facilities of the area have told of. One type of bed
alone is its rate (ICU rate); intensive care, isolation and ward beds together are total bed
utilisation; with ventilators they are the health-care utilisation of some press releases.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from metrics.health_care.reports import checked_reports, trailing
from metrics.incidence import Counts, as_given
from metrics.quantiles import Floats
from metrics.states import State, StateCodes

WEEK = 7
LEAST_BEDS = 10.0  # one bed moves the share by at most 10 points
LEAST_REPORTING = 0.8
RECENT_DAYS = 3


@dataclass(frozen=True, slots=True)
class BedCounts:
    """Beds of one type, all of shape (T,) or (T, A), consecutive days; NaN: not reported.

    ``occupied`` and ``total`` are sums over facilities; ``reporting`` the facilities that sent a
    report for that very day, ``carried`` those standing with an earlier one, ``registered`` all
    that should report. Occupied beds may exceed all beds.
    """

    occupied: ArrayLike
    total: ArrayLike
    reporting: ArrayLike | None = None
    carried: ArrayLike | None = None
    registered: ArrayLike | None = None


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Occupied share, fractions and beds, shape (T,) or (T, A); NaN where unknown.

    ``share`` of the day; ``week_share`` occupied over all bed-days of the known days among the
    last 7, at least 4; ``free`` beds not occupied (negative above capacity); ``reporting_share``
    facilities that reported for the day over those registered: a report carried forward counts
    as none; ``carried_share`` likewise; ``state``: final, provisional (under 80 % of facilities
    reported on the best of the last 3 days, or nobody knows how many), stale (none reported in
    3 days), too_few (under 10 beds) or missing.
    """

    occupied: Floats
    total: Floats
    share: Floats
    week_share: Floats
    free: Floats
    reporting_share: Floats
    carried_share: Floats
    state: StateCodes


def occupancy(*types: BedCounts) -> Occupancy:
    """Occupied share of one or several types of beds together.

    Parameters
    ----------
    types
        Beds of each type, one shape. Where one is unknown so is the sum: without the wards a
        share of all beds would be that of intensive care. A type that is not there has 0 beds.

    Returns
    -------
    Occupancy
        Never a mean of facilities' shares: most facility-days have no intensive care bed.

    Raises
    ------
    ValueError
        If no type is given, shapes differ, or a count is negative; names place and value.

    References
    ----------
    Definitions: Department of Health, DOH Data Collect technical notes, 2020.
    """
    if not types:
        raise ValueError("occupancy: no type of bed is given")
    occupied, total = _summed(types)
    states, reporting_share, carried_share = _standing(types, total)
    single = np.ndim(types[0].occupied) == 1

    def given(values: Counts) -> Counts:
        return as_given(values, single=single)

    return Occupancy(
        occupied=given(occupied),
        total=given(total),
        share=given(_quotient(occupied, total)),
        week_share=given(_week_share(occupied, total)),
        free=given(total - occupied),
        reporting_share=given(reporting_share),
        carried_share=given(carried_share),
        state=as_given(states, single=single),
    )


def _summed(types: tuple[BedCounts, ...]) -> tuple[Counts, Counts]:
    """Occupied and all beds over types, NaN where one of them is unknown."""
    first = checked_reports(types[0].occupied, "occupied")
    occupied, total = np.zeros_like(first), np.zeros_like(first)
    for beds in types:
        used, every = checked_reports(beds.occupied, "occupied"), _like(beds.total, "total", first)
        if used.shape != first.shape:
            raise ValueError(f"occupied: shapes {used.shape} and {first.shape} of two bed types")
        unknown = np.isnan(used) | np.isnan(every)
        occupied += np.where(unknown, np.nan, used)
        total += np.where(unknown, np.nan, every)
    return occupied, total


def _standing(types: tuple[BedCounts, ...], total: Counts) -> tuple[StateCodes, Counts, Counts]:
    """State, and the shares of facilities that reported or were carried forward."""
    told = {"reporting": np.zeros_like(total), "carried": np.zeros_like(total)}
    registered = np.zeros_like(total)
    asked = all(beds.reporting is not None and beds.registered is not None for beds in types)
    for beds in types if asked else ():
        registered += np.nan_to_num(_like(beds.registered, "registered", total))
        for name in told:
            # No word on who reported is taken as nobody.
            told[name] += np.nan_to_num(_like(getattr(beds, name), name, total))
    over = np.argwhere(told["reporting"] > registered)
    if over.size:
        t, a = (int(i) for i in over[0])
        raise ValueError(
            f"reporting[{t}, {a}]: {told['reporting'][t, a]} facilities reported, of"
            f" {registered[t, a]} registered"
        )
    share = _quotient(told["reporting"], registered)
    best = np.nan_to_num(share)
    for shift in range(1, min(RECENT_DAYS, total.shape[0])):
        best[shift:] = np.fmax(best[shift:], share[:-shift])
    state = np.full(total.shape, np.int8(State.FINAL))
    state[best < LEAST_REPORTING] = np.int8(State.PROVISIONAL)
    if asked:
        state[trailing(told["reporting"], RECENT_DAYS + 1) == 0] = np.int8(State.STALE)
    state[total < LEAST_BEDS] = np.int8(State.TOO_FEW)
    state[np.isnan(total)] = np.int8(State.MISSING)
    return state, share, _quotient(told["carried"], registered)


def _week_share(occupied: Counts, total: Counts) -> Counts:
    known = ~np.isnan(occupied)
    days = trailing(known.astype(np.float64), WEEK)
    used, every = (trailing(np.nan_to_num(x), WEEK) for x in (occupied, total))
    return np.asarray(np.where(days > WEEK / 2, _quotient(used, every), np.nan))


def _quotient(part: Counts, whole: Counts) -> Counts:
    some = np.nan_to_num(whole) > 0
    result: Counts = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=result, where=some)
    return result


def _like(values: ArrayLike | None, name: str, other: Counts) -> Counts:
    table = checked_reports(np.zeros_like(other) if values is None else values, name)
    if table.shape != other.shape:
        raise ValueError(f"{name}: shape {table.shape}; occupied has {other.shape}")
    return table
