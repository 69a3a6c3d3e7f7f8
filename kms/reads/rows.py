"""Lines of the ranked table: one area's newest figures, disclosed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Connection

from kms.access.disclosure import DisclosureRule
from kms.access.figures import Columns, growth_of_rounded, printed, rate_of_rounded
from kms.config import MANILA
from kms.domain.areas import Area, Areas
from kms.domain.indicators import ALL_SECTORS
from kms.domain.series import Series
from kms.reads.views import AreaRow, Reading
from kms.store.open import clock
from kms.store.publications import Issue, current_issue, latest_values, read_many
from metrics.states import State

SPARKLINE_DAYS = 56
LIKELY, UNLIKELY = 0.8, 0.2
ORDER = ("growing", "rising", "uncertain", "shrinking", "too_few", "missing")  # of lines and groups
STATES_WITH_VALUE = ("final", "provisional", "stale")
UNTOLD = ("too_few", "missing")
MISSING = Reading(None, None, None, "missing", None)
TOO_FEW = Reading(None, None, None, "too_few", None)
Latest = Mapping[tuple[str, str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Newest:
    """The newest values of one publication by (indicator, area, sector)."""

    issue: Issue
    values: Latest
    today: date
    rule: DisclosureRule

    def reading(self, indicator: str, area: str, sector: str = "") -> Reading:
        """Return a newest value as it may be shown."""
        row = self.values.get((indicator, area, sector))
        return MISSING if row is None else reading_of(row)

    def cases(self, indicator: str, area: str, sector: str = "") -> int | None:
        """Return the count behind a newest value, disclosed."""
        row = self.values.get((indicator, area, sector))
        return None if row is None else self.rule.count(row["cases"])


def newest_values(connection: Connection, issue: Issue, rule: DisclosureRule) -> Newest:
    """Read every newest value of a publication."""
    rows = latest_values(connection, issue.id)
    values = {(r["indicator"], r["area"], r["sector"]): r for r in rows}
    return Newest(issue, values, _today(connection, issue), rule)


def _today(connection: Connection, issue: Issue) -> date:
    """Return the day from which data age: now, or for an earlier day's knowledge that day."""
    latest = issue.id == current_issue(connection).id
    return (clock(connection) if latest else issue.as_of).astimezone(MANILA).date()


def area_rows(
    connection: Connection, newest: Newest, areas: Areas, units: Iterable[Area]
) -> tuple[AreaRow, ...]:
    """Return the lines of several areas, most urgent first."""
    listed = list(units)
    series = read_many(connection, newest.issue.id, "r_t", [u.code for u in listed])
    rows = [_row(newest, areas, unit, series.get(unit.code)) for unit in listed]
    return tuple(sorted(rows, key=_urgency))


def direction_of(newest: Newest, area: str) -> str:
    """Tell whether an area's epidemic is growing, by the chance that R is above 1."""
    chance = newest.reading("p_r_above_1", area)
    if chance.state == "missing":
        return "missing"
    if chance.value is None:
        return "rising" if _rises(newest, area) else "too_few"
    if chance.value >= LIKELY:
        return "growing"
    return "shrinking" if chance.value <= UNLIKELY else "uncertain"


def _rises(newest: Newest, area: str) -> bool:
    """Tell whether few cases are surely becoming more: an outbreak begins with few."""
    growth = newest.reading("growth_rate_per_day", area)
    fortnight = two_week_growth(newest, area)
    return any(reading.low is not None and reading.low > 0 for reading in (growth, fortnight))


def reading_of(row: Mapping[str, Any]) -> Reading:
    """Return a stored value as it may be printed; only states with a value keep one."""
    columns = np.array([row[name] for name in ("value", "low", "high")], dtype=np.float64)
    if row["state"] not in STATES_WITH_VALUE:
        columns[:] = np.nan
    return _reading(row, columns)


