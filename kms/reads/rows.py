"""Lines of the ranked table: one area's newest figures, disclosed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection

from kms.access.disclosure import Disclosure
from kms.access.figures import printed, printed_range
from kms.access.weeks import WEEK, week_ends
from kms.config import MANILA
from kms.domain.areas import COUNTRY, Area, Areas
from kms.domain.indicators import ALL_SECTORS, POSITIVE, POSITIVITY, SHOWN_ELSEWHERE
from kms.domain.series import Series
from kms.reads.shown import MISSING, PLACELESS, REPORT, ShownFigures
from kms.reads.views import AreaRow, Reading
from kms.store.open import clock
from kms.store.publications import Issue, current_issue, latest_values

SPARKLINE_DAYS = 56
FORTNIGHT = 14
LIKELY, UNLIKELY = 0.8, 0.2
ORDER = ("growing", "rising", "uncertain", "shrinking", "too_few", "missing")  # of lines and groups
STATES_WITH_VALUE = ("final", "provisional", "stale")
UNTOLD = ("too_few", "missing")
TELLING = ("p_r_above_1", "growth_rate_per_day", "two_week_growth_rate")  # of the direction
FIGURES = (*TELLING, "r_t", "doubling_time_days", "adar_per_100k")
TOO_FEW = Reading(None, None, None, "too_few", None)
Latest = Mapping[tuple[str, str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Newest:
    """The newest values of one publication by (indicator, area, sector)."""

    issue: Issue
    values: Latest
    today: date
    disclosure: Disclosure

    def reading(self, indicator: str, area: str, sector: str = "") -> Reading:
        """Return a newest share of safety items, or of beds: these need no disclosure control."""
        row = self.values.get((indicator, area, sector))
        return MISSING if row is None else reading_of(row)

    def positivity(self, area: str) -> Reading:
        """Return the newest share of positive tests, where not few persons are behind it."""
        reading = self.reading(POSITIVITY, area)
        persons = int(self.values.get((POSITIVE, area, ""), {}).get("value") or 0)
        if reading.value is None or self.disclosure.of(area).count(persons) is not None:
            return reading
        return Reading(None, None, None, "suppressed", reading.ref_date)


def newest_values(connection: Connection, issue: Issue, disclosure: Disclosure) -> Newest:
    """Read every newest value of a publication, but those that are disclosed all together."""
    rows = latest_values(connection, issue.id, ["", issue.disease], without=SHOWN_ELSEWHERE)
    values = {(r["indicator"], r["area"], r["sector"]): r for r in rows}
    return Newest(issue, values, _today(connection, issue), disclosure)


def _today(connection: Connection, issue: Issue) -> date:
    """Return the day from which data age: now, or for an earlier day's knowledge that day."""
    latest = issue.id == current_issue(connection).id
    return (clock(connection) if latest else issue.as_of).astimezone(MANILA).date()


def area_rows(
    shown: ShownFigures, newest: Newest, areas: Areas, units: Iterable[Area]
) -> tuple[AreaRow, ...]:
    """Return the lines of several areas, most urgent first."""
    listed = list(units)
    for indicator in FIGURES:  # all areas at once: one query each
        shown.figures(indicator, [unit.code for unit in listed])
    return tuple(sorted((_row(shown, newest, areas, unit) for unit in listed), key=_urgency))


def directions(shown: ShownFigures, codes: Iterable[str]) -> dict[str, str]:
    """Tell of several areas whether their epidemics are growing."""
    listed = list(codes)
    for indicator in TELLING:
        shown.figures(indicator, listed)
    return {code: direction_of(shown, code) for code in listed}


def direction_of(shown: ShownFigures, area: str) -> str:
    """Tell whether an area's epidemic is growing, by the chance that R is above 1."""
    state, chance = shown.chance(area)
    if state == "missing":
        return "missing"
    if chance is None:
        return "rising" if _rises(shown, area) else "too_few"
    if chance >= LIKELY:
        return "growing"
    return "shrinking" if chance <= UNLIKELY else "uncertain"


def _rises(shown: ShownFigures, area: str) -> bool:
    """Tell whether few cases are surely becoming more: an outbreak begins with few."""
    told = (shown.reading(name, area) for name in ("growth_rate_per_day", "two_week_growth_rate"))
    return any(reading.is_positive for reading in told)


