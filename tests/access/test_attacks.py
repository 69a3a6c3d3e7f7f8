"""Attacks on what the public gets: no hidden count can be computed, nor guessed better.

Each attack turns public figures into bounds of exact counts (`tests.access.attacks`). Measured
are hidden counts of 1 to 7 of which one value is left, which must be none, and how often the best
guess within the bounds hits, which must not exceed the best guess without them.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from io import StringIO
from typing import Any

import numpy as np
import pytest

from kms.access.bands import EDGES, LABELS, Banded
from kms.briefs.sector import compose
from kms.config import Settings
from kms.reads.board import read_board
from kms.reads.brief import read_brief
from kms.reads.request import Request
from kms.reads.views import AreaRow, Reading
from kms.texts import texts
from kms.wording import chance
from tests.access.attacked import NATION, Attacked, make_attacked
from tests.access.attacks import RULE, Attack, Cells
from tests.conftest import FULL

NOISE = 3.0  # standard errors
SEEDS = range(1, 6) if FULL else range(1, 2)
REGIONS, EDITIONS = (8, 3) if FULL else (3, 2)
Step = Callable[[Attack], None]


@pytest.fixture(scope="module", params=SEEDS)
def attacked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Attacked]:
    home = tmp_path_factory.mktemp("attacked")
    made = make_attacked(Settings(home=home), request.param, regions=REGIONS, editions=EDITIONS)
    yield made
    made.store.close()


def _days(attack: Attack) -> None:
    attack.use_days(attack.attacked.public)


def _editions(attack: Attack) -> None:
    for earlier in attack.attacked.earlier:
        attack.use_days(earlier)


STEPS: dict[str, tuple[Step, ...]] = {
    "subtraction of days from weeks": (_days, Attack.use_pages),
    "hierarchy": (_days, Attack.use_pages, Attack.use_tree),
    "vintages": (_days, _editions, Attack.use_tree),
    "rates": (_days, Attack.use_tree, Attack.use_rates),
    "ranges": (_days, Attack.use_pages, Attack.use_ranges, Attack.use_growth),
    "everything": (
        _days,
        _editions,
        Attack.use_pages,
        Attack.use_tree,
        Attack.use_rates,
        Attack.use_ranges,
        Attack.use_growth,
    ),
}


def said(name: str, axis: str, kind: str, cells: Cells) -> str:
    return (
        f"{name}, {axis}, {kind}: {cells.recovered()} of {len(cells.exact)} recovered; "
        f"best guess {cells.best():.3f}, without figures {cells.constant():.3f}, "
        f"blind {1 / RULE.threshold:.3f}"
    )


@pytest.mark.torture
@pytest.mark.parametrize("axis", ["report", "onset"])
@pytest.mark.parametrize("name", STEPS if FULL else ["everything"])
def test_no_hidden_count_is_recovered_nor_guessed_better(
    attacked: Attacked, name: str, axis: str
) -> None:
    attack = Attack(attacked, axis)
    for step in STEPS[name]:
        step(attack)
    attack.bounds.tighten()
    for kind, cells in (("days", attack.days_found()), ("weeks", attack.weeks_found())):
        print(said(name, axis, kind, cells))
        assert len(cells.exact) > 20
        assert cells.sound(), "the attack itself is wrong"
        assert cells.recovered() == 0
        rate = cells.constant()
        assert cells.best() <= rate + NOISE * np.sqrt(rate * (1 - rate) / len(cells.exact))


@pytest.mark.torture
def test_the_same_attacks_break_counts_that_are_rounded_one_by_one(attacked: Attacked) -> None:
    attack = Attack(attacked, "report")
    attack.use_counts_once_shown()
    attack.use_tree()
    attack.bounds.tighten()
    days, weeks = attack.days_found(), attack.weeks_found()
    for kind, cells in (("days", days), ("weeks", weeks)):
        print(said("each count by itself", "report", kind, cells))
        assert cells.sound()
    assert days.recovered() + weeks.recovered() > 0
    assert weeks.best() > weeks.constant() + 0.1


@pytest.mark.torture
def test_shown_less_shown_is_no_better_than_a_guess(attacked: Attacked) -> None:
    """The simplest thief: an area's week less those shown inside it is that of the hidden one."""
    attack = Attack(attacked, "onset")
    weeks = {
        code: {
            day: round(mean * 7)
            for day, mean in zip(view.cases.dates, view.cases.mean7, strict=True)
            if mean is not None and day.isoweekday() == 6
        }
        for code, view in attacked.pages.items()
    }
    hits, cells = 0, 0
    for parent, inside in attack.families():
        for day, whole in weeks[parent].items():
            hidden = [code for code in inside if day not in weeks[code]]
            small = {code: n for code in hidden if 1 <= (n := attack.exact_week(code, day)) <= 7}
            if not small:
                continue
            rest = whole - sum(weeks[code].get(day, 0) for code in inside)
            guess = min(max(round(rest / len(hidden)), 1), 7)
            cells += len(small)
            hits += sum(exact == guess for exact in small.values())
    blind = 1 / RULE.threshold
    print(f"subtraction: {hits} of {cells} guessed, {hits / max(cells, 1):.3f}; blind {blind:.3f}")
    found = attack.weeks_found().constant()
    assert hits <= cells * found + NOISE * np.sqrt(max(cells, 1) * found)


def test_the_width_of_a_range_tells_no_count_of_few_cases(attacked: Attacked) -> None:
    attack = Attack(attacked, "onset")
    (fine, windows), (coarse, _) = (attack.windows_told(fine=f) for f in (True, False))
    print(
        f"R's range tells {fine} of {windows} windows' cases with two decimals, {coarse} as shown"
    )
    assert fine > 0
    assert coarse == 0


