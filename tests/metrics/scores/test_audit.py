"""The live audit on invented publications whose honesty is known."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from metrics.scores.audit import Hits, Matured, Published, audit, later_values
from metrics.states import State

Floats = NDArray[np.float64]
AREAS, DAYS = 6, 140


def honest(rng: np.random.Generator, *, narrow: float = 1.0) -> tuple[Published, Matured]:
    """95 and 50 % intervals for each area and day, published 3 days after and 3 before."""
    days, areas, levels, ages = (
        x.ravel() for x in np.meshgrid(range(DAYS), range(AREAS), [0.5, 0.95], [-3, 3])
    )
    centre = 50.0 + 10 * areas
    reach = narrow * 5 * norm.ppf(0.5 + levels / 2)
    published = Published(
        indicator=np.zeros(days.size, dtype=np.int64),
        area=areas,
        day=days,
        published_on=days + ages,
        level=levels,
        low=centre - reach,
        high=centre + reach,
        size=10.0**areas / 10,
    )
    day, area = (x.ravel() for x in np.meshgrid(range(DAYS), range(AREAS)))
    value = rng.normal(50.0 + 10 * area, 5)
    return published, Matured(np.zeros(day.size, dtype=np.int64), area, day, value)


def group(found: tuple[Hits, ...], said: float, **limits: Any) -> Hits:
    wanted = {"age": None, "size": None, **limits}
    (one,) = (
        h for h in found if h.said == said and (h.age, h.size) == (wanted["age"], wanted["size"])
    )
    return one


def test_honest_intervals_are_found_honest() -> None:
    found = audit(*honest(np.random.default_rng(1)))
    for said in (0.5, 0.95):
        hits = group(found, said)
        assert hits.inside.low < said < hits.inside.high
        assert hits.inside.value == pytest.approx(said, abs=0.03)
        assert hits.below + hits.above + hits.inside.value == pytest.approx(1)
        assert (hits.compared, hits.waiting, hits.blocks) == (2 * DAYS * AREAS, 0, 10)
        assert hits.state == State.FINAL


def test_intervals_half_as_wide_are_found_out() -> None:
    hits = group(audit(*honest(np.random.default_rng(2), narrow=0.5)), 0.95)
    assert hits.inside.high < 0.8
    assert hits.inside.value == pytest.approx(2 * norm.cdf(0.98) - 1, abs=0.04)


def test_ages_and_sizes_are_told_apart() -> None:
    found = audit(*honest(np.random.default_rng(3)))
    assert [h.age for h in found if h.said == 0.5 and h.age] == [(-7, 0), (3, 7)]
    sizes = [h.size for h in found if h.said == 0.5 and h.size]
    assert sizes == [(0.0, 1.0), (1.0, 10.0), (10.0, 100.0), (100.0, np.inf)]
    assert group(found, 0.95, age=(3, 7)).compared == DAYS * AREAS
    assert group(found, 0.95, size=(0.0, 1.0)).compared == 2 * DAYS


def test_each_row_is_compared_with_its_own_value() -> None:
    published, matured = honest(np.random.default_rng(4))
    table = {
        key: value
        for *key_parts, value in zip(matured.area, matured.day, matured.value, strict=True)
        for key in [tuple(key_parts)]
    }
    by_hand = [table[key] for key in zip(published.area, published.day, strict=True)]
    np.testing.assert_array_equal(later_values(published, matured), by_hand)


def test_days_that_have_not_matured_wait() -> None:
    published, matured = honest(np.random.default_rng(5))
    early = matured.day < 100
    known = Matured(*(getattr(matured, n)[early] for n in ("indicator", "area", "day", "value")))
    hits = group(audit(published, known), 0.95)
    assert (hits.compared, hits.waiting) == (2 * 100 * AREAS, 2 * 40 * AREAS)


def test_another_indicator_is_another_row() -> None:
    published, matured = honest(np.random.default_rng(6))
    other = replace(matured, indicator=matured.indicator + 1, value=matured.value + 1e3)
    both = Matured(
        *(
            np.concatenate([getattr(matured, n), getattr(other, n)])
            for n in ("indicator", "area", "day", "value")
        )
    )
    assert audit(published, both) == audit(published, matured)
    unknown = audit(replace(published, indicator=published.indicator + 7), both)
    assert {h.state for h in unknown} == {State.TOO_FEW}
    assert unknown[0].indicator == 7


@pytest.mark.parametrize("first_days", [42, 20])
def test_a_short_time_is_insufficient_however_many_areas(first_days: int) -> None:
    published, matured = honest(np.random.default_rng(7))
    early = matured.day < first_days
    known = Matured(*(getattr(matured, n)[early] for n in ("indicator", "area", "day", "value")))
    hits = group(audit(published, known), 0.95)
    assert hits.compared > 200
    assert hits.state == State.TOO_FEW
    assert np.isnan(hits.inside.value)
    assert np.isnan(hits.above)


def test_few_comparisons_are_insufficient() -> None:
    published, matured = honest(np.random.default_rng(8))
    hits = group(audit(published, matured, least=2 * DAYS * AREAS + 1), 0.95)
    assert hits.state == State.TOO_FEW


def test_waves_missed_together_widen_the_range() -> None:
    rng = np.random.default_rng(9)
    published, matured = honest(rng)
    missed = rng.random(10) < 0.2
    together = replace(matured, value=matured.value + 40.0 * missed[matured.day // 14])
    hits = group(audit(published, together), 0.95)
    assert float(hits.inside.high - hits.inside.low) > 0.2


def test_nothing_published_gives_no_row() -> None:
    published, matured = honest(np.random.default_rng(10))
    names = ("indicator", "area", "day", "published_on", "level", "low", "high", "size")
    assert audit(Published(*(getattr(published, n)[:0] for n in names)), matured) == ()


def wrong(**change: Any) -> Callable[[], object]:
    published, matured = honest(np.random.default_rng(11))
    return lambda: audit(replace(published, **change), matured)


NUMBERS = honest(np.random.default_rng(12))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (wrong(level=np.full(NUMBERS[0].day.size, 95.0)), "audit row 0: level: 95.0"),
        (wrong(low=NUMBERS[0].high + 1), "audit row 0: low above high"),
        (wrong(high=np.full(NUMBERS[0].day.size, np.nan)), "low above high or not finite"),
        (wrong(size=-NUMBERS[0].size), "audit row 0: size: -0.1"),
        (wrong(low=NUMBERS[0].low[:5]), "columns of different shapes"),
        (lambda: audit(*NUMBERS, ages=(0, 0)), r"ages \(0, 0\): limits must rise"),
        (
            lambda: audit(NUMBERS[0], replace(NUMBERS[1], value=NUMBERS[1].value * np.nan)),
            "matured value: nan",
        ),
        (
            lambda: audit(NUMBERS[0], replace(NUMBERS[1], day=NUMBERS[1].day * 0)),
            r"matured: \[0, 0, 0\] stands twice",
        ),
    ],
)
def test_unusable_columns_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
