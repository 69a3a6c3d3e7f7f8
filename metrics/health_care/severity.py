"""Case fatality while cases are still under way.

Estimand: share of reported cases that will have died, whatever they die of as the source counts
it. Not an infection fatality: infections that were not found are outside, and the share moves
with testing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, gammainc, gammaincinv

from metrics.health_care.reports import trailing
from metrics.incidence import Counts, as_given, checked_counts
from metrics.proportions import wilson
from metrics.quantiles import Floats
from metrics.states import State, StateCodes

LEAST_RESOLVED = 50.0
LEAST_FACTOR = 0.2  # below it the figure rests on the first tail of the delay alone
SURE_FACTOR = 0.5
LONGEST_DELAY_DAYS = 3_650
LEAST_WEIGHT = 0.95  # of the standard population's ages, that must have cases


@dataclass(frozen=True, slots=True)
class CaseFatality:
    """Share of cases that die, up to each day told, shape (T,) or (T, A), fractions.

    ``value`` with ``low`` and ``high`` is adjusted for deaths to come; ``naive`` (deaths over
    cases) with its Wilson bounds is not. ``deaths`` and ``cases`` as counted; ``resolved`` the
    cases whose death, were it to come, would be known; ``factor`` = resolved / cases. ``state``:
    final; provisional (factor under 0.5); hidden (under 0.2); too_few (under 50 resolved);
    withheld (more deaths than resolved cases: delay or counts are wrong); missing (no cases).
    """

    value: Floats
    low: Floats
    high: Floats
    naive: Floats
    naive_low: Floats
    naive_high: Floats
    deaths: Floats
    cases: Floats
    resolved: Floats
    factor: Floats
    state: StateCodes


@dataclass(frozen=True, slots=True)
class StandardisedFatality:
    """Case fatality had the area the age mix of the standard, shape () or (A,), fractions.

    ``crude`` is all deaths over all resolved cases; ``weight_covered`` the standard's share of
    ages in which the area has cases; ``state``: final, too_few (under 95 % covered or under
    50 resolved cases) or withheld (more deaths than resolved cases).
    """

    value: Floats
    low: Floats
    high: Floats
    crude: Floats
    weight_covered: Floats
    state: StateCodes


def case_fatality(
    cases: ArrayLike,
    deaths: ArrayLike,
    delay_pmf: ArrayLike,
    *,
    window: int | None = None,
    death_completeness: ArrayLike = 1.0,
    last: int | None = None,
    level: float = 0.95,
) -> CaseFatality:
    """Case fatality adjusted for the delay from onset to death.

    Parameters
    ----------
    cases
        Cases per day, shape (T,) or (T, A), on the axis the delay starts from (onset).
    deaths
        Deaths of these cases per day of death, same shape.
    delay_pmf
        Chance of each delay 0, 1, … days from that axis to death among those who die,
        shape (K,), summing to 1.
    window
        Days of death looked back on; None: all up to the day. A window follows changes and
        weighs cases by when their deaths fall.
    death_completeness
        Share of the deaths of each day that is known by now, above 0 to 1: a number,
        or shape (T,) or (T, A).
    last
        Only the last so many days are told; the days before them still count.
    level
        Probability of the intervals.

    Returns
    -------
    CaseFatality
        Resolved = sum over days of completeness x (cases * delay), which for all days and full
        completeness is u C with u = sum I_i F(t-i) / sum I_i; value = deaths / resolved;
        interval Beta(D + 1/2, resolved - D + 1/2). The delay counts as known.

    Raises
    ------
    ValueError
        If counts, delay, window or completeness are unusable; names the value.

    References
    ----------
    Nishiura et al. 2009, PLoS ONE 4:e6852, doi:10.1371/journal.pone.0006852.
    """
    single = np.ndim(cases) == 1
    ill, dead = checked_counts(cases, "cases"), checked_counts(deaths, "deaths")
    if dead.shape != ill.shape:
        raise ValueError(f"deaths: shape {dead.shape}; cases have {ill.shape}")
    if window is not None and not 1 <= window <= ill.shape[0]:
        raise ValueError(f"window of {window} days; it must be 1 to the {ill.shape[0]} of data")
    due = _convolved(ill, _checked_delay(delay_pmf)) * _checked_share(death_completeness, ill)
    told = slice(max(0, ill.shape[0] - (last or ill.shape[0])), None)
    found, known, resolved = (_summed(x, window)[told] for x in (dead, ill, due))
    value, low, high = _beta(found, resolved, level)
    naive = wilson(np.minimum(found, known), known, level=level)
    factor = np.divide(resolved, known, out=np.full_like(known, np.nan), where=known > 0)
    state = np.full(known.shape, np.int8(State.FINAL))
    state[factor < SURE_FACTOR] = State.PROVISIONAL
    state[factor < LEAST_FACTOR] = State.HIDDEN
    state[resolved < LEAST_RESOLVED] = State.TOO_FEW
    state[(resolved >= LEAST_RESOLVED) & (found > resolved)] = State.WITHHELD
    state[known == 0] = State.MISSING

    def given(values: Counts) -> Counts:
        return as_given(values, single=single)

    return CaseFatality(
        value=given(value),
        low=given(low),
        high=given(high),
        naive=given(naive.value),
        naive_low=given(naive.low),
        naive_high=given(naive.high),
        deaths=given(found),
        cases=given(known),
        resolved=given(resolved),
        factor=given(factor),
        state=as_given(state, single=single),
    )


def standardised_fatality(
    resolved: ArrayLike, deaths: ArrayLike, weights: ArrayLike, *, level: float = 0.95
) -> StandardisedFatality:
    """Case fatality of each area at one common age mix.

    Parameters
    ----------
    resolved
        Resolved cases by age group, shape (G,) or (G, A): ``CaseFatality.resolved`` of each.
    deaths
        Deaths by age group, same shape.
    weights
        Age mix of the standard, here the country's cases, shape (G,), summing to 1.
    level
        Probability of the interval.

    Returns
    -------
    StandardisedFatality
        Sum of weight x deaths / resolved over ages, weights of ages without cases shared out
        among the others. Gamma interval of a weighted sum of Poisson counts: never too narrow
        for few deaths, wider than need be where fatality is high.

    Raises
    ------
    ValueError
        If counts or weights are unusable; names the value.

    References
    ----------
    Fay & Feuer 1997, Stat Med 16:791.
    """
    single = np.ndim(resolved) == 1
    n, d = checked_counts(resolved, "resolved"), checked_counts(deaths, "deaths")
    w = np.asarray(weights, dtype=np.float64)
    if d.shape != n.shape or w.shape != (n.shape[0],):
        raise ValueError(f"deaths: shape {d.shape}, weights {w.shape}; resolved has {n.shape}")
    if not np.all(w >= 0) or abs(w.sum() - 1) > 1e-6:
        raise ValueError(f"weights: {w.tolist()} are no shares that sum to 1")
    some = n > 0
    covered = (w[:, None] * some).sum(axis=0)
    each = np.divide(w[:, None], n, out=np.zeros_like(n), where=some)
    each = np.divide(each, covered, out=np.zeros_like(n), where=covered > 0)
    value, variance = (each * d).sum(axis=0), (each**2 * d).sum(axis=0)
    largest = each.max(axis=0)
    low, high = _fay_feuer(value, variance, largest, level)
    total = n.sum(axis=0)
    enough = (covered >= LEAST_WEIGHT) & (total >= LEAST_RESOLVED)
    state = np.where(enough, np.int8(State.FINAL), np.int8(State.TOO_FEW)).astype(np.int8)
    state[d.sum(axis=0) > total] = State.WITHHELD
    nothing = covered == 0

    def given(values: Counts) -> Counts:
        return as_given(np.where(nothing, np.nan, values), single=single)

    return StandardisedFatality(
        value=given(np.minimum(value, 1.0)),
        low=given(np.minimum(low, 1.0)),
        high=given(np.minimum(high, 1.0)),
        crude=given(np.divide(d.sum(axis=0), total, out=np.zeros_like(total), where=total > 0)),
        weight_covered=as_given(covered, single=single),
        state=as_given(state, single=single),
    )


def _beta(deaths: Counts, resolved: Counts, level: float) -> tuple[Counts, Counts, Counts]:
    """Deaths over resolved cases with Jeffreys' bounds; NaN where deaths exceed them."""
    if not 0 < level < 1:
        raise ValueError(f"interval level {level}; it must lie between 0 and 1")
    sound = (resolved > 0) & (deaths <= resolved)
    d, n = np.where(sound, deaths, 0.0), np.where(sound, resolved, 1.0)
    tails = (1 - level) / 2, (1 + level) / 2
    low, high = (betaincinv(d + 0.5, n - d + 0.5, tail) for tail in tails)
    figures = d / n, np.where(d == 0, 0.0, low), np.where(d == n, 1.0, high)
    value, lower, upper = (np.where(sound, x, np.nan) for x in figures)
    return value, lower, upper


