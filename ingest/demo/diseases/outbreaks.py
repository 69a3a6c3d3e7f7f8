"""Outbreaks put into the weekly counts on purpose: known place, first week, size and duration.

Their size is the same at every scale, so that they can be seen in a small demonstration too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Outbreak:
    """Cases beyond the usual ones, in one place, for some weeks in a row."""

    disease: str
    area: str
    first_week: date  # its Sunday
    weeks: int
    cases: int

    def by_week(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Spread the cases over the weeks: a steep rise and a slower fall, none of them empty."""
        time = np.arange(self.weeks) + 0.5
        weight = time**1.2 * np.exp(-2.4 * time / self.weeks)
        extra = rng.multinomial(self.cases - self.weeks, weight / weight.sum())
        return np.asarray(1 + extra, dtype=np.int64)


OUTBREAKS = (
    Outbreak("dengue", "0603000000", date(2025, 7, 6), 10, 2_600),  # Iloilo, long over
    Outbreak("dengue", "0730600000", date(2026, 9, 27), 6, 900),  # Cebu City, going on
    Outbreak("measles", "1903600000", date(2026, 1, 11), 12, 240),  # Lanao del Sur
    Outbreak("measles", "0931700000", date(2026, 10, 4), 5, 70),  # Zamboanga City, going on
    Outbreak("influenza", "1430300000", date(2025, 12, 7), 7, 420),  # Baguio
    Outbreak("influenza", "1130700000", date(2026, 10, 11), 4, 600),  # Davao City, going on
    Outbreak("leptospirosis", "1380700000", date(2025, 7, 27), 5, 120),  # Marikina, after floods
    Outbreak("leptospirosis", "0201500000", date(2026, 10, 11), 4, 90),  # Cagayan, going on
)
