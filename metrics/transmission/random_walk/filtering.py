"""Filter and smooth R on a grid of its square roots: the loops behind ``smoother``.

A transition is one row of weights about the point left, normalised again where the grid ends.
Points whose probability is negligible are skipped, which is most of them.
"""

from math import lgamma, log

import numpy as np
from numpy.typing import NDArray

from metrics.incidence import Counts
from metrics.kernel import kernel
from metrics.quantiles import Floats

LEVELS = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
REACH = 4.0  # standard deviations of a daily step that are followed
MOST_EVIDENCE = 3.0  # log odds a single day can give: a holiday's dump is no change of R
_NEGLIGIBLE = 1e-30  # of the largest probability on the grid
# Rows of figures: a quantile per level, then these.
MEAN, ABOVE_1, ETA = LEVELS.size, LEVELS.size + 1, LEVELS.size + 2


def step_rows(steps: Floats, spacing: float) -> Floats:
    """Weights of a daily step of the root of R, one centred row a size."""
    reach = int(np.ceil(REACH * steps.max() / 2 / spacing))
    distance = np.arange(-reach, reach + 1) * spacing
    rows = np.exp(-0.5 * (distance / (steps[:, None] / 2)) ** 2)
    rows[np.abs(distance) > REACH * steps[:, None] / 2 + spacing] = 0.0
    return np.asarray(rows / rows.sum(axis=1, keepdims=True))


@kernel
def _halves(rows: Floats) -> NDArray[np.int64]:
    """How far each row reaches from its centre."""
    centre = rows.shape[1] // 2
    result = np.zeros(rows.shape[0], np.int64)
    for e in range(rows.shape[0]):
        while result[e] < centre and rows[e, centre + result[e] + 1] > 0.0:
            result[e] += 1
    return result


@kernel
def _kept(row: Floats, half: int, points: int) -> Floats:
    """Share of a step that stays on the grid, from each point."""
    centre = row.size // 2
    kept = np.zeros(points)
    for i in range(points):
        for d in range(max(-half, -i), min(half, points - 1 - i) + 1):
            kept[i] += row[centre + d]
    return kept


@kernel
def _bounds(prob: Floats) -> tuple[int, int]:
    """First and one past the last point that is not negligible; the rest becomes 0."""
    least = prob.max() * _NEGLIGIBLE
    low, high = 0, prob.size
    while prob[low] <= least:
        prob[low] = 0.0
        low += 1
    while prob[high - 1] <= least:
        prob[high - 1] = 0.0
        high -= 1
    return low, high


@kernel
def _spread(source: Floats, row: Floats, half: int, result: Floats) -> None:
    """Each point's weight spread over its neighbours; what leaves the grid is lost."""
    centre, points = row.size // 2, source.size
    result[:] = 0.0
    for i in range(points):
        weight = source[i]
        if weight > 0.0:
            low, high = max(-half, -i), min(half, points - 1 - i) + 1
            near, share = result[i + low : i + high], row[centre + low : centre + high]
            for d in range(near.size):
                near[d] += weight * share[d]


@kernel
def _log_count(cases: float, mean: float, phi: float) -> float:
    """Log probability of a count whose variance is phi times its mean (fractions by gamma)."""
    constant = lgamma(cases + 1.0)
    if phi < 1.0 + 1e-6:
        return cases * log(mean) - mean - constant
    size = mean / (phi - 1.0)
    spread = lgamma(cases + size) - lgamma(size) - constant
    return spread - size * log(phi) + cases * log((phi - 1.0) / phi)


@kernel
def _filter(
    course: tuple[Floats, Floats, Floats],
    root: Floats,
    walk: tuple[Floats, NDArray[np.int64], Floats],
    predicted: NDArray[np.float64],
    filtered: NDArray[np.float64],
    evidence: Floats,
) -> None:
    """Fill predicted and filtered, shape (E, D, m), and log evidence of each day, (E, D)."""
    cases, expected, phi = course
    rows, halves, kept = walk
    sizes, days, points = predicted.shape
    quasi, proper = np.empty(points), np.empty(points)
    for t in range(days):
        low, high = points, 0
        for e in range(sizes):
            if t == 0:
                # Exponential with median 1, in terms of the root.
                predicted[e, 0] = root * np.exp(-np.log(2.0) * root * root)
                predicted[e, 0] /= predicted[e, 0].sum()
            else:
                _spread(filtered[e, t - 1] / kept[e], rows[e], halves[e], predicted[e, t])
            left, right = _bounds(predicted[e, t])
            low, high = min(low, left), max(high, right)
        if expected[t] > 0.0:
            for i in range(low, high):
                mean = root[i] * root[i] * expected[t]
                quasi[i] = (cases[t] * np.log(mean) - mean) / phi[t]
                proper[i] = _log_count(cases[t], mean, phi[t])
            top, best = quasi[low:high].max(), proper[low:high].max()
            quasi[low:high] = np.exp(quasi[low:high] - top)
            proper[low:high] = np.exp(proper[low:high] - best)
        for e in range(sizes):
            evidence[e, t] = 0.0
            filtered[e, t] = predicted[e, t]
            if expected[t] > 0.0:
                chance = 0.0
                for i in range(low, high):
                    chance += predicted[e, t, i] * proper[i]
                    filtered[e, t, i] *= quasi[i]
                evidence[e, t] = np.log(max(chance, 1e-300))
            filtered[e, t] /= filtered[e, t].sum()
            _bounds(filtered[e, t])


