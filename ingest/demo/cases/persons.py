"""One synthetic person per simulated case: who, where, and when each thing truly happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ingest.demo.clock import BACKLOGS, NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingest.demo.cases.transmission import Epidemic
    from ingest.demo.places import Geography

SUNDAY_ORDINAL = 0  # date.toordinal() % 7

DELAYS = {
    "onset_to_specimen": {"shape": 1.6, "mean_days": 2.3},
    "specimen_to_result": {"shape": 2.0, "mean_days": 1.6},
    "result_to_report": {"shape": 1.5, "mean_days": 2.0},
}
SLOW_SHARE, SLOW_MEAN_DAYS = 0.035, 13.0
LONGEST_DELAY_DAYS = 60
DELAY_FACTOR_FIRST, DELAY_FACTOR_LAST = 1.12, 0.92
"""The mean delay shortens slowly over the period."""
SUNDAY_HELD, MONDAY_HELD = 0.45, 0.28
ASYMPTOMATIC_SHARE = 0.15
SEVERITIES = ("ASYMPTOMATIC", "MILD", "MODERATE", "SEVERE", "CRITICAL")
SYMPTOMATIC_SEVERITY = (0.86, 0.09, 0.035, 0.015)
AGE_SHARES = (3, 2, 2.5, 5, 12, 14.5, 13, 10.5, 8.5, 7.5, 6.5, 5.2, 4, 2.8, 1.6, 1, 0.9)
"""Five-year groups 0 to 4 … 75 to 79, 80+, per cent."""
FATALITY = (2, 1, 1, 1, 1.5, 2, 3, 4, 6, 9, 14, 21, 32, 48, 68, 95, 140)
"""Deaths per thousand cases by the same groups, scaled to `FATALITY_MEAN`."""
FATALITY_MEAN = 0.010
ONSET_TO_DEATH_MEAN_DAYS, ONSET_TO_DEATH_SD_DAYS = 17.8, 8.0


@dataclass
class Persons:
    """Arrays of one length; days are proleptic ordinals, `NEVER` where nothing happens."""

    province: NDArray[np.int64]  # index, -1 for a returning Filipino
    city: NDArray[np.int64]  # index, -1 likewise
    age: NDArray[np.int64]
    female: NDArray[np.bool_]
    asymptomatic: NDArray[np.bool_]
    severity: NDArray[np.int64]  # index into SEVERITIES
    onset: NDArray[np.int64]
    specimen: NDArray[np.int64]
    result: NDArray[np.int64]
    report: NDArray[np.int64]
    death: NDArray[np.int64]
    recovery: NDArray[np.int64]
    outcome_known: NDArray[np.int64]  # first day a release shows the outcome

    def __len__(self) -> int:
        """Count the persons."""
        return len(self.onset)

    @property
    def died(self) -> NDArray[np.bool_]:
        """Whether the person dies in the end."""
        return self.death < NEVER


def make_persons(epidemic: Epidemic, geography: Geography, rng: np.random.Generator) -> Persons:
    """Turn the counts from the first observed onset date on into persons, ordered by onset."""
    province, onset = _who_and_when(epidemic)
    count = len(onset)
    city = np.full(count, -1, dtype=np.int64)
    resident = province >= 0
    city[resident] = geography.draw_cities(rng, province[resident])
    group = rng.choice(17, count, p=np.array(AGE_SHARES) / sum(AGE_SHARES))
    age = group * 5 + rng.integers(0, 5, count)
    age = np.where(group == 16, 80 + np.minimum(rng.geometric(0.2, count) - 1, 22), age)
    asymptomatic = rng.random(count) < ASYMPTOMATIC_SHARE
    severity = 1 + rng.choice(4, count, p=SYMPTOMATIC_SEVERITY)
    severity[asymptomatic] = 0
    specimen, result, report = _delays(onset, rng)
    death, recovery, known = _outcomes(onset, report, group, rng)
    severity = np.where((death < NEVER) & (severity < 3), 3, severity)
    return Persons(
        province=province,
        city=city,
        age=age,
        female=rng.random(count) < 0.49,
        asymptomatic=asymptomatic & (death == NEVER),
        severity=severity,
        onset=onset,
        specimen=specimen,
        result=result,
        report=report,
        death=death,
        recovery=recovery,
        outcome_known=known,
    )


def _who_and_when(epidemic: Epidemic) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return province index and onset day of every case, in order of onset."""
    cases = (epidemic.local + epidemic.imported)[epidemic.burn_in :]
    table = np.column_stack([epidemic.returning[epidemic.burn_in :], cases])
    days, columns = table.shape
    flat = table.ravel()
    province = np.repeat(np.tile(np.arange(columns) - 1, days), flat)
    first = epidemic.observed_from.toordinal()
    onset = np.repeat(np.repeat(first + np.arange(days), columns), flat)
    return province.astype(np.int64), onset.astype(np.int64)


