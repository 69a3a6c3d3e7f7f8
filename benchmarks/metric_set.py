"""The full set of estimators of one disease, all areas at once, as a night would run them.

1,740 areas (provinces, cities, municipalities) x 400 days of onsets, the latest 120 estimated,
20 imputations of the late reports, one serial interval drawn with each. Budget: 60 s of wall time
for all areas. `--areas` with 174 and 17,400 shows how the cost grows. Compiling is not timed. The
exit code is 1 when the budget is missed at 1,740 areas, or an estimate is not finite where its
state says that it is.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.delays.nowcast import complete_draws, nowcast
from metrics.delays.reporting_delay import reporting_delay, scale_draws
from metrics.delays.retrospective import retrospective
from metrics.forecasts.counts import forecast_counts
from metrics.health_care.occupancy import BedCounts, occupancy
from metrics.health_care.tests_done import ascertainment_drift, positivity
from metrics.signals.false_discovery import false_discovery
from metrics.signals.p_values import p_values
from metrics.states import State
from metrics.transmission.pooling import pooled_reproduction
from metrics.transmission.random_walk.smoother import smooth_reproduction
from metrics.transmission.reproduction import reproduction
from metrics.transmission.serial_interval import discretise_gamma
from metrics.transmission.stacked import stacked_reproduction
from metrics.trend.doubling import doubling_time
from metrics.trend.growth import growth
from metrics.trend.two_week import two_week

AREAS, REGIONS, DAYS, SHOWN, ONSET_DAYS, LONGEST, IMPUTED = 1_740, 17, 400, 120, 84, 28, 20
BUDGET_S = 60.0
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Country:
    """Simulated counts: known by now (T, A), the triangle of late reports, final counts."""

    known: Floats
    triangle: Floats
    final: Floats


def simulated(areas: int) -> Country:
    rng = np.random.default_rng(20_261_122)
    level = np.exp(rng.normal(-0.5, 1.6, areas))
    wave = np.exp(0.8 * np.sin(np.arange(DAYS)[:, None] / 40 + rng.uniform(0, 1, areas)))
    final = rng.poisson(level * wave).astype(np.float64)
    chances = discretise_gamma(6.0, 4.0, LONGEST)
    triangle = rng.multinomial(final[-ONSET_DAYS:].astype(int), chances / chances.sum())
    reported: Floats = np.moveaxis(triangle, 2, 1).astype(np.float64)
    beyond = np.arange(ONSET_DAYS)[:, None] + np.arange(LONGEST + 1) >= ONSET_DAYS
    reported[beyond] = 0.0
    known = final.copy()
    known[-ONSET_DAYS:] = reported.sum(axis=1)
    return Country(known, reported, final)


class Night:
    """The stages one after the other; each is timed."""

    def __init__(self, country: Country) -> None:
        self.country, self.spent = country, dict[str, tuple[float, float]]()
        self.rng = np.random.default_rng(1)

    def run(self) -> None:
        """Estimate everything once."""
        busy = self.country.known[-SHOWN:].sum(axis=0) > 0  # the others have nothing to say
        known, triangle = self.country.known[:, busy], self.country.triangle[:, :, busy]
        pmf = discretise_gamma(4.7, 2.9, 30)
        means = 4.7 + 0.5 * self.rng.normal(size=IMPUTED)
        nodes = np.stack([discretise_gamma(mean, 2.9, 30) for mean in np.maximum(means, 1.5)])
        delay = self._timed("delay", lambda: reporting_delay(triangle))
        past = self._timed("retrospective nowcasts", lambda: retrospective(triangle, delay=delay))
        recent = known[-ONSET_DAYS:]
        found = self._timed("nowcast", lambda: nowcast(recent, delay, error=past.error))
        scale = scale_draws(self.rng, IMPUTED)
        late = self._timed(
            "imputations",
            lambda: complete_draws(recent, delay, scale, self.rng, error=past.error),
        )
        early = np.repeat(known[: DAYS - ONSET_DAYS, :, None], IMPUTED, axis=2)
        drawn = np.concatenate([early, late])[-SHOWN - ONSET_DAYS :]
        r = self._timed(
            "R over imputations",
            lambda: stacked_reproduction(drawn, drawn, nodes, last=SHOWN),
        )
        settled = known[: DAYS - 14]
        self._timed("R by window", lambda: reproduction(settled, settled, pmf, windows=(7, 14)))
        self._timed("pooling", lambda: self._pooled(settled, pmf))
        self._timed("R by day", lambda: smooth_reproduction(settled, settled, pmf, last=SHOWN))
        self._timed("growth and two weeks", lambda: self._trends(known))
        self._timed("signals", lambda: self._signals(known))
        self._timed("forecast", lambda: self._forecast(settled, pmf))
        self._timed("beds and tests", lambda: self._capacity(known))
        self._check(r, found)

    def _timed(self, name: str, work: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        self.spent[name] = time.perf_counter() - wall, time.process_time() - cpu
        return result

    def _pooled(self, counts: Floats, pmf: Floats) -> object:
        r = reproduction(counts, counts, pmf, last=SHOWN)
        return pooled_reproduction(r, np.arange(counts.shape[1]) % REGIONS)

    def _trends(self, counts: Floats) -> object:
        found = growth(counts[-SHOWN - 70 :], window=14)
        people = np.full(counts.shape[1], 1e5)
        return doubling_time(found.rate_per_day, found.low, found.high), two_week(counts, people)

    def _signals(self, counts: Floats) -> object:
        tails = p_values(counts, last=SHOWN)
        return false_discovery(tails.p_value)

    def _forecast(self, counts: Floats, pmf: Floats) -> object:
        keys = np.arange(counts.shape[1])
        return forecast_counts(counts, pmf, axis="onset", rng=self.rng, keys=keys)

    def _capacity(self, counts: Floats) -> object:
        beds = np.full_like(counts, 40.0)
        used = np.minimum(counts, 40.0)
        return (
            occupancy(BedCounts(used, beds, beds, None, beds)),
            positivity(counts + 20, counts),
            ascertainment_drift(counts + 20, counts),
        )

    def _check(self, r: Any, found: Any) -> None:
        for what in (r, found):
            told = np.isin(what.state, (State.FINAL, State.PROVISIONAL))
            if not np.isfinite(what.low[told]).all():
                raise ValueError("an estimate is not finite where its state says that it is")


def main() -> int:
    options = argparse.ArgumentParser(description="All estimators, all areas")
    options.add_argument("--areas", type=int, default=AREAS)
    areas = options.parse_args().areas
    Night(simulated(40)).run()  # compiles
    night = Night(simulated(areas))
    night.run()
    wall = sum(spent for spent, _ in night.spent.values())
    print(f"metric set, {areas:,} areas x {DAYS} days, {IMPUTED} imputations")
    for name, (spent, cpu) in night.spent.items():
        print(f"  {name:26}{spent:8.2f} s wall {cpu:8.2f} s CPU")
    met = wall <= BUDGET_S * areas / AREAS
    verdict = "met" if met else "NOT MET"
    print(f"all, s wall {wall:22.1f}    budget <= {BUDGET_S:g} at {AREAS:,}   {verdict}")
    return 0 if met or areas != AREAS else 1


if __name__ == "__main__":
    sys.exit(main())
