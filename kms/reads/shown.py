"""Figures of areas as somebody may see them, read from one publication."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import Connection

from kms.access.bands import Banded
from kms.access.disclosure import Disclosure, DisclosureRule
from kms.access.figures import COUNTS, MADE_FROM, only_shown
from kms.access.shown import CHANCE, Shown, shown_figures
from kms.access.weeks import Flags, ShownCounts, shown_counts, withheld_weeks
from kms.config import MANILA
from kms.domain.areas import COUNTRY
from kms.domain.series import Series, reading_at
from kms.errors import NoDataError
from kms.reads.views import Reading
from kms.reference import load_areas
from kms.store.publications import Issue, read_many
from metrics.states import State

REPORT, PLACELESS = "report", "placeless"
MISSING = Reading(None, None, None, "missing", None)


@dataclass
class ShownFigures:
    """One publication through somebody's eyes; what it has read once it remembers.

    How a count is shown depends on its neighbours in the tree: what the country has beyond all
    other regions is this one's. So an area's counts are read with those of the area it lies in.
    """

    connection: Connection
    issue: Issue
    disclosure: Disclosure
    disease: str = ""  # that every page shows, if no other is named
    _counts: dict[tuple[str, str], ShownCounts] = field(default_factory=dict)
    _series: dict[tuple[str, str], Series] = field(default_factory=dict)
    _figures: dict[tuple[str, str], Shown] = field(default_factory=dict)
    _withheld: dict[tuple[str, str], dict[str, Flags]] = field(default_factory=dict)
    _read: set[tuple[str, str]] = field(default_factory=set)

    @property
    def basis(self) -> str:
        """The time axis of R."""
        return str(self.issue.facts["basis"])

    def counts(self, basis: str, codes: Iterable[str]) -> dict[str, ShownCounts]:
        """Return the shown counts of areas on a time axis; none where there are no counts."""
        wanted = [code for code in codes if (basis, code) not in self._counts]
        self._load(f"cases_{basis}", wanted)
        for code in wanted:
            series = self._series.get((f"cases_{basis}", code))
            if series is not None:
                rule = self.disclosure.of(code)
                withheld = self.withheld(basis, code)
                self._counts[basis, code] = shown_counts(series, rule, withheld)
        return {code: self._counts[basis, code] for code in codes if (basis, code) in self._counts}

    def figures(self, indicator: str, codes: Iterable[str]) -> dict[str, Shown]:
        """Return an indicator of areas, as it may be shown in each."""
        listed = list(codes)
        wanted = [code for code in listed if (indicator, code) not in self._figures]
        if indicator in COUNTS:
            for code, counts in self.counts(indicator.removeprefix("cases_"), wanted).items():
                self._figures[indicator, code] = Shown(counts.days, np.arange(len(counts.days)))
        else:
            self._load(indicator, wanted)
            behind = self.counts(MADE_FROM[indicator].basis or self.basis, wanted)
            for code in wanted:
                series = self._series.get((indicator, code))
                if series is not None:
                    self._figures[indicator, code] = self._figure(indicator, code, series, behind)
        known = self._figures
        return {code: known[indicator, code] for code in listed if (indicator, code) in known}

    def exact(self, indicator: str, codes: Iterable[str]) -> dict[str, Series]:
        """Return the stored series of areas, which nobody may see as they are but by right."""
        listed = list(codes)
        self._load(indicator, listed)
        known = self._series
        return {code: known[indicator, code] for code in listed if (indicator, code) in known}

    def reading(self, indicator: str, code: str) -> Reading:
        """Return an area's newest figure."""
        found = self.figures(indicator, [code]).get(code)
        place = -1 if found is None else found.newest()
        return MISSING if found is None or place < 0 else reading_of(found.series, place)

    def chance(self, code: str) -> tuple[str, float | None]:
        """Return the state and value of the newest chance of growing; a `Banded` one has both."""
        found = self.figures(CHANCE, [code]).get(code)
        place = -1 if found is None else found.newest()
        if found is None or place < 0:
            return MISSING.state, None
        state, value = found.series.state[place], float(found.series.value[place])
        if not np.isfinite(value):
            return State(int(state)).label, None
        banded = state == State.SUPPRESSED
        return State(int(state)).label, Banded(value) if banded else value

    def _figure(
        self, indicator: str, code: str, series: Series, behind: dict[str, ShownCounts]
    ) -> Shown:
        rule = self.disclosure.of(code)
        if rule.is_exact:
            return Shown(only_shown(series), np.arange(len(series)))
        if code not in behind:
            raise NoDataError(
                f"the counts behind {indicator} are not kept any more, nor is it shown"
            )
        return shown_figures(series, behind[code], indicator, rule)

    def _load(self, indicator: str, codes: Iterable[str]) -> None:
        wanted = [code for code in codes if (indicator, code) not in self._read]
        if not wanted:
            return
        disease = self.disease or self.issue.disease
        found = read_many(self.connection, self.issue.id, indicator, wanted, disease=disease)
        self._series |= {(indicator, code): series for code, series in found.items()}
        self._read |= {(indicator, code) for code in wanted}

    def withheld(self, basis: str, code: str) -> Flags | None:
        """Return the weeks of an area that are hidden for others' sake, if any may be.

        A neighbour's, or that of the area around: what is shown inside an area hidden for its
        neighbour is a part of it, and would narrow the neighbour again.
        """
        rule = self.disclosure.of(code)
        if rule.is_exact:
            return None
        on = self.issue.as_of.astimezone(MANILA).date()
        # What has no place lies in the country beside the regions.
        parent = COUNTRY
        if basis != PLACELESS:
            above = load_areas().ancestors(code, on)
            self._load(f"cases_{basis}", above)
            kept = [unit for unit in above if (f"cases_{basis}", unit) in self._series]
            if not kept:
                return None
            parent = kept[0]
        axis = REPORT if basis == PLACELESS else basis
        if (axis, parent) not in self._withheld:
            self._withheld[axis, parent] = self._withheld_in(axis, parent, rule)
        name = PLACELESS if basis == PLACELESS else code
        own = self._withheld[axis, parent].get(name)
        around = None if parent == COUNTRY else self.withheld(basis, parent)
        return own if own is None or around is None else own | around

    def _withheld_in(self, axis: str, parent: str, rule: DisclosureRule) -> dict[str, Flags]:
        on = self.issue.as_of.astimezone(MANILA).date()
        indicator = f"cases_{axis}"
        inside = areas_inside(parent, on)
        self._load(indicator, [parent, *inside])
        series = self._series
        parts = {code: series[indicator, code] for code in inside if (indicator, code) in series}
        if parent == COUNTRY and axis == REPORT:
            self._load(f"cases_{PLACELESS}", [COUNTRY])
            if (f"cases_{PLACELESS}", COUNTRY) in series:
                parts[PLACELESS] = series[f"cases_{PLACELESS}", COUNTRY]
        if not parts or (indicator, parent) not in series:
            return {}
        weeks = withheld_weeks(series[indicator, parent], list(parts.values()), rule)
        return dict(zip(parts, weeks, strict=True))


@lru_cache(maxsize=1024)  # the tree of all places is walked for it
def areas_inside(code: str, on: date) -> tuple[str, ...]:
    """Return the areas directly inside another on a day."""
    return tuple(unit.code for unit in load_areas().children(code, on))


def reading_of(series: Series, place: int) -> Reading:
    """Return one day of a shown series."""
    told: dict[str, Any] = reading_at(series, place)
    return Reading(**told)
