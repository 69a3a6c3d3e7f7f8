"""Weekly figures of one disease as somebody may see them, read from one publication."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from kms.access.disclosure import Disclosure
from kms.access.weekly_counts import ShownWeeks, shown_from_weeks, shown_weeks
from kms.access.weeks import Flags
from kms.config import MANILA
from kms.domain.indicators import CASES_WEEKLY
from kms.domain.series import Series
from kms.reads.shown import ShownFigures
from kms.reference import load_areas
from kms.store.publications import Issue

BASIS = CASES_WEEKLY.removeprefix("cases_")


def weekly_facts(issue: Issue) -> Mapping[str, Mapping[str, Any]]:
    """Return what was tested, by weekly disease; empty in issues made before there were any."""
    found: Mapping[str, Mapping[str, Any]] = issue.facts.get("weekly", {})
    return found


@dataclass
class WeeklyFigures:
    """One disease of a publication through somebody's eyes; what it has read it remembers."""

    connection: Connection
    issue: Issue
    disclosure: Disclosure
    disease: str
    _counts: dict[str, ShownWeeks] = field(default_factory=dict)
    _shown: ShownFigures = field(init=False)

    def __post_init__(self) -> None:
        """Read series, and what neighbours hide, as those of days are."""
        self._shown = ShownFigures(
            self.connection, self.issue, self.disclosure, disease=self.disease
        )

    def counts(self, codes: Iterable[str]) -> dict[str, ShownWeeks]:
        """Return the shown weekly counts of areas; none where nothing was reported."""
        listed = list(codes)
        for code, series in self._shown.exact(CASES_WEEKLY, listed).items():
            if code not in self._counts:
                rule, withheld = self.disclosure.of(code), self._withheld(code)
                self._counts[code] = shown_weeks(series, rule, withheld)
        return {code: self._counts[code] for code in listed if code in self._counts}

    def _withheld(self, code: str) -> Flags | None:
        """Return the weeks hidden for others' sake: a neighbour's, or with the area around.

        What is shown inside a hidden area is a part of it, and would narrow its neighbours again.
        """
        own = self._shown.withheld(BASIS, code)
        if own is None:
            return None
        above = load_areas().ancestors(code, self.issue.as_of.astimezone(MANILA).date())
        around = self.counts(above[:1])
        return own | around[above[0]].hidden if around else own

    def figures(self, indicator: str, codes: Iterable[str]) -> dict[str, Series]:
        """Return an indicator of areas as it may be shown in each."""
        listed = list(codes)
        counts = self.counts(listed)
        if indicator == CASES_WEEKLY:
            return {code: shown.weeks for code, shown in counts.items()}
        return {
            code: shown_from_weeks(series, counts[code], indicator, self.disclosure.of(code))
            for code, series in self._shown.exact(indicator, listed).items()
            if code in counts
        }
