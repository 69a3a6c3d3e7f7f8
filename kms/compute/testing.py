"""Share of tests that are positive by area, and where less testing may hide cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow.compute as pc
from sqlalchemy import Connection

from kms.compute.units import Frame, frame_of, summed
from kms.config import MANILA
from kms.domain.areas import Areas
from kms.domain.indicators import POSITIVE, POSITIVITY
from kms.domain.series import make_series
from kms.store.facts import fact_table
from kms.store.publications import Entry
from kms.store.states import state_at
from metrics.health_care.tests_done import ascertainment_drift, positivity


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
    frame = frame_of(content, areas, as_of.astimezone(MANILA).date())
    tested, positive, reporting, registered = (
        summed(content, column, frame)
        for column in (
            "individuals_tested",
            "individuals_positive",
            "laboratories_reporting",
            "laboratories_registered",
        )
    )
    # A day on which more are positive than tested tells neither.
    impossible = positive > tested
    tested, positive = (np.where(impossible, np.nan, each) for each in (tested, positive))
    last = date.fromisoformat(pc.max(content["ref_date"]).as_py())
    found = positivity(tested, positive)
    drift = ascertainment_drift(tested, positive)
    share = np.divide(reporting, registered, out=np.full_like(tested, np.nan), where=registered > 0)
    entries = []
    for index, area in enumerate(frame.units):
        if not np.isfinite(found.value[:, index]).any():
            continue
        state, completeness = found.state[:, index].astype(float), share[:, index]
        columns = {"state": state, "completeness": completeness}
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
    return PositiveShares(tuple(entries), _warned(drift.warning, frame), last)


def _warned(
    warning: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], frame: Frame
) -> tuple[str, ...]:
    """Return the areas warned of on the last day."""
    return tuple(np.array(frame.units)[warning[-1]].tolist())
