"""How high the epidemic stands in each region on each day, beside its own mean, some days later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from ingest.demo.cases.transmission import Epidemic
    from ingest.demo.places import Geography

BEDS_FOLLOW_DAYS = (7, 14)  # after the infections' onset
TESTS_FOLLOW_DAYS = (2, 5)
SHRINK_CASES = 2.0
"""Cases a day added to a region's count and to its mean: few cases hardly move its level."""


def regional_levels(
    epidemic: Epidemic, geography: Geography, days: list[date], *, follow: tuple[int, int]
) -> NDArray[np.float64]:
    """Return the mean cases so many days before, over the region's mean: shape (days, regions)."""
    cases = (epidemic.local + epidemic.imported).astype(np.float64)
    regional = np.zeros((len(cases), len(geography.regions)))
    np.add.at(regional.T, geography.province_region, cases.T)
    usual = regional[epidemic.burn_in :].mean(axis=0)
    total = np.cumsum(np.vstack([np.zeros(regional.shape[1]), regional]), axis=0)
    shortest, longest = follow
    place = np.array([(day - epidemic.first_day).days for day in days])
    window = total[place - shortest + 1] - total[place - longest]
    recent = window / (longest - shortest + 1)
    return np.asarray((recent + SHRINK_CASES) / (usual + SHRINK_CASES))
