"""How earlier ranges held, on publications made by hand whose later values are known."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select, update

from kms.compute.self_audit import FACT, JUDGED, as_fact, self_audit
from kms.domain.series import Series, make_series
from kms.store.engine import Store
from kms.store.publications import (
    DRAFT,
    PUBLISHED,
    ROLLED_BACK,
    Entry,
    Issue,
    add_fact,
    issues,
    remove,
    switch,
    write_draft,
)
from kms.store.tables import Publication
from metrics.proportions import wilson
from metrics.states import State
from tests.published import NOW

FIRST = date(2021, 1, 1)
AREAS = ("0000000000", "1300000000", "1100000000", "1400000000")
MEAN_CASES = (150.0, 40.0, 4.0, 0.4)
DISEASE = "covid19"
AGES = ((-14, -7), (-7, 0), (0, 3), (3, 7), (7, 14), (14, 28))
SIZES = ((0.0, 1.0), (1.0, 10.0), (10.0, 100.0), (100.0, np.inf))
LEVELS = ((0.95, "low", "high"), (0.5, "low50", "high50"))
Key = tuple[str, float, Any, Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Made:
    """One publication as it was made: its last day of cases, basis and every series."""

    issue: Issue
    last: date
    series: dict[tuple[str, str], Series]

    @property
    def basis(self) -> str:
        return str(self.issue.facts["basis"])

    def at(self, indicator: str, area: str, day: date) -> tuple[float, float] | None:
        """Return value and state of a day."""
        series = self.series.get((indicator, area))
        place = None if series is None else series.position(day)
        if series is None or place is None:
            return None
        return float(series.value[place]), float(series.state[place])


def share_known(age: int) -> float:
    """Return what part of a day's cases is known at an age."""
    return min(1.0, 0.1 + 0.0445 * age)


def made(name: str, last: date, *, seed: int, basis: str = "onset") -> Made:
    """Make a publication: counts of its day, and ranges of which many do not hold."""
    draw = np.random.default_rng(seed)
    days = (last - FIRST).days + 1
    ages = np.arange(days)[::-1]
    known = np.array([share_known(int(age)) for age in ages])
    series: dict[tuple[str, str], Series] = {}
    for area, mean in zip(AREAS, MEAN_CASES, strict=True):
        final = np.random.default_rng(len(area) + int(mean)).poisson(mean, 450)[:days]
        late = ages // 30  # reports after the first month, which are nobody's target
        counts = np.floor(final * known) + late
        # However complete a day of onset is said to be, its age decides.
        series["cases_onset", area] = make_series(FIRST, counts, completeness=np.ones(days))
        series["cases_report", area] = make_series(
            FIRST, final + late.astype(float), completeness=np.ones(days)
        )
        state = np.where(ages < 8, State.HIDDEN, State.FINAL).astype(float)
        state[draw.random(days) < 0.1] = State.TOO_FEW
        r = 1 + draw.normal(0, 0.1, days)
        series["r_t", area] = with_ranges(FIRST, r, 0.15 * draw.random(days), state=state)
        recent = slice(days - 25, days)
        states = np.where(ages[recent] < 2, State.HIDDEN, State.PROVISIONAL).astype(float)
        series["nowcast_cases", area] = with_ranges(
            FIRST + timedelta(days=days - 25),
            final[recent] + draw.normal(0, 2, 25),
            1 + mean * 0.2 * draw.random(25),
            state=states,
            completeness=known[recent],
        )
        ahead = mean + draw.normal(0, 2, 14)
        series["forecast_cases", area] = with_ranges(
            last + timedelta(days=1), ahead, 1 + mean * 0.2 * draw.random(14), state=np.zeros(14)
        )
    as_of = datetime.combine(last + timedelta(days=1), time(8, tzinfo=UTC))
    facts = {"disease": DISEASE, "basis": basis, "cases_to": last.isoformat()}
    return Made(Issue(name, as_of, NOW + timedelta(days=seed), name, DRAFT, facts), last, series)


def with_ranges(first: date, value: Floats, half: Floats, **others: Any) -> Series:
    """Return a series whose inner range is half as wide, a few days without one."""
    inner = np.where(np.arange(value.size) % 11 == 0, np.nan, half / 2)
    return make_series(
        first,
        value,
        low=value - half,
        high=value + half,
        low50=value - inner,
        high50=value + inner,
        **others,
    )


def keep(store: Store, one: Made, state: str = PUBLISHED) -> None:
    """Write a publication into a store."""
    entries = [
        Entry(indicator, area, "", series, disease=DISEASE)
        for (indicator, area), series in one.series.items()
    ]
    write_draft(store, one.issue, entries)
    if state != DRAFT:
        switch(store, one.issue.id, current=True)
    if state == ROLLED_BACK:
        with store.write() as connection:
            connection.execute(
                update(Publication).where(Publication.id == one.issue.id).values(state=ROLLED_BACK)
            )


