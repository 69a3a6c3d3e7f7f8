"""Epidemics with known R, and the reference values; no test draws its own."""

import csv
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.transmission.serial_interval import discretise_gamma

Floats = NDArray[np.float64]
ROOT = Path(__file__).resolve().parents[2]
WEEK = np.array([1.30, 1.20, 1.10, 1.05, 0.95, 0.70, 0.70])


def _random_r(rng: np.random.Generator, days: int, series: int) -> Floats:
    """Four weeks above 1 and four below, by turns, by amounts the estimator cannot know."""
    block = np.arange(days) // 28
    sign = rng.choice([-1, 1], series) * np.where(block % 2, 1, -1)[:, None]
    return np.asarray(np.exp(sign * np.abs(rng.normal(0, 0.15, (block.max() + 1, series)))[block]))


@dataclass(frozen=True)
class Epidemic:
    """Simulated series, all of shape (T, N): N replicates as areas."""

    cases: Floats
    imported: Floats
    expected: Floats  # true Lambda
    r_true: Floats
    pmf: Floats

    def target(self, window: int) -> Floats:
        """Infectiousness-weighted mean of the true R, windows from day 2, (T - window, N)."""
        weighted = _sums(self.expected * self.r_true, window)
        return np.asarray(weighted / np.maximum(_sums(self.expected, window), 1e-300))

    def span_sums(self, values: Floats, start: NDArray[np.int64], end: NDArray[np.int64]) -> Floats:
        """Sums of values, shape (T, N), from day ``start`` (W, N) to ``end`` (W,), 1-based."""
        below = np.vstack([np.zeros((1, values.shape[1])), values.cumsum(axis=0)])
        return np.asarray(below[end] - np.take_along_axis(below, start - 1, axis=0))

    def span_target(self, start: NDArray[np.int64], end: NDArray[np.int64]) -> Floats:
        """Infectiousness-weighted mean of the true R over each window, (W, N); NaN without any."""
        due = self.span_sums(self.expected, start, end)
        weighted = self.span_sums(self.expected * self.r_true, start, end)
        return np.asarray(
            np.divide(weighted, due, out=np.full(due.shape, np.nan), where=due > 1e-6)
        )


def _sums(values: Floats, window: int) -> Floats:
    runs = np.lib.stride_tricks.sliding_window_view(values[1:], window, axis=0)
    return np.asarray(runs.sum(axis=-1))


def r_course(kind: str, days: int) -> Floats:
    """R by day: constant 1, a sine about 1, or a step from 1.3 to 0.75."""
    t = np.arange(days)
    if kind == "sine":
        return np.asarray(np.exp(0.25 * np.sin(2 * np.pi * t / 70)))
    if kind == "step":
        return np.where(t < days * 0.55, 1.06, 0.85)
    return np.ones(days)


def simulate(
    kind: str = "constant",
    *,
    series: int,
    level: float = 100.0,
    size: float | None = None,
    weekday: bool = False,
    held: bool = False,
    days: int = 160,
    seed: int = 1,
    r_true: Floats | None = None,
    inflow: float | Floats = 0.0,
) -> Epidemic:
    """Renewal process started by ``level`` imports a day for 14 days; ``size`` is NB k.

    ``r_true``, shape (T, N) or (T, 1), replaces the course; ``inflow`` imports a day keep coming,
    a number or shape (T,).

    ``held`` lets R fall when cases exceed the level and rise below it: at R = 1 exactly, small
    epidemics drift and die out, and hardly a window could be rated.
    """
    rng = np.random.default_rng(seed)
    pmf = discretise_gamma(5.0, 3.0, 30)
    r = np.repeat(r_course(kind, days)[:, None], series, axis=1)
    if kind == "random":
        r = _random_r(rng, days, series)
    if r_true is not None:
        r = np.broadcast_to(r_true, (days, series)).copy()
    cases, imported, past = (np.zeros((days, series)) for _ in range(3))
    imported[:14] = rng.poisson(level, (14, series))
    steady = np.broadcast_to(np.asarray(inflow, dtype=np.float64), days)[14:, None]
    imported[14:] = rng.poisson(np.repeat(steady, series, axis=1))
    for t in range(days):
        for k in range(1, min(30, t) + 1):
            past[t] += pmf[k] * cases[t - k]
        if held:
            r[t] = np.clip((level / np.maximum(past[t], 1e-9)) ** 0.2, 0.5, 2.0)
        mu = r[t] * past[t] if t >= 14 else np.zeros(series)
        if size is not None:
            mu = mu * rng.gamma(size, 1 / size, series)
        cases[t] = imported[t] + rng.poisson(mu)
    if weekday:
        share = WEEK[np.arange(days) % 7][:, None]
        cases = np.floor(cases * share + rng.random(cases.shape))
        imported = np.minimum(np.floor(imported * share), cases)
    return Epidemic(cases, imported, past, r, pmf)


@pytest.fixture
def epidemic() -> Callable[..., Epidemic]:
    return simulate


@pytest.fixture(scope="session")
def calibration_table(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[dict[str, str | float]]]:
    """Rows of measured figures; logged and written to calibration.csv at the end."""
    rows: list[dict[str, str | float]] = []
    yield rows
    if not rows:
        return
    path = tmp_path_factory.mktemp("calibration") / "calibration.csv"
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    logging.getLogger(__name__).info("calibration table: %s", path)


@pytest.fixture
def golden() -> Path:
    return ROOT / "tests" / "golden" / "own"


@pytest.fixture
def reference_tools() -> Path:
    """Reference values on public data sets, which stay outside the project."""
    path = ROOT.parent / "shared" / "golden" / "reference_tools"
    if not path.is_dir():
        pytest.skip(f"reference values on public data are not at {path}")
    return path
