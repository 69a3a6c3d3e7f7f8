"""What the metrics of transmission start from: counts by day and area, as known at an instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Connection

from kms.compute.units import rated_areas, ways_up
from kms.config import MANILA
from kms.domain.areas import Areas
from kms.store.facts import fact_table
from kms.store.states import state_at

Floats = NDArray[np.float64]
LONGEST_DELAY_DAYS = 28  # D of the reporting triangle
TRIANGLE_DAYS = 84  # onset days kept: 56 to learn from, 28 more so that the oldest are complete
LEAD_DAYS = 30  # onsets before the first report
ONSET_UNKNOWN = "report_onset_unknown"
BASES = ("report", "onset", ONSET_UNKNOWN)


@dataclass(frozen=True)
class CaseInputs:
    """Counts of D days from `start` for A areas; every sum goes up one tree.

    `counts` maps a basis to an array (D, A); `placeless` are cases of the country without a
    place in it (returning overseas and unknown), by report day, shape (D,); `triangles` are
    cases by onset day and delay, shape (TRIANGLE_DAYS, 29, A), the last row being `cases_to`;
    `entered` are the cases with an onset of an issue four weeks older, by 0 … 28 days from
    report to its end, and the same reports as known now, each (29, A).
    """

    start: date
    cases_to: date
    areas: tuple[str, ...]
    parents: tuple[str, ...]  # the area that lends its spread; the country has none
    counts: Mapping[str, Floats]
    abroad: Mapping[str, Floats]  # basis -> (D,): infected outside the country
    placeless: Floats
    triangles: Floats
    entered: tuple[Floats, Floats] | None = None

    def days(self) -> int:
        """Return the number of days."""
        return (self.cases_to - self.start).days + 1


def read_case_inputs(
    connection: Connection,
    areas: Areas,
    *,
    source_id: str,
    disease: str,
    as_of: datetime,
) -> CaseInputs | None:
    """Return what a source had said by `as_of`, summed up to provinces, regions, the country."""
    content = _select(
        state_at(connection, fact_table("case_count"), source_id, as_of),
        {"disease": [disease], "grain": ["day"], "basis": list(BASES)},
    )
    on = as_of.astimezone(MANILA).date()
    reported = content.filter(pc.equal(content["basis"], "report"))["ref_date"]
    if len(reported) == 0:
        return None
    bounds = pc.min_max(reported).as_py()
    span = _Span(
        date.fromisoformat(bounds["min"]) - timedelta(days=LEAD_DAYS),
        date.fromisoformat(bounds["max"]),
    )
    units, parents = rated_areas(areas, on)
    tree = _Tree(areas, on, units)
    counts, abroad, placeless = _sum_up(content, span, tree)
    late = _select(
        state_at(connection, fact_table("reporting_triangle"), source_id, as_of),
        {"disease": [disease]},
    )
    return CaseInputs(
        start=span.start,
        cases_to=span.end,
        areas=units,
        parents=parents,
        counts=counts,
        abroad=abroad,
        placeless=placeless,
        triangles=_triangles(late, span, tree),
        entered=_entered(connection, (source_id, disease, as_of), late, tree),
    )


@dataclass(frozen=True)
class _Span:
    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    def places(self, dates: pa.ChunkedArray) -> NDArray[np.int64]:
        """Return each day's place in the span; outside it lies below 0 or past the end."""
        return (_days(dates) - np.datetime64(self.start)).astype(np.int64)


@dataclass(frozen=True)
class _Tree:
    """The units figures are made for, on a day."""

    areas: Areas
    on: date
    units: Sequence[str]

    def membership(self, places: Sequence[str]) -> Floats:
        """Return which units each place counts in, shape (places, units)."""
        ways = ways_up(self.areas, self.on, places, self.units)
        membership = np.zeros((len(places), len(self.units)))
        for index, place in enumerate(places):
            membership[index, ways[place]] = 1.0
        return membership


