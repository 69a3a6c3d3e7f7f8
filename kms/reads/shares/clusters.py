"""How many workplaces have a cluster of cases, as somebody may see it.

A count of clusters is one of establishments, of which none is named: 1 to 4 are suppressed for
the public, others rounded to 5, and with a suppressed one whatever would tell more of it. The
public gets the country, by section, and regions; in a section of a province there may be one
hospital.
Each cluster holds two persons or more, so that five hold more than any suppressed count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from sqlalchemy import Connection

from kms.access.disclosure import Disclosure, DisclosureRule
from kms.access.weeks import withheld_weeks
from kms.compute.workplaces import ROUNDED_TO, about
from kms.config import MANILA
from kms.domain.areas import COUNTRY
from kms.domain.indicators import ALL_SECTORS, CLUSTERS, LEAST_ESTABLISHMENTS
from kms.domain.series import Series, make_series
from kms.reads.shown import MISSING, areas_inside, reading_of
from kms.reads.views import Reading
from kms.store.publications import Issue, latest_values
from metrics.states import State

FEW = DisclosureRule(threshold=LEAST_ESTABLISHMENTS - 1, base=ROUNDED_TO)
Cell = tuple[str, str]  # area, section


@dataclass
class ShownClusters:
    """The clusters of one publication through somebody's eyes."""

    connection: Connection
    issue: Issue
    disclosure: Disclosure

    def series(self, area: str, sector: str = ALL_SECTORS) -> Series | None:
        """Return the count of an area and section, of the newest day alone."""
        row = self._rows.get((area, sector))
        if row is None:
            return None
        count, persons, day, state = row
        if state == State.HIDDEN:
            return make_series(day, np.array([np.nan]), state=float(State.HIDDEN))
        nothing = make_series(day, np.array([np.nan]), state=float(State.SUPPRESSED))
        # A cell of the tree is seen as it is by whoever sees the area so.
        rule = self.disclosure.of(area, "" if sector == ALL_SECTORS else sector)
        if rule.is_exact:
            return make_series(day, np.array([float(count)]), state=float(state))
        key = (area, sector)
        if key not in self._public or key in self._hidden or 0 < persons <= rule.threshold:
            return nothing
        shown = float(about(count) if count else 0)
        return make_series(day, np.array([shown]), state=float(state))

    def reading(self, area: str, sector: str = ALL_SECTORS) -> Reading:
        """Return the count as a reading."""
        found = self.series(area, sector)
        return MISSING if found is None else reading_of(found, 0)

    def by_section(self, area: str) -> tuple[tuple[str, Reading], ...]:
        """Return the sections of an area that have clusters one may see, most first."""
        sections = sorted(s for a, s in self._rows if a == area and s != ALL_SECTORS)
        found = [(section, self.reading(area, section)) for section in sections]
        told = [(section, reading) for section, reading in found if reading.value]
        return tuple(sorted(told, key=lambda pair: (-(pair[1].value or 0), pair[0])))

    @cached_property
    def _rows(self) -> dict[Cell, tuple[int, int, date, State]]:
        """Return count, persons, day and state by area and section."""
        rows = latest_values(
            self.connection, self.issue.id, [self.issue.disease], indicator=CLUSTERS
        )
        return {
            (row["area"], row["sector"]): (
                int(row["value"]),
                row["cases"] or 0,
                row["ref_date"],
                State[row["state"].upper()],
            )
            for row in rows
            if row["value"] is not None
        }

    @cached_property
    def _public(self) -> dict[Cell, int]:
        """Return the cells the public gets at all: the country by section, and regions."""
        on = self.issue.as_of.astimezone(MANILA).date()
        regions = areas_inside(COUNTRY, on)
        return {
            (area, sector): count
            for (area, sector), (count, *_) in self._rows.items()
            if area == COUNTRY or (area in regions and sector == ALL_SECTORS)
        }

    @cached_property
    def _hidden(self) -> frozenset[Cell]:
        """Return the cells of few establishments, and those that would tell more of them."""
        counts, whole = self._public, (COUNTRY, ALL_SECTORS)
        hidden = {cell for cell, count in counts.items() if 0 < count < LEAST_ESTABLISHMENTS}
        sections = [cell for cell in counts if cell[0] == COUNTRY and cell != whole]
        regions = [cell for cell in counts if cell[0] != COUNTRY]
        for members in (sections, regions):
            if members and whole in counts:
                parts = [_series(counts[cell]) for cell in members]
                withheld = withheld_weeks(_series(counts[whole]), parts, FEW)
                hidden |= {c for c, away in zip(members, withheld[:, 0], strict=True) if away}
        return frozenset(hidden)


def _series(count: int) -> Series:
    return make_series(date(2000, 1, 1), np.array([float(count)]))
