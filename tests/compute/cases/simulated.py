"""Counts of a country, two regions and their provinces, with reports that come late."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from kms.compute.cases.inputs import LONGEST_DELAY_DAYS, TRIANGLE_DAYS, CaseInputs
from kms.domain.areas import COUNTRY
from metrics.transmission.serial_interval import discretise_gamma

Floats = NDArray[np.float64]
START, DAYS = date(2026, 1, 1), 200
REGIONS = ("0700000000", "0800000000")
PROVINCES = ("0702200000", "0803700000", "0802600000")
AREAS = (COUNTRY, *REGIONS, *PROVINCES)
PARENTS = ("", COUNTRY, COUNTRY, "0700000000", "0800000000", "0800000000")
INSIDE = {1: (3,), 2: (4, 5)}
DELAY = discretise_gamma(7.0, 4.0, LONGEST_DELAY_DAYS)
DELAY = DELAY / DELAY.sum()


@dataclass(frozen=True)
class Simulated:
    """What is known by the last day, and the final counts by onset behind it, (D, A)."""

    inputs: CaseInputs
    final: Floats


def simulated(seed: int, *, level: float = 60.0, growth: float = 0.02) -> Simulated:
    """Simulate provinces whose cases grow at a rate, and sum them up."""
    rng = np.random.default_rng(seed)
    mean = level * np.exp(growth * (np.arange(DAYS) - DAYS))[:, None] * [1.0, 0.7, 0.4]
    counts = rng.poisson(mean)
    late = np.stack([rng.multinomial(counts[:, a], DELAY) for a in range(3)], axis=2)
    onset, triangle = _known(late)
    report = np.zeros_like(onset)
    for delay in range(LONGEST_DELAY_DAYS + 1):
        report[delay:] += late[: DAYS - delay, delay]
    none = np.zeros(DAYS)
    inputs = CaseInputs(
        start=START,
        cases_to=START + timedelta(days=DAYS - 1),
        areas=AREAS,
        parents=PARENTS,
        counts={
            "report": _up(report),
            "onset": _up(onset),
            "report_onset_unknown": np.zeros((DAYS, len(AREAS))),
        },
        abroad={"report": none, "onset": none},
        placeless=none,
        triangles=_up(triangle[-TRIANGLE_DAYS:]),
    )
    return Simulated(inputs, _up(counts.astype(float)))


def at_once(inputs: CaseInputs) -> CaseInputs:
    """Return the same counts, all of them reported on the day of onset."""
    triangle = np.zeros_like(inputs.triangles)
    triangle[:, 0] = inputs.counts["onset"][-TRIANGLE_DAYS:]
    return replace(inputs, triangles=triangle)


def _known(late: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Cut what is reported after the last day; return counts by onset and the triangle."""
    seen = late.astype(float)
    for delay in range(1, LONGEST_DELAY_DAYS + 1):
        seen[DAYS - delay :, delay] = 0.0
    return seen.sum(axis=1), seen


def _up(provinces: Floats) -> Floats:
    """Sum provinces, the last axis, up to regions and the country."""
    regions = [provinces[..., [p - 3 for p in inside]].sum(axis=-1) for inside in INSIDE.values()]
    return np.stack([provinces.sum(axis=-1), *regions, *np.moveaxis(provinces, -1, 0)], axis=-1)
