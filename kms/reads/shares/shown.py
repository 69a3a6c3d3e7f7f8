"""Traced cases and case fatality of one publication through somebody's eyes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
from sqlalchemy import Connection

from kms.access.disclosure import Disclosure, DisclosureRule
from kms.access.figures import only_shown
from kms.access.shares import (
    Evidence,
    Flags,
    Floats,
    Printed,
    Steps,
    coarse_completeness,
    hidden_shares,
    of_weeks,
    printed,
    saturdays,
    weekly,
)
from kms.config import MANILA
from kms.domain.areas import COUNTRY
from kms.domain.indicators import (
    FATALITY,
    FATALITY_DEATHS,
    FATALITY_RESOLVED,
    TRACED,
    TRACED_EFFECT,
    TRACED_FINAL,
    TRACED_KNOWN,
    TRACED_UNKNOWN,
    UNTRACEABLE,
)
from kms.domain.series import Series
from kms.errors import NoDataError
from kms.reads.shown import MISSING, areas_inside, reading_of
from kms.reads.views import Reading
from kms.store.publications import Issue, read_many
from metrics.proportions import jeffreys, wilson
from metrics.states import State

TRACED_STEPS, FATALITY_STEPS = Steps(0.01, 0.2), Steps(0.0001, 0.01)
BEHIND = {
    TRACED: (TRACED_KNOWN, TRACED_UNKNOWN, TRACED_EFFECT),
    UNTRACEABLE: (TRACED_KNOWN, TRACED_UNKNOWN, TRACED_EFFECT),
    TRACED_FINAL: (TRACED_KNOWN, TRACED_UNKNOWN),
    FATALITY: (FATALITY_DEATHS, FATALITY_RESOLVED),
}
SHARES = tuple(BEHIND)
SHOWN = (State.FINAL, State.PROVISIONAL, State.STALE)
MOST_REMEMBERED = 64
Ranged = Callable[[int, Printed], tuple[float, float]]

# What is hidden in a publication never changes, and judging it reads every area.
_judged: OrderedDict[tuple[str, str, str, DisclosureRule], dict[str, Flags]] = OrderedDict()


@dataclass
class ShownShares:
    """Shares as they may be shown; what has been read once is remembered.

    Whether one is shown depends on its neighbours in the tree, so those of all areas are judged
    together, once for each publication and process.
    """

    connection: Connection
    issue: Issue
    disclosure: Disclosure
    _read: dict[str, Mapping[str, Series]] = field(default_factory=dict)

    def series(self, indicator: str, area: str) -> Series | None:
        """Return an area's share by day; for the public on Saturdays alone."""
        rule = self.disclosure.of(area)
        if rule.is_exact:
            exact = self._one(indicator, area)
            return None if exact is None else only_shown(exact)
        found = self._one(indicator, area)
        if found is None:
            return None
        judged = TRACED if indicator == UNTRACEABLE else indicator
        hidden = self._hidden_in(judged, rule).get(area)
        if hidden is None:  # an area outside the tree that is judged
            hidden = np.ones(len(saturdays(found)), dtype=np.bool_)
        return self._coarse(indicator, area, weekly(found, hidden), rule)

    def read_all(self, indicator: str) -> None:
        """Read at once what the shares of all areas need."""
        for name in (indicator, *BEHIND[indicator]):
            self._all(name)

    def reading(self, indicator: str, area: str) -> Reading:
        """Return an area's newest share."""
        found = self.series(indicator, area)
        if found is None:
            return MISSING
        return reading_of(found, self.newest(found, area))

    def newest(self, series: Series, area: str) -> int:
        """Return where the newest share stands: the last day, for the public the last Saturday."""
        if self.disclosure.of(area).is_exact:
            return len(series) - 1
        places = saturdays(series)
        return int(places[-1]) if len(places) else len(series) - 1

    def _coarse(self, indicator: str, area: str, shown: Series, rule: DisclosureRule) -> Series:
        """Print every share in its step, with the range of all shares printed alike."""
        steps = FATALITY_STEPS if indicator == FATALITY else TRACED_STEPS
        columns = {
            name: getattr(shown, name).copy() for name in ("value", "low", "high", "completeness")
        }
        days = [shown.start + timedelta(days=int(n)) for n in saturdays(shown)]
        persons = self._evidence(indicator, area, days).persons
        ranged = self._ranges(indicator, area, shown, (days, persons))
        for row, place in enumerate(saturdays(shown)):
            if not np.isfinite(shown.value[place]):
                continue
            step = steps.of(persons[row], rule)
            told = printed(float(shown.value[place]), step)
            columns["value"][place] = told.value
            columns["low"][place], columns["high"][place] = ranged(row, told)
            columns["completeness"][place] = coarse_completeness(
                float(shown.completeness[place]), step
            )
        nothing = np.full(len(shown), np.nan)
        return replace(shown, **columns, low50=nothing, high50=nothing)

    def _ranges(
        self, indicator: str, area: str, shown: Series, behind: tuple[Sequence[date], Floats]
    ) -> Ranged:
        """Return the function that gives the range of what is printed on a Saturday."""
        days, persons = behind
        if indicator == TRACED_FINAL:
            places = saturdays(shown)

            def of_final(row: int, told: Printed) -> tuple[float, float]:
                # How far the range reaches rests on pending cases, not on the count itself.
                at = places[row]
                below, above = shown.value[at] - shown.low[at], shown.high[at] - shown.value[at]
                return told.outward(told.least - below, told.most + above)

            return of_final
        if indicator == FATALITY:
            resolved = self._told(FATALITY_RESOLVED, area)
            at = [resolved.position(day) for day in days]

            def of_fatality(row: int, told: Printed) -> tuple[float, float]:
                most, least = (float(getattr(resolved, n)[at[row]]) for n in ("high", "low"))
                deaths = persons[row] * np.array([told.least, told.most])
                low = jeffreys(min(deaths[0], most), most).low
                high = jeffreys(min(deaths[1], least), least).high
                return told.outward(float(low), float(high))

            return of_fatality
        effect = self._told(TRACED_EFFECT, area)

        def of_traced(row: int, told: Printed) -> tuple[float, float]:
            ends = np.array([told.least, told.most])
            place = effect.position(days[row])
            clustered = 1.0 if place is None else float(effect.value[place])
            found = wilson(ends * persons[row], persons[row], design_effect=clustered)
            return told.outward(float(found.low[0]), float(found.high[1]))

        return of_traced

    def _hidden_in(self, judged: str, rule: DisclosureRule) -> dict[str, Flags]:
        """Return on which Saturdays each area's share is hidden."""
        key = (str(self.connection.engine.url), self.issue.id, judged, rule)
        if key not in _judged:
            while len(_judged) >= MOST_REMEMBERED:
                _judged.popitem(last=False)
            _judged[key] = self._judge(judged, rule)
        return _judged[key]

    def _judge(self, judged: str, rule: DisclosureRule) -> dict[str, Flags]:
        listed = self._all(judged)
        for name in BEHIND[judged][:2]:
            self._all(name)
        evidence = {
            area: self._evidence(judged, area, _saturday_dates(series))
            for area, series in listed.items()
        }
        steps = FATALITY_STEPS if judged == FATALITY else TRACED_STEPS
        hidden = hidden_shares(evidence, self._families(), rule, steps=steps)
        if judged == TRACED_FINAL:
            self._hide_as_traced(hidden, rule)
        return hidden

    def _hide_as_traced(self, hidden: dict[str, Flags], rule: DisclosureRule) -> None:
        """Hide the final share where the share of the same Saturday is: it nearly says the same."""
        traced = self._hidden_in(TRACED, rule)
        for area, flags in hidden.items():
            share, final = self._one(TRACED, area), self._one(TRACED_FINAL, area)
            if share is None or final is None or area not in traced:
                continue
            days = _saturday_dates(share)
            for row, day in enumerate(_saturday_dates(final)):
                if day in days:
                    flags[row] |= traced[area][days.index(day)]

    def _evidence(self, indicator: str, area: str, days: Sequence[date]) -> Evidence:
        """Return the persons behind an area's share on some days."""
        series = self._told(indicator, area)
        at = [series.position(day) for day in days]
        told = np.array(
            [place is not None and series.state[place] in SHOWN for place in at], dtype=np.bool_
        )
        first, second = (self._told(name, area) for name in BEHIND[indicator][:2])
        if indicator == FATALITY:
            deaths, resolved = (
                np.array([one.value[one.position(day)] for day in days], dtype=np.float64)
                for one in (first, second)
            )
            return Evidence(deaths[:, None], resolved, told)
        return of_weeks(first, second, days, told)

    def _families(self) -> list[tuple[str, Sequence[str]]]:
        """Return the country with its regions, then each region with its provinces."""
        on = self.issue.as_of.astimezone(MANILA).date()
        regions = areas_inside(COUNTRY, on)
        return [(COUNTRY, regions), *((region, areas_inside(region, on)) for region in regions)]

    def _all(self, indicator: str) -> Mapping[str, Series]:
        """Return an indicator of every area that has one."""
        if indicator not in self._read:
            families = self._families()
            listed = [COUNTRY, *(area for _, inside in families for area in inside)]
            self._read[indicator] = self._load(indicator, listed)
        return self._read[indicator]

    def _one(self, indicator: str, area: str) -> Series | None:
        """Return an indicator of one area, alone unless those of all have been read."""
        if indicator in self._read:
            return self._read[indicator].get(area)
        return self._load(indicator, [area]).get(area)

    def _told(self, indicator: str, area: str) -> Series:
        """Return what stands behind a share; raise `NoDataError` where it is not kept any more."""
        found = self._one(indicator, area)
        if found is None:
            raise NoDataError(
                f"{indicator} of area {area} is not kept any more, nor is what rests on it shown"
            )
        return found

    def _load(self, indicator: str, areas: Iterable[str]) -> Mapping[str, Series]:
        return read_many(
            self.connection, self.issue.id, indicator, areas, disease=self.issue.disease
        )


def _saturday_dates(series: Series) -> list[date]:
    return [series.start + timedelta(days=int(place)) for place in saturdays(series)]
