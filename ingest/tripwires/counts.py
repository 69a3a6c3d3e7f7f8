"""Counts of two issues of a source: has anything vanished, shrunk, jumped or stood still."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import pyarrow as pa

from ingest.tripwires.limits import Limits
from kms.domain.intake import Alarm

LOOK_BACK = 28  # days by which the newest are judged
DAYS_BEFORE = 14  # of which the median is taken


@dataclass(frozen=True)
class Watched:
    """What is added up in a fact table, on which days, of which rows."""

    count: str
    day: str
    rows: str = "true"  # SQL
    adds_up: bool = True  # running totals do not: their newest day is compared
    daily: bool = True  # else no gaps and jumps are looked for
    dated: bool = True  # else its newest day tells nothing of the age


WATCHED: tuple[tuple[str, Watched], ...] = (
    ("case_count", Watched("cases", "ref_date", "basis = 'report' AND grain = 'day'")),
    ("case_count", Watched("cases", "ref_date", "basis = 'onset'", daily=False, dated=False)),
    (
        "case_count",
        Watched("cases", "ref_date", "grain = 'week' AND classification = 'all'", daily=False),
    ),
    ("case_total", Watched("persons", "ref_date", "measure = 'cases'", adds_up=False)),
    ("testing", Watched("individuals_tested", "ref_date")),
    ("capacity", Watched("total", "ref_date", "bed_type <> 'ventilator'", adds_up=False)),
    ("case_link", Watched("cases", "report_date")),
    ("inspection", Watched("1", "opened_on", daily=False, dated=False)),
    ("injury_report", Watched("1", "occurred_on", daily=False, dated=False)),
    *(
        (table, Watched(count, "ref_date", adds_up=False, daily=False, dated=False))
        for table, count in (
            ("population", "persons"),
            ("employment", "employed"),
            ("establishment_count", "establishments"),
        )
    ),
)


def counts_changed(
    before: Mapping[str, pa.Table],
    now: Mapping[str, pa.Table],
    region_of: Callable[[str], str],
    limits: Limits,
    *,
    some_days: Collection[str] = (),
) -> list[Alarm]:
    """Compare what two issues count; of the tables `some_days` they speak for some days only."""
    alarms: list[Alarm] = []
    for name, watched in WATCHED:
        if name not in now or name not in before:
            continue
        with duckdb.connect() as engine:
            days = _days(engine, watched, before[name], now[name])
            if watched.daily:
                alarms += _days_missing(days, limits)
                alarms += _jumped(days, limits)
            alarms += _shrunk(engine, watched, region_of, limits, is_whole=name not in some_days)
    return list({(alarm.code, alarm.subject): alarm for alarm in alarms}.values())


def stale(now: Mapping[str, pa.Table], issued: date, limits: Limits) -> list[Alarm]:
    """Tell whether the newest day lies long before the issue."""
    if limits.stale_days is None:
        return []
    for name, watched in WATCHED:
        days = now[name][watched.day] if watched.dated and name in now else None
        if days is None or len(days) == 0:
            continue
        newest = max(day for day in days.unique().to_pylist() if day)
        late = (issued - date.fromisoformat(newest)).days
        if late > limits.stale_days:
            return [Alarm("stale_file", newest, float(late), float(limits.stale_days))]
    return []


def _days(
    engine: duckdb.DuckDBPyConnection, watched: Watched, before: pa.Table, now: pa.Table
) -> tuple[dict[date, float], dict[date, float]]:
    """Return the counts of both issues by day; the engine holds them as `before_` and `now_`."""
    found = []
    for name, content in (("before_", before), ("now_", now)):
        engine.register(f"{name}all", content)
        engine.execute(f"CREATE TABLE {name} AS SELECT * FROM {name}all WHERE {watched.rows}")
        rows = engine.execute(
            f"SELECT CAST({watched.day} AS DATE), sum({watched.count}) FROM {name} "
            f"WHERE {watched.day} IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).fetchall()
        found.append({day: float(total or 0) for day, total in rows})
    return found[0], found[1]


def _days_missing(days: tuple[dict[date, float], dict[date, float]], limits: Limits) -> list[Alarm]:
    """Find missing days among the newest, where before none was missing for four weeks."""
    before, now = days
    if limits.gap_days is None or len(before) < LOOK_BACK or not now:
        return []
    last, newest = max(before), max(now)
    settled = [before.get(last - timedelta(days=lag), 0.0) for lag in range(LOOK_BACK)]
    if min(settled) < limits.fewest_a_day:
        return []
    start = max(last - timedelta(days=LOOK_BACK), min(now))
    expected = [start + timedelta(days=n) for n in range((newest - start).days + 1)]
    missing = [day for day in expected if not now.get(day)]
    if len(missing) <= limits.gap_days:
        return []
    return [Alarm("gap", missing[0].isoformat(), float(len(missing)), float(limits.gap_days))]


def _jumped(days: tuple[dict[date, float], dict[date, float]], limits: Limits) -> list[Alarm]:
    """Find a new day with many times the median of the fortnight before it."""
    before, now = days
    if limits.spike is None or not before:
        return []
    last = max(before)
    for day in sorted(day for day in now if day > last):
        earlier = sorted(now.get(day - timedelta(days=n), 0.0) for n in range(1, DAYS_BEFORE + 1))
        usual = earlier[DAYS_BEFORE // 2]
        if now[day] >= limits.fewest_in_spike and usual > 0 and now[day] > limits.spike * usual:
            return [Alarm("spike", day.isoformat(), now[day] / usual, limits.spike)]
    return []


def _shrunk(
    engine: duckdb.DuckDBPyConnection,
    watched: Watched,
    region_of: Callable[[str], str],
    limits: Limits,
    *,
    is_whole: bool,
) -> list[Alarm]:
    """Find totals, of all and of each region, that are much smaller, and regions that are gone.

    An issue that speaks of some days only is compared on those; of running totals, on the newest
    day of both, or on the newest of each where they have none in common.
    """
    ends = [
        engine.execute(f"SELECT min({watched.day}), max({watched.day}) FROM {name}").fetchall()[0]
        for name in ("before_", "now_")
    ]
    if any(first is None for first, _ in ends):
        return []
    first, last = max(f for f, _ in ends), min(t for _, t in ends)
    days = [(first, last)] * 2
    if not watched.adds_up:
        days = [(last, last)] * 2 if first <= last else [(t, t) for _, t in ends]
    elif is_whole:  # it should speak of every day the one before spoke of
        days = [("0001-01-01", "9999-12-31")] * 2
    totals = []
    for name, (start, end) in zip(("before_", "now_"), days, strict=True):
        rows = engine.execute(
            f"SELECT area, sum({watched.count}) FROM {name} "
            f"WHERE {watched.day} BETWEEN ? AND ? GROUP BY area",
            [start, end],
        ).fetchall()
        totals.append(_by_region(rows, region_of))
    return _losses(totals[0], totals[1], limits)


def _by_region(
    rows: list[tuple[str, float | None]], region_of: Callable[[str], str]
) -> dict[str, float]:
    """Add areas up to regions, and all of them under a blank name."""
    found = {"": 0.0}
    for area, total in rows:
        region = region_of(area or "")
        found[""] += float(total or 0)
        if region:
            found[region] = found.get(region, 0.0) + float(total or 0)
    return found


def _losses(before: dict[str, float], now: dict[str, float], limits: Limits) -> list[Alarm]:
    alarms = []
    for region, total in sorted(before.items()):
        left = now.get(region, 0.0)
        if total - left < limits.smallest_loss:
            continue
        if region and left == 0:
            if limits.areas_vanish:
                alarms.append(Alarm("area_vanished", region, 0.0, total))
            continue
        allowed = limits.region_shrinks if region else limits.total_shrinks
        if allowed is not None and 1 - left / total > allowed:
            alarms.append(Alarm("total_shrank", region, 1 - left / total, allowed))
    return alarms
