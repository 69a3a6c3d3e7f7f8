"""Synthetic hospitals and their daily reports of beds; the occupied follow the infections.

Beds are occupied by a level of the epidemic 7 to 14 days before; hospitals differ, miss days,
report late, leave numbers blank, or report more occupied beds than they have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ingest.demo.clock import NEVER
from ingest.demo.facilities.levels import BEDS_FOLLOW_DAYS, regional_levels
from ingest.demo.facilities.sites import draw_sites, facility_days, known_from
from ingest.demo.faults import draw_rows

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from ingest.demo.cases.transmission import Epidemic
    from ingest.demo.places import Geography

HOSPITALS_AT_FULL_SCALE, FEWEST_HOSPITALS = 200, 36
BED_TYPES = ("icu", "isolbed", "beds_ward", "mechvent")
MEAN_BEDS = (5.0, 14.0, 16.0, 4.0)
SIZE_SD, BUSY_SD, DAY_SD = 0.60, 0.25, 0.035
IDLE_RATE, EPIDEMIC_RATE = 0.12, 0.30  # occupied share: alone, and at the epidemic's mean level
TYPE_FACTORS = (1.25, 1.0, 0.95, 0.70)
LOWEST_RATE, HIGHEST_RATE = 0.02, 0.97
SHARES = {
    "missed": 0.06,  # of reports
    "often_missed": 0.30,  # of the reports of hospitals that often miss
    "often_missing": 0.06,  # of hospitals
    "overfull": 0.0006,  # of reports: fewer beds than are occupied, so a negative vacant
    "blank": 0.0010,
    "corrected": 0.0020,  # sent twice that day, the later one counts
    "contradicted": 0.0002,  # sent twice at one time with other numbers: neither counts
}


@dataclass(frozen=True)
class Hospitals:
    """Hospitals and their reports: arrays of shape (days, hospitals), beds with a last axis."""

    days: list[date]
    region: NDArray[np.int64]
    city: NDArray[np.int64]
    rate: NDArray[np.float64]  # occupied share meant, of ordinary beds, (days, regions)
    beds: NDArray[np.int64]  # (hospitals, types)
    occupied: NDArray[np.int64]  # (days, hospitals, types)
    known: NDArray[np.int64]  # day a release can have the report, `NEVER` where it was not sent
    overfull: NDArray[np.bool_]
    blank: NDArray[np.bool_]
    corrected: NDArray[np.bool_]
    contradicted: NDArray[np.bool_]

    def __len__(self) -> int:
        """Count the hospitals."""
        return len(self.region)


def make_hospitals(
    epidemic: Epidemic, geography: Geography, rng: np.random.Generator, *, scale: float
) -> Hospitals:
    """Draw hospitals and every day's beds."""
    count = max(FEWEST_HOSPITALS, round(HOSPITALS_AT_FULL_SCALE * min(scale, 1.0)))
    days = facility_days()
    region, city = draw_sites(geography, rng, count)
    size = rng.lognormal(0.0, SIZE_SD, count)
    beds = 1 + rng.poisson(size[:, None] * np.array(MEAN_BEDS))
    levels = regional_levels(epidemic, geography, days, follow=BEDS_FOLLOW_DAYS)
    rate = np.clip(IDLE_RATE + EPIDEMIC_RATE * levels, LOWEST_RATE, HIGHEST_RATE)
    meant = rate[:, region] * rng.lognormal(0.0, BUSY_SD, count)
    meant = meant[:, :, None] * np.array(TYPE_FACTORS)
    meant = meant + rng.normal(0.0, DAY_SD, (len(days), count, len(BED_TYPES)))
    phase = rng.random((1, count, len(BED_TYPES)))  # rounds up or down, each hospital its own way
    occupied = np.floor(np.clip(meant, LOWEST_RATE, HIGHEST_RATE) * beds + phase)
    often = rng.random(count) < SHARES["often_missing"]
    known = known_from(rng, days, count, missed=SHARES["missed"])
    gone = often & (rng.random(known.shape) < SHARES["often_missed"])
    faults = {
        name: draw_rows(rng, known.size, SHARES[name]).reshape(known.shape)
        for name in ("overfull", "blank", "corrected", "contradicted")
    }
    return Hospitals(
        days=days,
        region=region,
        city=city,
        rate=rate,
        beds=beds,
        occupied=np.minimum(occupied, beds).astype(np.int64),
        known=np.where(gone, NEVER, known),
        **faults,
    )
