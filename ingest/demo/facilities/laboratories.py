"""Synthetic laboratories and their daily tests; positivity follows the epidemic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ingest.demo.clock import NEVER
from ingest.demo.facilities.levels import TESTS_FOLLOW_DAYS, regional_levels
from ingest.demo.facilities.sites import draw_sites, facility_days, known_from
from ingest.demo.faults import draw_rows

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from ingest.demo.cases.transmission import Epidemic
    from ingest.demo.places import Geography

LABORATORIES_AT_FULL_SCALE, FEWEST_LABORATORIES = 84, 36
MEAN_SAMPLES, SIZE_SD, DAY_SD = 110.0, 0.75, 0.12
WEEKDAYS = (0.55, 1.05, 1.12, 1.10, 1.08, 1.05, 0.80)  # from Sunday
BASE_POSITIVITY, EPIDEMIC_POSITIVITY, MOST_POSITIVITY = 0.015, 0.075, 0.45
INDIVIDUALS_PER_SAMPLE = 0.96
NEW_LABORATORY_DAYS = 20  # the last laboratory opens late and is not yet in the list
SHARES = {
    "missed": 0.05,  # of reports
    "blank": 0.0008,
    "too_many": 0.0005,  # more positive than tested
    "year_1900": 0.0003,
    "contradicted": 0.0002,  # sent twice with other numbers: neither counts
}


@dataclass(frozen=True)
class Laboratories:
    """Laboratories and their reports: arrays of shape (days, laboratories)."""

    days: list[date]
    region: NDArray[np.int64]
    city: NDArray[np.int64]
    positivity: NDArray[np.float64]  # share meant, (days, regions)
    samples: NDArray[np.int64]
    individuals: NDArray[np.int64]
    positive: NDArray[np.int64]
    known: NDArray[np.int64]  # day a release can have the report, `NEVER` where it was not sent
    blank: NDArray[np.bool_]
    too_many: NDArray[np.bool_]
    year_1900: NDArray[np.bool_]
    contradicted: NDArray[np.bool_]

    def __len__(self) -> int:
        """Count the laboratories."""
        return len(self.region)


def make_laboratories(
    epidemic: Epidemic, geography: Geography, rng: np.random.Generator, *, scale: float
) -> Laboratories:
    """Draw laboratories and every day's tests."""
    count = max(FEWEST_LABORATORIES, round(LABORATORIES_AT_FULL_SCALE * min(scale, 1.0)))
    days = facility_days()
    region, city = draw_sites(geography, rng, count)
    levels = regional_levels(epidemic, geography, days, follow=TESTS_FOLLOW_DAYS)
    positivity = np.clip(
        BASE_POSITIVITY + EPIDEMIC_POSITIVITY * levels, BASE_POSITIVITY, MOST_POSITIVITY
    )
    weekday = np.array(WEEKDAYS)[[day.toordinal() % 7 for day in days]]
    mean = MEAN_SAMPLES * rng.lognormal(0.0, SIZE_SD, count) * weekday[:, None]
    mean = mean * rng.lognormal(0.0, DAY_SD, mean.shape) * levels[:, region] ** 0.3
    samples = 2 + rng.poisson(mean)
    individuals = 1 + rng.binomial(samples - 1, INDIVIDUALS_PER_SAMPLE)
    known = known_from(rng, days, count, missed=SHARES["missed"])
    known[:-NEW_LABORATORY_DAYS, -1] = NEVER
    faults = {
        name: draw_rows(rng, known.size, SHARES[name]).reshape(known.shape)
        for name in ("blank", "too_many", "year_1900", "contradicted")
    }
    return Laboratories(
        days=days,
        region=region,
        city=city,
        positivity=positivity,
        samples=samples,
        individuals=individuals,
        positive=rng.binomial(individuals, positivity[:, region]),
        known=known,
        **faults,
    )


def reported_at_last(laboratories: Laboratories) -> NDArray[np.bool_]:
    """Return whose tests count in both sums at the last release: (days, laboratories)."""
    last = laboratories.days[-1].toordinal()
    faulty = laboratories.blank | laboratories.too_many
    faulty |= laboratories.year_1900 | laboratories.contradicted
    return np.asarray((laboratories.known <= last) & ~faulty)