@kernel
def _smooth(
    later: Floats,
    predicted: Floats,
    filtered: Floats,
    walk: tuple[Floats, int, Floats],
    result: Floats,
) -> None:
    """One step back: from the smoothed next day and its prediction to this day."""
    row, half, kept = walk
    ratio = np.zeros(later.size)
    for j in range(later.size):
        if later[j] > 0.0 and predicted[j] > 0.0:
            ratio[j] = later[j] / predicted[j]
    _spread(ratio, row, half, result)  # a row is the same in both directions
    result *= filtered / kept
    result /= result.sum()
    _bounds(result)


@kernel
def _weights(evidence: Floats, keep: float, causal: float) -> Floats:
    """Weights of the sizes on each day, (E, D), from the evidence of the days around it."""
    sizes, days = evidence.shape
    total = evidence.copy()
    for t in range(days):
        total[:, t] = np.maximum(total[:, t], total[:, t].max() - MOST_EVIDENCE)
    single = total.copy()
    for t in range(1, days):
        total[:, t] += keep * total[:, t - 1]
    if causal == 0.0:
        later = np.zeros(sizes)
        for t in range(days - 2, -1, -1):
            later = keep * (later + single[:, t + 1])
            total[:, t] += later
    for t in range(days):
        total[:, t] = np.exp(total[:, t] - total[:, t].max())
        total[:, t] /= total[:, t].sum()
    return total


@kernel
def _summarise(prob: Floats, root: Floats, figures: Floats) -> None:
    """Five quantiles, mean and P(R > 1); each point spreads over its cell."""
    spacing = root[1] - root[0]
    below, mean, q, at_one = 0.0, 0.0, 0, 1.0
    for i in range(root.size):
        start = root[i] - 0.5 * spacing
        while q < LEVELS.size and below + prob[i] >= LEVELS[q]:
            figures[q] = max(start + spacing * (LEVELS[q] - below) / prob[i], 0.0) ** 2
            q += 1
        if start <= 1.0 < start + spacing:
            at_one = below + prob[i] * (1.0 - start) / spacing
        below += prob[i]
        mean += prob[i] * root[i] * root[i]
    figures[LEVELS.size] = mean
    figures[LEVELS.size + 1] = 1.0 - at_one


@kernel
def fill_posterior(
    course: tuple[Counts, Counts, Counts],
    root: Floats,
    rows: Floats,
    setting: tuple[float, float, int, Floats],
    figures: NDArray[np.float64],
) -> None:
    """Filter and smooth area by area; ``figures`` has shape (8, D shown, A).

    The first ``unclear`` days tell nothing about the size of the walk.
    """
    keep, causal, unclear, etas = setting
    days, areas = course[0].shape
    sizes, points, shown = rows.shape[0], root.size, figures.shape[1]
    halves = _halves(rows)
    kept = np.empty((sizes, points))
    for e in range(sizes):
        kept[e] = _kept(rows[e], halves[e], points)
    predicted = np.empty((sizes, days, points))
    filtered = np.empty((sizes, days, points))
    evidence = np.empty((sizes, days))
    mixed = np.empty((shown, points))
    back = np.empty(points)
    for a in range(areas):
        own = (course[0][:, a].copy(), course[1][:, a].copy(), course[2][:, a].copy())
        _filter(own, root, (rows, halves, kept), predicted, filtered, evidence)
        evidence[:, :unclear] = 0.0
        weights = _weights(evidence, keep, causal)[:, days - shown :]
        mixed[:] = 0.0
        for e in range(sizes):
            current = filtered[e, days - 1]
            for t in range(days - 1, days - shown - 1, -1):
                if causal > 0.0:
                    current = filtered[e, t]
                elif t < days - 1:
                    walk = (rows[e], halves[e], kept[e])
                    _smooth(current, predicted[e, t + 1], filtered[e, t], walk, back)
                    current = back.copy()
                mixed[t - days + shown] += weights[e, t - days + shown] * current
        for t in range(shown):
            _summarise(mixed[t], root, figures[:7, t, a])
            figures[7, t, a] = (weights[:, t] * etas).sum()
