"""Are nowcasts and R under truncation honest? Simulations and real line lists, with their gates.

The reduced run always happens; `-m calibrate` runs the gates themselves.
`--log-cli-level=INFO` shows what was measured.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from metrics.delays.nowcast import GROUPS, Nowcast, NowcastError, complete_draws, nowcast
from metrics.delays.onset import impute_onsets
from metrics.delays.reporting_delay import (
    reporting_delay,
    scale_draws,
    scaled_pmf,
    share_known,
)
from metrics.delays.retrospective import retrospective
from metrics.scores.interval_score import LEVELS, weighted_interval_score
from metrics.transmission.stacked import stacked_reproduction

Floats = NDArray[np.float64]
Maker = Callable[..., Any]
LOG = logging.getLogger(__name__)
DECLARED = NowcastError(np.zeros(len(GROUPS)), np.array(0.2), measured=True)
WEEK = np.array([1.4, 1.2, 1.0, 1.0, 1.0, 0.9, 0.5])


@dataclass(frozen=True)
class Tools:
    """Fixtures that belong together."""

    epidemic: Maker
    spread: Maker
    seen: Maker
    as_delay: Maker
    pmf: Floats


@pytest.fixture
def tools(epidemic: Maker, spread: Maker, seen: Maker, as_delay: Maker, delay_pmf: Floats) -> Tools:
    return Tools(epidemic, spread, seen, as_delay, delay_pmf)


def _nowcast_coverage(tools: Tools, series: int, week: Floats | None) -> dict[int, float]:
    """By days after onset, where at least a fifth is known; delay and its errors estimated."""
    rng = np.random.default_rng(51)
    sim = tools.epidemic("sine", series=series, days=120, seed=52, level=300.0)
    triangle = tools.spread(rng, sim.cases, week=week)
    result = nowcast(
        tools.seen(triangle),
        reporting_delay(triangle),
        error=retrospective(triangle).error,
    )
    inside = ((result.low <= sim.cases) & (sim.cases <= result.high)).mean(axis=1)
    ages = [h for h in range(16) if 0.2 <= result.share[-1 - h].mean() < 0.99]
    return {h: float(inside[-1 - h]) for h in ages}


@pytest.mark.parametrize("week", [None, WEEK], ids=["even", "weekdays"])
def test_simulated_nowcasts_are_roughly_honest(tools: Tools, week: Floats | None) -> None:
    coverage = _nowcast_coverage(tools, 80, week)
    LOG.info("nowcast by age %s", coverage)
    assert 0.93 <= np.mean(list(coverage.values())) <= 0.985
    assert min(coverage.values()) > 0.85


@pytest.mark.calibrate
@pytest.mark.parametrize("week", [None, WEEK], ids=["even", "weekdays"])
def test_simulated_nowcasts_pass_their_gate(tools: Tools, week: Floats | None) -> None:
    coverage = _nowcast_coverage(tools, 1_500, week)
    LOG.info("nowcast by age %s", {h: round(c, 3) for h, c in coverage.items()})
    assert all(0.92 <= c <= 0.98 for c in coverage.values())


def _r_coverage(tools: Tools, series: int, scale: float | None, kind: str) -> tuple[float, float]:
    """Shares covered where the window's last day is final, and where it is provisional.

    ``scale`` None: the delay is estimated; else it is taken for known and so many times the
    true one, which is declared with a log sd of 0.2.
    """
    rng = np.random.default_rng(53)
    sim = tools.epidemic(kind, series=series, days=130, seed=54)
    triangle = tools.spread(rng, sim.cases)
    if scale is None:
        delay, error = reporting_delay(triangle), retrospective(triangle).error
    else:
        delay, error = tools.as_delay(scaled_pmf(tools.pmf, [scale])[:, 0, 0]), DECLARED
    observed = tools.seen(triangle)
    draws = complete_draws(observed, delay, scale_draws(rng, 20, error.scale_sd), rng, error=error)
    share = nowcast(observed, delay, error=error).share
    r = stacked_reproduction(
        draws - np.minimum(sim.imported[:, :, None], draws), draws, sim.pmf, share=share, last=20
    )
    target, end = sim.target(7)[-20:], share[-20:]
    inside = (r.low <= target) & (target <= r.high)
    final, provisional = (end >= 0.9) & (end < 0.9999), (end >= 0.5) & (end < 0.9)
    return float(inside[final].mean()), float(inside[provisional].mean())


R_GATES = [
    (None, (0.92, 0.98), (0.92, 0.99)),
    (0.8, (0.92, 0.98), (0.88, 1.0)),
    (1.2, (0.92, 0.98), (0.88, 1.0)),
]


@pytest.mark.parametrize(("scale", "final", "provisional"), R_GATES)
def test_r_under_truncation_is_roughly_honest(
    tools: Tools,
    scale: float | None,
    final: tuple[float, float],
    provisional: tuple[float, float],
) -> None:
    got = _r_coverage(tools, 60, scale, "sine")
    assert final[0] - 0.03 <= got[0] <= final[1] + 0.015
    assert provisional[0] - 0.03 <= got[1] <= provisional[1] + 0.005


@pytest.mark.calibrate
@pytest.mark.parametrize("kind", ["constant", "sine", "step"])
@pytest.mark.parametrize(("scale", "final", "provisional"), R_GATES)
def test_r_under_truncation_passes_its_gate(
    tools: Tools,
    kind: str,
    scale: float | None,
    final: tuple[float, float],
    provisional: tuple[float, float],
) -> None:
    got = _r_coverage(tools, 600, scale, kind)
    LOG.info("R, %s, scale %s: final %.3f, provisional %.3f", kind, scale, *got)
    assert final[0] <= got[0] <= final[1]
    assert provisional[0] <= got[1] <= provisional[1]


def _by_report(triangle: Floats) -> Floats:
    """The same cases by day of report and delay; later reports fall away."""
    result = np.zeros_like(triangle)
    for d in range(triangle.shape[1]):
        result[d:, d] = triangle[: triangle.shape[0] - d, d]
    return result


def _pipeline_coverage(tools: Tools, series: int) -> tuple[float, float]:
    """Two fifths of the onsets blank, weekdays of report, delay estimated: R by onset."""
    rng = np.random.default_rng(57)
    sim = tools.epidemic("sine", series=series, days=130, seed=58)
    triangle = tools.spread(rng, sim.cases, week=WEEK)
    with_onset = rng.binomial(triangle.astype(np.int64), 0.6).astype(float)
    reports = _by_report(with_onset)
    missing = (_by_report(triangle) - reports).sum(axis=1)
    delay, past = reporting_delay(with_onset), retrospective(with_onset)
    onsets = impute_onsets(reports, missing, rng, draws=20)
    scale = scale_draws(rng, 20, past.error.scale_sd)
    draws = complete_draws(onsets.counts, delay, scale, rng, error=past.error)
    share = nowcast(onsets.counts.mean(axis=2), delay, error=past.error).share
    r = stacked_reproduction(draws, draws, sim.pmf, share=share, last=20)
    target, end = sim.target(7)[-20:], share[-20:]
    inside = (r.low <= target) & (target <= r.high)
    final, provisional = (end >= 0.9) & (end < 0.9999), (end >= 0.5) & (end < 0.9)
    return float(inside[final].mean()), float(inside[provisional].mean())


def test_r_with_blank_onsets_is_roughly_honest(tools: Tools) -> None:
    final, provisional = _pipeline_coverage(tools, 15)
    assert final >= 0.87
    assert provisional >= 0.82


@pytest.mark.calibrate
def test_r_with_blank_onsets_passes_its_gate(tools: Tools) -> None:
    final, provisional = _pipeline_coverage(tools, 300)
    LOG.info("R, blank onsets: final %.3f, provisional %.3f", final, provisional)
    assert final >= 0.90
    assert provisional >= 0.85


@pytest.mark.calibrate
@pytest.mark.parametrize("level", [0.05, 0.2, 1.0, 5.0])
def test_sums_over_areas_are_within_two_percent(tools: Tools, level: float) -> None:
    """On every day of which a fifth is known; a thousand areas, a hundred times."""
    rng = np.random.default_rng(59)
    delay, exact = tools.as_delay(), NowcastError(np.zeros(len(GROUPS)), np.array(0.0), True)
    truth, expected = np.zeros(70), np.zeros(70)
    for _ in range(100):
        areas = rng.poisson(level * rng.gamma(4, 0.25, 1_000), (70, 1_000)).astype(float)
        share = share_known(delay, 70)[:, :, 0]
        observed = rng.binomial(areas.astype(np.int64), share).astype(float)
        truth += areas.sum(axis=1)
        expected += nowcast(observed, delay, error=exact).value.sum(axis=1)
    known = share_known(delay, 70)[:, 0, 0] >= 0.2
    ratio = expected[known] / truth[known] - 1
    LOG.info("level %s: largest error of a sum %.4f", level, np.abs(ratio).max())
    assert np.abs(ratio).max() <= 0.02


@pytest.mark.calibrate
@pytest.mark.parametrize("level", [20.0, 100.0])
def test_an_undeclared_wrong_delay_warns(tools: Tools, level: float) -> None:
    """Fixed and wrong by a fifth: noticed. Changed three weeks ago: noticed if there are cases."""
    rng = np.random.default_rng(55)
    sim = tools.epidemic("sine", series=300, days=130, seed=56, level=level)
    old = tools.spread(rng, sim.cases)
    assert retrospective(old, delay=tools.as_delay()).warning.mean() <= 0.03
    for scale in (0.8, 1.2):
        stretched = scaled_pmf(tools.pmf, [scale])[:, 0, 0]
        fixed = retrospective(old, delay=tools.as_delay(stretched)).warning.mean()
        changed = old.copy()
        changed[-21:] = tools.spread(rng, sim.cases, stretched)[-21:]
        noticed = retrospective(changed).warning.mean()
        LOG.info("level %s scale %s: fixed %.2f, changed %.2f", level, scale, fixed, noticed)
        assert fixed >= 0.8
        if level >= 100:
            assert noticed >= 0.75


def _shifted(triangle: Floats, delay: float) -> Floats:
    """Reports by day of report moved back by the mean delay, the end repeated."""
    days, delays = triangle.shape
    by_report = np.zeros(days + delays)
    for d in range(delays):
        by_report[d : d + days] += triangle[:, d]
    return np.asarray(by_report[np.minimum(np.arange(days) + round(delay), days - 1)])


def _toronto_snapshots(full: Floats, snapshots: range) -> pd.DataFrame:
    """Nowcasts as of earlier days against the final counts, 3 to 14 days after onset."""
    truth, rows = full.sum(axis=1), []
    for days in snapshots:
        triangle = full[:days].copy()
        triangle[np.arange(days)[:, None] + np.arange(full.shape[1]) >= days] = 0.0
        delay = reporting_delay(triangle)
        result: Nowcast = nowcast(
            triangle.sum(axis=1), delay, error=retrospective(triangle).error, levels=LEVELS
        )
        moved = _shifted(triangle, float(delay.pmf @ np.arange(full.shape[1])))
        for age in range(3, 15):
            t = days - 1 - age
            rows.append(
                {
                    "age": age,
                    "truth": truth[t],
                    "inside": result.low[t] <= truth[t] <= result.high[t],
                    "error": abs(result.value[t] - truth[t]),
                    "raw": abs(result.observed[t] - truth[t]),
                    "shift": abs(moved[t] - truth[t]),
                    "wis": float(weighted_interval_score(truth[t], result.quantiles[:, t]).total),
                }
            )
    return pd.DataFrame(rows)


def _log_toronto(table: pd.DataFrame) -> pd.Series:
    groups = table.groupby(pd.cut(table["age"], [2, 5, 9, 14]), observed=True)["inside"].mean()
    mean = table[["error", "raw", "shift", "wis"]].sum() / table["truth"].sum()
    LOG.info(
        "Toronto: covered %.3f, groups %s, %s",
        table["inside"].mean(),
        groups.round(3).tolist(),
        mean.round(4).to_dict(),
    )
    return groups


def test_toronto_nowcasts_beat_what_is_known(toronto: Floats) -> None:
    table = _toronto_snapshots(toronto, range(85, toronto.shape[0] - 28, 24))
    _log_toronto(table)
    assert table["inside"].mean() >= 0.88
    assert table["error"].sum() <= 0.8 * table["raw"].sum()
    assert table["wis"].sum() < table["raw"].sum()


@pytest.mark.calibrate
def test_toronto_nowcasts_pass_their_gates(toronto: Floats) -> None:
    table = _toronto_snapshots(toronto, range(70, toronto.shape[0] - 28, 2))
    groups = _log_toronto(table)
    assert 0.91 <= table["inside"].mean() <= 0.98
    assert (groups >= 0.88).all()
    assert table["error"].sum() <= 0.6 * table["raw"].sum()
    assert table["wis"].sum() < min(table["raw"].sum(), table["shift"].sum())


def _ontario_pairs(seen: pd.DataFrame, prior: Floats) -> pd.DataFrame:
    """A new outbreak: 10 to 23 days of history, delay and errors borrowed."""
    start, last = pd.Timestamp(seen.columns[0]), pd.Timestamp(seen.columns[-1])
    onsets = pd.date_range(start - pd.Timedelta(days=20), last)
    daily = seen.reindex(index=onsets, columns=pd.date_range(start, last)).ffill(axis=1)
    counts = daily.fillna(0).to_numpy(float)
    new = np.maximum(np.diff(counts, axis=1, prepend=0.0), 0.0)
    rows = []
    for at in seen.columns:
        now = int((pd.Timestamp(at) - start).days)
        if now < 10 or at == pd.Timestamp("2020-04-10"):
            continue
        days = now + 21
        triangle = np.zeros((days, prior.size))
        for t in range(20, days):  # earlier onsets were there on the first day
            lags = np.arange(min(prior.size, days - t))
            triangle[t, lags] = new[t, t - 20 + lags]
        result = nowcast(counts[:days, now], reporting_delay(triangle, parent=prior))
        for t in range(max(0, days - 15), min(days - 1, counts.shape[0] - 14)):
            truth = counts[t, -1]
            inside = result.low[t] <= truth <= result.high[t]
            error, raw = abs(result.value[t] - truth), abs(result.observed[t] - truth)
            rows.append((days - 1 - t, truth, inside, error, raw))
    return pd.DataFrame(rows, columns=["age", "truth", "inside", "error", "raw"])


def test_ontario_nowcasts_hold_in_a_new_outbreak(ontario: pd.DataFrame, toronto: Floats) -> None:
    """The delay is borrowed from Toronto's first wave, its error is the prior one."""
    prior = toronto[:75, :21].sum(axis=0)
    table = _ontario_pairs(ontario, prior / prior.sum())
    groups = table.groupby(pd.cut(table["age"], [2, 5, 9, 14]), observed=True)["inside"].mean()
    total = table[["error", "raw"]].sum() / table["truth"].sum()
    LOG.info("Ontario: %d pairs, %.3f, %s, %s", len(table), table["inside"].mean(), groups, total)
    assert len(table) >= 80
    assert table["inside"].mean() >= 0.85
    assert groups.min() >= 0.7
    assert total["error"] < total["raw"]
