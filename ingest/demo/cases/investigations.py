"""What investigators find out about each case: by whom, where, in which cluster, and when.

Cases come in units that share a source, and a unit's source is found or not as a whole, so that
its cases are fewer pieces of evidence than they are cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ingest.demo.clock import INVESTIGATIONS_FROM, LAST_DAY, NEVER
from ingest.demo.faults import draw_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingest.demo.cases.persons import Persons
    from ingest.demo.places import Geography
    from ingest.demo.workplaces.establishments import Establishments

ALONE_SHARE = 0.55
"""Chance that the next case in a province begins a unit of its own: units of mean size 1.8."""
LONGEST_GAP_DAYS = 1
FEWEST_IN_CLUSTER = 3
TRACED_SHARE_LEAST, TRACED_SHARE_MOST = 0.35, 0.80
"""Between these lies each region's share of units whose source is found."""
NEVER_CLOSED_SHARE = 0.05
OVERWHELMED, OVERWHELMED_NEVER_CLOSED = "0900000000", 0.55
"""A region whose office closes fewer than half of its investigations."""
DAYS_TO_FIND = {"shape": 2.0, "mean_days": 3.0}
DAYS_TO_GIVE_UP = {"shape": 3.0, "mean_days": 6.0}
"""From the report; a source is found early, or the office gives up later."""
PACE_LEAST, PACE_MOST = 0.8, 1.25
SETTINGS = {
    "household": 0.42,
    "workplace": 0.28,
    "school": 0.05,
    "health_facility": 0.08,
    "community": 0.12,
    "other": 0.05,
}
IMPORTED_SHARE = 0.03  # of known sources of single cases
SOURCE_NAMED_SHARE = 0.5  # of cases with a known contact
FAULTS = {
    "outcome_blank": 0.004,  # complete, and no exposure told
    "place_by_region": 0.01,
    "code_blank": 0.03,
    "establishment_blank": 0.15,  # of workplace clusters
    "industry_blank": 0.10,
    "report_impossible": 0.0004,
    "row_twice": 0.0006,
}
UNKNOWN, CONTACT, CLUSTER, IMPORTED = range(4)
EXPOSURES = ("unknown", "known_contact", "cluster", "imported")


@dataclass(frozen=True)
class Investigations:
    """Arrays of one length, one entry for each case of the period; -1 where there is none."""

    person: NDArray[np.int64]
    exposure: NDArray[np.int64]  # what is found in the end, index into EXPOSURES
    closed: NDArray[np.int64]  # day from which the outcome stands in the file
    source: NDArray[np.int64]  # person who infected this one
    cluster: NDArray[np.int64]
    setting: NDArray[np.int64]  # index into SETTINGS
    firm: NDArray[np.int64]  # establishment of a workplace cluster
    faults: dict[str, NDArray[np.bool_]]
    traced_share: NDArray[np.float64]  # by region, of units
    never_closed: NDArray[np.float64]  # by region

    def __len__(self) -> int:
        """Count the cases."""
        return len(self.person)


def make_investigations(
    persons: Persons,
    geography: Geography,
    firms: Establishments,
    rng: np.random.Generator,
    *,
    serial_interval: NDArray[np.float64],
) -> Investigations:
    """Investigate every person reported in the period."""
    inside = (persons.report >= INVESTIGATIONS_FROM.toordinal()) & (
        persons.report <= LAST_DAY.toordinal()
    )
    chosen = np.flatnonzero(inside)
    person = chosen[np.lexsort((persons.report[chosen], persons.province[chosen]))]
    province, report = persons.province[person], persons.report[person]
    abroad = province < 0
    region = np.where(abroad, 0, geography.province_region[province])
    regions = len(geography.regions)
    traced = rng.uniform(TRACED_SHARE_LEAST, TRACED_SHARE_MOST, regions)
    never = np.full(regions, NEVER_CLOSED_SHARE)
    never[geography.regions.index(OVERWHELMED)] = OVERWHELMED_NEVER_CLOSED
    unit, first = _units(province, report, abroad, rng)
    found = (rng.random(len(first)) < traced[region[first]]) | abroad[first]
    size = np.bincount(unit, minlength=len(first))
    clustered = found & (size >= FEWEST_IN_CLUSTER) & ~abroad[first]
    setting = rng.choice(len(SETTINGS), len(first), p=list(SETTINGS.values()))
    exposure = np.where(found[unit], np.where(clustered[unit], CLUSTER, CONTACT), UNKNOWN)
    single = found[unit] & (size[unit] == 1)
    exposure[(single & (rng.random(len(person)) < IMPORTED_SHARE)) | abroad] = IMPORTED
    setting = np.where(np.isin(exposure, (CONTACT, CLUSTER)), setting[unit], -1)
    pace = rng.uniform(PACE_LEAST, PACE_MOST, regions)[region]
    asks = np.isin(exposure, (CONTACT, CLUSTER)) & (rng.random(len(person)) < SOURCE_NAMED_SHARE)
    return Investigations(
        person=person,
        exposure=exposure,
        closed=_closed(report, exposure, rng, pace=pace, never=never[region]),
        source=np.where(asks, _sources(persons, person, serial_interval, rng), -1),
        cluster=np.where(exposure == CLUSTER, np.cumsum(clustered)[unit], -1),
        setting=setting,
        firm=np.where(
            (exposure == CLUSTER) & (setting == list(SETTINGS).index("workplace")),
            _firms(firms, region[first], rng)[unit],
            -1,
        ),
        faults={name: draw_rows(rng, len(person), share) for name, share in FAULTS.items()},
        traced_share=traced,
        never_closed=never,
    )


def _units(
    province: NDArray[np.int64],
    report: NDArray[np.int64],
    abroad: NDArray[np.bool_],
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each case's unit, and the first case of every unit; cases stand by place and day."""
    begins = (rng.random(len(province)) < ALONE_SHARE) | abroad
    begins |= np.diff(province, prepend=-2) != 0
    begins |= np.diff(report, prepend=0) > LONGEST_GAP_DAYS
    return np.cumsum(begins) - 1, np.flatnonzero(begins)


def _closed(
    report: NDArray[np.int64],
    exposure: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    pace: NDArray[np.float64],
    never: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return the day each investigation is closed."""
    days = [
        np.floor(rng.gamma(step["shape"], step["mean_days"] / step["shape"], len(report)) * pace)
        for step in (DAYS_TO_FIND, DAYS_TO_GIVE_UP)
    ]
    closed = report + np.where(exposure == UNKNOWN, days[1], days[0]).astype(np.int64)
    return np.where(rng.random(len(report)) < never, NEVER, closed)


def _sources(
    persons: Persons,
    person: NDArray[np.int64],
    serial_interval: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Draw who infected each case: somebody of its province, a serial interval earlier."""
    span = int(persons.onset.max()) + 1
    key = (persons.province + 1) * span + persons.onset
    order = np.argsort(key, kind="stable")
    back = rng.choice(len(serial_interval), len(person), p=serial_interval)
    wanted = key[person] - back
    low = np.searchsorted(key[order], wanted)
    high = np.searchsorted(key[order], wanted, side="right")
    drawn = low + np.floor(rng.random(len(person)) * (high - low)).astype(np.int64)
    return np.where(high > low, order[np.minimum(drawn, len(order) - 1)], -1)


def _firms(
    firms: Establishments, region: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw an establishment of its region for each unit."""
    drawn = np.zeros(len(region), dtype=np.int64)
    for index in np.unique(region):
        here = region == index
        inside = np.flatnonzero(firms.region == index)
        drawn[here] = rng.choice(inside, int(here.sum())) if inside.size else -1
    return drawn
