"""A renewal epidemic with a known reproduction number in every province.

The intended log incidence is drawn first, as national waves, regional and provincial Gaussian
processes and, in the last weeks, a stated growth rate per region; R follows from it through the
renewal equation. Cases are then simulated forward: E[I_t | past] = R_t Λ_t by onset date, where
R_t is the intended value damped slightly when past cases have drifted from the intended level
(so R_t is known before I_t is drawn, and outbreaks neither explode nor die out).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter

from ingest.demo.clock import LAST_DAY, first_onset
from kms.reference import load_diseases
from metrics.transmission.serial_interval import discretise_gamma
from metrics.trend.doubling import growth_from_reproduction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingest.demo.places import Geography

BURN_IN_DAYS = 60
DISEASE = "covid19"
LONGEST_SERIAL_INTERVAL_DAYS = 21
DISPERSION_SIZE = 8.0
DISPERSION_SIZE_NCR = 30.0
"""Seventeen cities pooled vary less, relative to their level, than one province."""
IMPORTED_SHARE = 0.01
IMPORTED_FLOOR_PER_DAY = 0.03
IMPORTED_SHARE_MOST = 0.12
"""Where few cases occur, imports are the larger share: they keep the infection from vanishing."""
DAMPING = 0.3
DAMPING_LAST = 0.12
DAMPING_DAYS = 21
MEAN_CASES_PER_DAY = 345.0
FINAL_PHASE_DAYS = 28


@dataclass(frozen=True)
class RegionPlan:
    """What a region's epidemic is meant to do: its share of all cases, its growth at the end."""

    share: float
    final_r: float


REGION_PLANS = {
    "0100000000": RegionPlan(0.060, 0.84),
    "0200000000": RegionPlan(0.036, 1.02),
    "0300000000": RegionPlan(0.110, 0.88),
    "0400000000": RegionPlan(0.180, 0.98),
    "0500000000": RegionPlan(0.032, 1.08),
    "0600000000": RegionPlan(0.090, 0.82),
    "0700000000": RegionPlan(0.072, 1.27),
    "0800000000": RegionPlan(0.028, 1.00),
    "0900000000": RegionPlan(0.022, 1.12),
    "1000000000": RegionPlan(0.034, 0.95),
    "1100000000": RegionPlan(0.043, 1.22),
    "1200000000": RegionPlan(0.030, 0.91),
    "1300000000": RegionPlan(0.230, 1.03),
    "1400000000": RegionPlan(0.026, 1.26),
    "1600000000": RegionPlan(0.012, 0.84),
    "1700000000": RegionPlan(0.006, 1.05),
    "1800000000": RegionPlan(0.018, 0.99),
    "1900000000": RegionPlan(0.0007, 1.00),
}


@dataclass(frozen=True)
class Step:
    """A sudden change of a province's growth rate, undone at the end of its period."""

    province: str
    first: date
    days: int
    growth_rate_per_day: float


STEPS = (
    Step("0702200000", date(2025, 9, 15), 28, 0.050),
    Step("0702200000", date(2025, 10, 13), 24, -0.060),
    Step("0603000000", date(2026, 2, 9), 21, 0.060),
    Step("0603000000", date(2026, 3, 2), 21, -0.065),
    Step("1705300000", date(2026, 6, 15), 28, 0.055),
    Step("1705300000", date(2026, 7, 13), 28, -0.055),
    Step("0405600000", date(2026, 9, 21), 35, 0.040),
)


@dataclass(frozen=True)
class Epidemic:
    """True daily incidence and R: arrays of shape (days, provinces), burn-in included."""

    first_day: date  # of the burn-in
    burn_in: int
    r_true: NDArray[np.float64]
    local: NDArray[np.int64]
    imported: NDArray[np.int64]
    returning: NDArray[np.int64]  # (days,), returning Filipinos without an area
    serial_interval: NDArray[np.float64]  # pmf, index = days, w_0 = 0

    @property
    def observed_from(self) -> date:
        """First onset date that enters the line list."""
        return self.first_day + timedelta(days=self.burn_in)

    def infectiousness(self) -> NDArray[np.float64]:
        """Λ_t = Σ_k w_k I_{t-k} over local and imported cases, shape (days, provinces)."""
        cases = (self.local + self.imported).astype(np.float64)
        return np.asarray(lfilter(self.serial_interval, [1.0], cases, axis=0))


def serial_interval_pmf() -> NDArray[np.float64]:
    """Discretise the serial interval that the disease file gives for the period simulated.

    The truth and the product's default thus agree; an estimate is wrong only for its own reasons.
    """
    interval = load_diseases()[DISEASE].serial_interval_on(LAST_DAY)
    if interval is None:
        raise ValueError(f"demo: {DISEASE} has no serial interval on {LAST_DAY}; see its TOML file")
    pmf = discretise_gamma(interval.mean_days, interval.sd_days, LONGEST_SERIAL_INTERVAL_DAYS)
    return np.asarray(pmf / pmf.sum(), dtype=np.float64)


