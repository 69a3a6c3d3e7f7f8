"""How likely is a count this high by chance? Tail probabilities that hold for small counts.

Estimand: P(count >= the one seen | the last days' cases), if the mean had not changed.
A normal tail must not be used: with seven days of baseline it is wrong by a factor of ten.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr

from metrics.incidence import Counts, as_given, checked_counts, is_whole, trailing_sum
from metrics.quantiles import Floats
from metrics.signals.scatter import pooled_alpha
from metrics.signals.tails import fill_least, fill_tails
from metrics.states import State, StateCodes, choose
from metrics.weekday import weekday_factors

Weekday = Literal["pooled", "own", "none"]
LEAST_CASES = 3
HISTORY, LEAST_HISTORY = 56, 28  # days from which the chance of a false signal is told


@dataclass(frozen=True, slots=True)
class TailProbabilities:
    """How unusual W days (and A areas) are.

    ``t`` are 1-based days, shape (W,); ``alpha`` the overdispersion used, shape (W,). The rest
    has shape (W,) or (W, A): ``p_value``, 1 under the least cases; ``expected`` cases of the
    day; ``least_count`` that would signal at the level; ``chance`` that a day without an
    outbreak does, NaN under 28 days of history before the baseline; ``signal`` at the level,
    without regard to the number of areas; ``state``: final, or too_few under the least cases.
    """

    t: NDArray[np.int64]
    alpha: Floats
    p_value: Floats
    expected: Floats
    least_count: Floats
    chance: Floats
    signal: NDArray[np.bool_]
    state: StateCodes


def p_values(
    counts: ArrayLike,
    *,
    baseline: int = 7,
    guard: int = 2,
    level: float = 0.001,
    least_cases: int = LEAST_CASES,
    alpha: float | None = None,
    weekday: Weekday = "pooled",
    course: ArrayLike | None = None,
    last: int | None = None,
) -> TailProbabilities:
    """Compare each day with the ``baseline`` days that end ``guard`` + 1 days before it.

    Parameters
    ----------
    counts
        Cases per day (or week), whole, shape (T,) or (T, A), consecutive. Give all areas at
        once: overdispersion is pooled over them.
    baseline, guard
        Days compared with, and days left out between them and the day.
    level
        Probability that an unchanged mean signals, at most.
    least_cases
        Fewest cases of a signal.
    alpha
        Overdispersion 1/k; pooled over areas and the last 56 days where not given.
    weekday
        Pattern to allow for: ``pooled`` over the areas given; each area's ``own``, whose noise
        adds false signals in small areas; ``none``, for weeks.
    course
        How the mean is known to move, up to a constant, such as a season: shape (T, 1) for all
        areas or (T, A), above 0. The day is then compared with that, not with no change.
    last
        Only the last so many days.

    Returns
    -------
    TailProbabilities
        W = T - baseline - guard days. The p-value is the beta-binomial tail of the day's share
        in the cases of day and baseline: exact, hence on the safe side, for negative binomial
        counts of known alpha at every mean; a binomial tail where alpha is 0.

    Raises
    ------
    ValueError
        If a count is unusable or not whole, a setting is, or the series too short; names it.

    References
    ----------
    The conditional test of two Poisson means: Przyborowski & Wilenski 1940, Biometrika 31:313,
    doi:10.1093/biomet/31.3-4.313; its negative binomial form: the same conditioning.
    """
    table = _checked(counts, baseline, guard, least_cases)
    if not 0.0 < level < 0.5:
        raise ValueError(f"level is {level}; give a probability above 0 and below 0.5")
    factors = _factors(table, weekday)
    if course is not None:
        factors = factors * _checked_course(course, table.shape)
    lead = baseline + guard
    days = table.shape[0]
    kept = slice(days - lead - min(last or days, days - lead), None)
    y, share = table[lead:][kept], factors[lead:][kept]
    before = trailing_sum(table[: days - guard - 1], baseline)[kept]
    exposure = trailing_sum(factors[: days - guard - 1], baseline)[kept] / share
    if alpha is None:
        scatter = pooled_alpha(table, factors)[baseline - 1 : days - guard - 1][kept]
    else:
        scatter = np.full(y.shape[0], _checked_alpha(alpha))
    size = np.broadcast_to(
        np.divide(1.0, scatter, out=np.full_like(scatter, np.inf), where=scatter > 1e-9)[:, None],
        y.shape,
    ).copy()
    p, least = np.ones_like(y), np.zeros_like(y)
    fill_tails(y, before, size, exposure, p)
    fill_least(before, size, exposure, (level, float(least_cases)), least)
    p[y < least_cases] = 1.0
    chance = _chance(table, factors, least, size=size, lead=lead, kept=kept)
    single = np.ndim(counts) == 1
    return TailProbabilities(
        t=np.arange(lead + 1, days + 1)[kept],
        alpha=scatter,
        p_value=as_given(p, single=single),
        expected=as_given(before / exposure, single=single),
        least_count=as_given(least, single=single),
        chance=as_given(chance, single=single),
        signal=as_given(p <= level, single=single),
        state=as_given(choose(y >= least_cases, State.FINAL, State.TOO_FEW), single=single),
    )


def student_p_values(
    counts: ArrayLike, *, baseline: int = 7, guard: int = 2, least_cases: int = LEAST_CASES
) -> Floats:
    """Student tail of (count - mean) / (sd sqrt(1 + 1/baseline)), shape (W,) or (W, A).

    For comparison: it needs no alpha but is exact for normal counts only, and overdispersed
    counts pass its 0.1 % level three to ten times too often (measured; see the methods page).

    Raises
    ------
    ValueError
        If a count or setting is unusable; names it.
    """
    table = _checked(counts, baseline, guard, least_cases)
    past = table[: table.shape[0] - guard - 1]
    mean = trailing_sum(past, baseline) / baseline
    square = np.zeros_like(mean)
    for shift in range(baseline):
        square += (past[shift : shift + mean.shape[0]] - mean) ** 2
    sd = np.sqrt(square / (baseline - 1) * (1.0 + 1.0 / baseline))
    y = table[baseline + guard :]
    z = np.divide(y - mean, sd, out=np.where(y > mean, np.inf, 0.0), where=sd > 0.0)
    p = np.where(y < least_cases, 1.0, stdtr(baseline - 1, -z))
    return as_given(p, single=np.ndim(counts) == 1)


def _chance(
    table: Counts, factors: Counts, least: Counts, *, size: Counts, lead: int, kept: slice
) -> Counts:
    """Unbiased estimate of P(count >= the least that signals) from the days before the baseline.

    The tail of one day among the earlier ones, given their sum: its mean over samples is the
    probability itself, which plugging in the mean would overstate severalfold at 0.2 a day.
    """
    days = table.shape[0]
    ends = np.arange(days - lead)[kept]  # first day of each baseline, exclusive end of history
    starts = np.maximum(ends - HISTORY, 0)
    total = np.vstack([np.zeros(table.shape[1]), table.cumsum(axis=0)])
    due = np.vstack([np.zeros(table.shape[1]), factors.cumsum(axis=0)])
    cases = total[ends] - total[starts]
    exposure = (due[ends] - due[starts]) / factors[lead:][kept] - 1.0
    told = ends - starts >= LEAST_HISTORY
    chance = np.zeros_like(least)
    # One of the earlier days holds `least` cases or more, the other days the rest.
    rest = np.maximum(cases - least, 0.0)
    fill_tails(least, rest, size, np.maximum(exposure, 1e-9), chance)
    chance[cases < least] = 0.0
    chance[~told] = np.nan
    return chance


def _factors(table: Counts, weekday: Weekday) -> Counts:
    if weekday == "own":
        return weekday_factors(table)
    if weekday == "pooled":
        one = weekday_factors(table.sum(axis=1))
        return np.ascontiguousarray(np.broadcast_to(one[:, None], table.shape))
    return np.ones_like(table)


def _checked(counts: ArrayLike, baseline: int, guard: int, least_cases: int) -> Counts:
    table = checked_counts(counts)
    if not is_whole(table):
        i, a = np.argwhere(table != np.floor(table))[0]
        raise ValueError(f"incidence[{i}, {a}]: {table[i, a]} is not whole; cases are counted")
    if baseline < 3 or guard < 0 or table.shape[0] <= baseline + guard:
        raise ValueError(
            f"baseline {baseline} and guard {guard} days: baseline is 3 at least, and the"
            f" {table.shape[0]} days of data must be more than both together"
        )
    if least_cases < 1:
        raise ValueError(f"least_cases is {least_cases}; a signal needs one case at least")
    return table


def _checked_course(course: ArrayLike, shape: tuple[int, ...]) -> Counts:
    values = np.asarray(course, dtype=np.float64)
    if values.shape not in ((shape[0], 1), shape):
        raise ValueError(f"course: shape {values.shape}; give {(shape[0], 1)} or {shape}")
    if not np.all((values > 0.0) & (values < np.inf)):
        place = np.argwhere(~((values > 0.0) & (values < np.inf)))[0].tolist()
        raise ValueError(f"course{place}: {values[tuple(place)]}; it is finite and above 0")
    return values


def _checked_alpha(alpha: float) -> float:
    if not 0.0 <= alpha < np.inf:
        raise ValueError(f"alpha is {alpha}; overdispersion is finite and 0 or more")
    return alpha
