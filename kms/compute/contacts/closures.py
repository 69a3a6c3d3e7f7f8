"""How investigations end, learned from what past issues said of the same cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from kms.compute.contacts.counts import Known, counts_by_day, links_then
from kms.compute.units import Floats
from kms.config import MANILA
from kms.domain.areas import COUNTRY, Areas
from kms.store.states import history
from metrics.contacts.closing import FINAL_AGE_DAYS, ClosureChances, closure_chances

STEPS = (7, 1)  # days between the issues compared: weekly ones reach further back
MOST_ISSUES = 6
LEAST_ISSUES = 3
RECENT_DAYS = 14  # by which the newest of them may be older than the newest issue
LEAST_FOLLOWED = 200  # pending cases from which a region's own chances are taken
UNLEARNED_CUT_DAYS = 7  # as the rule for relaxing has it
CLOSED_SHARE = 0.9  # of the cases that close at all, by the day of the cut


@dataclass(frozen=True)
class Closures:
    """The chances of each area's pending cases, and the youngest days left out everywhere.

    `chances` has one column an area: its region's, the country's where the region has too few
    cases followed; None where no two issues are a week or a day apart.
    """

    cut_days: int
    chances: ClosureChances | None

    @property
    def learned(self) -> bool:
        """Tell whether anything is known of how investigations end."""
        return self.chances is not None


def closures_of(
    connection: Connection,
    areas: Areas,
    rated: tuple[Sequence[str], Sequence[str]],
    *,
    source_id: str,
    disease: str,
    as_of: datetime,
) -> Closures:
    """Follow pending cases from issue to issue; `rated` are the areas and their parents."""
    units, parents = rated
    issued = {
        issue.published_at.astimezone(MANILA).date(): issue.published_at
        for issue in history(connection, source_id)
        if issue.published_at <= as_of
    }
    days, step = issues_to_compare(sorted(issued))
    if not days:
        return Closures(UNLEARNED_CUT_DAYS, None)
    wide = [i for i, parent in enumerate(parents) if parent in ("", COUNTRY)]
    lenders = [units[i] for i in wide]
    on, ages = as_of.astimezone(MANILA).date(), FINAL_AGE_DAYS + step
    tables = np.full((3, (days[0] - days[-1]).days + ages, ages, len(lenders)), np.nan)
    for day in days:
        first = day - timedelta(days=ages - 1)
        links = links_then(connection, source_id, disease, as_of=issued[day], days=(first, day))
        if links.num_rows:
            counts = counts_by_day(links, areas, lenders, on=on, to=day)
            _place(tables, counts, (day - days[-1]).days)
    found = closure_chances(*tables, step_days=step)
    if not np.isfinite(found.closed_by[-1, 0]):
        return Closures(UNLEARNED_CUT_DAYS, None)
    followed = found.followed.sum(axis=0)
    lender = {units[i]: column for column, i in enumerate(wide)}
    chosen = np.array(
        [
            _lender(lender.get(unit, lender.get(parent, 0)), followed)
            for unit, parent in zip(units, parents, strict=True)
        ]
    )
    cut = int(found.cut_days(CLOSED_SHARE)[0])
    return Closures(cut, _columns(found, chosen))


def issues_to_compare(days: Sequence[date]) -> tuple[list[date], int]:
    """Return the longest run of issues that follow each other by one step, newest first.

    Of equally long runs the newest counts, and weeks before days.
    """
    if not days:
        return [], 0
    known, newest = set(days), days[-1]
    for step in STEPS:
        runs = []
        for start in (day for day in reversed(days) if (newest - day).days <= RECENT_DAYS):
            run = [start]
            while len(run) < MOST_ISSUES and run[-1] - timedelta(days=step) in known:
                run.append(run[-1] - timedelta(days=step))
            runs.append(run)
        longest = max(runs, key=len)
        if len(longest) >= LEAST_ISSUES:
            return longest, step
    return [], 0


def _place(tables: Floats, counts: Known, issue: int) -> None:
    """Put what an issue says of each report day at that day's age.

    Rows are report days, the first the youngest age's reach before the oldest issue.
    """
    ages = tables.shape[2]
    for age in range(min(ages, len(counts.known))):
        row = issue + ages - 1 - age
        for table, values in zip(tables, counts.tables, strict=True):
            table[row, age] = values[len(values) - 1 - age]


def _lender(column: int, followed: Floats) -> int:
    return column if followed[column] >= LEAST_FOLLOWED else 0


def _columns(found: ClosureChances, chosen: NDArray[np.int64]) -> ClosureChances:
    """Return the chances of the chosen columns, the country's where an age was never followed."""

    def filled(values: Floats) -> Floats:
        own = values[:, chosen]
        return np.where(np.isnan(own), values[:, :1], own)

    return ClosureChances(
        becomes_known=filled(found.becomes_known),
        becomes_unknown=filled(found.becomes_unknown),
        followed=np.where(
            np.isnan(found.becomes_known[:, chosen]),
            found.followed[:, :1],
            found.followed[:, chosen],
        ),
        scatter=found.scatter[chosen],
        closed_by=found.closed_by[:, chosen],
    )