def _fay_feuer(
    value: Counts, variance: Counts, largest: Counts, level: float
) -> tuple[Counts, Counts]:
    tails = (1 - level) / 2, (1 + level) / 2
    y, v = np.where(value > 0, value, 1.0), np.where(value > 0, variance, 1.0)
    low = np.where(value > 0, v / y * gammaincinv(y**2 / v, tails[0]), 0.0)
    y, v = value + largest, variance + largest**2
    y, v = np.where(y > 0, y, 1.0), np.where(y > 0, v, 1.0)
    return low, v / y * gammaincinv(y**2 / v, tails[1])


def _convolved(cases: Counts, pmf: Counts) -> Counts:
    due = np.zeros_like(cases)
    for lag in range(min(pmf.size, cases.shape[0])):
        due[lag:] += pmf[lag] * cases[: cases.shape[0] - lag]
    return due


def _summed(values: Counts, window: int | None) -> Counts:
    return values.cumsum(axis=0) if window is None else trailing(values, window)


def _checked_delay(values: ArrayLike) -> Counts:
    pmf = np.asarray(values, dtype=np.float64)
    if pmf.ndim != 1 or pmf.size == 0 or not np.all(pmf >= 0) or abs(pmf.sum() - 1) > 1e-6:
        raise ValueError(
            f"delay: shape {pmf.shape}, sum {pmf.sum()}; chances of 0, 1, … days that sum to 1"
            " are needed"
        )
    return pmf


