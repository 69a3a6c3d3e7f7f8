"""Share of cases with a known source: definition, clusters, pending cases, final share."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.contacts.closing import ClosureChances, closure_chances
from metrics.contacts.traceability import (
    SourceCounts,
    case_design_effect,
    final_share,
    scatter_design_effect,
    traceability,
)
from metrics.states import State

Floats = NDArray[np.float64]
LOG = logging.getLogger(__name__)
DAYS, AREAS = 70, 250


def window(known: float, unknown: float, pending: float, **parts: float) -> SourceCounts:
    """All cases on one day in the middle of a window of 14 days that ends a week ago."""

    def on_day(value: float) -> Floats:
        series = np.zeros(30)
        series[15] = value
        return series

    given = {name: on_day(value) for name, value in parts.items()}
    return SourceCounts(on_day(known), on_day(unknown), on_day(pending), **given)


def test_the_share_leaves_pending_out_and_bounds_hold_them() -> None:
    got = traceability(window(11, 7, 6, imported=3, household=4))
    assert got.share.value == pytest.approx(11 / 18)
    assert [round(float(x), 2) for x in (got.share.low, got.share.high)] == [0.39, 0.80]
    assert got.imported.value == pytest.approx(3 / 18)
    assert got.household.value == pytest.approx(4 / 18)
    assert got.bound_low == pytest.approx(11 / 24)
    assert got.bound_high == pytest.approx(17 / 24)
    assert got.pending_share == pytest.approx(6 / 24)
    assert got.state == State.TOO_FEW
    twice = traceability(window(11, 7, 6), design_effect=2)
    assert [round(float(x), 2) for x in (twice.share.low, twice.share.high)] == [0.31, 0.85]


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        ((15, 5, 0), State.FINAL),
        ((15, 4, 0), State.TOO_FEW),
        ((15, 5, 14), State.PROVISIONAL),
        ((0, 0, 3), State.TOO_FEW),
        ((0, 0, 0), State.MISSING),
    ],
)
def test_states_say_why_a_share_may_not_be_used(
    counts: tuple[float, float, float], state: State
) -> None:
    got = traceability(window(*counts))
    assert got.state == state
    assert np.isnan(got.share.value) == (counts[0] + counts[1] == 0)


def test_the_window_ends_the_tracing_cut_before_the_last_day() -> None:
    known = np.arange(40.0)
    got = traceability(SourceCounts(known, np.ones(40), np.zeros(40)), cut_days=9)
    assert got.known == known[17:31].sum()
    assert got.unknown == 14


def test_above_eighteen_a_day_and_100_000_the_share_informs_no_longer() -> None:
    counts = window(252, 0, 0)  # 18 a day over 14 days
    assert traceability(counts).informative
    assert traceability(counts, population=100_000).informative
    assert not traceability(counts, population=99_999).informative


def test_clusters_are_counted_by_area_and_single_cases_stand_alone() -> None:
    got = case_design_effect([4, 2, 3], [0, 0, 2], [6, 5, 5, 0])
    np.testing.assert_allclose(got, [20 / 6, 1, 11 / 5, 1])


@dataclass(frozen=True)
class Cases:
    """Clusters of cases, each with report day, area, size, outcome and delay of closure."""

    day: NDArray[np.int64]
    area: NDArray[np.int64]
    size: NDArray[np.int64]
    found: NDArray[np.bool_]
    delay: NDArray[np.int64]

    def tally(self, chosen: Any, shape: tuple[int, ...], *place: Any) -> Floats:
        table = np.zeros(shape)
        np.add.at(table, tuple(p[chosen] for p in place), self.size[chosen])
        return table

    def on(self, as_of: int) -> SourceCounts:
        closed = self.day + self.delay <= as_of
        kinds = (closed & self.found, closed & ~self.found, ~closed)
        return SourceCounts(
            *(
                self.tally(k & (self.day <= as_of), (DAYS, AREAS), self.day, self.area)
                for k in kinds
            )
        )

    def by_age(self, step: int = 1) -> tuple[Floats, Floats, Floats]:
        """All areas together; with step 7, an issue a week, on days that 7 divides."""
        ages = np.arange(14 + step)
        tables = []
        for kind in ("known", "unknown", "pending"):
            table = np.full((DAYS, ages.size), np.nan)
            for age in ages:
                closed = self.delay <= age
                chosen = {"known": closed & self.found, "unknown": closed & ~self.found}.get(
                    kind, ~closed
                )
                table[:, age] = self.tally(chosen, (DAYS,), self.day)
            issue = np.arange(DAYS)[:, None] + ages
            table[(issue >= DAYS) | ((DAYS - 1 - issue) % step != 0)] = np.nan
            tables.append(table)
        return tables[0], tables[1], tables[2]


def simulate(seed: int, *, size: float = 3.0, a_day: float = 1.0, p: float = 0.6) -> Cases:
    """Sources are found in 3 days or ruled out in 7, on average; a tenth never closes."""
    rng = np.random.default_rng(seed)
    n = rng.poisson(a_day, (DAYS, AREAS))
    places = np.unravel_index(np.arange(n.size), n.shape)
    day, area = (np.repeat(x, n.ravel()) for x in places)
    found = rng.random(day.size) < p
    delay = np.where(found, rng.gamma(2, 1.5, day.size), rng.gamma(3, 7 / 3, day.size))
    delay[rng.random(day.size) < 0.1] = 999
    return Cases(day, area, rng.geometric(1 / size, day.size), found, delay.astype(np.int64))


def effect(cases: Cases) -> Floats:
    inside = (cases.day > DAYS - 22) & (cases.day <= DAYS - 8)
    total = cases.tally(inside, (AREAS,), cases.area)
    return case_design_effect(cases.size[inside], cases.area[inside], total)


def wilson_coverage(p: float, a_day: float, runs: int) -> dict[str, float]:
    """Coverage with recorded clusters, with the scatter between days, and with neither."""
    inside: dict[str, list[bool]] = {"clusters": [], "scatter": [], "neither": []}
    for seed in range(runs):
        cases = simulate(100 + seed, a_day=a_day, p=p)
        counts = cases.on(DAYS + 2_000)
        for kind, deff in (
            ("clusters", effect(cases)),
            ("scatter", scatter_design_effect(counts)),
            ("neither", np.ones(AREAS)),
        ):
            got = traceability(counts, design_effect=deff)
            rated = got.state == State.FINAL
            inside[kind] += list(((got.share.low <= p) & (p <= got.share.high))[rated])
    return {kind: float(np.mean(values)) for kind, values in inside.items()}


def test_intervals_cover_clustered_cases_only_with_the_design_effect() -> None:
    got = wilson_coverage(0.6, 1.0, 3)
    assert 0.92 <= got["clusters"] <= 0.98
    assert got["scatter"] >= 0.85
    assert got["neither"] < 0.75


@pytest.mark.calibrate
@pytest.mark.parametrize(("p", "a_day"), [(0.6, 1.0), (0.6, 6.0), (0.8, 1.0), (0.3, 0.5)])
def test_intervals_of_the_share_pass_their_gate(p: float, a_day: float) -> None:
    got = wilson_coverage(p, a_day, 20)
    LOG.info("p %s, %s clusters a day: %s", p, a_day, got)
    assert 0.92 <= got["clusters"] <= 0.98
    assert got["scatter"] >= 0.85


def test_the_scatter_is_one_for_single_cases_and_the_clusters_otherwise() -> None:
    single = scatter_design_effect(simulate(1, size=1.0, a_day=6.0).on(DAYS + 2_000))
    assert single.mean() == pytest.approx(1.05, abs=0.1)
    counts = simulate(1, a_day=6.0).on(DAYS + 2_000)
    assert scatter_design_effect(counts).mean() == pytest.approx(5.0, rel=0.12)
    one = SourceCounts(
        *(np.asarray(x)[:, 3] for x in (counts.known, counts.unknown, counts.pending))
    )
    assert scatter_design_effect(one) == pytest.approx(scatter_design_effect(counts)[3])
    assert (scatter_design_effect(SourceCounts(*np.zeros((3, 40, 2)))) == 1).all()
    for wrong in ({"cut_days": 60}, {"cut_days": -1}, {"history": 13}):
        with pytest.raises(ValueError, match="at least 14 are needed"):
            scatter_design_effect(counts, **wrong)


def test_chances_of_each_area_may_be_given() -> None:
    cases = simulate(3)
    now, tables = cases.on(DAYS - 1), cases.by_age()
    common = closure_chances(*tables)
    each = closure_chances(*(np.repeat(x[:, :, None], AREAS, axis=2) for x in tables))
    np.testing.assert_allclose(final_share(now, each).high, final_share(now, common).high)


def final_coverage(size: float, runs: int, step: int) -> dict[str, float]:
    inside, error, naive, rated = [], [], [], []
    for seed in range(runs):
        cases = simulate(500 + seed, size=size, a_day=3.0 / size)
        now = cases.on(DAYS - 1)
        got = final_share(now, closure_chances(*cases.by_age(step), step_days=step),
                          youngest_days=7, design_effect=effect(cases))  # fmt: skip
        when = 14 if step == 1 else 14 + (cases.day - DAYS + 1 + 14) % 7
        shown = (cases.day > DAYS - 22) & (cases.day <= DAYS - 8)
        shown &= cases.delay <= np.maximum(when, DAYS - 1 - cases.day)
        known = cases.tally(shown & cases.found, (AREAS,), cases.area)
        truth = known / np.maximum(cases.tally(shown, (AREAS,), cases.area), 1)
        ok = (got.state == State.PROVISIONAL) | (got.state == State.FINAL)
        inside.append(((got.low - 1e-9 <= truth) & (truth <= got.high + 1e-9))[ok])
        error.append((got.value - truth)[ok])
        naive.append((traceability(now).share.value - truth)[ok])
        rated.append(ok.mean())
    return {
        "coverage": np.concatenate(inside).mean(),
        "bias": np.concatenate(error).mean(),
        "naive bias": np.concatenate(naive).mean(),
        "rated": float(np.mean(rated)),
    }


@pytest.mark.parametrize("step", [1, 7])
def test_the_final_share_is_foretold_from_day_seven(step: int) -> None:
    got = final_coverage(3.0, 2, step)
    assert got["coverage"] >= 0.92
    assert abs(got["bias"]) < 0.005 < got["naive bias"]


@pytest.mark.calibrate
@pytest.mark.parametrize("size", [1.0, 3.0])
@pytest.mark.parametrize("step", [1, 7])
def test_final_shares_pass_their_gate(size: float, step: int) -> None:
    got = final_coverage(size, 10, step)
    LOG.info("clusters of %s, step %s: %s", size, step, got)
    assert got["coverage"] >= 0.92
    assert abs(got["bias"]) < 0.004


def test_chances_meet_the_share_of_followed_cases() -> None:
    """Where every report day was followed to the end, the product is the plain share."""
    cases = simulate(7)
    known, unknown, pending = (x[:50] for x in cases.by_age())
    got = closure_chances(known, unknown, pending)
    plain = (known[:, [14]] - known[:, :14]).sum(axis=0) / pending[:, :14].sum(axis=0)
    np.testing.assert_allclose(got.becomes_known, plain)
    plain = (unknown[:, [14]] - unknown[:, :14]).sum(axis=0) / pending[:, :14].sum(axis=0)
    np.testing.assert_allclose(got.becomes_unknown, plain)
    closed = 1 - pending.sum(axis=0) / (known + unknown + pending).sum(axis=0)
    np.testing.assert_allclose(got.closed_by, closed)
    assert got.cut_days() == np.argmax(closed >= 0.9 * closed[-1])


def test_young_report_days_do_not_shorten_the_delay() -> None:
    cases = simulate(8)
    table = cases.by_age()
    whole = closure_chances(*table)
    done = closure_chances(*(x[:50] for x in table))
    np.testing.assert_allclose(whole.closed_by, done.closed_by, atol=0.02)


def test_nothing_pending_leaves_nothing_open() -> None:
    chances = closure_chances(*simulate(9).by_age())
    got = final_share(window(15, 10, 0), chances)
    np.testing.assert_array_equal([got.low, got.value, got.high], 0.6)
    assert got.state == State.FINAL


def test_without_followed_cases_only_the_bounds_are_told() -> None:
    blank = np.full((40, 15), np.nan)
    chances = closure_chances(blank, blank, blank)
    counts = window(30, 10, 0)
    pending = np.zeros(30)
    pending[20] = 10
    got = final_share(SourceCounts(counts.known, counts.unknown, pending), chances)
    assert np.isnan(got.value)
    np.testing.assert_array_equal([got.low, got.high], [30 / 50, 40 / 50])
    assert got.state == State.TOO_FEW
    assert chances.cut_days() == 14


def test_areas_do_not_touch_each_other() -> None:
    cases = simulate(3)
    now, chances = cases.on(DAYS - 1), closure_chances(*cases.by_age())
    order = np.random.default_rng(1).permutation(AREAS)
    tables = [np.asarray(x) for x in (now.known, now.unknown, now.pending)]
    mixed = SourceCounts(*(x[:, order] for x in tables))
    one = SourceCounts(*(x[:, 5] for x in tables))

    def shares(counts: SourceCounts) -> Floats:
        return np.stack([traceability(counts).share.low, final_share(counts, chances).low])

    np.testing.assert_array_equal(shares(now)[:, order], shares(mixed))
    np.testing.assert_allclose(shares(now)[:, 5], shares(one), rtol=1e-12)


def test_zeros_give_no_share_and_no_warning() -> None:
    nothing = SourceCounts(*np.zeros((3, 30, 4)))
    chances = closure_chances(*np.zeros((3, 20, 15)))
    assert (traceability(nothing).state == State.MISSING).all()
    got = final_share(nothing, chances)
    assert (got.state == State.MISSING).all()
    assert np.isnan(got.value).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"known": [-1.0] * 30}, r"known\[0\]: -1"),
        ({"pending": [np.nan] * 30}, r"pending\[0\]: nan"),
        ({"unknown": [1.0] * 29}, "unknown: shape"),
        ({"imported": [9.0] * 30}, r"imported\[0, 0\] \+ household\[0, 0\]: 9\.0 \+ 0\.0 of 2\.0"),
    ],
)
def test_contradicting_counts_are_refused(change: dict[str, list[float]], message: str) -> None:
    good = {"known": [2.0] * 30, "unknown": [1.0] * 30, "pending": [0.0] * 30}
    with pytest.raises(ValueError, match=message):
        traceability(SourceCounts(**(good | change)))


@pytest.mark.parametrize(
    "options", [{"cut_days": -1}, {"cut_days": 20}, {"window": 0}, {"population": 0}, {"level": 1}]
)
def test_impossible_windows_populations_and_levels_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"window|population|level"):
        traceability(SourceCounts(*np.ones((3, 30))), **options)


@pytest.mark.parametrize(
    "arguments",
    [([0], [0], [3]), ([2], [1], [3]), ([4], [0], [3]), ([1, 2], [0], [3]), ([1], [0], [-1])],
)
def test_impossible_clusters_are_refused(arguments: tuple[Any, Any, Any]) -> None:
    with pytest.raises(ValueError, match=r"cluster|areas|cases"):
        case_design_effect(*arguments)


@pytest.mark.parametrize(
    ("tables", "step"),
    [
        (np.ones((3, 5, 14)), 1),
        (np.ones((3, 5, 15)), 7),
        (-np.ones((3, 5, 15)), 1),
        (np.ones((3, 5)), 1),
        (np.full((3, 5, 15), np.inf), 1),
    ],
)
def test_impossible_histories_are_refused(tables: Floats, step: int) -> None:
    with pytest.raises(ValueError, match=r"shape|is no count"):
        closure_chances(*tables, step_days=step)


def test_histories_of_different_areas_are_refused() -> None:
    with pytest.raises(ValueError, match="differ"):
        closure_chances(np.ones((5, 15)), np.ones((5, 15)), np.ones((6, 15)))


def test_chances_of_several_areas_are_those_of_each() -> None:
    tables = [np.stack([x, 2 * x], axis=2) for x in simulate(4).by_age()]
    both: ClosureChances = closure_chances(*tables)
    one = closure_chances(*(x[:, :, 1] for x in tables))
    np.testing.assert_allclose(both.becomes_known[:, 1], one.becomes_known)
    np.testing.assert_allclose(both.scatter[1], one.scatter)
