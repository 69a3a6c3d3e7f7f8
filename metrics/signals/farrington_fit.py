"""The regression inside the Farrington algorithms, for millions of area-weeks.

Quasi-Poisson with log link, fitted twice: past outbreaks show as large residuals of the first
fit and count less in the second.
"""

import numpy as np
from numpy.typing import NDArray

from metrics.incidence import Counts
from metrics.kernel import kernel
from metrics.quantiles import Floats

# Columns of a fitted row.
MEAN, VARIANCE, PHI, PHI_REWEIGHTED, TREND = range(5)
COLUMNS = 5


@kernel
def _factor(h: Counts) -> bool:
    """Cholesky factor in place of a symmetric matrix; False if it is not positive definite."""
    p = h.shape[0]
    for c in range(p):
        for k in range(c):
            h[c, c] -= h[c, k] ** 2
        if not h[c, c] > 0.0:
            return False
        h[c, c] = np.sqrt(h[c, c])
        for e in range(c + 1, p):
            for k in range(c):
                h[e, c] -= h[e, k] * h[c, k]
            h[e, c] /= h[c, c]
    return True


@kernel
def _forward(h: Counts, right: Floats) -> None:
    for c in range(right.size):
        for k in range(c):
            right[c] -= h[c, k] * right[k]
        right[c] /= h[c, c]


@kernel
def _backward(h: Counts, right: Floats) -> None:
    for c in range(right.size - 1, -1, -1):
        for k in range(c + 1, right.size):
            right[c] -= h[k, c] * right[k]
        right[c] /= h[c, c]


@kernel
def _weigh(design: Counts, weight: Floats, working: Floats, h: Counts, right: Floats) -> None:
    """Weighted cross products, lower triangle of X'WX and X'Wz."""
    n, p = design.shape
    h[:] = 0.0
    right[:] = 0.0
    for i in range(n):
        for c in range(p):
            wx = weight[i] * design[i, c]
            if wx != 0.0:
                right[c] += wx * working[i]
                for e in range(c + 1):
                    h[c, e] += wx * design[i, e]


@kernel
def _regress(y: Floats, design: Counts, weight: Floats, mu: Floats, h: Counts) -> Floats:
    """Coefficients by iterated least squares, NaN if they fail; leaves ``mu`` and the factor.

    A season without any case has its mean at 0 and its coefficient at minus infinity: the
    steps stop when they no longer improve the fit, as the deviance says.
    """
    beta = np.full(design.shape[1], np.nan)
    right = np.zeros(design.shape[1])
    eta = np.log(y + 0.1)
    mu[:] = y + 0.1
    before = np.inf
    for _ in range(60):
        _weigh(design, weight * mu, eta + (y - mu) / mu, h, right)
        if not _factor(h):
            beta[:] = np.nan
            return beta
        _forward(h, right)
        _backward(h, right)
        beta[:] = right
        eta = np.dot(design, beta)
        mu[:] = np.exp(np.minimum(np.maximum(eta, -25.0), 50.0))
        deviance = 0.0
        for i in range(y.size):
            deviance += weight[i] * (mu[i] - y[i])
            if y[i] > 0.0:
                deviance += weight[i] * y[i] * np.log(y[i] / mu[i])
        if abs(before - deviance) < 1e-12 * (deviance + 0.1):
            break
        before = deviance
    _weigh(design, weight * mu, eta, h, right)
    if not _factor(h):
        beta[:] = np.nan
    return beta


@kernel
def _dispersion(y: Floats, mu: Floats, weight: Floats, degrees: int) -> float:
    pearson = 0.0
    for i in range(y.size):
        pearson += weight[i] * (y[i] - mu[i]) ** 2 / mu[i]
    return pearson / degrees


@kernel
def _reweight(
    y: Floats, design: Counts, mu: Floats, h: Counts, above: float, weight: Floats
) -> None:
    """Weights from standardised Anscombe residuals, summing to the number of weeks."""
    n, p = design.shape
    phi = max(1.0, _dispersion(y, mu, weight, n - p))
    row = np.zeros(p)
    total = 0.0
    for i in range(n):
        row[:] = design[i]
        _forward(h, row)
        leverage = mu[i] * np.dot(row, row)
        residual = 1.5 * (y[i] ** (2.0 / 3.0) - mu[i] ** (2.0 / 3.0))
        residual /= mu[i] ** (1.0 / 6.0) * np.sqrt(phi * max(1.0 - leverage, 1e-9))
        weight[i] = residual**-2.0 if residual > above else 1.0
        total += weight[i]
    for i in range(n):
        weight[i] *= n / total


@kernel
def _fit(y: Floats, design: Counts, above: float, row: Floats) -> float:
    """Fill a row for the current week (row of intercepts); returns the trend's t statistic."""
    n, p = design.shape
    h, mu, weight = np.zeros((p, p)), np.zeros(n), np.ones(n)
    row[:] = np.nan
    beta = _regress(y, design, weight, mu, h)
    if np.isnan(beta[0]):
        return 0.0
    _reweight(y, design, mu, h, above, weight)
    beta = _regress(y, design, weight, mu, h)
    if np.isnan(beta[0]):
        return 0.0
    scale = _dispersion(y, mu, weight, n - p)
    current, trend = np.zeros(p), np.zeros(p)
    current[0] = 1.0
    _forward(h, current)
    trend[p - 1] = 1.0
    _forward(h, trend)
    reweighted = 0.0
    for i in range(n):
        reweighted += weight[i] * ((y[i] - mu[i]) / mu[i]) ** 2
    row[0] = np.exp(beta[0])
    row[1] = np.dot(current, current)
    row[2] = max(1.0, scale)
    row[3] = reweighted / (n - p)
    row[4] = beta[p - 1]
    spread = np.sqrt(scale * np.dot(trend, trend))
    return beta[p - 1] / spread if spread > 0.0 else 0.0


@kernel
def fit_weeks(
    counts: Counts,
    weeks: NDArray[np.int64],
    offsets: NDArray[np.int64],
    design: Counts,
    rule: tuple[float, float, float],
    fitted: Counts,
) -> None:
    """Fit each week of each area to its reference weeks, into shape (W, A, 5).

    ``offsets`` are the reference weeks counted from the current one, ``design`` their columns:
    level, seasons, and the trend last, 0 in the current week. ``rule`` holds the residual above
    which weeks count less, the least |t| of a trend that is kept, and the expected count of an
    area whose reference weeks hold no case.
    """
    above, least_t, floor = rule
    n, p = design.shape
    without_trend = np.ascontiguousarray(design[:, : p - 1])
    y = np.zeros(n)
    for i in range(weeks.size):
        for a in range(counts.shape[1]):
            row = fitted[i, a]
            highest = 0.0
            for j in range(n):
                y[j] = counts[weeks[i] + offsets[j], a]
                highest = max(highest, y[j])
            if highest == 0.0:
                row[:] = 0.0
                row[0] = floor
                row[2] = 1.0
                continue
            t = _fit(y, design, above, row)
            if not (abs(t) >= least_t and row[0] <= highest):
                _fit(y, without_trend, above, row)
                row[4] = 0.0