def _checked_share(values: ArrayLike, like: Counts) -> Counts:
    share = np.asarray(values, dtype=np.float64)
    if share.ndim == 1 and share.shape[0] == like.shape[0]:
        share = share[:, None]
    if (wrong := share[~((share > 0) & (share <= 1))]).size:
        raise ValueError(f"death completeness {wrong[0]}; it must lie above 0, up to 1")
    try:
        return np.broadcast_to(share, like.shape)
    except ValueError:
        raise ValueError(
            f"death completeness: shape {np.shape(values)}; deaths have {like.shape}"
        ) from None


def gamma_delay(mean_days: float, sd_days: float) -> Floats:
    """Chance of each whole number of days under a gamma distribution, for ``delay_pmf``.

    Parameters
    ----------
    mean_days, sd_days
        Mean and standard deviation, positive.

    Returns
    -------
    Floats
        Delays 0, 1, … up to mean + 10 sd, shape (K,): the chance of k - 1/2 to k + 1/2, scaled
        to sum to 1.

    Raises
    ------
    ValueError
        If either is not positive, or the delay would reach beyond ten years; names it.
    """
    for name, value in (("mean", mean_days), ("sd", sd_days)):
        if not 0 < value < np.inf:
            raise ValueError(f"delay {name} {value} days; it must be a number above 0")
    if (reach := mean_days + 10 * sd_days) > LONGEST_DELAY_DAYS:
        raise ValueError(f"delay of up to {reach} days; at most {LONGEST_DELAY_DAYS} are computed")
    shape, scale = (mean_days / sd_days) ** 2, sd_days**2 / mean_days
    ends = np.arange(np.ceil(reach) + 1) + 0.5
    steps = np.diff(gammainc(shape, ends / scale), prepend=0.0)
    return np.asarray(steps / steps.sum())
