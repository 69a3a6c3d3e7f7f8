"""Reporting triangles with known truth, and real line lists where they are at hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from metrics.delays.reporting_delay import ReportingDelay

Floats = NDArray[np.float64]
H = np.arange(29)
DELAY = (H + 0.5) * np.exp(-H / 2.7) / ((H + 0.5) * np.exp(-H / 2.7)).sum()
DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def reported(
    rng: np.random.Generator, cases: Floats, pmf: Floats = DELAY, week: Floats | None = None
) -> Floats:
    """Cases (T, A) spread over delays, shape (T, D + 1, A); nothing is cut off."""
    days, areas = cases.shape
    weights = (
        pmf
        * (np.ones(7) if week is None else week)[
            (np.arange(days)[:, None] + np.arange(pmf.size)) % 7
        ]
    )
    weights /= weights.sum(axis=1, keepdims=True)
    drawn = rng.multinomial(cases.astype(np.int64), np.repeat(weights[:, None], areas, axis=1))
    return np.moveaxis(drawn, 2, 1).astype(np.float64)


def known(triangle: Floats) -> Floats:
    """Cases by onset day reported by the last day."""
    days = triangle.shape[0]
    rows = np.arange(days)
    return np.asarray(
        triangle.cumsum(axis=1)[rows, np.minimum(days - 1 - rows, triangle.shape[1] - 1)]
    )


def fixed_delay(pmf: Floats = DELAY) -> ReportingDelay:
    """A delay taken for known, without weekdays."""
    one = np.ones(1)[0]
    return ReportingDelay(pmf, np.ones(7), 1e4 * one, one, np.array(0, dtype=np.int8))


@pytest.fixture
def spread() -> Callable[..., Floats]:
    return reported


@pytest.fixture
def seen() -> Callable[[Floats], Floats]:
    return known


@pytest.fixture
def as_delay() -> Callable[..., ReportingDelay]:
    return fixed_delay


@pytest.fixture
def delay_pmf() -> Floats:
    return np.array(DELAY)


@pytest.fixture
def toronto() -> Floats:
    """Triangle of a complete line list, delays to 28 days, shape (234, 29)."""
    path = DATA / "toronto_linelist" / "toronto_covid19_cases.csv"
    if not path.is_file():
        pytest.skip(f"the Toronto line list is not at {path}")
    table = pd.read_csv(path, usecols=["Episode Date", "Reported Date"], parse_dates=[0, 1])
    onset = (table["Episode Date"] - pd.Timestamp("2020-02-15")).dt.days.to_numpy()
    lag = (table["Reported Date"] - table["Episode Date"]).dt.days.to_numpy()
    usable = (onset >= 0) & (lag >= 0) & (lag <= 28)
    triangle = np.zeros((int((onset + lag)[usable].max()) + 1, 29))
    np.add.at(triangle, (onset[usable], lag[usable]), 1.0)
    return triangle


@pytest.fixture
def ontario() -> pd.DataFrame:
    """Cases by onset day (rows) as known in each snapshot (columns)."""
    path = DATA / "ontario_snapshots" / "ontario_linelist_snapshots_to_2020-04-25.csv.gz"
    if not path.is_file():
        pytest.skip(f"the Ontario snapshots are not at {path}")
    table = pd.read_csv(path, usecols=["snapshot_date", "Accurate_Episode_Date"])
    table["onset"] = pd.to_datetime(table["Accurate_Episode_Date"], errors="coerce")
    table["seen"] = pd.to_datetime(table["snapshot_date"])
    return pd.crosstab(table["onset"], table["seen"])
