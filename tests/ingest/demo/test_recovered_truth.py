"""The product's R against the R that made the demonstration, by region and day.

Estimand: the infectiousness-weighted mean of R over the window, by onset date. The first 60 and
the last 21 days are left out, and windows with fewer than 10 cases. Line lists do not tell
imported cases, so the estimators are given all cases as local ones, as the product does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.demo.cases.persons import make_persons
from ingest.demo.cases.transmission import simulate
from ingest.demo.generate import SEED
from ingest.demo.places import Geography, read_geography
from metrics.transmission.cori import cori
from metrics.transmission.reproduction import reproduction

Floats = NDArray[np.float64]
WINDOW, LEFT_OUT_FIRST, LEFT_OUT_LAST, LEAST_CASES = 7, 60, 21, 10
PROMISED = 0.90


@dataclass(frozen=True)
class Course:
    """The demonstration's epidemic by region: arrays of shape (days, regions)."""

    by_onset: Floats
    by_report: Floats
    expected_local: Floats
    infectiousness: Floats
    pmf: Floats
    names: list[str]

    def estimand(self) -> Floats:
        """Return the true windowed R of each window, the first one starting on day 2."""

        def sums(daily: Floats) -> Floats:
            total = np.cumsum(np.vstack([np.zeros(daily.shape[1]), daily]), axis=0)
            result: Floats = (total[WINDOW:] - total[:-WINDOW])[1:]
            return result

        with np.errstate(divide="ignore", invalid="ignore"):
            truth: Floats = sums(self.expected_local) / sums(self.infectiousness)
        return truth


@pytest.fixture(scope="module")
def course() -> Course:
    geography = read_geography()
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(SEED).spawn(6)]
    epidemic = simulate(geography, streams[0], months=18, scale=1.0)
    persons = make_persons(epidemic, geography, streams[1])
    shown = slice(epidemic.burn_in, None)
    infectiousness = epidemic.infectiousness()
    days = epidemic.local[shown].shape[0]
    region = geography.province_region
    placed = persons.province >= 0
    start = epidemic.observed_from.toordinal()
    reports = np.zeros((days, len(geography.regions)))
    day = persons.report[placed] - start
    kept = (day >= 0) & (day < days)
    np.add.at(reports, (day[kept], region[persons.province[placed][kept]]), 1.0)
    return Course(
        by_onset=by_region(geography, epidemic.local + epidemic.imported)[shown],
        by_report=reports,
        expected_local=by_region(geography, epidemic.r_true * infectiousness)[shown],
        infectiousness=by_region(geography, infectiousness)[shown],
        pmf=np.asarray(epidemic.serial_interval),
        names=geography.region_names,
    )


def by_region(geography: Geography, daily: NDArray[np.generic]) -> Floats:
    """Sum provinces to regions."""
    result = np.zeros((daily.shape[0], len(geography.regions)))
    np.add.at(result.T, geography.province_region, daily.T.astype(np.float64))
    return result


def held(course: Course, cases: Floats, low: Floats, high: Floats) -> tuple[float, int, Floats]:
    """Return the share of windows whose range holds the truth, how many, and by region."""
    truth = course.estimand()
    total = np.cumsum(np.vstack([np.zeros(cases.shape[1]), cases]), axis=0)
    in_window = (total[WINDOW:] - total[:-WINDOW])[1:]
    rated = (in_window >= LEAST_CASES) & np.isfinite(truth)
    rated[:LEFT_OUT_FIRST] = False
    rated[-LEFT_OUT_LAST:] = False
    inside = (low <= truth) & (truth <= high)
    with np.errstate(invalid="ignore"):
        regions = (inside & rated).sum(axis=0) / rated.sum(axis=0)
    return float(inside[rated].mean()), int(rated.sum()), regions


def test_the_ranges_of_r_hold_the_true_r_of_the_demonstration(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    national = course.by_onset.sum(axis=1)
    parent = reproduction(national, national, course.pmf, window=WINDOW)
    found = reproduction(
        course.by_onset, course.by_onset, course.pmf, window=WINDOW,
        alpha_parent=parent.alpha[:, None],
    )  # fmt: skip
    share, windows, regions = held(course, course.by_onset, found.low, found.high)
    plain = cori(course.by_onset, course.by_onset, course.pmf, window=WINDOW)
    of_plain, _, _ = held(course, course.by_onset, plain.quantiles[0], plain.quantiles[-1])
    late = reproduction(course.by_report, course.by_report, course.pmf, window=WINDOW)
    of_report, _, _ = held(course, course.by_report, late.low, late.high)
    width = np.nanmedian((found.high - found.low)[LEFT_OUT_FIRST:-LEFT_OUT_LAST])
    with capsys.disabled():
        print(
            f"\n  R of the demonstration, {windows:,} region-days: range held {share:.3f} "
            f"(median width {width:.2f}); plain Cori {of_plain:.3f}; by report date {of_report:.3f}"
            f"\n  by region {np.nanmin(regions):.2f} ({course.names[int(np.nanargmin(regions))]}) "
            f"to {np.nanmax(regions):.2f}, median {np.nanmedian(regions):.2f}"
        )
    assert windows > 3000
    assert share >= PROMISED
