"""Farrington against the reference tool, against a regression written out, and by simulation."""

import csv
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import nbinom

from metrics.signals.farrington import Farrington, farrington_1996, farrington_flexible
from metrics.states import State

Floats = NDArray[np.float64]
LEVEL_1996 = 0.005


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def column(rows: list[dict[str, str]], name: str) -> Floats:
    values = [row[name] for row in rows]
    return np.array([float(v) if v not in ("", "NA") else np.nan for v in values])


def yearly(rng: np.random.Generator, weeks: int, areas: int, level: float = 12.0) -> Floats:
    season = np.exp(0.6 * np.cos(2 * np.pi * np.arange(weeks) / 52))[:, None]
    noise = rng.gamma(10.0, 0.1, (weeks, areas))
    return rng.poisson(level * season * noise).astype(float)


@pytest.mark.parametrize("method", ["nbPlugin", "delta"])
def test_every_week_of_the_reference_tool_is_met(golden: Path, method: str) -> None:
    cases = column(read(golden / "inputs" / "weekly_seasonal.csv"), "cases")
    table = read(golden / "golden" / "farrington_flexible.csv")
    rows = [row for row in table if row["threshold_method"] == method]
    found = farrington_flexible(
        cases,
        years=3,
        reweight_above=2.58,
        threshold="negative_binomial" if method == "nbPlugin" else "delta_reweighted",
    )
    at = column(rows, "t").astype(int) - 1
    bound, y = found.bound[at], cases[at]
    np.testing.assert_allclose(found.expected[at], column(rows, "expected"), rtol=1e-5)
    np.testing.assert_allclose(found.phi[at], column(rows, "phi"), rtol=1e-3)
    trend = column(rows, "trend_coef")
    np.testing.assert_allclose(found.trend_per_week[at], trend, rtol=1e-3, atol=1e-8)
    np.testing.assert_allclose(found.p_value[at], column(rows, "pvalue"), rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(y > bound, column(rows, "alarm"))
    if method == "nbPlugin":
        np.testing.assert_array_equal(bound, column(rows, "upperbound"))
        log_mean = np.log(found.expected[at])  # the tool forgets to convert it
        score = (y - log_mean) / (bound - log_mean)
    else:
        np.testing.assert_allclose(bound, column(rows, "upperbound"), rtol=1e-4)
        score = found.score[at]
    np.testing.assert_allclose(score, column(rows, "score"), rtol=1e-4, atol=3e-5)


def agona(reference_tools: Path, case: str) -> tuple[Floats, list[dict[str, str]]]:
    folder = reference_tools / "surveillance"
    table = read(folder / "aberration_agona.csv")
    rows = {k: list(v) for k, v in groupby(table, key=lambda row: row["case_id"])}
    return column(read(folder / "salmonella_agona_weekly.csv"), "observed"), rows[case]


def check_agona(found: Farrington, rows: list[dict[str, str]], tolerance: float) -> None:
    at = column(rows, "idx").astype(int) - 1
    expected = column(rows, "upperbound")
    rated = found.state[at] == State.FINAL
    # The tool writes 0 or nothing where the last four weeks hold under five cases.
    np.testing.assert_array_equal(rated, np.nan_to_num(expected) > 0)
    np.testing.assert_allclose(found.bound[at][rated], expected[rated], rtol=tolerance)
    np.testing.assert_array_equal(found.signal[at], column(rows, "alarm"))


def test_the_1996_algorithm_meets_a_published_series(reference_tools: Path) -> None:
    cases, rows = agona(reference_tools, "agona|farrington1996|b4w3|start280")
    check_agona(farrington_1996(cases, years=4, level=LEVEL_1996), rows, 1e-4)


def test_the_flexible_algorithm_meets_a_published_series(reference_tools: Path) -> None:
    cases, rows = agona(reference_tools, "agona|farringtonFlexible|nbPlugin|b4w3np10|start280")
    plugin = farrington_flexible(cases, years=4, threshold="negative_binomial", reweight_above=2.58)
    check_agona(plugin, rows, 0.0)
    cases, rows = agona(reference_tools, "agona|farringtonFlexible|delta|b4w3np10|start280")
    delta = farrington_flexible(cases, years=4, threshold="delta_reweighted", reweight_above=2.58)
    check_agona(delta, rows, 1e-4)
    details = read(
        reference_tools / "surveillance" / "farringtonFlexible_agona_nbPlugin_details.csv"
    )
    at = column(details, "idx").astype(int) - 1
    np.testing.assert_allclose(plugin.expected[at], column(details, "mu0"), rtol=1e-6)
    np.testing.assert_allclose(plugin.p_value[at], column(details, "pvalue"), rtol=1e-4, atol=1e-5)


def test_the_fit_is_the_maximum_of_the_weighted_likelihood() -> None:
    """Second route: minimise the first fit's likelihood directly, reweight, minimise again."""
    cases = yearly(np.random.default_rng(2), 200, 1)[:, 0]
    cases[150] = 90.0
    t0 = 199
    t = np.arange(t0 - 159, t0 - 26)
    position = (t - t0 + 3) % 52
    season = np.where(position < 7, 0, 1 + (position - 7) // 5)
    design = np.column_stack(
        [np.ones(t.size), *(1.0 * (season == s) for s in range(1, 10)), (t - t0) / 52]
    )
    y, weight = cases[t], np.ones(t.size)
    for _ in range(2):

        def loss(beta: Floats, weight: Floats = weight) -> tuple[float, Floats]:
            eta = design @ beta
            return float(weight @ (np.exp(eta) - y * eta)), design.T @ (weight * (np.exp(eta) - y))

        start = np.zeros(11)
        start[0] = 2.0
        best = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-6})
        mu = np.exp(design @ best.x)
        cross = np.linalg.inv(design.T @ ((weight * mu)[:, None] * design))
        phi = max(1.0, float(weight @ ((y - mu) ** 2 / mu)) / (t.size - 11))
        leverage = weight * mu * np.einsum("ij,jk,ik->i", design, cross, design)
        residual = 1.5 * (y ** (2 / 3) - mu ** (2 / 3)) / mu ** (1 / 6)
        residual /= np.sqrt(phi * (1 - leverage))
        used = weight
        weight = np.where(residual > 2.58, residual**-2.0, 1.0)
        weight *= t.size / weight.sum()
    assert used.min() < 0.5  # the planted outbreak counts less
    found = farrington_flexible(cases, years=3, last=1, reweight_above=2.58)
    assert found.expected[0] == pytest.approx(np.exp(best.x[0]), rel=1e-5)
    assert found.phi[0] == pytest.approx(phi, rel=1e-4)
    spread = phi * (1 + np.exp(best.x[0]) * cross[0, 0])
    mean = np.exp(best.x[0])
    assert found.bound[0] == nbinom.ppf(0.99, mean / (spread - 1), 1 / spread)