def _sum_up(
    content: pa.Table,
    span: _Span,
    tree: _Tree,
) -> tuple[dict[str, Floats], dict[str, Floats], Floats]:
    days = span.places(content["ref_date"])
    cases = content["cases"].to_numpy().astype(np.float64)
    bases = content["basis"].to_numpy(zero_copy_only=False)
    coded = content["area"].combine_chunks().dictionary_encode()
    names, place = coded.dictionary.to_pylist(), coded.indices.to_numpy()
    inside = (days >= 0) & (days < span.days)
    # One column for each place first, then one multiplication sums places into units.
    membership = tree.membership(names)
    outside = np.array([name.startswith("nonplace:") for name in names], dtype=float)
    foreign = np.array([name in ("nonplace:rof", "nonplace:repatriate") for name in names], float)
    counts, abroad, placeless = {}, {}, np.zeros(span.days)
    for basis in BASES:
        chosen = inside & (bases == basis)
        by_place = np.zeros((span.days, len(names)))
        np.add.at(by_place, (days[chosen], place[chosen]), cases[chosen])
        counts[basis] = by_place @ membership
        abroad[basis] = by_place @ foreign
        if basis == "report":
            placeless = by_place @ outside
    return counts, abroad, placeless


def _triangles(content: pa.Table, span: _Span, tree: _Tree) -> Floats:
    """Sum cases by onset day and delay up to the units."""
    first = span.end - timedelta(days=TRIANGLE_DAYS - 1)
    content = content.filter(pc.greater_equal(content["onset_date"], first.isoformat()))
    shape = (TRIANGLE_DAYS, LONGEST_DELAY_DAYS + 1)
    if content.num_rows == 0:
        return np.zeros((*shape, len(tree.units)))
    onset = _days(content["onset_date"])
    delay = (_days(content["report_date"]) - onset).astype(np.int64)
    row = (onset - np.datetime64(first)).astype(np.int64)
    cases = content["cases"].to_numpy().astype(np.float64)
    kept = (delay >= 0) & (delay <= LONGEST_DELAY_DAYS) & (row < TRIANGLE_DAYS)
    coded = content["area"].combine_chunks().dictionary_encode()
    names, place = coded.dictionary.to_pylist(), coded.indices.to_numpy()
    by_place = np.zeros((*shape, len(names)))
    np.add.at(by_place, (row[kept], delay[kept], place[kept]), cases[kept])
    return np.asarray(by_place @ tree.membership(names))


def _entered(
    connection: Connection,
    what: tuple[str, str, datetime],
    now: pa.Table,
    tree: _Tree,
) -> tuple[Floats, Floats] | None:
    """Look up in the issue of four weeks before which onsets and places were entered since."""
    source_id, disease, as_of = what
    earlier = as_of - timedelta(days=LONGEST_DELAY_DAYS)
    then = _select(
        state_at(connection, fact_table("reporting_triangle"), source_id, earlier),
        {"disease": [disease]},
    )
    if then.num_rows == 0:
        return None
    end = _days(then["report_date"]).max()

    def by_age(content: pa.Table) -> Floats:
        reported = _days(content["report_date"])
        age = (end - reported).astype(np.int64)
        delay = (reported - _days(content["onset_date"])).astype(np.int64)
        kept = (age >= 0) & (age <= LONGEST_DELAY_DAYS)
        kept &= (delay >= 0) & (delay <= LONGEST_DELAY_DAYS)
        coded = content["area"].combine_chunks().dictionary_encode()
        names, place = coded.dictionary.to_pylist(), coded.indices.to_numpy()
        counted = np.zeros((LONGEST_DELAY_DAYS + 1, len(names)))
        np.add.at(counted, (age[kept], place[kept]), content["cases"].to_numpy()[kept])
        return np.asarray(counted @ tree.membership(names))

    return by_age(then), by_age(now)


def _select(content: pa.Table, wanted: Mapping[str, list[str]]) -> pa.Table:
    for column, values in wanted.items():
        content = content.filter(pc.is_in(content[column], pa.array(values)))
    return content


def _days(texts: pa.ChunkedArray) -> NDArray[np.datetime64]:
    """Turn ISO texts into days."""
    days: NDArray[np.datetime64] = pc.cast(texts, pa.date32()).to_numpy().astype("datetime64[D]")
    return days