def reading_of(row: Mapping[str, Any]) -> Reading:
    """Return a stored share as it may be printed; only states with a value keep one."""
    columns = np.array([row[name] for name in ("value", "low", "high")], dtype=np.float64)
    if row["state"] not in STATES_WITH_VALUE:
        columns[:] = np.nan
    ends = printed_range(row["indicator"], columns[1], columns[2])
    figures = printed(row["indicator"], columns[0]), *ends
    value, low, high = (float(x) if np.isfinite(x) else None for x in figures)
    return Reading(value, low, high, row["state"], row["ref_date"], row["completeness"])


def _row(shown: ShownFigures, newest: Newest, areas: Areas, unit: Area) -> AreaRow:
    code = unit.code
    people = areas.population(code, date.fromisoformat(newest.issue.facts["cases_to"]))
    direction = direction_of(shown, code)
    growth, doubling = _pace(shown, code, direction)
    met = newest.reading("compliance_initial", code, ALL_SECTORS)
    visits = newest.values.get(("compliance_initial", code, ALL_SECTORS))
    found = shown.figures("r_t", [code]).get(code)
    return AreaRow(
        code=code,
        name=unit.short_name or unit.name,
        label=unit.label,
        population=None if people is None else round(people),
        direction=direction,
        r=shown.reading("r_t", code),
        p_above_1=shown.chance(code)[1],
        sparkline=sparkline(None if found is None else found.series),
        growth=growth,
        doubling_days=doubling,
        adar_per_100k=shown.reading("adar_per_100k", code),
        two_week_growth=shown.reading("two_week_growth_rate", code),
        compliance_initial=met,
        inspections=visits["cases"] if visits and met.value is not None else None,
        data_age_days=_age(shown, newest, code),
    )


def _pace(shown: ShownFigures, area: str, direction: str) -> tuple[Reading, float | None]:
    """Return growth and doubling time; none where R is not told, which it would contradict."""
    growth = shown.reading("growth_rate_per_day", area)
    if direction in UNTOLD and growth.value is not None:
        return replace(TOO_FEW, ref_date=growth.ref_date), None
    doubling = shown.reading("doubling_time_days", area).value
    return growth, None if doubling is None else round(doubling, 1)


def placeless_cases(shown: ShownFigures) -> int | None:
    """Return the country's cases of two weeks without a place: the last whole weeks, or days."""
    found = shown.counts(PLACELESS, [COUNTRY]).get(COUNTRY)
    if found is None:
        return None
    if not found.hidden.any():
        last = float(np.nansum(found.exact.value[-FORTNIGHT:]))
        return shown.disclosure.of(COUNTRY).count(int(last))
    end = int(week_ends(found.exact.start, len(found.weeks))[-1])
    weeks = [found.weeks[end - back] for back in range(0, FORTNIGHT, WEEK) if end >= back]
    return int(sum(weeks)) if weeks and np.isfinite(weeks).all() else None


def sparkline(series: Series | None) -> tuple[float | None, ...]:
    """Return R of the last eight weeks told about, a gap where it was not."""
    if series is None:
        return ()
    last = series.last_told()
    if last is None:
        return ()
    values = series.value[max(0, last - SPARKLINE_DAYS + 1) : last + 1]
    return tuple(round(float(v), 3) if np.isfinite(v) else None for v in values)


def _age(shown: ShownFigures, newest: Newest, area: str) -> int | None:
    """Return how old an area's last reported case is; within a hidden week, at most so old."""
    reported = newest.issue.facts["reported_to"].get(area)
    if reported is None:
        return None
    day = date.fromisoformat(reported)
    counts = shown.counts(REPORT, [area]).get(area)
    place = None if counts is None else counts.exact.position(day)
    if counts is not None and place is not None and counts.hidden[place]:
        day -= timedelta(days=day.toordinal() % WEEK)  # its Sunday: never told too fresh
    return (newest.today - day).days


def _urgency(row: AreaRow) -> tuple[int, float, str]:
    return (ORDER.index(row.direction), -(row.p_above_1 or 0.0), row.code)
