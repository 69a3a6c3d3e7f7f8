"""Cells of shares: what is hidden with the small ones, and what a printed share tells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import numpy as np
import pytest

from kms.compute.cells import Key, Line, determined, gives_back, hidden_cells
from kms.compute.workplaces import (
    COARSE,
    FINE,
    ITEM_STEPS,
    Tally,
    about,
    coarse,
    hidden_shares,
    lines_of,
    step_of,
)
from kms.domain.areas import COUNTRY
from kms.domain.indicators import ALL_SECTORS, LEAST_ESTABLISHMENTS

SHARE, ITEM = "compliance_initial", "not_met.OSH-01"
ITEMS = 6


def test_with_one_small_cell_the_smallest_other_of_its_line_is_hidden() -> None:
    line = Line((SHARE, "R", "ALL"), tuple((SHARE, "R", s) for s in "ABC"))
    sizes = {(SHARE, "R", s): n for s, n in zip(("A", "B", "C", "ALL"), (3, 9, 7, 19), strict=True)}
    assert hidden_cells(sizes, {(SHARE, "R", "A")}, [line]) == {
        (SHARE, "R", "A"),
        (SHARE, "R", "C"),
    }


def test_a_handful_hidden_together_is_not_enough() -> None:
    line = Line((SHARE, "R", "ALL"), tuple((SHARE, "R", s) for s in "ABC"))
    sizes = {(SHARE, "R", s): n for s, n in zip(("A", "B", "C", "ALL"), (1, 2, 7, 10), strict=True)}
    few = {(SHARE, "R", "A"), (SHARE, "R", "B")}
    assert (SHARE, "R", "C") in hidden_cells(sizes, few, [line])


def test_a_hidden_margin_is_not_the_sum_of_cells_that_are_shown() -> None:
    margin = (SHARE, "R", "ALL")
    line = Line(margin, tuple((SHARE, "R", s) for s in "AB"))
    sizes = {(SHARE, "R", "A"): 6, (SHARE, "R", "B"): 8, margin: 14}
    assert hidden_cells(sizes, {margin}, [line]) == {margin, (SHARE, "R", "A")}


def test_a_cell_that_only_all_lines_together_give_back_is_found() -> None:
    """Two blocks of four hidden cells and one between them: each line has two or three hidden."""
    hidden = {
        (SHARE, f"R{row}", f"S{column}")
        for row, column in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (3, 3), (0, 2))
    }
    rows = [
        Line((SHARE, f"R{r}", "ALL"), tuple((SHARE, f"R{r}", f"S{s}") for s in range(4)))
        for r in range(4)
    ]
    columns = [
        Line((SHARE, COUNTRY, f"S{s}"), tuple((SHARE, f"R{r}", f"S{s}") for r in range(4)))
        for s in range(4)
    ]
    assert determined(hidden, rows + columns) == {(SHARE, "R0", "S2")}


@pytest.mark.parametrize("seed", range(30))
def test_no_line_of_a_table_gives_back_what_it_hides(seed: int) -> None:
    tallies = _table(np.random.default_rng(seed))
    hidden, lines = hidden_shares(tallies), lines_of(tallies)
    sizes = {key: tally.establishments for key, tally in tallies.items()}
    assert {key for key, tally in tallies.items() if not tally.speaks_of_many} <= hidden
    assert not any(gives_back(line, sizes, hidden) for line in lines)
    assert not determined(hidden, lines)
    for line in lines:
        if line.margin not in hidden and not line.same_establishments:
            _check_line(line, sizes, hidden)


def _check_line(line: Line, sizes: dict[Key, int], hidden: Collection[Key]) -> None:
    """Say the rule once more in other words."""
    among = [sizes[key] for key in line.members if key in hidden]
    assert not among or (len(among) >= 2 and sum(among) >= LEAST_ESTABLISHMENTS)


def test_every_kind_of_line_is_known() -> None:
    lines = lines_of(_table(np.random.default_rng(1)))
    margins = {line.margin for line in lines}
    assert {(SHARE, COUNTRY, ALL_SECTORS), (SHARE, "R1", ALL_SECTORS)} <= margins
    assert {(SHARE, COUNTRY, "S1"), (ITEM, COUNTRY, ALL_SECTORS)} <= margins
    assert sum(line.margin == (SHARE, COUNTRY, ALL_SECTORS) for line in lines) == 3


def test_a_table_of_large_cells_hides_nothing() -> None:
    tallies = _table(np.random.default_rng(1), least=LEAST_ESTABLISHMENTS, biggest=0.5)
    assert not hidden_shares(tallies)


def _table(draw: np.random.Generator, *, least: int = 0, biggest: float = 0.85) -> dict[Key, Tally]:
    """Draw a table of shares with its margins, and the same sections of two items."""
    counts = draw.poisson(draw.uniform(1, 9), size=(6, 8)) + least
    cells: dict[Key, int] = defaultdict(int)
    for (region, section), count in np.ndenumerate(counts):
        if count:
            for area in (f"R{region}", COUNTRY):
                for sector in (f"S{section}", ALL_SECTORS):
                    cells[SHARE, area, sector] += int(count)
    for item in (ITEM, "not_met.OSH-02"):
        for key in [key for key in cells if key[1] == COUNTRY and key[2] != ALL_SECTORS]:
            asked = max(least, int(draw.integers(0, cells[key] + 1)))
            if asked:
                cells[item, COUNTRY, key[2]] = asked
                cells[item, COUNTRY, ALL_SECTORS] += asked
    return {
        key: Tally(key[1], key[2], 1, 6 * n, n, n, float(draw.uniform(0, biggest)))
        for key, n in cells.items()
    }


@pytest.mark.parametrize(("count", "told"), [(1, 5), (5, 5), (7, 5), (8, 10), (144, 145)])
def test_counts_are_rounded_and_never_below_what_a_cell_needs(count: int, told: int) -> None:
    assert about(count) == told


def test_steps_follow_the_rounded_establishments() -> None:
    assert [step_of(SHARE, n) for n in (5, 27, 28, 300)] == [COARSE, COARSE, FINE, FINE]
    assert [step_of(ITEM, n) for n in (5, 20, 40, 100, 300)] == list(reversed(ITEM_STEPS))


@pytest.mark.parametrize("step", ITEM_STEPS)
def test_the_range_holds_and_tells_no_more_than_the_share(step: float) -> None:
    told = defaultdict(set)
    for met in range(121):
        value, low, high = coarse(Tally("R", "S", met, 120, 20, 20, 0.1), 2.0, step)
        assert 0 <= low <= value <= high <= 1
        assert low <= met / 120 <= high
        assert abs(value - met / 120) <= step / 2 + 1e-9
        for figure in (value, low, high):
            assert figure / step == pytest.approx(round(figure / step))
        told[value].add((low, high))
    assert all(len(ranges) == 1 for ranges in told.values())


@pytest.mark.parametrize(
    ("indicator", "items", "most"), [(SHARE, 15, 0.02), (SHARE, ITEMS, 0.07), (ITEM, 1, 0.35)]
)
def test_one_more_establishment_is_seldom_told(indicator: str, items: int, most: float) -> None:
    """Of all tables of 8 to 39 establishments, in which is what one more met determined?

    The rise of a share over a step always tells that the newcomer is above it: one answer to
    one item is then known to whoever knows that nothing else changed.
    """
    fits: dict[tuple[float, ...], set[int]] = defaultdict(set)
    weight: dict[tuple[float, ...], int] = defaultdict(int)
    for count in range(8, 40):
        steps = step_of(indicator, count), step_of(indicator, count + 1)
        for met in range(items * count + 1):
            before = _told(met, items * count, steps[0])
            for more in range(items + 1):
                after = _told(met + more, items * (count + 1), steps[1])
                seen = (before, after, about(count), about(count + 1))
                fits[seen].add(more)
                weight[seen] += 1
    known = sum(weight[seen] for seen, results in fits.items() if len(results) == 1)
    assert known / sum(weight.values()) < most


def _told(met: int, asked: int, step: float) -> float:
    return round(met / asked / step) * step
