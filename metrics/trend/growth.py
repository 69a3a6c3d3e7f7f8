"""Exponential growth rate of cases over sliding windows, robust to overdispersion."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from metrics.incidence import Counts, as_given, checked_counts, trailing_sum
from metrics.kernel import kernel
from metrics.quantiles import Floats
from metrics.states import State, StateCodes, choose
from metrics.weekday import weekday_factors

Weekday = Literal["none", "offset", "contrasts"]
LEAST_CASES = 10
LEAST_DAYS = 3  # with cases; on one or two days a slope is an accident


@dataclass(frozen=True, slots=True)
class Growth:
    """Log-linear trend in W windows (and A areas).

    ``t_start``, ``t_end`` are 1-based days, shape (W,). The rest has shape (W,) or (W, A):
    ``rate_per_day`` with its ``standard_error`` and 95 % bounds ``low``, ``high``, all 1/day and
    NaN where no rate is fitted; ``phi`` the dispersion used; ``deviance``; ``cases`` in the window;
    ``state`` codes of ``metrics.states.State`` (final or too_few).
    """

    t_start: NDArray[np.int64]
    t_end: NDArray[np.int64]
    rate_per_day: Floats
    standard_error: Floats
    low: Floats
    high: Floats
    phi: Floats
    deviance: Floats
    cases: Floats
    state: StateCodes


def growth(
    incidence: ArrayLike,
    *,
    window: int = 14,
    weekday: Weekday = "offset",
    least_phi: float = 1.0,
) -> Growth:
    """Fit log E[cases] = level + rate x day (+ weekday) by quasi-Poisson in every window.

    Parameters
    ----------
    incidence
        Cases per day, shape (T,) or (T, A), consecutive days.
    window
        Days per fit, 4 to T; 10 at least with weekday contrasts.
    weekday
        ``offset`` divides by factors learned from the previous 56 days, which costs no degree
        of freedom; ``contrasts`` estimates six of them in each window; ``none``.
    least_phi
        Floor of the dispersion. 0 gives textbook quasi-Poisson; counts that happen to scatter
        less than Poisson do not deserve a narrower interval. With a floor, windows worth fewer
        than 10 independent cases (cases / dispersion) are too few.

    Returns
    -------
    Growth
        W = T - window + 1 windows. Student interval with n - p degrees of freedom. Too few:
        under 10 cases or fewer than 3 days with cases, no rate then.

    Raises
    ------
    ValueError
        If a count or the window is unusable; names the value.

    References
    ----------
    McCullagh & Nelder 1989, Generalized Linear Models, 9.2, doi:10.1007/978-1-4899-3242-6.
    """
    counts = checked_counts(incidence)
    design = _design(window, contrasts=weekday == "contrasts")
    if not design.shape[1] + 2 <= window <= counts.shape[0]:
        raise ValueError(
            f"growth window {window} days: it must be {design.shape[1] + 2} to the"
            f" {counts.shape[0]} days of data"
        )
    factors = weekday_factors(counts) if weekday == "offset" else np.ones_like(counts)
    cases = trailing_sum(counts, window)
    enough = (cases >= LEAST_CASES) & (
        trailing_sum((counts > 0).astype(np.float64), window) >= LEAST_DAYS
    )
    fit = np.full((4, *cases.shape), np.nan)
    _fit_windows(counts, factors, design, enough, fit)
    degrees = window - design.shape[1]
    enough &= np.isfinite(fit[1])
    fit[:, ~enough] = np.nan
    phi = np.maximum(least_phi, fit[2])
    if least_phi > 0:  # the product's gate; textbook fits keep every window
        enough &= cases / phi >= LEAST_CASES
        fit[:, ~enough] = np.nan
    error = np.sqrt(phi * fit[1])
    reach = float(stdtrit(degrees, 0.975)) * error
    starts = np.arange(1, cases.shape[0] + 1)
    single = np.ndim(incidence) == 1
    return Growth(
        t_start=starts,
        t_end=starts + window - 1,
        rate_per_day=as_given(fit[0], single=single),
        standard_error=as_given(error, single=single),
        low=as_given(fit[0] - reach, single=single),
        high=as_given(fit[0] + reach, single=single),
        phi=as_given(phi, single=single),
        deviance=as_given(fit[3], single=single),
        cases=as_given(cases, single=single),
        state=as_given(choose(enough, State.FINAL, State.TOO_FEW), single=single),
    )


def _design(window: int, *, contrasts: bool) -> Counts:
    """Centred day and level, and six weekday contrasts, shape (window, 2 or 8).

    A window that starts on another weekday only renames the columns, so one design does for
    all windows.
    """
    day = np.arange(window, dtype=np.float64)
    columns = [day - day.mean(), np.ones(window)]
    if contrasts:
        columns += [(day % 7 == d).astype(np.float64) for d in range(1, 7)]
    return np.column_stack(columns)


@kernel
def _information(design: Counts, mu: Floats, residual: Floats, h: Counts, score: Floats) -> None:
    p = design.shape[1]
    h[:] = 0.0
    score[:] = 0.0
    for i in range(mu.size):
        for c in range(p):
            score[c] += design[i, c] * residual[i]
            for d in range(p):
                h[c, d] += design[i, c] * design[i, d] * mu[i]


@kernel
def _solve(h: Counts, right: Floats) -> bool:
    """Replace ``right`` by the solution and ``h`` by its Cholesky factor; False if singular."""
    p = right.size
    for c in range(p):
        for d in range(c + 1):
            value = h[c, d]
            for e in range(d):
                value -= h[c, e] * h[d, e]
            if c == d:
                if value <= 1e-10 * abs(h[c, c]) or not np.isfinite(value):
                    return False
                h[c, c] = np.sqrt(value)
            else:
                h[c, d] = value / h[d, d]
    for c in range(p):
        for e in range(c):
            right[c] -= h[c, e] * right[e]
        right[c] /= h[c, c]
    for c in range(p - 1, -1, -1):
        for e in range(c + 1, p):
            right[c] -= h[e, c] * right[e]
        right[c] /= h[c, c]
    return True


@kernel
def _summary(y: Floats, mu: Floats, degrees: int, h: Counts, cell: Floats) -> None:
    """Unscaled variance of the slope, Pearson dispersion and deviance."""
    first = np.zeros(h.shape[0])
    first[0] = 1.0
    _solve(h, first)
    cell[1] = first[0]
    pearson, deviance = 0.0, 0.0
    for i in range(y.size):
        pearson += (y[i] - mu[i]) ** 2 / mu[i]
        deviance += mu[i] - y[i]
        if y[i] > 0.0:
            deviance += y[i] * np.log(y[i] / mu[i])
    cell[2] = pearson / degrees
    cell[3] = 2.0 * deviance


@kernel
def _fit(y: Floats, factors: Floats, design: Counts, cell: Floats) -> None:
    """Newton steps from a flat line; ``cell`` stays NaN when they do not settle."""
    n, p = design.shape
    beta, score = np.zeros(p), np.zeros(p)
    h = np.zeros((p, p))
    beta[1] = np.log(y.sum() / factors.sum())
    mu = factors * np.exp(beta[1])
    for _ in range(50):
        _information(design, mu, y - mu, h, score)
        if not _solve(h, score):
            return
        largest = 0.0
        for c in range(p):
            largest = max(largest, abs(score[c]))
        # Long steps overshoot where a window is all but empty at one end.
        beta += score * min(1.0, 2.0 / largest) if largest > 0.0 else score
        mu = factors * np.exp(np.dot(design, beta))
        if largest < 1e-9:
            _information(design, mu, y - mu, h, score)
            cell[0] = beta[0]
            _summary(y, mu, n - p, h, cell)
            return


@kernel
def _fit_windows(
    counts: Counts, factors: Counts, design: Counts, enough: NDArray[np.bool_], fit: Counts
) -> None:
    """Rate, its unscaled variance, dispersion and deviance, into shape (4, W, A)."""
    window = design.shape[0]
    cell = np.empty(4)
    for a in range(counts.shape[1]):
        y, f = counts[:, a].copy(), factors[:, a].copy()
        for start in range(enough.shape[0]):
            if enough[start, a]:
                cell[:] = np.nan
                _fit(y[start : start + window], f[start : start + window], design, cell)
                for c in range(4):
                    fit[c, start, a] = cell[c]