def simulate(
    geography: Geography, rng: np.random.Generator, *, months: int, scale: float
) -> Epidemic:
    """Draw the intended course and simulate it forward."""
    first_day = first_onset(months) - timedelta(days=BURN_IN_DAYS)
    days = (LAST_DAY - first_day).days + 1
    weights = serial_interval_pmf()
    intended = _intended_incidence(geography, rng, weights, first_day=first_day, days=days) * scale
    size = np.where(
        np.array(geography.provinces) == "1300000000", DISPERSION_SIZE_NCR, DISPERSION_SIZE
    )
    r_true, local, imported = _simulate_forward(rng, intended, weights, size)
    returning = rng.poisson(IMPORTED_SHARE * intended.sum(axis=1))
    return Epidemic(first_day, BURN_IN_DAYS, r_true, local, imported, returning, weights)


def _intended_incidence(
    geography: Geography,
    rng: np.random.Generator,
    weights: NDArray[np.float64],
    *,
    first_day: date,
    days: int,
) -> NDArray[np.float64]:
    """Mean cases per day, shape (days, provinces), normalised to each region's planned share."""
    regions, provinces = len(geography.regions), len(geography.provinces)
    of_region = geography.province_region
    time = np.arange(days)
    waves = 0.40 * np.cos(2 * np.pi * (time - 300) / 230) + 0.22 * np.cos(2 * np.pi * time / 121)
    log_level = (
        waves[:, None]
        + _smooth_noise(rng, days, regions, length=34.0, sd=0.42)[:, of_region]
        + _smooth_noise(rng, days, provinces, length=26.0, sd=0.22)
    )
    plans = [REGION_PLANS[code] for code in geography.regions]
    final = growth_from_reproduction([plan.final_r for plan in plans], weights)[of_region]
    final = final + rng.normal(0.0, 0.005, provinces)
    slope = np.gradient(log_level, axis=0)
    turned = 1.0 / (1.0 + np.exp(-(time - (days - FINAL_PHASE_DAYS)) / 4.0))
    slope = (1.0 - turned[:, None]) * slope + turned[:, None] * final
    for step in STEPS:
        start = max((step.first - first_day).days, 0)
        stop = max((step.first - first_day).days + step.days, 0)
        place = geography.provinces.index(step.province)
        slope[start:stop, place] += step.growth_rate_per_day
    level = np.exp(np.cumsum(slope, axis=0))
    level /= level[BURN_IN_DAYS:].mean(axis=0)
    weight = geography.population * rng.lognormal(0.0, 0.3, provinces)
    weight /= np.bincount(of_region, weight)[of_region]
    share = np.array([plan.share for plan in plans])[of_region]
    return np.asarray(level * weight * share * MEAN_CASES_PER_DAY)


def _smooth_noise(
    rng: np.random.Generator, days: int, count: int, *, length: float, sd: float
) -> NDArray[np.float64]:
    """Gaussian processes with a squared-exponential kernel of that length, shape (days, count)."""
    pad = int(4 * length)
    white = rng.normal(size=(days + 2 * pad, count))
    smooth = gaussian_filter1d(white, length / np.sqrt(2.0), axis=0)[pad : pad + days]
    return np.asarray(sd * smooth * np.sqrt(length * np.sqrt(2.0 * np.pi)))


def _simulate_forward(
    rng: np.random.Generator,
    intended: NDArray[np.float64],
    weights: NDArray[np.float64],
    size: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return R_t, local and imported cases day by day (negative binomial around R_t Λ_t)."""
    days, provinces = intended.shape
    reach = len(weights) - 1
    rare = np.minimum(IMPORTED_SHARE_MOST * intended, IMPORTED_FLOOR_PER_DAY)
    imports = np.maximum(IMPORTED_SHARE * intended, rare)
    expected_force = np.asarray(lfilter(weights, [1.0], intended, axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        planned = np.where(expected_force > 0, (intended - imports) / expected_force, 1.0)
    planned = np.clip(planned, 0.3, 3.0)
    r_true = np.ones((days, provinces))
    local = np.zeros((days, provinces), dtype=np.int64)
    imported = rng.poisson(imports)
    local[:reach] = rng.poisson(intended[:reach])
    to_end = np.arange(days, 0, -1) - FINAL_PHASE_DAYS
    damping = np.clip(DAMPING * to_end / FINAL_PHASE_DAYS, DAMPING_LAST, DAMPING)
    smoothed, target = intended[0].copy(), intended[0].copy()
    for day in range(days):
        if day >= reach:
            deviation = np.log((smoothed + 0.4) / (target + 0.4))
            r_true[day] = planned[day] * np.exp(-damping[day] * np.clip(deviation, -1.0, 1.0))
            past = local[day - reach : day] + imported[day - reach : day]
            force = weights[:0:-1] @ past
            mean = r_true[day] * force * rng.gamma(size, 1.0 / size)
            local[day] = rng.poisson(mean)
        smoothed += (local[day] + imported[day] - smoothed) / DAMPING_DAYS
        target += (intended[day] - target) / DAMPING_DAYS
    return r_true, local, imported
