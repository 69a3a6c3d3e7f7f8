"""Synthetic labour inspections with their checklist findings and later corrections.

Compliance differs by item, industry, size, firm, regional office and inspector; complaints and
accidents find more; routine inspections stop in December (AO 342-22); micro firms get technical
and advisory visits (DO 238-23).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from ingest.demo.clock import INSPECTION_RELEASES, NEVER, first_onset
from ingest.demo.workplaces.establishments import INDUSTRIES
from kms.config import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ingest.demo.workplaces.establishments import Establishments

CHECKLIST = ROOT / "data" / "reference" / "inspection_items.csv"
INSPECTIONS_AT_FULL_SCALE = 4_700
FEWEST_INSPECTIONS = 120
FOLLOW_UP_SHARE = 0.16
MODES = ("TAV", "LI", "OSHI", "TSI")
TRIGGERS = ("routine", "complaint", "referral", "accident")
TRIGGER_SHARES = (0.74, 0.13, 0.08, 0.05)
TRIGGER_LOGITS = (0.0, -0.55, -0.30, -0.70)
FOLLOW_UP_LOGIT = 0.9
GROUP_LOGITS = {
    "organisation": 0.45,
    "health service": 0.10,
    "training": 0.60,
    "hazard control": 0.70,
    "reports": 0.30,
    "welfare": 1.40,
    "infection control": 0.90,
}
OFTEN_MISSED = frozenset({"OSH-01", "OSH-02", "OSH-04", "OSH-05", "OSH-14"})
OFTEN_MISSED_LOGIT = -0.55
OFFICE_SD, INSPECTOR_SD, ITEM_SD = 0.30, 0.45, 0.20
INSPECTORS_PER_OFFICE = 8
CORRECTION_LOGIT = 1.05
ON_CHECKLIST_SHARE, NOT_APPLICABLE_SHARE = 0.80, 0.06
NOT_FOR_MICRO = frozenset({"OSH-03", "OSH-16", "OSH-17", "OSH-18", "OSH-20"})
SHARES = {
    "bad_date": 0.002,  # of inspections
    "unknown_psic": 0.002,
    "no_workers": 0.002,
    "duplicate_rows": 0.001,
    "worse_after": 0.0008,  # of items that were met at first
}


@dataclass(frozen=True)
class Item:
    """One line of the checklist."""

    code: str
    title: str
    legal_item: str
    group: str
    severity_weight: float
    sections: frozenset[str]  # empty: all

    def applies_to(self, section: str) -> bool:
        """Whether the item is asked in that PSIC section."""
        return not self.sections or section in self.sections


@dataclass(frozen=True)
class Inspections:
    """Arrays of one length, ordered by opening day; matrices are inspections × items."""

    establishment: NDArray[np.int64]
    mode: NDArray[np.int64]  # index into MODES
    trigger: NDArray[np.int64]  # index into TRIGGERS
    follow_up: NDArray[np.bool_]
    opened: NDArray[np.int64]  # proleptic ordinals
    encoded: NDArray[np.int64]  # first day a release can show it
    closed: NDArray[np.int64]
    inspector: NDArray[np.int64]
    listed: NDArray[np.bool_]
    applicable: NDArray[np.bool_]
    met: NDArray[np.bool_]
    corrected: NDArray[np.int64]  # day, `NEVER` where not or not needed
    worse_after: NDArray[np.bool_]
    bad_date: NDArray[np.bool_]
    unknown_psic: NDArray[np.bool_]
    no_workers: NDArray[np.bool_]
    duplicate: NDArray[np.bool_]
    office_logit: NDArray[np.float64]  # by region, for the parameters file

    def __len__(self) -> int:
        """Count the inspections."""
        return len(self.opened)


def read_checklist(path: Path = CHECKLIST) -> list[Item]:
    """Read the checklist from the reference table."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [
        Item(
            code=row["code"],
            title=row["title"],
            legal_item=row["legal_item"],
            group=row["group"],
            severity_weight=float(row["severity_weight"]),
            sections=frozenset(row["applies_to_sections"].replace("*", "").split()),
        )
        for row in rows
    ]


def planned_inspections(scale: float) -> int:
    """How many inspections, follow-ups included, that scale asks for."""
    return max(FEWEST_INSPECTIONS, round(INSPECTIONS_AT_FULL_SCALE * scale))


