"""EpiFilter as published and with normalised rows, for comparison; Poisson, one fixed step.

On days without infectiousness the published kernel lets probability gather at the low end of
the grid; ``metrics.transmission.random_walk.smoother`` corrects that and allows for overdispersion.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from metrics.incidence import Counts, checked_counts
from metrics.quantiles import Floats


@dataclass(frozen=True, slots=True)
class EpiFilterEstimate:
    """R of each day, shape (T,) each: means and ends of 95 % intervals (grid points)."""

    filter_mean: Floats
    filter_low: Floats
    filter_high: Floats
    mean: Floats
    low: Floats
    high: Floats


def epifilter(
    local: ArrayLike,
    expected: ArrayLike,
    *,
    eta: float = 0.1,
    points: int = 200,
    published: bool = False,
) -> EpiFilterEstimate:
    """Filter and smooth one series on a linear grid of R from 0.01 to 10.

    Parameters
    ----------
    local
        Cases infected in the area, per day, shape (T,). Those of the first day are not used: R
        is uniform on the grid there.
    expected
        Infectiousness of each day, shape (T,); its first value is not used.
    eta
        Size of the daily step of R at R = 1.
    points
        Grid points.
    published
        Step sizes taken from where the walk arrives, rows not normalised, as in the paper's
        code; else from where it leaves, rows normalised.

    Raises
    ------
    ValueError
        If counts are unusable, shapes differ or eta is not above 0; names the value.

    References
    ----------
    Parag 2021, PLoS Comput Biol 17:e1009347, doi:10.1371/journal.pcbi.1009347.
    """
    cases = checked_counts(local, "local")[:, 0]
    due = checked_counts(expected, "expected")[:, 0]
    if np.ndim(local) != 1 or due.shape != cases.shape:
        raise ValueError(f"local cases have shape {np.shape(local)}, expected {np.shape(expected)}")
    if not eta > 0:
        raise ValueError(f"size of the walk of R: {eta}; it must be above 0")
    grid = np.linspace(0.01, 10.0, points)
    step = _transition(grid, eta, published=published)
    predicted, filtered = _filter(cases, due, grid, step)
    smoothed = filtered.copy()
    for t in range(cases.size - 2, -1, -1):
        positive = predicted[t + 1] > 0
        ratio = np.divide(smoothed[t + 1], predicted[t + 1], out=np.zeros(points), where=positive)
        smoothed[t] = filtered[t] * (ratio @ step if published else step @ ratio)
        smoothed[t] /= smoothed[t].sum()
    first, last = _summary(filtered, grid), _summary(smoothed, grid)
    return EpiFilterEstimate(*first, *last)


def _transition(grid: Floats, eta: float, *, published: bool) -> Counts:
    """Density of moving from row to column."""
    to = grid[None, :]
    leave = grid[:, None]
    size = eta * np.sqrt(to if published else leave)
    density = np.exp(-0.5 * ((to - leave) / size) ** 2)
    if published:
        return np.asarray(density / (size * np.sqrt(2 * np.pi)))
    return np.asarray(density / density.sum(axis=1, keepdims=True))


def _filter(cases: Floats, due: Floats, grid: Floats, step: Counts) -> tuple[Counts, Counts]:
    predicted = np.full((cases.size, grid.size), 1.0 / grid.size)
    filtered = predicted.copy()
    for t in range(1, cases.size):
        predicted[t] = filtered[t - 1] @ step
        mean = due[t] * grid
        with np.errstate(divide="ignore"):
            likely = cases[t] * np.log(mean) - mean if cases[t] > 0 else -mean
        # Cases without infectiousness are impossible here whatever R; they teach nothing.
        filtered[t] = predicted[t] * (np.exp(likely - likely.max()) if due[t] > 0 else 1.0)
        filtered[t] /= filtered[t].sum()
    return predicted, filtered


def _summary(prob: Counts, grid: Floats) -> tuple[Floats, Floats, Floats]:
    below = prob.cumsum(axis=1)
    low = grid[(below >= 0.025).argmax(axis=1)]
    high = grid[(below >= 0.975).argmax(axis=1)]
    return prob @ grid, low, high
