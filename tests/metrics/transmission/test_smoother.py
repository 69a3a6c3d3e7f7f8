"""R of single days: the reference tool's numbers, a second route, and what a walk must keep to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import nbinom, poisson

from metrics.states import State
from metrics.transmission.infectivity import infectivity
from metrics.transmission.random_walk.epifilter import epifilter
from metrics.transmission.random_walk.filtering import _kept, _log_count, step_rows
from metrics.transmission.random_walk.smoother import SmoothReproduction, smooth_reproduction
from metrics.transmission.serial_interval import discretise_gamma

Floats = NDArray[np.float64]
PMF = discretise_gamma(5.0, 3.0, 30)
FIELDS = ("value", "low", "high", "q25", "q75", "mean", "p_above_1", "phi", "expected", "eta")
GRID_STEP = 9.99 / 199 * 1.000001
counts = arrays(np.float64, (40, 2), elements=st.integers(0, 30).map(float))


def of(cases: Floats, **options: Any) -> SmoothReproduction:
    return smooth_reproduction(cases, cases, PMF, **options)


def stored_series(golden: Path, name: str, si: tuple[float, float]) -> tuple[Floats, Floats]:
    """Local cases and infectiousness of a stored series."""
    frame = pd.read_csv(golden / "inputs" / f"series_{name}.csv")
    table = pd.read_csv(golden / "inputs" / "si_pmf.csv")
    rows = table[(table["mean_si"] == si[0]) & (table["std_si"] == si[1])].sort_values("k")
    total = frame["cases"].to_numpy(np.float64)
    local = total - frame["imported"].to_numpy(np.float64) if name == "low_counts" else total
    return local, infectivity(total, rows["w"].to_numpy(np.float64))


def test_both_kernels_of_the_reference_tool_are_met(golden: Path) -> None:
    table = pd.read_csv(golden / "golden" / "epifilter.csv")
    met = 0
    for _, rows in table.groupby(["kernel", "series"]):
        kernel, name, mean, sd = rows.iloc[0][["kernel", "series", "mean_si", "std_si"]]
        local, past = stored_series(golden, name, (mean, sd))
        at = rows["t"].to_numpy() - 2  # the tool starts on day 2
        got = epifilter(local[1:], past[1:], published=kernel == "published")
        np.testing.assert_allclose(past[at + 1], rows["lambda"], rtol=1e-9, atol=1e-9)
        for ours, theirs in (("filter_mean", "filt_mean"), ("mean", "smooth_mean")):
            np.testing.assert_allclose(getattr(got, ours)[at], rows[theirs], atol=1e-8)
        for ours, theirs in (
            ("filter_low", "filt_q0025"),
            ("filter_high", "filt_q0975"),
            ("low", "smooth_q0025"),
            ("high", "smooth_q0975"),
        ):
            np.testing.assert_allclose(getattr(got, ours)[at], rows[theirs], atol=GRID_STEP)
        met += len(rows)
    assert met == 88


def test_the_published_kernel_on_public_data_is_met(reference_tools: Path) -> None:
    table = pd.read_csv(reference_tools / "epifilter.csv")
    for _, rows in table.groupby("case_id"):
        eta, points = rows.iloc[0][["eta", "m"]]
        got = epifilter(rows["I"], rows["L"], eta=eta, points=int(points), published=True)
        np.testing.assert_allclose(got.filter_mean, rows["filt_mean"], atol=1e-6)
        np.testing.assert_allclose(got.mean, rows["smooth_mean"], atol=1e-6)


def test_nothing_gathers_at_zero_where_nothing_is_known(golden: Path) -> None:
    local, past = stored_series(golden, "low_counts", (4.7, 2.9))
    gap = 101 - 1  # day 102, within a month without any case
    assert epifilter(local[1:], past[1:], published=True).filter_mean[gap] < 0.05
    assert epifilter(local[1:], past[1:]).filter_mean[gap] > 0.3


def test_a_matrix_filter_on_the_same_grid_gives_the_same_numbers() -> None:
    """Second route: dense matrices in NumPy, one step size, known dispersion of 1."""
    rng = np.random.default_rng(2)
    cases = np.minimum(rng.poisson(20.0, 50), 22).astype(float)  # scatters less than Poisson
    root = np.linspace(0.1, np.sqrt(10), 256)
    distance = root[None, :] - root[:, None]
    step = np.where(np.abs(distance) < 4 * 0.05 + root[1] - root[0], 1.0, 0.0)
    step *= np.exp(-0.5 * (distance / 0.05) ** 2)
    step /= step.sum(axis=1, keepdims=True)
    past = infectivity(cases, PMF)[1:]
    result = of(cases, etas=(0.1,), weekday=False)
    assert (result.phi[-20:] == 1.0).mean() > 0.9
    mean = root**2 * past[:, None]
    likely = np.exp(
        (cases[1:, None] * np.log(mean) - mean) / result.phi[:, None]
        - ((cases[1:, None] * np.log(mean) - mean) / result.phi[:, None]).max(axis=1)[:, None]
    )
    forward = root * np.exp(-np.log(2) * root**2) * likely[0]
    filtered = [forward / forward.sum()]
    for t in range(1, 49):
        forward = (filtered[-1] @ step) * likely[t]
        filtered.append(forward / forward.sum())
    backward, smoothed = np.ones(256), [filtered[-1]]
    for t in range(47, -1, -1):  # two-filter form: no division by predictions
        backward = step @ (likely[t + 1] * backward)
        backward /= backward.sum()
        both = filtered[t] * backward
        smoothed.append(both / both.sum())
    expected = np.array([p @ root**2 for p in smoothed[::-1]])
    np.testing.assert_allclose(result.mean, expected, rtol=1e-9)
    causal = of(cases, etas=(0.1,), weekday=False, causal=True)
    np.testing.assert_allclose(causal.mean, [p @ root**2 for p in filtered], rtol=1e-9)


@pytest.mark.parametrize("eta", [0.02, 0.05, 0.1, 0.2])
def test_the_grid_realises_the_step_it_is_asked_for(eta: float) -> None:
    spacing = (np.sqrt(10) - 0.1) / 255
    row = step_rows(np.array([eta]), spacing)[0]
    reach = row.size // 2
    assert row.size >= 2 * np.ceil(4 * eta / 2 / spacing) + 1
    sd = np.sqrt((row * (np.arange(-reach, reach + 1) * spacing) ** 2).sum())
    assert sd == pytest.approx(eta / 2, rel=2e-3)
    inside = _kept(row, reach, 256)
    assert inside[128] == pytest.approx(1.0)
    assert 0.5 < inside[0] < 0.75


@pytest.mark.parametrize(("cases", "mean", "phi"), [(7, 9.0, 1.0), (0, 3.0, 2.5), (40, 12.0, 9.0)])
def test_a_count_is_foretold_by_its_own_distribution(cases: int, mean: float, phi: float) -> None:
    size = mean / (phi - 1) if phi > 1 else 0.0
    expected = nbinom.logpmf(cases, size, 1 / phi) if phi > 1 else poisson.logpmf(cases, mean)
    assert _log_count(float(cases), mean, phi) == pytest.approx(expected, rel=1e-12)


def test_constant_growing_and_empty_courses() -> None:
    flat = of(np.full(100, 200.0))
    np.testing.assert_allclose(flat.value[-60:], 1.0, atol=0.01)
    np.testing.assert_allclose(flat.p_above_1[-40:], 0.5, atol=0.05)
    assert (flat.state[-60:] == State.FINAL).all()
    rising = of(np.round(50 * np.exp(0.04 * np.arange(90))))
    assert (rising.low[20:] > 1).all()
    empty = of(np.zeros((60, 3)))
    assert (empty.state == State.TOO_FEW).all()
    assert all(np.isfinite(getattr(empty, name)).all() for name in FIELDS)
    assert ((empty.low < 0.6) & (empty.high > 1.5)).all()


@given(counts)
@settings(max_examples=15, deadline=None)
def test_numbers_are_in_order_and_areas_do_not_meet(cases: Floats) -> None:
    r = of(cases)
    for lower, higher in (("low", "q25"), ("q25", "value"), ("value", "q75"), ("q75", "high")):
        assert (getattr(r, lower) <= getattr(r, higher)).all()
    np.testing.assert_array_equal(r.value > 1, r.p_above_1 > 0.5)
    np.testing.assert_array_equal(r.low > 1, r.p_above_1 > 0.975)
    turned = of(cases[:, ::-1])
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(turned, name)[:, ::-1], getattr(r, name))
        np.testing.assert_allclose(
            getattr(of(cases[:, 0]), name), getattr(r, name)[:, 0], rtol=1e-9
        )


@given(counts)
@settings(max_examples=10, deadline=None)
def test_a_causal_value_never_changes_again(cases: Floats) -> None:
    now, before = of(cases, causal=True), of(cases[:-1], causal=True)
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(now, name)[:-1], getattr(before, name))


def test_the_last_days_hardly_need_the_days_before_the_burn_in() -> None:
    cases = np.random.default_rng(8).poisson(30.0, (240, 3)).astype(float)
    few, every = of(cases, last=20), of(cases)
    np.testing.assert_array_equal(few.day, every.day[-20:])
    np.testing.assert_allclose(few.value, every.value[-20:], rtol=0.02)


def test_a_fast_course_gets_a_larger_step_than_a_calm_one() -> None:
    t = np.arange(80)
    calm = np.round(300 * np.exp(0.01 * t))
    fast = np.round(np.exp(6 + 1.2 * np.sin(2 * np.pi * t / 20)))
    assert of(np.float64(1) * calm).eta[-1] < of(np.float64(1) * fast).eta[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"etas": ()}, r"sizes of the walk of R: \(\)"),
        ({"etas": (0.0, 0.1)}, r"sizes of the walk of R: \(0.0, 0.1\)"),
        ({"points": 100}, "grid of R: 100 points; 256 at least"),
    ],
)
def test_walks_that_cannot_be_followed_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        of(np.ones(30), **options)


def test_unusable_inputs_are_named() -> None:
    with pytest.raises(ValueError, match=r"total\[3\]: -1.0 is no count"):
        of(np.array([1.0, 2.0, 3.0, -1.0]))
    with pytest.raises(ValueError, match="window 1 days: with 1 days of data"):
        of(np.ones(1))
    with pytest.raises(ValueError, match="local cases have shape"):
        epifilter(np.ones(4), np.ones(5))
    with pytest.raises(ValueError, match=r"size of the walk of R: 0\.0"):
        epifilter(np.ones(4), np.ones(4), eta=0.0)


def test_intervals_of_single_days_are_roughly_honest(epidemic: Callable[..., Any]) -> None:
    sim = epidemic(kind="sine", series=80, size=5.0, seed=9)
    r = smooth_reproduction(sim.cases - sim.imported, sim.cases, sim.pmf, last=60)
    truth = sim.r_true[-60:]
    inside = (r.low <= truth) & (truth <= r.high)
    assert 0.91 <= inside.mean() <= 0.995
