"""Reproduction number as published: honest under overdispersion, weekdays and small counts.

Estimand: the infectiousness-weighted mean of R over a window, by the date axis of the input,
of reported cases. Differs from ``metrics.transmission.cori`` in four ways: the weekday pattern is
removed, counts and infectiousness are divided by the overdispersion, the prior gives
P(R > 1) = 0.5, and a window says so when it holds too little.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincc

from metrics.dispersion import dispersion
from metrics.incidence import Counts, Scalar, as_given, checked_counts
from metrics.quantiles import Floats, gamma_quantiles
from metrics.states import State, StateCodes, choose
from metrics.transmission.cori import GammaPrior, check_pair
from metrics.transmission.infectivity import infectivity
from metrics.transmission.windows import (
    LEAST_EXPECTED,
    checked_lengths,
    choose_windows,
    has_history,
    taken,
    window_totals,
)
from metrics.weekday import weekday_factors

NEUTRAL_PRIOR = GammaPrior(1 / np.log(2), 1 / np.log(2))
LEAST_CASES = 10.0
LEAST_SHAPE = 4.0  # a coefficient of variation of a half: beyond it a range says nothing


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Posterior of R for W windows (and A areas).

    ``t_end`` is a 1-based day, shape (W,). Everything else has shape (W,) or (W, A):
    ``t_start`` the first day of the window that ends there; ``value`` is the posterior
    median, so that it lies above 1 exactly when ``p_above_1`` exceeds one half; ``low``, ``high``
    bound 95 %, ``q25``, ``q75`` 50 %; ``p_above_1_2`` is P(R > 1.2); ``phi`` the overdispersion
    used, ``alpha`` the area's own (pass it as the parent's to its children); ``expected`` the
    infectiousness in the window, ``cases`` its local cases; ``state`` codes of
    ``metrics.states.State``. The range excludes 1 exactly when ``p_above_1`` lies outside 0.025
    to 0.975.
    """

    t_start: NDArray[np.int64]
    t_end: NDArray[np.int64]
    value: Floats
    low: Floats
    high: Floats
    q25: Floats
    q75: Floats
    mean: Floats
    sd: Floats
    p_above_1: Floats
    p_above_1_2: Floats
    phi: Floats
    alpha: Floats
    expected: Floats
    cases: Floats
    state: StateCodes

    @property
    def window_days(self) -> NDArray[np.int64]:
        """Length of each window, shape (W,) or (W, A)."""
        ends = self.t_end.reshape(-1, *[1] * (self.t_start.ndim - 1))
        return np.asarray(ends - self.t_start + 1)


@dataclass(frozen=True, slots=True)
class WindowSums:
    """Sufficient statistics of W windows, arrays of shape (W, A)."""

    t_start: NDArray[np.int64]
    t_end: NDArray[np.int64]
    cases: Counts
    expected: Counts
    phi: Counts
    alpha: Counts
    phi_gate: Counts


def reproduction(
    local: ArrayLike,
    total: ArrayLike,
    pmf: ArrayLike,
    *,
    window: int = 7,
    windows: Sequence[int] | None = None,
    prior: GammaPrior = NEUTRAL_PRIOR,
    alpha_parent: ArrayLike | None = None,
    weekday: bool = True,
    last: int | None = None,
) -> Reproduction:
    """Estimate R in the window that ends on each day, the first one starting on day 2.

    Parameters
    ----------
    local, total
        Cases infected in the area, and all cases, per day, shape (T,) or (T, A), consecutive
        days; whole or imputed.
    pmf
        Serial interval w_0 = 0, w_1, …, shape (K,).
    window
        Days per window, 2 to T - 1. A multiple of 7 balances what is left of the weekdays.
    windows
        Rising lengths to choose from, in place of ``window``: per area and day the shortest
        whose expected / phi reaches 11, so that small areas get a longer window rather than
        none. The estimand is the mean over the window taken.
    prior
        Gamma prior of R; the default has P(R > 1) = 0.5, so that a window whose cases equal
        its infectiousness says neither growing nor falling.
    alpha_parent
        Overdispersion of the parent area, broadcast to (W, A); half of alpha is taken from it.
    weekday
        Whether the counts carry a weekday pattern to remove.
    last
        Only the last so many windows; the days before them still inform.

    Returns
    -------
    Reproduction
        R ~ Gamma(prior shape + cases / phi, prior rate + expected / phi): a quasi-likelihood
        posterior, the prior is not scaled. State final where expected / phi >= 11, at least
        10 cases lie in the window, the posterior's coefficient of variation is at most a half
        and 95 % of the serial interval lies between the first day and the window, else too_few,
        where the figures lean on the prior or on cases that nobody knows.

    Raises
    ------
    ValueError
        If counts, serial interval or window are unusable; names place and value.

    References
    ----------
    Cori et al. 2013, Am J Epidemiol 178:1505, doi:10.1093/aje/kwt133; quasi-likelihood:
    Wedderburn 1974, Biometrika 61:439, doi:10.1093/biomet/61.3.439.
    """
    every = checked_counts(total, "total")
    own = every if local is total else checked_counts(local, "local")
    lengths = checked_lengths((window,) if windows is None else windows, every.shape[0])
    check_pair(own, every, lengths[0])
    runs = every.shape[0] - lengths[0]
    kept = slice(runs - min(last or runs, runs), runs)
    factors = weekday_factors(every) if weekday else np.ones_like(every)
    # Weekday enters the expected counts too: raw counts keep their information, and a weekday
    # without reports needs no division of 0 by 0.
    expected = factors * infectivity(every / factors, pmf)
    sums = window_sums(own, expected, lengths, alpha_parent=alpha_parent, kept=kept)
    return posterior_of(sums, prior, pmf, single=np.ndim(total) == 1)


