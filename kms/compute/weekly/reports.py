"""Weekly reports of notifiable diseases by place, as known at an instant.

A place that reports no cases says 0; one that says nothing is missing, and is never taken for 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Connection

from kms.compute.units import Floats, Frame, by_place, frame_of, summed_up
from kms.config import MANILA
from kms.domain.areas import Areas
from kms.domain.calendar.morbidity_weeks import sunday_on_or_before
from kms.store.facts import fact_table
from kms.store.states import BY_REPORT, EVERY_CASE, state_at
from kms.store.vintages import newest

WEEK = 7
GONE_WEEKS = 52  # without a report, after which a place is not waited for any more
EDGE_WEEKS = 4  # reports whose mean stands in for weeks before the first and after the last


@dataclass(frozen=True)
class WeeklyReports:
    """One disease: W weeks from `start`, a Sunday, of A areas, all of shape (W, A).

    `cases` is what the places of an area reported, NaN where none did; `completeness` the share
    of its reporting places that did, NaN where none is expected to; `usual` its cases with those
    of silent places filled in, to compare other weeks with and for nothing else.
    """

    disease: str
    start: date
    units: tuple[str, ...]
    cases: Floats
    completeness: Floats
    usual: Floats


def read_weekly_reports(
    connection: Connection, areas: Areas, *, source_id: str, as_of: datetime
) -> tuple[WeeklyReports, ...]:
    """Return what a source had said by `as_of`, disease by disease, of weeks that were over."""
    last = newest(connection, source_id, as_of)
    if last is None:
        return ()
    content = state_at(connection, fact_table("case_count"), source_id, as_of)
    # A week that was not over when the issue came out is a part of itself.
    told_on = last["published_at"].astimezone(MANILA).date()
    over = sunday_on_or_before(told_on) - timedelta(days=WEEK)
    content = content.filter(
        pc.and_(
            pc.and_(pc.equal(content["grain"], "week"), pc.equal(content["basis"], BY_REPORT)),
            pc.and_(
                pc.equal(content["classification"], EVERY_CASE),
                pc.less_equal(content["ref_date"], over.isoformat()),
            ),
        )
    )
    return tuple(reports_of(content, areas, as_of.astimezone(MANILA).date()))


def reports_of(content: pa.Table, areas: Areas, on: date) -> Iterator[WeeklyReports]:
    """Sum rows of `case_count` with whole weeks up, disease by disease; all have one frame."""
    if content.num_rows == 0:
        return
    frame = frame_of(content, areas, on)
    real = np.array([place in areas for place in frame.places])
    for disease in sorted(content["disease"].unique().to_pylist()):
        rows = content.filter(pc.equal(content["disease"], disease))
        told = by_place(rows, "cases", frame)[::WEEK]  # weeks stand on their Sundays
        yield _summed(disease, told, frame, real)


def _summed(disease: str, told: Floats, frame: Frame, real: NDArray[np.bool_]) -> WeeklyReports:
    waited = _waited_for(told) & real
    share = np.full((told.shape[0], len(frame.units)), np.nan)
    due = waited.astype(float) @ frame.membership
    came = (waited & np.isfinite(told)).astype(float) @ frame.membership
    np.divide(came, due, out=share, where=due > 0)
    # Cases without a place come as they come; nobody owes a report of them.
    whole = np.where(real, _filled(told), np.nan_to_num(told))
    return WeeklyReports(
        disease=disease,
        start=frame.start,
        units=frame.units,
        cases=summed_up(told, frame),
        completeness=share,
        usual=whole @ frame.membership,
    )


def _waited_for(told: Floats) -> NDArray[np.bool_]:
    """Tell in which weeks a report of each place is due: from its first until long after its last.

    Shape (W, P).
    """
    weeks, known = np.arange(told.shape[0])[:, None], np.isfinite(told)
    ever = known.any(axis=0)
    first, last = known.argmax(axis=0), told.shape[0] - 1 - known[::-1].argmax(axis=0)
    due: NDArray[np.bool_] = ever & (weeks >= first) & (weeks <= last + GONE_WEEKS)
    return due


def _filled(told: Floats) -> Floats:
    """Return whole counts for silent weeks, too: between their neighbours, or as at the edge."""
    weeks = np.arange(told.shape[0])
    filled = np.zeros_like(told)
    for place in range(told.shape[1]):
        known = np.flatnonzero(np.isfinite(told[:, place]))
        if not known.size:
            continue
        counts = told[known, place]
        edges = counts[:EDGE_WEEKS].mean(), counts[-EDGE_WEEKS:].mean()
        between = np.interp(weeks, known, counts, left=edges[0], right=edges[1])
        filled[:, place] = np.where(np.isfinite(told[:, place]), told[:, place], np.round(between))
    return filled
