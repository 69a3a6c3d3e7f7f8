"""Which weekly diseases are unusual where, and the course of one of them in one area."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection

from kms.access.disclosure import Disclosure, DisclosureRule
from kms.access.weekly_counts import signal_band
from kms.config import MANILA
from kms.domain.areas import COUNTRY, Areas
from kms.domain.indicators import (
    CASES_CHANNEL,
    CASES_EXPECTED,
    CASES_WEEKLY,
    FALSE_SHARE,
    SIGNAL,
)
from kms.domain.series import Series
from kms.errors import NoDataError
from kms.reads.frame import read_frame, resolve_issue, stale_days
from kms.reads.notifiable.figures import WeeklyFigures, weekly_facts
from kms.reads.notifiable.rows import SignalRow, TestedRow, WeeksView
from kms.reads.request import Request
from kms.reads.views import Frame, SignalsView
from kms.reference import load_areas, load_diseases
from kms.store.engine import Store
from kms.store.publications import Issue
from metrics.states import State

REPORTS, WEEK = "pidsr_weekly", 7
SHOWN_WEEKS = 53
ZONES = ("success", "safety", "alert", "epidemic")


def read_signals(store: Store, request: Request, rule: DisclosureRule | None = None) -> SignalsView:
    """Return the signals page; raise `NoDataError` where there is no such disease or area."""
    disclosure = Disclosure(rule or DisclosureRule(), request.who)
    areas, diseases = load_areas(), load_diseases()
    with store.read() as connection:
        issue = resolve_issue(connection, request)
        facts = weekly_facts(issue)
        rows = current_signals(connection, issue, disclosure, request.language)
        disease, area = _chosen(request, facts, rows)
        course = WeeksView()
        if disease:
            course = _course(WeeklyFigures(connection, issue, disclosure, disease), area)
        return SignalsView(
            frame=_frame(connection, request, issue),
            rows=rows,
            tested=tuple(_tested(facts, rows, request.language)),
            disease=disease,
            disease_name=diseases[disease].name(request.language) if disease else "",
            area=area,
            area_name=areas.get(area).short_name,
            course=course,
            areas=tuple(_listed(areas, issue.as_of.astimezone(MANILA).date())),
        )


def _frame(connection: Connection, request: Request, issue: Issue) -> Frame:
    """Return what the page says of its figures: of weekly reports, whatever the daily cases do."""
    frame = read_frame(connection, request, issue)
    weeks = [date.fromisoformat(about["to"]) for about in weekly_facts(issue).values()]
    if not weeks:
        return replace(frame, disease_name="", cases_to=None, stale_days=None)
    last = max(weeks) + timedelta(days=WEEK - 1)
    old = stale_days(connection, last, REPORTS) if frame.is_latest else None
    return replace(frame, disease_name="", cases_to=last, stale_days=old)


def current_signals(
    connection: Connection,
    issue: Issue,
    disclosure: Disclosure,
    language: str,
    *,
    area: str = "",
) -> tuple[SignalRow, ...]:
    """Return the areas, or one area's diseases, that signal in the last weeks, surest first."""
    rows: list[SignalRow] = []
    for disease, about in weekly_facts(issue).items():
        found = [code for code in about["signals"] if area in ("", code)]
        figures = WeeklyFigures(connection, issue, disclosure, disease)
        rows += _rows(figures, found, load_diseases()[disease].name(language)) if found else ()
    return tuple(sorted(rows, key=_urgency))


def _rows(figures: WeeklyFigures, codes: Sequence[str], name: str) -> Iterator[SignalRow]:
    shown = {
        indicator: figures.figures(indicator, codes)
        for indicator in (CASES_WEEKLY, CASES_EXPECTED, CASES_CHANNEL, SIGNAL)
    }
    counts = figures.counts(codes)
    for code in codes:
        signals = shown[SIGNAL][code]
        place = int(np.flatnonzero(signals.value <= FALSE_SHARE)[-1])
        week = signals.date_at(place)
        cases = _on(shown[CASES_WEEKLY].get(code), week)
        told = cases["value"] is not None
        expected = _on(shown[CASES_EXPECTED].get(code), week) if told else EMPTY
        unit = load_areas().get(code)
        yield SignalRow(
            disease=figures.disease,
            disease_name=name,
            area=code,
            area_name=unit.short_name or unit.name,
            level=unit.level,
            week=week,
            cases=int(cases["value"]) if told else None,
            expected=expected["value"],
            bound=expected["high"],
            false_share=signal_band(float(signals.value[place])),
            since=signals.date_at(_first_in_row(signals, place)),
            zone=_zone(cases, _on(shown[CASES_CHANNEL].get(code), week)),
            provisional=_is_provisional(counts[code].exact, week),
        )


EMPTY: Mapping[str, Any] = {"value": None, "low": None, "high": None}


