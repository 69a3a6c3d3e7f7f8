"""How and when investigations end, learned from past issues of the data.

A case is pending, then known or unknown: two competing risks. Young reports show only short
delays; chances of the next step among those still pending need no correction for that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

from metrics.incidence import Counts
from metrics.quantiles import Floats

FINAL_AGE_DAYS = 14  # what is known then is the final answer


@dataclass(frozen=True, slots=True)
class ClosureChances:
    """Fate of cases pending at age a = 0 … 13 days since report, shape (14,) or (14, A).

    ``becomes_known`` and ``becomes_unknown`` are the chances by day 14, NaN where no case was
    followed; ``followed`` the pending cases they rest on; ``scatter``, shape () or (A,), how much
    wider than binomial closures vary between report days, at least 1; ``closed_by`` the share
    of cases closed by each age 0 … L - 1, shape (L,) or (L, A).
    """

    becomes_known: Floats
    becomes_unknown: Floats
    followed: Floats
    scatter: Floats
    closed_by: Floats

    def cut_days(self, share: float = 0.9) -> NDArray[np.int64]:
        """First age by which ``share`` of the cases that close at all have closed, () or (A,).

        NaN-free: the last age where closures are not known to any age.
        """
        wanted = share * self.closed_by[-1]
        reached = np.nan_to_num(self.closed_by, nan=0.0) >= np.nan_to_num(wanted, nan=np.inf)
        first = np.argmax(reached, axis=0)
        last = self.closed_by.shape[0] - 1
        return np.asarray(np.where(reached.any(axis=0), first, last), dtype=np.int64)


def closure_chances(
    known: ArrayLike, unknown: ArrayLike, pending: ArrayLike, *, step_days: int = 1
) -> ClosureChances:
    """Chances that a pending case becomes known, or unknown, by day 14.

    Parameters
    ----------
    known, unknown, pending
        Cases of each report day by their state at age 0 … L - 1, shape (C, L) or (C, L, A),
        L = 14 + ``step_days``, each from the issue of that age; NaN where there is none (yet).
    step_days
        Days between issues: 1, or 7 where data come weekly. Then the final state is that of
        the first issue 14 or more days after the report.

    Returns
    -------
    ClosureChances
        Product of step chances (later known less known now, over pending now, summed over
        report days); reopened investigations count against.

    Raises
    ------
    ValueError
        If shapes, or a count, are unusable; names place and value.

    References
    ----------
    Aalen & Johansen 1978, Scand J Stat 5:141.
    """
    single = np.ndim(pending) == 2
    k, u, q = _checked(known, unknown, pending, step_days)
    both = np.isfinite(q[:, :-step_days]) & np.isfinite(q[:, step_days:])
    at_risk = np.where(both, q[:, :-step_days], 0.0)
    to_known = np.where(both, k[:, step_days:] - k[:, :-step_days], 0.0)
    to_unknown = np.where(both, u[:, step_days:] - u[:, :-step_days], 0.0)
    followed = at_risk.sum(axis=0)
    h_known = _chance(to_known.sum(axis=0), followed)
    h_unknown = np.minimum(_chance(to_unknown.sum(axis=0), followed), 1.0 - h_known)
    later_known, later_unknown = _by_final_age(h_known, h_unknown, step_days)
    chances = (
        later_known,
        later_unknown,
        followed[:FINAL_AGE_DAYS],
        _scatter(to_known, at_risk, h_known),
        _closed_by(k, u, q, (h_known + h_unknown, step_days)),
    )
    return ClosureChances(*((x[..., 0] for x in chances) if single else chances))


@dataclass(frozen=True, slots=True)
class PredictedShare:
    """Share to come, shape (A,); ``learned`` where the chances needed are known."""

    value: Counts
    low: Counts
    high: Counts
    known: Counts
    unknown: Counts
    learned: NDArray[np.bool_]


def cases_by_age(pending: Counts, youngest: int, window: int) -> Counts:
    """Pending cases of a window by age 0 … 13, shape (14, A); older ones stay pending."""
    newest_first = pending[::-1]
    ages = np.arange(FINAL_AGE_DAYS)
    inside = (ages >= youngest) & (ages < youngest + window) & (ages < pending.shape[0])
    by_age = np.zeros((FINAL_AGE_DAYS, pending.shape[1]))
    by_age[inside] = newest_first[ages[inside]]
    return by_age


def predicted_share(
    known: Counts,
    unknown: Counts,
    by_age: Counts,
    chances: ClosureChances,
    *,
    design_effect: ArrayLike,
    level: float,
) -> PredictedShare:
    """Final share with its interval, from cases closed and those pending by age."""
    rho, upsilon, followed = (
        np.broadcast_to(x if x.ndim == 2 else x[:, None], by_age.shape)
        for x in (chances.becomes_known, chances.becomes_unknown, chances.followed)
    )
    learned = np.asarray(np.logical_and.reduce((by_age == 0) | np.isfinite(rho)))
    later_known = known + (by_age * np.nan_to_num(rho)).sum(axis=0)
    later_unknown = unknown + (by_age * np.nan_to_num(upsilon)).sum(axis=0)
    total = later_known + later_unknown
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(learned, later_known / total, np.nan)
    wide = np.maximum(np.asarray(design_effect, dtype=np.float64), chances.scatter)
    each = _variance(value, (followed * rho + 0.5) / (followed + 1.5),
                     (followed * upsilon + 0.5) / (followed + 1.5))  # fmt: skip
    each = np.where(by_age > 0, each, 0.0)
    chance_error = (by_age * np.sqrt(each / np.maximum(followed, 1.0))).sum(axis=0)
    spread = wide * ((by_age * each).sum(axis=0) + chance_error**2)
    waiting = by_age.sum(axis=0)
    everyone = known + unknown + waiting
    with np.errstate(invalid="ignore", divide="ignore"):
        floor, ceiling = known / everyone, (known + waiting) / everyone
        low, high = _beta_between(value, spread / total**2, (floor, ceiling), level)
        half_case = 0.5 / total
    low = np.where(learned, np.maximum(low - half_case, floor), floor)
    high = np.where(learned, np.minimum(high + half_case, ceiling), ceiling)
    return PredictedShare(value, low, high, later_known, later_unknown, learned)


def _variance(share: Counts, rho: Counts, upsilon: Counts) -> Counts:
    """Variance of one pending case's push on the share times the number of closed cases."""
    up, down = 1.0 - share, -share
    mean = up * rho + down * upsilon
    return up**2 * rho + down**2 * upsilon - mean**2


