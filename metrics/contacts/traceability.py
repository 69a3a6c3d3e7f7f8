"""Share of cases whose source of infection is known.

Estimand: share with a known source among reported cases of a window whose investigation is
closed. What is known 14 days after the report is the final answer. A pending case is neither
known nor unknown: it stays out of the share and stands beside it as bounds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.contacts.closing import (
    ClosureChances,
    cases_by_age,
    predicted_share,
)
from metrics.incidence import Counts, as_given, checked_counts
from metrics.proportions import Share, wilson
from metrics.quantiles import Floats
from metrics.states import State, StateCodes, choose

WINDOW_DAYS = 14
HISTORY_DAYS = 56
LEAST_CLOSED = 20.0  # investigated cases; the rule's `trace_min_cases`
MOST_PENDING = 0.4  # above it those closed so far need not be like the rest
LIMIT_PER_100K_DAY = 18.0  # cases a day; above it single cases can no longer be traced


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """Cases by report day and what is known of their source on the as-of day.

    All of shape (T,) or (T, A), consecutive days, the last row being the as-of day. ``known``
    are cases with a known source, imported and household ones included; ``unknown`` those whose
    investigation ended without one; ``pending`` all others. ``imported`` and ``household`` are
    parts of ``known`` that do not overlap.
    """

    known: ArrayLike
    unknown: ArrayLike
    pending: ArrayLike
    imported: ArrayLike | None = None
    household: ArrayLike | None = None


@dataclass(frozen=True, slots=True)
class Traceability:
    """Shares of the window, arrays of shape () or (A,), fractions; NaN where nothing is closed.

    ``share`` is known / (known + unknown) with its interval, ``imported`` and ``household``
    likewise; ``bound_low``, ``bound_high`` are the share if all pending cases turned out
    unknown, or known; ``known``, ``unknown``, ``pending`` the cases; ``pending_share`` of all.
    ``informative`` is False above 18 cases a day and 100,000 people. ``state``: final,
    provisional (over 40 % pending), too_few (under 20 closed) or missing (no cases).
    """

    share: Share
    imported: Share
    household: Share
    bound_low: Floats
    bound_high: Floats
    known: Floats
    unknown: Floats
    pending: Floats
    pending_share: Floats
    informative: NDArray[np.bool_]
    state: StateCodes


@dataclass(frozen=True, slots=True)
class FinalShare:
    """What the share will be once every case of the window is 14 days old; (), or (A,).

    ``value`` with ``low`` and ``high``, a prediction interval of the count to come; ``bound_low``
    and ``bound_high`` as in ``Traceability``; ``known`` and ``unknown`` the expected final cases.
    ``state``: final (nothing can change any more), provisional, too_few or missing; where too
    little is known of how investigations end, value is NaN and the interval is the bounds.
    """

    value: Floats
    low: Floats
    high: Floats
    bound_low: Floats
    bound_high: Floats
    known: Floats
    unknown: Floats
    state: StateCodes


def traceability(
    counts: SourceCounts,
    *,
    cut_days: int = 7,
    window: int = WINDOW_DAYS,
    design_effect: ArrayLike = 1.0,
    population: ArrayLike | None = None,
    level: float = 0.95,
) -> Traceability:
    """Share of cases with a known source, of those reported in a window that has been closed.

    Parameters
    ----------
    counts
        Cases by report day and source.
    cut_days
        Days left out before the as-of day: the 90th percentile of report to closure
        (``ClosureChances.cut_days``). Sources are found early or not at all, so among young
        cases the share is too high.
    window
        Report days in the window, at least 1.
    design_effect
        ``case_design_effect`` of the window's clusters, a number or shape (A,), at least 1.
    population
        People, a number or shape (A,), for ``informative``; None: always informative.
    level
        Probability of the interval, between 0 and 1.

    Returns
    -------
    Traceability
        Score intervals of counts divided by the design effect.

    Raises
    ------
    ValueError
        If counts contradict each other, or the series is shorter than cut and window; names
        place and value.

    References
    ----------
    Wilson 1927, J Am Stat Assoc 22:209, doi:10.1080/01621459.1927.10502953; Kish 1965, Survey
    Sampling, 5.4.
    """
    single = np.ndim(counts.known) == 1
    known, unknown, pending, imported, household = _in_window(counts, cut_days, window)
    closed, everyone = known + unknown, known + unknown + pending
    state = choose(closed >= LEAST_CLOSED, State.FINAL, State.TOO_FEW)
    pending_share = _ratio(pending, everyone)
    state[(closed >= LEAST_CLOSED) & (pending_share > MOST_PENDING)] = State.PROVISIONAL
    state[everyone == 0] = State.MISSING

    def share(part: Counts) -> Share:
        found = wilson(part, closed, design_effect=design_effect, level=level)
        return Share(*(as_given(v, single=single) for v in (found.value, found.low, found.high)))

    def given(values: Counts) -> Counts:
        return as_given(values, single=single)

    return Traceability(
        share=share(known),
        imported=share(imported),
        household=share(household),
        bound_low=given(_ratio(known, everyone)),
        bound_high=given(_ratio(known + pending, everyone)),
        known=given(known),
        unknown=given(unknown),
        pending=given(pending),
        pending_share=given(pending_share),
        informative=as_given(_informative(everyone / window, population), single=single),
        state=as_given(state, single=single),
    )


def final_share(
    counts: SourceCounts,
    chances: ClosureChances,
    *,
    youngest_days: int = 7,
    window: int = WINDOW_DAYS,
    design_effect: ArrayLike = 1.0,
    level: float = 0.95,
) -> FinalShare:
    """Nowcast of the share as it will stand 14 days after each case's report.

    Parameters
    ----------
    counts
        As for ``traceability``.
    chances
        How pending investigations end, from past issues of the data (``closure_chances``), of
        the areas themselves or of one larger area.
    youngest_days
        Age of the youngest cases in the window, days since report, at least 0.
    window, design_effect, level
        As for ``traceability``.

    Returns
    -------
    FinalShare
        known' / (known' + unknown') with known' = known + sum over ages of pending x chance of
        becoming known by day 14, unknown' likewise. The interval is a beta distribution between
        the bounds with the variance of what the pending cases may do: multinomial, times the
        larger of the design effect and the scatter of past closures, plus the uncertainty of
        the chances, ages taken as fully correlated; half a case is added at either end.

    Raises
    ------
    ValueError
        If counts contradict each other or the series is too short; names place and value.

    References
    ----------
    Chances: Aalen & Johansen 1978, Scand J Stat 5:141 (competing risks).
    """
    single = np.ndim(counts.known) == 1
    known, unknown, pending, _, _ = _in_window(counts, youngest_days, window)
    by_age = cases_by_age(_tables(counts)[2], youngest_days, window)
    found = predicted_share(
        known, unknown, by_age, chances, design_effect=design_effect, level=level
    )
    everyone = known + unknown + pending
    open_still = by_age.sum(axis=0) > 0
    state = choose(open_still, State.PROVISIONAL, State.FINAL)
    state[~found.learned | (found.known + found.unknown < LEAST_CLOSED)] = State.TOO_FEW
    state[everyone == 0] = State.MISSING

    def given(values: Counts) -> Counts:
        return as_given(values, single=single)

    return FinalShare(
        value=given(found.value),
        low=given(found.low),
        high=given(found.high),
        bound_low=given(_ratio(known, everyone)),
        bound_high=given(_ratio(known + pending, everyone)),
        known=given(found.known),
        unknown=given(found.unknown),
        state=as_given(state, single=single),
    )


def case_design_effect(sizes: ArrayLike, areas: ArrayLike, cases: ArrayLike) -> Floats:
    """Design effect of each area's cases, those outside any cluster standing alone.

    Parameters
    ----------
    sizes
        Cases of each cluster within the window, shape (C,), positive.
    areas
        Position of each cluster's area, shape (C,), whole numbers 0 to A - 1.
    cases
        Cases of each area in the window, clustered or not, shape (A,).

    Returns
    -------
    Floats
        Sum of squared sizes over the sum of sizes, shape (A,); 1 without cases.

    Raises
    ------
    ValueError
        If a size, an area or the cases are unusable; names the values.

    References
    ----------
    Kish 1965, Survey Sampling, 5.4.
    """
    total = checked_counts(cases, "cases")[:, 0]
    m, place = np.asarray(sizes, dtype=np.float64), np.asarray(areas)
    if m.shape != place.shape or m.ndim != 1:
        raise ValueError(f"cluster sizes of shape {m.shape} with areas of shape {place.shape}")
    if (wrong := m[~((m > 0) & np.isfinite(m))]).size:
        raise ValueError(f"cluster of {wrong[0]} cases; sizes are positive")
    place = place.astype(np.int64)
    if place.size and not 0 <= place.min() <= place.max() < total.size:
        raise ValueError(f"areas {place.min()} to {place.max()}; there are 0 to {total.size - 1}")
    clustered = np.bincount(place, m, total.size)
    if (over := np.flatnonzero(clustered > total)).size:
        i = int(over[0])
        raise ValueError(f"area {i}: clusters hold {clustered[i]} cases, of {total[i]} in all")
    squares = np.bincount(place, m**2, total.size) + total - clustered
    return np.divide(squares, total, out=np.ones_like(total), where=total > 0)


def scatter_design_effect(
    counts: SourceCounts, *, cut_days: int = 7, history: int = HISTORY_DAYS
) -> Floats:
    """Design effect seen in how the share varies between report days, for unrecorded clusters.

    Parameters
    ----------
    counts
        As for ``traceability``.
    cut_days
        Youngest days left out.
    history
        Report days before them that are used, at least 14, all there are if fewer.

    Returns
    -------
    Floats
        Shape () or (A,), at least 1: squared deviations of each day's known cases from the
        share of its fortnight, over their binomial variance, both summed. It sees clusters
        that are reported within a day or so; one that is spread over weeks stays hidden. Take
        the larger of this and ``case_design_effect``.

    Raises
    ------
    ValueError
        If counts contradict each other or the series is too short; names place and value.

    References
    ----------
    McCullagh & Nelder 1989, Generalized Linear Models, 4.5, doi:10.1007/978-1-4899-3242-6.
    """
    single = np.ndim(counts.known) == 1
    known, unknown = _tables(counts)[:2]
    days = known.shape[0] - cut_days
    if cut_days < 0 or history < WINDOW_DAYS or days < WINDOW_DAYS:
        raise ValueError(
            f"{days} days after a cut of {cut_days}, history {history}: at least"
            f" {WINDOW_DAYS} are needed"
        )
    whole = min(days, history) // WINDOW_DAYS
    blocks = (whole, WINDOW_DAYS, known.shape[1])
    kept = slice(days - whole * WINDOW_DAYS, days)
    x, n = (v[kept].reshape(blocks) for v in (known, known + unknown))
    cases = n.sum(axis=1)
    share = np.nan_to_num(_ratio(x.sum(axis=1), cases))[:, None]
    # The fortnight's own share takes n / N of each day's variance.
    free = n * (1 - n / np.maximum(cases, 1.0)[:, None])
    expected = (free * share * (1 - share)).sum(axis=(0, 1))
    seen = ((x - n * share) ** 2).sum(axis=(0, 1))
    effect = np.divide(seen, expected, out=np.ones_like(seen), where=expected > 0)
    return as_given(np.maximum(1.0, effect), single=single)


def _tables(counts: SourceCounts) -> tuple[Counts, ...]:
    """Known, unknown, pending, imported and household as (T, A), checked against each other."""
    known = checked_counts(counts.known, "known")
    tables = [known]
    for name in ("unknown", "pending", "imported", "household"):
        given = getattr(counts, name)
        table = np.zeros_like(known) if given is None else checked_counts(given, name)
        if table.shape != known.shape:
            raise ValueError(f"{name}: shape {table.shape}; known has {known.shape}")
        tables.append(table)
    over = np.argwhere(tables[3] + tables[4] > known)
    if over.size:
        t, a = (int(i) for i in over[0])
        raise ValueError(
            f"imported[{t}, {a}] + household[{t}, {a}]: {tables[3][t, a]} + {tables[4][t, a]} of"
            f" {known[t, a]} with a known source; both are parts of it"
        )
    return tuple(tables)


def _in_window(counts: SourceCounts, youngest: int, window: int) -> tuple[Counts, ...]:
    tables = _tables(counts)
    days = tables[0].shape[0]
    if youngest < 0 or window < 1 or youngest + window > days:
        raise ValueError(
            f"window of {window} days that ends {youngest} days before the last: the series has"
            f" {days} days"
        )
    end = days - youngest
    return tuple(table[end - window : end].sum(axis=0) for table in tables)


def _ratio(part: Counts, whole: Counts) -> Counts:
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0)


def _informative(per_day: Counts, population: ArrayLike | None) -> NDArray[np.bool_]:
    if population is None:
        return np.ones(per_day.shape, dtype=np.bool_)
    people = np.asarray(population, dtype=np.float64)
    if people.shape not in ((), per_day.shape):
        raise ValueError(f"population: shape {people.shape} for {per_day.size} areas")
    if (wrong := people[~((people > 0) & np.isfinite(people))]).size:
        raise ValueError(f"population {wrong[0]}; it must be a number above 0")
    return np.asarray(per_day / people * 1e5 <= LIMIT_PER_100K_DAY)