def _on(series: Series | None, week: date) -> Mapping[str, Any]:
    """Return a shown series on a week; nothing where it does not say anything."""
    place = None if series is None else series.position(week)
    if series is None or place is None:
        return EMPTY
    return {name: _number(getattr(series, name)[place]) for name in ("value", "low", "high")}


def _is_provisional(counts: Series, week: date) -> bool:
    """Tell whether reports of a week are still coming in; no secret of a hidden count."""
    place = counts.position(week)
    return place is not None and bool(counts.state[place] == State.PROVISIONAL)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _zone(cases: Mapping[str, Any], channel: Mapping[str, Any]) -> str:
    """Return where a shown count lies among the shown quartiles; a count on a bound lies below."""
    bounds = (channel["low"], channel["value"], channel["high"])
    if cases["value"] is None or channel["value"] is None or channel["high"] is None:
        return ""
    return ZONES[sum(cases["value"] > (bound or 0.0) for bound in bounds)]


def _first_in_row(signals: Series, place: int) -> int:
    """Return where the run of signals that ends at a place begins; silent weeks do not end it."""
    first = place
    for at in range(place, -1, -1):
        if signals.value[at] <= FALSE_SHARE:
            first = at
        elif signals.state[at] not in (State.HIDDEN, State.MISSING):
            break
    return first


def _urgency(row: SignalRow) -> tuple[float, bool, float, str, str]:
    """Order by how sure a signal is, then by how far above what is expected."""
    told = row.cases is not None and row.expected is not None
    excess = (row.cases or 0) / max(row.expected or 1.0, 1.0) if told else 0.0
    return row.false_share, row.cases is None, -excess, row.disease, row.area


def _tested(
    facts: Mapping[str, Mapping[str, Any]], rows: Sequence[SignalRow], language: str
) -> Iterator[TestedRow]:
    found = Counter(row.disease for row in rows)
    for disease, about in sorted(facts.items()):
        yield TestedRow(
            disease=disease,
            disease_name=load_diseases()[disease].name(language),
            to=date.fromisoformat(about["to"]),
            areas=about["tested"],
            expected_false=about["expected_false"],
            compared_with=about["compared_with"],
            signals=found[disease],
        )


def _chosen(
    request: Request, facts: Mapping[str, Any], rows: Sequence[SignalRow]
) -> tuple[str, str]:
    """Return the disease and area asked for, or those of the surest signal."""
    if request.disease and request.disease not in facts:
        raise NoDataError(
            f"there are no weekly reports of '{request.disease[:40]}'; choose one of "
            f"{', '.join(sorted(facts)) or 'none yet'}"
        )
    if request.area and request.area not in load_areas():
        raise NoDataError(f"there is no area '{request.area[:20]}'; choose one of the list")
    own = [row for row in rows if request.disease in ("", row.disease)]
    own = [row for row in own if request.area in ("", row.area)]
    first = own[0] if own else None
    disease = request.disease or (first.disease if first else min(facts, default=""))
    return disease, request.area or (first.area if first else COUNTRY)


def _course(figures: WeeklyFigures, area: str) -> WeeksView:
    counts = figures.counts([area]).get(area)
    if counts is None:
        return WeeksView()
    shown = counts.weeks
    weeks = [shown.date_at(at) for at in range(max(0, len(shown) - SHOWN_WEEKS), len(shown))]
    cases, expected, channel, signals = (
        [_on(figures.figures(name, [area]).get(area), week) for week in weeks]
        for name in (CASES_WEEKLY, CASES_EXPECTED, CASES_CHANNEL, SIGNAL)
    )
    first = len(shown) - len(weeks)

    def column(rows: Sequence[Mapping[str, Any]], name: str = "value") -> tuple[float | None, ...]:
        return tuple(None if row[name] is None else round(row[name], 1) for row in rows)

    return WeeksView(
        weeks=tuple(weeks),
        cases=tuple(None if row["value"] is None else int(row["value"]) for row in cases),
        states=tuple(State(int(code)).label for code in shown.state[first:]),
        expected=column(expected),
        bound=column(expected, "high"),
        lower=column(channel, "low"),
        alert=column(channel),
        epidemic=column(channel, "high"),
        signals=tuple(row["value"] is not None and row["value"] <= FALSE_SHARE for row in signals),
        completeness=tuple(_number(share) for share in shown.completeness[first:]),
    )


def _listed(areas: Areas, on: date) -> Iterator[tuple[str, str, str]]:
    """List the country, and each region before its provinces."""
    yield COUNTRY, areas.get(COUNTRY).short_name, "country"
    for region in areas.units("region", on):
        yield region.code, region.short_name or region.name, "region"
        for inside in areas.children(region.code, on):
            if inside.level == "province":
                yield inside.code, inside.short_name or inside.name, "province"
