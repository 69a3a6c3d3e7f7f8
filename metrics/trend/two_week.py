"""Two-week growth rate and average daily attack rate of the Philippine alert levels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, gammainc

from metrics.dispersion import dispersion
from metrics.incidence import Counts, as_given, checked_counts, trailing_sum
from metrics.quantiles import Floats, gamma_quantiles
from metrics.states import State, StateCodes
from metrics.weekday import weekday_factors

FORTNIGHT = 14
LEAST_EARLIER_CASES = 10.0  # a ratio to fewer is an accident
LEAST_MEAN_CASES = 20.0  # mean of both fortnights; at 10, flat counts "double" in 6 % of looks


@dataclass(frozen=True, slots=True)
class TwoWeek:
    """Figures of each day, shape (T,) or (T, A), looking back from that day.

    ``growth`` is a fraction (0.5 = half as many cases again), with ``growth_low``,
    ``growth_high`` (95 %);
    ``attack_per_100k`` is cases per day and 100,000 people, with its bounds; ``phi`` the
    dispersion the counts were divided by, ``alpha`` the area's own (pass it as the parent's to
    its children); ``state`` belongs to the growth: final, too_few, or missing before day 28.
    NaN where there is no value.
    """

    growth: Floats
    growth_low: Floats
    growth_high: Floats
    attack_per_100k: Floats
    attack_low: Floats
    attack_high: Floats
    cases: Floats
    earlier_cases: Floats
    phi: Floats
    alpha: Floats
    state: StateCodes


def two_week(
    incidence: ArrayLike, population: ArrayLike, *, alpha_parent: ArrayLike | None = None
) -> TwoWeek:
    """Compare the last fortnight with the one before, and with the population.

    Parameters
    ----------
    incidence
        Cases per day by report date, shape (T,) or (T, A), consecutive days.
    population
        People, a number or shape (A,), above 0.
    alpha_parent
        Overdispersion of the parent area, broadcast to (T, A); half of alpha is taken from it.

    Returns
    -------
    TwoWeek
        Growth = later / earlier - 1 from day 28 on, attack rate = later / 14 / population x
        100,000 from day 14 on. Given the sum of both fortnights, the later one is binomial;
        counts are divided by the dispersion about the seven-day mean (weekday removed) and
        the interval is Jeffreys'. Too few: the mean of both fortnights is below 20, or the
        earlier one below 10.

    Raises
    ------
    ValueError
        If a count or a population is unusable; names the value.

    References
    ----------
    Definitions: Department of Health and IATF, Alert Level System, 2021. Conditional
    binomial: Przyborowski & Wilenski 1940, Biometrika 31:313, doi:10.1093/biomet/31.3-4.313.
    """
    counts = checked_counts(incidence)
    people = _checked_population(population, counts.shape[1])
    days = counts.shape[0]
    spread = dispersion(counts, weekday_factors(counts), history=2 * FORTNIGHT)
    phi = spread.shrunk(_parent(alpha_parent, counts))
    later, earlier = np.full((2, *counts.shape), np.nan)
    if days >= FORTNIGHT:
        later[FORTNIGHT - 1 :] = trailing_sum(counts, FORTNIGHT)
        earlier[FORTNIGHT:] = later[:-FORTNIGHT]
    per_100k = 1e5 / (FORTNIGHT * people)
    state = np.full(counts.shape, np.int8(State.MISSING))
    known = np.isfinite(earlier)
    state[known] = np.int8(State.TOO_FEW)
    several = np.nan_to_num(later + earlier) >= 2 * LEAST_MEAN_CASES
    state[known & several & (earlier >= LEAST_EARLIER_CASES)] = np.int8(State.FINAL)
    growth, low, high = _growth(later, earlier, phi)
    attack_low, attack_high = _attack(later, phi)
    single = np.ndim(incidence) == 1
    return TwoWeek(
        growth=as_given(growth, single=single),
        growth_low=as_given(low, single=single),
        growth_high=as_given(high, single=single),
        attack_per_100k=as_given(later * per_100k, single=single),
        attack_low=as_given(attack_low * per_100k, single=single),
        attack_high=as_given(attack_high * per_100k, single=single),
        cases=as_given(later, single=single),
        earlier_cases=as_given(earlier, single=single),
        phi=as_given(phi, single=single),
        alpha=as_given(spread.alpha, single=single),
        state=as_given(state, single=single),
    )


def chance_attack_below(found: TwoWeek, population: ArrayLike, per_100k: float) -> Floats:
    """Chance that the attack rate lies below a limit, for rules that ask for it.

    Parameters
    ----------
    found
        Result of ``two_week``.
    population
        People, as given to ``two_week``.
    per_100k
        Limit, cases per day and 100,000 people, above 0.

    Returns
    -------
    Floats
        Shape of ``found.cases``; NaN before day 14. Under Jeffreys' prior, whose bounds are
        those of the attack rate.

    Raises
    ------
    ValueError
        If the population or the limit is unusable; names the value.

    References
    ----------
    Jeffreys 1961, Theory of Probability, 3.10.
    """
    if not 0 < per_100k < np.inf:
        raise ValueError(f"limit {per_100k} per 100,000; it must be a number above 0")
    areas = found.cases.shape[1] if found.cases.ndim == 2 else 1
    people = _checked_population(population, areas)
    people = people if people.ndim == 0 or found.cases.ndim == 2 else people[0]
    expected = per_100k * FORTNIGHT * people / 1e5
    return np.asarray(gammainc(found.cases / found.phi + 0.5, expected / found.phi))


def _parent(alpha: ArrayLike | None, counts: Counts) -> Counts | None:
    if alpha is None:
        return None
    given = np.asarray(alpha, dtype=np.float64)
    try:
        parent = np.broadcast_to(given, counts.shape)
    except ValueError:
        raise ValueError(f"alpha_parent: shape {given.shape} for {counts.shape}") from None
    if (wrong := parent[~((parent >= 0) & np.isfinite(parent))]).size:
        raise ValueError(f"alpha_parent {wrong[0]}; a number of at least 0 is needed")
    return parent


def _checked_population(population: ArrayLike, areas: int) -> Floats:
    people = np.asarray(population, dtype=np.float64)
    if people.shape not in ((), (areas,)):
        raise ValueError(f"population: shape {people.shape} for {areas} areas")
    wrong = people[~((people > 0) & np.isfinite(people))]
    if wrong.size:
        raise ValueError(f"population {wrong[0]}; it must be a number above 0")
    return people


def _growth(later: Counts, earlier: Counts, phi: Counts) -> tuple[Counts, Counts, Counts]:
    """Growth with its bounds; NaN where the earlier fortnight is empty or unknown."""
    growth, low, high = np.full((3, *later.shape), np.nan)
    some: NDArray[np.bool_] = np.nan_to_num(earlier) > 0
    x, n = later[some] / phi[some], (later + earlier)[some] / phi[some]
    growth[some] = later[some] / earlier[some] - 1
    # The share p of the later fortnight is the odds 1 + growth.
    p_low = np.where(x == 0, 0.0, betaincinv(x + 0.5, n - x + 0.5, 0.025))
    p_high = betaincinv(x + 0.5, n - x + 0.5, 0.975)
    low[some], high[some] = p_low / (1 - p_low) - 1, p_high / (1 - p_high) - 1
    return growth, low, high


def _attack(later: Counts, phi: Counts) -> tuple[Counts, Counts]:
    """Jeffreys bounds of the mean of the fortnight's cases."""
    unknown = np.isnan(later)
    shapes = np.where(unknown, 1.0, later / phi + 0.5)
    low, high = gamma_quantiles(shapes, (0.025, 0.975)) * phi
    low = np.where(later == 0, 0.0, low)
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)
