"""Cases by report day, area and what is known of their source, as a source had said by a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from kms.compute.units import Floats, ways_up
from kms.domain.areas import Areas
from kms.store.facts import arrow_schema, fact_table, known_at, read_columns
from kms.store.states import state_at

PENDING, UNKNOWN = "pending", "unknown"
COLUMNS = ("area", "report_date", "infection_source", "cases")


@dataclass(frozen=True)
class Known:
    """Cases of the days from `start`, each array of shape (days, areas).

    `known` have a source, imported ones among them; of the `pending` nobody has finished asking.
    """

    start: date
    units: tuple[str, ...]
    known: Floats
    unknown: Floats
    pending: Floats

    @property
    def to(self) -> date:
        """The last day."""
        return self.start + timedelta(days=len(self.known) - 1)

    @property
    def tables(self) -> tuple[Floats, Floats, Floats]:
        """Known, unknown and pending cases."""
        return self.known, self.unknown, self.pending


def links_now(
    connection: Connection,
    source_id: str,
    disease: str,
    *,
    as_of: datetime,
    days: tuple[date, date],
) -> pa.Table:
    """Return the cases of some report days by area and source of infection, known at an instant."""
    content = state_at(connection, fact_table("case_link"), source_id, as_of)
    reported = content["report_date"]
    inside = pc.and_(
        pc.greater_equal(reported, days[0].isoformat()),
        pc.less_equal(reported, days[1].isoformat()),
    )
    chosen = pc.and_(inside, pc.equal(content["disease"], disease))
    return content.select(COLUMNS).filter(chosen)


def links_then(
    connection: Connection,
    source_id: str,
    disease: str,
    *,
    as_of: datetime,
    days: tuple[date, date],
) -> pa.Table:
    """Return the same of a past instant, reading these days alone: they are few, not kept."""
    table = fact_table("case_link")
    first, last = days
    statement = known_at(
        table,
        source_id,
        as_of,
        columns=COLUMNS,
        where=[
            table.c.disease == disease,
            table.c.report_date >= first,
            table.c.report_date <= last,
        ],
    )
    return pa.table(read_columns(connection, statement), schema=arrow_schema(table, COLUMNS))


def counts_by_day(
    links: pa.Table, areas: Areas, units: Sequence[str], *, on: date, to: date
) -> Known:
    """Sum cases up the tree; `links` has one row at least, days run to `to`."""
    start = date.fromisoformat(pc.min(links["report_date"]).as_py())
    days = (to - start).days + 1
    coded = links["area"].combine_chunks().dictionary_encode()
    names = coded.dictionary.to_pylist()
    membership = np.zeros((len(names), len(units)))
    for row, ways in enumerate(ways_up(areas, on, names, units).values()):
        membership[row, ways] = 1.0
    reported = pc.cast(links["report_date"], pa.date32()).to_numpy().astype("datetime64[D]")
    day = (reported - np.datetime64(start)).astype(np.int64)
    place, cases = coded.indices.to_numpy(), links["cases"].to_numpy().astype(np.float64)
    found = links["infection_source"].to_numpy(zero_copy_only=False)
    tables = []
    for chosen in (
        (found != PENDING) & (found != UNKNOWN),
        found == UNKNOWN,
        found == PENDING,
    ):
        by_place = np.zeros((days, len(names)))
        np.add.at(by_place, (day[chosen], place[chosen]), cases[chosen])
        tables.append(by_place @ membership)
    return Known(start, tuple(units), *tables)