def test_no_public_count_is_small_nor_unrounded(attacked: Attacked) -> None:
    for edition in (attacked.public, *attacked.earlier):
        for (indicator, _area), points in edition.items():
            if indicator.startswith("cases_"):
                shown = {point["value"] for point in points} - {None, 0}
                assert all(n % RULE.base == 0 and n > RULE.threshold for n in shown)


def test_sums_never_slide(attacked: Attacked) -> None:
    for view in attacked.pages.values():
        for mean, days in itertools.groupby(
            zip(view.cases.dates, view.cases.mean7, strict=True), key=lambda day: week(day[0])
        ):
            assert len({value for _day, value in days}) == 1, (view.row.name, mean)


def week(day: date) -> int:
    return day.toordinal() // 7


def test_a_figure_says_the_same_everywhere(attacked: Attacked) -> None:
    """Page, board, interface, file and brief: every figure of every area that had cases."""
    store, text = attacked.store, texts("en")
    board = read_board(store, Request())
    lines = {row.code: row for row in (board.nation, *board.rows)}
    compared = 0
    for code, view in attacked.pages.items():
        if ("r_t", code) not in attacked.exact:
            continue
        row = view.row
        assert replace(lines.get(code, row), change="") == row
        brief = read_brief(store, Request(area=code, sector="C"))
        assert brief.area == row
        written = str(compose(brief, text))
        if row.p_above_1 is not None:
            assert chance(text, row.p_above_1) in written
        for indicator, reading in figures_of(row):
            answer = newest(attacked, indicator, code)
            assert (answer["value"], answer["low"], answer["high"]) == (
                reading.value,
                reading.low,
                reading.high,
            ), (indicator, code)
            assert (answer["state"], answer["ref_date"]) == (
                reading.state,
                str(reading.ref_date),
            )
            compared += 1
        told = newest(attacked, "p_r_above_1", code)
        if isinstance(row.p_above_1, Banded):
            assert (told["value"], told["state"]) == (None, "suppressed")
            assert told["band"] == row.p_above_1.label == chance(text, row.p_above_1)
        else:
            assert (told["value"], told["band"]) == (row.p_above_1, None)
        by_day = {point["ref_date"]: point for point in attacked.public["r_t", code]}
        for day, value, state in zip(view.r.dates, view.r.value, view.r.state, strict=True):
            assert (by_day[str(day)]["value"], by_day[str(day)]["state"]) == (value, state)
            compared += 1
        counts = {p["ref_date"]: p["value"] for p in attacked.public["cases_onset", code]}
        for day, count in zip(view.cases.dates, view.cases.cases, strict=True):
            assert counts[str(day)] == count
            compared += 1
    print(f"{compared} figures are the same on page, in the interface and in briefs")
    assert compared > 500


def figures_of(row: AreaRow) -> tuple[tuple[str, Reading], ...]:
    told = (
        ("r_t", row.r),
        ("adar_per_100k", row.adar_per_100k),
        ("two_week_growth_rate", row.two_week_growth),
    )
    # Beside an R that is not told no pace is; the interface tells each for itself.
    paced = row.direction not in ("too_few", "missing")
    return (*told, ("growth_rate_per_day", row.growth)) if paced else told


_NEWEST: dict[tuple[int, str], dict[str, Any]] = {}


def newest(attacked: Attacked, indicator: str, area: str) -> dict[str, Any]:
    """Return the newest figure as JSON, after comparing it with the file."""
    key = (id(attacked), indicator)
    if key not in _NEWEST:
        address = f"/api/v1/latest?indicator={indicator}"
        told: Any = attacked.client.get(address).json
        file = attacked.client.get(f"{address}&format=csv").text
        for row, record in zip(csv.DictReader(StringIO(file)), told["data"], strict=True):
            for name, value in record.items():
                assert row[name] == ("" if value is None else str(value))
        _NEWEST[key] = {row["area"]: row for row in told["data"]}
    found: dict[str, Any] = _NEWEST[key][area]
    return found


def test_every_public_range_of_r_leaves_one_out_exactly_where_the_chance_says_so(
    attacked: Attacked,
) -> None:
    compared = certain = 0
    for (indicator, code), points in attacked.public.items():
        if indicator != "r_t":
            continue
        chances = {point["ref_date"]: point for point in attacked.public["p_r_above_1", code]}
        for point in (point for point in points if point["low"] is not None):
            told = chances[point["ref_date"]]
            sure = told["band"] in (LABELS[0], LABELS[-1])
            if told["band"] is None:
                sure = not EDGES[0] <= told["value"] <= EDGES[-1]
            assert sure == (point["low"] >= 1 or point["high"] <= 1), (code, point, told)
            compared += 1
            certain += sure
    print(f"{compared} public ranges of R agree with the chance; {certain} leave 1 out")
    assert 0 < certain < compared


def test_few_cases_leave_a_band_of_the_chance_that_agrees_with_the_direction(
    attacked: Attacked,
) -> None:
    rows = [view.row for view in attacked.pages.values()]
    banded = [row for row in rows if isinstance(row.p_above_1, Banded)]
    assert banded
    for row in banded:
        assert isinstance(row.p_above_1, Banded)
        place = LABELS.index(row.p_above_1.label)
        assert row.direction == ("shrinking", "shrinking", "uncertain", "growing", "growing")[place]
    assert not isinstance(attacked.pages[NATION].row.p_above_1, Banded)