def expected(looked_at: list[Made]) -> dict[Key, list[tuple[date, float, float, float | None]]]:
    """Return each published range and its later value by group, in a plain loop."""
    newest = looked_at[-1]
    groups: dict[Key, list[tuple[date, float, float, float | None]]] = {}
    for one in looked_at:
        for (indicator, area), series in one.series.items():
            other_axis = indicator == "r_t" and one.basis != newest.basis
            if indicator.startswith("cases_") or other_axis:
                continue
            size = mean_reported(newest, area, one.last)
            for place, day in enumerate(series.dates()):
                age = (one.last - day).days
                if not is_judged(age, State(int(series.state[place]))):
                    continue
                later = later_value(looked_at, indicator, area, day)
                for said, low, high in LEVELS:
                    row = day, getattr(series, low)[place], getattr(series, high)[place], later
                    if np.isnan(row[1]):
                        continue
                    ages = next(g for g in AGES if g[0] <= age < g[1])
                    sizes = next(g for g in SIZES if g[0] <= size < g[1])
                    for key in (None, None), (ages, None), (None, sizes):
                        groups.setdefault((indicator, said, *key), []).append(row)
    return groups


def is_judged(age: int, state: State) -> bool:
    return age < 28 and state in (State.FINAL, State.PROVISIONAL)


def mean_reported(newest: Made, area: str, last: date) -> float:
    cases = newest.series["cases_report", area]
    days = [last - timedelta(days=back) for back in range(28)]
    places = [cases.position(day) for day in days]
    return sum(float(cases.value[place]) for place in places if place is not None) / 28


def later_value(looked_at: list[Made], indicator: str, area: str, day: date) -> float | None:
    newest = looked_at[-1]
    if indicator == "r_t":
        found = newest.at("r_t", area, day)
        old = (newest.last - day).days >= 28
        return found[0] if found and old and found[1] == State.FINAL else None
    by = {"nowcast_cases": "cases_onset", "forecast_cases": "cases_report"}[indicator]
    for one in looked_at:
        if (one.last - day).days >= 28:
            found = one.at(by, area, day)
            return found[0] if found else None
    found = newest.at(by, area, day)
    return found[0] if found and by == "cases_report" else None


def told(store: Store, issue: Issue) -> dict[Key, list[Any]]:
    """Return what the audit says of each group."""
    with store.read() as connection:
        rows = as_fact(self_audit(connection, issue, AREAS))
    assert json.loads(json.dumps(rows)) == rows
    return {
        (row[0], row[1], *(group and limits(group) for group in row[2:4])): row[4:] for row in rows
    }


def limits(group: list[Any]) -> tuple[float, float]:
    return group[0], np.inf if group[1] is None else group[1]


