"""CUSUM against the reference tool, against the recursion written out, and its run length."""

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.signals.cusum import cusum

Floats = NDArray[np.float64]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def column(rows: list[dict[str, str]], name: str) -> Floats:
    return np.array([float(row[name] or "nan") for row in rows])


@pytest.mark.parametrize(("transform", "expected"), [("standard", "mean"), ("rossi", "glm")])
def test_the_reference_tool_is_met(golden: Path, transform: str, expected: str) -> None:
    cases = column(read(golden / "inputs" / "weekly_seasonal.csv"), "cases")
    table = read(golden / "golden" / "cusum.csv")
    rows = [row for row in table if row["trans"] == transform and row["m"] == expected]
    assert len(rows) == 69
    found = cusum(
        cases,
        start=232,
        expected="harmonic" if expected == "glm" else "mean",
        transform="rossi" if transform == "rossi" else "standard",
    )
    at = column(rows, "t").astype(int) - 232
    np.testing.assert_allclose(found.expected[at], column(rows, "reference_mean"), atol=1e-6)
    np.testing.assert_allclose(found.cusum[at], column(rows, "cusum"), atol=1e-6)
    bound = np.nan_to_num(column(rows, "upperbound"))
    # Where the sum is so high that no case at all would signal, the tool once gives the square
    # of a negative root instead of 0.
    spurious = np.isclose(bound, 0.849834472938)
    assert spurious.sum() == (transform == "rossi")
    assert (found.bound[at][spurious] == 0.0).all()
    np.testing.assert_allclose(found.bound[at][~spurious], bound[~spurious], atol=1e-6)
    np.testing.assert_array_equal(found.signal[at], column(rows, "alarm"))


def test_the_bound_is_the_count_from_which_the_week_signals() -> None:
    """Second route: put each count in turn into the week and watch."""
    rng = np.random.default_rng(3)
    cases = rng.poisson(6.0, 60).astype(float)
    for transform in ("standard", "rossi"):
        found = cusum(cases, start=31, transform=transform)
        for week in (31, 40, 60):
            signals = []
            for count in range(40):
                changed = cases[:week].copy()
                changed[-1] = count
                one = cusum(changed, start=31, transform=transform)
                signals.append(bool(one.signal[-1]))
            first = signals.index(True)
            assert first == np.ceil(found.bound[week - 31])
            assert all(signals[first:])


def test_after_an_outbreak_a_week_without_cases_still_signals(golden: Path) -> None:
    """The one bound in which the reference tool is wrong: week 252, at the level of 0 cases."""
    cases = column(read(golden / "inputs" / "weekly_seasonal.csv"), "cases")
    cases[251] = 0.0
    assert cusum(cases[:252], start=232, expected="harmonic").signal[-1]


def test_in_control_it_runs_about_500_weeks() -> None:
    """The published pair 1.04 and 2.26 on independent normal values."""
    rng = np.random.default_rng(12)
    cases = rng.normal(1e6, 1e3, (6_000, 150))
    cases[:2_000] += 1e6 - cases[:2_000].mean(axis=0)
    found = cusum(cases, start=2_001, transform="standard", restart=True)
    weeks_between = 1.0 / found.signal.mean()
    assert 430 <= weeks_between <= 570


def test_a_lasting_small_rise_is_found_and_restarting_forgets_it() -> None:
    cases = np.random.default_rng(5).poisson(20.0, (160, 200)).astype(float)
    cases[110:] += np.random.default_rng(6).poisson(10.0, (50, 200))
    found = cusum(cases, start=101)
    assert found.signal[9:20].any(axis=0).mean() > 0.97
    assert found.signal[:9].mean() < 0.02
    again = cusum(cases, start=101, restart=True)
    assert again.signal.sum() < found.signal.sum()
    first = found.signal.argmax(axis=0)
    np.testing.assert_array_equal(again.signal.argmax(axis=0), first)


def test_a_batch_equals_a_loop_and_a_new_week_changes_nothing() -> None:
    cases = np.random.default_rng(8).poisson(5.0, (150, 3)).astype(float)
    for expected in ("mean", "harmonic"):
        found = cusum(cases, start=121, expected=expected)
        shorter = cusum(cases[:-1], start=121, expected=expected)
        np.testing.assert_array_equal(found.cusum[:-1], shorter.cusum)
        for a in range(3):
            one = cusum(cases[:, a], start=121, expected=expected)
            np.testing.assert_allclose(one.cusum, found.cusum[:, a], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("cases", "setting", "message"),
    [
        (np.ones(40), {"start": 3}, "start 3: mean needs it to be 8 to the 40 weeks"),
        (np.ones(140), {"start": 60, "expected": "harmonic"}, "harmonic needs it to be 105"),
        (np.ones(40), {"start": 20, "limit": 0.0}, "limit 0.0"),
        (np.zeros(40), {"start": 20}, "area 0: no case in the 19 weeks before week 20"),
        (-np.ones(40), {"start": 20}, "-1.0 is no count"),
    ],
)
def test_wrong_input_is_named(cases: Floats, setting: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cusum(cases, **setting)  # type: ignore[arg-type]