def _reading(row: Mapping[str, Any], columns: Iterable[Any]) -> Reading:
    figures = printed(row["indicator"], np.array([*columns], dtype=np.float64))
    value, low, high = (float(x) if np.isfinite(x) else None for x in figures)
    return Reading(value, low, high, row["state"], row["ref_date"], row["completeness"])


def _row(newest: Newest, areas: Areas, unit: Area, series: Series | None) -> AreaRow:
    code = unit.code
    people = areas.population(code, date.fromisoformat(newest.issue.facts["cases_to"]))
    direction = direction_of(newest, code)
    growth, doubling = _pace(newest, code, direction)
    reported = newest.issue.facts["reported_to"].get(code)
    return AreaRow(
        code=code,
        name=unit.short_name or unit.name,
        label=unit.label,
        population=None if people is None else round(people),
        direction=direction,
        r=newest.reading("r_t", code),
        p_above_1=newest.reading("p_r_above_1", code).value,
        sparkline=sparkline(series),
        growth=growth,
        doubling_days=doubling,
        adar_per_100k=attack_rate(newest, code),
        two_week_growth=two_week_growth(newest, code),
        compliance_initial=newest.reading("compliance_initial", code, ALL_SECTORS),
        inspections=(newest.values.get(("compliance_initial", code, ALL_SECTORS)) or {}).get(
            "cases"
        ),
        data_age_days=None if reported is None else _age(newest, date.fromisoformat(reported)),
    )


def _pace(newest: Newest, area: str, direction: str) -> tuple[Reading, float | None]:
    """Return growth and doubling time; none where R is not told, which it would contradict."""
    growth = newest.reading("growth_rate_per_day", area)
    if direction in UNTOLD and growth.value is not None:
        return replace(TOO_FEW, ref_date=growth.ref_date), None
    doubling = newest.reading("doubling_time_days", area).value
    return growth, None if doubling is None else round(doubling, 1)


def attack_rate(newest: Newest, area: str) -> Reading:
    """Return the attack rate from the rounded count; suppressed where the count is."""
    row = newest.values.get(("adar_per_100k", area, ""))
    if row is None:
        return MISSING
    cases = row["cases"] or 0
    if newest.rule.count(cases) is None:
        return suppressed(row)
    return _reading(row, rate_of_rounded(_columns(row), np.array(float(cases)), newest.rule))


def two_week_growth(newest: Newest, area: str) -> Reading:
    """Return the two-week growth from rounded counts; suppressed where either count is."""
    row = newest.values.get(("two_week_growth_rate", area, ""))
    if row is None:
        return MISSING
    if row["state"] not in STATES_WITH_VALUE or row["value"] is None or row["value"] <= -1:
        return reading_of(row)
    later = row["cases"] or 0
    earlier = round(later / (1 + row["value"]))
    if None in (newest.rule.count(later), newest.rule.count(earlier)):
        return suppressed(row)
    counts = np.array(float(later)), np.array(float(earlier))
    return _reading(row, growth_of_rounded(_columns(row), *counts, newest.rule))


def suppressed(row: Mapping[str, Any]) -> Reading:
    """Return a reading whose count of persons is too small to be shown."""
    return Reading(None, None, None, State.SUPPRESSED.label, row["ref_date"])


def _columns(row: Mapping[str, Any]) -> Columns:
    value, low, high = (
        np.array(np.nan if row[n] is None else row[n], dtype=np.float64)
        for n in ("value", "low", "high")
    )
    return value, low, high


def sparkline(series: Series | None) -> tuple[float | None, ...]:
    """Return R of the last eight weeks told about, a gap where it was not."""
    if series is None:
        return ()
    last = series.last_told()
    if last is None:
        return ()
    values = series.value[max(0, last - SPARKLINE_DAYS + 1) : last + 1]
    return tuple(round(float(v), 3) if np.isfinite(v) else None for v in values)


def _age(newest: Newest, day: date) -> int:
    return (newest.today - day).days


def _urgency(row: AreaRow) -> tuple[int, float, str]:
    return (ORDER.index(row.direction), -(row.p_above_1 or 0.0), row.code)
