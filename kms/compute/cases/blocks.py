"""Blocks of areas: what is computed for one does not depend on the areas computed beside it.

What areas learn from each other is known before: the spread lent by the area above, the pace of R
and the errors of past nowcasts, which go by a whole level or country.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from kms.compute.cases.inputs import LONGEST_DELAY_DAYS, CaseInputs
from kms.compute.cases.late_reports import BEHIND_DAYS, LateReports

Floats = NDArray[np.float64]
# A block of 400 days is 2 MB to send and seconds to compute: calls cost nothing beside it, its
# arrays of 20 draws stay under 100 MB, and the country's 1,700 places would keep eight busy.
BLOCK_AREAS = 200


@dataclass(frozen=True)
class Block:
    """Counts of B areas on D days from `start`, and how the last ones could end.

    `cases` and `share` (of each day's cases known by now) have shape (D, B); `draws` of the
    last days' final counts (28 at most, B, DRAWS), none where the counts are final.
    """

    start: date
    areas: tuple[str, ...]
    cases: Floats
    share: Floats
    draws: Floats | None

    def paths(self) -> tuple[Floats, int]:
        """Return ways the counts could end, shape (N, B, DRAWS), and their first day's place.

        The last weeks are drawn; the days before them are as counted, enough for what looks back.
        """
        if self.draws is None:
            raise ValueError(f"no draws for {self.areas[0]}: its counts are final")
        days = min(len(self.cases), BEHIND_DAYS)
        paths = np.repeat(self.cases[-days:, :, None], self.draws.shape[2], axis=2)
        paths[-len(self.draws) :] = self.draws
        return paths, len(self.cases) - days


def cut(columns: Sequence[int]) -> Iterator[list[int]]:
    """Yield positions of areas, a block at a time."""
    for first in range(0, len(columns), BLOCK_AREAS):
        yield list(columns[first : first + BLOCK_AREAS])


def block_of(
    inputs: CaseInputs, columns: Sequence[int], *, basis: str, late: LateReports | None
) -> Block:
    """Return some areas of the inputs, in arrays of their own: no more is sent than is needed."""
    chosen = list(columns)
    cases = columns_of(inputs.counts[basis], chosen)
    days = min(len(cases), LONGEST_DELAY_DAYS)
    return Block(
        start=inputs.start,
        areas=tuple(inputs.areas[index] for index in chosen),
        cases=cases,
        share=np.ones_like(cases) if late is None else columns_of(late.share, chosen),
        draws=None if late is None else columns_of(late.draws[-days:], chosen),
    )


def columns_of(values: Floats, columns: Sequence[int]) -> Floats:
    """Return some areas, on axis 1, day by day in memory whatever their number."""
    return np.ascontiguousarray(values[:, list(columns)])