def make_inspections(
    firms: Establishments,
    checklist: list[Item],
    rng: np.random.Generator,
    *,
    months: int,
    count: int,
) -> Inspections:
    """Draw visits, findings and corrections."""
    first = round(count * (1.0 - FOLLOW_UP_SHARE))
    firm, opened, trigger, follow_up = _visits(
        len(firms), rng, months=months, first=first, count=count
    )
    mode = np.where(rng.random(count) < 0.06, 3, 1)
    mode = np.where(TRIGGERS.index("accident") == trigger, 2, mode)
    mode = np.where((firms.size[firm] == 0) & (trigger != TRIGGERS.index("accident")), 0, mode)
    region = firms.region[firm]
    office = rng.normal(0.0, OFFICE_SD, int(firms.region.max()) + 1)
    inspector = rng.integers(0, INSPECTORS_PER_OFFICE, count)
    leniency = rng.normal(0.0, INSPECTOR_SD, (len(office), INSPECTORS_PER_OFFICE))[
        region, inspector
    ]
    listed, applicable = _asked(firms, firm, checklist, rng, micro=mode == MODES.index("TAV"))
    logit = firms.care[firm] + office[region] + leniency + np.array(TRIGGER_LOGITS)[trigger]
    logit = logit + FOLLOW_UP_LOGIT * follow_up
    met = rng.random(listed.shape) < expit(logit[:, None] + _item_logits(checklist, rng))
    missed = applicable & ~met
    willing = expit(CORRECTION_LOGIT + 0.5 * (firms.care[firm] + office[region]))
    mended = missed & (rng.random(listed.shape) < willing[:, None])
    delay = 7 + np.rint(rng.gamma(2.0, 16.0, listed.shape)).astype(np.int64)
    corrected = np.where(mended, opened[:, None] + delay, NEVER)
    last = np.where(mended, corrected, 0).max(axis=1)
    still_open = (missed & ~mended).any(axis=1)
    closed = np.maximum(opened + rng.integers(1, 8, count), last + rng.integers(1, 15, count))
    closed = np.where(still_open, np.maximum(closed, opened + rng.integers(45, 150, count)), closed)
    return Inspections(
        establishment=firm,
        mode=mode,
        trigger=trigger,
        follow_up=follow_up,
        opened=opened,
        encoded=opened + 2 + np.rint(rng.gamma(1.5, 4.0, count)).astype(np.int64),
        closed=closed,
        inspector=inspector,
        listed=listed,
        applicable=applicable,
        met=met,
        corrected=corrected,
        worse_after=applicable & met & (rng.random(listed.shape) < SHARES["worse_after"]),
        bad_date=rng.random(count) < SHARES["bad_date"],
        unknown_psic=rng.random(count) < SHARES["unknown_psic"],
        no_workers=rng.random(count) < SHARES["no_workers"],
        duplicate=rng.random(count) < SHARES["duplicate_rows"],
        office_logit=office,
    )


def _visits(
    firms: int, rng: np.random.Generator, *, months: int, first: int, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return firm, opening day, trigger and follow-up mark, ordered by opening day."""
    start, stop = first_onset(months).toordinal(), INSPECTION_RELEASES[-1].toordinal() - 3
    firm = np.concatenate([np.arange(firms), rng.integers(0, firms, max(first - firms, 0))])[:first]
    trigger = rng.choice(4, first, p=TRIGGER_SHARES)
    opened = rng.integers(start, stop - 20, first)
    opened = np.where(trigger == 0, _outside_december(opened), opened)
    again = rng.choice(first, count - first, replace=False)
    later = opened[again] + rng.integers(35, 121, count - first)
    later = np.where(later > stop, stop - rng.integers(0, 20, count - first), later)
    follow_up = np.arange(count) >= first
    firm, opened = np.concatenate([firm, firm[again]]), np.concatenate([opened, later])
    trigger = np.concatenate([trigger, trigger[again]])
    opened = np.where((trigger == 0), _outside_december(opened), opened)
    opened = opened + np.array([0, 1, 0, 0, 0, 0, 2])[opened % 7]  # Sunday is 0, Saturday 6
    order = np.argsort(opened, kind="stable")
    return firm[order], opened[order], trigger[order], follow_up[order]


def _outside_december(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move days of December to the same day of January."""
    december = np.array([date.fromordinal(int(day)).month == 12 for day in days])
    return np.asarray(days + 31 * december, dtype=np.int64)


def _asked(
    firms: Establishments,
    firm: NDArray[np.int64],
    checklist: list[Item],
    rng: np.random.Generator,
    *,
    micro: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which items stand in the report, and which of them apply."""
    by_industry = np.array(
        [[item.applies_to(kind.section) for item in checklist] for kind in INDUSTRIES]
    )
    for_micro = np.array([item.code not in NOT_FOR_MICRO for item in checklist])
    listed = by_industry[firms.industry[firm]] & (~micro[:, None] | for_micro)
    listed &= rng.random(listed.shape) < ON_CHECKLIST_SHARE
    applicable = listed & (rng.random(listed.shape) >= NOT_APPLICABLE_SHARE)
    return listed, applicable


def _item_logits(checklist: list[Item], rng: np.random.Generator) -> NDArray[np.float64]:
    logits = [
        GROUP_LOGITS[item.group] + OFTEN_MISSED_LOGIT * (item.code in OFTEN_MISSED)
        for item in checklist
    ]
    return np.array(logits) + rng.normal(0.0, ITEM_SD, len(checklist))
