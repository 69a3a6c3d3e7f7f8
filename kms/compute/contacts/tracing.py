"""Share of cases whose source of infection is known, and clusters at workplaces.

A share is that of 14 days of reports, dated by the last of them, among cases whose investigation
is closed. Young cases are left out: a source is found early or not at all. How investigations end
is learned from past issues of the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
from sqlalchemy import Connection

from kms.compute.contacts.closures import Closures, closures_of
from kms.compute.contacts.clusters import (
    Cluster,
    cluster_entries,
    clusters_of,
    design_effect_of,
)
from kms.compute.contacts.counts import Known, counts_by_day, links_now
from kms.compute.units import Floats, rated_areas
from kms.config import MANILA
from kms.domain.areas import Areas
from kms.domain.indicators import (
    TRACED,
    TRACED_EFFECT,
    TRACED_FINAL,
    TRACED_KNOWN,
    TRACED_UNKNOWN,
    UNTRACEABLE,
)
from kms.domain.series import make_series
from kms.store.publications import Entry
from kms.store.vintages import newest
from metrics.contacts.traceability import (
    HISTORY_DAYS,
    WINDOW_DAYS,
    SourceCounts,
    Traceability,
    final_share,
    scatter_design_effect,
    traceability,
)
from metrics.states import State

SHOWN_DAYS = 70  # windows told; scatter is learned from the days before the last of them
MOST_PENDING = 0.6  # of the cases whose clusters are counted; above, nothing is told
STALE_DAYS = 14  # of the newest issue; older, the share is not of today
YOUNGEST_DAYS = 7  # of the final share, as its estimator was tried
SATURDAY = 6  # of a day's ordinal modulo 7
NOBODY_COUNTED = 1e12  # people, where they are not known: tracing never counts as overwhelmed


@dataclass(frozen=True)
class Tracing:
    """The entries of a publication, and what must be said beside them."""

    entries: tuple[Entry, ...] = ()
    facts: Mapping[str, object] | None = None  # to, cut_days, learned, overwhelmed


def tracing(
    connection: Connection, areas: Areas, *, source_id: str, disease: str, as_of: datetime
) -> Tracing:
    """Estimate shares of traced cases and count workplace clusters, as known at an instant."""
    issue = newest(connection, source_id, as_of)
    if issue is None:
        return Tracing()
    to, on = (instant.astimezone(MANILA).date() for instant in (issue["published_at"], as_of))
    first = to - timedelta(days=SHOWN_DAYS + HISTORY_DAYS + 2 * WINDOW_DAYS)
    links = links_now(connection, source_id, disease, as_of=as_of, days=(first, to))
    if links.num_rows == 0:
        return Tracing()
    units, parents = rated_areas(areas, on)
    counts = counts_by_day(links, areas, units, on=on, to=to)
    closures = closures_of(
        connection, areas, (units, parents), source_id=source_id, disease=disease, as_of=as_of
    )
    clusters = clusters_of(
        connection, areas, units, source=(source_id, disease), as_of=as_of, on=on
    )
    people = np.array([areas.population(unit, to) or NOBODY_COUNTED for unit in units])
    basis = _Basis(counts, parents, clusters, people, stale=(on - to).days > STALE_DAYS)
    told = windows_told(basis, closures.cut_days)
    entries = [
        *cluster_entries(clusters, areas, basis.cluster_states(), on=on, to=to),
        *(told.entries(basis) if told else ()),
        *(final_entries(basis, closures, told.effect[-1]) if told else ()),
    ]
    facts = {
        "to": to.isoformat(),
        "cut_days": closures.cut_days,
        "learned": closures.learned,
        "overwhelmed": told.overwhelmed if told else [],
    }
    return Tracing(tuple(entries), facts)


@dataclass(frozen=True)
class _Basis:
    """What shares are made from: counts, the areas' parents, clusters and people."""

    counts: Known
    parents: Sequence[str]
    clusters: Sequence[Cluster]
    people: Floats
    stale: bool = False

    def spread(self, cut_days: int) -> Floats:
        """Return the design effect that days show, the larger of an area's and its parent's.

        A place of few cases shows by accident as little scatter as none, and its clusters are
        no smaller than its region's.
        """
        own = scatter_design_effect(SourceCounts(*self.counts.tables), cut_days=cut_days)
        position = {unit: index for index, unit in enumerate(self.counts.units)}
        found: Floats = np.maximum(own, own[[position.get(p, 0) for p in self.parents]])
        return found

    def cluster_states(self) -> dict[str, float]:
        """Return how far the clusters of the last fortnight are known, by unit.

        A case belongs to a cluster once its investigation says so: none is no zero where most
        are pending, and more may come while any is.
        """
        known, unknown, pending = (t[-WINDOW_DAYS:].sum(axis=0) for t in self.counts.tables)
        every = known + unknown + pending
        share = np.divide(pending, every, out=np.zeros_like(every), where=every > 0)
        state = np.where(share > 0, float(State.PROVISIONAL), float(State.FINAL))
        state = np.where(share > MOST_PENDING, float(State.HIDDEN), self.aged(state))
        return dict(zip(self.counts.units, state.tolist(), strict=True))

    def aged(self, state: Floats) -> Floats:
        """Return states of the newest figures, those of an old issue as too old."""
        told = self.stale & (state <= State.PROVISIONAL)
        return np.where(told, float(State.STALE), state)