def _beta_between(
    mean: Counts, variance: Counts, bounds: tuple[Counts, Counts], level: float
) -> tuple[Counts, Counts]:
    """Equal-tailed interval of a beta distribution with these moments between the bounds."""
    floor, ceiling = bounds
    reach = ceiling - floor
    m = np.clip((mean - floor) / reach, 1e-6, 1 - 1e-6)
    size = np.maximum(m * (1 - m) / (variance / reach**2) - 1.0, 0.05)
    tails = (1 - level) / 2, (1 + level) / 2
    low, high = (floor + reach * betaincinv(m * size, (1 - m) * size, t) for t in tails)
    # Nothing pending: nothing can change.
    return np.where(reach > 0, low, mean), np.where(reach > 0, high, mean)


def _checked(
    known: ArrayLike, unknown: ArrayLike, pending: ArrayLike, step: int
) -> tuple[Counts, Counts, Counts]:
    tables = []
    for name, values in (("known", known), ("unknown", unknown), ("pending", pending)):
        table = np.asarray(values, dtype=np.float64)
        if table.ndim == 2:
            table = table[:, :, None]
        if table.ndim != 3 or step < 1 or table.shape[1] != FINAL_AGE_DAYS + step:
            raise ValueError(
                f"{name}: shape {np.shape(values)}; report days by {FINAL_AGE_DAYS} +"
                f" {step} ages are needed"
            )
        wrong = np.argwhere((table < 0) | np.isinf(table))
        if wrong.size:
            place = tuple(int(i) for i in wrong[0])
            raise ValueError(f"{name}{list(place)}: {table[place]} is no count")
        tables.append(table)
    if not tables[0].shape == tables[1].shape == tables[2].shape:
        raise ValueError(f"known, unknown, pending: shapes {[t.shape for t in tables]} differ")
    gaps = np.isnan(tables[0]) | np.isnan(tables[1]) | np.isnan(tables[2])
    k, u, q = (np.where(gaps, np.nan, table) for table in tables)
    return k, u, q


def _chance(ended: Counts, at_risk: Counts) -> Counts:
    share = np.divide(ended, at_risk, out=np.full_like(at_risk, np.nan), where=at_risk > 0)
    return np.clip(share, 0.0, 1.0)


def _by_final_age(known: Counts, unknown: Counts, step: int) -> tuple[Counts, Counts]:
    """Add up the chances of all steps from each age to the final one, from the oldest down."""
    ages = np.zeros((2, FINAL_AGE_DAYS + step, known.shape[1]))
    for age in range(FINAL_AGE_DAYS - 1, -1, -1):
        stays = 1.0 - known[age] - unknown[age]
        # Where nobody stays pending, nothing need be known of later ages.
        later = np.where(stays < 1e-9, 0.0, stays * ages[:, age + step])
        ages[0, age], ages[1, age] = known[age] + later[0], unknown[age] + later[1]
    return ages[0, :FINAL_AGE_DAYS], ages[1, :FINAL_AGE_DAYS]


def _scatter(to_known: Counts, at_risk: Counts, chance: Counts) -> Counts:
    """Pearson dispersion of closures over report days and ages, shape (A,), 1 at least."""
    variance = at_risk * chance * (1.0 - chance)
    used = np.nan_to_num(variance) >= 0.25
    squares = np.divide(
        (to_known - at_risk * np.nan_to_num(chance)) ** 2,
        variance,
        out=np.zeros_like(at_risk),
        where=used,
    )
    free = used.sum(axis=(0, 1)) - used.any(axis=0).sum(axis=0)
    pearson = np.divide(squares.sum(axis=(0, 1)), free, out=np.ones(free.shape), where=free > 0)
    return np.asarray(np.maximum(1.0, pearson))


def _closed_by(k: Counts, u: Counts, q: Counts, steps: tuple[Counts, int]) -> Counts:
    """Share of cases closed by each age: seen directly in the first step, then by chances."""
    chance, step = steps
    closed = np.full(q.shape[1:], np.nan)
    for age in range(q.shape[1]):
        if age < step:
            waiting, everyone = (np.nansum(x[:, age], axis=0) for x in (q, k + u + q))
            closed[age] = 1.0 - np.divide(
                waiting, everyone, out=np.full(waiting.shape, np.nan), where=everyone > 0
            )
        else:
            left = np.where(closed[age - step] == 1.0, 0.0, chance[age - step])
            closed[age] = 1.0 - (1.0 - closed[age - step]) * (1.0 - left)
    return np.asarray(np.maximum.accumulate(closed, axis=0))
