"""Weekly counts attacked: bounds of every hidden one, from all that the public gets.

The attacker knows the rules, that an area is the sum of those inside it, and, from an oracle that
no real one has, how many times its baseline an expected count is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from sqlalchemy import Connection

from kms.access.disclosure import EXACT, Disclosure, DisclosureRule
from kms.access.weekly_counts import (
    SIGNAL_BANDS,
    ShownWeeks,
    shown_from_weeks,
    shown_weeks,
)
from kms.compute.weekly.notifiable import judged_reports
from kms.compute.weekly.reports import reports_of
from kms.config import Settings
from kms.domain.areas import UnitLevel
from kms.domain.indicators import CASES_CHANNEL, CASES_EXPECTED, FALSE_SHARE, SIGNAL
from kms.domain.series import Series, make_weekly
from kms.reads.notifiable.figures import WeeklyFigures
from kms.reference import load_areas
from kms.store.engine import Store, open_store
from kms.store.migrate import migrate
from kms.store.publications import DRAFT, Issue, current_issue, switch, write_draft
from metrics.states import State
from tests.access.attacks import Cells
from tests.weekly import LATER, NATION, ON, write_weeks

RULE, REACH, MOST = DisclosureRule(), 2.0, 1e6
DISEASES = ("dengue", "influenza", "leptospirosis", "measles")
Floats = NDArray[np.float64]


@dataclass
class Attack:
    """Bounds of the weeks of every area of one disease, shape (A, W)."""

    codes: list[str]
    exact: Floats
    low: Floats
    high: Floats
    hidden: NDArray[np.bool_]

    def use_tree(self) -> None:
        """Use that an area is the sum of those inside it."""
        row = {code: index for index, code in enumerate(self.codes)}
        families: list[tuple[int, NDArray[np.int64]]] = []
        for parent in self.codes:
            inside = [u.code for u in load_areas().children(parent, ON) if u.code in row]
            if inside:
                families.append((row[parent], np.array([row[code] for code in inside])))
        for _ in range(20):
            for whole, parts in families:
                low, high = self.low[parts], self.high[parts]
                self.low[whole] = np.maximum(self.low[whole], low.sum(axis=0))
                self.high[whole] = np.minimum(self.high[whole], high.sum(axis=0))
                others_low, others_high = low.sum(axis=0) - low, high.sum(axis=0) - high
                self.high[parts] = np.minimum(high, self.high[whole] - others_low)
                self.low[parts] = np.maximum(low, self.low[whole] - others_high)

    def use_expected(self, shown: dict[str, Series], exact: dict[str, Series]) -> None:
        """Use that an expected count is a known part of the seven weeks' sum."""
        weeks = self.exact.shape[1]
        for code, series in shown.items():
            index, lead = self.codes.index(code), weeks - len(series)
            for place in np.flatnonzero(np.isfinite(series.value)):
                window = np.arange(lead + place - 9, lead + place - 2)
                share = self.exact[index, window].sum() / exact[code].value[place]
                least = (series.value[place] - RULE.base / 2) * share
                most = (series.value[place] + RULE.base / 2) * share
                low, high = self.low[index, window], self.high[index, window]
                self.high[index, window] = np.minimum(high, most - (low.sum() - low))
                self.low[index, window] = np.maximum(low, least - (high.sum() - high))
        self.low, self.high = np.ceil(self.low - 1e-6), np.floor(self.high + 1e-6)

    def few(self) -> Cells:
        """Return the hidden counts of 1 to 7."""
        chosen = self.hidden & (self.exact >= 1) & (self.exact <= RULE.threshold)
        return Cells(self.exact[chosen], self.low[chosen], self.high[chosen])