def test_under_three_years_say_too_few() -> None:
    cases = yearly(np.random.default_rng(1), 170, 2)
    found = farrington_flexible(cases)
    early = found.t <= 3 * 52 + 3
    assert (found.state[early] == State.TOO_FEW).all()
    assert np.isnan(found.bound[early]).all()
    assert not found.signal[early].any()
    assert (found.state[~early] == State.FINAL).all()
    assert (found.years[~early] == 3).all()
    assert (farrington_1996(cases[:100]).state == State.TOO_FEW).all()


def test_an_area_without_cases_is_silent_and_its_first_outbreak_is_not() -> None:
    cases = np.zeros((210, 2))
    cases[-3:, 1] = [1.0, 3.0, 4.0]
    for found in (farrington_flexible(cases), farrington_1996(cases)):
        assert (found.state[:, 0] == State.TOO_FEW).all()
        assert not found.signal[:, 0].any()
        assert found.signal[-1, 1]
        assert np.isfinite(found.bound[-1]).all()


def test_seasons_without_a_case_are_fitted() -> None:
    cases = yearly(np.random.default_rng(7), 230, 3)
    cases[np.arange(230) % 52 < 20] = 0.0
    found = farrington_flexible(cases, last=52)
    assert np.isfinite(found.expected).all()
    assert np.isfinite(found.bound).all()


def test_a_batch_equals_a_loop_and_a_new_week_changes_nothing() -> None:
    cases = yearly(np.random.default_rng(3), 190, 3)
    found, before = farrington_flexible(cases), farrington_flexible(cases[:-1])
    np.testing.assert_array_equal(found.bound[:-1], before.bound)
    np.testing.assert_array_equal(farrington_flexible(cases, last=4).bound, found.bound[-4:])
    for a in range(3):
        one = farrington_flexible(cases[:, a])
        np.testing.assert_array_equal(one.expected, found.expected[:, a])
        np.testing.assert_array_equal(one.signal, found.signal[:, a])


def test_a_past_outbreak_does_not_hide_the_next() -> None:
    cases = yearly(np.random.default_rng(5), 215, 1)[:, 0]
    bare = farrington_flexible(cases, last=1).bound[0]
    cases[210 - 52 : 214 - 52] += 60.0
    kept = farrington_flexible(cases, last=1).bound[0]
    unweighted = farrington_flexible(cases, last=1, reweight_above=1e9).bound[0]
    assert kept < 0.8 * unweighted
    assert kept < 2.5 * bare


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"years": 2}, "years is 2; it must be 3 to 20"),
        ({"half_window": 13}, "half_window is 13"),
        ({"weeks_left_out": 60}, "weeks_left_out is 60; it must be 0 to 48"),
        ({"level": 0.5}, "level is 0.5"),
        ({"periods": 0}, "periods is 0"),
    ],
)
def test_wrong_settings_are_named(setting: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        farrington_flexible(np.ones(200), **setting)  # type: ignore[arg-type]


def test_wrong_counts_are_named() -> None:
    with pytest.raises(ValueError, match=r"weekly counts\[1\]: -1.0 is no count"):
        farrington_flexible([1.0, -1.0])
