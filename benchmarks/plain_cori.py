"""Plain Cori: 1,740 areas x 1,200 days, 3 quantiles, against honest other sides.

Every side gets the same counts, serial interval (30 lags), window and levels, and leaves mean
and quantiles. CPU seconds of this process; the smallest of several runs.
Budget: 2,000 times faster than EpiEstim per area, at most 15 times the cost of touching the arrays.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import gamma

from metrics.quantiles import count_table
from metrics.transmission.cori import cori
from metrics.transmission.serial_interval import discretise_gamma

DAYS, AREAS, WINDOW = 1_200, 1_740, 7
LEVELS = (0.025, 0.5, 0.975)
SAMPLE = 20  # areas given to the slow side, scaled up
EPIESTIM_CPU_SECONDS = 0.23  # stored: EpiEstim 2.2.4, 1,000 days, 7 quantiles; not run here
BUDGET_EPIESTIM, BUDGET_TOUCH = 2_000.0, 15.0

Floats = NDArray[np.float64]


def simulated() -> Floats:
    rng = np.random.default_rng(20_261_121)
    level = np.exp(rng.normal(0.0, 2.0, AREAS))
    wave = np.exp(np.sin(np.arange(DAYS)[:, None] / 60 + rng.uniform(0, 6, AREAS)))
    return rng.poisson(level * wave).astype(np.float64)


def seconds(work: Callable[[], object], runs: int) -> float:
    spent = []
    for _ in range(runs):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def per_area(cases: Floats, pmf: Floats) -> list[Floats]:
    """The usual way: one area after the other, scipy's gamma distribution."""
    result = []
    for column in cases.T:
        past = lfilter(pmf, [1.0], column)
        ones = np.ones(WINDOW)
        shape = 1.0 + np.convolve(column[1:], ones, "valid")
        scale = 1.0 / (0.2 + np.convolve(past[1:], ones, "valid"))
        result.append(
            np.stack([shape * scale, *(gamma.ppf(q, shape, scale=scale) for q in LEVELS)])
        )
    return result


def touch(cases: Floats) -> list[NDArray[np.float32]]:
    """Copy the counts in, write mean and three quantiles to new arrays, as the estimator does."""
    taken = cases.copy()
    return [np.full(cases.shape, taken[0, i], np.float32) for i in range(4)]


def main() -> int:
    cases, pmf = simulated(), discretise_gamma(4.7, 2.9, 30)

    def ours() -> object:
        return cori(cases, cases, pmf, window=WINDOW, quantiles=LEVELS, dtype=np.float32)

    start = time.process_time()
    ours()
    first = time.process_time() - start
    warm = seconds(ours, 7)

    def without_table() -> object:
        count_table.cache_clear()
        return ours()

    cold = seconds(without_table, 3)
    sample = np.ascontiguousarray(cases[:, :SAMPLE])
    slow = seconds(lambda: per_area(sample, pmf), 3) / SAMPLE
    exact = cori(sample, sample, pmf, window=WINDOW, quantiles=LEVELS)
    other = np.stack(per_area(sample, pmf), axis=-1)
    worst = float(np.abs(exact.quantiles / other[1:] - 1).max())
    floor = seconds(lambda: touch(cases), 7)

    area = warm / AREAS
    faster = EPIESTIM_CPU_SECONDS * DAYS / 1_000 / area
    touches = warm / floor
    print(f"plain Cori, {AREAS:,} areas x {DAYS:,} days, window {WINDOW}, 3 quantiles, CPU s")
    print(f"  ours, warm               {warm:8.4f}   {area:.3g} per area")
    print(f"  ours, quantile table anew{cold:8.4f}   (first call in this process: {first:.2f})")
    print(f"  per-area scipy gamma.ppf {slow * AREAS:8.2f}   scaled from {SAMPLE} areas; same")
    print(f"                                      numbers to {worst:.1e}")
    print(f"  touching the arrays      {floor:8.4f}")
    print(f"ratio to per-area scipy, same run          {slow / area:10,.0f} x")
    print(
        f"ratio to EpiEstim                          {faster:10,.0f} x   budget"
        f" >= {BUDGET_EPIESTIM:,.0f}"
    )
    print(
        f"  (measured once, not in this run: {EPIESTIM_CPU_SECONDS} s CPU per area of"
        " 1,000 days with 7 quantiles, taken per day; not run here)"
    )
    print(
        f"cost in touches of the arrays              {touches:10.1f}     budget <= {BUDGET_TOUCH}"
    )
    return 0 if faster >= BUDGET_EPIESTIM and touches <= BUDGET_TOUCH else 1


if __name__ == "__main__":
    sys.exit(main())
