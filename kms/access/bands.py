"""Bands of a chance: what is said of it where it rests on few cases.

A chance in whole percent, beside R and its range, would tell how many cases stand behind both.
The edges are those of decisions: growing and shrinking begin at 80 and 20 %, certainty at 97.5
and 2.5 %.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EDGES = (0.025, 0.2, 0.8, 0.975)
LABELS = ("<2.5%", "2.5–20%", "20–80%", "80–97.5%", ">97.5%")
NEAREST = (0.025, 0.2, 0.5, 0.8, 0.975)  # of each band, the chance nearest to even


class Banded(float):
    """A chance of which only the band is told: as a number the band's end nearest to even.

    Comparing it gives the same word as any chance of its band, or the more careful one.
    """

    @property
    def label(self) -> str:
        """The band as it is written everywhere: 80–97.5%."""
        return LABELS[NEAREST.index(float(self))]


def bands(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each chance its band's end nearest to even; NaN stays.

    A chance on an edge belongs to the band further from even, as in the words for a chance.
    """
    low = np.searchsorted(EDGES[:2], chances, side="left")
    high = np.searchsorted(EDGES[2:], chances, side="right")
    place = np.where(chances < EDGES[2], low, 2 + high)
    found: NDArray[np.float64] = np.where(np.isnan(chances), np.nan, np.array(NEAREST)[place])
    return found