def _delays(
    onset: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the days of specimen, result and announcement, forward from onset."""
    count = len(onset)
    span = max(int(onset.max() - onset.min()), 1)
    progress = (onset - onset.min()) / span
    factor = DELAY_FACTOR_FIRST + (DELAY_FACTOR_LAST - DELAY_FACTOR_FIRST) * progress
    steps = [
        rng.gamma(delay["shape"], delay["mean_days"] / delay["shape"], count) * factor
        for delay in DELAYS.values()
    ]
    slow = rng.random(count) < SLOW_SHARE
    steps[2] = steps[2] + np.where(slow, rng.exponential(SLOW_MEAN_DAYS, count), 0.0)
    specimen = np.minimum(np.rint(steps[0]), LONGEST_DELAY_DAYS - 10)
    result = np.minimum(np.rint(steps[0] + steps[1]), LONGEST_DELAY_DAYS - 5)
    report = np.minimum(np.rint(sum(steps)), LONGEST_DELAY_DAYS)
    announced = _announced(onset + report.astype(np.int64), rng)
    return onset + specimen.astype(np.int64), onset + result.astype(np.int64), announced


def _announced(ready: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Hold some reports over Sundays, Mondays and holidays."""
    day = ready.copy()
    chance = rng.random(len(day))
    day += np.where((day % 7 == SUNDAY_ORDINAL) & (chance < SUNDAY_HELD), 1 + (chance < 0.3), 0)
    chance = rng.random(len(day))
    day += (day % 7 == SUNDAY_ORDINAL + 1) & (chance < MONDAY_HELD)
    for backlog in BACKLOGS:
        held = (day >= backlog.first.toordinal()) & (day <= backlog.last.toordinal())
        held &= rng.random(len(day)) < backlog.share_held
        dumped = backlog.dump.toordinal() + rng.integers(0, backlog.dump_days, len(day))
        day = np.where(held, dumped, day)
    return day


def _outcomes(
    onset: NDArray[np.int64],
    report: NDArray[np.int64],
    group: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return death day, recovery day and the day either is known (recoveries on Sundays)."""
    count = len(onset)
    fatality = np.array(FATALITY, dtype=np.float64)
    fatality *= FATALITY_MEAN / (fatality @ np.array(AGE_SHARES) / sum(AGE_SHARES))
    dies = rng.random(count) < fatality[group]
    shape = (ONSET_TO_DEATH_MEAN_DAYS / ONSET_TO_DEATH_SD_DAYS) ** 2
    survived = rng.gamma(shape, ONSET_TO_DEATH_MEAN_DAYS / shape, count)
    death = np.where(dies, onset + np.rint(survived).astype(np.int64), NEVER)
    recovery = np.where(dies, NEVER, onset + 10 + np.rint(rng.gamma(3.0, 1.6, count)))
    told = death + 1 + np.rint(rng.gamma(1.2, 4.0, count)).astype(np.int64)
    tagged = np.maximum(onset + 14, report + 1)
    tagged += -tagged % 7
    known = np.where(dies, np.maximum(told, report), tagged)
    return death, recovery.astype(np.int64), known
