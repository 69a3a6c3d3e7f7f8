"""Cohort reproduction number: how many cases those of one week led to, seen afterwards.

The instantaneous R asks how fast the infection passes on now; this asks what became of the
people infected then, so it is final only when their infectious time and the reporting delay
are over. Needs no contact tracing: each case is shared out over its possible infectors.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.dispersion import dispersion
from metrics.incidence import Counts, Scalar, as_given, checked_counts, trailing_sum
from metrics.kernel import kernel
from metrics.quantiles import Floats, gamma_quantiles
from metrics.states import State, StateCodes
from metrics.transmission.cori import check_pair
from metrics.transmission.infectivity import add_lags, trimmed
from metrics.transmission.serial_interval import Pmf, checked_pmf, mean_interval

LEAST_CASES = 10.0
LEAST_KNOWN = 0.1  # days known less well are scaled up by 10 at most


@dataclass(frozen=True, slots=True)
class CohortR:
    """Secondary cases per case with onset in W windows (and A areas).

    ``t_start``, ``t_end`` are 1-based days, shape (W,). The rest has shape (W,) or (W, A):
    ``value`` secondary cases per case, scaled up for what is not over or not reported yet;
    ``low``, ``high`` 95 % range of the **realised** mean, the number those very cases led to;
    ``expected_low``, ``expected_high`` 95 % range of the **expected** mean, what such cases lead
    to on average; ``uncorrected`` the textbook value; ``assignment_sd`` its standard deviation
    given the counts, from not knowing who infected whom; ``seen`` the share of the secondary
    cases that can be known by now; ``cases`` the infectors counted, ``secondary`` the cases
    assigned to them; ``state`` codes of ``metrics.states.State``. NaN where the window has no
    case, or nothing of its offspring can be known yet.
    """

    t_start: NDArray[np.int64]
    t_end: NDArray[np.int64]
    value: Floats
    low: Floats
    high: Floats
    expected_low: Floats
    expected_high: Floats
    uncorrected: Floats
    assignment_sd: Floats
    seen: Floats
    cases: Floats
    secondary: Floats
    state: StateCodes


def cohort_reproduction(
    local: ArrayLike,
    total: ArrayLike,
    pmf: ArrayLike,
    *,
    offspring_k: float,
    window: int = 7,
    known: ArrayLike | None = None,
    last: int | None = None,
) -> CohortR:
    """Estimate the cohort R of every window of ``window`` days, the first starting on day 2.

    Parameters
    ----------
    local, total
        Cases infected in the area (they are shared out) and all cases (they infect), per day,
        shape (T,) or (T, A), consecutive days.
    pmf
        Serial interval w_0 = 0, w_1, …, shape (K,).
    offspring_k
        Negative-binomial dispersion of the secondary cases per case, above 0; infinite for
        Poisson. A case's ability to infect stays with it, so daily counts do not show it.
    window
        Days per window, 1 to T - 1.
    known
        Share of each day's cases reported by now, 0 to 1, shape (T,) or (T, A), as
        ``Completeness.share``; complete if left out.
    last
        Only the last so many windows.

    Returns
    -------
    CohortR
        Given the counts, the realised mean errs by not knowing who infected whom: variance
        Σ I q (1 - q), q the probability that a case stems from the cohort. The expected mean errs
        by the chance in the counts, φ Σ I q². To both comes the chance in who infects many (k).
        Hidden where less than half of the offspring can be known, provisional below 0.9. Too
        few: under 10 infectors or 10 secondary cases. The scaling assumes that R stays as it
        was for the rest of the infectors' time.

    Raises
    ------
    ValueError
        If counts, serial interval, window, dispersion or shares are unusable; names the value.

    References
    ----------
    Wallinga & Teunis 2004, Am J Epidemiol 160:509, doi:10.1093/aje/kwh255; censoring: Cauchemez
    et al. 2006, Emerg Infect Dis 12:110, doi:10.3201/eid1201.050593; offspring dispersion:
    Lloyd-Smith et al. 2005, Nature 438:355, doi:10.1038/nature04153.
    """
    every = checked_counts(total, "total")
    own = every if local is total else checked_counts(local, "local")
    check_pair(own, every, window)
    if not offspring_k > 0:
        raise ValueError(f"offspring dispersion k {offspring_k}; it must be above 0")
    weights = trimmed(checked_pmf(pmf))
    shares = _checked_shares(known, every.shape)
    runs = every.shape[0] - window
    first = runs - min(last or runs, runs)
    # A day half reported has twice as many infectors; its infectees are made up for by `seen`.
    infectors = every / np.maximum(shares, LEAST_KNOWN)
    past = np.zeros_like(every)
    add_lags(infectors, weights, past)
    visible = _visible(shares, weights)
    sums = np.zeros((5, runs - first, every.shape[1]))
    _fill_cohorts(own, infectors, past, (shares, visible, weights), (window, first), sums)
    spread = dispersion(own, past * shares, first=1, window=window).shrunk(None)
    ends = np.arange(window, every.shape[0])[first:]
    later = np.minimum(ends + round(mean_interval(weights)), every.shape[0] - 1)
    cohorts = _Cohorts(
        counted=trailing_sum(every[1:], window)[first:],
        size=trailing_sum(infectors[1:], window)[first:],
        visible=trailing_sum((infectors * visible)[1:], window)[first:],
        phi=spread[later],
        offspring_k=offspring_k,
    )
    return _estimate(cohorts, sums, (ends - window + 2, ends + 1), single=np.ndim(total) == 1)


@dataclass(frozen=True, slots=True)
class _Cohorts:
    """Infectors of each window, shape (W, A): as counted, scaled up, and as far as visible."""

    counted: Counts
    size: Counts
    visible: Counts
    phi: Counts
    offspring_k: float


def _estimate(
    cohorts: _Cohorts,
    sums: Counts,
    days: tuple[NDArray[np.int64], NDArray[np.int64]],
    *,
    single: bool,
) -> CohortR:
    secondary, unassigned, squared, own_chance, all_chance = sums
    size, visible, phi = cohorts.size, cohorts.visible, cohorts.phi
    blank = np.full(size.shape, np.nan)
    value = np.divide(secondary, visible, out=blank.copy(), where=visible > 0)
    seen = np.divide(visible, size, out=blank.copy(), where=size > 0)
    # Variances rest on an R that is not 0 by accident: one case more, as under the neutral prior.
    r = (secondary + 1.0) / (visible + np.log(2.0))
    per_case = phi + r / cohorts.offspring_k
    missing = np.divide(
        per_case * r * (1.0 - seen), seen * size, out=blank.copy(), where=visible > 0
    )
    scale = np.divide(1.0, visible, out=blank.copy(), where=visible > 0)
    realised = (unassigned + r**2 * own_chance / cohorts.offspring_k) * scale**2 + missing
    expected = (phi * squared + r**2 * all_chance / cohorts.offspring_k) * scale**2
    low, high = _gamma_range(value, realised, per_case * scale)
    expected_low, expected_high = _gamma_range(value, expected, per_case * scale)

    def given(values: NDArray[Scalar]) -> NDArray[Scalar]:
        return as_given(values, single=single)

    return CohortR(
        t_start=days[0],
        t_end=days[1],
        value=given(value),
        low=given(low),
        high=given(high),
        expected_low=given(expected_low),
        expected_high=given(expected_high),
        uncorrected=given(np.divide(secondary, size, out=blank.copy(), where=size > 0)),
        assignment_sd=given(np.divide(np.sqrt(unassigned), size, out=blank.copy(), where=size > 0)),
        seen=given(seen),
        cases=given(cohorts.counted),
        secondary=given(secondary),
        state=given(_states(seen, cohorts.counted, secondary)),
    )


def _gamma_range(mean: Floats, variance: Floats, one_case: Floats) -> tuple[Floats, Floats]:
    """95 % range of the gamma with this mean and variance; where the mean is 0, up to -ln .025."""
    usable = (mean > 0) & (variance > 0)
    shape = np.divide(mean**2, variance, out=np.ones_like(mean), where=usable)
    low, high = gamma_quantiles(shape, (0.025, 0.975)) * (mean / shape)
    none = mean == 0
    high[none] = -np.log(0.025) * one_case[none]
    certain = (mean > 0) & (variance == 0)
    low[certain] = high[certain] = mean[certain]
    return low, high


def _states(seen: Floats, cases: Floats, secondary: Floats) -> StateCodes:
    state = np.full(seen.shape, np.int8(State.FINAL))
    state[seen < 0.9] = np.int8(State.PROVISIONAL)
    state[~((cases >= LEAST_CASES) & (secondary >= LEAST_CASES))] = np.int8(State.TOO_FEW)
    state[seen < 0.5] = np.int8(State.HIDDEN)
    return state


def _checked_shares(known: ArrayLike | None, shape: tuple[int, ...]) -> Floats:
    if known is None:
        return np.ones(shape)
    given = np.asarray(known, dtype=np.float64)
    if given.ndim == 1:
        given = given[:, None]
    if given.ndim != 2 or given.shape[0] != shape[0] or given.shape[1] not in {1, shape[1]}:
        raise ValueError(f"share reported: shape {np.shape(known)}; the counts have {shape}")
    wrong = np.argwhere(~((given >= 0) & (given <= 1)))
    if wrong.size:
        t, a = (int(i) for i in wrong[0])
        raise ValueError(f"share reported, day {t + 1}, column {a}: {given[t, a]} is no share")
    return np.ascontiguousarray(np.broadcast_to(given, shape))


def _visible(shares: Floats, pmf: Pmf) -> Floats:
    """Share of a case's offspring that is over and reported by now, by the case's day."""
    visible = np.zeros_like(shares)
    add_lags(np.ascontiguousarray(shares[::-1]), pmf, visible)
    return np.asarray(visible[::-1] / pmf.sum())


@kernel
def _share_out(
    past: Floats, infectors: Floats, pmf: Pmf, setting: tuple[int, int], q: Floats
) -> int:
    """Probability q[i] that a case of day a + i was infected by those of days a … b - 1."""
    a, b = setting
    end = min(past.size, b + pmf.size - 1)
    for t in range(a, end):
        total = 0.0
        for j in range(max(a, t - pmf.size + 1), min(b, t)):
            total += pmf[t - j] * infectors[j]
        q[t - a] = total / past[t] if past[t] > 0.0 else 0.0
    return end


@kernel
def _fill_cohorts(
    local: Counts,
    infectors: Counts,
    past: Counts,
    reach: tuple[Counts, Counts, Pmf],
    setting: tuple[int, int],
    sums: Counts,
) -> None:
    """Sums over the cases t that the cohort may have infected, shape (5, W, A).

    Assigned cases I q, their variance I q (1 - q), I q², and what chance in the ability of
    single cases to infect adds to the error of the realised and of the expected mean.
    """
    shares, visible, pmf = reach
    window, first = setting
    days, lags = local.shape[0], pmf.size
    q = np.zeros(window + lags)
    for area in range(local.shape[1]):
        cases, source = local[:, area].copy(), infectors[:, area].copy()
        known, seen, due = shares[:, area].copy(), visible[:, area].copy(), past[:, area].copy()
        for w in range(sums.shape[1]):
            a = 1 + first + w
            b = a + window
            end = _share_out(due, source, pmf, (a, b), q)
            for t in range(a, end):
                p = q[t - a]
                sums[0, w, area] += cases[t] * p
                sums[1, w, area] += cases[t] * p * (1.0 - p)
                sums[2, w, area] += cases[t] * p * p
                q[t - a] = p * known[t]
            for j in range(max(0, a - lags + 1), min(days, end)):
                if source[j] > 0.0:
                    mean = 0.0
                    for t in range(max(a, j + 1), min(end, j + lags)):
                        mean += pmf[t - j] * q[t - a]
                    own = seen[j] if a <= j < b else 0.0
                    sums[3, w, area] += source[j] * (own - mean) ** 2
                    sums[4, w, area] += source[j] * mean * mean