@dataclass(frozen=True)
class Windows:
    """Shares by day and area; `start` is the last day of the first window.

    `effect` is the design effect, shape (days, areas); `overwhelmed` are areas with more cases
    than can be asked one by one, on the last day.
    """

    start: date
    found: tuple[Traceability, ...]
    effect: Floats
    overwhelmed: list[str] = field(default_factory=list)

    def entries(self, basis: _Basis) -> Iterator[Entry]:
        """Give the share with a known source and its complement, of every area with cases.

        With them what disclosure is judged by, and no reader gets: known and unknown cases by
        day of report, and the design effect by the window's last day.
        """
        names = ("value", "low", "high")
        value, low, high = (np.array([getattr(f.share, n) for f in self.found]) for n in names)
        state = np.array([f.state for f in self.found], dtype=np.float64)
        state[-1] = basis.aged(state[-1])
        closed_share = 1 - np.array([f.pending_share for f in self.found])
        closed, counts = self.found[-1].known + self.found[-1].unknown, basis.counts
        since = self.start - timedelta(days=WINDOW_DAYS - 1)
        begun = (since - counts.start).days
        for i, area in enumerate(counts.units):
            if (state[:, i] == State.MISSING).all():
                continue
            beside = {"state": state[:, i], "completeness": closed_share[:, i]}
            ends = value[:, i], low[:, i], high[:, i]
            share = make_series(self.start, ends[0], low=ends[1], high=ends[2], **beside)
            rest = make_series(self.start, 1 - ends[0], low=1 - ends[2], high=1 - ends[1], **beside)
            yield Entry(TRACED, area, "", share, int(closed[i]))
            yield Entry(UNTRACEABLE, area, "", rest, int(closed[i]))
            yield Entry(TRACED_KNOWN, area, "", make_series(since, counts.known[begun:, i]))
            yield Entry(TRACED_UNKNOWN, area, "", make_series(since, counts.unknown[begun:, i]))
            yield Entry(TRACED_EFFECT, area, "", make_series(self.start, self.effect[:, i]))


def windows_told(basis: _Basis, cut_days: int) -> Windows | None:
    """Estimate the share of every window of the last weeks; None where there is no whole one."""
    counts = basis.counts
    last = len(counts.known) - cut_days  # so many days are old enough
    if last < WINDOW_DAYS:
        return None
    first = max(WINDOW_DAYS, last - SHOWN_DAYS + 1)
    spread = basis.spread(cut_days)
    found, effects = [], []
    for end in range(first, last + 1):
        window = [table[end - WINDOW_DAYS : end] for table in counts.tables]
        days = tuple(counts.start + timedelta(days=n) for n in (end - WINDOW_DAYS, end - 1))
        cases = np.sum(window, axis=(0, 1))
        clustered = design_effect_of(basis.clusters, cases, days=(days[0], days[1]))
        effects.append(np.maximum(spread, clustered))
        found.append(
            traceability(
                SourceCounts(*window),
                cut_days=0,
                design_effect=effects[-1],
                population=basis.people,
            )
        )
    fine = found[-1].informative
    return Windows(
        counts.start + timedelta(days=first - 1),
        tuple(found),
        np.array(effects),
        [unit for unit, asked in zip(counts.units, fine, strict=True) if not asked],
    )


def final_entries(basis: _Basis, closures: Closures, effect: Floats) -> Iterator[Entry]:
    """Give the share as it will stand 14 days after each report, of the last whole weeks.

    The window ends on a Saturday, as those that the public sees of the share itself.
    """
    counts = basis.counts
    last = counts.to - timedelta(days=YOUNGEST_DAYS)
    last -= timedelta(days=(last.toordinal() - SATURDAY) % 7)
    youngest = (counts.to - last).days
    end = len(counts.known) - youngest
    if closures.chances is None or end < WINDOW_DAYS:
        return
    found = final_share(
        SourceCounts(*counts.tables),
        closures.chances,
        youngest_days=youngest,
        design_effect=effect,
    )
    state = basis.aged(found.state.astype(np.float64))
    known, unknown, pending = (t[end - WINDOW_DAYS : end].sum(axis=0) for t in counts.tables)
    for i, area in enumerate(counts.units):
        if state[i] == State.MISSING:
            continue
        closed = known[i] + unknown[i]
        series = make_series(
            last,
            found.value[i : i + 1],
            low=found.low[i],
            high=found.high[i],
            state=state[i],
            completeness=closed / (closed + pending[i]),
        )
        yield Entry(TRACED_FINAL, area, "", series, int(closed))
