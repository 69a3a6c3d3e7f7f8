"""Synthetic accidents and illnesses at the demonstration's establishments, and who was hurt.

Events follow the hours worked, the industry and how careful a firm is; large firms report nearly
all of them, micro firms hardly any, most by the 20th of the month after.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from ingest.demo.clock import INJURIES_FROM, INJURY_RELEASES, NEVER
from ingest.demo.workplaces.establishments import INDUSTRIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingest.demo.workplaces.establishments import Establishments

HOURS_PER_WORKER_A_YEAR = 2_300.0
DAYS_IN_YEAR = 365.25
DISABLING_PER_MILLION_HOURS = {
    "A": 2.2, "B": 3.2, "C": 2.6, "D": 1.8, "E": 2.6, "F": 4.2, "G": 1.2, "H": 2.6, "I": 1.4,
    "J": 0.25, "K": 0.25, "L": 0.6, "M": 0.5, "N": 0.7, "O": 0.8, "P": 0.4, "Q": 1.3, "R": 0.8,
    "S": 0.8, "T": 1.0,
}  # fmt: skip
"""Of the size of the frequency rates published for the country's sections; no one year's."""
NON_DISABLING_PER_DISABLING = 1.6
CARE_EFFECT, FIRM_SD = -0.4, 0.4
EVENTS = ("injury", "illness", "dangerous_occurrence")
EVENT_SHARES = (0.92, 0.05, 0.03)
NOBODY_HURT = 2
PERSONS_SHARES = (0.92, 0.05, 0.02, 0.01)  # one to four
DISABILITIES = ("none", "temporary_total", "permanent_partial", "permanent_total", "fatal", "")
NO_PERSON = 5
DISABLING_SHARES = (0.925, 0.055, 0.004, 0.016)
DAYS_CHARGED_MOST = 6_000
REPORTED_SHARES = (0.15, 0.40, 0.75, 0.93)  # by size, micro to large
FATAL_REPORTED_SHARE = 0.96
LATE_SHARE, LATE_MEAN_DAYS = 0.15, 35.0
SHARES = {
    "sex_blank": 0.005,  # of rows
    "unknown_psic": 0.003,
    "doubled": 0.002,
    "bad_date": 0.001,
    "reported_before": 0.002,
    "contradicted": 0.0005,  # a second row of the person says something else
}


@dataclass(frozen=True)
class Injuries:
    """Events, and persons hurt in them: one row a person, one for an event that hurt nobody."""

    establishment: NDArray[np.int64]  # of each event
    kind: NDArray[np.int64]  # index into EVENTS
    occurred: NDArray[np.int64]  # proleptic ordinals, ascending
    reported: NDArray[np.int64]  # `NEVER` where it never is
    event: NDArray[np.int64]  # of each row, ascending
    person: NDArray[np.int64]  # number in the event from 1; 0 where nobody was hurt
    female: NDArray[np.bool_]
    disability: NDArray[np.int64]  # index into DISABILITIES
    days_lost: NDArray[np.int64]
    days_charged: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the events."""
        return len(self.kind)


def make_injuries(firms: Establishments, rng: np.random.Generator) -> Injuries:
    """Draw every event of the period and the persons hurt."""
    first, last = INJURIES_FROM.toordinal(), INJURY_RELEASES[-1].toordinal()
    years = (last - first + 1) / DAYS_IN_YEAR
    count = rng.poisson(_events_a_year(firms, rng) * years)
    establishment = np.repeat(np.arange(len(firms)), count)
    occurred = rng.integers(first, last + 1, len(establishment))
    order = np.argsort(occurred, kind="stable")
    establishment, occurred = establishment[order], occurred[order]
    kind = rng.choice(len(EVENTS), len(occurred), p=EVENT_SHARES)
    hurt = 1 + rng.choice(len(PERSONS_SHARES), len(occurred), p=PERSONS_SHARES)
    hurt = np.where(kind == NOBODY_HURT, 1, hurt)
    event = np.repeat(np.arange(len(occurred)), hurt)
    number = np.arange(len(event)) - np.repeat(np.cumsum(hurt) - hurt, hurt) + 1
    nobody = kind[event] == NOBODY_HURT
    disability = np.where(nobody, NO_PERSON, _disabilities(len(event), rng))
    lost, charged = _days(disability, rng)
    firm = establishment[event]
    share = firms.female[firm] / np.maximum(firms.male[firm] + firms.female[firm], 1)
    fatal = np.zeros(len(occurred), dtype=np.bool_)
    fatal[event[disability == DISABILITIES.index("fatal")]] = True
    return Injuries(
        establishment=establishment,
        kind=kind,
        occurred=occurred,
        reported=_reported(occurred, firms.size[establishment], fatal, rng),
        event=event,
        person=np.where(nobody, 0, number),
        female=rng.random(len(event)) < 0.7 * share,
        disability=disability,
        days_lost=lost,
        days_charged=charged,
    )


def _events_a_year(firms: Establishments, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the mean number of events of each firm in a year."""
    rate = np.array([DISABLING_PER_MILLION_HOURS[kind.section] for kind in INDUSTRIES])
    hours = (firms.male + firms.female) * HOURS_PER_WORKER_A_YEAR
    firm = np.exp(CARE_EFFECT * firms.care + rng.normal(0.0, FIRM_SD, len(firms)))
    per_hour = rate[firms.industry] * (1.0 + NON_DISABLING_PER_DISABLING) / 1e6
    return np.asarray(per_hour * hours * firm)


def _disabilities(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    disabling = rng.random(count) < 1.0 / (1.0 + NON_DISABLING_PER_DISABLING)
    return np.where(disabling, 1 + rng.choice(4, count, p=DISABLING_SHARES), 0)


def _days(
    disability: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return days lost, and days charged for death and permanent disability."""
    count = len(disability)
    away = 1 + np.rint(rng.gamma(1.1, 9.0, count)).astype(np.int64)
    partial = rng.integers(1, 60, count) * 50
    lost = np.where(disability == DISABILITIES.index("temporary_total"), away, 0)
    charged = np.where(disability == DISABILITIES.index("permanent_partial"), partial, 0)
    total = np.isin(
        disability, [DISABILITIES.index("fatal"), DISABILITIES.index("permanent_total")]
    )
    return lost, np.where(total, DAYS_CHARGED_MOST, charged)


def _reported(
    occurred: NDArray[np.int64],
    size: NDArray[np.int64],
    fatal: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Return the day of the report: mostly by the 20th of the next month, some late or never."""
    days = np.arange(INJURIES_FROM.toordinal(), INJURY_RELEASES[-1].toordinal() + 1)
    due = np.array([_due(date.fromordinal(int(day))) for day in days])[occurred - days[0]]
    reported = occurred + np.floor(rng.random(len(occurred)) * (due - occurred + 1)).astype(
        np.int64
    )
    late = rng.random(len(occurred)) < LATE_SHARE
    behind = 1 + np.rint(rng.exponential(LATE_MEAN_DAYS, len(occurred))).astype(np.int64)
    reported = np.where(late, due + behind, reported)
    share = np.where(fatal, FATAL_REPORTED_SHARE, np.array(REPORTED_SHARES)[size])
    return np.where(rng.random(len(occurred)) < share, reported, NEVER)


def _due(day: date) -> int:
    """Return the 20th of the month after."""
    year, month = divmod(day.year * 12 + day.month, 12)
    return date(year, month + 1, 20).toordinal()