def window_sums(
    local: Counts,
    expected: Counts,
    lengths: tuple[int, ...],
    *,
    alpha_parent: ArrayLike | None,
    kept: slice,
) -> WindowSums:
    """Sums over the window of each day, its length chosen by the infectiousness ``expected``.

    Parameters
    ----------
    local, expected
        Local cases and infectiousness times weekday, shape (T, A).
    lengths
        Rising window lengths in days.
    alpha_parent
        Overdispersion of the parent area, broadcast to (W, A), with W = T - lengths[0].
    kept
        Which of the W windows.
    """
    spread = dispersion(local, expected, first=1, window=lengths[0])
    at_end = slice(lengths[0], None)
    shape = (local.shape[0] - lengths[0], local.shape[1])
    parent = None
    if alpha_parent is not None:
        parent = np.zeros_like(local)
        parent[at_end] = np.broadcast_to(np.asarray(alpha_parent, dtype=np.float64), shape)
    phi = spread.shrunk(parent)
    gate = phi if parent is None else np.maximum(1.0, 1.0 + spread.mean * parent)
    due = window_totals(expected, lengths)
    chosen = choose_windows(due / gate[at_end])
    ends = np.arange(lengths[0] + 1, local.shape[0] + 1)
    return WindowSums(
        t_start=(ends[:, None] - np.array(lengths)[chosen] + 1)[kept],
        t_end=ends[kept],
        cases=taken(window_totals(local, lengths), chosen)[kept],
        expected=taken(due, chosen)[kept],
        phi=phi[at_end][kept],
        alpha=spread.alpha[at_end][kept],
        phi_gate=gate[at_end][kept],
    )


def posterior_of(
    sums: WindowSums, prior: GammaPrior, pmf: ArrayLike, *, single: bool
) -> Reproduction:
    """Posterior and state of every window; ``pmf`` of one period (K,) or of several (P, K)."""
    shape = prior.shape + sums.cases / sums.phi
    rate = prior.rate + sums.expected / sums.phi
    low, q25, median, q75, high = gamma_quantiles(shape, (0.025, 0.25, 0.5, 0.75, 0.975)) / rate
    enough = (sums.expected / sums.phi_gate >= LEAST_EXPECTED) & (sums.cases >= LEAST_CASES)
    enough &= (shape >= LEAST_SHAPE) & has_history(sums.t_start, pmf)

    def given(values: NDArray[Scalar]) -> NDArray[Scalar]:
        return as_given(values, single=single)

    return Reproduction(
        t_start=given(sums.t_start),
        t_end=sums.t_end,
        value=given(median),
        low=given(low),
        high=given(high),
        q25=given(q25),
        q75=given(q75),
        mean=given(shape / rate),
        sd=given(np.sqrt(shape) / rate),
        p_above_1=given(gammaincc(shape, rate)),
        p_above_1_2=given(gammaincc(shape, 1.2 * rate)),
        phi=given(sums.phi),
        alpha=given(sums.alpha),
        expected=given(sums.expected),
        cases=given(sums.cases),
        state=given(choose(enough, State.FINAL, State.TOO_FEW)),
    )