def compare(found: dict[Key, list[Any]], looked_at: list[Made]) -> None:
    """Compare every group with the plain loop."""
    groups = expected(looked_at)
    assert set(found) == set(groups)
    for key, rows in groups.items():
        known = [(day, low, high, later) for day, low, high, later in rows if later is not None]
        compared, waiting, inside, low_end, high_end, below, above = found[key]
        assert (compared, waiting) == (len(known), len(rows) - len(known)), key
        fortnights = {day.toordinal() // 14 for day, *_ in known}
        if len(known) < 30 or len(fortnights) < 4:
            assert (inside, low_end, high_end, below, above) == (None,) * 5, key
            continue
        held = sum(low <= later <= high for _, low, high, later in known)
        assert inside == pytest.approx(held / len(known), abs=1e-4), key
        assert below == pytest.approx(np.mean([v < low for _, low, _, v in known]), abs=1e-4)
        assert above == pytest.approx(np.mean([v > high for *_, high, v in known]), abs=1e-4)
        alone = wilson(held, len(known))
        assert low_end <= float(alone.low) + 1e-4
        assert high_end >= float(alone.high) - 1e-4


@pytest.fixture
def weekly() -> list[Made]:
    """Give 14 publications a week apart; of the newest four weeks nothing has matured."""
    return [
        made(f"week{week}", FIRST + timedelta(days=40 + 7 * week), seed=week) for week in range(14)
    ]


def test_shares_are_those_of_a_plain_count(store: Store, weekly: list[Made]) -> None:
    for one in weekly[:-1]:
        keep(store, one)
    keep(store, weekly[-1], DRAFT)  # as it is when the audit is made
    found = told(store, weekly[-1].issue)
    compare(found, weekly)
    whole = {key[:2]: row for key, row in found.items() if key[2:] == (None, None)}
    assert len(whole) == len(JUDGED) * len(LEVELS)
    assert all(row[0] > 100 and row[1] > 40 and 0 < row[2] < 1 for row in whole.values())
    assert ("forecast_cases", 0.95, (-7, 0), None) in found  # the first week ahead


def test_what_is_not_known_yet_waits(store: Store, weekly: list[Made]) -> None:
    """Days of report are known at once, days of onset and R after four weeks."""
    for one in weekly[:3]:
        keep(store, one)
    found = told(store, weekly[2].issue)
    compare(found, weekly[:3])
    r, nowcast = (found[name, 0.95, None, None] for name in ("r_t", "nowcast_cases"))
    assert r[2] is nowcast[2] is None
    assert min(*r[:2], *nowcast[:2]) > 0


def test_of_a_cut_the_first_publication_counts_also_one_rolled_back(
    store: Store, weekly: list[Made]
) -> None:
    for number, one in enumerate(weekly[:-1]):
        keep(store, one, ROLLED_BACK if number == 5 else PUBLISHED)
    again = made("again", weekly[4].last, seed=99)
    assert again.issue.published_at > weekly[4].issue.published_at
    keep(store, again)
    keep(store, made("later", weekly[-1].last + timedelta(days=7), seed=97))
    keep(store, weekly[-1], DRAFT)
    compare(told(store, weekly[-1].issue), weekly)


@pytest.mark.parametrize("basis", ["onset", "report"])
def test_r_by_another_axis_is_another_figure_and_counts_are_not(store: Store, basis: str) -> None:
    bases = ["onset", "report", "report", "onset", "report", basis]
    mixed = [
        made(f"week{week}", FIRST + timedelta(days=40 + 7 * week), seed=week, basis=each)
        for week, each in enumerate(bases)
    ]
    for one in mixed:
        keep(store, one)
    compare(told(store, mixed[-1].issue), mixed)


def test_of_old_publications_the_last_of_each_week_counts(store: Store, weekly: list[Made]) -> None:
    sunday = date(2021, 2, 7)
    assert sunday.toordinal() % 7 == 0  # weeks are those of the calendar
    early, late = (made(f"old{n}", sunday + timedelta(days=n - 1), seed=50 + n) for n in (1, 5))
    newest = [made(f"new{n}", date(2021, 7, 1) + timedelta(days=n), seed=n) for n in (0, 1)]
    for one in (early, late, *newest):
        keep(store, one)
    compare(told(store, newest[-1].issue), [late, *newest])
    ancient = made("ancient", FIRST + timedelta(days=415), seed=77)
    keep(store, ancient)
    found = told(store, ancient.issue)  # more than a year after the two of February
    compare(found, [*newest[-1:], ancient])


def test_publications_that_are_removed_are_missed_and_nothing_else(
    store: Store, weekly: list[Made]
) -> None:
    for one in weekly:
        keep(store, one)
    with store.write() as connection:
        for one in weekly[1:9:2]:
            remove(connection, one.issue.id)
    left = [one for number, one in enumerate(weekly) if number not in range(1, 9, 2)]
    compare(told(store, weekly[-1].issue), left)


@pytest.mark.parametrize(
    "broken",
    [
        lambda s: replace(s, low=s.high, high=s.low),
        lambda s: replace(s, high=np.full(len(s), np.inf)),
        lambda s: replace(s, value=np.full(len(s), np.nan)),
        lambda s: replace(s, state=np.full(len(s), float(State.SUPPRESSED))),
    ],
    ids=["ends the wrong way round", "no upper end", "no value", "not shown"],
)
def test_a_range_that_was_none_is_no_reason_not_to_publish(
    store: Store, weekly: list[Made], broken: Callable[[Series], Series]
) -> None:
    wrong = {
        key: broken(series) if key == ("r_t", AREAS[1]) else series
        for key, series in weekly[0].series.items()
    }
    keep(store, replace(weekly[0], series=wrong))
    for one in weekly[1:8]:
        keep(store, one)
    found = told(store, weekly[7].issue)
    right = {key: s for key, s in wrong.items() if key != ("r_t", AREAS[1])}
    rows = expected([replace(weekly[0], series=right), *weekly[1:8]])["r_t", 0.95, None, None]
    assert sum(found["r_t", 0.95, None, None][:2]) == len(rows)


def test_without_ranges_there_is_nothing_to_say(store: Store, weekly: list[Made]) -> None:
    counts = {k: s for k, s in weekly[0].series.items() if k[0].startswith("cases_")}
    keep(store, replace(weekly[0], series=counts))
    assert told(store, weekly[0].issue) == {}


def test_a_fact_is_not_added_to_what_readers_have_seen(store: Store, weekly: list[Made]) -> None:
    keep(store, weekly[0])
    add_fact(store, weekly[0].issue, FACT, [])
    with store.read() as connection:
        assert FACT not in issues(connection)[0].facts
        drafts = select(Publication.id).where(Publication.state == DRAFT)
        assert connection.execute(drafts).all() == []
