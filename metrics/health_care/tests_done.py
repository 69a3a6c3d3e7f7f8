"""Share of tests that are positive, and a warning where less testing may hide cases.

Estimand: share of persons (or samples) tested in the window that were positive, among those who
were tested. Who is tested changes, so it is no prevalence.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from metrics.health_care.reports import checked_reports, trailing
from metrics.incidence import Counts, as_given
from metrics.proportions import wilson
from metrics.quantiles import Floats
from metrics.states import State, StateCodes

WEEK = 7
HISTORY = 28
LEAST_TESTS = 100.0
LEAST_PER_1000 = 1.0  # tests a week; with fewer, positivity says who is tested (WHO 2020)
LEAST_CHANCE = 0.9
LEAST_FALL = 0.1  # of tests, against the three weeks before
BASELINE = 21  # days before the last week


@dataclass(frozen=True, slots=True)
class Positivity:
    """Positive share of the window that ends on each day, shape (T,) or (T, A), fractions.

    ``value`` with ``low`` and ``high``; ``tested`` and ``positive`` in the window; ``phi`` the
    dispersion of daily positives; ``tests_per_1000_week`` NaN without a population;
    ``enough_testing`` whether it is at least 1; ``state``: final, too_few (under the least
    number of tests) or missing (fewer than 5 of 7 days known).
    """

    value: Floats
    low: Floats
    high: Floats
    tested: Floats
    positive: Floats
    phi: Floats
    tests_per_1000_week: Floats
    enough_testing: NDArray[np.bool_]
    state: StateCodes


@dataclass(frozen=True, slots=True)
class AscertainmentDrift:
    """Each day's last week against the three weeks before, shape (T,) or (T, A).

    ``tests_change`` a fraction (-0.2 = a fifth fewer); ``positivity_change`` a difference of
    fractions; ``p_tests_fell`` and ``p_positivity_rose`` the chances that these are no accident;
    ``warning`` where tests fell by 10 % or more and both chances are 0.9 or more: fewer tests,
    not fewer infections, may explain a fall of cases. NaN and False where unknown.
    """

    tests_change: Floats
    positivity_change: Floats
    p_tests_fell: Floats
    p_positivity_rose: Floats
    warning: NDArray[np.bool_]


def positivity(
    tested: ArrayLike,
    positive: ArrayLike,
    *,
    population: ArrayLike | None = None,
    window: int = WEEK,
    least_tests: float = LEAST_TESTS,
    level: float = 0.95,
) -> Positivity:
    """Positive share of tests in trailing windows.

    Parameters
    ----------
    tested, positive
        Persons tested per day and those of them positive (or samples, both), shape (T,) or
        (T, A), consecutive days; NaN where a day was not reported. A day on which either is
        unknown counts in neither.
    population
        People, a number or shape (A,), above 0.
    window
        Days, a multiple of 7 so that weekdays weigh alike.
    least_tests
        Fewest tests in the window.
    level
        Probability of the interval.

    Returns
    -------
    Positivity
        Sum over sum; score interval of counts divided by the dispersion of the last 28 days
        about the weekly share, since laboratories and outbreaks make days differ.

    Raises
    ------
    ValueError
        If counts contradict each other, or window, population or level are impossible; names
        place and value.

    References
    ----------
    Wilson 1927, J Am Stat Assoc 22:209, doi:10.1080/01621459.1927.10502953; dispersion:
    McCullagh & Nelder 1989, Generalized Linear Models, 4.5, doi:10.1007/978-1-4899-3242-6.
    """
    if window < WEEK or window % WEEK:
        raise ValueError(f"window of {window} days; a multiple of 7 is needed")
    single = np.ndim(tested) == 1
    n, x, known = _checked(tested, positive)
    days, tests, positives = (trailing(v, window) for v in (known.astype(float), n, x))
    enough_days = days >= 5 / 7 * window
    tests, positives = (np.where(enough_days, v, np.nan) for v in (tests, positives))
    phi = _share_dispersion(n, x)
    found = wilson(np.nan_to_num(positives), np.nan_to_num(tests), design_effect=phi, level=level)
    state = np.full(n.shape, np.int8(State.FINAL))
    state[~(tests >= least_tests)] = State.TOO_FEW
    state[~enough_days] = State.MISSING
    with np.errstate(invalid="ignore", divide="ignore"):
        per_1000 = tests / days * WEEK / _people(population, n.shape[1]) * 1e3

    def given(values: Counts) -> Counts:
        return as_given(values, single=single)

    return Positivity(
        value=given(found.value),
        low=given(found.low),
        high=given(found.high),
        tested=given(tests),
        positive=given(positives),
        phi=given(phi),
        tests_per_1000_week=given(per_1000),
        enough_testing=as_given(per_1000 >= LEAST_PER_1000, single=single),
        state=as_given(state, single=single),
    )


def ascertainment_drift(tested: ArrayLike, positive: ArrayLike) -> AscertainmentDrift:
    """Warn where testing falls while positivity rises.

    Parameters
    ----------
    tested, positive
        As for ``positivity``.

    Returns
    -------
    AscertainmentDrift
        Means per known day, at least 5 of 7 days known in either part; one week alone would not
        tell a drift of 2 % a day from chance. Positivity: difference of two shares over its
        error, times the dispersion of the last 28 days; tests: log ratio likewise, with the
        dispersion of daily tests about their weekday's part of the week. Both normal. Tests
        that fall at the same positivity cannot be told from fewer infections by these data.

    Raises
    ------
    ValueError
        If counts contradict each other; names place and value.

    References
    ----------
    McCullagh & Nelder 1989, Generalized Linear Models, 4.5, doi:10.1007/978-1-4899-3242-6.
    """
    single = np.ndim(tested) == 1
    n, x, known = _checked(tested, positive)
    days, tests, positives = (trailing(v, WEEK) for v in (known.astype(float), n, x))
    before = [_week_before(trailing(v, BASELINE)) for v in (known.astype(float), n, x)]
    usable = (days >= 5 / 7 * WEEK) & (before[0] >= 5 / 7 * BASELINE)
    usable &= (tests > 0) & (before[1] > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share, old_share = positives / tests, before[2] / before[1]
        change = (tests / days) / (before[1] / before[0])
        pooled = (positives + before[2]) / (tests + before[1])
        phi = _share_dispersion(n, x)
        error = np.sqrt(phi * pooled * (1 - pooled) * (1 / tests + 1 / before[1]))
        p_rose = ndtr((share - old_share) / error)
        spread = _count_dispersion(n, known)
        p_fell = ndtr(-np.log(change) / np.sqrt(spread * (1 / tests + 1 / before[1])))
    warning = usable & (change <= 1 - LEAST_FALL)
    warning &= (np.nan_to_num(p_rose) >= LEAST_CHANCE) & (np.nan_to_num(p_fell) >= LEAST_CHANCE)

    def given(values: Counts) -> Counts:
        return as_given(np.where(usable, values, np.nan), single=single)

    return AscertainmentDrift(
        tests_change=given(change - 1),
        positivity_change=given(share - old_share),
        p_tests_fell=given(p_fell),
        p_positivity_rose=given(p_rose),
        warning=as_given(warning, single=single),
    )


def _checked(tested: ArrayLike, positive: ArrayLike) -> tuple[Counts, Counts, NDArray[np.bool_]]:
    """Tests and positives with 0 on unknown days, and which days are known."""
    n, x = checked_reports(tested, "tested"), checked_reports(positive, "positive")
    if n.shape != x.shape:
        raise ValueError(f"positive: shape {x.shape}; tested has {n.shape}")
    over = np.argwhere(x > n)
    if over.size:
        t, a = (int(i) for i in over[0])
        raise ValueError(f"positive[{t}, {a}]: {x[t, a]} of {n[t, a]} tested")
    known = ~(np.isnan(n) | np.isnan(x))
    return np.where(known, n, 0.0), np.where(known, x, 0.0), known


def _share_dispersion(n: Counts, x: Counts) -> Counts:
    """Variance over binomial variance of daily positives in the last 28 days, 1 at least."""
    weeks, positives = trailing(n, WEEK), trailing(x, WEEK)
    share = np.divide(positives, weeks, out=np.zeros_like(n), where=weeks > 0)
    variance = n * share * (1 - share)
    used = variance >= 0.05
    squares = np.where(used, (x - n * share) ** 2 / np.where(used, variance, 1.0), 0.0)
    return _mean_square(squares, used)


def _count_dispersion(n: Counts, known: NDArray[np.bool_]) -> Counts:
    """Variance over mean of daily tests about their weekday's part of the week, 1 at least.

    A weekday is compared with itself a week before, so that closed Sundays are no scatter.
    """
    last = _week_before(n)
    weeks, old = trailing(n, WEEK), _week_before(trailing(n, WEEK))
    both = known & (_week_before(known.astype(float)) == 1.0) & (weeks > 0) & (old > 0)
    total = n + last
    share = np.divide(weeks, weeks + old, out=np.full_like(n, 0.5), where=both)
    variance = total * share * (1 - share)
    used = both & (variance >= 0.05)
    squares = np.where(used, (n - total * share) ** 2 / np.where(used, variance, 1.0), 0.0)
    return _mean_square(squares, used)


def _mean_square(squares: Counts, used: NDArray[np.bool_]) -> Counts:
    count = trailing(used.astype(float), HISTORY)
    mean = np.divide(trailing(squares, HISTORY), count, out=np.ones_like(squares), where=count > 0)
    return np.asarray(np.maximum(1.0, mean * WEEK / (WEEK - 1)))


def _week_before(values: Counts) -> Counts:
    """Values of seven days earlier, 0 in the first week."""
    earlier = np.zeros_like(values)
    earlier[WEEK:] = values[:-WEEK]
    return earlier


def _people(population: ArrayLike | None, areas: int) -> Counts:
    if population is None:
        return np.full(areas, np.nan)
    people = np.asarray(population, dtype=np.float64)
    if people.shape not in ((), (areas,)):
        raise ValueError(f"population: shape {people.shape} for {areas} areas")
    if (wrong := people[~((people > 0) & np.isfinite(people))]).size:
        raise ValueError(f"population {wrong[0]}; it must be a number above 0")
    return people