def attack_on(counts: dict[str, ShownWeeks], *, bound: tuple[float, float]) -> Attack:
    """Begin with the counts shown; `bound` is what is known of the others."""
    codes = list(counts)
    exact = np.array([np.nan_to_num(counts[code].exact.value) for code in codes])
    told = np.array([counts[code].weeks.value for code in codes])
    hidden = np.array([counts[code].hidden for code in codes])
    missing = np.array([counts[code].exact.state == State.MISSING for code in codes])
    zero = missing | (told == 0)
    low = np.where(
        hidden, bound[0], np.where(zero, 0.0, np.maximum(told - REACH, RULE.threshold + 1))
    )
    high = np.where(hidden, bound[1], np.where(zero, 0.0, told + REACH))
    return Attack(codes, exact, low, high, hidden)


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Give a store of a twentieth of the cases, where most weeks are few."""
    home = tmp_path_factory.mktemp("sparse")
    written = write_weeks(home, scale=0.05)
    disease, place, week = np.nonzero(written.reported >= 0)
    content = pa.table(
        {
            "disease": pa.array(np.array(DISEASES)[disease]),
            "area": pa.array(np.array(written.places)[place]),
            "ref_date": pa.array(np.array([str(day) for day in written.sundays])[week]),
            "cases": pa.array(written.reported[disease, place, week]),
        }
    )
    store = open_store(Settings(home=home))
    migrate(store)
    found = judged_reports(reports_of(content, load_areas(), ON), load_areas())
    facts = {"disease": "covid19", "weekly": found.facts}
    issue = Issue("sparse", LATER, LATER, "", DRAFT, facts)
    write_draft(store, issue, found.entries)
    switch(store, issue.id, current=True)
    yield store
    store.close()


@pytest.fixture(params=["weekly", "sparse"])
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    store: Store = request.getfixturevalue(request.param)
    with store.read() as opened:
        yield opened


def figures(connection: Connection, disease: str, rule: DisclosureRule) -> WeeklyFigures:
    return WeeklyFigures(connection, current_issue(connection), Disclosure(rule), disease)


def codes_of_areas() -> list[str]:
    levels: tuple[UnitLevel, ...] = ("country", "region", "province")
    return list(dict.fromkeys(u.code for level in levels for u in load_areas().units(level, ON)))


@pytest.mark.parametrize("disease", DISEASES)
def test_no_hidden_week_is_recovered_nor_guessed_better(
    connection: Connection, disease: str
) -> None:
    codes, public = codes_of_areas(), figures(connection, disease, RULE)
    analyst = figures(connection, disease, EXACT)
    attack = attack_on(public.counts(codes), bound=(0.0, MOST))
    shown = public.figures(CASES_EXPECTED, codes)
    for _ in range(2):
        attack.use_tree()
        attack.use_expected(shown, analyst.figures(CASES_EXPECTED, codes))
    cells = attack.few()
    assert len(cells.exact) > 50
    assert cells.sound(), "the attack itself is wrong"
    assert cells.recovered() == 0
    assert (cells.low <= 1).all()
    assert (cells.high >= RULE.threshold).all()
    rate = cells.constant()
    assert cells.best() <= rate + 4 * np.sqrt(rate * (1 - rate) / len(cells.exact))
    assert any(np.isfinite(series.value).any() for series in shown.values()) or disease in (
        "measles", "leptospirosis",
    )  # fmt: skip


def test_the_same_attack_breaks_weeks_suppressed_one_by_one(connection: Connection) -> None:
    recovered = 0
    for disease in DISEASES:
        codes, public = codes_of_areas(), figures(connection, disease, RULE)
        alone = {
            code: shown_weeks(counts.exact, RULE) for code, counts in public.counts(codes).items()
        }
        attack = attack_on(alone, bound=(1.0, RULE.threshold))
        attack.use_tree()
        assert attack.few().sound()
        recovered += attack.few().recovered()
    assert recovered > 0


def test_a_hidden_week_tells_of_its_signal_only_that_it_is_one(connection: Connection) -> None:
    signals = 0
    for disease in DISEASES:
        codes, public = codes_of_areas(), figures(connection, disease, RULE)
        counts, exact = public.counts(codes), figures(connection, disease, EXACT)
        truth = exact.figures(SIGNAL, codes)
        for code, series in public.figures(SIGNAL, codes).items():
            lead = len(counts[code].exact) - len(series)
            hidden = counts[code].hidden[lead:]
            assert set(series.value[np.isfinite(series.value)]) <= {*SIGNAL_BANDS, 1.0}
            told = series.value[hidden]
            assert set(told[np.isfinite(told)]) <= {FALSE_SHARE}
            judged = ~np.isin(series.state, (State.HIDDEN, State.MISSING))
            assert set(series.state[hidden & judged]) <= {float(State.SUPPRESSED)}
            signal = truth[code].value <= FALSE_SHARE
            np.testing.assert_array_equal(series.value <= FALSE_SHARE, signal)
            signals += int((signal & hidden).sum())
    assert signals > 0
    assert NATION in truth


def test_what_rests_on_a_hidden_week_is_not_shown() -> None:
    start, counts = ON.replace(day=1), np.full(120, 50.0)
    counts[[100, 30]] = 3.0
    series = make_weekly(start, counts)
    shown = shown_weeks(series, RULE)
    assert shown.hidden.sum() == 2
    expected = make_weekly(start, np.full(120, 48.0), high=np.full(120, 61.0))
    told = shown_from_weeks(expected, shown, CASES_EXPECTED, RULE)
    resting = {place for gone in (100, 30) for place in range(gone + 3, gone + 10)}
    assert set(np.flatnonzero(np.isnan(told.value))) == resting
    assert set(told.value[np.isfinite(told.value)]) == {50.0}
    assert set(told.high[np.isfinite(told.high)]) == {60.0}
    channel = shown_from_weeks(expected, shown, CASES_CHANNEL, RULE)
    assert set(np.flatnonzero(np.isnan(channel.value))) == {30 + 51, 30 + 52, 30 + 53}
    few = shown_from_weeks(make_weekly(start, np.full(120, 7.4)), shown, CASES_EXPECTED, RULE)
    assert np.isnan(few.value).all()
    exact = shown_from_weeks(expected, shown, CASES_EXPECTED, EXACT)
    np.testing.assert_array_equal(exact.value, expected.value)
