"""CUSUM: small excesses that add up week after week.

Estimand: none; a rule. It finds a lasting small rise sooner than a rule that looks at one week,
and a single high week later.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.incidence import Counts, as_given, checked_counts
from metrics.kernel import kernel
from metrics.quantiles import Floats

Transform = Literal["standard", "rossi"]
Expected = Literal["mean", "harmonic"]
YEAR = 52.0


@dataclass(frozen=True, slots=True)
class Cusum:
    """One-sided cumulative sum over W weeks (and A areas).

    ``t`` are 1-based weeks, shape (W,). The rest has shape (W,) or (W, A): ``expected`` count
    in control; ``cusum`` in standard deviations; ``bound`` the count from which the week
    signals, 0 where any count does; ``signal``.
    """

    t: NDArray[np.int64]
    expected: Floats
    cusum: Floats
    bound: Floats
    signal: NDArray[np.bool_]


def cusum(
    counts: ArrayLike,
    *,
    start: int,
    reference: float = 1.04,
    limit: float = 2.26,
    expected: Expected = "mean",
    transform: Transform = "rossi",
    restart: bool = False,
) -> Cusum:
    """Add up standardised excesses from week ``start`` on, the weeks before being in control.

    Parameters
    ----------
    counts
        Cases per week, shape (T,) or (T, A), consecutive weeks.
    start
        First week (1-based) that is judged; the weeks before give the expected count.
    reference
        Excess in standard deviations that does not count: half the shift to be found.
    limit
        The week signals from this sum on. 1.04 and 2.26 give a false signal every 500 weeks
        for normal, independent values; counts that scatter more than Poisson signal far more
        often.
    expected
        ``mean`` of the weeks before, or a Poisson regression on them with one ``harmonic`` of
        52 weeks (two years of weeks at least).
    transform
        ``standard``: (y - m)/sqrt(m). ``rossi``: (y - 3m + 2 sqrt(ym))/(2 sqrt(m)), nearer to
        normal in small counts.
    restart
        Begin again at 0 after each signal. Otherwise an outbreak keeps it signalling for weeks.

    Raises
    ------
    ValueError
        If a count, the start, the reference or the limit is unusable, or an area had no case
        before the start (nothing can be expected then); names it.

    References
    ----------
    Rossi, Lampugnani & Marchi 1999, Stat Med 18:2111; Page 1954, Biometrika 41:100,
    doi:10.1093/biomet/41.1-2.100.
    """
    table = checked_counts(counts)
    weeks = table.shape[0]
    least = 2 * int(YEAR) + 1 if expected == "harmonic" else 8
    if not least <= start <= weeks:
        raise ValueError(f"start {start}: {expected} needs it to be {least} to the {weeks} weeks")
    if not (0.0 <= reference < np.inf and 0.0 < limit < np.inf):
        raise ValueError(f"reference {reference}, limit {limit}: give 0 or more, and above 0")
    before = table[: start - 1]
    empty = np.flatnonzero(before.sum(axis=0) == 0.0)
    if empty.size:
        raise ValueError(f"area {empty[0]}: no case in the {start - 1} weeks before week {start}")
    mean = np.broadcast_to(before.mean(axis=0), (weeks - start + 1, table.shape[1]))
    if expected == "harmonic":
        mean = _harmonic(before, weeks)[start - 1 :]
    total, bound = np.zeros(mean.shape), np.zeros(mean.shape)
    rule = reference, limit
    standard = transform == "standard"
    _accumulate(table[start - 1 :], mean.copy(), rule, (standard, restart), total, bound)
    single = np.ndim(counts) == 1
    return Cusum(
        t=np.arange(start, weeks + 1),
        expected=as_given(mean, single=single),
        cusum=as_given(total, single=single),
        bound=as_given(np.ceil(bound) if standard else bound, single=single),
        signal=as_given(total >= limit, single=single),
    )


def _harmonic(before: Counts, weeks: int) -> Counts:
    """Poisson means of all weeks, by Newton steps for all areas at once, shape (T, A)."""
    angle = 2.0 * np.pi * np.arange(1, weeks + 1) / YEAR
    design = np.column_stack([np.ones(weeks), np.cos(angle), np.sin(angle)])
    past = design[: before.shape[0]]
    beta = np.zeros((3, before.shape[1]))
    beta[0] = np.log(before.mean(axis=0))
    for _ in range(50):
        mu = np.exp(past @ beta)
        cross = np.einsum("tp,ta,tq->apq", past, mu, past)
        step = np.linalg.solve(cross, (past.T @ (before - mu)).T[:, :, None])[:, :, 0].T
        # Weeks all but without cases make long steps; half a unit at a time is safe.
        beta += np.clip(step, -0.5, 0.5)
        if np.abs(step).max() < 1e-10:
            break
    return np.asarray(np.exp(design @ beta))


@kernel
def _accumulate(
    counts: Counts,
    mean: Counts,
    rule: tuple[float, float],
    form: tuple[bool, bool],
    total: Counts,
    bound: Counts,
) -> None:
    reference, limit = rule
    standard, restart = form
    for a in range(counts.shape[1]):
        level = 0.0
        for t in range(counts.shape[0]):
            m = mean[t, a]
            root = np.sqrt(m)
            needed = limit + reference - level
            if standard:
                x = (counts[t, a] - m) / root
                bound[t, a] = max(0.0, m + root * needed)
            else:
                x = (counts[t, a] - 3.0 * m + 2.0 * np.sqrt(counts[t, a] * m)) / (2.0 * root)
                inner = 4.0 * m + 2.0 * root * needed
                if inner > m:  # else even no case at all signals
                    bound[t, a] = (np.sqrt(inner) - root) ** 2
            level = max(0.0, level + x - reference)
            total[t, a] = level
            if restart and level >= limit:
                level = 0.0
