"""Share of tests that are positive by area, and where less testing may hide cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from kms.compute.units import Floats, Frame, by_place, frame_of, summed_up
from kms.config import MANILA
from kms.domain.areas import Areas
from kms.domain.indicators import POSITIVE, POSITIVITY
from kms.domain.series import make_series
from kms.store.facts import fact_table
from kms.store.publications import Entry
from kms.store.states import state_at
from metrics.health_care.reports import trailing
from metrics.health_care.tests_done import WEEK, ascertainment_drift, positivity
from metrics.states import State

LEAST_REPORTING = 0.8  # of laboratory-days


@dataclass(frozen=True)
class PositiveShares:
    """The entries of a publication, and the areas whose falling cases may be fewer tests."""

    entries: tuple[Entry, ...] = ()
    fewer_tests: tuple[str, ...] = ()
    to: date | None = None


def positive_shares(
    connection: Connection, areas: Areas, *, source_id: str, disease: str, as_of: datetime
) -> PositiveShares:
    """Estimate the share of persons tested who were positive, in 7 days, by laboratory's place."""
    content = state_at(connection, fact_table("testing"), source_id, as_of)
    content = content.filter(pc.equal(content["disease"], disease))
    if content.num_rows == 0:
        return PositiveShares()
    return shares_of(content, areas, as_of.astimezone(MANILA).date())


def shares_of(content: pa.Table, areas: Areas, on: date) -> PositiveShares:
    """Estimate the shares from rows of `testing` of one disease, one at least."""
    frame = frame_of(content, areas, on)
    tested, positive, reporting, registered = (
        by_place(content, column, frame)
        for column in (
            "individuals_tested",
            "individuals_positive",
            "laboratories_reporting",
            "laboratories_registered",
        )
    )
    # A place in which more are positive than tested tells neither.
    impossible = positive > tested
    tested, positive = (
        summed_up(np.where(impossible, np.nan, numbers), frame) for numbers in (tested, positive)
    )
    last = date.fromisoformat(pc.max(content["ref_date"]).as_py())
    found = positivity(tested, positive)
    share = _reporting_share(summed_up(reporting, frame), summed_up(registered, frame))
    # Laboratories that are silent test others than those that speak: neither the share of the
    # week nor a fall of tests means anything then.
    silent = ~(share >= LEAST_REPORTING)
    state = np.where(silent & (found.state == State.FINAL), State.PROVISIONAL, found.state)
    warning = ascertainment_drift(tested, positive).warning & ~silent
    entries = []
    for index, area in enumerate(frame.units):
        if not np.isfinite(found.value[:, index]).any():
            continue
        columns = {"state": state[:, index].astype(float), "completeness": share[:, index]}
        figures = make_series(
            frame.start,
            found.value[:, index],
            low=found.low[:, index],
            high=found.high[:, index],
            **columns,
        )
        entries.append(Entry(POSITIVITY, area, "", figures))
        counted = make_series(frame.start, found.positive[:, index], **columns)
        entries.append(Entry(POSITIVE, area, "", counted))
    return PositiveShares(tuple(entries), _warned(warning, frame), last)


def _reporting_share(reporting: Floats, registered: Floats) -> Floats:
    """Return the share of laboratory-days told of in 7 days, shape (D, A), at most 1."""
    told, known = (trailing(np.nan_to_num(numbers), WEEK) for numbers in (reporting, registered))
    share = np.divide(told, known, out=np.full_like(known, np.nan), where=known > 0)
    return np.minimum(share, 1.0)


def _warned(
    warning: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], frame: Frame
) -> tuple[str, ...]:
    """Return the areas warned of on the last day."""
    return tuple(np.array(frame.units)[warning[-1]].tolist())
