"""Clusters of cases at workplaces: how many are active, where, in which section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow.compute as pc
from sqlalchemy import Connection

from kms.compute.units import Floats, ways_up
from kms.domain.areas import COUNTRY, Areas
from kms.domain.indicators import ALL_SECTORS, CLUSTERS
from kms.domain.series import make_series
from kms.reference import load_sectors
from kms.store.facts import fact_table
from kms.store.publications import Entry
from kms.store.states import state_at
from metrics.contacts.traceability import case_design_effect

ACTIVE_DAYS = 14  # as the rule for relaxing counts them
FEWEST_PERSONS = 2  # one alone is no cluster
_SLIP = 1e-9  # sizes scaled to fit must not pass the cases by rounding


@dataclass(frozen=True)
class Cluster:
    """A workplace cluster: the positions of the areas it counts in, its section and cases."""

    places: tuple[int, ...]
    section: str
    first: date
    last: date
    cases: int


def clusters_of(
    connection: Connection,
    areas: Areas,
    units: Sequence[str],
    *,
    source: tuple[str, str],
    as_of: datetime,
    on: date,
) -> list[Cluster]:
    """Return the clusters of more than one person; `source` names the source and disease.

    One counts where its cases live, in the country alone where they live in several provinces.
    """
    source_id, disease = source
    content = state_at(connection, fact_table("workplace_cluster"), source_id, as_of)
    content = content.filter(
        pc.and_(
            pc.equal(content["disease"], disease),
            pc.greater_equal(content["cases"], FEWEST_PERSONS),
        )
    )
    ways = ways_up(areas, on, {area for area in content["area"].to_pylist() if area}, units)
    return [
        Cluster(
            places=tuple(ways.get(row["area"], (0,))),
            section=row["sector"] or "",
            first=date.fromisoformat(row["first_report_date"]),
            last=date.fromisoformat(row["last_report_date"]),
            cases=row["cases"],
        )
        for row in content.to_pylist()
    ]


def design_effect_of(
    clusters: Sequence[Cluster], cases: Floats, *, days: tuple[date, date]
) -> Floats:
    """Return the design effect of the clusters that reach into some days, of `cases` by area."""
    first, last = days
    inside = [
        (cluster.cases, place)
        for cluster in clusters
        if cluster.first <= last and cluster.last >= first
        for place in cluster.places
    ]
    if not inside:
        return np.ones(len(cases))
    sizes, where = (np.array(column) for column in zip(*inside, strict=True))
    clustered = np.bincount(where, sizes, len(cases))
    # Of a cluster that lies partly outside only a part can be among the cases.
    fits = np.divide(cases, clustered, out=np.ones_like(clustered), where=clustered > cases)
    scaled = sizes * fits[where] * (1 - _SLIP)
    some = scaled > 0
    return case_design_effect(scaled[some], where[some], cases)


def cluster_entries(
    clusters: Sequence[Cluster],
    areas: Areas,
    states: Mapping[str, float],
    *,
    on: date,
    to: date,
) -> Iterator[Entry]:
    """Count clusters with a case reported in the last 14 days; none is 0, and told.

    By section for the country and regions, all together for provinces; `states` by unit.
    """
    units = list(states)
    since = to - timedelta(days=ACTIVE_DAYS - 1)
    sections = [section.code for section in load_sectors().sections]
    wide = {COUNTRY, *(unit.code for unit in areas.units("region", on))}
    tally = {(unit, ALL_SECTORS): [0, 0] for unit in units}
    tally |= {(unit, section): [0, 0] for unit in units if unit in wide for section in sections}
    for cluster in clusters:
        if cluster.last < since:
            continue
        for unit in (units[place] for place in cluster.places):
            for key in {(unit, ALL_SECTORS), (unit, cluster.section)} & tally.keys():
                tally[key][0] += 1
                tally[key][1] += cluster.cases
    for (unit, section), (count, cases) in tally.items():
        series = make_series(to, np.array([float(count)]), state=states[unit])
        yield Entry(CLUSTERS, unit, section, series, cases)
