"""EARS against the reference tool, CDC's C3 against the sum it is, and its false alarms."""

import csv
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student

from metrics.signals.ears import c3_without_today, ears

Floats = NDArray[np.float64]
counts = arrays(np.float64, (40, 3), elements=st.integers(0, 9).map(float))


def rows_of(path: Path, *keys: str) -> list[tuple[tuple[str, ...], list[dict[str, str]]]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    def key(row: dict[str, str]) -> tuple[str, ...]:
        return tuple(row[name] for name in keys)

    return [(k, list(part)) for k, part in groupby(sorted(rows, key=key), key)]


def cases_of(golden: Path, series: str) -> Floats:
    name = series if series.startswith("weekly") else f"series_{series}"
    with (golden / "inputs" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return np.array([float(row["cases"]) for row in csv.DictReader(file)])


def number(text: str) -> float:
    return float(text) if text else np.nan


def column(rows: list[dict[str, str]], name: str) -> Floats:
    return np.array([number(row[name]) for row in rows])


def test_bounds_and_alarms_of_the_reference_tool_are_met(golden: Path) -> None:
    seen = 0
    for (series, method, least, level), rows in rows_of(
        golden / "golden" / "ears.csv", "series", "method", "min_sigma", "alpha"
    ):
        cases, limit = cases_of(golden, series), float(norm.isf(float(level)))
        if method == "C3":
            t, bound, signal = c3_without_today(cases, limit=limit, least_sd=float(least))
        else:
            found = ears(
                cases,
                method="c1" if method == "C1" else "c2",
                limit=limit,
                least_sd=float(least),
            )
            t, bound, signal = found.t, found.bound, found.signal
        at = column(rows, "t").astype(int) - t[0]
        np.testing.assert_allclose(bound[at], column(rows, "upperbound"), rtol=0, atol=1e-8)
        alarm = column(rows, "alarm")
        np.testing.assert_array_equal(signal[at][~np.isnan(alarm)], alarm[~np.isnan(alarm)])
        seen += len(rows)
    assert seen == 355


@pytest.mark.parametrize(
    ("case", "method", "baseline", "least"),
    [
        ("agona|EARS|C1|baseline7|start8", "C1", 7, 0.0),
        ("agona|EARS|C1|baseline28|start29", "C1", 28, 0.0),
        ("agona|EARS|C1|baseline7|minSigma1|start10", "C1", 7, 1.0),
        ("agona|EARS|C2|baseline28|start31", "C2", 28, 0.0),
        ("agona|EARS|C2|baseline7|minSigma1|start12", "C2", 7, 1.0),
        ("agona|EARS|C3|baseline28|start33", "C3", 28, 0.0),
        ("agona|EARS|C3|baseline7|start12", "C3", 7, 0.0),
    ],
)
def test_a_published_series_is_met(
    reference_tools: Path, case: str, method: str, baseline: int, least: float
) -> None:
    folder = reference_tools / "surveillance"
    with (folder / "salmonella_agona_weekly.csv").open(encoding="utf-8", newline="") as file:
        cases = np.array([float(row["observed"]) for row in csv.DictReader(file)])
    rows = dict(rows_of(folder / "aberration_agona.csv", "case_id"))[(case,)]
    rows.sort(key=lambda row: int(row["idx"]))
    if method == "C3":
        t, bound, _ = c3_without_today(
            cases, limit=float(norm.isf(0.025)), baseline=baseline, least_sd=least
        )
    else:
        limit = float(norm.isf(0.001))
        found = ears(
            cases,
            method="c1" if method == "C1" else "c2",
            baseline=baseline,
            limit=limit,
            least_sd=least,
        )
        t, bound = found.t, found.bound
    at = column(rows, "idx").astype(int) - t[0]
    np.testing.assert_allclose(bound[at], column(rows, "upperbound"), rtol=0, atol=1e-8)


def test_c3_is_the_sum_of_three_excesses_written_out() -> None:
    cases = np.random.default_rng(4).poisson(4.0, 60).astype(float)
    cases[40:43] += [16.0, 7.0, 8.0]
    found = ears(cases, method="c3")
    for i, day in enumerate(found.t - 1):
        total = 0.0
        for t in (day, day - 1, day - 2):
            past = cases[t - 9 : t - 2]
            total += max(0.0, (cases[t] - past.mean()) / max(1.0, past.std(ddof=1)) - 1.0)
        assert found.statistic[i] == pytest.approx(total, abs=1e-12)
        assert found.signal[i] == (total > 2.0)
    assert found.signal.any()
    quiet = ears(cases, method="c3", quiet_days_only=True)
    assert (quiet.statistic <= found.statistic).all()
    assert (quiet.statistic < found.statistic).any()


@given(counts)
@settings(max_examples=40, deadline=None)
def test_the_bound_says_which_count_signals(cases: Floats) -> None:
    for method in ("c1", "c2"):
        found = ears(cases, method=method, least_sd=0.0)
        today = cases[-found.t.size :]
        np.testing.assert_array_equal(found.signal, today > found.bound)
        assert not np.isnan(found.statistic).any()


@given(counts)
@settings(max_examples=30, deadline=None)
def test_a_batch_equals_a_loop_and_a_new_day_changes_nothing(cases: Floats) -> None:
    found, before = ears(cases, method="c3"), ears(cases[:-1], method="c3")
    np.testing.assert_array_equal(found.statistic[:-1], before.statistic)
    np.testing.assert_array_equal(ears(cases[:, ::-1], method="c3").bound, found.bound[:, ::-1])
    for a in range(3):
        np.testing.assert_array_equal(
            ears(cases[:, a], method="c3").statistic, found.statistic[:, a]
        )


def test_an_area_without_cases_is_silent() -> None:
    for method in ("c1", "c2", "c3"):
        found = ears(np.zeros(30), method=method, least_sd=0.0)
        assert not found.signal.any()
        assert np.isfinite(found.bound).all()


def test_three_standard_deviations_of_seven_days_are_passed_every_seventieth_day() -> None:
    """P(C1 > 3.09) is that of sqrt(8/7) t with 6 degrees of freedom, not that of a normal."""
    cases = np.random.default_rng(9).normal(1_000.0, 30.0, (60, 4_000))
    share = ears(cases, method="c1").signal.mean()
    assert student.sf(3.09 / np.sqrt(8 / 7), 6) == pytest.approx(0.0138, abs=1e-4)
    assert share == pytest.approx(0.0138, abs=8e-4)
    assert share > 13 * norm.sf(3.09)


@pytest.mark.parametrize(
    ("cases", "setting", "message"),
    [
        ([1.0] * 9, {"method": "c2"}, "c2 then needs 10 days; there are 9"),
        ([1.0] * 30, {"baseline": 2}, "baseline of 2 days: it must be 3"),
        ([1.0] * 30, {"least_sd": -1.0}, "least_sd is -1.0"),
        ([1.0] * 29 + [-2.0], {}, r"incidence\[29\]: -2.0 is no count"),
        ([1.0] * 29 + [np.nan], {}, r"incidence\[29\]: nan is no count"),
    ],
)
def test_wrong_input_is_named(cases: list[float], setting: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ears(cases, **setting)  # type: ignore[arg-type]
