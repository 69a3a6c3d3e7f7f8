"""Attacks on shares of persons: traced cases by area and week, deaths by area.

The attacker knows how many cases every area had in every week, the rules, and that an area is the
sum of those inside it. What is printed bounds counts; linear programming makes the bounds as tight
as they go.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog

from kms.access.disclosure import DisclosureRule
from kms.access.shares import (
    Evidence,
    Steps,
    coarse_completeness,
    hidden_shares,
    of_weeks,
    printed,
    saturdays,
    trailing_weeks,
    weekly,
)
from kms.domain.series import Series, make_series
from kms.reads.shares.shown import FATALITY_STEPS, TRACED_STEPS
from metrics.states import State
from tests.access.attacks import Cells
from tests.conftest import FULL

RULE = DisclosureRule()
SUNDAY = date(2026, 8, 30)
WEEKS = 7
NATION = "nation"
Floats = NDArray[np.float64]
NOISE = 3.0  # standard errors


@dataclass(frozen=True)
class Tree:
    """Provinces by region, and known and unknown cases of each area by week."""

    regions: dict[str, list[str]]
    known: dict[str, Floats]
    unknown: dict[str, Floats]

    @property
    def families(self) -> list[tuple[str, list[str]]]:
        return [(NATION, list(self.regions)), *self.regions.items()]

    @property
    def provinces(self) -> list[str]:
        return [name for inside in self.regions.values() for name in inside]

    def inside(self, area: str) -> list[str]:
        if area == NATION:
            return self.provinces
        return self.regions.get(area, [area])


def make_tree(seed: int) -> Tree:
    """Draw provinces whose sizes differ a hundredfold."""
    draw = np.random.default_rng(seed)
    regions = {f"R{r}": [f"R{r}P{p}" for p in range(int(draw.integers(1, 6)))] for r in range(6)}
    known, unknown = {}, {}
    for name in (p for inside in regions.values() for p in inside):
        size, share = np.exp(draw.normal(2.4, 1.3)), draw.uniform(0.3, 0.8)
        wave = np.exp(draw.normal(0, 0.3, WEEKS))
        known[name] = draw.poisson(size * share * wave).astype(float)
        unknown[name] = draw.poisson(size * (1 - share) * wave).astype(float)
    for counts in (known, unknown):
        for region, inside in regions.items():
            counts[region] = np.sum([counts[name] for name in inside], axis=0)
        counts[NATION] = np.sum([counts[region] for region in regions], axis=0)
    return Tree(regions, known, unknown)


def by_day(weeks: Floats) -> Series:
    """Spread weekly counts over days; how does not matter."""
    days = np.zeros(7 * len(weeks))
    days[::7] = weeks
    return make_series(SUNDAY, days)


DAYS = [SUNDAY + timedelta(days=6 + 7 * n) for n in range(1, WEEKS)]


def evidence_of(tree: Tree) -> dict[str, Evidence]:
    told = np.ones(len(DAYS), dtype=np.bool_)
    return {
        area: of_weeks(by_day(tree.known[area]), by_day(tree.unknown[area]), DAYS, told)
        for area in tree.known
    }


Shown = dict[tuple[str, int], tuple[float, float]]  # (area, window) -> least and most known


def shown_of(tree: Tree) -> Shown:
    """Return by area and window what its printed share says of its known cases."""
    evidence = evidence_of(tree)
    hidden = hidden_shares(evidence, tree.families, RULE, steps=TRACED_STEPS)
    found = {}
    for area, one in evidence.items():
        for window in np.flatnonzero(~hidden[area]):
            total = one.persons[window]
            step = TRACED_STEPS.of(float(total), RULE)
            share = one.cells[window, 4] / total
            told = printed(float(share), step)
            found[area, int(window)] = (told.least * total, told.most * total)
    return found


def bounds_of(tree: Tree, shown: Shown, wanted: list[tuple[str, int]]) -> tuple[Floats, Floats]:
    """Return the least and most known cases of areas and weeks that all printed shares allow."""
    order = {
        (name, week): place
        for place, (name, week) in enumerate(
            (name, week) for name in tree.provinces for week in range(WEEKS)
        )
    }
    rows, limits = [], []
    for (area, window), (least, most) in shown.items():
        row = np.zeros(len(order))
        for name in tree.inside(area):
            for week in (window, window + 1):
                row[order[name, week]] = 1
        rows += [row, -row]
        limits += [most + 1e-6, -least + 1e-6]
    bounds = [(0.0, tree.known[name][week] + tree.unknown[name][week]) for name, week in order]
    low: list[float] = []
    high: list[float] = []
    for area, week in wanted:
        aim = np.zeros(len(order))
        for name in tree.inside(area):
            aim[order[name, week]] = 1
        for sign, ends in ((1, low), (-1, high)):
            best = linprog(sign * aim, A_ub=np.array(rows), b_ub=limits, bounds=bounds)
            assert best.success, best.message
            ends.append(sign * float(best.fun or 0.0))
    return np.ceil(np.array(low) - 1e-4), np.floor(np.array(high) + 1e-4)


def small_cells(tree: Tree, counts: dict[str, Floats], shown: Shown, *, known: bool) -> Cells:
    """Return the small counts of a week, and the bounds that printed shares give them."""
    wanted = [
        (area, week)
        for area in counts
        if area != NATION
        for week in range(WEEKS)
        if 1 <= counts[area][week] <= RULE.threshold
    ]
    low, high = bounds_of(tree, shown, wanted)
    if not known:
        total = np.array([tree.known[a][w] + tree.unknown[a][w] for a, w in wanted])
        low, high = total - high, total - low
    return Cells(np.array([counts[area][week] for area, week in wanted]), low, high)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(1, 13) if FULL else [1])
@pytest.mark.parametrize("known", [True, False])
def test_no_small_count_of_a_week_is_recovered_nor_guessed_better(
    seed: int, *, known: bool
) -> None:
    tree = make_tree(seed)
    shown = shown_of(tree)
    assert len(shown) > 20  # there is something to attack with
    cells = small_cells(tree, tree.known if known else tree.unknown, shown, known=known)
    print(f"{cells.recovered()} of {len(cells.exact)}; best guess {cells.best():.3f}, "
          f"without figures {cells.constant():.3f}")  # fmt: skip
    assert len(cells.exact) > 20
    assert cells.sound(), "the attack itself is wrong"
    assert cells.recovered() == 0
    # What the total of a week alone tells: a small known count of few cases has few values.
    nothing = small_cells(tree, tree.known if known else tree.unknown, {(NATION, 0): (0, 1e6)},
                          known=known)  # fmt: skip
    rate = max(cells.constant(), nothing.best())
    assert cells.best() <= rate + NOISE * np.sqrt(rate * (1 - rate) / len(cells.exact))


def test_the_same_attack_breaks_shares_in_whole_percent() -> None:
    tree = make_tree(1)
    everything = {}
    for area, one in evidence_of(tree).items():
        for window, total in enumerate(one.persons):
            if total:
                told = printed(float(one.cells[window, 4] / total), 0.01)
                everything[area, window] = (told.least * total, told.most * total)
    cells = small_cells(tree, tree.known, everything, known=True)
    assert cells.sound()
    assert cells.recovered() > 0.2 * len(cells.exact)


@pytest.mark.parametrize("seed", range(1, 7))
def test_what_is_hidden_with_a_small_count_is_never_alone(seed: int) -> None:
    tree = make_tree(seed)
    evidence = evidence_of(tree)
    hidden = hidden_shares(evidence, tree.families, RULE, steps=TRACED_STEPS)
    checked = 0
    for parent, inside in tree.families:
        for window in range(len(DAYS)):
            if hidden[parent][window]:
                assert all(hidden[area][window] for area in inside)
                continue
            kept = [area for area in inside if not hidden[area][window]]
            if not kept:
                continue
            rest = evidence[parent].cells[window] - sum(
                evidence[area].cells[window] for area in kept
            )
            away = [a for a in inside if a not in kept and evidence[a].persons[window]]
            assert not away or len(away) > 1
            assert not ((rest >= 1) & (rest <= RULE.threshold)).any()
            checked += bool(away)
    assert checked > 0


def test_no_share_of_few_is_shown_and_steps_hold_as_many_as_counts_are_rounded_to() -> None:
    tree = make_tree(3)
    evidence = evidence_of(tree)
    hidden = hidden_shares(evidence, tree.families, RULE, steps=TRACED_STEPS)
    for area, one in evidence.items():
        few = ((one.cells >= 1) & (one.cells <= RULE.threshold)).any(axis=1)
        assert hidden[area][few].all()
        for persons in one.persons[~hidden[area]]:
            assert TRACED_STEPS.of(float(persons), RULE) * persons >= RULE.base - 1e-6
    assert np.isnan(TRACED_STEPS.of(24, RULE))
    assert [TRACED_STEPS.of(n, RULE) for n in (25, 50, 100, 250, 500, 1e6)] == [
        0.2, 0.1, 0.05, 0.02, 0.01, 0.01,
    ]  # fmt: skip
    assert [FATALITY_STEPS.of(n, RULE) for n in (500, 1000, 50_000, 1e6)] == [
        0.01, 0.005, 0.0001, 0.0001,
    ]  # fmt: skip
    assert np.isnan(FATALITY_STEPS.of(499, RULE))


def test_a_place_outside_every_region_counts_as_one_hidden() -> None:
    def deaths(*counts: float) -> Evidence:
        many = np.array(counts)
        return Evidence(many[:, None], many * 200, many > 0)

    family = [(NATION, ["A", "B"])]
    alone = hidden_shares(
        {NATION: deaths(50), "A": deaths(47), "B": deaths(3)}, family, RULE, steps=FATALITY_STEPS
    )
    assert [bool(alone[a][0]) for a in (NATION, "A", "B")] == [False, True, True]
    # With 20 of unknown place the rest is of two, and not small.
    beside = hidden_shares(
        {NATION: deaths(70), "A": deaths(47), "B": deaths(3)}, family, RULE, steps=FATALITY_STEPS
    )
    assert [bool(beside[a][0]) for a in (NATION, "A", "B")] == [False, False, True]


def test_only_saturdays_are_shown() -> None:
    value = np.full(20, 0.5)
    states = np.full(20, float(State.FINAL))
    states[13] = State.TOO_FEW
    series = make_series(SUNDAY, value, low=value, high=value, state=states, completeness=value)
    assert saturdays(series).tolist() == [6, 13]
    shown = weekly(series, np.array([False, False]))
    assert np.flatnonzero(np.isfinite(shown.value)).tolist() == [6]
    assert np.isnan(shown.completeness[[5, 7]]).all()
    assert State(int(shown.state[13])) == State.TOO_FEW
    assert {State(int(s)) for s in np.delete(shown.state, [6, 13])} == {State.SUPPRESSED}
    gone = weekly(series, np.array([True, False]))
    assert not np.isfinite(gone.value).any()
    assert State(int(gone.state[6])) == State.SUPPRESSED


def test_weeks_are_summed_up_to_their_day() -> None:
    series = make_series(SUNDAY, np.arange(1.0, 22))
    sums = trailing_weeks(series, [SUNDAY + timedelta(days=13), SUNDAY + timedelta(days=2)], 2)
    assert sums.tolist() == [[sum(range(8, 15)), sum(range(1, 8))], [1 + 2 + 3, 0]]


def test_ranges_go_outward_and_hold_every_share_printed_alike() -> None:
    told = printed(0.37, 0.05)
    assert (told.value, told.least, told.most) == pytest.approx((0.35, 0.325, 0.375))
    assert told.outward(0.21, 0.5) == (0.2, 0.5)
    assert printed(0.99, 0.05).most == 1.0
    assert coarse_completeness(0.93, 0.02) == 0.9
    assert coarse_completeness(0.75, 0.2) == 0.8
    assert Steps(0.1, 0.2).of(1000, RULE) == 0.1
