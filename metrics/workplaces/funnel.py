"""Which areas, sectors or offices differ from the target by more than chance.

A small one differs widely by accident, so limits depend on what its figure rests on. They say
where the figure of one that is on target falls, unlike an interval about the figure itself.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, gammaincc, ndtri

from metrics.quantiles import Floats, Levels, checked_levels
from metrics.workplaces.checked import (
    amounts,
    events_without_exposure,
    refuse,
    same_shape,
    whole_counts,
)

LEVELS = (0.95, 0.998)
WINSORISED = 0.1
LEAST_UNITS = 10  # fewer do not tell their scatter


@dataclass(frozen=True, slots=True)
class Limits:
    """Control limits of figures that are on target, shape (L, *S), in units of the figure.

    ``low``, ``high`` are the smooth lines a chart draws. ``low_count``, ``high_count`` are the
    whole numbers, before widening, that a count must pass to be out: where the smooth line runs
    between two counts, more of chance lies beyond it than its level says.
    """

    low: Floats
    high: Floats
    low_count: Floats
    high_count: Floats


@dataclass(frozen=True, slots=True)
class Funnel:
    """I units against their target.

    ``figure`` is count over size, shape (I,), NaN where the size is 0; ``limits`` of shape
    (L, I); ``signal`` of shape (L, I) is 1 above, -1 below, 0 within. ``z`` are the standardised
    deviations before widening; ``phi_seen`` their winsorised mean square, 1 where chance alone
    is at work; ``phi`` what limits were widened for: 1 unless ``phi_seen`` is told from 1.
    """

    target: float
    levels: Levels
    figure: Floats
    limits: Limits
    signal: NDArray[np.int8]
    z: Floats
    phi_seen: float
    phi: float


class _Cumulative(Protocol):
    def __call__(self, count: Floats) -> Floats: ...


def poisson_funnel(
    counts: ArrayLike,
    expected: ArrayLike,
    *,
    target: float | None = None,
    levels: Levels = LEVELS,
    overdispersed: bool = True,
) -> Funnel:
    """Funnel of observed over expected counts, or of rates.

    Parameters
    ----------
    counts
        Whole events, shape (I,).
    expected
        Events expected, or the exposure, shape (I,); where it is 0 there is no figure.
    target
        Ratio all are held to; None: all counts over all expected.
    levels
        Probabilities between the limits.
    overdispersed
        Widen where the units scatter more than chance.

    Returns
    -------
    Funnel
        Limits of ratio x expected ~ Poisson, half-widths times sqrt(phi).

    Raises
    ------
    ValueError
        If counts, expected, target or levels are unusable; names argument, index and value.

    References
    ----------
    Spiegelhalter 2005, Stat Med 24:1185, doi:10.1002/sim.1970 (limits, over-dispersion).
    """
    y, size = _checked_units(counts, expected)
    centre = _target(y, size, target)
    mean = centre * size
    z = _standardised(y - mean, mean)
    phi_seen, phi = _scatter(z, wanted=overdispersed)
    limits = poisson_limits(size, centre, levels=levels, phi=phi)
    signal = _signal(y, mean, limits, phi)
    return Funnel(
        centre, checked_levels(levels), _figure(y, size), limits, signal, z, phi_seen, phi
    )


def binomial_funnel(
    counts: ArrayLike,
    totals: ArrayLike,
    *,
    target: float | None = None,
    levels: Levels = LEVELS,
    overdispersed: bool = True,
) -> Funnel:
    """Funnel of shares, as of items met or visits with a finding.

    Parameters
    ----------
    counts, totals
        Whole numbers, shape (I,), counts up to totals; where a total is 0 there is no share.
    target
        Share all are held to, between 0 and 1; None: all counts over all totals.
    levels, overdispersed
        As for ``poisson_funnel``.

    Returns
    -------
    Funnel
        Binomial limits, half-widths times sqrt(phi), kept within 0 to 1.

    Raises
    ------
    ValueError
        If counts, totals, target or levels are unusable; names argument, index and value.

    References
    ----------
    Spiegelhalter 2005, Stat Med 24:1185, doi:10.1002/sim.1970.
    """
    y, size = _checked_units(counts, whole_counts(totals, "totals"), name="totals")
    refuse(y > size, y, "counts", "is more than its total")
    centre = _target(y, size, target)
    mean = centre * size
    z = _standardised(y - mean, mean * (1 - centre))
    phi_seen, phi = _scatter(z, wanted=overdispersed)
    limits = binomial_limits(size, centre, levels=levels, phi=phi)
    signal = _signal(y, mean, limits, phi)
    return Funnel(
        centre, checked_levels(levels), _figure(y, size), limits, signal, z, phi_seen, phi
    )


def poisson_limits(
    expected: ArrayLike, target: float, *, levels: Levels = LEVELS, phi: float = 1.0
) -> Limits:
    """Limits of a ratio for any expected counts, as along the axis of a chart.

    Parameters
    ----------
    expected
        Events expected at a ratio of 1, or exposure, any shape S.
    target
        Ratio held to, above 0.
    levels
        L probabilities between the limits.
    phi
        Variance over the Poisson one, at least 1.

    Returns
    -------
    Limits
        Shape (L, *S), NaN where nothing is expected. For probability p, r is the smallest
        count with F(r) >= p, a = (F(r) - p) / (F(r) - F(r - 1)), the limit (r - a) / expected;
        its distance from the target times sqrt(phi), at least 0.

    Raises
    ------
    ValueError
        If an argument is unusable; names argument, index and value.

    References
    ----------
    Spiegelhalter 2005, Stat Med 24:1185, appendix A.1, doi:10.1002/sim.1970.
    """
    size = amounts(expected, "expected")
    centre = float(amounts(target, "target", above_zero=True))
    mean = np.where(size > 0, centre * size, 1.0)

    def cumulative(count: Floats) -> Floats:
        return np.where(count < 0, 0.0, gammaincc(np.maximum(count, 0.0) + 1.0, mean))

    # Beyond this no level that floating point can write is left.
    most = np.ceil(mean + 40.0 * np.sqrt(mean) + 800.0)
    levels, phi = checked_levels(levels), _checked_phi(phi)
    return _limits(cumulative, (size, most), centre, levels=levels, phi=phi)


def binomial_limits(
    totals: ArrayLike, target: float, *, levels: Levels = LEVELS, phi: float = 1.0
) -> Limits:
    """Limits of a share for any totals, as along the axis of a chart.

    Parameters
    ----------
    totals
        Whole numbers, any shape S.
    target
        Share held to, between 0 and 1.
    levels, phi
        As for ``poisson_limits``.

    Returns
    -------
    Limits
        Shape (L, *S), as for ``poisson_limits``, at most 1.

    Raises
    ------
    ValueError
        If an argument is unusable; names argument, index and value.

    References
    ----------
    Spiegelhalter 2005, Stat Med 24:1185, appendix A.1, doi:10.1002/sim.1970.
    """
    size = whole_counts(totals, "totals")
    if not 0 < target < 1:
        raise ValueError(f"target: {target} is no share between 0 and 1")

    def cumulative(count: Floats) -> Floats:
        within = (count >= 0) & (count < size)
        k = np.where(within, count, 0.0)
        below = betainc(np.where(within, size - k, 1.0), k + 1.0, 1.0 - target)
        return np.where(within, below, np.where(count < 0, 0.0, 1.0))

    levels, phi = checked_levels(levels), _checked_phi(phi)
    found = _limits(cumulative, (size, size), float(target), levels=levels, phi=phi)
    return Limits(
        np.minimum(found.low, 1.0), np.minimum(found.high, 1.0), found.low_count, found.high_count
    )


def winsorised_scatter(z: ArrayLike, share: float = WINSORISED) -> float:
    """Mean square of standardised deviations, the outermost drawn in.

    Parameters
    ----------
    z
        Standardised deviations from the target, shape (I,), I at least 1, finite.
    share
        Part of the units drawn in at either end to the quantile there, 0 to below a half, so
        that the units looked for do not hide themselves.

    Returns
    -------
    float
        About 1 where only chance is at work: the mean square is divided by what winsorising
        leaves of a normal distribution's (0.68 at a tenth). Left alone, limits would be too
        narrow for units that all scatter widely.

    Raises
    ------
    ValueError
        If there is no deviation, one is not finite or the share is unusable; names it.

    References
    ----------
    Spiegelhalter 2005, Stat Med 24:1185, section 3.2, doi:10.1002/sim.1970, without the division.
    """
    deviations = np.atleast_1d(np.asarray(z, dtype=np.float64))
    if not 0 <= share < 0.5:
        raise ValueError(f"share {share} to winsorise; it must be 0 to below a half")
    if deviations.ndim != 1 or deviations.size == 0:
        raise ValueError(f"z: shape {deviations.shape}; deviations of some units are needed")
    refuse(~np.isfinite(deviations), deviations, "z", "is no finite deviation")
    low, high = np.quantile(deviations, [share, 1 - share])
    return float(np.mean(np.clip(deviations, low, high) ** 2) / _left_by_winsorising(share))


def _left_by_winsorising(share: float) -> float:
    """Mean square of a standard normal whose tails are drawn in to their quantiles."""
    if share == 0:
        return 1.0
    c = float(ndtri(1 - share))
    density = np.exp(-0.5 * c * c) / np.sqrt(2 * np.pi)
    return float(1 - 2 * share - 2 * c * density + 2 * share * c * c)


def _scatter(z: Floats, *, wanted: bool) -> tuple[float, float]:
    """Scatter seen, and the factor to widen by: 1 unless it is told from chance."""
    known = z[np.isfinite(z)]
    if known.size == 0:
        return float("nan"), 1.0
    seen = winsorised_scatter(known)
    told = known.size >= LEAST_UNITS and seen > 1 + 2 * np.sqrt(2 / known.size)
    return seen, seen if wanted and told else 1.0


def _limits(
    cumulative: _Cumulative,
    sizes: tuple[Floats, Floats],
    target: float,
    *,
    levels: Levels,
    phi: float,
) -> Limits:
    size, most = sizes
    lines, counts = [], []
    for tail in [(1 - level) / 2 for level in levels] + [(1 + level) / 2 for level in levels]:
        r = _smallest(cumulative, most, tail)
        upper, lower = cumulative(r), cumulative(r - 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            line = (r - (upper - tail) / (upper - lower)) / size
        widened = np.maximum(target + (line - target) * np.sqrt(phi), 0.0)
        lines.append(np.where(size > 0, widened, np.nan))
        counts.append(np.where(size > 0, r, np.nan))
    half = len(levels)
    low, high = np.stack(lines[:half]), np.stack(lines[half:])
    return Limits(low, high, np.stack(counts[:half]), np.stack(counts[half:]))


def _smallest(cumulative: _Cumulative, most: Floats, probability: float) -> Floats:
    """Smallest count whose cumulative probability reaches the given one, by bisection."""
    low, high = np.full(most.shape, -1.0), most.astype(np.float64)
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        reached = cumulative(middle) >= probability
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return high


def _signal(y: Floats, mean: Floats, limits: Limits, phi: float) -> NDArray[np.int8]:
    """Counts beyond the whole number that chance passes with at most its tail."""
    off, width = y - mean, np.sqrt(phi)
    above = off > (limits.high_count - mean) * width
    below = off < (limits.low_count - mean) * width
    return np.asarray(above.astype(np.int8) - below.astype(np.int8), dtype=np.int8)


def _checked_units(
    counts: ArrayLike, sizes: ArrayLike, *, name: str = "expected"
) -> tuple[Floats, Floats]:
    y, size = whole_counts(counts, "counts"), amounts(sizes, name)
    if y.ndim != 1 or y.size == 0:
        raise ValueError(f"counts: shape {y.shape}; one count a unit is needed, (I,) with I > 0")
    same_shape(y, size, ("counts", name))
    events_without_exposure(y, size, ("counts", name))
    return y, size


def _target(y: Floats, size: Floats, target: float | None) -> float:
    if target is not None:
        return float(amounts(target, "target", above_zero=True))
    if y.sum() == 0:
        raise ValueError(f"counts: all {y.size} are 0 and no target is given; there is no centre")
    return float(y.sum() / size.sum())


def _standardised(off: Floats, variance: Floats) -> Floats:
    unknown = np.full(off.shape, np.nan)
    return np.asarray(np.divide(off, np.sqrt(variance), out=unknown, where=variance > 0))


def _figure(y: Floats, size: Floats) -> Floats:
    return np.asarray(np.divide(y, size, out=np.full(y.shape, np.nan), where=size > 0))


def _checked_phi(phi: float) -> float:
    if not 1 <= phi < np.inf:
        raise ValueError(f"phi: {phi}; limits are widened by a number of at least 1")
    return float(phi)
