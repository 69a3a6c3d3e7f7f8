"""Endemic channel: the zone of its earlier years in which a week lies.

Estimand: none; a convention for weekly diseases. The bounds are read from the same weeks of
earlier years. They are no error bounds: by construction a quarter of ordinary weeks lies above
an upper quartile.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from metrics.incidence import Counts, as_given, checked_counts
from metrics.quantiles import Floats
from metrics.states import State, StateCodes, choose

Form = Literal["quartile", "mean_2sd", "geometric"]
YEAR = 52
LEAST_YEARS = 3


class Zone(IntEnum):
    """Where a count lies in the channel; arrays hold the codes as int8."""

    NONE = -1
    SUCCESS = 0
    SAFETY = 1
    ALERT = 2
    EPIDEMIC = 3

    @property
    def label(self) -> str:
        """The word used in files, pages and the API, for example ``alert``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Channel:
    """Zones of W weeks (and A areas).

    ``t`` are 1-based weeks, shape (W,). The rest has shape (W,) or (W, A): ``lower`` bound of
    the channel, ``alert`` its middle, from which on the alert zone begins, ``epidemic`` its
    upper bound, all in cases a week; ``zone`` codes of ``Zone``; ``years`` of history used;
    ``state`` codes of ``metrics.states.State``: too_few under the least years, where the bounds
    are NaN and the zone is none. A count on a bound lies below it.
    """

    t: NDArray[np.int64]
    lower: Floats
    alert: Floats
    epidemic: Floats
    zone: NDArray[np.int8]
    years: NDArray[np.int64]
    state: StateCodes


def endemic_channel(
    weekly: ArrayLike,
    *,
    form: Form = "quartile",
    years: int = 5,
    least_years: int = LEAST_YEARS,
    neighbours: int = 1,
    epidemic_weeks: ArrayLike | None = None,
    last: int | None = None,
) -> Channel:
    """Place weeks in the channel of the same and neighbouring weeks of earlier years.

    Parameters
    ----------
    weekly
        Cases per week, shape (T,) or (T, A), consecutive weeks, 52 to a year.
    form
        ``quartile``: lower quartile, median, upper quartile. ``mean_2sd``: mean and two
        standard deviations. ``geometric``: mean of log(count + 1) and its 95 % interval
        (Student), which narrows with the years.
    years
        Earlier years looked at.
    least_years
        Years without which there is no channel, 3 at least.
    neighbours
        Weeks before and after that count as the same week, 0 to 4. Their values are pooled, not
        averaged: a single week is to be compared with single weeks.
    epidemic_weeks
        True for weeks that must not serve as history (mark whole epidemic years), shape (T,)
        or (T, A). A year counts as history while any of its weeks does.
    last
        Only the last so many weeks.

    Returns
    -------
    Channel
        Causal: a week is compared with earlier years only.

    Raises
    ------
    ValueError
        If a count, the marks or a setting is unusable; names it.

    References
    ----------
    Bortman 1999, Rev Panam Salud Publica 5:1 (geometric mean; describes the channel); Cullen
    et al. 1984, Bull World Health Organ 62:107 (mean and two standard deviations).
    """
    counts = checked_counts(weekly, "weekly counts")
    if not LEAST_YEARS <= least_years <= years <= 20 or not 0 <= neighbours <= 4:
        raise ValueError(
            f"years {years}, least_years {least_years}, neighbours {neighbours}: give 3 <= least"
            " years <= years <= 20 and 0 to 4 neighbours"
        )
    usable = _usable(counts, epidemic_weeks)
    total = counts.shape[0]
    weeks = np.arange(total - min(last or total, total), total)
    past, used = _history(counts, usable, weeks, (years, neighbours))
    enough = used >= least_years
    past[:, ~enough] = np.nan
    lower, middle, upper = _bounds(past, form)
    y = counts[weeks]
    zone = (y > lower).astype(np.int8) + (y > middle) + (y > upper)
    zone[~enough] = np.int8(Zone.NONE)
    single = np.ndim(weekly) == 1
    return Channel(
        t=weeks + 1,
        lower=as_given(lower, single=single),
        alert=as_given(middle, single=single),
        epidemic=as_given(upper, single=single),
        zone=as_given(zone.astype(np.int8), single=single),
        years=as_given(used, single=single),
        state=as_given(choose(enough, State.FINAL, State.TOO_FEW), single=single),
    )


def _usable(counts: Counts, epidemic_weeks: ArrayLike | None) -> NDArray[np.bool_]:
    if epidemic_weeks is None:
        return np.ones(counts.shape, dtype=np.bool_)
    marks = np.asarray(epidemic_weeks)
    if marks.dtype != np.bool_ or marks.shape not in (counts.shape, counts.shape[:1]):
        raise ValueError(
            f"epidemic_weeks: {marks.dtype} of shape {marks.shape}; give true or false for each"
            f" of the {counts.shape[0]} weeks"
        )
    return ~np.broadcast_to(marks.reshape(counts.shape[0], -1), counts.shape)


def _history(
    counts: Counts, usable: NDArray[np.bool_], weeks: NDArray[np.int64], reach: tuple[int, int]
) -> tuple[Counts, NDArray[np.int64]]:
    """Values of the same weeks, shape (n, W, A) with NaN, and the years that gave any, (W, A)."""
    years, neighbours = reach
    layers = []
    used = np.zeros((weeks.size, counts.shape[1]), dtype=np.int64)
    for year in range(1, years + 1):
        gave = np.zeros(used.shape, dtype=np.bool_)
        for shift in range(-neighbours, neighbours + 1):
            at = weeks - YEAR * year + shift
            there = usable[np.maximum(at, 0)] & (at >= 0)[:, None]
            layers.append(np.where(there, counts[np.maximum(at, 0)], np.nan))
            gave |= there
        used += gave
    return np.stack(layers), used


def _bounds(past: Counts, form: Form) -> tuple[Counts, Counts, Counts]:
    if form == "quartile":
        ranked = np.sort(past, axis=0)  # NaN last
        size = np.sum(~np.isnan(past), axis=0)
        return _ranked(ranked, size, 0.25), _ranked(ranked, size, 0.5), _ranked(ranked, size, 0.75)
    values = np.log(past + 1.0) if form == "geometric" else past
    there = ~np.isnan(values)
    size = np.maximum(there.sum(axis=0), 2)
    known = there.any(axis=0)
    mean = np.where(known, np.where(there, values, 0.0).sum(axis=0) / size, np.nan)
    square = np.where(there, (values - mean) ** 2, 0.0).sum(axis=0)
    sd = np.sqrt(square / (size - 1))
    if form == "geometric":
        reach = stdtrit(size - 1, 0.975) * sd / np.sqrt(size)
        bounds = mean - reach, mean, mean + reach
        low, middle, high = (np.maximum(0.0, np.expm1(b)) for b in bounds)
        return low, middle, high
    return np.maximum(0.0, mean - 2.0 * sd), mean, mean + 2.0 * sd


def _ranked(ranked: Counts, size: NDArray[np.int64], level: float) -> Counts:
    """Quantile of the first ``size`` ranked values, linear between them; NaN without any."""
    place = np.maximum(size - 1, 0) * level
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(size - 1, 0))
    low = np.take_along_axis(ranked, below[None], axis=0)[0]
    high = np.take_along_axis(ranked, above[None], axis=0)[0]
    return np.asarray(low + (place - below) * (high - low))
