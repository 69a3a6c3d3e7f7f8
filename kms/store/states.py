"""The whole content of a source as known at an instant, and moving from one to the next.

A state is the content of one vintage, so it is remembered under that content's hash; the state
after a remembered one is had from that vintage's few changes instead of the whole history.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Table, select

from kms.domain.intake import Changed, Span
from kms.store.facts import arrow_schema, iso_dates, key_columns, known_at, value_columns
from kms.store.tables import REPORTED, WITHDRAWN, Vintage

ACCEPTED = "accepted"
BY_REPORT = "report"  # of the time axes the one on which each case stands exactly once
EVERY_CASE = "all"  # the classification that holds those of every other one
REMEMBERED_BYTES = 256 << 20


class _Remembered:
    """The states used last, up to a number of bytes."""

    def __init__(self) -> None:
        self._states: OrderedDict[tuple[str, str], pa.Table] = OrderedDict()

    def get(self, content_hash: str, table: str) -> pa.Table | None:
        state = self._states.get((content_hash, table))
        if state is not None:
            self._states.move_to_end((content_hash, table))
        return state

    def put(self, content_hash: str, table: str, state: pa.Table) -> None:
        self._states[content_hash, table] = state
        while sum(s.nbytes for s in self._states.values()) > REMEMBERED_BYTES:
            self._states.popitem(last=False)


_remembered = _Remembered()


@dataclass(frozen=True)
class Issued:
    """A vintage's place in its source's history."""

    id: int
    published_at: datetime
    content_hash: str
    spans: Mapping[str, Span]

    @property
    def is_whole(self) -> bool:
        """Tell whether its content is all there is to know at its instant."""
        return not self.spans


def history(connection: Connection, source_id: str) -> list[Issued]:
    """Return the accepted vintages of a source, oldest publication first."""
    statement = (
        select(Vintage.id, Vintage.published_at, Vintage.content_hash, Vintage.spans)
        .where(Vintage.source_id == source_id, Vintage.state == ACCEPTED)
        .order_by(Vintage.published_at)
    )
    return [
        Issued(row.id, row.published_at, row.content_hash, read_spans(row.spans))
        for row in connection.execute(statement)
    ]


def read_spans(written: str) -> dict[str, Span]:
    """Read the days of which an issue speaks, as the store keeps them."""
    return {name: Span(*span) for name, span in json.loads(written or "{}").items()}


def write_spans(spans: Mapping[str, Span]) -> str:
    """Write the days of which an issue speaks."""
    return json.dumps(dict(sorted(spans.items()))) if spans else ""


def remember(content_hash: str, facts: Mapping[str, pa.Table]) -> None:
    """Keep a whole content that was just written: the next load is compared with it."""
    for name, content in facts.items():
        _remembered.put(content_hash, name, content)


def state_at(connection: Connection, table: Table, source_id: str, as_of: datetime) -> pa.Table:
    """Return everything a source had said by `as_of`: key and value columns, dates as text."""
    known = [issue for issue in history(connection, source_id) if issue.published_at <= as_of]
    if not known:
        return arrow_schema(table).empty_table()
    last = known[-1]
    state = _remembered.get(last.content_hash, table.name) if last.is_whole else None
    if state is None:
        state = _step(connection, table, known) or _read(connection, table, source_id, as_of)
        if last.is_whole:  # else it depends on those before it, too
            _remembered.put(last.content_hash, table.name, state)
    return state


def merged(before: pa.Table, content: pa.Table, span: Span | None) -> pa.Table:
    """Return what is known once `content` has been said: all of it, or of the days of a span."""
    if span is None:
        return content
    return pa.concat_tables([before.filter(pc.invert(_within(before, span))), content])


def inside(state: pa.Table, span: Span | None) -> pa.Table:
    """Return the rows of the days of a span."""
    return state if span is None else state.filter(_within(state, span))


def _within(rows: pa.Table, span: Span) -> Any:
    days = rows[span.column]
    return pc.and_(pc.greater_equal(days, span.first), pc.less_equal(days, span.last))


def difference(table: Table, before: pa.Table, after: pa.Table) -> tuple[pa.Table, Changed]:
    """Return the rows that turn `before` into `after`, with their status, and how many they are."""
    keys, values = key_columns(table), value_columns(table)
    same = " AND ".join(f"a.{k} = b.{k}" for k in keys)
    changed = " OR ".join(f"a.{v} IS DISTINCT FROM b.{v}" for v in values) or "false"
    chosen = ", ".join(f"a.{c}" for c in keys + values)
    gone = ", ".join([f"b.{k}" for k in keys] + [f"NULL AS {v}" for v in values])
    # In the order of the key: a table kept by its key takes sorted rows four times as fast.
    found = _query(
        f"SELECT * FROM (SELECT {chosen}, '{REPORTED}' AS status, b.present AS known_ "
        "FROM after_ a LEFT JOIN "
        f"(SELECT *, true AS present FROM before_) b ON {same} "
        f"WHERE b.present IS NULL OR {changed} UNION ALL "
        f"SELECT {gone}, '{WITHDRAWN}' AS status, true "
        f"FROM before_ b ANTI JOIN after_ a ON {same}) ORDER BY {', '.join(keys)}",
        before_=before,
        after_=after,
    )
    counts = {"basis", "cases"} <= {*keys, *values}
    return found.drop_columns(["known_"]), _counted(found, _more(before, after) if counts else None)


def _more(before: pa.Table, after: pa.Table) -> int | None:
    """Return by how many the cases grew; None where none are counted by their report."""
    was, now = _cases(before), _cases(after)
    return None if was is None and now is None else (now or 0) - (was or 0)


def _cases(state: pa.Table) -> int | None:
    """Count the cases of a state, each once: a confirmed one is also among all of its disease."""
    told = state.filter(pc.equal(state["basis"], BY_REPORT))
    if told.num_rows == 0:
        return None
    every = pc.equal(told["classification"], EVERY_CASE)
    diseases = told.filter(every)["disease"].unique()
    alone = pc.invert(pc.is_in(told["disease"], value_set=diseases))
    return int(pc.sum(told.filter(pc.or_(every, alone))["cases"]).as_py() or 0)


def _counted(found: pa.Table, cases: int | None) -> Changed:
    """Count rows that are new, other than before, and gone."""
    gone = int(pc.sum(pc.equal(found["status"], WITHDRAWN)).as_py() or 0)
    known = found.num_rows - found["known_"].null_count
    return Changed(added=found.num_rows - known, changed=known - gone, withdrawn=gone, cases=cases)


def _step(connection: Connection, table: Table, known: Sequence[Issued]) -> pa.Table | None:
    """Return the newest state from the one before it, when that is remembered."""
    if len(known) < 2:
        return None
    before = _remembered.get(known[-2].content_hash, table.name) if known[-2].is_whole else None
    if before is None:
        return None
    names = [*key_columns(table), *value_columns(table), "status"]
    statement = select(*[iso_dates(table.c[n]) for n in names])
    changes = _fetch(connection, table, statement.where(table.c.vintage_id == known[-1].id), names)
    columns = ", ".join(names[:-1])
    same = " AND ".join(f"b.{k} = c.{k}" for k in key_columns(table))
    return _query(
        f"SELECT {columns} FROM before_ b ANTI JOIN changes_ c ON {same} UNION ALL "
        f"SELECT {columns} FROM changes_ WHERE status = '{REPORTED}'",
        before_=before,
        changes_=changes,
    )


def _read(connection: Connection, table: Table, source_id: str, as_of: datetime) -> pa.Table:
    names = [*key_columns(table), *value_columns(table)]
    return _fetch(connection, table, known_at(table, source_id, as_of, columns=names), names)


def _fetch(connection: Connection, table: Table, statement: Any, names: Sequence[str]) -> pa.Table:
    rows = connection.execute(statement).all()
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    schema = arrow_schema(table, names)
    return pa.table(
        [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


def _query(text: str, **tables: pa.Table) -> pa.Table:
    with duckdb.connect() as engine:
        for name, content in tables.items():
            engine.register(name, content)
        result: pa.Table = engine.sql(text).to_arrow_table()
    return result
