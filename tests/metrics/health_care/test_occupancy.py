"""Occupied share of beds."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from kms.config import ROOT
from metrics.health_care.occupancy import BedCounts, occupancy
from metrics.states import State

NAN = float("nan")


def beds(occupied: Any, total: Any, **who: Any) -> BedCounts:
    return BedCounts(np.asarray(occupied, float), np.asarray(total, float), **who)


def reported(days: int, reporting: float = 10, carried: float = 0) -> dict[str, Any]:
    shares = {"reporting": reporting, "carried": carried, "registered": 10}
    return {name: np.full(days, float(n)) for name, n in shares.items()}


def test_beds_are_added_before_they_are_divided() -> None:
    """Two types of 10 and 90 beds, 90 and 50 % occupied: 54 % together, not 70."""
    icu = beds([9] * 8, [10] * 8, **reported(8))
    ward = beds([45] * 8, [90] * 8, **reported(8))
    got = occupancy(icu, ward)
    np.testing.assert_allclose(got.share, 0.54)
    np.testing.assert_allclose(got.free, 46)
    assert occupancy(icu).share[-1] == pytest.approx(0.9)
    assert (got.state == State.FINAL).all()


def test_the_published_rates_of_the_capital_are_met() -> None:
    """12 April 2021: intensive care 85.3 %, COVID-19 beds 66.3 %."""
    path = (
        ROOT.parent / "shared" / "data" / "doh_hospital_2021" / "doh_hospital_beds_facility_day.csv"
    )
    if not path.exists():
        pytest.skip(f"the hospitals' reports are not at {path}")
    rows = pd.read_csv(path)
    day = rows[(rows["report_date"] == "2021-04-12") & rows["region"].str.contains("NCR")]
    types = []
    for name in ("icu", "isolbed", "beds_ward"):
        used = day[f"{name}_o"].sum()
        types.append(beds([used], [used + day[f"{name}_v"].sum()]))
    assert occupancy(types[0]).share[0] == pytest.approx(0.853, abs=5e-4)
    assert occupancy(*types).share[0] == pytest.approx(0.663, abs=5e-4)
    mean_of_shares = (day["icu_o"] / (day["icu_o"] + day["icu_v"])).mean()
    assert abs(mean_of_shares - 0.853) > 0.02


def test_the_week_is_weighted_by_bed_days() -> None:
    occupied, total = np.arange(10.0), np.arange(10.0, 20.0)
    got = occupancy(beds(occupied, total))
    assert got.week_share[-1] == pytest.approx(occupied[3:].sum() / total[3:].sum())
    assert np.isnan(got.week_share[:3]).all()
    assert np.isfinite(got.week_share[3:]).all()


def test_an_unknown_type_makes_the_sum_unknown_however_long_it_is_gone() -> None:
    ward = beds([50] * 30, [100] * 30, **reported(30))
    icu_used = [9.0] * 10 + [NAN] * 20
    got = occupancy(ward, beds(icu_used, [10.0] * 30, **reported(30)))
    assert got.share[9] == pytest.approx(59 / 110)
    assert np.isnan(got.share[10:]).all()
    assert (got.state[10:] == State.MISSING).all()
    late = occupancy(ward, beds([NAN] * 20 + [9.0] * 10, [10.0] * 30, **reported(30)))
    assert np.isnan(late.share[:20]).all()  # not yet told is not the same as not there
    none = occupancy(ward, beds([0.0] * 30, [0.0] * 30, **reported(30)))
    np.testing.assert_allclose(none.share, 0.5)


def test_silence_of_facilities_is_told_and_carried_reports_do_not_count() -> None:
    reporting = np.array([10.0, 9, 7, 7, 7, 0, 0, 0, 0, 0])
    who = {"reporting": reporting, "carried": 10 - reporting, "registered": np.full(10, 10.0)}
    got = occupancy(beds([50] * 10, [100] * 10, **who))
    np.testing.assert_allclose(got.reporting_share, reporting / 10)
    np.testing.assert_allclose(got.carried_share, 1 - reporting / 10)
    states = [State(int(s)).label for s in got.state]
    assert states == ["final"] * 4 + ["provisional"] * 4 + ["stale"] * 2


def test_nobody_knowing_who_reported_is_provisional() -> None:
    assert (occupancy(beds([50] * 3, [100] * 3)).state == State.PROVISIONAL).all()


def test_few_beds_no_beds_and_more_patients_than_beds() -> None:
    got = occupancy(beds([[5, 0, 146]], [[9, 0, 100]], **{
        name: np.full((1, 3), 4.0) for name in ("reporting", "registered")
    }))  # fmt: skip
    assert [State(int(s)) for s in got.state[0]] == [State.TOO_FEW, State.TOO_FEW, State.FINAL]
    assert np.isnan(got.share[0, 1])
    assert got.share[0, 2] == 1.46
    assert got.free[0, 2] == -46


def test_areas_and_later_days_leave_each_other_alone() -> None:
    rng = np.random.default_rng(1)
    total = np.full((40, 4), 50.0)
    used = np.where(rng.random((40, 4)) < 0.2, np.nan, rng.integers(0, 50, (40, 4)))
    whole = occupancy(BedCounts(used, total))
    part = occupancy(BedCounts(used[:20, 1], total[:20, 1]))
    np.testing.assert_array_equal(whole.week_share[:20, 1], part.week_share)
    np.testing.assert_array_equal(whole.state[:20, 1], part.state)


@pytest.mark.parametrize(
    ("types", "message"),
    [
        ((), "no type"),
        ((BedCounts([1.0], [-1.0]),), r"total\[0\]: -1"),
        ((BedCounts([np.inf], [1.0]),), r"occupied\[0\]: inf"),
        ((BedCounts([1.0], [1.0, 2.0]),), "total: shape"),
        ((BedCounts([1.0], [1.0]), BedCounts([1.0, 1.0], [1.0, 1.0])), "shape"),
        ((BedCounts([], []),), "occupied: shape"),
        (
            (BedCounts([1.0], [2.0], reporting=[3.0], registered=[2.0]),),
            "3.0 facilities reported, of 2.0",
        ),
    ],
)
def test_unusable_beds_are_refused(types: tuple[BedCounts, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        occupancy(*types)
